"""Builds hpy.universal and the library of the cpython ABI with cargo; everything else about the distribution is in pyproject.toml."""

import importlib.util
import os
import subprocess
import sys
import sysconfig
from pathlib import Path

from setuptools import setup
from setuptools.command.build_py import build_py
from setuptools_rust import Binding, RustExtension, Strip

# A Python extension module is not linked against libpython. Cargo reads the same from .cargo/config.toml when
# it runs in the repository; said here it also holds for a build from elsewhere.
os.environ.setdefault("PYO3_BUILD_EXTENSION_MODULE", "1")

# pyo3-ffi refuses the free-threaded build of CPython 3.13, in its build script alone: its structs still have that version's
# layout (the header of an object is the only one that 3.14 changed, where 3.13 has padding), and what else of CPython's
# structs the runtime looks into is its own, per version. The project's suite runs on that Python.
if sysconfig.get_config_var("Py_GIL_DISABLED") and sys.version_info < (3, 14):
    os.environ.setdefault("UNSAFE_PYO3_SKIP_VERSION_CHECK", "1")


def revision() -> str:
    """The git revision of the sources; empty for those of an sdist."""
    here = os.path.dirname(os.path.abspath(__file__))
    if not os.path.exists(os.path.join(here, ".git")):
        return ""
    try:
        return subprocess.check_output(
            ["git", "rev-parse", "--short", "HEAD"], cwd=here, text=True, stderr=subprocess.DEVNULL
        ).strip()
    except (OSError, subprocess.CalledProcessError):
        return ""


os.environ.setdefault("HPY_RS_REVISION", revision())


class BuildPy(build_py):
    """Also builds hpy-static, which C extensions of the cpython ABI link in, into the package hpy.devel."""

    def run(self) -> None:
        super().run()
        spec = importlib.util.spec_from_file_location("build_library", "crates/hpy-static/build_library.py")
        builder = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(builder)
        package = "python" if getattr(self, "editable_mode", False) else self.build_lib
        target = os.environ.get("CARGO_TARGET_DIR")
        output = Path(package, "hpy", "devel", "lib", "cpython")
        builder.build(sys.executable, output, Path(target) if target else None)


setup(
    cmdclass={"build_py": BuildPy},
    rust_extensions=[
        RustExtension(
            "hpy.universal",
            path="crates/hpy-universal/Cargo.toml",
            binding=Binding.NoBinding,
            debug=False,
            strip=Strip.Debug,
        )
    ],
)
