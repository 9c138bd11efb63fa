"""A pytest plugin for `cargo xtask conformance`: keeps the parameters of one ABI.

HPY_RS_ABI is the exact value of a test's `hpy_abi` parameter that is kept ("all" keeps everything; a test without the
parameter belongs to the mode its folder is named after, or to "universal"). The names of all tests, kept or not, are
written to the file HPY_RS_RESULTS with ".collected" appended.
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
