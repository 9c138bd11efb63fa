"""Derived special methods and enumerations of the Rust SDK: see rust_ext/src/values.rs."""

from __future__ import annotations

import copy
import enum
import pickle
import sys

import pytest
import rust_extension
from test_rust_sdk import message, mod  # noqa: F401

pytestmark = [
    pytest.mark.abis("universal", "cpython"),
    pytest.mark.filterwarnings("error::pytest.PytestUnraisableExceptionWarning"),
]


class TestDerived:
    def test_repr(self, mod):
        assert repr(mod.Point(1, -2, tag=3)) == "Point(x=1, why=-2)"
        reading = mod.Reading(0.5, ["a'b", "\u00fc"])
        assert repr(reading) == "Reading(value=0.5, labels=[\"a'b\", '\u00fc'])"
        reading.value = float("nan")
        assert repr(reading).startswith("Reading(value=nan,")

    def test_equality(self, mod):
        Point = mod.Point
        assert Point(1, 2) == Point(1, 2) and not Point(1, 2) != Point(1, 2)
        assert Point(1, 2) != Point(1, 3) and Point(1, 2, tag=1) != Point(1, 2)
        assert Point(1, 2) != (1, 2) and not Point(1, 2) == None  # noqa: E711
        one = mod.Reading(1.0, ["x"])
        assert one == one and one == mod.Reading(1, ["x"]) and one != mod.Reading(1, [])
        assert one.__eq__(3) is NotImplemented

    def test_order(self, mod):
        points = [mod.Point(x, y) for x in (2, 0, 1) for y in (5, -5)]
        ordered = sorted(points)
        assert [(point.x, point.why) for point in ordered] == sorted((point.x, point.why) for point in points)
        assert ordered[0] <= ordered[1] and ordered[1] > ordered[0] and not ordered[0] >= ordered[1]
        with pytest.raises(TypeError, match="not supported between instances of"):
            points[0] < 3
        with pytest.raises(TypeError, match="'<' not supported between instances of"):
            mod.Reading(1, []) < mod.Reading(2, [])
        nan = mod.Measure(float("nan"))
        assert not nan < nan and not nan >= nan and not nan == nan and nan != nan
        assert mod.Measure(1) < mod.Measure(2)

    def test_hash(self, mod):
        assert hash(mod.Point(1, 2)) == hash(mod.Point(1, 2)) != hash(mod.Point(2, 1))
        assert len({mod.Point(1, 1), mod.Point(1, 1), mod.Point(1, 2)}) == 2
        assert "unhashable type" in message(TypeError, hash, mod.Reading(1, []))
        assert "unhashable type" in message(TypeError, hash, mod.Measure(1))

    def test_match_args(self, mod):
        assert mod.Point.__match_args__ == ("x", "why")
        assert not hasattr(mod.Reading, "__match_args__")
        if sys.version_info >= (3, 10):
            space = {"point": mod.Point(3, 4), "Point": mod.Point}
            exec("match point:\n case Point(0, _): found = 0\n case Point(x, y): found = x, y", space)
            assert space["found"] == (3, 4)

    @rust_extension.needs_hpy_rs
    def test_python_subclass(self, mod):
        class Sub(mod.Point):
            pass

        assert repr(Sub(1, 2)) == "Sub(x=1, why=2)" and Sub(1, 2) == mod.Point(1, 2) and Sub(0) < mod.Point(1)


class TestEnumerations:
    def test_class(self, mod):
        assert issubclass(mod.Color, enum.Enum) and not issubclass(mod.Color, int)
        assert [(member.name, member.value) for member in mod.Color] == [("RED", 1), ("GREEN", 2), ("BLUE", 10)]
        assert (mod.Color.__name__, mod.Color.__module__, mod.Color.__doc__) == ("Color", "rust_ext", "The colours.")
        assert mod.Color(10) is mod.Color.BLUE and mod.Color["RED"] is mod.Color.RED
        assert repr(mod.Color.RED) == "<Color.RED: 1>"

    def test_conversions(self, mod):
        Color = mod.Color
        assert mod.next_color() is Color.RED
        assert mod.next_color(Color.RED) is Color.GREEN and mod.next_color(Color.GREEN) is Color.BLUE
        assert mod.colors([Color.RED, Color.BLUE]) == [Color.BLUE, Color.RED]
        assert message(TypeError, mod.next_color, 1) == "next_color() argument 'color' must be Color, not int"
        other = enum.Enum("Color", "RED")
        assert message(TypeError, mod.next_color, other.RED) == "next_color() argument 'color' must be Color, not Color"
        assert "item 1 of the sequence must be Color, not str" in message(TypeError, mod.colors, [Color.RED, "RED"])

    def test_ints(self, mod):
        assert issubclass(mod.Level, enum.IntEnum)
        assert mod.Level.Low == -5 and mod.Level.High == 2**20 and mod.Level.Low + 1 == -4
        assert mod.level_name(mod.Level.Low) == ("low", mod.Level.High)
        assert message(TypeError, mod.level_name, -5) == "level_name() argument 'level' must be Level, not int"

    def test_flags(self, mod):
        Access = mod.Access
        assert issubclass(Access, enum.IntFlag) and (Access.Read | Access.Write).value == 3
        assert mod.can_write(Access.Write) and not mod.can_write(Access.Read)
        assert "is no single member of Access" in message(ValueError, mod.can_write, Access.Read | Access.Write)

    def test_copies(self, mod, monkeypatch):
        monkeypatch.setitem(sys.modules, "rust_ext", mod)
        assert copy.deepcopy(mod.Color.RED) is mod.Color.RED
        assert pickle.loads(pickle.dumps(mod.Color.BLUE)) is mod.Color.BLUE
