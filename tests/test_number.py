"""Operators: each gives what Python's own operator gives, with the same error."""

import operator

import pytest

EXT = "number"

BINARY = {
    "HPy_Add": operator.add,
    "HPy_Subtract": operator.sub,
    "HPy_Multiply": operator.mul,
    "HPy_MatrixMultiply": operator.matmul,
    "HPy_FloorDivide": operator.floordiv,
    "HPy_TrueDivide": operator.truediv,
    "HPy_Remainder": operator.mod,
    "HPy_Divmod": divmod,
    "HPy_Lshift": operator.lshift,
    "HPy_Rshift": operator.rshift,
    "HPy_And": operator.and_,
    "HPy_Xor": operator.xor,
    "HPy_Or": operator.or_,
}
INPLACE = {
    "HPy_InPlaceAdd": operator.iadd,
    "HPy_InPlaceSubtract": operator.isub,
    "HPy_InPlaceMultiply": operator.imul,
    "HPy_InPlaceMatrixMultiply": operator.imatmul,
    "HPy_InPlaceFloorDivide": operator.ifloordiv,
    "HPy_InPlaceTrueDivide": operator.itruediv,
    "HPy_InPlaceRemainder": operator.imod,
    "HPy_InPlaceLshift": operator.ilshift,
    "HPy_InPlaceRshift": operator.irshift,
    "HPy_InPlaceAnd": operator.iand,
    "HPy_InPlaceXor": operator.ixor,
    "HPy_InPlaceOr": operator.ior,
}
UNARY = {
    "HPy_Negative": operator.neg,
    "HPy_Positive": operator.pos,
    "HPy_Absolute": abs,
    "HPy_Invert": operator.invert,
    "HPy_Index": operator.index,
    "HPy_Long": int,
    "HPy_Float": float,
}
VALUES = [0, 1, -1, 7, -13, 2**30, -(2**62), 2**64, 10**40, True, False, 0.0, 1.5, -2.25, 1e300, float("inf"), 2 + 3j]
OTHERS = ["", "ab", b"x", [1, 2], (3,), {1}, {1: 2}, None, NotImplemented, range(3)]


class Matrix:
    def __matmul__(self, other):
        return ("matmul", other)

    def __imatmul__(self, other):
        return ("imatmul", other)

    def __pow__(self, other, modulus=None):
        return ("pow", other, modulus)

    def __ipow__(self, other):
        return ("ipow", other)


def outcome(function, *args):
    """What a call gives: its result with the type, or the exception's type and text."""
    try:
        result = function(*args)
    except Exception as error:
        return type(error), str(error)
    return type(result), repr(result)


def clone(value):
    """In-place operators change lists and sets: each call gets its own."""
    return value.copy() if isinstance(value, (list, set, dict)) else value


def sane(name, left, right):
    """Results that would take gigabytes are left out."""
    if "shift" in name and isinstance(right, int) and right > 1000:
        return False
    if "Multiply" in name:
        small, large = sorted((left, right), key=lambda x: isinstance(x, int))
        return not (isinstance(large, int) and large > 1000 and hasattr(small, "__len__"))
    return True


@pytest.mark.parametrize("name", [*BINARY, *INPLACE])
def test_binary(mod, name):
    ours, python = getattr(mod, name), {**BINARY, **INPLACE}[name]
    for left in VALUES + OTHERS:
        for right in VALUES + OTHERS:
            if not sane(name, left, right):
                continue
            expected = outcome(python, clone(left), clone(right))
            assert outcome(ours, clone(left), clone(right)) == expected, (left, right)


@pytest.mark.parametrize("name", UNARY)
def test_unary(mod, name):
    ours, python = getattr(mod, name), UNARY[name]
    for value in VALUES + OTHERS:
        expected = outcome(python, value)
        given = outcome(ours, value)
        if expected[0] in (TypeError, ValueError, OverflowError):
            # int() and float() speak of themselves, the C functions of the operand.
            assert given[0] is expected[0], value
        else:
            assert given == expected, value


def test_index_and_long_of_subclasses(mod):
    class Mine(int):
        pass

    class Odd:
        def __index__(self):
            return "no int"

        __int__ = __float__ = __index__

    assert mod.HPy_Index(Mine(3)) == 3
    assert mod.HPy_Long("  12 ") == 12
    assert mod.HPy_Float("1e3") == 1000.0
    for name in ("HPy_Index", "HPy_Long", "HPy_Float"):
        with pytest.raises(TypeError):
            getattr(mod, name)(Odd())
    with pytest.raises(ValueError, match="invalid literal"):
        mod.HPy_Long("twelve")


def test_in_place_keeps_identity(mod):
    items = [1]
    assert mod.HPy_InPlaceAdd(items, [2]) is items
    assert items == [1, 2]
    assert mod.HPy_InPlaceMultiply(items, 2) is items
    assert items == [1, 2, 1, 2]
    flags = {1, 2}
    assert mod.HPy_InPlaceAnd(flags, {2}) is flags
    assert mod.HPy_InPlaceOr(flags, {5}) is flags
    assert mod.HPy_InPlaceXor(flags, {2}) is flags
    assert flags == {5}


def test_matrix_operators(mod):
    assert mod.HPy_MatrixMultiply(Matrix(), 5) == ("matmul", 5)
    assert mod.HPy_InPlaceMatrixMultiply(Matrix(), 5) == ("imatmul", 5)


def test_power(mod):
    assert mod.HPy_Power(3, 4, None) == 81
    assert mod.HPy_Power(3, 4, 5) == 1
    assert mod.HPy_Power(3, -1, 7) == pow(3, -1, 7)
    assert mod.HPy_Power(2.0, 0.5, None) == 2.0**0.5
    assert mod.HPy_Power(Matrix(), 2, 3) == ("pow", 2, 3)
    assert mod.HPy_InPlacePower(3, 4, None) == 81
    assert mod.HPy_InPlacePower(Matrix(), 2, None) == ("ipow", 2)
    with pytest.raises(TypeError, match="unsupported operand"):
        mod.HPy_Power("a", 2, None)
    with pytest.raises(TypeError, match="unsupported operand"):
        mod.HPy_InPlacePower(2, [], None)
    with pytest.raises(ValueError):
        mod.HPy_Power(2, 3, 0)


def test_errors_from_operators_pass_through(mod):
    class Bad:
        def __add__(self, other):
            raise KeyError("added")

        def __neg__(self):
            raise KeyError("negated")

    with pytest.raises(KeyError, match="added"):
        mod.HPy_Add(Bad(), 1)
    with pytest.raises(KeyError, match="negated"):
        mod.HPy_Negative(Bad())


def test_reflected_operators(mod):
    class Right:
        def __radd__(self, other):
            return ("radd", other)

        def __rpow__(self, other, modulus=None):
            return ("rpow", other)

    assert mod.HPy_Add(1, Right()) == ("radd", 1)
    assert mod.HPy_Power(2, Right(), None) == ("rpow", 2)


def test_number_check(mod):
    class Integral:
        def __index__(self):
            return 1

    for value in (1, 1.5, 2j, True, Integral()):
        assert mod.HPyNumber_Check(value) == 1
    for value in ("1", None, [], object()):
        assert mod.HPyNumber_Check(value) == 0
