"""`python -m hpy.debug run script.py [args]`: a program with every universal extension in debug mode.

Ends with a report of what the extensions got wrong. The exit status is the program's own, or 1 if that was 0
and something was found.
"""

from __future__ import annotations

import argparse
import os
import sys
from typing import List, Optional

from .._run import run_program
from .report import Report


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m hpy.debug", description="HPy's debug mode.")
    tasks = parser.add_subparsers(dest="task", required=True)
    run = tasks.add_parser("run", help="run a program and report the mistakes of its extensions")
    run.add_argument("--format", choices=["text", "json", "html"], default="text", help="default: text")
    run.add_argument("--output", metavar="FILE", help="write the report there; default: stderr")
    run.add_argument(
        "--traces",
        type=int,
        default=16,
        metavar="N",
        help="record where handles are opened, N frames deep; 0: do not (default: 16)",
    )
    run.add_argument("-m", dest="module", action="store_true", help="`script` is the name of a module")
    run.add_argument("script")
    run.add_argument("args", nargs=argparse.REMAINDER)
    return parser


def main(argv: Optional[List[str]] = None) -> int:
    """Runs the command; returns the exit status."""
    options = _parser().parse_args(argv)
    os.environ["HPY"] = "debug"
    from hpy.universal import _debug

    _debug.set_handle_stack_trace_limit(options.traces or None)
    _debug.set_print_findings(False)
    generation = _debug.new_generation()
    status = run_program(options.script, options.args, options.module)
    report = Report.collect(generation)
    if options.format == "json":
        text = report.json()
    elif options.format == "html":
        text = report.html(f"HPy debug report: {options.script}")
    else:
        text = report.text()
    if options.output:
        with open(options.output, "w", encoding="utf-8") as out:
            out.write(text + "\n")
        print(report.summary(), file=sys.stderr)
    else:
        print(text, file=sys.stderr)
    return status or (0 if report.empty else 1)


if __name__ == "__main__":
    sys.exit(main())
