"""Makes types with the extension `specs`, whose specs the tests write in Python."""

from __future__ import annotations

from types import ModuleType
from typing import Any

LEGACY, OBJECT, TYPE, LONG, FLOAT, UNICODE, TUPLE, LIST, DICT = range(-1, 8)
BUILTINS = {TYPE: type, LONG: int, FLOAT: float, UNICODE: str, TUPLE: tuple, LIST: list, DICT: dict}
BASE, BASES_TUPLE, METACLASS = 1, 2, 3

DEFAULT = 1 << 9 | 1 << 18
BASETYPE = 1 << 10
HAVE_VECTORCALL = 1 << 11
HAVE_GC = 1 << 14


def make(
    mod: ModuleType,
    *definitions: str,
    name: str | bytes | None = "maker.Made",
    size: int | str = 0,
    itemsize: int = 0,
    flags: int = DEFAULT | BASETYPE,
    shape: int = OBJECT,
    bases: tuple[Any, ...] = (),
    params: tuple[tuple[int, Any], ...] = (),
    doc: bytes | None = None,
) -> Any:
    """A type; `size` is a number or the name of a struct of the extension."""
    if isinstance(size, str):
        size = dict(zip(("Node", "Derived", "Callable"), mod.sizes()))[size]
    if isinstance(name, str):
        name = name.encode()
    if not bases and not params and shape in BUILTINS:
        bases = (BUILTINS[shape],)
    params = tuple((BASE, base) for base in bases) + params
    return mod.make(name, size, itemsize, flags, shape, definitions, params, doc)


def node(mod: ModuleType, *definitions: str, **options: Any) -> Any:
    """A garbage-collected type with a Node that has the fields as members."""
    options.setdefault("size", "Node")
    options.setdefault("flags", DEFAULT | BASETYPE | HAVE_GC)
    return make(mod, "node_traverse", "member_field", "member_field_ex", "member_x", *definitions, **options)
