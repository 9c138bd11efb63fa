"""Integers: conversions from and to C types, at and beyond their limits."""

import ctypes
import sys

import pytest

EXT = "long_"
INT32 = (-(2**31), 2**31 - 1)
UINT32 = (0, 2**32 - 1)
INT64 = (-(2**63), 2**63 - 1)
UINT64 = (0, 2**64 - 1)
SIZE = (0, 2 ** (8 * ctypes.sizeof(ctypes.c_size_t)) - 1)
SSIZE = (-(SIZE[1] // 2) - 1, SIZE[1] // 2)


class Indexable:
    """Has `__index__`, and an `__int__` that must not be asked."""

    def __init__(self, value):
        self.value = value

    def __index__(self):
        return self.value

    def __int__(self):
        raise AssertionError("__int__ was called")


class OnlyInt:
    def __int__(self):
        return 7


class Failing:
    def __index__(self):
        raise ZeroDivisionError("from __index__")


@pytest.mark.parametrize(
    "name, limits",
    [
        ("HPyLong_FromInt32_t", INT32),
        ("HPyLong_FromUInt32_t", UINT32),
        ("HPyLong_FromInt64_t", INT64),
        ("HPyLong_FromUInt64_t", UINT64),
        ("HPyLong_FromSize_t", SIZE),
        ("HPyLong_FromSsize_t", SSIZE),
    ],
)
def test_from_c(mod, name, limits):
    low, high = limits
    numbers = {low, low + 1, 0, 1, 5, 256, 257, 2**30 - 1, 2**30, 2**30 + 1, high - 1, high}
    if low < 0:
        numbers |= {-1, -5, -6, -(2**30), -(2**30) - 1}
    for value in sorted(numbers):
        made = getattr(mod, name)(value)
        assert made == value
        assert type(made) is int


READERS = [
    ("HPyLong_AsInt32_t", INT32),
    ("HPyLong_AsInt64_t", INT64),
    ("HPyLong_AsSsize_t", SSIZE),
    ("HPyLong_AsUInt32_t", UINT32),
    ("HPyLong_AsUInt64_t", UINT64),
    ("HPyLong_AsSize_t", SIZE),
]


@pytest.mark.parametrize("name, limits", READERS)
def test_reading_within_limits(mod, name, limits):
    read = getattr(mod, name)
    low, high = limits
    for value in (low, low + 1, 0, 1, 2**30 - 1, 2**30, high - 1, high):
        assert read(value) == value
    assert read(True) == 1
    if low < 0:
        for value in (-1, -(2**30) + 1, -(2**30), -(2**30) - 1):
            assert read(value) == value


@pytest.mark.parametrize("name, limits", READERS)
def test_reading_beyond_limits(mod, name, limits):
    read, failed = getattr(mod, name), getattr(mod, "fail_" + name)
    low, high = limits
    for value in (high + 1, low - 1, 10**30, -(10**30)):
        with pytest.raises(OverflowError):
            read(value)
        # -1 (1) and an exception (2) are set.
        assert failed(value) == 3


#: CPython 3.9's signed and masking readers still ask `__int__`, with a DeprecationWarning.
ASKS_INT = sys.version_info < (3, 10)


@pytest.mark.parametrize("name", [name for name, _ in READERS] + ["HPyLong_AsDouble"])
def test_wrong_types(mod, name):
    read, failed = getattr(mod, name), getattr(mod, "fail_" + name)
    wrong = ["1", None, [], object(), b"1"]
    if ASKS_INT and name in ("HPyLong_AsInt32_t", "HPyLong_AsInt64_t"):
        with pytest.warns(DeprecationWarning):
            assert read(1.5) == 1
    else:
        wrong.append(1.5)
    for value in wrong:
        with pytest.raises(TypeError):
            read(value)
        assert failed(value) == 3


@pytest.mark.parametrize("name", ["HPyLong_AsInt32_t", "HPyLong_AsInt64_t"])
def test_signed_readers_use_index(mod, name):
    read = getattr(mod, name)
    assert read(Indexable(-12)) == -12
    assert read(-1) == -1
    with pytest.raises(OverflowError):
        read(Indexable(2**70))
    with pytest.raises(ZeroDivisionError, match="from __index__"):
        read(Failing())


@pytest.mark.parametrize("name", ["HPyLong_AsUInt64_t", "HPyLong_AsSize_t", "HPyLong_AsSsize_t"])
def test_strict_readers_take_ints_only(mod, name):
    """PyLong_AsUnsignedLong, AsSize_t and AsSsize_t ask no `__index__`."""
    with pytest.raises(TypeError, match="integer"):
        getattr(mod, name)(Indexable(3))


@pytest.mark.parametrize("name, bits", [("HPyLong_AsUInt32_tMask", 32), ("HPyLong_AsUInt64_tMask", 64)])
def test_masks(mod, name, bits):
    mask = getattr(mod, name)
    for value in (0, 1, -1, -2, 2**31, 2**32 - 1, 2**32, 2**63, 2**64 - 1, 2**64, 2**64 + 5, -(2**64) - 3, 3**100, -(3**100)):
        assert mask(value) == value % 2**bits
    assert mask(Indexable(2**65 + 9)) == (2**65 + 9) % 2**bits
    wrongs = ["2", None]
    if ASKS_INT:
        with pytest.warns(DeprecationWarning):
            assert mask(OnlyInt()) == 7
    else:
        wrongs += [1.0, OnlyInt()]
    for wrong in wrongs:
        with pytest.raises(TypeError):
            mask(wrong)
        assert getattr(mod, "fail_" + name)(wrong) == 3
    with pytest.raises(ZeroDivisionError):
        mask(Failing())


def test_void_pointer(mod):
    for value in (0, 1, 2**31, SIZE[1]):
        assert mod.HPyLong_AsVoidPtr(value) == value
    assert mod.HPyLong_AsVoidPtr(-1) == SIZE[1]
    for value in (2**80, -(2**80)):
        with pytest.raises(OverflowError):
            mod.HPyLong_AsVoidPtr(value)
    with pytest.raises(TypeError):
        mod.HPyLong_AsVoidPtr("0")


def test_double(mod):
    for value in (0, 1, -1, 2**53, 2**53 + 1, -(2**62), 10**300, True):
        assert mod.HPyLong_AsDouble(value) == float(value)
    for value in (10**400, -(10**400)):
        with pytest.raises(OverflowError, match="too large"):
            mod.HPyLong_AsDouble(value)
        assert mod.fail_HPyLong_AsDouble(value) == 3
    assert mod.fail_HPyLong_AsDouble(-1) == 1


def test_subclasses(mod):
    class Mine(int):
        def __index__(self):
            raise AssertionError("an int is read as it is")

    assert mod.HPyLong_AsInt64_t(Mine(40)) == 40
    assert mod.HPyLong_AsUInt64_t(Mine(2**63)) == 2**63
    assert mod.HPyLong_AsDouble(Mine(3)) == 3.0
