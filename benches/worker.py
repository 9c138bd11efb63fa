"""Runs inside the interpreter that is measured; `run.py` starts it and reads the JSON it prints."""

from __future__ import annotations

import gc
import importlib
import json
import statistics
import sys
import time

#: How often a statement stands in the body of the timed loop, so that the loop itself hardly counts.
UNROLLED = 10

#: id, what it is, the statement, the setup (with `m` the module).
ROWS = [
    ("noarg", "call without arguments", "f()", "f = m.noarg"),
    ("one", "call with one argument", "f(x)", "f = m.one; x = object()"),
    ("named", "the same where the argument may be named", "f(x)", "f = m.named; x = object()"),
    ("named_kw", "the same, named", "f(x=x)", "f = m.named; x = object()"),
    ("add", "two ints added", "f(1234, 98765)", "f = m.add"),
    ("call", "Python callable called", "f(g, x)", "f = m.call; g = lambda x: x; x = object()"),
    ("length", "length of a str", "f(x)", "f = m.length; x = 'a text of some length'"),
    ("sum_items", "sum of 100 floats, item by item", "f(x)", "f = m.sum_items; x = [i * 0.5 for i in range(100)]"),
    ("sum_bulk", "sum of 100 floats, in bulk", "f(x)", "f = m.sum_bulk; x = [i * 0.5 for i in range(100)]"),
    ("build", "list of 100 ints built", "f(100)", "f = m.build"),
    ("build_bulk", "list of 100 ints built, in bulk", "f(100)", "f = m.build_bulk"),
    ("new", "instance created", "P(1.5, 2.5)", "P = m.Point"),
    ("new_kw", "instance created by keyword", "P(x=1.5, y=2.5)", "P = m.Point"),
    ("method", "method called", "p.norm()", "p = m.Point(1.5, 2.5)"),
    ("attribute", "attribute read", "p.x", "p = m.Point(1.5, 2.5)"),
]
IMPORT = ("import", "import, warm")


def timed_loop(statement: str, setup: str, module):
    """A function of a count that runs the statement count * UNROLLED times and gives the nanoseconds."""
    lines = ["def make(m):", f"    {setup}", "    def run(count):", "        start = clock()", "        for _ in range(count):"]
    lines += [f"            {statement}"] * UNROLLED
    lines += ["        return clock() - start", "    return run"]
    space = {"clock": time.thread_time_ns}
    exec("\n".join(lines), space)
    return space["make"](module)


def import_loop(name: str):
    """The same for the import of a module whose file is known and whose library is mapped."""

    def run(count: int) -> int:
        taken = 0
        for _ in range(count * UNROLLED):
            sys.modules.pop(name, None)
            start = time.thread_time_ns()
            importlib.import_module(name)
            taken += time.thread_time_ns() - start
        return taken

    return run


def loops(names: list[str], rows: list[str] | None, order: list[str] | None = None) -> dict[str, dict[str, object]]:
    """row -> module -> loop. A module without what a row calls is left out of it. `order` is that of the imports."""
    imported = {name: importlib.import_module(name) for name in order or names}
    modules = {name: imported[name] for name in names}
    found: dict[str, dict[str, object]] = {}
    for key, _, statement, setup in ROWS:
        if rows and key not in rows:
            continue
        found[key] = {}
        for name, module in modules.items():
            try:
                found[key][name] = timed_loop(statement, setup, module)
            except AttributeError:
                continue
    if not rows or IMPORT[0] in rows:
        found[IMPORT[0]] = {name: import_loop(name) for name in names}
    return found


def measure_time(names: list[str], order: list[str], rows: list[str] | None, rounds: int) -> dict:
    """Nanoseconds per call. Rounds are interleaved: within one, each module is measured once, in changing order."""
    gc.disable()
    result: dict = {}
    for row, by_module in loops(names, rows, order).items():
        counts = {}
        for name, loop in by_module.items():
            loop(20)  # warm: the interpreter specialises
            count = 1
            while loop(count) < 1_500_000:
                count *= 2
            counts[name] = count
        samples: dict[str, list[float]] = {name: [] for name in by_module}
        order = list(by_module)
        for number in range(rounds):
            shift = number % len(order)
            for name in order[shift:] + order[:shift]:
                samples[name].append(by_module[name](counts[name]) / (counts[name] * UNROLLED))
            gc.collect()
        base = samples.get(names[0])
        result[row] = {
            name: {
                "best": min(values),
                "median": statistics.median(values),
                "ratio": statistics.median(v / b for v, b in zip(values, base)) if base else None,
                "ratio_best": min(values) / min(base) if base else None,
            }
            for name, values in samples.items()
        }
    return result


def count_instructions(names: list[str], rows: list[str] | None) -> None:
    """Under callgrind: marks two runs of each loop, one of twice the length, so that run.py can subtract."""
    import marks

    gc.disable()
    for row, by_module in loops(names, rows).items():
        for name, loop in by_module.items():
            count = 2 if row == IMPORT[0] else 20
            loop(30 if row != IMPORT[0] else 2)
            marks.zero()
            loop(count)
            marks.dump(f"{row} {name} {count}")
            loop(2 * count)
            marks.dump(f"{row} {name} {2 * count}")


if __name__ == "__main__":
    request = json.loads(sys.argv[1])
    sys.path.insert(0, request["path"])
    if request["what"] == "time":
        print(json.dumps(measure_time(request["modules"], request["order"], request["rows"], request["rounds"])))
    else:
        count_instructions(request["modules"], request["rows"])
