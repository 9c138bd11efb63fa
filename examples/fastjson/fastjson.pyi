"""JSON as the standard library's json has it, faster."""

from collections.abc import Callable
from json import JSONDecodeError as JSONDecodeError
from json import JSONDecoder as JSONDecoder
from json import JSONEncoder as JSONEncoder
from typing import Any, Optional, Protocol, Union

class _Reader(Protocol):
    def read(self) -> Union[str, bytes]: ...

class _Writer(Protocol):
    def write(self, text: str, /) -> object: ...

def loads(
    s: Union[str, bytes, bytearray],
    *,
    cls: Optional[type[JSONDecoder]] = None,
    object_hook: Optional[Callable[[dict[str, Any]], Any]] = None,
    parse_float: Optional[Callable[[str], Any]] = None,
    parse_int: Optional[Callable[[str], Any]] = None,
    parse_constant: Optional[Callable[[str], Any]] = None,
    object_pairs_hook: Optional[Callable[[list[tuple[str, Any]]], Any]] = None,
    strict: Optional[bool] = None,
    **kw: Any,
) -> Any: ...
def load(
    fp: _Reader,
    *,
    cls: Optional[type[JSONDecoder]] = None,
    object_hook: Optional[Callable[[dict[str, Any]], Any]] = None,
    parse_float: Optional[Callable[[str], Any]] = None,
    parse_int: Optional[Callable[[str], Any]] = None,
    parse_constant: Optional[Callable[[str], Any]] = None,
    object_pairs_hook: Optional[Callable[[list[tuple[str, Any]]], Any]] = None,
    strict: Optional[bool] = None,
    **kw: Any,
) -> Any: ...
def dumps(
    obj: Any,
    *,
    skipkeys: bool = False,
    ensure_ascii: bool = True,
    check_circular: bool = True,
    allow_nan: bool = True,
    cls: Optional[type[JSONEncoder]] = None,
    indent: Union[None, int, str] = None,
    separators: Optional[tuple[str, str]] = None,
    default: Optional[Callable[[Any], Any]] = None,
    sort_keys: bool = False,
    **kw: Any,
) -> str: ...
def dumpb(
    obj: Any,
    *,
    skipkeys: bool = False,
    check_circular: bool = True,
    allow_nan: bool = True,
    indent: Union[None, int, str] = None,
    default: Optional[Callable[[Any], Any]] = None,
    sort_keys: bool = False,
) -> bytes: ...
def dump(
    obj: Any,
    fp: _Writer,
    *,
    skipkeys: bool = False,
    ensure_ascii: bool = True,
    check_circular: bool = True,
    allow_nan: bool = True,
    cls: Optional[type[JSONEncoder]] = None,
    indent: Union[None, int, str] = None,
    separators: Optional[tuple[str, str]] = None,
    default: Optional[Callable[[Any], Any]] = None,
    sort_keys: bool = False,
    **kw: Any,
) -> None: ...
