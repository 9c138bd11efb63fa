"""What debug and trace mode cost: this project's against those of the C implementation, HPy 0.9.0, on the same calls.

    python benches/debug.py --python PATH [--reference PATH] [--json FILE] [--write]

PATH are interpreters of one version: one in whose environment hpy-rs is installed, built with optimisations, and one
with hpy 0.9.0. `cargo xtask bench --debug` makes both environments and runs this. The same universal binaries are
loaded by both runtimes in each mode. Overhead is what a call takes longer in a mode than in universal mode of the same
runtime; "ours / theirs" is the ratio of two overheads, so below 0.5 is less than half. Times are from rounds that are
interleaved between the two processes; instructions are counted by callgrind. --write puts the tables into docs/debug.md.
"""

from __future__ import annotations

import argparse
import datetime
import json
import math
import os
import platform
import re
import shutil
import statistics
import subprocess
import sys
import tempfile
from pathlib import Path

BENCHES = Path(__file__).resolve().parent
ROOT = BENCHES.parent
sys.path.insert(0, str(BENCHES))
from run import compile_c, facts, output  # noqa: E402

MODES = ["universal", "debug", "trace"]
DOCUMENT = ROOT / "docs/debug.md"
START, STOP = "<!-- bench debug -->\n", "<!-- end bench debug -->\n"

#: id -> what it is, the module, the statement, the setup (with `m` the module), context calls in one call.
ROWS = {
    "noarg": ("call without arguments", "bench_hpy", "f()", "f = m.noarg", 1),
    "one": ("call with one argument", "bench_hpy", "f(x)", "f = m.one; x = object()", 1),
    "add": ("two ints added", "bench_hpy", "f(1234, 98765)", "f = m.add", 3),
    "call": ("Python callable called", "bench_hpy", "f(g, x)", "f = m.call; g = lambda x: x; x = object()", 1),
    "length": ("length of a str", "bench_hpy", "f(x)", "f = m.length; x = 'a text of some length'", 2),
    "sum_items": ("sum of 100 floats, item by item", "bench_hpy", "f(x)", "f = m.sum_items; x = [i * 0.5 for i in range(100)]", 303),
    "build": ("list of 100 ints built", "bench_hpy", "f(100)", "f = m.build", 303),
    "new": ("instance created", "bench_hpy", "P(1.5, 2.5)", "P = m.Point", 6),
    "method": ("method called", "bench_hpy", "p.norm()", "p = m.Point(1.5, 2.5)", 2),
    "dup_close": ("100 handles duplicated and closed", "bench_modes", "f(x)", "f = m.dup_close; x = object()", 201),
    "compare": ("100 comparisons by identity", "bench_modes", "f(x, x)", "f = m.compare; x = object()", 101),
    "attributes": ("100 attributes read", "bench_modes", "f(x)", "f = m.attributes; x = type('X', (), {'name': 1})()", 201),
    "track": ("10 handles in a tracker", "bench_modes", "f(x)", "f = m.track; x = object()", 23),
    "text": ("text read as UTF-8", "bench_modes", "f(x)", "f = m.text; x = 'a text of some length'", 2),
    "field": ("field stored and loaded", "bench_modes", "f(x)", "b = m.Box(); f = b.put; x = object()", 4),
    "type": ("type made and freed", "bench_modes", "f()", "f = m.make_type", 1),
}
MODULES = ["bench_hpy", "bench_modes"]


class Worker:
    """A process of one runtime that runs loops when it is asked to."""

    def __init__(self, python: str, folder: Path, *before: str) -> None:
        environment = {**os.environ, "PYTHONHASHSEED": "0"}
        environment.pop("HPY", None)
        self.process = subprocess.Popen(
            [*before, python, str(BENCHES / "debug_worker.py"), str(folder)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            env=environment,
        )

    def ask(self, **question: object) -> object:
        assert self.process.stdin and self.process.stdout
        print(json.dumps(question), file=self.process.stdin, flush=True)
        line = self.process.stdout.readline()
        if not line:
            raise SystemExit(f"a worker ended with {self.process.wait()} at {question}")
        return json.loads(line)

    def end(self) -> None:
        assert self.process.stdin
        self.process.stdin.close()
        self.process.wait()


def build(found: dict) -> Path:
    """The binaries, and a copy for each mode: in a runtime without thunks one binary serves one mode."""
    folder = ROOT / "target" / "bench-debug" / found["tag"]
    shutil.rmtree(folder, ignore_errors=True)
    for mode in MODES:
        (folder / mode).mkdir(parents=True)
    for name in MODULES:
        line = [f"-I{directory}" for directory in found["hpy_include"]]
        line += ["-DHPY", "-DHPY_ABI_UNIVERSAL", str(BENCHES / f"c/{name}.c"), *found["hpy_sources"], "-ldl"]
        compile_c(line, folder / f"{name}.hpy0.so")
        for mode in MODES:
            shutil.copy(folder / f"{name}.hpy0.so", folder / mode / f"{name}.hpy0.so")
    return folder


def measure_time(workers: dict[str, Worker], rows: list[str], modes: list[str], rounds: int) -> dict:
    """row -> mode -> runtime -> nanoseconds per call, the median of interleaved rounds."""
    result: dict = {}
    for row in rows:
        _, module, statement, setup, _ = ROWS[row]
        samples: dict = {mode: {name: [] for name in workers} for mode in modes}
        counts: dict = {}
        for mode in modes:
            for name, worker in workers.items():
                worker.ask(do="prepare", row=row, mode=mode, module=module, statement=statement, setup=setup)
                counts[mode, name] = worker.ask(do="calibrate", row=row, mode=mode)
        for _ in range(rounds):
            for mode in modes:
                for name, worker in workers.items():
                    taken = worker.ask(do="run", row=row, mode=mode, count=counts[mode, name])
                    samples[mode][name].append(taken)
        result[row] = {m: {n: statistics.median(v) for n, v in by.items()} for m, by in samples.items()}
    return result


def count_instructions(pythons: dict[str, str], found: dict, folder: Path, rows: list[str], modes: list[str]) -> dict | None:
    """row -> mode -> runtime -> instructions per call; None where there is no valgrind."""
    if shutil.which("valgrind") is None:
        return None
    compile_c([f"-I{found['include']}", str(BENCHES / "c/marks.c")], folder / ("marks" + found["suffix"]))
    result: dict = {row: {mode: {} for mode in modes} for row in rows}
    for name, python in pythons.items():
        totals: dict[tuple[str, str], dict[int, int]] = {}
        with tempfile.TemporaryDirectory() as scratch:
            out = Path(scratch) / "out"
            worker = Worker(python, folder, "valgrind", "--tool=callgrind", f"--callgrind-out-file={out}", "--quiet")
            for row in rows:
                _, module, statement, setup, _ = ROWS[row]
                for mode in modes:
                    worker.ask(do="prepare", row=row, mode=mode, module=module, statement=statement, setup=setup)
                    worker.ask(do="count", row=row, mode=mode)
            worker.end()
            for dump in Path(scratch).glob("out.*"):
                text = dump.read_text(errors="replace")
                label = re.search(r"^desc: Trigger: Client Request: (\S+) (\S+) (\d+)$", text, re.MULTILINE)
                total = re.search(r"^(?:totals|summary): (\d+)", text, re.MULTILINE)
                if label and total:
                    totals.setdefault((label[1], label[2]), {})[int(label[3])] = int(total[1])
        for (row, mode), by_count in totals.items():
            short, long = sorted(by_count)
            result[row][mode][name] = (by_count[long] - by_count[short]) / (long - short)
    return result


def overhead(values: dict | None, row: str, mode: str, name: str) -> float | None:
    if values is None or name not in values.get(row, {}).get(mode, {}):
        return None
    return values[row][mode][name] - values[row]["universal"][name]


def mean(ratios: list[float]) -> float:
    return math.exp(statistics.fmean(math.log(ratio) for ratio in ratios))


def comparison(result: dict, mode: str) -> tuple[str, dict[str, float]]:
    """The Markdown table of one mode against the reference's, and the mean ratio of each measure."""
    measures = [(title, result[key]) for title, key in (("ns", "time"), ("instr.", "instructions")) if result[key]]
    head = [""]
    for title, _ in measures:
        head += [f"overhead, {title}", f"0.9.0's, {title}", "ours / theirs"]
    lines = ["| " + " | ".join(head) + " |", "|---|" + "--:|" * (len(head) - 1)]
    ratios: dict[str, list[float]] = {title: [] for title, _ in measures}
    for row in result["rows"]:
        cells = [ROWS[row][0]]
        for title, values in measures:
            ours, theirs = (overhead(values, row, mode, name) for name in ("ours", "theirs"))
            if ours is None or theirs is None:
                cells += ["", "", ""]
                continue
            cells += [f"{ours:.0f}", f"{theirs:.0f}"]
            if theirs > 0:
                ratio = max(ours, 1.0) / theirs
                ratios[title].append(ratio)
                cells.append(f"{ratio:.2f}")
            else:
                cells.append("")
        lines.append("| " + " | ".join(cells) + " |")
    means = {title: mean(values) for title, values in ratios.items() if values}
    cells = ["geometric mean"]
    for title, _ in measures:
        cells += ["", "", f"{means[title]:.2f}" if title in means else ""]
    lines.append("| " + " | ".join(cells) + " |")
    return "\n".join(lines), means


def per_call(result: dict, mode: str) -> str:
    """What one context call costs more in a mode: from the rows that make the most of them."""
    many = [row for row in result["rows"] if ROWS[row][4] >= 100]
    parts = []
    for title, key in (("ns", "time"), ("instructions", "instructions")):
        found = [overhead(result[key], row, mode, "ours") for row in many] if result[key] else []
        values = [value / ROWS[row][4] for row, value in zip(many, found) if value is not None]
        if values:
            parts.append(f"{statistics.median(values):.0f} {title}")
    return f"{mode} mode, per context call: " + (", ".join(parts) or "not measured")


def written(document: str, version: str, text: list[str]) -> str:
    """The document with these tables in place of the earlier ones."""
    start, stop = document.index(START) + len(START), document.index(STOP)
    head = f"CPython {version}, {platform.machine()}, {datetime.date.today().isoformat()}:"
    return document[:start] + "\n".join([head, *text]) + "\n" + document[stop:]


def main() -> int:
    parser = argparse.ArgumentParser(description="Measures debug and trace mode against HPy 0.9.0's.")
    parser.add_argument("--python", default=sys.executable, help="the interpreter, with hpy-rs installed")
    parser.add_argument("--reference", help="an interpreter of the same version with hpy 0.9.0")
    parser.add_argument("--rows", help="only these, by comma: " + ",".join(ROWS))
    parser.add_argument("--modes", default="debug,trace", help="by comma: debug, trace")
    parser.add_argument("--rounds", type=int, default=15)
    parser.add_argument("--json", type=Path, help="write the numbers there")
    parser.add_argument("--write", action="store_true", help="put the tables into docs/debug.md")
    parser.add_argument("--no-instructions", action="store_true", help="leave callgrind out")
    parser.add_argument("--no-time", action="store_true", help="leave timing out")
    parser.add_argument("--at-most", type=float, metavar="R", help="fail if debug mode's mean ratio is above R")
    options = parser.parse_args()
    rows = options.rows.split(",") if options.rows else list(ROWS)
    modes = ["universal", *options.modes.split(",")]
    found = facts(options.python)
    pythons = {"ours": options.python}
    if options.reference:
        pythons["theirs"] = options.reference
    folder = build(found)
    timing = None
    if not options.no_time:
        workers = {name: Worker(python, folder) for name, python in pythons.items()}
        timing = measure_time(workers, rows, modes, options.rounds)
        for worker in workers.values():
            worker.end()
    counts = None if options.no_instructions else count_instructions(pythons, found, folder, rows, modes)
    result = {"python": found["version"], "rows": rows, "modes": modes[1:], "time": timing, "instructions": counts}
    text = [f"CPython {found['version']}"]
    worst = 0.0
    for mode in modes[1:]:
        table, means = comparison(result, mode)
        text += [f"\n{mode} mode\n", table, "", per_call(result, mode)]
        if mode == "debug":
            # Instructions, where they are counted: time on a machine with other work is noise.
            worst = means.get("instr.", means.get("ns", 0.0))
    print("\n".join(text))
    if options.json:
        options.json.write_text(json.dumps(result, indent=1))
    if options.write:
        if options.rows or modes != MODES or counts is None or not options.reference:
            raise SystemExit("--write is for whole tables: all rows, both modes, instructions, with --reference")
        DOCUMENT.write_text(written(DOCUMENT.read_text(), found["version"], text[1:]))
        print(f"wrote {DOCUMENT.relative_to(ROOT)}")
    if options.at_most is not None and worst > options.at_most:
        print(f"debug mode's overhead is {worst:.2f} of the C implementation's, above {options.at_most}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
