"""Runs tests that load a binary on PyPy: `pypy3 hpy_rs_pypy.py JOBS FOLDER FILES... [-- ARGUMENTS OF PYTEST]`.

PyPy takes seconds to import what tests need, and a call that goes wrong, or the collector when it gets to what a test left,
may end the process. So this process imports that once and forks for each file, which is collected there. That process forks for
each test that is known to fail (HPY_RS_ALONE has a line for each: a name, or the beginning of names and "*"; HPY_RS_FATAL may
name more, with a tab and the reason behind), and once for all others of a variant, which run one after the other. If one of
them fails, it is tried again by itself, and that counts; if that process ends, all of them are. So no test fails for what
another one did.

The collector runs behind the last test of a process, and before only if a test asks for it, so that it meets the same objects
every time; a test by itself whose process does not survive that has failed. The file HPY_RS_RESULTS gets a line for each
test, as hpy_rs_results writes it; HPY_RS_DONE is such a file, of tests that need not run. Logs are left in FOLDER.
"""

import gc
import os
import signal
import sys
import time
from pathlib import Path

import pytest
from _pytest.runner import runtestprotocol
from hypothesis import settings, strategies  # noqa: F401  (imported for the processes to come)

ALONE = [
    line.split("\t")[0]
    for variable in ("HPY_RS_ALONE", "HPY_RS_FATAL")
    for line in os.environ.get(variable, "").splitlines()
]
# The first line of a file that `cargo xtask matrix` keeps has no tab: it says what the results are of.
DONE_FILE = Path(os.environ.get("HPY_RS_DONE", os.devnull))
DONE = [line.split("\t") for line in DONE_FILE.read_text("utf-8").splitlines() if "\t" in line]
#: Values that a test with generated ones tries: cold code is slow here, and all of them are tried on CPython.
EXAMPLES = 10
#: Seconds that a test may take on a busy machine, compiling included.
LIMIT = 300
RANK = ("passed", "skipped", "failed")


def loads_a_binary(item):
    """Whether a test loads a binary, in one of the modes asked for; those of the examples have the mode as a parameter."""
    callspec = getattr(item, "callspec", None)
    values = callspec.params if callspec else {}
    asked = item.config.getoption("--modes").split(",")
    other = any(mode in values.values() and mode not in asked for mode in ("universal", "debug", "trace"))
    return "variant" in values or item.path.name.startswith("test_example_") and not other


def try_fewer(item):
    """Has a test with generated values try fewer of them, and the same in each run: what is listed as failing does fail."""
    function = getattr(item.obj, "__func__", item.obj)
    own = getattr(function, "_hypothesis_internal_use_settings", None)
    if own is not None:
        fewer = settings(own, max_examples=min(own.max_examples, EXAMPLES), deadline=None, derandomize=True, database=None)
        function._hypothesis_internal_use_settings = fewer


def first_line(longrepr):
    text = str(longrepr[2] if isinstance(longrepr, tuple) else longrepr)
    lines = [line for line in text.splitlines() if line.startswith("E  ")] or text.splitlines() or [""]
    return lines[0].lstrip("E ").strip().replace("\t", " ")


class Plugin:
    """In the process of a file: a process for each of its tests, and a line on how that ended."""

    def __init__(self, lines):
        self.lines = lines

    def write(self, *fields):
        self.lines.write("\t".join(fields) + "\n")
        self.lines.flush()

    def pytest_collection_modifyitems(self, config, items):
        done = {fields[1] for fields in DONE}
        wanted = [item for item in items if loads_a_binary(item) and item.nodeid not in done]
        config.hook.pytest_deselected(items=[item for item in items if item not in wanted])
        items[:] = wanted
        for item in items:
            try_fewer(item)

    def pytest_collection_finish(self):
        # What is garbage before the first test is none of the garbage that tests leave.
        gc.collect()
        gc.disable()

    def pytest_collectreport(self, report):
        # A file that cannot be collected loses its tests: that counts as a failed one.
        if report.failed:
            self.write("failed", report.nodeid, "", str(report.longrepr).strip().splitlines()[-1].lstrip("E "))

    def pytest_runtestloop(self, session):
        if session.testsfailed and not session.config.option.continue_on_collection_errors:
            raise session.Interrupted("a file could not be collected")
        settled = {}
        for variant in {variant_of(item): None for item in session.items}:
            together = [item for item in session.items if variant_of(item) == variant and not runs_alone(item)]
            done, status = in_a_process(together) if together else ([], 0)
            # A test that fails here may fail for what one before it did, and all of them if the process ends.
            if status == 0:
                settled.update((item, end) for item, end in zip(together, done) if end[0] != "failed")
        for item in session.items:
            outcome, why, seconds = settled.get(item) or alone(item)
            self.write(outcome, item.nodeid, variant_of(item), why)
            print(f"{seconds} s: {item.nodeid} {outcome}", flush=True)
        return True


def variant_of(item):
    """The ABI and mode that a test runs in, if it is one of those that run in several."""
    callspec = getattr(item, "callspec", None)
    return getattr(callspec.params.get("variant"), "name", "") if callspec else ""


def runs_alone(item):
    return any(item.nodeid == name or name[-1] == "*" and item.nodeid.startswith(name[:-1]) for name in ALONE)


def alone(item):
    """How a test ends in a process of its own, the first line of why, and the seconds of CPU time it took."""
    done, status = in_a_process([item])
    if status == 0:
        return done[0]
    code = os.waitstatus_to_exitcode(status)
    why = f"ended the process: {signal.Signals(-code).name if code < 0 else f'status {code}'}"
    return "failed", why + " when the collector met what the test left" if done else why, "0"


def in_a_process(items):
    """How tests end that run in one process, as far as it came, and the status that it ended with."""
    sys.stdout.flush()
    ours, theirs = os.pipe()
    child = os.fork()
    if child == 0:
        os.close(ours)
        with os.fdopen(theirs, "w", encoding="utf-8", errors="backslashreplace") as stream:
            for item in items:
                begin = time.process_time()
                outcome, why = run(item)
                stream.write(f"{outcome}\t{why}\t{time.process_time() - begin:.2f}\n")
                stream.flush()
            gc.collect()
        os._exit(0)
    os.close(theirs)
    with os.fdopen(ours, encoding="utf-8") as stream:
        done = [line.rstrip("\n").split("\t") for line in stream]
    return done, os.waitpid(child, 0)[1]


def run(item):
    """How a test ends, and the first line of why. One that hangs ends its process."""
    outcome, why = "passed", ""
    signal.alarm(LIMIT)
    for report in runtestprotocol(item, log=False, nextitem=None):
        if RANK.index(report.outcome) > RANK.index(outcome):
            outcome, why = report.outcome, first_line(report.longrepr)
        if report.failed:
            print(f"\n=== {item.nodeid}: {report.when}\n{report.longreprtext}", flush=True)
    return outcome, why


def start(file, folder, arguments):
    """Forks for a file; the child's id."""
    sys.stdout.flush()
    child = os.fork()
    if child:
        return child
    log = os.open(folder / f"{Path(file).stem}.log", os.O_WRONLY | os.O_CREAT)
    os.dup2(log, 1)
    os.dup2(log, 2)
    with open(folder / f"{Path(file).stem}.tsv", "w", encoding="utf-8") as lines:
        without = ("cacheprovider", "faulthandler", "xdist", "unraisableexception", "threadexception")
        options = ["-q", *(f"-pno:{name}" for name in without), "--color=no", *arguments]
        status = pytest.main([*options, file], plugins=[Plugin(lines)])
        # 5: no test was wanted.
        lines.write(f"ends\t{0 if status in (0, 1, 5) else int(status)}\n")
    os._exit(0)


def read(file, folder, status):
    """What a file's process wrote, a list for each test: outcome, name, variant, why."""
    lines = (folder / f"{Path(file).stem}.tsv").read_text(encoding="utf-8").splitlines()
    tests = [line.split("\t") for line in lines]
    end = tests.pop() if tests and tests[-1][0] == "ends" else None
    if end != ["ends", "0"]:
        why = f"pytest did not end well (status {status}), see its log"
        tests.append(["failed", file, "", why])
    return tests


def main(jobs, folder, files, arguments):
    for old in [*folder.glob("*.tsv"), *folder.glob("*.log")]:
        old.unlink()
    # The longest first.
    waiting = sorted(files, key=os.path.getsize)
    running, all_tests = {}, []
    begin = time.monotonic()
    while waiting or running:
        while waiting and len(running) < jobs:
            file = waiting.pop()
            running[start(file, folder, arguments)] = file
        child, status = os.wait()
        file = running.pop(child)
        tests = read(file, folder, status)
        all_tests += tests
        counts = [sum(fields[0] == outcome for fields in tests) for outcome in RANK]
        print("{}: {} passed, {} skipped, {} failed".format(file, *counts), flush=True)
    with open(os.environ["HPY_RS_RESULTS"], "w", encoding="utf-8") as results:
        results.writelines("\t".join(fields) + "\n" for fields in sorted(all_tests))
    counts = [sum(fields[0] == outcome for fields in all_tests) for outcome in RANK]
    print("{} passed, {} skipped, {} failed in {:.0f} s".format(*counts, time.monotonic() - begin))


if __name__ == "__main__":
    given, _, after = "\0".join(sys.argv[1:]).partition("\0--\0")
    jobs, folder, *files = given.split("\0")
    main(int(jobs), Path(folder), files, after.split("\0") if after else [])
