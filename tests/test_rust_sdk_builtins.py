"""Classes of the Rust SDK that derive from built-in types: see rust_ext/src/builtins.rs."""

from __future__ import annotations

import copy
import gc
import sys
import weakref

import hpy.universal
import pytest
import rust_extension
from test_rust_sdk import message, mod  # noqa: F401

pytestmark = [
    pytest.mark.abis("universal", "cpython"),
    pytest.mark.filterwarnings("error::pytest.PytestUnraisableExceptionWarning"),
]

PYPY = sys.implementation.name == "pypy"


def test_hierarchy(mod):
    for name, base in [("Length", float), ("Named", int), ("Folded", str), ("Row", tuple), ("Log", list), ("Counts", dict)]:
        made = getattr(mod, name)
        assert made.__base__ is base and issubclass(made, base)
        assert (made.__name__, made.__module__) == (name, "rust_ext")
    assert mod.Distance.__mro__ == (mod.Distance, mod.Length, float, object)


@pytest.mark.skipif(hasattr(hpy.universal, "_direct"), reason="about PyPy's HPy and PyPI's hpy 0.9.0")
def test_construction_is_refused_where_the_runtime_has_no_room(mod):
    for name in ("Named", "Row", "Counts", *(("Length", "Folded", "Log", "Distance") if PYPY else ())):
        assert message(NotImplementedError, getattr(mod, name)) == (
            f"class {name} derives from a built-in type, and the HPy of this interpreter has no room there for what is its own"
        )


def test_float(mod):
    one = mod.Length(2.5, unit="km")
    assert one == 2.5 and one + 1 == 3.5 and isinstance(one, float) and hash(one) == hash(2.5)
    assert (one.unit, one.text(), repr(one)) == ("km", "2.5 km", "2.5 km")
    one.unit = "mi"
    assert one.text() == "2.5 mi"
    assert mod.Length() == 0.0 and mod.Length(7).text() == "7 m"
    assert mod.Length.meters(3.0) == 3 and type(mod.Length.meters(3.0)) is mod.Length
    assert mod.unit_of(one) == "mi"
    assert message(ValueError, mod.Length, 1, unit="") == "no unit"
    assert message(TypeError, mod.Length, "x") == "Length() argument 'value' must be float, not str"
    assert message(TypeError, mod.Length, 1, 2) == "Length() takes from 0 to 1 positional arguments but 2 were given"
    assert message(TypeError, mod.Length, nope=1) == "Length() got an unexpected keyword argument 'nope'"
    assert message(TypeError, mod.unit_of, 2.5) == "unit_of() argument 'length' must be Length, not float"


@pytest.mark.parametrize("value", [0, 1, -1, 255, 2**15, -(2**30), 2**31 - 1, 2**64, -(10**40), 10**300])
def test_int(mod, value):
    many = [mod.Named(value, f"n{count}") for count in range(20)]
    assert all(one == value and int(one) == value and one + 1 == value + 1 for one in many)
    assert [one.name for one in many] == [f"n{count}" for count in range(20)]
    assert {many[0]: 1}[value] == 1


def test_int_takes_what_int_takes(mod):
    assert mod.Named("12", "text") == 12
    assert message(ValueError, mod.Named, "x", "y") == "invalid literal for int() with base 10: 'x'"


def test_str(mod):
    for text in ("", "Hello", "\u00dcber", "\U0001f600A" * 50):
        one = mod.Folded(text)
        assert one == text.lower() and one.original == text and one.upper() == text.lower().upper()
        assert {one: 1}[text.lower()] == 1


def test_tuple(mod):
    for count in (0, 1, 2, 5, 100):
        row = mod.Row(*range(count))
        assert row == tuple(range(count)) and len(row) == count
        assert row.label is None
        row.label = [count]
        assert row.label == [count] and row + () == tuple(range(count))
        row.label = row
        alive = weakref.ref(type(row))
        del row
        gc.collect()
        assert alive() is mod.Row


def test_list(mod):
    log = mod.Log([1, 2])
    assert log == [1, 2] and log.appended == 0
    assert log.add("x") == 1
    log.append("y")
    assert log == [1, 2, "x", "y"] and log.appended == 1
    log.sort(key=str)
    assert log[0] == 1 and log[::-1] == list(log)[::-1]
    assert mod.Log() == [] and message(TypeError, mod.Log, 3) == "'int' object is not iterable"


def test_dict(mod):
    counts = mod.Counts(a=1)
    assert counts == {"a": 1} and counts["b"] == 0 and counts.missed == 1
    counts["c"] += 1
    assert counts == {"a": 1, "c": 1} and counts.missed == 2
    assert mod.Counts({"x": 1}, y=2) == {"x": 1, "y": 2}
    assert dict(counts) == {"a": 1, "c": 1}


def test_garbage(mod):
    class Probe:
        pass

    log = mod.Log()
    log.owner = log
    log.append(log)
    probe = Probe()
    log.append(probe)
    gone = weakref.ref(probe)
    del log, probe
    gc.collect()
    assert gone() is None


def test_rust_class_on_top(mod):
    way = mod.Distance(12.0, "Rome")
    assert way == 12 and way.unit == "km" and way.to == "Rome" and way.both() == "12 km to Rome"
    assert isinstance(way, mod.Length) and isinstance(way, float)
    assert mod.unit_of(way) == "km"


@rust_extension.needs_hpy_rs
def test_python_subclass(mod):
    class Mine(mod.Length):
        def __new__(cls, value, tag):
            self = super().__new__(cls, value, unit="ly")
            self.tag = tag
            return self

    mine = Mine(4.0, "far")
    assert mine == 4 and mine.tag == "far" and mine.text() == "4 ly"

    class Bag(mod.Log):
        def __init__(self, *items):
            super().__init__(items)
            self.extra = len(items)

    bag = Bag(1, 2, 3)
    assert bag == [1, 2, 3] and bag.extra == 3 and bag.add(4) == 1
    assert type(copy.copy([bag])[0]) is Bag


def test_new_is_safe(mod):
    new = mod.Length.__new__
    assert type(new(mod.Length, 1.0)) is mod.Length
    assert message(TypeError, new) == "Length.__new__(): not enough arguments"
    assert message(TypeError, new, int) == "Length.__new__(int): int is not a subtype of Length"
    with pytest.raises(TypeError):
        new(3)
    # The built-in's own way leaves the struct empty, and nothing reads it.
    bare = float.__new__(mod.Length, 5.0)
    assert bare == 5 and message(RuntimeError, bare.text) == "this Length was never initialised"


def test_made_by_rust_alone(mod):
    sealed = mod.seal(7)
    assert sealed == [] and sealed.seal == 7
    sealed.append(1)
    assert sealed == [1]
    assert message(TypeError, mod.Sealed) == "cannot create 'Sealed' instances"
    with pytest.raises(TypeError):

        class Sub(mod.Sealed):
            pass
