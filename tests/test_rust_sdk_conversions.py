"""Conversions of the Rust SDK, both ways: each function gives back what it is given."""

from __future__ import annotations

import array
import datetime
import math
import operator
import os
import pathlib
import sys

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from test_rust_sdk import message, mod  # noqa: F401

import extensions
import rust_extension

pytestmark = [
    pytest.mark.abis("universal", "cpython"),
    pytest.mark.filterwarnings("error::pytest.PytestUnraisableExceptionWarning"),
]


def plain():
    """The module in universal mode, for tests that run a function often."""
    return rust_extension.load(extensions.VARIANTS["universal"])


RANGES = {
    "echo_i8": (-(2**7), 2**7 - 1),
    "echo_u8": (0, 2**8 - 1),
    "echo_i16": (-(2**15), 2**15 - 1),
    "echo_u16": (0, 2**16 - 1),
    "echo_i32": (-(2**31), 2**31 - 1),
    "echo_u32": (0, 2**32 - 1),
    "echo_isize": (-sys.maxsize - 1, sys.maxsize),
    "echo_usize": (0, 2 * sys.maxsize + 1),
    "echo_i64": (-(2**63), 2**63 - 1),
    "echo_u64": (0, 2**64 - 1),
    "echo_i128": (-(2**127), 2**127 - 1),
    "echo_u128": (0, 2**128 - 1),
}


@pytest.mark.parametrize("name", RANGES)
def test_integers(mod, name):
    echo = getattr(mod, name)
    low, high = RANGES[name]
    for value in (low, low + 1, 0, 1, high // 3, high - 1, high):
        assert echo(value) == value
    for value in (low - 1, high + 1, 2**200, -(2**200)):
        assert message(OverflowError, echo, value)
    assert echo(True) == 1

    class Index:
        def __index__(self):
            return 5

    assert echo(Index()) == 5
    for value in (1.0, "1", None):
        assert message(TypeError, echo, value) == f"{name}() argument 'value' must be int, not {type(value).__name__}"

    class Broken:
        def __index__(self):
            raise KeyError("from __index__")

    assert message(KeyError, echo, Broken()) == "'from __index__'"

    class Wrong:
        def __index__(self):
            return "no int"

    assert message(TypeError, echo, Wrong()) == message(TypeError, operator.index, Wrong())


def test_range_error_teaches(mod):
    assert message(OverflowError, mod.echo_u8, 300) == "echo_u8() argument 'value': 300 is not in the range of u8, 0 to 255"


@settings(deadline=None)
@given(st.integers(-(2**127), 2**127 - 1))
def test_any_i128(value):
    assert plain().echo_i128(value) == value


@settings(deadline=None)
@given(st.floats())
def test_any_float(value):
    result = plain().echo_f64(value)
    assert result == value or (math.isnan(value) and math.isnan(result))


@settings(deadline=None)
@given(st.text())
def test_any_text(value):
    try:
        value.encode()
    except UnicodeEncodeError:
        with pytest.raises(UnicodeEncodeError):
            plain().echo_str(value)
    else:
        assert plain().echo_str(value) == value


@settings(deadline=None)
@given(st.binary())
def test_any_bytes(value):
    assert plain().echo_bytes(value) == value


@settings(deadline=None)
@given(st.lists(st.integers(-(2**63), 2**63 - 1)))
def test_any_ints(value):
    assert plain().echo_vec_i64(value) == value
    assert plain().echo_vec_i64(tuple(value)) == value


def test_floats(mod):
    assert mod.echo_f64(3) == 3.0
    assert mod.echo_f32(0.1) == pytest.approx(0.1)
    assert message(TypeError, mod.echo_f64, "x") == "echo_f64() argument 'value' must be float, not str"
    assert mod.echo_f64(-1.0) == -1.0

    class Broken:
        def __float__(self):
            return "no float"

    assert message(TypeError, mod.echo_f64, Broken()) == message(TypeError, float, Broken())
    assert message(TypeError, mod.echo_f64, []) == "echo_f64() argument 'value' must be float, not list"


def test_bool_and_char(mod):
    assert mod.echo_bool(True) is True
    assert mod.echo_bool(False) is False
    assert message(TypeError, mod.echo_bool, 1) == "echo_bool() argument 'value' must be bool, not int"
    assert mod.echo_char("\U0001f600") == "\U0001f600"
    assert message(ValueError, mod.echo_char, "ab").endswith("expected a str of length 1, got one of length 2")


def test_text(mod):
    for text in ("", "a", "caf\u00e9", "\U0001f600" * 300, "with\0nul", "\u00e9\0", "x" * 1000):
        assert mod.echo_str(text) == text
    assert message(UnicodeEncodeError, mod.echo_str, "\ud800")


def test_option_and_tuples(mod):
    assert mod.echo_option(None) is None
    assert mod.echo_option(3) == 3
    assert mod.echo_pair((1, "a")) == (1, "a")
    assert mod.echo_pair([1, "a"]) == (1, "a")
    assert mod.echo_tuple12(tuple(range(12))) == tuple(range(12))
    assert mod.echo_tuple1(("x",)) == ("x",)
    assert message(ValueError, mod.echo_pair, (1,)).endswith("expected a tuple of length 2, got one of length 1")
    assert message(TypeError, mod.echo_pair, (1, 2)).endswith("item 1 of the tuple must be str, not int")
    assert message(TypeError, mod.echo_pair, "ab") == "echo_pair() argument 'value' must be tuple, not str"


def test_sequences(mod):
    assert mod.echo_vec_i64(range(3)) == [0, 1, 2]
    assert mod.echo_vec_f64([1, 2.5, True]) == [1.0, 2.5, 1.0]
    assert mod.echo_vec_f64(()) == []
    assert mod.echo_vec_u8(b"abc") == b"abc"
    assert mod.echo_vec_u8([1, 2]) == b"\x01\x02"
    assert mod.echo_vec_str(iter(["a", "b"])) == ["a", "b"]
    assert mod.echo_array([1, 2, 3]) == [1, 2, 3]
    assert mod.slice_sum((1, 2, 3)) == 6
    assert message(ValueError, mod.echo_array, [1]).endswith("expected a sequence of length 3, got one of length 1")
    assert message(TypeError, mod.echo_vec_str, "abc") == "echo_vec_str() argument 'value' must be a sequence, not str"
    assert message(TypeError, mod.echo_vec_f64, [1.0, "x"]).endswith("item 1 of the sequence must be float, not str")
    assert message(OverflowError, mod.echo_vec_i64, [2**63])
    assert message(TypeError, mod.echo_vec_i64, [1, 2.5]).endswith("item 1 of the sequence must be int, not float")


def test_a_list_that_changes_while_it_is_read(mod):
    class Shrinks:
        def __float__(self):
            items.clear()
            return 1.0

        __index__ = __int__ = lambda self: 1

    items: list = []
    items += [Shrinks()] * 50
    # How much is read before the list is seen to be shorter is the runtime's choice.
    assert set(mod.echo_vec_f64(items)) <= {1.0}
    items += [Shrinks()] * 3
    assert mod.echo_vec_i64(items) == [1, 1, 1]


def test_maps_and_sets(mod):
    assert mod.echo_map({"a": 1, "b": 2}) == {"a": 1, "b": 2}
    assert list(mod.echo_btree({3: [1], 1: [], 2: [5, 6]}).items()) == [(1, []), (2, [5, 6]), (3, [1])]
    assert mod.echo_set([1, 2, 1]) == {1, 2}
    assert mod.echo_set(frozenset({4})) == {4}
    made = mod.echo_btree_set(["b", "a", "b"])
    assert type(made) is set and made == {"a", "b"}
    assert message(TypeError, mod.echo_btree_set, {1}).endswith("must be str, not int")
    assert message(TypeError, mod.echo_map, []) == "echo_map() argument 'value' must be dict, not list"
    assert message(TypeError, mod.echo_map, {1: 1}).endswith("dict key must be str, not int")
    assert message(TypeError, mod.echo_map, {"a": "b"}).endswith("dict value 'a' must be int, not str")


def test_conversions_within_conversions(mod):
    second = datetime.timedelta(seconds=1)
    value = {(1, "a"): [[second, 2 * second]], (-1, ""): None, (2, "b"): []}
    assert mod.echo_nested(value) == value
    assert message(TypeError, mod.echo_nested, {(1, 2): None}).endswith("dict key: item 1 of the tuple must be str, not int")
    assert message(ValueError, mod.echo_nested, {(1, "a"): [[second]]}).endswith("expected a sequence of length 2, got one of length 1")


def test_time(mod):
    for delta in (datetime.timedelta(0), datetime.timedelta(days=400, seconds=5, microseconds=7)):
        assert mod.echo_duration(delta) == delta
    assert message(ValueError, mod.echo_duration, datetime.timedelta(-1)).endswith("a duration cannot be negative")
    utc = datetime.timezone.utc
    for moment in (
        datetime.datetime(2024, 2, 29, 12, 30, 1, 999999, tzinfo=utc),
        datetime.datetime(1901, 1, 1, 0, 0, 0, 1, tzinfo=utc),
        datetime.datetime(2000, 1, 1, tzinfo=datetime.timezone(datetime.timedelta(hours=5))),
    ):
        assert mod.echo_time(moment) == moment
        assert mod.echo_time(moment).tzinfo is utc
    naive = datetime.datetime(2020, 1, 1)
    assert mod.echo_time(naive).timestamp() == naive.timestamp()
    assert message(TypeError, mod.echo_time, 3).endswith("must be datetime.datetime, not int")


def test_paths(mod):
    assert mod.echo_path("a/b") == pathlib.Path("a/b")
    assert mod.echo_path(pathlib.Path("x")) == pathlib.Path("x")
    assert mod.echo_path(b"bytes") == pathlib.Path("bytes")
    odd = os.fsdecode(b"\xff\xfe")
    assert mod.echo_os(odd) == odd
    assert message(TypeError, mod.echo_path, 3).endswith("must be str, bytes or os.PathLike object, not int")


class Config:
    def __init__(self):
        self.name = "n"
        setattr(self, "class", [1, 2])


def test_derived(mod):
    assert mod.echo_config({"name": "x", "size": 1, "class": []}) == {"name": "x", "size": 1, "class": []}
    assert mod.echo_config(Config()) == {"name": "n", "size": None, "class": [1, 2]}
    assert message(TypeError, mod.echo_config, {"size": 1}).endswith("Config.name is missing")
    assert message(TypeError, mod.echo_config, {"name": 1, "class": []}).endswith("Config.name must be str, not int")
    assert mod.echo_shape({"radius": 1}) == {"radius": 1.0}
    assert mod.echo_shape((1, 2)) == (1.0, 2.0)
    assert mod.echo_shape("text") == "text"
    assert message(TypeError, mod.echo_shape, 3).endswith("must be one of Circle, Rectangle, Text, empty, not int")
    assert mod.echo_wrapper(7) == 7


class TestBuffers:
    @rust_extension.needs_hpy_rs
    def test_read(self, mod):
        assert mod.sum_buffer(array.array("d", [1.5, 2.5])) == 4.0
        assert mod.sum_buffer(memoryview(array.array("d", range(6)))[::2]) == 6.0
        data = memoryview(array.array("i", range(6)).tobytes()).cast("i", shape=[2, 3])
        assert mod.buffer_info(data) == ([2, 3], [12, 4], True, list(range(6)), 5)
        backwards = memoryview(array.array("i", range(4)))[::-1]
        assert mod.buffer_info(backwards) == ([4], [-4], False, [3, 2, 1, 0], 0)
        assert mod.buffer_info(array.array("i")) == ([0], [4], True, [], None)

    @rust_extension.needs_other_hpy
    def test_read_a_copy(self, mod):
        """Without the extension table `memoryview` reads: the items are the same, one behind the other."""
        assert mod.sum_buffer(array.array("d", [1.5, 2.5])) == 4.0
        assert mod.sum_buffer(memoryview(array.array("d", range(6)))[::2]) == 6.0
        data = memoryview(array.array("i", range(6)).tobytes()).cast("i", shape=[2, 3])
        assert mod.buffer_info(data) == ([2, 3], [12, 4], True, list(range(6)), 5)
        backwards = memoryview(array.array("i", range(4)))[::-1]
        assert mod.buffer_info(backwards) == ([4], [4], True, [3, 2, 1, 0], 0)
        assert mod.buffer_info(array.array("i")) == ([0], [4], True, [], None)
        values = array.array("d", [1.0])
        refused = message(BufferError, mod.double_buffer, values)
        assert refused == "double_buffer() argument 'values': this HPy runtime gives no writable view of memory"
        assert list(values) == [1.0]

    @rust_extension.needs_hpy_rs
    def test_write(self, mod):
        values = array.array("d", [1.0, 2.0, 3.0])
        assert mod.double_buffer(values) == 3
        assert list(values) == [2.0, 4.0, 6.0]
        values.append(1.0)  # the view was released
        assert mod.double_buffer(memoryview(values)[::2]) == 2
        assert list(values) == [4.0, 4.0, 12.0, 1.0]

    def test_refused(self, mod):
        assert message(TypeError, mod.sum_buffer, 3).endswith("must be an object with a buffer, not int")
        assert "expected a buffer of float64, got one of format 'i'" in message(TypeError, mod.sum_buffer, array.array("i", [1]))
        assert message(BufferError, mod.double_buffer, memoryview(array.array("d", [1.0])).toreadonly())


@settings(deadline=None)
@given(st.one_of(st.integers(), st.integers(-(2**70), 2**70), st.integers(-(2**2000), 2**2000)))
def test_ints_of_any_size(value):
    assert plain().echo_bigint(value) == value
    assert plain().echo_biguint(abs(value)) == abs(value)


@pytest.mark.parametrize("bits", [7, 8, 62, 63, 64, 65, 127, 128, 255, 256, 1000])
def test_ints_at_edges(mod, bits):
    for value in (2**bits - 1, 2**bits, 2**bits + 1):
        assert mod.echo_bigint(value) == value and mod.echo_bigint(-value) == -value and mod.echo_biguint(value) == value


def test_big_int_errors(mod):
    class Index:
        def __index__(self):
            return 10**30

    assert mod.echo_bigint(Index()) == 10**30 and mod.echo_bigint(True) == 1
    assert message(TypeError, mod.echo_bigint, 1.5) == "echo_bigint() argument 'value' must be int, not float"
    assert message(TypeError, mod.echo_bigint, "1") == "echo_bigint() argument 'value' must be int, not str"
    assert "can't convert negative int to unsigned" in message(OverflowError, mod.echo_biguint, -(10**30))


def test_complex_numbers(mod):
    class Special:
        def __complex__(self):
            return 3j

    for value in (0j, 1 + 2j, complex("inf"), complex(-0.0, -0.0), 5, 2.5, True):
        assert mod.echo_complex(value) == value and type(mod.echo_complex(value)) is complex
    assert mod.echo_complex(complex("nan+1j")).imag == 1
    assert mod.echo_complex(Special()) == 3j and mod.echo_complexes([1, 2j]) == [1, 2j]
    assert message(TypeError, mod.echo_complex, "1j") == "echo_complex() argument 'value' must be complex, not str"
    assert message(TypeError, mod.echo_complex, None) == "echo_complex() argument 'value' must be complex, not NoneType"
    assert message(TypeError, mod.echo_complexes, [1, "2"]).endswith("item 1 of the sequence must be complex, not str")


@settings(deadline=None)
@given(st.dates(), st.times(), st.datetimes(), st.timedeltas())
def test_calendar(date, time, moment, delta):
    m = plain()
    assert m.echo_date(date) == date and m.echo_time_of_day(time) == time.replace(tzinfo=None)
    assert m.echo_datetime(moment) == moment and m.echo_delta(delta) == delta


def test_calendar_edges(mod):
    zone = datetime.timezone(datetime.timedelta(hours=-3, minutes=-30))
    moment = datetime.datetime(2024, 2, 29, 23, 59, 59, 999999, zone)
    assert mod.echo_datetime(moment) == moment and mod.echo_datetime(moment).utcoffset() == moment.utcoffset()
    assert mod.echo_date(moment) == datetime.date(2024, 2, 29)
    assert mod.echo_delta(datetime.timedelta.min) == datetime.timedelta.min
    assert message(TypeError, mod.echo_date, "x") == "echo_date() argument 'value' must be datetime.date, not str"
    assert message(TypeError, mod.echo_datetime, datetime.date.min).endswith("must be datetime.datetime, not date")
    assert message(TypeError, mod.echo_time_of_day, 1).endswith("must be datetime.time, not int")


def test_attributes_and_tuples(mod):
    import types

    made = mod.echo_settings(types.SimpleNamespace(level=3, **{"lambda": 0.5}))
    assert type(made) is types.SimpleNamespace and made == types.SimpleNamespace(level=3, **{"lambda": 0.5})
    assert getattr(mod.echo_settings(types.SimpleNamespace(level=1)), "lambda") is None
    assert message(TypeError, mod.echo_settings, {"level": 1}).endswith("Settings.level is missing")
    assert mod.echo_row(("k", 2)) == ("k", 2)
    assert message(ValueError, mod.echo_row, ("k",)).endswith("expected a tuple of length 2, got one of length 1")


def test_instances_of_classes_are_given_back(mod):
    made = mod.counters_of([2, 0, 3])
    assert [type(one).__name__ for one in made] == ["Counter", "NoneType", "Counter"]
    assert [one.count for one in made if one] == [2, 3]
    assert type(made[0]) is mod.Counter and made[0].increment() == 3
    assert message(ValueError, mod.counters_of, [1, 13]) == "13 is not counted"


def test_items_of_containers_may_be_handles(mod):
    counters = mod.counters_of([2, 3])
    thing, lists = object(), [[1], [2], [3]]
    assert mod.in_containers(iter(counters), {"a": thing}, ("text", 1), lists) == (5, [thing], "text", lists)
    given = mod.in_containers(tuple(counters), {"a": thing}, ["text", 1], tuple(lists))
    assert given[1][0] is thing and all(a is b for a, b in zip(given[3], lists))
    bad = [*counters, 3], {}, ("text", 1), lists
    assert message(TypeError, mod.in_containers, *bad) == (
        "in_containers() argument 'list': item 2 of the sequence must be Counter, not int"
    )
    bad = counters, {}, (b"text", 1), lists
    assert message(TypeError, mod.in_containers, *bad) == (
        "in_containers() argument 'pair': item 0 of the tuple must be str, not bytes"
    )
    bad = counters, {1: thing}, ("text", 1), lists
    assert message(TypeError, mod.in_containers, *bad) == "in_containers() argument 'map': dict key must be str, not int"
    bad = counters, {}, ("text", 1), lists[:2]
    assert "of length 3, got one of length 2" in message(ValueError, mod.in_containers, *bad)


def test_parts_of_derived_structs_may_be_handles(mod):
    thing, following = object(), [1]

    class Task:
        name, run, next = "a", staticmethod(lambda: thing), following

    assert mod.run_task(Task) == {"name": "a", "run": thing, "next": following}
    done = mod.run_task({"name": "b", "run": lambda: 3})
    assert done == {"name": "b", "run": 3, "next": None}
    assert message(TypeError, mod.run_task, {"name": 1}) == "run_task() argument 'task': Task.name must be str, not int"
    assert message(TypeError, mod.run_task, {"name": ""}) == "run_task() argument 'task': Task.run is missing"
    bad = {"name": "", "run": print, "next": ()}
    assert message(TypeError, mod.run_task, bad) == "run_task() argument 'task': Task.next must be list, not tuple"
    assert mod.echo_either(following) is following
    assert mod.echo_either({"value": thing})["value"] is thing
    assert message(TypeError, mod.echo_either, {}) == "echo_either() argument 'value' must be one of Left, Right, not dict"


def test_a_conversion_inside_of_a_function_says_what_was_expected(mod):
    assert mod.mapped(lambda number: number * 2, (1, 2)) == [2, 4]
    assert message(TypeError, mod.mapped, str, [1]) == "expected int, got str"
    assert message(ZeroDivisionError, mod.mapped, lambda number: 1 // number, [1, 0])
