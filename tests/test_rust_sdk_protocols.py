"""Special methods of Rust classes, each of them: see rust_ext/src/protocols.rs."""

from __future__ import annotations

import asyncio
import copy
import gc
import inspect
import math
import operator
import os
import weakref

import pytest
import rust_extension
from test_rust_sdk import message, mod  # noqa: F401

pytestmark = [
    pytest.mark.abis("universal", "cpython"),
    pytest.mark.filterwarnings("error::pytest.PytestUnraisableExceptionWarning"),
]

BINARY = {
    "add": operator.add, "sub": operator.sub, "mul": operator.mul, "matmul": operator.matmul, "truediv": operator.truediv,
    "floordiv": operator.floordiv, "mod": operator.mod, "divmod": divmod, "lshift": operator.lshift,
    "rshift": operator.rshift, "and": operator.and_, "or": operator.or_, "xor": operator.xor,
}  # fmt: skip


@pytest.mark.parametrize("name", BINARY)
def test_binary_operators(mod, name):
    call = BINARY[name]
    assert call(mod.Every(5), 3) == (f"__{name}__", 5, 3)
    assert call(3, mod.Every(5)) == (f"__r{name}__", 5, 3)
    # What does not convert is for the other operand to know.
    for wrong in (lambda: call(mod.Every(5), object()), lambda: call(object(), mod.Every(5))):
        with pytest.raises(TypeError, match="unsupported operand"):
            wrong()


def test_power(mod):
    assert mod.Every(5) ** 3 == ("__pow__", 5, 3, None)
    assert pow(mod.Every(5), 3, 7) == ("__pow__", 5, 3, 7)
    assert 3 ** mod.Every(5) == ("__rpow__", 5, 3)
    with pytest.raises(TypeError, match="unsupported operand"):
        mod.Every(5) ** "x"


@pytest.mark.parametrize("name", [name for name in BINARY if name != "divmod"] + ["pow"])
def test_operators_in_place(mod, name):
    every = mod.Every(5)
    assert getattr(operator, f"i{name}")(every, 3) is every and every.last == f"__i{name}__ 3"


@pytest.mark.parametrize("name", ["neg", "pos", "abs", "invert"])
def test_unary_operators(mod, name):
    assert getattr(operator, name)(mod.Every(5)) == (f"__{name}__", 5)


def test_numbers(mod):
    every = mod.Every(5)
    assert [f(every) for f in (math.trunc, math.floor, math.ceil)] == [("__trunc__", 5), ("__floor__", 5), ("__ceil__", 5)]
    assert (int(every), float(every), operator.index(every), hash(every)) == (5, 2.5, 6, 5)
    assert every and not mod.Every(0)
    assert message(OverflowError, bool, mod.Every(-1)) == "out of range integral type conversion attempted"


@pytest.mark.parametrize("name, mirrored", [("eq", "eq"), ("ne", "ne"), ("lt", "gt"), ("le", "ge"), ("gt", "lt"), ("ge", "le")])
def test_comparisons(mod, name, mirrored):
    compare = getattr(operator, name)
    assert compare(mod.Every(5), 3) == (f"__{name}__", 5, 3)
    assert compare(3, mod.Every(5)) == (f"__{mirrored}__", 5, 3)
    if name in ("eq", "ne"):
        assert compare(mod.Every(5), "x") is (name == "ne")
    else:
        assert "not supported between instances" in message(TypeError, compare, mod.Every(5), "x")


@rust_extension.needs_hpy_rs
def test_descriptors(mod):
    descriptor = mod.Descriptor()
    Owner = type("Owner", (), {"x": descriptor})
    owner = Owner()
    assert descriptor.name == "x"
    assert Owner.x is descriptor and owner.x == (None, True)
    owner.x = 3
    assert owner.x == (3, True) and "x" not in vars(owner)
    assert message(TypeError, setattr, owner, "x", "y") == "Descriptor.__set__() argument 'value' must be int, not str"
    del owner.x
    assert owner.x == (None, True)
    assert message(AttributeError, delattr, owner, "x") == "there is no value"


@rust_extension.needs_hpy_rs
def test_init_and_subclasses(mod):
    late = mod.Late(1, second=2)
    assert (late.first, late.second) == (1, 2)
    late.__init__(5, 6)
    assert (late.first, late.second) == (1, 6)
    assert message(ValueError, mod.Late, 3, 3) == "the two are the same"
    assert message(TypeError, mod.Late) == "Late() missing 1 required positional argument: 'first'"
    assert message(TypeError, late.__init__, "x") == "Late.__init__() argument 'first' must be int, not str"

    class Numbered(mod.Late, number=7):
        def __init__(self, first):
            super().__init__(first, 20)

    assert Numbered.number == 7 and Numbered(1).second == 20
    assert type("Plain", (mod.Late,), {}).number == 0
    assert mod.Late[int] == (mod.Late, int) and Numbered["x"] == (Numbered, "x")


def test_del(mod):
    said = []
    dying = mod.Dying(lambda: said.append("gone"))
    assert said == []
    del dying
    gc.collect()
    assert said == ["gone"]
    # Part of a cycle: the collector ends it once.
    cycle = []
    cycle.append(mod.Dying(lambda cycle=cycle: said.append(len(cycle))))
    del cycle
    gc.collect()
    assert said == ["gone", 1]


def test_methods_by_name(mod):
    echo = mod.Echo()
    assert echo.anything == "anything" and getattr(echo, "no name") == "no name"
    assert dir(echo) == ["one", "two"] and os.fspath(echo) == "a/path" and bytes(echo) == b"bytes"
    assert complex(echo) == 1 + 2j
    assert type(echo).__sizeof__(echo) == 1000 and type(echo).__reduce__(echo) == (abs, (-3,))
    assert copy.copy(echo) == "a copy" and type(echo).__deepcopy__(echo, {}) == ("a deep copy", 0)


def test_async_protocols(mod):
    async def main():
        seen = []
        stream = mod.Stream(3)
        async with stream as count:
            assert (count, stream.open) == (3, True)
            async for item in stream:
                seen.append(item)
        assert not stream.open
        return seen

    assert asyncio.run(main()) == [2, 1, 0]


def test_results_with_errors_of_their_own(mod):
    assert mod.half(6) == 3 and mod.quarter(8) == 2 and mod.check(4) is None
    assert message(ValueError, mod.half, -1) == "-1 is too small"
    assert message(TypeError, mod.quarter, 6) == "it is odd"
    assert message(TypeError, mod.check, 1) == "it is odd"


@rust_extension.needs_hpy_rs
def test_what_a_macro_has_written(mod):
    """The attributes on the tokens of a `macro_rules!`."""
    member = mod.Member(5)
    assert (member.number, member.twice, mod.Member.of()) == (5, 10, 1)
    assert repr(member) == "Member(number=5)" and member == mod.Member(5) and hash(member) == hash(mod.Member(5))
    assert mod.Member.__match_args__ == ("number",) and str(inspect.signature(mod.Member)) == "(number)"
    assert mod.limited(3) == 3 and str(inspect.signature(mod.limited)) == "(number, *, limit=10)"
    with pytest.raises(mod.MemberError) as caught:
        mod.limited(11)
    assert caught.value.number == 11 and str(caught.value) == "bad"

    class Tracked:
        pass

    holder, tracked = mod.Holder(), Tracked()
    alive = weakref.ref(tracked)
    holder.held = [holder, tracked]
    del holder, tracked
    gc.collect()
    assert alive() is None, "the collector sees the field"
