"""The build backend for HPy extensions in Rust (PEP 517, PEP 660)::

    [build-system]
    requires = ["hpy-rs"]
    build-backend = "hpy.build"

`pip install .`, `pip install -e .` and `uv build` then work where cargo is. The wheel holds one binary for every Python:
`NAME.so`, which CPython imports by itself, a stub `NAME.py` for others and the `.pyi` files that the binary describes.
`cargo hpy` runs the same code. Settings are in `[tool.hpy]` of pyproject.toml, see docs/packaging.md; `-C name=value`
(pip, uv) overrides them for one build.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any, Dict, List, Mapping, Optional, Union

from ._errors import BuildError

__all__ = [
    "BuildError",
    "build_editable",
    "build_sdist",
    "build_wheel",
    "get_requires_for_build_editable",
    "get_requires_for_build_sdist",
    "get_requires_for_build_wheel",
    "prepare_metadata_for_build_editable",
    "prepare_metadata_for_build_wheel",
]

ConfigSettings = Optional[Mapping[str, Union[str, List[str]]]]


def build_wheel(
    wheel_directory: str, config_settings: ConfigSettings = None, metadata_directory: Optional[str] = None
) -> str:
    """Builds the wheel of the project in the current folder; returns its file name."""
    from ._build import make_wheel

    return make_wheel(Path.cwd(), Path(wheel_directory), _options(config_settings)).name


def build_editable(
    wheel_directory: str, config_settings: ConfigSettings = None, metadata_directory: Optional[str] = None
) -> str:
    """Builds the binary in place and a wheel that points to it; returns the wheel's file name."""
    from ._build import make_editable

    return make_editable(Path.cwd(), Path(wheel_directory), _options(config_settings)).name


def build_sdist(sdist_directory: str, config_settings: ConfigSettings = None) -> str:
    """Writes the sources of the project in the current folder; returns the archive's file name."""
    from ._sdist import make_sdist

    return make_sdist(Path.cwd(), Path(sdist_directory)).name


def get_requires_for_build_wheel(config_settings: ConfigSettings = None) -> List[str]:
    """What a build needs beyond this package: a reader of TOML before Python 3.11."""
    from ._project import toml_requirements

    return toml_requirements()


get_requires_for_build_editable = get_requires_for_build_wheel
get_requires_for_build_sdist = get_requires_for_build_wheel


def prepare_metadata_for_build_wheel(metadata_directory: str, config_settings: ConfigSettings = None) -> str:
    """Writes the metadata alone, without compiling anything; returns the folder's name."""
    from ._metadata import write_dist_info
    from ._project import read_project

    options = _options(config_settings)
    return write_dist_info(read_project(Path.cwd()), Path(metadata_directory), options.get("abi", "universal")).name


prepare_metadata_for_build_editable = prepare_metadata_for_build_wheel


def _options(settings: ConfigSettings) -> Dict[str, Any]:
    from ._build import OPTIONS

    options: Dict[str, Any] = {}
    for key, value in (settings or {}).items():
        if key not in OPTIONS:
            raise BuildError(f"the build setting {key!r} is not known; there is {', '.join(sorted(OPTIONS))}")
        options[key] = value if isinstance(value, str) else ",".join(value)
    return options
