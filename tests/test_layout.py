"""What the runtime knows of CPython's structs: each shortcut gives what the interpreter itself gives.

A version of CPython that lays an object out in another way fails here.
"""

import sys

import pytest

EXT = "layout"


class Unlike:
    """Mixed into a built-in type: an instance is of that type, and must be asked all the same."""

    def __len__(self):
        return 12345

    def __getitem__(self, index):
        return ("asked for", index)

    def __setitem__(self, index, value):
        raise KeyError(index)

    def __float__(self):
        return 0.25


def subclass(base):
    return type("My" + base.__name__, (Unlike, base), {})


WITH_LENGTH = [
    "",
    "ascii",
    "latin-1 \xe9",
    "two bytes \u20ac",
    "four bytes \U0001f600",
    "x" * 100_000,
    [],
    [None],
    list(range(1000)),
    (),
    (1,),
    tuple(range(1000)),
    {},
    {1: 2},
    dict.fromkeys(range(1000)),
    b"",
    b"abc",
    b"\0" * 1000,
    set(range(10)),
    frozenset({1}),
    range(7),
    bytearray(b"12"),
    memoryview(b"123"),
]


def test_length(mod):
    for value in WITH_LENGTH:
        assert mod.HPy_Length(value) == len(value), type(value)


def test_length_follows_changes(mod):
    numbers, table = list(range(10)), dict.fromkeys(range(10))
    del numbers[3:], table[5], table[6]
    assert mod.HPy_Length(numbers) == 3
    assert mod.HPy_Length(table) == 8


@pytest.mark.parametrize("base", [str, list, tuple, dict, bytes])
def test_length_of_a_subclass(mod, base):
    assert mod.HPy_Length(subclass(base)()) == 12345


@pytest.mark.parametrize("base", [list, tuple])
def test_item(mod, base):
    items = base(object() for _ in range(20))
    for index in range(-20, 20):
        assert mod.HPy_GetItem_i(items, index) is items[index]
    for index in (20, -21, sys.maxsize, -sys.maxsize - 1):
        with pytest.raises(IndexError, match="out of range"):
            mod.HPy_GetItem_i(items, index)
    assert mod.HPy_GetItem_i(subclass(base)([1]), 0) == ("asked for", 0)


def test_item_has_its_own_reference(mod):
    items = [[] for _ in range(3)]
    before = sys.getrefcount(items[1])
    kept = [mod.HPy_GetItem_i(items, 1) for _ in range(10)]
    after = sys.getrefcount(items[1])
    assert after == before + len(kept)


def test_set_item(mod):
    items = [0, 1, 2]
    old, new = object(), object()
    items[1] = old
    counts = sys.getrefcount(old), sys.getrefcount(new)
    mod.HPy_SetItem_i(items, 1, new)
    after = sys.getrefcount(old), sys.getrefcount(new)
    assert items[1] is new
    assert after == (counts[0] - 1, counts[1] + 1)
    mod.HPy_SetItem_i(items, -1, "last")
    assert items == [0, new, "last"]
    for index in (3, -4):
        with pytest.raises(IndexError):
            mod.HPy_SetItem_i(items, index, None)
    with pytest.raises(KeyError):
        mod.HPy_SetItem_i(subclass(list)([1]), 0, None)
    with pytest.raises(TypeError):
        mod.HPy_SetItem_i((1,), 0, None)


def test_set_item_whose_old_value_looks(mod):
    seen = []

    class Looks:
        def __del__(self):
            seen.append(list(items))

    items = [Looks()]
    mod.HPy_SetItem_i(items, 0, "new")
    assert seen == [["new"]]


def test_append(mod):
    items, expected = [], []
    for number in range(5000):
        mod.HPyList_Append(items, number)
        expected.append(number)
        if number % 700 == 0:
            del items[3:], expected[3:]
    assert items == expected
    assert sys.getsizeof(items) == sys.getsizeof(expected)
    items.extend(range(10))
    mod.HPyList_Append(items, items)
    assert items[-1] is items
    with pytest.raises(SystemError):
        mod.HPyList_Append((1,), 2)


@pytest.mark.parametrize("power", [0, 1, 14, 15, 16, 29, 30, 31, 32, 44, 45, 59, 60, 61, 62])
def test_int_around_a_digit(mod, power):
    for distance in (-2, -1, 0, 1, 2, *(below - 2 ** (power + 1) for below in (-1, 0, 1))):
        value = 2**power + distance
        assert mod.HPyLong_AsInt64_t(value) == value
        assert mod.HPyLong_AsSsize_t(value) == value
        assert mod.from_int64(value) == value
        if -(2**31) <= value < 2**31:
            assert mod.HPyLong_AsInt32_t(value) == value
        else:
            with pytest.raises(OverflowError):
                mod.HPyLong_AsInt32_t(value)


def test_int_of_other_kinds(mod):
    assert mod.HPyLong_AsInt64_t(True) == 1
    assert mod.HPyLong_AsInt64_t(False) == 0
    assert mod.HPyLong_AsInt64_t(type("MyInt", (int,), {})(-(2**40))) == -(2**40)


def test_small_ints_are_the_interpreters(mod):
    for value in range(-300, 1200):
        made = mod.from_int64(value)
        assert made == value
        if -5 <= value <= 256:
            assert made is int(str(value))


@pytest.mark.parametrize("value", [0.0, -0.0, 1.5, -1.0, 1e308, 5e-324, float("inf"), float("-inf")])
def test_float(mod, value):
    assert repr(mod.HPyFloat_AsDouble(value)) == repr(value)


def test_float_of_other_kinds(mod):
    assert str(mod.HPyFloat_AsDouble(float("nan"))) == "nan"
    assert mod.HPyFloat_AsDouble(7) == 7.0
    assert mod.HPyFloat_AsDouble(type("MyFloat", (float,), {})(2.5)) == 2.5


def test_bytes(mod):
    for value in (b"", b"a", b"\0\xff" * 500):
        assert mod.HPyBytes_GET_SIZE(value) == len(value)
        assert mod.HPyBytes_AS_STRING(value) == value


@pytest.mark.parametrize("kind", [list, tuple])
def test_build(mod, kind):
    for size in (0, 1, 2, 3, 7, 100):
        items = [object() for _ in range(size)]
        assert mod.build(kind, size, list(enumerate(items))) == kind(items)
        assert mod.build(kind, size, list(enumerate(items))[::-1]) == kind(items)
    made = mod.build(list, 2, [(0, 1), (1, 2)])
    made.append(3)
    assert made == [1, 2, 3]
    assert sys.getsizeof(mod.build(list, 2, [(0, 1), (1, 2)])) == sys.getsizeof([None] * 2)


@pytest.mark.parametrize("kind", [list, tuple])
def test_build_sets_an_item_again(mod, kind):
    old = object()
    before = sys.getrefcount(old)
    made = mod.build(kind, 2, [(0, old), (0, "new"), (1, 1)])
    after = sys.getrefcount(old)
    assert made == kind(["new", 1])
    assert after == before


@pytest.mark.abis("universal", "hybrid")
@pytest.mark.parametrize("kind", [list, tuple])
@pytest.mark.parametrize(
    "size, sets",
    [
        (1, []),
        (3, [(0, "a"), (2, "c")]),
        (3, [(0, "a"), (1, "b"), (3, "c")]),
        (3, [(0, "a"), (1, "b"), (-1, "c")]),
        (2, [(0, "a"), (1, NotImplemented)]),
    ],
    ids=["none", "hole", "beyond", "negative", "null"],
)
def test_build_with_an_item_missing(mod, variant, kind, size, sets):
    if variant.mode == "debug":
        pytest.skip("debug mode has its own word on such builders")
    with pytest.raises(SystemError, match=r"item \d of \d was not set"):
        mod.build(kind, size, sets)


@pytest.mark.abis("universal", "hybrid")
@pytest.mark.parametrize("kind", [list, tuple])
def test_build_of_a_negative_size(mod, variant, kind):
    if variant.mode == "debug":
        pytest.skip("debug mode has its own word on such builders")
    with pytest.raises(SystemError, match="negative size"):
        mod.build(kind, -1, [(0, 1)])
