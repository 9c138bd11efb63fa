"""Format strings, build value, struct sequences and the other C helpers."""

import struct

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

EXT = "textual"

QUIET = dict(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)


# HPyUnicode_FromFormat, against Python's own % operator where that has the same rules.


@settings(max_examples=200, **QUIET)
@given(
    zero=st.booleans(),
    width=st.one_of(st.none(), st.integers(1, 40)),
    precision=st.one_of(st.none(), st.integers(1, 40)),
    value=st.integers(-(2**31), 2**31 - 1),
)
def test_integers_are_padded_as_by_python(mod, zero, width, precision, value):
    size = ("" if width is None else str(width)) + ("" if precision is None else f".{precision}")
    spec = "%" + ("0" if zero and width is not None else "") + size
    assert mod.format(spec + "d", "int", value) == (spec + "d") % value
    assert mod.format(spec + "x", "int", value) == (spec + "x") % (value % 2**32)


@pytest.mark.parametrize(
    "fmt, kind, bits, signed",
    [
        ("%d", "int", 32, True),
        ("%i", "int", 32, True),
        ("%u", "unsigned", 32, False),
        ("%ld", "long", struct.calcsize("l") * 8, True),
        ("%lld", "long long", 64, True),
        ("%lli", "long long", 64, True),
        ("%llu", "unsigned long long", 64, False),
        ("%zd", "ssize", 64, True),
        ("%zi", "ssize", 64, True),
    ],
)
def test_integer_limits(mod, fmt, kind, bits, signed):
    low, high = (-(2 ** (bits - 1)), 2 ** (bits - 1) - 1) if signed else (0, 2**bits - 1)
    assert mod.format(fmt, kind, low) == str(low)
    assert mod.format(fmt, kind, high) == str(high)


def test_zero_has_a_digit(mod):
    assert mod.format("%.0d", "int", 0) == "0"


@settings(max_examples=200, **QUIET)
@given(
    text=st.text(max_size=20),
    width=st.one_of(st.none(), st.integers(1, 30)),
    precision=st.one_of(st.none(), st.integers(0, 30)),
)
def test_text_of_objects_is_padded_and_cut_by_characters(mod, text, width, precision):
    size = ("" if width is None else str(width)) + ("" if precision is None else f".{precision}")
    for conversion, same in (("U", "s"), ("V", "s"), ("S", "s"), ("R", "r"), ("A", "a")):
        assert mod.format(f"<%{size}{conversion}>", "object", text) == f"<%{size}{same}>" % text


def test_surrogates_and_nul_characters_survive(mod):
    for text in ("\udc80", "a\ud800b", "a\0b", "\0"):
        assert mod.format("[%S]", "object", text) == f"[{text}]"
    assert mod.format("%c", "int", 0xD812) == "\ud812"


@pytest.mark.parametrize("c", [0, 0x41, 0x7F, 0x80, 0x7FF, 0x800, 0xFFFF, 0x10000, 0x10FFFF])
def test_characters(mod, c):
    assert mod.format("%c!", "int", c) == chr(c) + "!"


@pytest.mark.parametrize("c", [-1, 0x110000, 2**31 - 1])
def test_no_character(mod, c):
    with pytest.raises(OverflowError, match=r"character argument not in range\(0x110000\)"):
        mod.format("%c", "int", c)


@settings(max_examples=200, **QUIET)
@given(data=st.binary(max_size=12).map(lambda data: data.replace(b"\0", b"")), precision=st.integers(0, 12))
def test_bytes_that_are_no_utf8_are_replaced(mod, data, precision):
    text = mod.format("%s", "bytes", data)
    assert text.replace("\ufffd", "") == data.decode("utf-8", "replace").replace("\ufffd", "")
    cut = mod.format(f"%.{precision}s", "bytes", data)
    assert cut.replace("\ufffd", "") == data[:precision].decode("utf-8", "replace").replace("\ufffd", "")
    assert mod.format("%V", "object or bytes", data) == text


def test_width_of_bytes_counts_characters(mod):
    assert mod.format("%4s", "bytes", "é".encode()) == "   é"


def test_pointers(mod):
    assert mod.format("%p", "pointer", 0xBEEF) == "0xbeef"
    assert mod.format("%p", "pointer", 0) == "0x0"


@pytest.mark.parametrize(
    "fmt, message",
    [
        ("%", "invalid format string"),
        ("%q", "invalid format string"),
        ("%-5d", "invalid format string"),
        ("%5%", "invalid format string"),
        ("%lc", "invalid format string"),
        ("%zs", "invalid format string"),
        ("%llld", "invalid format string"),
        ("%05s", "formatting unit '%s' does not support 0-padding"),
        ("%5c", "formatting unit '%c' does not support width nor precision"),
        ("%.5p", "formatting unit '%p' does not support width nor precision"),
    ],
)
def test_bad_units(mod, fmt, message):
    with pytest.raises(SystemError) as info:
        mod.format(fmt, "int", 1)
    assert str(info.value) == message


def test_bad_formats(mod):
    with pytest.raises(ValueError, match="got a non-ASCII byte: 0xc3"):
        mod.format("é", "int", 1)
    with pytest.raises(ValueError, match="width too big"):
        mod.format(f"%{2**63}d", "int", 1)
    with pytest.raises(ValueError, match="precision too big"):
        mod.format(f"%.{10**40}d", "int", 1)
    with pytest.raises(MemoryError):
        mod.format(f"%{2**63 - 1}d", "int", 1)
    with pytest.raises(MemoryError):
        mod.format(f"x%.{2**63 - 1}d", "int", 1)
    for unit in "USRA":
        with pytest.raises(SystemError, match=f"HPy_NULL passed as value for formatting unit '%{unit}'"):
            mod.format(f"%{unit}", "object", NotImplemented)


def test_exceptions_of_str_and_repr_come_through(mod):
    class Broken:
        def __str__(self):
            raise LookupError("no text")

    with pytest.raises(LookupError, match="no text"):
        mod.format("%S", "object", Broken())
    with pytest.raises(TypeError):
        mod.format("%U", "object", 3)


def test_formatted_exceptions(mod):
    with pytest.raises(LookupError) as info:
        mod.raise_formatted(LookupError, "x")
    assert info.value.args == ("'x', 3 of those",)


# HPy_BuildValue


@pytest.mark.parametrize(
    "fmt, value",
    [
        ("", None),
        (" , ", None),
        ("i", 1),
        ("i i", (1, 2)),
        ("i,i,", (1, 2)),
        ("()", ()),
        ("(i)", (1,)),
        ("(i),i", ((1,), 2)),
        ("[]", []),
        ("[i,[i i],(i)]", [1, [2, 3], (4,)]),
        ("{}", {}),
        ("{i:i}", {1: 2}),
        ("{i:i,}", {1: 2}),
        ("{ i : i , i : [i] }", {1: 2, 3: [4]}),
        ("{(i,i):{i:i}}", {(1, 2): {3: 4}}),
    ],
)
def test_shapes(mod, fmt, value):
    assert mod.build(fmt) == value


@pytest.mark.parametrize(
    "fmt, message",
    [
        ("x", "bad format char 'x'"),
        ("(i", "unmatched '('"),
        ("i)", "unmatched ')'"),
        ("[i}", "unmatched '['"),
        ("{i:i", "unmatched '{'"),
        ("{i}", "missing ':'"),
        ("{i:}", "bad format char '}'"),
        ("{i i}", "missing ':'"),
        ("{,}", "unexpected ','"),
        ("{i:i,,i:i}", "unexpected ','"),
        ("{i:i i:i}", "missing ','"),
        ("N", "does not support the 'N' formatting unit"),
        ("i\x7fi", "bad format char '?'"),
        ("iéi", "bad format char '?'"),
        ("(" * 65 + ")" * 65, "too many nested brackets"),
    ],
)
def test_bad_build_formats(mod, fmt, message):
    with pytest.raises(SystemError) as info:
        mod.build(fmt)
    assert message in str(info.value)


def test_build_values(mod):
    long = struct.calcsize("l") * 8
    assert mod.build_limits() == (
        -(2**31), 2**32 - 1, -(2 ** (long - 1)), 2**long - 1, -(2**63), 2**64 - 1, -(2**63)
    )
    one, two = object(), "key"
    assert mod.build_nested(one, two) == {"first": [one, (0.5, 0.25)], "second": {}, "key": ()}
    assert mod.build_text() == ("Grüße", None)
    with pytest.raises(SystemError, match="HPy_NULL object passed to HPy_BuildValue"):
        mod.build_null()
    with pytest.raises(TypeError, match="unhashable"):
        mod.build_bad_key([])


@settings(max_examples=300, **QUIET)
@given(fmt=st.text(alphabet="iI()[]{}:, \tzN", max_size=8))
def test_any_build_format_gives_a_value_or_a_system_error(mod, fmt):
    try:
        mod.build(fmt)
    except SystemError:
        pass
    except TypeError as error:
        assert "unhashable" in str(error)


# Struct sequences


def test_a_struct_sequence(mod):
    kind = mod.new_type("pkg.mod.Point", "a point", [("x", "left"), ("y", None), (None, None)])
    assert (kind.__name__, kind.__module__, kind.__doc__) == ("Point", "pkg.mod", "a point")
    assert (kind.n_fields, kind.n_sequence_fields, kind.n_unnamed_fields) == (3, 3, 1)
    assert kind.x.__doc__ == "left"
    point = mod.new_value(kind, 1, 2, 3)
    assert point == (1, 2, 3) and isinstance(point, tuple)
    assert (point.x, point.y, point[2]) == (1, 2, 3)
    with pytest.raises(AttributeError):
        point.x = 5


def test_a_struct_sequence_of_nothing(mod):
    kind = mod.new_type("Empty", NotImplemented, [])
    assert kind.__name__ == "Empty" and kind.__doc__ is None
    assert mod.new_value(kind) == ()


def test_struct_sequences_refuse_bad_descriptors(mod):
    with pytest.raises(SystemError, match="has no name"):
        mod.new_type(NotImplemented, NotImplemented, [])
    for fields in ([("a", None), ("a", None)], [("class", None)], [("1a", None)], [("_a", None)]):
        with pytest.raises(ValueError, match=f"'{fields[-1][0]}' is not possible") as info:
            mod.new_type("T", NotImplemented, fields)
        assert "must be an identifier" in str(info.value)


def test_struct_sequences_refuse_wrong_values(mod):
    kind = mod.new_type("mod.Two", NotImplemented, [("a", None), ("b", None)])
    with pytest.raises(TypeError, match="has 2 fields, got 1 values"):
        mod.new_value(kind, 1)
    for other in (tuple, str, 3, object()):
        with pytest.raises(TypeError, match="expected a struct sequence type, got"):
            mod.new_value(other, 1, 2)


# The rest


def test_packing_arguments(mod):
    assert mod.pack() == (None, None)
    assert mod.pack(1, "2") == ((1, "2"), None)
    assert mod.pack(a=1, b=2) == (None, {"a": 1, "b": 2})
    assert mod.pack(1, a=2) == ((1,), {"a": 2})


@settings(max_examples=300, **QUIET)
@given(
    length=st.integers(0, 50),
    start=st.integers(-60, 60),
    stop=st.integers(-60, 60),
    step=st.integers(-7, 7).filter(bool),
)
def test_slices_are_adjusted_as_by_python(mod, length, start, stop, step):
    expected = slice(start, stop, step).indices(length)
    assert mod.adjust(length, start, stop, step) == (*expected[:2], len(range(*expected)))


def test_slices_at_the_ends_of_the_range(mod):
    most = 2**63 - 1
    assert mod.adjust(10, -most - 1, most, most) == (0, 10, 1)
    assert mod.adjust(10, most, -most - 1, -most) == (9, -1, 1)
