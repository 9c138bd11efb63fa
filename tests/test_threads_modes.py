"""Threads that use one module at once, in every ABI and mode. (test_threads.py has the long runs, and free threading.)"""

from __future__ import annotations

import gc
import sys
import threading
from pathlib import Path
from typing import Any, Callable

import pytest

import extensions

SOURCE = Path(__file__).with_name("threads").joinpath("threads_ext.c").read_text()
THREADS = 4
TURNS = 40


@pytest.fixture
def mod(variant: extensions.Variant):
    return extensions.load("threads_ext", extensions.build("threads_ext", variant.abi, SOURCE), variant)


@pytest.fixture
def often():
    """Threads take turns as often as the interpreter lets them."""
    before = sys.getswitchinterval()
    sys.setswitchinterval(1e-6)
    yield
    sys.setswitchinterval(before)


def in_threads(work: Callable[[int], None]) -> None:
    """Runs `work` with the number of each thread, all at once; raises what one of them raises."""
    barrier, problems = threading.Barrier(THREADS), []

    def run(number: int) -> None:
        try:
            barrier.wait()
            for _ in range(TURNS):
                work(number)
        except BaseException as problem:
            problems.append(problem)

    threads = [threading.Thread(target=run, args=(number,)) for number in range(THREADS)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    if problems:
        raise problems[0]


def use(mod: Any, number: int, shared: Any) -> None:
    thing = object()
    assert mod.list(thing) == [thing] * 4 and mod.tuple(thing) == (thing,) * 4
    assert mod.call(max, number, 3) == max(number, 3)
    # Other threads run inside of this call, and it comes in again.
    assert mod.call(lambda: mod.call(mod.list, number)) == [number] * 4
    with pytest.raises(ValueError):
        mod.call(int, "x")
    own = mod.new_box()
    own.put(own)
    assert own.get() is own
    shared.put((number,))
    assert type(shared.get()) is tuple
    assert type(mod.keep((number,))) is tuple
    cls = mod.new_type()
    made = cls()
    made.put(cls)
    assert made.get() is cls


@pytest.mark.once  # a loop of its own
@pytest.mark.cpython("looks at the findings of this project's debug mode")
def test_threads_share_a_module(mod, variant, often):
    from hpy.debug import LeakDetector, clear_findings, get_findings

    shared = mod.new_box()
    shared.put((0,))
    clear_findings()
    with LeakDetector():
        in_threads(lambda number: use(mod, number, shared))
        shared.put(None)
        mod.keep(None)
        gc.collect()
    assert [finding["message"] for finding in get_findings()] == []


@pytest.mark.once  # a loop of its own
def test_threads_load_and_drop_modules(variant, often):
    binary = extensions.build("threads_ext", variant.abi, SOURCE)
    failures = []

    def work(number: int) -> None:
        loaded = extensions.load("threads_ext", binary, variant)
        if loaded.list(number) != [number] * 4:
            failures.append(number)

    in_threads(work)
    gc.collect()
    assert failures == []
