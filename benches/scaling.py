"""How much more two threads get done than one, in a module that does without the GIL.

    python benches/scaling.py --python PATH [--rounds N] [--least RATIO]

PATH is an interpreter in whose environment `hpy` (hpy-rs) is installed, a free-threaded one to see anything: under a GIL the
ratios are about 1. Each row is a function of benches/c/scaling.c that is called in a loop; two rows stand beside the same
written against the C API, in benches/c/scaling_capi.c. Columns, medians of rounds that alternate:

    threads          calls per second of two threads, to those of one
    processes        the same of two processes: what the machine gives at most, for two threads of one core are no two
                     cores, and a busy machine has less
    time per call    processor time of a call in two threads, to that in one: what threads cost each other, however busy
                     the machine is
    waits            how often the two threads gave up their processor in a second of it: at a lock, or at the GIL

--least fails if the first row's ratio of threads is below it. Run it on a machine that does nothing else: the load average
is printed.
"""

from __future__ import annotations

import argparse
import os
import resource
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path

SOURCE = Path(__file__).with_name("c") / "scaling.c"
CAPI = SOURCE.with_name("scaling_capi.c")


def rows(module, capi):
    """Name -> what makes a function that makes so many calls, with objects of its own thread."""

    def work():
        call = module.work

        def loop(times):
            for number in range(times // 50):
                call(number)

        return loop

    def nothing():
        call = module.nothing

        def loop(times):
            for _ in range(times):
                call()

        return loop

    def new_box(module=module):
        call = module.new_box

        def loop(times):
            for _ in range(times // 4):
                call()

        return loop

    def swap(module=module):
        box, values = module.new_box(), [object(), object()]
        call = box.swap

        def loop(times):
            for _ in range(times // 4):
                call(values)

        return loop

    def total():
        call, items = module.sum, list(range(100))

        def loop(times):
            for _ in range(times // 30):
                call(items)

        return loop

    return {
        "native work of 20 000 steps": work,
        "a call that does nothing": nothing,
        "a new instance": new_box,
        "  with the C API": lambda: new_box(capi),
        "a field stored and loaded": swap,
        "  with the C API, locked": lambda: swap(capi),
        "the sum of a list of 100": total,
    }


def measure(make, threads: int, times: int) -> tuple[float, float, int]:
    """Threads that call `times` times each: how long it takes, and their processor time and waits."""
    ready, go = threading.Barrier(threads + 1), threading.Event()
    spent = []

    def run():
        loop = make()
        loop(times // 20)
        ready.wait()
        go.wait()
        start, waits = time.thread_time(), resource.getrusage(resource.RUSAGE_THREAD).ru_nvcsw
        loop(times)
        spent.append((time.thread_time() - start, resource.getrusage(resource.RUSAGE_THREAD).ru_nvcsw - waits))

    all_ = [threading.Thread(target=run) for _ in range(threads)]
    for thread in all_:
        thread.start()
    ready.wait()
    start = time.perf_counter()
    go.set()
    for thread in all_:
        thread.join()
    return time.perf_counter() - start, sum(one for one, _ in spent), sum(waits for _, waits in spent)


def worker(folder: str, rounds: int) -> None:
    """Measures; or, as one of the two processes, works until it is told to stop."""
    sys.path.insert(0, folder)
    import scaling
    import scaling_capi

    all_rows = rows(scaling, scaling_capi)
    print(f"GIL: {'on' if getattr(sys, '_is_gil_enabled', lambda: True)() else 'off'}", flush=True)
    for name, make in all_rows.items():
        times = 1000
        while measure(make, 1, times)[1] < 0.1:
            times *= 2
        print(f"row\t{name}\t{times}", flush=True)
        for _ in range(rounds):
            one, two = measure(make, 1, times), measure(make, 2, times)
            print("threads", 2 * one[0] / two[0], two[1] / one[1] / 2, two[2] / two[1], sep="\t", flush=True)
    print("end", flush=True)


def process(folder: str, name: str, times: int) -> None:
    """Works once for each line on stdin, and says how long it took."""
    sys.path.insert(0, folder)
    import scaling
    import scaling_capi

    loop = rows(scaling, scaling_capi)[name]()
    loop(times // 20)
    print("ready", flush=True)
    for _ in sys.stdin:
        start = time.perf_counter()
        loop(times)
        print(time.perf_counter() - start, flush=True)


def start(python: str, *arguments: object) -> subprocess.Popen:
    environment = {key: value for key, value in os.environ.items() if key not in ("HPY", "PYTHON_GIL")}
    command = [python, str(Path(__file__).resolve()), *map(str, arguments)]
    return subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, env=environment)


def processes(python: str, folder: str, name: str, times: int, rounds: int) -> float:
    """The ratio of two processes to one."""
    both = [start(python, "--process", folder, name, times) for _ in range(2)]
    for one in both:
        assert one.stdout.readline() == "ready\n"

    def took(some) -> float:
        for one in some:
            one.stdin.write("\n")
            one.stdin.flush()
        return max(float(one.stdout.readline()) for one in some)

    ratios = [2 * took(both[:1]) / took(both) for _ in range(rounds)]
    for one in both:
        one.stdin.close()
        one.wait()
    return statistics.median(ratios)


def build(python: str, folder: Path) -> None:
    code = f"""
import shlex, subprocess, sys, sysconfig
from hpy.devel import HPyDevel
from hpy.devel.stub import stub_source
kit = HPyDevel()
line = ["cc", "-shared", "-fPIC", "-O2", "-DHPY", "-DHPY_ABI_UNIVERSAL"]
line += [f"-I{{one}}" for one in kit.get_extra_include_dirs()]
line += [{str(SOURCE)!r}, *map(str, kit.get_extra_sources()), "-o", {str(folder / "scaling.hpy0.so")!r}]
subprocess.run(line, check=True)
capi = ["cc", "-shared", "-fPIC", "-O2", "-I" + sysconfig.get_paths()["include"], {str(CAPI)!r}]
subprocess.run([*capi, "-o", {str(folder / "scaling_capi.so")!r}], check=True)
open({str(folder / "scaling.py")!r}, "w").write(stub_source("scaling", "scaling.hpy0.so"))
"""
    subprocess.run([python, "-c", code], check=True)


def main() -> int:
    if sys.argv[1:2] == ["--worker"]:
        worker(sys.argv[2], int(sys.argv[3]))
        return 0
    if sys.argv[1:2] == ["--process"]:
        process(sys.argv[2], sys.argv[3], int(sys.argv[4]))
        return 0
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--python", required=True)
    parser.add_argument("--rounds", type=int, default=9)
    parser.add_argument("--least", type=float, help="the least ratio of two threads for the first row")
    options = parser.parse_args()
    if (os.cpu_count() or 1) < 2:
        print("this machine has one processor: nothing to measure")
        return 1
    load = os.getloadavg()[0]
    busy = ": too busy, the numbers say little" if load > 0.5 else ""
    print(f"load average before: {load:.2f}{busy}")
    results: list[tuple[str, int, list[float]]] = []
    with tempfile.TemporaryDirectory() as folder:
        build(options.python, Path(folder))
        with start(options.python, "--worker", folder, options.rounds) as measured:
            name, times, rounds = "", 0, []
            for line in measured.stdout:
                kind, *fields = line.rstrip("\n").split("\t")
                if kind == "threads":
                    rounds.append([float(field) for field in fields])
                    continue
                if rounds:
                    results.append((name, times, [statistics.median(column) for column in zip(*rounds)]))
                if kind == "row":
                    name, times, rounds = fields[0], int(fields[1]), []
                elif kind != "end":
                    print(kind)
        if measured.returncode:
            return measured.returncode
        print(f"\n| {'two to one':<27} | threads | processes | time per call | waits / s |")
        print(f"|{'-' * 29}|---------|-----------|---------------|-----------|")
        for name, times, (ratio, spent, waits) in results:
            most = processes(options.python, folder, name, times, options.rounds)
            print(f"| {name:<27} | {ratio:>5.2f} x | {most:>7.2f} x | {spent:>11.2f} x | {waits:>9.1f} |", flush=True)
    name, _, (ratio, _, _) = results[0]
    if options.least is not None and ratio < options.least:
        print(f"\n{name}: two threads get {ratio:.2f} times as much done, expected at least {options.least}")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
