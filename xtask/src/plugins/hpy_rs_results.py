"""A pytest plugin that writes how each test ended to the file HPY_RS_RESULTS: outcome, name, variant, first line of the failure."""

import os


class Writer:
    """Only the controlling process writes: it hears of every worker's tests. A test's line is written when the test is over, so that
    a run that is ended early leaves what it has."""

    def __init__(self):
        self.ended = {}
        self.file = open(os.environ["HPY_RS_RESULTS"], "w", encoding="utf-8", errors="backslashreplace")

    def write(self, nodeid):
        outcome, variant, why = self.ended[nodeid]
        self.file.write("\t".join([outcome, nodeid, variant, why.replace("\t", " ")]) + "\n")

    def pytest_runtest_logreport(self, report):
        # A test fails if its setup, its call or its teardown does; it is skipped if its setup or call says so.
        outcome, variant, why = self.ended.get(report.nodeid, ("passed", "", ""))
        now = "failed" if report.failed else "skipped" if report.skipped else "passed"
        if now != "passed":
            text = str(report.longrepr[2] if isinstance(report.longrepr, tuple) else report.longrepr)
            lines = [line for line in text.splitlines() if line.startswith("E  ")] or text.splitlines() or [""]
            why = why or lines[0].lstrip("E ").strip()
        rank = ("passed", "skipped", "failed")
        variant = dict(report.user_properties).get("hpy_variant", variant)
        self.ended[report.nodeid] = (max(outcome, now, key=rank.index), variant, why)

    def pytest_collectreport(self, report):
        # A file that cannot be collected loses its tests: that counts as a failed one.
        if report.failed:
            lines = str(report.longrepr).strip().splitlines() or [""]
            self.ended[report.nodeid] = ("failed", "", lines[-1].lstrip("E ").strip())

    def pytest_runtest_logfinish(self, nodeid):
        if nodeid in self.ended:
            self.write(nodeid)
            self.file.flush()

    def pytest_sessionfinish(self):
        # In order, and with what has no end of its own: files that were not collected, tests whose process crashed.
        self.file.seek(0)
        self.file.truncate()
        for nodeid in sorted(self.ended):
            self.write(nodeid)
        self.file.close()


def pytest_runtest_setup(item):
    callspec = getattr(item, "callspec", None)
    variant = callspec.params.get("variant") if callspec else None
    if variant is not None:
        item.user_properties.append(("hpy_variant", getattr(variant, "name", str(variant))))
    if hasattr(item, "fatal"):
        import pytest

        pytest.fail(item.fatal, pytrace=False)


def pytest_collection_modifyitems(config, items):
    """HPY_RS_VARIANTS: only tests that are about a binary, not about the runtime or the tools around it.
    HPY_RS_DONE: a file of results whose tests need not run again.
    HPY_RS_FATAL: tests that would end the process, by the beginnings of their names, and why."""
    if os.environ.get("HPY_RS_VARIANTS") == "1":
        others = [item for item in items if "variant" not in getattr(getattr(item, "callspec", None), "params", {})]
        config.hook.pytest_deselected(items=others)
        items[:] = [item for item in items if item not in others]
    if "HPY_RS_DONE" in os.environ:
        with open(os.environ["HPY_RS_DONE"], encoding="utf-8") as file:
            done = {line.split("\t")[1] for line in file if "\t" in line}
        items[:] = [item for item in items if item.nodeid not in done]
    lines = [line.split("\t") for line in os.environ.get("HPY_RS_FATAL", "").splitlines()]
    for item in items:
        for pattern, reason in lines:
            if item.nodeid == pattern or pattern.endswith("*") and item.nodeid.startswith(pattern[:-1]):
                item.fatal = reason


def pytest_configure(config):
    if not hasattr(config, "workerinput"):
        config.pluginmanager.register(Writer())
