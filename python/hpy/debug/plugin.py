"""The pytest plugin: `pytest --hpy-debug` runs every universal extension in debug mode.

A test that leaves a handle open, or in which an extension makes a mistake that debug mode finds, fails with
the findings as its message. `--hpy-debug-traces N` records where handles are opened, N frames deep.
"""

from __future__ import annotations

import os
from typing import Any, Generator, List

import pytest

from .leakdetector import HPyDebugError, LeakDetector
from .report import Report


class HPyTestError(HPyDebugError):
    """What an extension got wrong in one test."""


def pytest_addoption(parser: Any) -> None:
    group = parser.getgroup("hpy", "HPy debug mode")
    group.addoption(
        "--hpy-debug",
        action="store_true",
        help="load universal HPy extensions in debug mode; a test with a mistake or a leaked handle fails",
    )
    group.addoption(
        "--hpy-debug-traces",
        type=int,
        default=0,
        metavar="N",
        help="with --hpy-debug: record where handles are opened, N frames deep",
    )


def pytest_configure(config: Any) -> None:
    if config.getoption("--hpy-debug"):
        os.environ["HPY"] = "debug"
        config.pluginmanager.register(Checker(config.getoption("--hpy-debug-traces")), "hpy_debug_checker")


class Checker:
    """Looks after each test at what debug mode has found meanwhile."""

    def __init__(self, traces: int) -> None:
        from hpy.universal import _debug

        self.found: List[str] = []
        _debug.set_print_findings(False)
        _debug.set_handle_stack_trace_limit(traces or None)

    @pytest.hookimpl(hookwrapper=True)
    def pytest_runtest_call(self, item: Any) -> Generator[None, Any, None]:
        from hpy.universal import _debug

        _debug.clear_findings()
        detector = LeakDetector()
        detector.start()
        outcome = yield
        report = Report.collect(detector.generation)
        if report.empty:
            return
        self.found.append(item.nodeid)
        if outcome.excinfo is None:
            outcome.force_exception(HPyTestError(f"{item.nodeid}:\n{report.text()}"))

    def pytest_terminal_summary(self, terminalreporter: Any) -> None:
        if self.found:
            terminalreporter.section("HPy debug mode")
            for name in self.found:
                terminalreporter.write_line(f"mistakes of an extension in {name}")
