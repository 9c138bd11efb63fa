"""Arbitrary values: what the context functions give is what Python's own operators give, or the same error."""

import operator
import sys

import pytest

import extensions

hypothesis = pytest.importorskip("hypothesis")
from hypothesis import HealthCheck, given, settings  # noqa: E402
from hypothesis import strategies as st  # noqa: E402
from test_number import BINARY, INPLACE, UNARY, outcome  # noqa: E402

pytestmark = pytest.mark.once  # hypothesis keeps examples: that is no leak

usual = settings(
    max_examples=80, deadline=None, database=None, derandomize=True, suppress_health_check=[HealthCheck.function_scoped_fixture]
)

SMALL = st.integers(-64, 64)
NUMBERS = st.one_of(
    st.integers(),
    st.integers(-(2**70), 2**70),
    SMALL,
    st.booleans(),
    st.floats(),
    st.complex_numbers(),
    st.fractions(),
    st.decimals(allow_nan=False),
)
SCALARS = st.one_of(NUMBERS, st.text(max_size=8), st.binary(max_size=8), st.none())
VALUES = st.recursive(
    SCALARS,
    lambda inner: st.one_of(
        st.lists(inner, max_size=4),
        st.lists(inner, max_size=4).map(tuple),
        st.dictionaries(st.text(max_size=3), inner, max_size=3),
        st.frozensets(st.integers(), max_size=4),
    ),
    max_leaves=6,
)
TEXT = st.one_of(st.text(), st.text(st.characters(codec=None, categories=None)), st.text("aé€\U0001f40d\0\ud800", max_size=12))
INDEX = st.one_of(st.integers(-8, 8), st.sampled_from([sys.maxsize, -sys.maxsize - 1, 2**31, -(2**31)]))


def same(ours, python):
    """NaN is not equal to itself: results are compared by type and text."""
    assert ours == python


@pytest.fixture
def numbers(variant):
    return extensions.extension("number", variant)


@pytest.fixture
def sequences(variant):
    return extensions.extension("sequence", variant)


@pytest.fixture
def newer(variant):
    return extensions.extension("newer", variant)


@pytest.fixture
def objects(variant):
    return extensions.extension("object", variant)


@pytest.fixture
def texts(variant):
    return extensions.extension("text", variant)


@pytest.fixture
def longs(variant):
    return extensions.extension("long_", variant)


ARITHMETIC = [name for name in BINARY if "shift" not in name]


@pytest.mark.parametrize("name", ARITHMETIC)
@usual
@given(left=NUMBERS, right=NUMBERS)
def test_arithmetic(numbers, name, left, right):
    same(outcome(getattr(numbers, name), left, right), outcome(BINARY[name], left, right))


@pytest.mark.parametrize("name", ["HPy_Lshift", "HPy_Rshift", "HPy_InPlaceLshift", "HPy_InPlaceRshift"])
@usual
@given(left=st.integers(), right=SMALL)
def test_shifts(numbers, name, left, right):
    same(outcome(getattr(numbers, name), left, right), outcome({**BINARY, **INPLACE}[name], left, right))


@pytest.mark.parametrize("name", ["HPy_Negative", "HPy_Positive", "HPy_Absolute", "HPy_Invert"])
@usual
@given(value=VALUES)
def test_unary(numbers, name, value):
    same(outcome(getattr(numbers, name), value), outcome(UNARY[name], value))


@usual
@given(value=SCALARS)
def test_conversions(numbers, value):
    for name in ("HPy_Index", "HPy_Long", "HPy_Float"):
        ours, python = outcome(getattr(numbers, name), value), outcome(UNARY[name], value)
        if issubclass(python[0], Exception):
            assert ours[0] is python[0]
        else:
            same(ours, python)


@usual
@given(base=st.integers(-50, 50), exponent=st.integers(-20, 40), modulus=st.one_of(st.none(), st.integers(-30, 30)))
def test_power(numbers, base, exponent, modulus):
    same(outcome(numbers.HPy_Power, base, exponent, modulus), outcome(pow, base, exponent, modulus))


@usual
@given(left=VALUES, right=VALUES)
def test_comparison(objects, left, right):
    for op, python in enumerate([operator.lt, operator.le, operator.eq, operator.ne, operator.gt, operator.ge]):
        expected = outcome(python, left, right)
        same(outcome(objects.HPy_RichCompare, left, right, op), expected)
        if expected[0] is bool and left is not right:
            assert outcome(objects.HPy_RichCompareBool, left, right, op) == (int, str(int(expected[1] == "True")))


@usual
@given(value=VALUES)
def test_text_of_values(objects, value):
    same(objects.HPy_Repr(value), repr(value))
    same(objects.HPy_Str(value), str(value))
    same(objects.HPy_ASCII(value), ascii(value))
    same(outcome(objects.HPy_Hash, value), outcome(hash, value))
    same(outcome(objects.HPy_Length, value), outcome(len, value))


SEQUENCES = st.one_of(
    st.lists(SCALARS, max_size=6), st.lists(SCALARS, max_size=6).map(tuple), st.text(max_size=6), st.binary(max_size=6)
)


@usual
@given(sequence=SEQUENCES, index=INDEX)
def test_items(objects, sequence, index):
    same(outcome(objects.HPy_GetItem_i, sequence, index), outcome(operator.getitem, sequence, index))
    same(outcome(objects.HPy_GetItem, sequence, index), outcome(operator.getitem, sequence, index))


@usual
@given(items=st.lists(SMALL, max_size=6), index=INDEX, value=SCALARS)
def test_changed_items(objects, newer, items, index, value):
    for ours, python, arguments in [
        (objects.HPy_SetItem_i, operator.setitem, (index, value)),
        (objects.HPy_DelItem_i, operator.delitem, (index,)),
        (newer.HPyList_Insert, list.insert, (index, value)),
    ]:
        left, right = list(items), list(items)
        try:
            python(right, *arguments)
        except IndexError as error:
            with pytest.raises(IndexError) as raised:
                ours(left, *arguments)
            assert str(raised.value) == str(error)
        else:
            assert ours(left, *arguments) == 0
        assert repr(left) == repr(right)


@usual
@given(sequence=SEQUENCES, start=INDEX, end=INDEX, values=st.lists(SCALARS, max_size=4))
def test_slices(newer, sequence, start, end, values):
    same(outcome(newer.HPy_GetSlice, sequence, start, end), outcome(lambda s: s[start:end], sequence))
    left, right = list(sequence), list(sequence)
    newer.HPy_SetSlice(left, start, end, values)
    right[start:end] = values
    assert repr(left) == repr(right)
    newer.HPy_DelSlice(left, start, end)
    del right[start:end]
    assert repr(left) == repr(right)


BOUND = st.one_of(st.none(), INDEX, st.integers())


@usual
@given(start=BOUND, stop=BOUND, step=BOUND, length=st.integers(0, 40))
def test_slice_indices(sequences, start, stop, step, length):
    given_slice = slice(start, stop, step)
    try:
        first, _, stride = given_slice.indices(length)
    except ValueError:
        with pytest.raises(ValueError):
            sequences.HPySlice_Unpack(given_slice)
        return
    expected = range(*given_slice.indices(length))
    ours = sequences.HPySlice_AdjustIndices(given_slice, length)
    assert ours[2] == len(expected)
    if len(expected):
        assert ours[0] == first


@usual
@given(text=TEXT)
def test_encodings(texts, text):
    for name, codec, errors in [
        ("HPyUnicode_AsUTF8String", "utf-8", "strict"),
        ("HPyUnicode_AsUTF8AndSize", "utf-8", "strict"),
        ("HPyUnicode_AsLatin1String", "latin-1", "strict"),
        ("HPyUnicode_AsASCIIString", "ascii", "strict"),
        ("HPyUnicode_EncodeFSDefault", sys.getfilesystemencoding(), sys.getfilesystemencodeerrors()),
    ]:
        same(outcome(getattr(texts, name), text), outcome(str.encode, text, codec, errors))
    for index, character in enumerate(text):
        assert texts.HPyUnicode_ReadChar(text, index) == ord(character)


@usual
@given(raw=st.binary(), errors=st.sampled_from(["strict", "ignore", "replace", "surrogateescape", "backslashreplace"]))
def test_decodings(texts, raw, errors):
    size = len(raw)
    same(outcome(texts.HPyUnicode_DecodeASCII, raw, size, errors), outcome(bytes.decode, raw, "ascii", errors))
    same(outcome(texts.HPyUnicode_DecodeLatin1, raw, size, errors), outcome(bytes.decode, raw, "latin-1", errors))
    if raw:
        same(outcome(texts.HPyUnicode_FromEncodedObject, raw, "utf-8", errors), outcome(bytes.decode, raw, "utf-8", errors))
    assert texts.HPyBytes_FromStringAndSize(raw, size) == raw == texts.HPyBytes_AsString(raw)


@usual
@given(text=TEXT, start=st.integers(0, 20), end=st.integers(0, 20))
def test_substrings(texts, text, start, end):
    assert texts.HPyUnicode_Substring(text, start, end) == text[start:end]


@usual
@given(value=st.one_of(st.integers(), st.integers(-(2**65), 2**65)))
def test_integers(longs, value):
    for name, bits, signed in [
        ("HPyLong_AsInt32_t", 32, True),
        ("HPyLong_AsUInt32_t", 32, False),
        ("HPyLong_AsInt64_t", 64, True),
        ("HPyLong_AsUInt64_t", 64, False),
    ]:
        low, high = (-(2 ** (bits - 1)), 2 ** (bits - 1)) if signed else (0, 2**bits)
        if low <= value < high:
            assert getattr(longs, name)(value) == value
        else:
            with pytest.raises(OverflowError):
                getattr(longs, name)(value)
    assert longs.HPyLong_AsUInt32_tMask(value) == value % 2**32
    assert longs.HPyLong_AsUInt64_tMask(value) == value % 2**64
    assert longs.HPyLong_FromInt64_t(value % 2**63) == value % 2**63
    same(outcome(longs.HPyLong_AsDouble, value), outcome(float, value))
