"""Specs that break a rule: each is told by an exception that names the type and what is wrong."""

from __future__ import annotations

import pytest
from typemaker import BASE, BASES_TUPLE, BASETYPE, DEFAULT, DICT, FLOAT, HAVE_GC, HAVE_VECTORCALL, LIST, LONG
from typemaker import OBJECT, TUPLE, TYPE, UNICODE, make, node

EXT = "specs"


class Slotted:
    __slots__ = ("a",)


RULES = {
    "unknown shape": (ValueError, "invalid shape: 123.*Wrong", {"shape": 123}),
    "negative basicsize": (ValueError, "Wrong.*basicsize -1", {"size": -1}),
    "negative itemsize": (ValueError, "Wrong.*itemsize -2", {"itemsize": -2}),
    "flags of the interpreter": (ValueError, "Wrong.*flags.*0x1001000", {"flags": DEFAULT | 1 << 24 | 1 << 12}),
    "gc without traverse": (ValueError, "Wrong.*HPy_tp_traverse.*HAVE_GC", {"flags": DEFAULT | HAVE_GC}),
    "unknown kind": (ValueError, "Wrong.*unknown kind 9", {"definitions": ("unknown_kind",)}),
    "unknown slot": (ValueError, "Wrong.*unknown slot number 999", {"definitions": ("unknown_slot",)}),
    "empty slot": (ValueError, "Wrong.*HPy_tp_repr has no implementation", {"definitions": ("empty_slot",)}),
    "slot of modules": (TypeError, "Wrong.*HPy_mod_exec", {"definitions": ("wrong_module_slot",)}),
    "slot twice": (TypeError, "Wrong.*HPy_tp_repr twice", {"definitions": ("node_repr", "node_repr")}),
    "two traverse functions": (
        TypeError,
        "Wrong.*HPy_tp_traverse twice",
        {"definitions": ("node_traverse", "plain_traverse"), "size": "Node"},
    ),
    "empty method": (ValueError, "Wrong.*'empty' has no implementation", {"definitions": ("empty_meth",)}),
    "odd method": (ValueError, "signature 12.*odd.*Wrong", {"definitions": ("odd_meth",)}),
    "empty property": (ValueError, "Wrong.*'empty' has no implementation", {"definitions": ("empty_getset",)}),
    "members without a struct": (TypeError, "basicsize==0.*'x'.*Wrong", {"definitions": ("member_x",)}),
    "member outside": (
        ValueError,
        "Wrong.*'outside'.*offset 100000",
        {"definitions": ("member_outside",), "size": "Node"},
    ),
    "member before": (ValueError, "Wrong.*'negative'.*offset -8", {"definitions": ("member_negative",), "size": "Node"}),
    "unknown member": (ValueError, "Wrong.*'unknown'.*type 99", {"definitions": ("member_unknown",), "size": "Node"}),
    "nameless member": (ValueError, "Wrong.*HPyMember.name", {"definitions": ("member_nameless",), "size": "Node"}),
    "call with items": (TypeError, "Wrong.*HPy_tp_call.*itemsize", {"definitions": ("node_call",), "itemsize": 8}),
    "call and offset": (
        TypeError,
        "Wrong.*both.*HPy_tp_call.*__vectorcalloffset__",
        {"definitions": ("node_call", "member_offset"), "size": "Callable"},
    ),
    "writable offset": (
        ValueError,
        "Wrong.*__vectorcalloffset__.*readonly",
        {"definitions": ("member_offset_rw",), "size": "Callable"},
    ),
    "vectorcall flag alone": (ValueError, "Wrong.*HAVE_VECTORCALL", {"flags": DEFAULT | HAVE_VECTORCALL}),
    "offset in a type of variable size": (
        TypeError,
        "Wrong.*__vectorcalloffset__.*Long",
        {"definitions": ("member_offset",), "size": "Callable", "shape": LONG},
    ),
    "items of another size": (ValueError, "Wrong.*itemsize is 3", {"itemsize": 3, "shape": TUPLE}),
    "unknown param": (TypeError, "Wrong.*kind 9", {"params": ((9, int),)}),
    "null param": (TypeError, "Wrong.*HPy_NULL", {"params": ((BASE, NotImplemented),)}),
    "two tuples": (TypeError, "multiple.*BasesTuple.*Wrong", {"params": ((BASES_TUPLE, ()), (BASES_TUPLE, ()))}),
    "tuple and base": (TypeError, "both.*BasesTuple.*Wrong", {"params": ((BASES_TUPLE, ()), (BASE, int))}),
    "tuple that is none": (TypeError, "Wrong.*must be a tuple.*'list'", {"params": ((BASES_TUPLE, [int]),)}),
    "base that is no type": (TypeError, "Wrong.*base 1.*'str'", {"params": ((BASE, int), (BASE, "x"))}),
    "final base": (TypeError, "Wrong.*'bool'.*acceptable", {"params": ((BASE, bool),)}),
    "shape of no base": (TypeError, "Wrong.*Long.*'int'.*'object'", {"shape": LONG, "params": ((BASE, object),)}),
    "shape of another base": (TypeError, "Wrong.*List.*'list'.*'dict'", {"shape": LIST, "params": ((BASE, dict),)}),
    "struct over a builtin": (TypeError, "Wrong.*'list'.*data of its own", {"size": "Node", "params": ((BASE, list),)}),
    "struct over slots": (TypeError, "Wrong.*'Slotted'", {"size": "Node", "params": ((BASE, Slotted),)}),
}


@pytest.mark.parametrize(
    "rule", [pytest.param(rule, marks=pytest.mark.mistakes) if rule == "null param" else rule for rule in RULES]
)
def test_rule(mod, rule, variant):
    kind, message, options = RULES[rule]
    if rule == "null param" and variant.mode == "debug":
        kind, message = SystemError, ""  # debug mode has seen the null handle first
    options = dict(options)
    definitions = options.pop("definitions", ())
    with pytest.raises(kind, match=message):
        make(mod, *definitions, name="rules.Wrong", **options)


@pytest.mark.parametrize("shape", [LONG, FLOAT, UNICODE, TUPLE, LIST, DICT, TYPE])
def test_structs_of_two_shapes(mod, shape):
    base = node(mod, shape=shape, name="rules.Base")
    with pytest.raises(TypeError, match="Wrong.*Base"):
        make(mod, size="Derived", shape=OBJECT, bases=(base,), name="rules.Wrong")


def test_a_struct_smaller_than_that_of_the_base(mod):
    base = make(mod, size="Derived", name="rules.Base")
    with pytest.raises(TypeError, match="Wrong.*basicsize.*'rules.Base'"):
        make(mod, size="Node", bases=(base,), name="rules.Wrong")


def test_nothing_is_left_of_a_wrong_spec(mod):
    for _ in range(100):
        with pytest.raises(TypeError):
            make(mod, "node_repr", "meth_o", "node_call", "member_offset", size="Callable")
    assert make(mod, "node_repr")() is not None


def test_empty_tuple_of_bases(mod):
    made = make(mod, params=((BASES_TUPLE, ()),), flags=DEFAULT | BASETYPE)
    assert made.__bases__ == (object,)
