"""The protocol every object has: attributes, items, comparison, text."""

import re
import sys

import pytest

EXT = "object"


class Thing:
    def __init__(self, **attributes):
        self.__dict__.update(attributes)


class Angry:
    """Fails in every protocol."""

    def fail(self, *args):
        raise ArithmeticError("angry")

    __len__ = __getitem__ = __setitem__ = __delitem__ = __contains__ = __hash__ = __repr__ = __str__ = fail
    __eq__ = __lt__ = __bytes__ = fail

    def __getattr__(self, name):
        raise ArithmeticError("angry")


def test_length(mod):
    for value in ("", "é€", [1, 2], (), {1: 2}, range(10**6)):
        assert mod.HPy_Length(value) == len(value)
    with pytest.raises(TypeError, match="has no len"):
        mod.HPy_Length(5)
    with pytest.raises(ArithmeticError):
        mod.HPy_Length(Angry())
    with pytest.raises(OverflowError):
        mod.HPy_Length(range(2**70))


def test_hash(mod):
    for value in (0, -1, "abc", (1, 2), None, 1.5, Thing):
        assert mod.HPy_Hash(value) == hash(value)
    with pytest.raises(TypeError, match="unhashable type: 'list'"):
        mod.HPy_Hash([])
    with pytest.raises(ArithmeticError):
        mod.HPy_Hash(Angry())


def test_get_attribute(mod):
    thing = Thing(size=3, größe=4)
    assert mod.HPy_GetAttr(thing, "size") == 3
    assert mod.HPy_GetAttr_s(thing, "größe") == 4
    assert mod.HPy_GetAttr_s(sys, "version") is sys.version
    for get in (mod.HPy_GetAttr, mod.HPy_GetAttr_s):
        with pytest.raises(AttributeError, match="'Thing' object has no attribute 'colour'"):
            get(thing, "colour")
        with pytest.raises(ArithmeticError):
            get(Angry(), "x")
    with pytest.raises(TypeError, match="attribute name must be string"):
        mod.HPy_GetAttr(thing, 5)


def test_has_attribute(mod):
    thing = Thing(size=3)
    for has in (mod.HPy_HasAttr, mod.HPy_HasAttr_s):
        assert has(thing, "size") == 1
        assert has(thing, "colour") == 0
    # Errors count as "no" and leave no exception behind.
    assert mod.HPy_HasAttr_s(Angry(), "x") == 0
    assert mod.HPy_HasAttr(thing, 5) == 0


def test_set_attribute(mod):
    thing = Thing()
    assert mod.HPy_SetAttr(thing, "a", 1) == 0
    assert mod.HPy_SetAttr_s(thing, "b", 2) == 0
    assert vars(thing) == {"a": 1, "b": 2}
    for put in (mod.HPy_SetAttr, mod.HPy_SetAttr_s):
        with pytest.raises(AttributeError):
            put(5, "x", 1)
    with pytest.raises(TypeError, match="attribute name must be string"):
        mod.HPy_SetAttr(thing, 5, 1)


def test_delete_attribute(mod):
    thing = Thing(a=1, b=2)
    # A null value deletes.
    assert mod.HPy_SetAttr(thing, "a", NotImplemented) == 0
    assert mod.HPy_SetAttr_s(thing, "b", NotImplemented) == 0
    assert vars(thing) == {}
    with pytest.raises(AttributeError):
        mod.HPy_SetAttr(thing, "a", NotImplemented)
    thing.c = 3
    assert mod.HPy_DelAttr(thing, "c") == 0
    with pytest.raises(AttributeError):
        mod.HPy_DelAttr(thing, "c")


def test_get_item(mod):
    assert mod.HPy_GetItem({"k": 5}, "k") == 5
    assert mod.HPy_GetItem([1, 2, 3], -1) == 3
    assert mod.HPy_GetItem([1, 2, 3], slice(1, None)) == [2, 3]
    assert mod.HPy_GetItem(list, int) == list[int]
    with pytest.raises(KeyError, match="'missing'"):
        mod.HPy_GetItem({}, "missing")
    with pytest.raises(IndexError, match="list index out of range"):
        mod.HPy_GetItem([], 0)
    with pytest.raises(TypeError, match="not subscriptable"):
        mod.HPy_GetItem(5, 0)
    with pytest.raises(TypeError, match="list indices must be integers"):
        mod.HPy_GetItem([], "x")
    with pytest.raises(TypeError, match="unhashable"):
        mod.HPy_GetItem({}, [])


@pytest.mark.parametrize("sequence", [[10, 20, 30], (10, 20, 30), "abc", b"abc", range(3), bytearray(b"xyz")])
def test_get_item_by_index(mod, sequence):
    for index in range(-3, 3):
        assert mod.HPy_GetItem_i(sequence, index) == sequence[index]
    for index in (3, -4, sys.maxsize, -sys.maxsize - 1):
        with pytest.raises(IndexError) as ours:
            mod.HPy_GetItem_i(sequence, index)
        with pytest.raises(IndexError) as python:
            sequence[index]
        assert str(ours.value) == str(python.value)


def test_get_item_by_index_elsewhere(mod):
    assert mod.HPy_GetItem_i({7: "seven", -1: "minus one"}, 7) == "seven"
    assert mod.HPy_GetItem_i({7: "seven", -1: "minus one"}, -1) == "minus one"
    with pytest.raises(KeyError, match="8"):
        mod.HPy_GetItem_i({7: "seven"}, 8)
    with pytest.raises(TypeError, match="not subscriptable"):
        mod.HPy_GetItem_i(5, 0)
    with pytest.raises(ArithmeticError):
        mod.HPy_GetItem_i(Angry(), 0)

    class Subclass(list):
        def __getitem__(self, index):
            return ("overridden", index)

    assert mod.HPy_GetItem_i(Subclass([1, 2]), 1) == ("overridden", 1)

    class TupleSubclass(tuple):
        def __getitem__(self, index):
            return ("overridden", index)

    assert mod.HPy_GetItem_i(TupleSubclass([1, 2]), -1) == ("overridden", -1)


def test_get_item_by_text(mod):
    assert mod.HPy_GetItem_s({"ключ": 1}, "ключ") == 1
    with pytest.raises(KeyError, match="'k'"):
        mod.HPy_GetItem_s({}, "k")
    with pytest.raises(TypeError):
        mod.HPy_GetItem_s([1], "k")


def test_contains(mod):
    assert mod.HPy_Contains([1, 2], 2) == 1
    assert mod.HPy_Contains("abc", "d") == 0
    assert mod.HPy_Contains(iter([1, 2]), 2) == 1
    with pytest.raises(TypeError, match="not iterable|is not a container"):
        mod.HPy_Contains(5, 1)
    with pytest.raises(TypeError):
        mod.HPy_Contains("abc", 5)
    with pytest.raises(ArithmeticError):
        mod.HPy_Contains(Angry(), 5)


def test_set_item(mod):
    box = {}
    assert mod.HPy_SetItem(box, "a", 1) == 0
    assert mod.HPy_SetItem_i(box, -5, 2) == 0
    assert mod.HPy_SetItem_s(box, "ß", 3) == 0
    assert box == {"a": 1, -5: 2, "ß": 3}
    items = [0, 0, 0]
    mod.HPy_SetItem(items, 0, "a")
    mod.HPy_SetItem_i(items, 1, "b")
    mod.HPy_SetItem_i(items, -1, "c")
    assert items == ["a", "b", "c"]
    for index in (3, -4):
        with pytest.raises(IndexError, match="list assignment index out of range"):
            mod.HPy_SetItem_i(items, index, 1)
    for wrong in ((1, 2), "ab", 5):
        with pytest.raises(TypeError, match="does not support item assignment"):
            mod.HPy_SetItem_i(wrong, 0, 1)
        with pytest.raises(TypeError):
            mod.HPy_SetItem(wrong, 0, 1)
        with pytest.raises(TypeError):
            mod.HPy_SetItem_s(wrong, "x", 1)
    with pytest.raises(ArithmeticError):
        mod.HPy_SetItem_i(Angry(), 0, 0)


def test_set_item_of_subclass(mod):
    class Subclass(list):
        def __setitem__(self, index, value):
            self.seen = (index, value)

    items = Subclass([1, 2])
    assert mod.HPy_SetItem_i(items, -1, "new") == 0
    assert items.seen == (-1, "new")
    assert list(items) == [1, 2]


def test_delete_item(mod):
    box = {"a": 1, 2: 2, "c": 3}
    assert mod.HPy_DelItem(box, "a") == 0
    assert mod.HPy_DelItem_i(box, 2) == 0
    assert mod.HPy_DelItem_s(box, "c") == 0
    assert box == {}
    with pytest.raises(KeyError):
        mod.HPy_DelItem(box, "a")
    with pytest.raises(KeyError):
        mod.HPy_DelItem_i(box, 2)
    with pytest.raises(KeyError):
        mod.HPy_DelItem_s(box, "c")
    items = [1, 2, 3]
    mod.HPy_DelItem_i(items, -1)
    mod.HPy_DelItem_i(items, 0)
    assert items == [2]
    for index in (1, -2):
        with pytest.raises(IndexError):
            mod.HPy_DelItem_i(items, index)
    with pytest.raises(TypeError, match="doesn't support item deletion|does not support item deletion"):
        mod.HPy_DelItem_i((1,), 0)


def test_type_and_identity(mod):
    for value in (1, "a", None, int, Thing()):
        assert mod.HPy_Type(value) is type(value)
    assert mod.HPy_TypeCheck(True, int) == 1
    assert mod.HPy_TypeCheck(1, bool) == 0
    assert mod.HPy_TypeCheck(Thing(), object) == 1
    value = object()
    assert mod.HPy_Is(value, value) == 1
    assert mod.HPy_Is(value, object()) == 0
    assert mod.HPy_Dup(value) is value


def test_text_of_objects(mod):
    for value in (1, "é'", b"\xff", None, [1, "ü"]):
        assert mod.HPy_Repr(value) == repr(value)
        assert mod.HPy_Str(value) == str(value)
        assert mod.HPy_ASCII(value) == ascii(value)
    text = "shared"
    assert mod.HPy_Str(text) is text

    class NoText:
        def __repr__(self):
            return 5

        __str__ = __repr__

    for name, builtin in (("HPy_Repr", repr), ("HPy_Str", str), ("HPy_ASCII", ascii)):
        # CPython 3.15 says it in other words than its predecessors.
        with pytest.raises(TypeError) as own:
            builtin(NoText())
        with pytest.raises(TypeError, match=re.escape(str(own.value))):
            getattr(mod, name)(NoText())
        with pytest.raises(ArithmeticError):
            getattr(mod, name)(Angry())


def test_bytes_of_objects(mod):
    class Packed:
        def __bytes__(self):
            return b"packed"

    class Wrong:
        def __bytes__(self):
            return "text"

    assert mod.HPy_Bytes(b"x") == b"x"
    assert mod.HPy_Bytes([65, 66]) == b"AB"
    assert mod.HPy_Bytes(bytearray(b"y")) == b"y"
    assert mod.HPy_Bytes(Packed()) == b"packed"
    for wrong in (5, "text", None, Wrong()):
        with pytest.raises(TypeError):
            mod.HPy_Bytes(wrong)
    with pytest.raises(ValueError, match="range"):
        mod.HPy_Bytes([300])


COMPARISONS = ["__lt__", "__le__", "__eq__", "__ne__", "__gt__", "__ge__"]


@pytest.mark.parametrize("op", range(6))
def test_compare(mod, op):
    import operator

    python = getattr(operator, COMPARISONS[op])
    for left, right in [(1, 2), (2, 2), (3, 2.5), ("a", "b"), ([1], [1, 2]), ({1}, {1, 2}), (None, None), (1, "a")]:
        try:
            expected = python(left, right)
        except TypeError as error:
            with pytest.raises(TypeError) as ours:
                mod.HPy_RichCompare(left, right, op)
            assert str(ours.value) == str(error)
            with pytest.raises(TypeError):
                mod.HPy_RichCompareBool(left, right, op)
        else:
            assert mod.HPy_RichCompare(left, right, op) is expected
            assert mod.HPy_RichCompareBool(left, right, op) == expected


def test_compare_special(mod):
    nan = float("nan")
    # The bool form takes identity for equality, as containers do.
    assert mod.HPy_RichCompare(nan, nan, 2) is False
    assert mod.HPy_RichCompareBool(nan, nan, 2) == 1
    assert mod.HPy_RichCompareBool(nan, nan, 3) == 0

    class Vector:
        def __eq__(self, other):
            return [True, False]

    assert mod.HPy_RichCompare(Vector(), 1, 2) == [True, False]
    assert mod.HPy_RichCompareBool(Vector(), 1, 2) == 1
    with pytest.raises(ArithmeticError):
        mod.HPy_RichCompare(Angry(), 1, 2)
    with pytest.raises(ArithmeticError):
        mod.HPy_RichCompareBool(Angry(), 1, 0)


def test_dup_and_close(mod):
    assert mod.dup_and_close(object()) is True
    assert mod.dup_and_close(None) is True


def test_dump(mod, capfd):
    mod._HPy_Dump("something to see")
    assert "something to see" in capfd.readouterr().err
