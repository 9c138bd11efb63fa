"""HPy beside the C API in one extension: objects cross, legacy types and functions work."""

import sys

import pytest

EXT = "legacy"
pytestmark = pytest.mark.abis("hybrid", "cpython")


def test_objects_cross(mod):
    value = object()
    before = sys.getrefcount(value)
    assert mod.round_trip(value) is value
    assert mod.round_trip(None) is None
    assert mod.null_round_trip() is True
    assert sys.getrefcount(value) == before


def test_both_on_one_object(mod):
    items = []
    mod.mixed(items, "x")
    assert items == ["x"]
    with pytest.raises(SystemError):
        mod.mixed((), "x")
    with pytest.raises(KeyError, match="raised by the C API"):
        mod.raised_by_the_other()


def test_legacy_type(mod):
    made = mod.Legacy()
    assert made.new_method() == 5
    assert made.old_method("x") == (5, "x")
    assert made.old == 50
    value = object()
    before = sys.getrefcount(value)
    made.held = value
    assert made.held is value

    class Sub(mod.Legacy):
        pass

    sub = Sub()
    sub.held = value
    assert (sub.new_method(), sub.old) == (5, 50)
    del made, sub
    assert sys.getrefcount(value) == before


def test_legacy_function(mod):
    assert mod.old_function([1]) == "[1]"
    assert mod.old_function.__doc__ == "an old function"
    with pytest.raises(TypeError, match="takes exactly one argument"):
        mod.old_function()
