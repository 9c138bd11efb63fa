"""A pytest plugin for `cargo xtask conformance`: keeps the parameters of one ABI and writes down how each test ended.

Environment: HPY_RS_ABI is the exact value of a test's `hpy_abi` parameter that is kept ("all" keeps everything; a test
without the parameter belongs to the mode its folder is named after, or to "universal"); HPY_RS_RESULTS is the file
that gets one line per test.
"""

import os

ABI = os.environ["HPY_RS_ABI"]
RESULTS = os.environ["HPY_RS_RESULTS"]


def abi_of(item):
    callspec = getattr(item, "callspec", None)
    if callspec and "hpy_abi" in callspec.params:
        return callspec.params["hpy_abi"]
    folder = item.path.parent.name
    return folder if folder in ("debug", "trace") else "universal"


def pytest_collection_modifyitems(config, items):
    if os.environ.get("PYTEST_XDIST_WORKER", "gw0") == "gw0":
        with open(RESULTS + ".collected", "w", encoding="utf-8") as file:
            file.writelines(item.nodeid + "\n" for item in items)
    if ABI == "all":
        return
    kept = [item for item in items if abi_of(item) == ABI]
    config.hook.pytest_deselected(items=[item for item in items if abi_of(item) != ABI])
    items[:] = kept


class Writer:
    """Only the controlling process writes: it hears of every worker's tests."""

    def __init__(self):
        self.ended = {}

    def pytest_runtest_logreport(self, report):
        # A test fails if its setup, its call or its teardown does; it is skipped if its setup or call says so.
        before = self.ended.get(report.nodeid, "passed")
        now = "failed" if report.failed else "skipped" if report.skipped else "passed"
        rank = ("passed", "skipped", "failed")
        self.ended[report.nodeid] = max(before, now, key=rank.index)

    def pytest_sessionfinish(self):
        with open(RESULTS, "w", encoding="utf-8") as file:
            for nodeid, outcome in sorted(self.ended.items()):
                file.write(f"{outcome}\t{nodeid}\n")


def pytest_configure(config):
    if not hasattr(config, "workerinput"):
        config.pluginmanager.register(Writer())
