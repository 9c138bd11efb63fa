from importlib.machinery import ModuleSpec
from os import PathLike
from types import ModuleType
from typing import Any, Final, Mapping, Union

MODE_UNIVERSAL: Final[int]
MODE_DEBUG: Final[int]
MODE_TRACE: Final[int]
MODE_DEBUG_ON_TRACE: Final[int]
MODE_TRACE_ON_DEBUG: Final[int]

def load(
    name: str,
    path: Union[str, "PathLike[str]"],
    spec: ModuleSpec,
    debug: bool = ...,
    mode: int = ...,
) -> Any:
    """Loads the module `name` from the universal binary at `path`."""

def get_version() -> tuple[str, str]:
    """The version of hpy-rs and its git revision ('' if it is not known)."""

def _load_bootstrap(
    name: str,
    ext_name: str,
    package: str,
    file: str,
    loader: Any,
    spec: ModuleSpec,
    env: Mapping[str, str],
) -> Any: ...

_debug: ModuleType
_trace: ModuleType
_direct: Any
