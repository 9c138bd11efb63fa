"""Floats, bools and truth."""

import math

import pytest

EXT = "scalar"


class HasFloat:
    def __float__(self):
        return 2.5


class HasIndex:
    def __index__(self):
        return 9


class Broken:
    def __float__(self):
        return "no float"

    def __bool__(self):
        raise LookupError("neither true nor false")


def test_floats_from_c(mod):
    zero, minus_zero, infinity, tiny, tenth = mod.constants()
    assert (zero, infinity, tiny, tenth) == (0.0, math.inf, 5e-324, 0.1)
    assert math.copysign(1, minus_zero) == -1
    assert all(type(value) is float for value in (zero, minus_zero, infinity, tiny, tenth))


def test_float_as_double(mod):
    read = mod.HPyFloat_AsDouble
    for value in (0.0, -1.0, 1.5, math.inf, 5e-324, 1e308):
        assert read(value) == value
    assert math.isnan(read(math.nan))
    assert read(3) == 3.0
    assert read(-1) == -1.0
    assert read(HasFloat()) == 2.5
    assert read(HasIndex()) == 9.0

    class Mine(float):
        pass

    assert read(Mine(1.25)) == 1.25


@pytest.mark.parametrize("value, error", [("1.5", TypeError), (None, TypeError), (10**400, OverflowError), (Broken(), TypeError)])
def test_float_as_double_errors(mod, value, error):
    with pytest.raises(error):
        mod.HPyFloat_AsDouble(value)


def test_bool_from_c(mod):
    assert mod.HPyBool_FromBool(5) is True
    assert mod.HPyBool_FromBool("") is False
    for value in (1, -1, 2**40):
        assert mod.HPyBool_FromLong(value) is True
    assert mod.HPyBool_FromLong(0) is False


@pytest.mark.parametrize("value", [0, 1, -1, "", "x", None, [], [0], 0.0, math.nan, {}, (None,), b""])
def test_truth(mod, value):
    assert mod.HPy_IsTrue(value) == bool(value)


def test_truth_that_raises(mod):
    with pytest.raises(LookupError, match="neither"):
        mod.HPy_IsTrue(Broken())
    with pytest.raises(LookupError):
        mod.HPyBool_FromBool(Broken())
