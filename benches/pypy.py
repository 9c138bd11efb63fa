"""One small module on PyPy, after its JIT has warmed up: PyPy's emulation of the C API against PyPy's own HPy.

    pypy3 benches/pypy.py [--rust FILE] [--rounds N] [--rows A,B] [--write]

runs on PyPy and needs a C compiler and PyPy's headers. `cargo xtask bench --python pypy3.11` runs it and gives it the Rust
module. The module is built on the C API for this PyPy (C), and in HPy C and HPy Rust for the universal ABI, with the sources
and the statements of the benchmark on CPython. Each statement has a process, which runs it in every module until it
has taken a fifth of a second and ten thousand calls, then in rounds that are interleaved, in changing order. A time is the
median of the rounds, a ratio the median of the rounds' ratios. --write puts the table into docs/performance.md.
"""

from __future__ import annotations

import argparse
import gc
import importlib.util
import json
import os
import platform
import shutil
import statistics
import subprocess
import sys
import sysconfig
from importlib.machinery import ExtensionFileLoader
from pathlib import Path

BENCHES = Path(__file__).resolve().parent
ROOT = BENCHES.parent
sys.path.insert(0, str(BENCHES))
from worker import ROWS, UNROLLED, timed_loop  # noqa: E402

DOCUMENT = ROOT / "docs" / "performance.md"
BEGIN, END = "<!-- bench pypy -->", "<!-- end of bench pypy -->"
FLAGS = ["-shared", "-fPIC", "-O3", "-DNDEBUG", "-fno-semantic-interposition"]
WARM_CALLS, WARM_NS, ROUND_NS = 10_000, 200_000_000, 10_000_000
#: The column that ratios refer to.
BASE = "C API"


def compile_c(line: list[str], made: Path) -> Path:
    made.parent.mkdir(parents=True, exist_ok=True)
    subprocess.run([os.environ.get("CC", "cc"), *FLAGS, *line, "-o", str(made)], check=True)
    return made


def universal(name: str, path: Path):
    import hpy.universal

    spec = importlib.util.spec_from_file_location(name, str(path))
    return hpy.universal.load(name, str(path), spec)


def modules(rust: Path | None) -> dict[str, object]:
    """Column -> module."""
    folder = ROOT / "target" / "bench" / sys.implementation.cache_tag
    c = BENCHES / "c"
    path = folder / ("bench_capi" + sysconfig.get_config_var("EXT_SUFFIX"))
    compile_c([f"-I{sysconfig.get_path('include')}", str(c / "bench_capi.c")], path)
    loader = ExtensionFileLoader("bench_capi", str(path))
    spec = importlib.util.spec_from_file_location("bench_capi", str(path), loader=loader)
    capi = importlib.util.module_from_spec(spec)
    loader.exec_module(capi)
    # Not the dev kit that PyPy has: this tree's.
    kit = ROOT / "python" / "hpy" / "devel"
    line = [f"-I{kit / 'include'}", "-DHPY", "-DHPY_ABI_UNIVERSAL", str(c / "bench_hpy.c"), "-ldl"]
    made = compile_c([*line, *map(str, sorted((kit / "src").glob("*.c")))], folder / "bench_hpy.hpy0.so")
    columns = {BASE: capi, "HPy C": universal("bench_hpy", made)}
    if rust is not None:
        # PyPy wants the ABI in the name of a file.
        named = shutil.copyfile(rust, folder / "bench_rust.hpy0.so")
        columns["HPy Rust"] = universal("bench_rust", named)
    return columns


def measure(columns: dict[str, object], statement: str, setup: str, rounds: int) -> dict[str, list[float]]:
    """Column -> nanoseconds per call, of each round."""
    runs, counts = {}, {}
    for name, module in columns.items():
        runs[name] = run = timed_loop(statement, setup, module)
        calls = taken = 0
        count = 1
        while calls < WARM_CALLS or taken < WARM_NS:
            took = run(count)
            gc.collect()  # it does not know what objects of extensions take: gigabytes would wait
            calls, taken = calls + count * UNROLLED, taken + took
            if took < ROUND_NS:
                count *= 2
        counts[name] = count
    samples: dict[str, list[float]] = {name: [] for name in columns}
    order = list(columns)
    for number in range(rounds):
        shift = number % len(order)
        for name in order[shift:] + order[:shift]:
            samples[name].append(runs[name](counts[name]) / (counts[name] * UNROLLED))
            gc.collect()
    return samples


def in_a_process(key: str, options: argparse.Namespace) -> dict[str, list[float]]:
    """What `measure` gives of one row, from a process of its own: what one row leaves slows the next one down."""
    command = [sys.executable, __file__, "--row", key, "--rounds", str(options.rounds)]
    if options.rust:
        command += ["--rust", str(options.rust)]
    return json.loads(subprocess.run(command, check=True, stdout=subprocess.PIPE).stdout)


def table(options: argparse.Namespace) -> str:
    version = ".".join(map(str, sys.pypy_version_info[:3]))  # type: ignore[attr-defined]
    others = ["HPy C", "HPy Rust"] if options.rust else ["HPy C"]
    lines = [
        f"PyPy {version}, {platform.machine()}. Time per call, and as a ratio to PyPy's emulation of the C API:",
        "",
        f"|  | {BASE}, ns | " + " | ".join(f"{name}, ns | ratio" for name in others) + " |",
        "|---|--:|" + "--:|--:|" * len(others),
    ]
    for key, what, _, _ in ROWS:
        if options.rows and key not in options.rows:
            continue
        print(f"{what} ...", file=sys.stderr, flush=True)
        samples = in_a_process(key, options)
        cells = [f"{statistics.median(samples[BASE]):.1f}"]
        for name in others:
            ratio = statistics.median(one / base for one, base in zip(samples[name], samples[BASE]))
            cells += [f"{statistics.median(samples[name]):.1f}", f"{ratio:.2f}"]
        lines.append(f"| {what} | " + " | ".join(cells) + " |")
    return "\n".join(lines) + "\n"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rust", type=Path, help="the universal library that cargo made of benches/rust")
    parser.add_argument("--rounds", type=int, default=15)
    parser.add_argument("--rows", type=lambda text: text.split(","), help="some rows, by comma: " + ", ".join(r[0] for r in ROWS))
    parser.add_argument("--row", help="print the times of one row as JSON, measured in this process")
    parser.add_argument("--write", action="store_true")
    options = parser.parse_args()
    if sys.implementation.name != "pypy":
        raise SystemExit(f"this measures PyPy and runs on {sys.implementation.name}: benches/run.py is for CPython")
    if options.row:
        statement, setup = next(row[2:] for row in ROWS if row[0] == options.row)
        print(json.dumps(measure(modules(options.rust), statement, setup, options.rounds)))
        return
    text = table(options)
    print(text)
    if options.write:
        document = DOCUMENT.read_text()
        before, rest = document.split(BEGIN + "\n")
        after = rest.split(END)[1]
        DOCUMENT.write_text(f"{before}{BEGIN}\n{text}{END}{after}")


if __name__ == "__main__":
    main()
