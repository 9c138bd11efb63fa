"""Finds the handles that were opened and not closed between two moments."""

from __future__ import annotations

from types import TracebackType
from typing import Any, List, Optional, Type


class HPyDebugError(Exception):
    """What debug mode raises."""


class HPyLeakError(HPyDebugError):
    """Handles were left open; `leaks` holds a DebugHandle for each."""

    def __init__(self, leaks: List[Any]) -> None:
        super().__init__(leaks)
        self.leaks = leaks

    def __str__(self) -> str:
        count = len(self.leaks)
        title = "1 unclosed handle:" if count == 1 else f"{count} unclosed handles:"
        return "\n".join([title] + [f"    {leak!r}" for leak in self.leaks])


class LeakDetector:
    """Raises HPyLeakError where an extension in debug mode left handles open.

    As a context manager, or with `start()` and `stop()`.
    """

    def __init__(self) -> None:
        self.generation: Optional[int] = None

    def start(self) -> None:
        """Handles opened from here on count. ValueError if the detector was started before."""
        from hpy.universal import _debug

        if self.generation is not None:
            raise ValueError("LeakDetector already started")
        self.generation = _debug.new_generation()

    def stop(self) -> None:
        """Raises HPyLeakError if handles opened since `start()` are open. ValueError without `start()`."""
        from hpy.universal import _debug

        if self.generation is None:
            raise ValueError("LeakDetector not started yet")
        leaks = _debug.get_open_handles(self.generation)
        if leaks:
            raise HPyLeakError(leaks)

    def __enter__(self) -> "LeakDetector":
        self.start()
        return self

    def __exit__(
        self,
        kind: Optional[Type[BaseException]],
        error: Optional[BaseException],
        traceback: Optional[TracebackType],
    ) -> None:
        self.stop()
