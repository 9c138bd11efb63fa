"""`python -m hpy.trace run script.py [args]`: a program with every universal extension in trace mode.

Ends with a table of the context functions by the time spent in them; `--output trace.json` also writes
every call in the Chrome trace format, which Perfetto and speedscope show as a timeline, with the calls
nested under the functions of the extension that made them.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
from typing import Any, Dict, List, Optional

from .._run import run_program


def table(counts: Dict[str, int], durations: Dict[str, int]) -> str:
    """The functions that were called, longest total time first."""
    rows = [(durations[name], counts[name], name) for name in counts if counts[name]]
    rows.sort(key=lambda row: (-row[0], row[2]))
    lines = [f"{'total ms':>12} {'calls':>12} {'ns per call':>12}  function"]
    for duration, count, name in rows:
        lines.append(f"{duration / 1e6:12.3f} {count:12d} {duration / count:12.0f}  {name}")
    if not rows:
        lines.append("no universal extension called a context function")
    return "\n".join(lines)


def chrome_trace(events: List[Any]) -> Dict[str, Any]:
    """The recorded calls in the Chrome trace format: complete events, times in microseconds."""
    pid = os.getpid()
    return {
        "displayTimeUnit": "ns",
        "traceEvents": [
            {
                "name": name,
                "cat": "extension" if of_extension else "context",
                "ph": "X",
                "ts": start / 1000,
                "dur": duration / 1000,
                "pid": pid,
                "tid": thread,
            }
            for name, of_extension, thread, start, duration in sorted(
                events, key=lambda event: (event[3], -event[4])
            )
        ],
    }


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m hpy.trace", description="HPy's trace mode.")
    tasks = parser.add_subparsers(dest="task", required=True)
    run = tasks.add_parser("run", help="run a program and show what its extensions call")
    run.add_argument("--output", metavar="FILE", help="also write every call, in the Chrome trace format")
    run.add_argument(
        "--events",
        type=int,
        default=1_000_000,
        metavar="N",
        help="with --output: record at most N calls (default: 1000000)",
    )
    run.add_argument("-m", dest="module", action="store_true", help="`script` is the name of a module")
    run.add_argument("script")
    run.add_argument("args", nargs=argparse.REMAINDER)
    return parser


def main(argv: Optional[List[str]] = None) -> int:
    """Runs the command; returns the exit status."""
    options = _parser().parse_args(argv)
    os.environ["HPY"] = "trace"
    from hpy.universal import _trace

    if options.output:
        _trace.start_recording(options.events)
    status = run_program(options.script, options.args, options.module)
    if options.output:
        events = _trace.stop_recording()
        with open(options.output, "w", encoding="utf-8") as out:
            json.dump(chrome_trace(events), out)
        dropped = _trace.get_dropped()
        print(f"hpy.trace: {len(events)} calls in {options.output}", file=sys.stderr)
        if dropped:
            print(f"hpy.trace: no room for {dropped} more, see --events", file=sys.stderr)
    print(table(_trace.get_call_counts(), _trace.get_durations()), file=sys.stderr)
    return status


if __name__ == "__main__":
    sys.exit(main())
