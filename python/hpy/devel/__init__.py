"""What builds HPy extensions in C: where the headers and C helpers are, and support for setuptools.

A setup.py names its extensions with the keyword `hpy_ext_modules`::

    from setuptools import Extension, setup

    setup(
        name="example",
        hpy_ext_modules=[Extension("example", ["example.c"])],
        setup_requires=["hpy-rs"],
    )

The option `--hpy-abi=universal` (before the command: `setup.py --hpy-abi=universal build`), the environment
variable HPY_ABI or `hpy_abi = "universal"` under `[tool.hpy]` in pyproject.toml choose the ABI.
"""

from __future__ import annotations

import os
import sys
import sysconfig
from pathlib import Path
from typing import TYPE_CHECKING, Any

# setuptools replaces parts of distutils, so it comes before anyone who imports hpy.devel first and distutils next.
try:
    import setuptools as _setuptools_first  # noqa: F401
except ImportError:
    pass

if TYPE_CHECKING:
    from setuptools import Distribution

__all__ = ["ABIS", "DEFAULT_HPY_ABI", "HPyDevel", "get_include", "get_sources", "handle_hpy_ext_modules"]

#: The ABIs an extension can be built for.
ABIS = ("cpython", "universal", "hybrid")
#: The ABI where nothing else is said.
DEFAULT_HPY_ABI = "cpython" if sys.implementation.name == "cpython" else "universal"


class HPyDevel:
    """Where the parts of the dev kit are; `base_dir` is this package's folder or a copy of it."""

    def __init__(self, base_dir: str | os.PathLike[str] = Path(__file__).parent) -> None:
        self.base_dir = Path(base_dir)
        self.include_dir = self.base_dir / "include"
        self.src_dir = self.base_dir / "src"

    def get_extra_include_dirs(self) -> list[str]:
        """The folder of hpy.h."""
        return [str(self.include_dir)]

    def get_include_dir_forbid_python_h(self) -> Path:
        """The folder that comes first in universal builds: its Python.h is an error."""
        return self.include_dir / "hpy" / "forbid_python_h"

    def get_extra_sources(self) -> list[str]:
        """The C helpers, to be compiled with or linked to each extension."""
        return sorted(str(path) for path in self.src_dir.glob("*.c"))

    def get_ctx_sources(self) -> list[str]:
        """Nothing: what the cpython ABI needs beyond the helpers is in the library of `get_static_libs`."""
        return []

    def get_static_libs(self, hpy_abi: str) -> list[str] | None:
        """The static libraries this installation has for an ABI, or None.

        For `cpython` that is the implementation of HPy itself; extensions need it.
        """
        folder = self.base_dir / "lib" / hpy_abi
        if not folder.is_dir():
            return None
        tag = str(sysconfig.get_config_var("EXT_SUFFIX")).strip(".").rpartition(".")[0]
        files = [path for path in folder.iterdir() if path.suffix in (".a", ".lib") and f".{tag}." in path.name]
        return sorted(map(str, files)) or None

    def get_define_macros(self, hpy_abi: str) -> list[tuple[str, str | None]]:
        """The macros that tell hpy.h the ABI."""
        return [("HPY", None), (f"HPY_ABI_{hpy_abi.upper()}", None)]

    def fix_distribution(self, dist: Distribution) -> None:
        """Makes the commands of a setuptools Distribution build the extensions in its `hpy_ext_modules`.

        The Distribution's attributes `hpy_abi`, `hpy_use_static_libs` and `hpy_direct` are used if they are there.
        """
        from ._setuptools import extend_commands

        extend_commands(self, dist)


def get_include() -> str:
    """The folder of hpy.h."""
    return str(HPyDevel().include_dir)


def get_sources() -> list[str]:
    """The C helpers, to be compiled with or linked to each extension."""
    return HPyDevel().get_extra_sources()


def handle_hpy_ext_modules(dist: Distribution, attr: str, value: Any) -> None:
    """What setuptools calls for the keyword `hpy_ext_modules` of setup()."""
    from ._setuptools import add_options, check_extensions

    check_extensions(attr, value)
    if getattr(dist, "hpydevel", None) is None:
        add_options(dist)
        HPyDevel().fix_distribution(dist)
