"""Argument parsing: every unit, optional and keyword-only arguments, and what the messages say."""

import math
import struct

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

EXT = "argparse"

LONG = struct.calcsize("l") * 8
#: Units with a range: their bits and whether they are signed.
RANGED = {"b": (8, False), "h": (16, True), "i": (32, True), "l": (LONG, True), "L": (64, True), "n": (64, True)}
#: Units that take the low bits.
MASKED = {"B": 8, "H": 16, "I": 32, "k": LONG, "K": 64}


class Indexable:
    def __index__(self):
        return 42


def limits(bits, signed):
    return (-(2 ** (bits - 1)), 2 ** (bits - 1) - 1) if signed else (0, 2**bits - 1)


@pytest.mark.parametrize("unit", RANGED)
def test_an_integer_unit_takes_its_range_and_no_more(mod, unit):
    low, high = limits(*RANGED[unit])
    assert mod.positional(unit * 2, False, low, high) == [low, high]
    for value in (low - 1, high + 1, 10**30, -(10**30)):
        with pytest.raises(OverflowError):
            mod.positional(unit, False, value)


@pytest.mark.parametrize(
    "unit, value, message",
    [
        ("b", -1, "f() unsigned byte integer is less than minimum"),
        ("b", 256, "f() unsigned byte integer is greater than maximum"),
        ("h", -(2**15) - 1, "f() signed short integer is less than minimum"),
        ("h", 2**15, "f() signed short integer is greater than maximum"),
    ],
)
def test_an_overflow_says_which_kind_of_integer(mod, unit, value, message):
    with pytest.raises(OverflowError) as info:
        mod.positional(unit + ":f", False, value)
    assert str(info.value) == message


@pytest.mark.parametrize("unit", MASKED)
def test_a_mask_unit_takes_the_low_bits_of_any_int(mod, unit):
    size = 2 ** MASKED[unit]
    for value in (0, 1, -1, size - 1, size, size + 5, -size, 10**30):
        assert mod.positional(unit, False, value) == [value % size]


@pytest.mark.parametrize("unit", list(RANGED) + list(MASKED))
def test_integer_units_take_what_has_index_and_no_floats(mod, unit):
    assert mod.positional(unit, False, Indexable()) == [42]
    for wrong in (1.5, "1", None):
        with pytest.raises(TypeError):
            mod.positional(unit, False, wrong)


def test_float_units(mod):
    assert mod.positional("fd", False, 0.5, 0.1) == [0.5, 0.1]
    assert mod.positional("fd", False, 3, -7) == [3.0, -7.0]
    assert mod.positional("fd", False, math.inf, -math.inf) == [math.inf, -math.inf]
    assert mod.positional("d", False, -1.0) == [-1.0]
    for unit in "fd":
        with pytest.raises(TypeError):
            mod.positional(unit, False, "0.5")


def test_truth_unit(mod):
    assert mod.positional("ppp", False, [], [0], -1) == [0, 1, 1]

    class Undecided:
        def __bool__(self):
            raise LookupError("undecided")

    with pytest.raises(LookupError, match="undecided"):
        mod.positional("p", False, Undecided())


def test_text_unit(mod):
    assert mod.positional("ss", False, "", "Grüße 🐍") == ["", "Grüße 🐍"]
    with pytest.raises(ValueError, match="function embedded null character"):
        mod.positional("s", False, "a\0b")
    with pytest.raises(TypeError, match="function a str is required"):
        mod.positional("s", False, b"bytes")
    with pytest.raises(UnicodeEncodeError):
        mod.positional("s", False, "\udc80")


def test_objects_come_through_as_they_are(mod):
    thing = object()
    for tracked in (False, True):
        stored = mod.positional("OO", tracked, thing, None)
        assert stored[0] is thing and stored[1] is None


def test_positional_counts(mod):
    assert mod.positional("", False) == []
    assert mod.positional("i|ii", False, 1) == [1, ..., ...]
    assert mod.positional("i|ii", False, 1, 2) == [1, 2, ...]
    assert mod.positional("|OsdpLbf", False) == [...] * 7
    with pytest.raises(TypeError, match=r"^twice\(\) required positional argument missing$"):
        mod.positional("ii:twice", False, 1)
    with pytest.raises(TypeError, match=r"^twice\(\) mismatched args \(too many arguments for fmt\)$"):
        mod.positional("ii:twice", False, 1, 2, 3)
    with pytest.raises(TypeError, match="^say this instead$"):
        mod.positional("ii;say this instead", False, 1)


@pytest.mark.parametrize("fmt", ["Z", "i$i", "i i", "é", "{", "%"])
def test_an_unknown_unit_is_a_system_error(mod, fmt):
    with pytest.raises(SystemError, match="unknown arg format code"):
        mod.positional(fmt, False, 1, 2)


def test_a_long_function_name_is_cut_in_messages(mod):
    with pytest.raises(TypeError) as info:
        mod.positional("i:" + "x" * 1000, False)
    assert str(info.value) == "x" * 200 + "() required positional argument missing"


# By keyword; the two forms take the same arguments.


@pytest.fixture(params=["names", "dict"])
def parse(request, mod):
    if request.param == "names":
        return lambda fmt, names, *args, tracked=True, **kw: mod.keywords(fmt, tracked, names, *args, **kw)
    return lambda fmt, names, *args, tracked=True, **kw: mod.keywords_dict(fmt, tracked, names, kw, *args)


def test_by_position_by_name_and_mixed(parse):
    names = ("a", "b", "c")
    assert parse("iOs", names, 1, 2, "x") == [1, 2, "x"]
    assert parse("iOs", names, c="x", a=1, b=2) == [1, 2, "x"]
    assert parse("iOs", names, 1, c="x", b=2) == [1, 2, "x"]
    assert parse("iii", names, 1, 2, c=3, tracked=False) == [1, 2, 3]


def test_optional_and_keyword_only(parse):
    names = ("a", "b", "c")
    assert parse("i|i$i", names, 1) == [1, ..., ...]
    assert parse("i|i$i", names, 1, c=3) == [1, ..., 3]
    assert parse("i$ii", names, 1) == [1, ..., ...]
    with pytest.raises(TypeError, match=r"^f\(\) keyword only argument passed as positional argument$"):
        parse("i|i$i:f", names, 1, 2, 3)


def test_positional_only(parse):
    assert parse("ii", ("", "b"), 1, b=2) == [1, 2]
    with pytest.raises(TypeError, match="function no value for required argument"):
        parse("ii", ("", "b"), b=2)
    with pytest.raises(SystemError, match="function empty keyword parameter name"):
        parse("ii", ("a", ""), 1, 2)
    with pytest.raises(SystemError, match="function empty keyword parameter name"):
        parse("iii", ("", "b", ""))


def test_missing_and_superfluous_arguments(parse):
    with pytest.raises(TypeError, match=r"^f\(\) no value for required argument$"):
        parse("ii:f", ("a", "b"), 1)
    with pytest.raises(TypeError, match=r"^f\(\) mismatched args \(too many arguments for fmt\)$"):
        parse("ii:f", ("a", "b"), 1, 2, 3)
    with pytest.raises(TypeError, match=r"^f\(\) got an unexpected keyword argument 'z'$"):
        parse("i|i:f", ("a", "b"), 1, z=2)
    with pytest.raises(TypeError, match=r"^f\(\) argument 'a' is given by position and by name$"):
        parse("i|i:f", ("a", "b"), 1, a=2)


def test_format_and_names_must_agree(parse):
    with pytest.raises(TypeError, match="too few keywords for fmt"):
        parse("ii", ("a",), 1, 2)
    with pytest.raises(TypeError, match="too many keywords for fmt"):
        parse("i", ("a", "b"), 1)


def test_handles_by_keyword_need_a_tracker(parse):
    with pytest.raises(SystemError, match="Please supply an HPyTracker"):
        parse("O", ("a",), 1, tracked=False)


def test_a_failed_parse_leaves_nothing_open(parse):
    # In debug mode the fixture looks for handles that are left open.
    with pytest.raises(TypeError):
        parse("OOi", ("a", "b", "c"), object(), b=object(), c="no int")


def test_no_keywords_at_all(mod):
    assert mod.keywords_dict("i|i", False, ("a", "b"), NotImplemented, 1) == [1, ...]


def test_names_are_compared_in_full(parse):
    with pytest.raises(TypeError):
        parse("i", ("ab",), **{"a": 1})
    with pytest.raises(TypeError):
        parse("i", ("a",), **{"a\0b": 1})
    assert parse("i", ("größe",), **{"größe": 1}) == [1]


def test_a_mapping_that_fails_is_not_a_missing_argument(mod):
    class Broken(dict):
        def __getitem__(self, key):
            raise ZeroDivisionError(key)

    with pytest.raises(ZeroDivisionError):
        mod.keywords_dict("i", False, ("a",), Broken(a=1))


@settings(max_examples=300, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(
    fmt=st.text(alphabet="bBhHiIlkLKnfdspO|$:;Z +", max_size=8),
    args=st.lists(st.one_of(st.integers(), st.floats(), st.text(max_size=3), st.none()), max_size=6),
)
def test_any_format_gives_values_or_an_exception(mod, fmt, args):
    try:
        stored = mod.positional(fmt, True, *args)
    except (TypeError, ValueError, OverflowError, SystemError):
        return
    units = [c for c in fmt.partition(":")[0].partition(";")[0] if c != "|"]
    assert len(stored) == len(units)
