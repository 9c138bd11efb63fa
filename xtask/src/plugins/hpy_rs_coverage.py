"""A pytest plugin that writes which members of the context a run exercised, into the folder HPY_RS_COVERAGE.

Calls are counted by trace mode. What trace mode cannot see (constants, members that only a trampoline uses) a test claims
with the suite's fixture `covers`, after it has checked the member's effect.
"""

import os


def pytest_sessionfinish(session):
    import hpy.trace

    counts = dict(hpy.trace.get_call_counts())
    for name in getattr(session.config, "hpy_covered", ()):
        counts[name] = counts.get(name, 0) + 1
    path = os.path.join(os.environ["HPY_RS_COVERAGE"], f"{os.getpid()}.tsv")
    with open(path, "w", encoding="utf-8") as file:
        file.writelines(f"{name}\t{count}\n" for name, count in sorted(counts.items()))
