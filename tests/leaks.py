"""Finds handles that a test leaves open in debug mode, with what each interpreter's debug mode has for it."""

from __future__ import annotations

import gc
import sys
from contextlib import contextmanager
from typing import Iterator


@contextmanager
def none_left_open() -> Iterator[None]:
    """Fails if handles are open afterwards that were not before. Those held by objects in cycles are closed first."""
    if sys.implementation.name == "cpython":
        from hpy.debug import LeakDetector

        with LeakDetector():
            yield
            gc.collect()
        return
    # PyPy's LeakDetector ends the process where it prints what it found.
    from hpy.universal import _debug

    # Objects that earlier tests left are finalized when PyPy gets to it, and finalizers close handles.
    gc.collect()
    generation = _debug.new_generation()
    yield
    gc.collect()
    gc.collect()
    left = _debug.get_open_handles(generation)
    assert not left, f"{len(left)} handles were never closed"
