"""Debug mode from Python: finds leaked handles and tells what else an extension got wrong.

Extensions are loaded in debug mode with the environment variable HPY=debug, with
`hpy.universal.load(..., mode=MODE_DEBUG)`, by `python -m hpy.debug run script.py` or by `pytest --hpy-debug`.
What this package offers has no effect on extensions that were loaded in another mode.
"""

from __future__ import annotations

from typing import Any, Callable, Dict, List, Optional

from .leakdetector import HPyDebugError, HPyLeakError, LeakDetector

__all__ = [
    "HPyDebugError",
    "HPyLeakError",
    "LeakDetector",
    "clear_findings",
    "disable_handle_stack_traces",
    "get_findings",
    "set_handle_stack_trace_limit",
    "set_on_finding",
]


def set_handle_stack_trace_limit(limit: int) -> None:
    """Records where handles are opened and closed, at most `limit` frames of native code and of Python each.

    It takes time for every handle and up to 4 KB for each open one.
    """
    from hpy.universal import _debug

    _debug.set_handle_stack_trace_limit(limit)


def disable_handle_stack_traces() -> None:
    """Records no more where handles are opened, which is how debug mode starts."""
    from hpy.universal import _debug

    _debug.set_handle_stack_trace_limit(None)


def get_findings() -> List[Dict[str, Any]]:
    """The mistakes found so far, each once, as dicts.

    Keys: `kind` (a short name), `message`, `function` (of the extension), `count`, and the stacks `here`,
    `opened` and `closed` (None where they are not known), each `{"native": [...], "python": [...], "text": str}`.
    """
    from hpy.universal import _debug

    return list(_debug.get_findings())


def clear_findings() -> None:
    """Forgets the mistakes found so far."""
    from hpy.universal import _debug

    _debug.clear_findings()


def set_on_finding(hook: Optional[Callable[[Dict[str, Any]], Any]]) -> None:
    """Has `hook` called with each new finding instead of a report on stderr; None: stderr again."""
    from hpy.universal import _debug

    _debug.set_on_finding(hook)
