"""Trace mode: counts, hooks, the recording and `python -m hpy.trace run`."""

from __future__ import annotations

import json
import subprocess
import sys
from collections import Counter
from pathlib import Path

import pytest

import extensions
from hpy.universal import _trace

TRACE = extensions.VARIANTS["trace"]

needs_names = pytest.mark.skipif(not extensions.THUNKS, reason="functions have no names on trampolines")


@pytest.fixture
def mod():
    module = extensions.load("dbg", extensions.build("dbg"), TRACE)
    yield module
    _trace.set_trace_functions(on_enter=None, on_exit=None)


def test_counts_and_durations(mod):
    before, spent = Counter(_trace.get_call_counts()), Counter(_trace.get_durations())
    mod.churn(1000)
    assert Counter(_trace.get_call_counts()) - before == {"ctx_Dup": 1001, "ctx_Close": 1000, "ctx_Long_AsInt64_t": 1}
    assert set(Counter(_trace.get_durations()) - spent) <= {"ctx_Dup", "ctx_Close", "ctx_Long_AsInt64_t"}
    assert _trace.get_frequency() == 1_000_000_000


def test_hooks_see_names_in_order(mod):
    seen = []
    _trace.set_trace_functions(lambda name: seen.append(("enter", name)), lambda name: seen.append(("exit", name)))
    assert mod.add(1, 2) == 3
    assert seen == [("enter", "ctx_Add"), ("exit", "ctx_Add")]


def test_hooks_keep_the_pending_exception(mod):
    seen = []
    _trace.set_trace_functions(seen.append, seen.append)
    with pytest.raises(TypeError, match="unsupported operand"):
        mod.add(1, "one")
    with pytest.raises(TypeError, match="add takes two arguments"):
        mod.add()
    assert seen == ["ctx_Add"] * 2 + ["ctx_Err_SetString"] * 2


def test_a_hook_may_empty_the_field_that_is_loaded():
    source = Path(__file__).with_name("threads").joinpath("threads_ext.c").read_text()
    box = extensions.load("threads_ext", extensions.build("threads_ext", "universal", source), TRACE).new_box()

    class Kept:
        """Nothing but the field refers to it."""

    def empty(name):
        if name == "ctx_Field_Load":
            box.put(None)

    box.put(Kept())
    _trace.set_trace_functions(on_enter=empty)
    try:
        value = box.get()
    finally:
        _trace.set_trace_functions(on_enter=None)
    assert type(value) is Kept and box.get() is None


def test_a_hook_that_raises_is_unraisable(mod, monkeypatch):
    unraisable = []
    monkeypatch.setattr(sys, "unraisablehook", lambda info: unraisable.append(str(info.exc_value)))

    def hook(name):
        raise RuntimeError(name)

    _trace.set_trace_functions(on_exit=hook)
    assert mod.add(1, 2) == 3
    assert unraisable == ["ctx_Add"]


def test_a_hook_may_call_the_extension_and_take_itself_away(mod):
    calls = []

    def hook(name):
        calls.append((name, mod.add(1, 1)))
        _trace.set_trace_functions(on_enter=None)

    _trace.set_trace_functions(on_enter=hook)
    assert mod.add(2, 2) == 4 and mod.add(3, 3) == 6
    assert calls == [("ctx_Add", 2)]


@pytest.mark.parametrize(
    "args, kwargs", [((1,), {}), ((None, None, None), {}), ((None,), {"on_enter": None}), ((), {"on_leave": None})]
)
def test_wrong_hooks_are_refused(args, kwargs):
    with pytest.raises(TypeError):
        _trace.set_trace_functions(*args, **kwargs)


@needs_names
def test_a_recording_nests_calls_under_functions(mod):
    _trace.start_recording(10)
    mod.add(1, 2)
    events = _trace.stop_recording()
    assert [(name, of_extension) for name, of_extension, *_ in events] == [("ctx_Add", False), ("dbg.add", True)]
    (_, _, thread, start, duration), (_, _, outer_thread, outer_start, outer_duration) = events
    assert thread == outer_thread
    assert outer_start <= start and start + duration <= outer_start + outer_duration
    mod.add(1, 2)
    assert _trace.stop_recording() == []


def test_a_recording_is_bounded(mod):
    _trace.start_recording(5)
    mod.churn(100)
    assert len(_trace.stop_recording()) == 5
    assert _trace.get_dropped() == 198


@needs_names
def test_run_writes_a_table_and_a_timeline(tmp_path):
    path = str(extensions.build("dbg"))
    script = tmp_path / "program.py"
    script.write_text(
        "import importlib.machinery\n"
        "from hpy.universal import load, MODE_TRACE\n"
        f"mod = load('dbg', {path!r}, importlib.machinery.ModuleSpec('dbg', None, origin={path!r}), mode=MODE_TRACE)\n"
        "mod.add(1, 2)\n"
    )
    out = tmp_path / "trace.json"
    line = [sys.executable, "-m", "hpy.trace", "run", "--output", str(out), str(script)]
    done = subprocess.run(line, capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, done.stderr
    assert "total ms" in done.stderr and "ctx_Add" in done.stderr
    events = json.loads(out.read_text())["traceEvents"]
    assert [(event["name"], event["cat"], event["ph"]) for event in events if event["name"].endswith("dd")] == [
        ("dbg.add", "extension", "X"),
        ("ctx_Add", "context", "X"),
    ]
