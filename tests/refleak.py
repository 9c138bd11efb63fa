"""Does a test leave references behind?

A debug build of Python counts all references there are. A test that leaks takes the count up each time it runs; one
that fills a cache does so only at first. Ordinary builds count the blocks of memory in use, which tells as much
about objects and less about references to immortal or shared ones.
"""

from __future__ import annotations

import array
import gc
import sys
from typing import Callable

#: Runs before counting: caches fill, types get their method caches, code specialises.
WARM_UP = 4


def total() -> int:
    """References in the whole interpreter, or blocks of memory where it does not count them."""
    gc.collect()
    gc.collect()
    counter = getattr(sys, "gettotalrefcount", sys.getallocatedblocks)
    return counter()


def differences(run: Callable[[], None], runs: int) -> list[int]:
    """What each of `runs` runs adds to the total."""
    # An array: a list would keep an int object for each count, and count it.
    counts = array.array("q", [0] * (runs + 1))
    counts[0] = total()
    for number in range(runs):
        run()
        counts[number + 1] = total()
    return [after - before for before, after in zip(counts, counts[1:])]


def check(run: Callable[[], None], runs: int) -> None:
    """Runs a test in a loop; AssertionError if each run leaves something behind."""
    # The collector leaves alone what is there already: it would go through all of pytest each time.
    gc.freeze()
    try:
        for _ in range(WARM_UP):
            run()
        found = differences(run, runs)
        if min(found) > 0:
            # Once more, twice as long: what is still being filled has an end.
            found = differences(run, 2 * runs)
    finally:
        gc.unfreeze()
    unit = "references" if hasattr(sys, "gettotalrefcount") else "blocks of memory"
    assert min(found) <= 0, f"each run leaves {unit} behind: {found}"
