"""Runs tests that load a binary on PyPy: `pypy3 hpy_rs_pypy.py JOBS FOLDER FILES... [-- ARGUMENTS OF PYTEST]`.

PyPy takes seconds to import what tests need, and a call that goes wrong may end the process. So this process imports that once
and forks for each file; a file whose process does not survive goes on, behind the test that ended it, in another. Tests that are
known to end their process have one each: HPY_RS_FATAL has a line for each pattern of them: a name, or the beginning
of names and "*", then a tab and why. The file HPY_RS_RESULTS gets a line for each test, as hpy_rs_results writes it; logs are left in FOLDER.
"""

import os
import re
import signal
import sys
import time
from pathlib import Path

import pytest
from _pytest.runner import runtestprotocol
from hypothesis import settings, strategies  # noqa: F401  (imported for the processes to come)

FATAL = [
    re.compile(".*".join(map(re.escape, line.split("\t")[0].split("*"))))
    for line in os.environ.get("HPY_RS_FATAL", "").splitlines()
]
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
    """In the process of a file: writes how each test begins and ends, without those that ended before."""

    def __init__(self, lines, before):
        self.lines = lines
        self.before = before

    def write(self, *fields):
        self.lines.write("\t".join(fields) + "\n")
        self.lines.flush()

    def pytest_collection_modifyitems(self, config, items):
        wanted = [item for item in items if loads_a_binary(item) and item.nodeid not in self.before]
        config.hook.pytest_deselected(items=[item for item in items if item not in wanted])
        items[:] = wanted
        for item in items:
            try_fewer(item)

    def pytest_collectreport(self, report):
        # A file that cannot be collected loses its tests: that counts as a failed one.
        if report.failed:
            self.write("failed", report.nodeid, "", str(report.longrepr).strip().splitlines()[-1].lstrip("E "))

    def pytest_runtest_protocol(self, item, nextitem):
        callspec = getattr(item, "callspec", None)
        variant = getattr(callspec.params.get("variant"), "name", "") if callspec else ""
        self.write("begins", item.nodeid, variant, "")
        fatal = any(pattern.fullmatch(item.nodeid) for pattern in FATAL)
        outcome, why = in_a_process(item, nextitem) if fatal else run(item, nextitem)
        self.write(outcome, item.nodeid, variant, why)
        return True


def run(item, nextitem):
    """How a test ends, and the first line of why. One that hangs ends its process."""
    outcome, why = "passed", ""
    signal.alarm(LIMIT)
    for report in runtestprotocol(item, log=False, nextitem=nextitem):
        if RANK.index(report.outcome) > RANK.index(outcome):
            outcome, why = report.outcome, first_line(report.longrepr)
        if report.failed:
            print(f"\n=== {item.nodeid}: {report.when}\n{report.longreprtext}", flush=True)
    signal.alarm(0)
    return outcome, why


def in_a_process(item, nextitem):
    """How a test ends that may end its process."""
    ours, theirs = os.pipe()
    child = os.fork()
    if child == 0:
        outcome, why = run(item, nextitem)
        with os.fdopen(theirs, "w", encoding="utf-8", errors="replace") as stream:
            stream.write(f"{outcome}\n{why}")
        os._exit(0)
    os.close(theirs)
    with os.fdopen(ours, encoding="utf-8", errors="replace") as stream:
        outcome, _, why = stream.read().partition("\n")
    status = os.waitpid(child, 0)[1]
    return ("failed", ended(status)) if status or not outcome else (outcome, why)


def ended(status):
    code = os.waitstatus_to_exitcode(status)
    return f"ended the process: {signal.Signals(-code).name if code < 0 else f'status {code}'}"


def start(file, before, folder, arguments):
    """Forks for a file; the child's id."""
    sys.stdout.flush()
    child = os.fork()
    if child:
        return child
    log = os.open(folder / f"{Path(file).stem}.log", os.O_WRONLY | os.O_CREAT | os.O_APPEND)
    os.dup2(log, 1)
    os.dup2(log, 2)
    with open(folder / f"{Path(file).stem}.tsv", "a", encoding="utf-8") as lines:
        # unraisableexception collects garbage when all is done: an assertion in PyPy's finalizers may fail there and
        # end the process. What tests ask for is collected while they run.
        without = ("cacheprovider", "faulthandler", "xdist", "unraisableexception")
        options = ["-q", *(f"-pno:{name}" for name in without), "--color=no", *arguments]
        status = pytest.main([*options, file], plugins=[Plugin(lines, before)])
        # 5: no test was wanted.
        lines.write(f"ends\t{0 if status in (0, 1, 5) else int(status)}\n")
    os._exit(0)


def read(file, folder):
    """What a file's processes wrote: test -> fields, the test that had begun last and not ended, and whether all is done."""
    done, begun, finished = {}, None, False
    for line in (folder / f"{Path(file).stem}.tsv").read_text(encoding="utf-8").splitlines():
        fields = line.split("\t")
        if fields[0] == "ends":
            finished = fields[1] == "0"
        elif fields[0] == "begins":
            begun = fields
        else:
            done[fields[1]] = fields
    if begun and begun[1] in done:
        begun = None
    return done, begun, finished


def main(jobs, folder, files, arguments):
    for old in [*folder.glob("*.tsv"), *folder.glob("*.log")]:
        old.unlink()
    # The longest first.
    waiting = [(file, {}) for file in sorted(files, key=os.path.getsize)]
    running, all_done = {}, {}
    begin = time.monotonic()
    while waiting or running:
        while waiting and len(running) < jobs:
            file, before = waiting.pop()
            running[start(file, before, folder, arguments)] = file
        child, status = os.wait()
        file = running.pop(child)
        done, begun, finished = read(file, folder)
        if begun:
            done[begun[1]] = ["failed", begun[1], begun[2], ended(status)]
            with open(folder / f"{Path(file).stem}.tsv", "a", encoding="utf-8") as lines:
                lines.write("\t".join(done[begun[1]]) + "\n")
            waiting.append((file, done))
        elif not finished:
            done[file] = ["failed", file, "", ended(status) if status else "pytest did not end well, see its log"]
        all_done[file] = done
        counts = [sum(fields[0] == outcome for fields in done.values()) for outcome in RANK]
        again = ", goes on behind " + begun[1] if begun else ""
        print("{}: {} passed, {} skipped, {} failed".format(file, *counts) + again, flush=True)
    lines = sorted(fields for done in all_done.values() for fields in done.values())
    with open(os.environ["HPY_RS_RESULTS"], "w", encoding="utf-8") as results:
        results.writelines("\t".join(fields) + "\n" for fields in lines)
    counts = [sum(fields[0] == outcome for fields in lines) for outcome in RANK]
    print("{} passed, {} skipped, {} failed in {:.0f} s".format(*counts, time.monotonic() - begin))


if __name__ == "__main__":
    given, _, after = "\0".join(sys.argv[1:]).partition("\0--\0")
    jobs, folder, *files = given.split("\0")
    main(int(jobs), Path(folder), files, after.split("\0") if after else [])
