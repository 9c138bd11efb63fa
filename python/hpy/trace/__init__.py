"""Trace mode from Python: how often each context function is called and how long it takes.

Extensions are loaded in trace mode with the environment variable HPY=trace, with
`hpy.universal.load(..., mode=MODE_TRACE)` or by `python -m hpy.trace run script.py`.
"""

from __future__ import annotations

from hpy.universal import _trace

__all__ = ["get_call_counts", "get_durations", "get_frequency", "set_trace_functions"]

get_call_counts = _trace.get_call_counts
get_durations = _trace.get_durations
get_frequency = _trace.get_frequency
set_trace_functions = _trace.set_trace_functions
