"""Threads that use one module at once: python stress.py SECONDS PARTS MODULE, run by tests/test_threads.py.

Each part named (by comma) runs for SECONDS in eight threads. An exception in one of them ends the program; a crash
and an assertion of a CPython that was built with assertions do too.
"""

from __future__ import annotations

import gc
import importlib
import sys
import threading
import time

THREADS = 8


class Thing:
    """What is kept and dropped: it can be in a cycle and has a finalizer."""

    def __init__(self, number):
        self.number = number
        self.me = self

    def __del__(self):
        self.number = None


class C:
    """The parts for threads_ext.c."""

    def __init__(self, mod):
        self.mod = mod
        self.box = mod.new_box()
        self.caller = mod.new_caller_type()()
        self.shared_list = [0] * 8
        self.shared_dict = {"key": 1, "other": 2}

    def fields(self, number):
        box = self.box
        box.put([number])
        assert type(box.get()) in (list, type(None), Thing), box.get()
        box.field = Thing(number)
        assert type(box.field) in (list, type(None), Thing), box.field
        if number % 3 == 0:
            box.empty()
        own = self.mod.new_box()
        own.put(own)
        assert own.get() is own

    def globals(self, number):
        assert type(self.mod.keep((number,))) in (tuple, Thing)
        assert type(self.mod.keep(Thing(number))) in (tuple, Thing)

    def builders(self, number):
        thing = Thing(number)
        assert self.mod.list(thing) == [thing] * 4 and self.mod.tuple(thing) == (thing,) * 4
        self.mod.cancel(thing)
        assert self.mod.tree(number) == {"number": number, "list": [number] * 2}

    def types(self, number):
        cls = self.mod.new_type()
        made = cls()
        made.put(cls)
        assert made.get() is cls

        class Sub(cls):
            pass

        Sub().put(Sub)
        self.caller.set(number % 2)
        assert self.caller() in (0, 1, 2)
        assert self.mod.new_caller_type()()() == 0

    def containers(self, number):
        mod, items, pairs = self.mod, self.shared_list, self.shared_dict
        mod.append(items, number)
        assert type(mod.item(items, 7)) in (int, type(None))
        mod.set_item(items, 3, number)
        assert mod.length(items) >= 0 and mod.sum(items) is not False and mod.contents(items) is not False
        if len(items) > 40:
            items.clear()
            items.extend(range(20))
            items[5:9] = []
        mod.set_key(pairs, number)
        assert type(mod.get_key(pairs)) in (int, type(None))
        pairs[str(number)] = number
        assert mod.length(pairs) >= 0 and mod.contents(pairs) is not False
        keys, copy = mod.keys_and_copy(pairs)
        assert type(keys) is list and type(copy) is dict
        mod.delete_key(pairs)
        if number == 0:
            pairs.clear()

    def calls(self, number):
        mod = self.mod
        assert mod.call(max, number, 3) == max(number, 3)
        assert mod.call(mod.call, mod.list, 1) == [1] * 4
        assert type(mod.work(number)) is int
        try:
            mod.call(int, "x")
        except ValueError:
            pass
        else:
            raise AssertionError("int('x') went well")

    def collect(self, number):
        if number == 0:
            gc.collect()
        self.mod.new_box().put(Thing(number))
        chain = None
        for _ in range(200):
            link = self.mod.new_box()
            link.put(chain)
            chain = link

    def everything(self, number):
        for part in (self.fields, self.globals, self.builders, self.types, self.containers, self.calls):
            part(number)

    def debug(self, number):
        """All of that in debug mode while threads look at its handles and set its hooks."""
        from hpy.universal import _debug

        self.everything(number)
        self.mod.keep_undeclared(number)
        if number == 1:
            for handle in _debug.get_open_handles(_debug.new_generation() - 1):
                repr(handle), handle.is_closed, handle.raw_data_size
        elif number == 2:
            _debug.set_on_finding(lambda finding: None)
            _debug.set_handle_stack_trace_limit(4)
        elif number == 3:
            assert type(_debug.get_findings()) is list
            _debug.set_handle_stack_trace_limit(None)
            _debug.set_on_finding(None)
        elif number == 4:
            for handle in _debug.get_closed_handles()[:20]:
                repr(handle), handle.id, handle.raw_data_size
            _debug.clear_findings()
        elif number == 5:
            _debug.set_closed_handles_queue_max_size(200 + 800 * (int(time.monotonic() * 100) % 2))

    def trace(self, number):
        """All of that in trace mode while threads set its hooks and read what it counts."""
        from hpy.universal import _trace

        self.everything(number)
        if number == 1:
            assert _trace.get_call_counts()["ctx_Field_Store"] > 0
        elif number == 2:
            _trace.set_trace_functions(on_enter=lambda name: None, on_exit=lambda name: None)
        elif number == 3:
            _trace.set_trace_functions(on_enter=None, on_exit=None)
        elif number == 4:
            _trace.start_recording(5000)
        elif number == 5:
            assert type(_trace.stop_recording()) is list

    def end(self):
        self.box.put(None)
        self.mod.keep(None)
        self.mod.keep_undeclared(None)


class Rust:
    """The parts for the suite's Rust extension."""

    def __init__(self, mod):
        self.mod = mod
        self.counter = mod.Counter()
        self.items = list(range(20))
        self.counted = [0] * THREADS

    def rust(self, number):
        mod = self.mod
        mod.remember(Thing(number))
        assert type(mod.recall()) is Thing
        # What two threads would change at once is refused to one of them.
        try:
            calls, last = mod.state_call(Thing(number))
            assert calls > 0 and type(last) in (Thing, type(None))
        except RuntimeError as error:
            assert "this Shared is in use" in str(error), error
        try:
            self.counter.increment()
            self.counted[number] += 1
        except RuntimeError as error:
            assert "this Counter is in use" in str(error), error
        assert mod.Items(1, 2, 3)[1] == 2 and mod.colors([]) == []
        self.items[number] = number * 2
        assert len(mod.list_items(self.items)) == 20
        assert mod.slice_sum([1, 2, 3]) == 6
        try:
            mod.Counter(step=0)
        except ValueError:
            pass

    def end(self):
        assert self.counter.count == sum(self.counted), "an increment is lost"
        self.mod.remember(None)


def hammer(part, seconds):
    barrier = threading.Barrier(THREADS)
    problems, turns = [], [0] * THREADS

    def work(number):
        barrier.wait()
        end = time.monotonic() + seconds
        try:
            while time.monotonic() < end and not problems:
                part(number)
                turns[number] += 1
        except BaseException as problem:
            problems.append(problem)

    threads = [threading.Thread(target=work, args=(number,)) for number in range(THREADS)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    if problems:
        raise problems[0]
    assert all(turns), turns
    print(part.__name__, sum(turns), file=sys.stderr, flush=True)


def main(seconds, parts, module):
    parts_of = Rust if module == "rust_ext" else C
    try:
        from hpy.universal import _debug

        _debug.set_print_findings(False)
    except ImportError:
        pass
    threads = parts_of(importlib.import_module(module))
    for part in parts.split(","):
        hammer(getattr(threads, part), seconds)
    threads.end()
    gc.collect()
    print("done", getattr(sys, "_is_gil_enabled", lambda: True)())


if __name__ == "__main__":
    main(float(sys.argv[1]), *sys.argv[2:])
