"""The benchmark: one small module six ways, as ratios to CPython's C API.

    python benches/run.py --python PATH [--json FILE] [--write]

PATH is an interpreter in whose environment `hpy` (hpy-rs) is installed, built with optimisations. The module is
built on the raw C API, in HPy C and in HPy Rust for the universal ABI, with PyO3 (release, fat LTO), and from the same
two HPy sources for the cpython ABI. --write puts the tables into docs/performance.md. Times are
nanoseconds per call from interleaved rounds in several processes; a ratio is the median of the rounds' ratios, and of
the processes'. Instructions per call are counted by callgrind, as the difference of a long and a short run. README.md
beside this file says how to read it.
"""

from __future__ import annotations

import argparse
import json
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
import targets  # noqa: E402
from worker import IMPORT, ROWS, UNROLLED  # noqa: E402

#: The package of the modules in the cpython ABI, which have the names of those in the universal ABI.
PACKAGE = "in_cpython"
#: Column -> name of the module. The first is what ratios refer to.
COLUMNS = {
    "C API": "bench_capi",
    "HPy C": "bench_hpy",
    "HPy Rust": "bench_rust",
    "PyO3": "bench_pyo3",
    "HPy C, cpython ABI": f"{PACKAGE}.bench_hpy",
    "HPy Rust, cpython ABI": f"{PACKAGE}.bench_rust",
}
DOCUMENT = ROOT / "docs" / "performance.md"
#: What `--check` allows, in instructions per call: how many more than the C API's (rows of one call), or how often
#: as many (rows of loops). Where code lies makes no difference to these counts; another compiler may.
MOST_MORE = {
    "noarg": {"bench_hpy": 12, "bench_rust": 14},
    "one": {"bench_hpy": 12, "bench_rust": 12},
    "named": {"bench_rust": 14},
    "add": {"bench_hpy": 12, "bench_rust": 28},
    "call": {"bench_hpy": 14, "bench_rust": 30},
    "length": {"bench_hpy": 12, "bench_rust": 16},
    "method": {"bench_hpy": 16, "bench_rust": 22},
    "attribute": {"bench_hpy": 12, "bench_rust": 14},
    "new": {"bench_rust": 0},
    "new_kw": {"bench_rust": 0},
}
MOST_TIMES = {
    "sum_items": {"bench_hpy": 1.5, "bench_rust": 1.6},
    "sum_bulk": {"bench_hpy": 1.1, "bench_rust": 1.25},
    "build": {"bench_rust": 1.0},
    "build_bulk": {"bench_hpy": 1.0, "bench_rust": 1.0},
}
#: Rows on which the Rust column stays below PyO3's.
BELOW_PYO3 = ["noarg", "one", "named", "named_kw", "add", "call", "length", "method", "attribute", "new", "new_kw", "build"]
C_FLAGS = ["-shared", "-fPIC", "-O3", "-g", "-DNDEBUG", "-fno-semantic-interposition"]


def output(command: list[str], **options) -> str:
    done = subprocess.run(command, stdout=subprocess.PIPE, text=True, **options)
    if done.returncode != 0:
        raise SystemExit(f"{' '.join(command[:6])} ... ended with {done.returncode}")
    return done.stdout


def facts(python: str) -> dict:
    code = (
        "import json, sys, sysconfig, hpy.devel as d, hpy.universal as u; k = d.HPyDevel(); print(json.dumps({"
        "'tag': sys.implementation.cache_tag, 'version': sys.version.split()[0], 'base': sys.base_prefix, "
        "'include': sysconfig.get_path('include'), 'suffix': sysconfig.get_config_var('EXT_SUFFIX'), "
        "'hpy_include': k.get_extra_include_dirs(), 'hpy_sources': k.get_extra_sources(), 'runtime': u.__file__, "
        "'cpython_sources': k.get_ctx_sources(), 'cpython_libraries': k.get_static_libs('cpython') or [], "
        "'executable': sys.executable, 'no_gil': not getattr(sys, '_is_gil_enabled', lambda: True)()}))"
    )
    return json.loads(output([python, "-c", code]))


def compile_c(line: list[str], made: Path) -> None:
    making = made.with_suffix(".making")
    output([os.environ.get("CC", "cc"), *C_FLAGS, *line, "-o", str(making)])
    making.replace(made)


def cargo(manifest: Path, target: Path, python: str, *options: str) -> Path:
    """Builds a crate in its release profile; the library it makes."""
    environment = {**os.environ, "PYO3_PYTHON": python, "CARGO_TARGET_DIR": str(target)}
    said = output(
        ["cargo", "build", "--release", "--quiet", "--message-format=json", f"--manifest-path={manifest}", *options],
        env=environment,
    )
    for line in reversed(said.splitlines()):
        message = json.loads(line)
        if message.get("reason") == "compiler-artifact" and "cdylib" in message["target"]["kind"]:
            return Path(next(f for f in message["filenames"] if not f.endswith(".d")))
    raise SystemExit(f"{manifest} makes no cdylib")


def build(found: dict, modules: list[str]) -> Path:
    """Builds the modules into one folder and returns it."""
    folder = ROOT / "target" / "bench" / found["tag"]
    package = folder / PACKAGE
    package.mkdir(parents=True, exist_ok=True)
    for old in [*folder.glob("bench_*"), *package.glob("bench_*")]:
        old.unlink()
    (package / "__init__.py").write_text("")
    python_include = f"-I{found['include']}"
    hpy_include = [f"-I{directory}" for directory in found["hpy_include"]]
    if "bench_capi" in modules:
        compile_c([python_include, str(BENCHES / "c/bench_capi.c")], folder / ("bench_capi" + found["suffix"]))
    if "bench_hpy" in modules:
        line = [*hpy_include, "-DHPY", "-DHPY_ABI_UNIVERSAL", str(BENCHES / "c/bench_hpy.c")]
        compile_c([*line, *found["hpy_sources"], "-ldl"], folder / "bench_hpy.so")
    if "bench_rust" in modules:
        made = cargo(BENCHES / "rust/Cargo.toml", ROOT / "target/bench-rust", found["executable"])
        shutil.copy(made, folder / "bench_rust.so")
    if "bench_pyo3" in modules:
        made = cargo(BENCHES / "pyo3/Cargo.toml", ROOT / "target/bench-pyo3" / found["tag"], found["executable"])
        shutil.copy(made, folder / "bench_pyo3.so")
    if f"{PACKAGE}.bench_hpy" in modules:
        line = [python_include, *hpy_include, "-DHPY", "-DHPY_ABI_CPYTHON", str(BENCHES / "c/bench_hpy.c")]
        line += [*found["hpy_sources"], *found["cpython_sources"], *found["cpython_libraries"], "-ldl"]
        compile_c(line, package / ("bench_hpy" + found["suffix"]))
    if f"{PACKAGE}.bench_rust" in modules:
        target = ROOT / "target/bench-rust-cpython" / found["tag"]
        made = cargo(BENCHES / "rust/Cargo.toml", target, found["executable"], "--features=hpy-rs/cpython")
        shutil.copy(made, package / ("bench_rust" + found["suffix"]))
    return folder


def measure_time(found: dict, folder: Path, modules: list[str], rows: list[str] | None, processes: int, rounds: int) -> dict:
    """row -> module -> numbers: medians over processes, the best of all. In each process code and data lie at other
    addresses: the system loads libraries at random places, the modules are imported in another order, and the
    environment, from which the stack starts, has another size."""
    runs = []
    for number in range(processes):
        order = modules[:1] + modules[1:][number % (len(modules) or 1) :] + modules[1:][: number % (len(modules) or 1)]
        request = {"what": "time", "path": str(folder), "modules": modules, "order": order, "rows": rows, "rounds": rounds}
        environment = {**os.environ, "PYTHONHASHSEED": "0", "PADDING": "x" * (number * 368)}
        runs.append(json.loads(output([found["executable"], str(BENCHES / "worker.py"), json.dumps(request)], env=environment)))
    combined: dict[str, dict] = {}
    for row, by_module in runs[0].items():
        combined[row] = {}
        for name in by_module:
            all_of = [run[row][name] for run in runs]
            combined[row][name] = {
                key: (min if "best" in key else statistics.median)(one[key] for one in all_of) if all_of[0][key] is not None else None
                for key in all_of[0]
            }
            combined[row][name]["ratios"] = [one["ratio"] for one in all_of]
    return combined


def count_instructions(found: dict, folder: Path, modules: list[str], rows: list[str] | None) -> dict | None:
    """row -> module -> instructions per call; None where there is no valgrind."""
    if shutil.which("valgrind") is None:
        return None
    compile_c([f"-I{found['include']}", str(BENCHES / "c/marks.c")], folder / ("marks" + found["suffix"]))
    request = json.dumps({"what": "instructions", "path": str(folder), "modules": modules, "rows": rows})
    totals: dict[tuple[str, str], dict[int, int]] = {}
    with tempfile.TemporaryDirectory() as scratch:
        out = Path(scratch) / "out"
        command = ["valgrind", "--tool=callgrind", f"--callgrind-out-file={out}", "--quiet"]
        environment = {**os.environ, "PYTHONHASHSEED": "0"}
        output([*command, found["executable"], str(BENCHES / "worker.py"), request], env=environment)
        for dump in Path(scratch).glob("out.*"):
            text = dump.read_text(errors="replace")
            label = re.search(r"^desc: Trigger: Client Request: (\S+) (\S+) (\d+)$", text, re.MULTILINE)
            total = re.search(r"^(?:totals|summary): (\d+)", text, re.MULTILINE)
            if label and total:
                totals.setdefault((label[1], label[2]), {})[int(label[3])] = int(total[1])
    result: dict[str, dict[str, float]] = {}
    for (row, module), by_count in totals.items():
        short, long = sorted(by_count)
        result.setdefault(row, {})[module] = (by_count[long] - by_count[short]) / ((long - short) * UNROLLED)
    return result


def violations(counts: dict) -> list[str]:
    """What `--check` has to say of instruction counts."""
    found = []
    for row, by_module in counts.items():
        own = by_module.get("bench_capi")
        for module, count in by_module.items():
            if own is None:
                continue
            limit = MOST_MORE.get(row, {}).get(module)
            if limit is not None and count - own > limit + 0.5:
                found.append(f"{row}: {module} takes {count - own:+.1f} instructions, allowed are {limit:+}")
            times = MOST_TIMES.get(row, {}).get(module)
            if times is not None and count > own * times:
                found.append(f"{row}: {module} takes {count / own:.2f} x the instructions, allowed are {times}")
        rust, pyo3 = by_module.get("bench_rust"), by_module.get("bench_pyo3")
        if row in BELOW_PYO3 and rust is not None and pyo3 is not None and rust >= pyo3:
            found.append(f"{row}: bench_rust takes {rust:.0f} instructions, PyO3 {pyo3:.0f}")
    return found


def memory(found: dict, folder: Path, what: str) -> float:
    """KiB of resident memory that an import adds: the median of several processes."""
    code = (
        "import sys, importlib; sys.path.insert(0, sys.argv[1])\n"
        "def rss():\n"
        "    with open('/proc/self/status') as f:\n"
        "        return next(int(line.split()[1]) for line in f if line.startswith('VmRSS'))\n"
        "import importlib.util, os\n"
        "before = rss(); importlib.import_module(sys.argv[2]); print(rss() - before)"
    )
    return statistics.median(int(output([found["executable"], "-c", code, str(folder), what])) for _ in range(7))


def rows_of(lines: list[list[str]], head: list[str]) -> str:
    """A Markdown table; lines begin with their title."""
    made = ["| " + " | ".join(["", *head]) + " |", "|---|" + "--:|" * len(head)]
    return "\n".join(made + ["| " + " | ".join(line) + " |" for line in lines])


def tables(result: dict) -> str:
    """The Markdown tables of one interpreter: time, instructions, targets, memory."""
    columns = {title: name for title, name in COLUMNS.items() if name in result["modules"]}
    others = list(columns)[1:]
    titles = {key: title for key, title, *_ in ROWS} | dict([IMPORT])
    parts = []
    timed, counted = result["time"], result["instructions"] or {}
    if any("bench_capi" in by_module for by_module in timed.values()):
        lines = [
            [title, f"{timed[row]['bench_capi']['median']:.1f}"]
            + [f"{timed[row][columns[t]]['ratio']:.2f}" if columns[t] in timed[row] else "" for t in others]
            for row, title in titles.items()
            if "bench_capi" in timed.get(row, {})
        ]
        parts += ["Time per call, as a ratio to the C API:", rows_of(lines, ["C API, ns", *others])]
    if any("bench_capi" in counts for counts in counted.values()):
        lines = [
            [title, f"{counted[row]['bench_capi']:.0f}"]
            + [f"{counted[row][columns[t]] - counted[row]['bench_capi']:+.0f}" if columns[t] in counted[row] else "" for t in others]
            for row, title in titles.items()
            if "bench_capi" in counted.get(row, {})
        ]
        parts += ["Instructions per call, and how many more or fewer:", rows_of(lines, ["C API", *others])]
    checks = targets.check(result)
    if checks:
        met = sum(check[-1] for check in checks)
        lines = [
            [f"{titles[row]}: {column}", limit, measured, "met" if good else "**missed**"]
            for row, column, limit, measured, good in checks
        ]
        parts += [f"Targets, {met} of {len(checks)} met:", rows_of(lines, ["target", "measured", ""])]
    if result["memory"]:
        memory_line = ", ".join(f"{name} {kib:.0f} KiB" for name, kib in result["memory"].items())
        parts.append(f"Resident memory that an import adds: {memory_line}.")
    return "\n\n".join(parts)


def written(document: str, version: str, text: str) -> str:
    """The document with the block of one version, `3.11`, put in or replaced; blocks are in the order of versions."""
    blocks = dict(re.findall(r"<!-- bench (\S+) -->\n(.*?)<!-- end bench -->\n", document, re.DOTALL))
    blocks[version] = text
    ordered = sorted(blocks, key=lambda one: [int(part) for part in re.findall(r"\d+", one)])
    together = "\n".join(f"<!-- bench {one} -->\n{blocks[one]}<!-- end bench -->\n" for one in ordered)
    start, stop = document.index("<!-- benches -->\n"), document.index("<!-- end benches -->")
    return document[:start] + "<!-- benches -->\n" + together + document[stop:]


def main() -> None:
    parser = argparse.ArgumentParser(description="Measures one small module six ways.")
    parser.add_argument("--python", default=sys.executable, help="the interpreter, with hpy-rs installed")
    parser.add_argument("--json", type=Path, help="write the numbers there")
    parser.add_argument("--write", action="store_true", help="put the tables into docs/performance.md")
    parser.add_argument("--processes", type=int, default=11, help="how many processes time everything")
    parser.add_argument("--rounds", type=int, default=9, help="how many rounds each of them makes")
    parser.add_argument("--rows", help="only these rows, by comma: " + ",".join(k for k, *_ in ROWS) + ",import")
    parser.add_argument("--modules", default=",".join(COLUMNS.values()), help="only these modules, by comma")
    parser.add_argument("--no-instructions", action="store_true", help="leave callgrind out")
    parser.add_argument("--no-time", action="store_true", help="leave timing out")
    parser.add_argument("--check", action="store_true", help="fail where an instruction count is over its limit")
    options = parser.parse_args()
    modules = [name for name in COLUMNS.values() if name in options.modules.split(",")]
    rows = options.rows.split(",") if options.rows else None
    found = facts(options.python)
    folder = build(found, modules)
    timing = {}
    if not options.no_time:
        timing = measure_time(found, folder, modules, rows, options.processes, options.rounds)
    counts = None if options.no_instructions else count_instructions(found, folder, modules, rows)
    if options.no_time:
        timing = {row: {} for row in counts or {}}
    resident = {}
    if sys.platform == "linux" and rows is None:
        resident = {name: memory(found, folder, name) for name in ["hpy.universal", *modules]}
    result = {
        "python": found["version"],
        "machine": platform.machine(),
        "no_gil": found["no_gil"],
        "runtime_bytes": os.path.getsize(found["runtime"]),
        "modules": modules,
        "time": timing,
        "instructions": counts,
        "memory": resident,
    }
    print(f"CPython {found['version']}, {platform.machine()}:\n\n{tables(result)}\n")
    if options.json:
        options.json.write_text(json.dumps(result, indent=1) + "\n")
    if options.write:
        if rows or len(modules) != len(COLUMNS) or options.no_time or counts is None:
            raise SystemExit("--write is for whole tables: all rows, all modules, time and instructions")
        version = ".".join(found["version"].split(".")[:2])
        head = f"### CPython {found['version']}, {platform.machine()}\n\n"
        DOCUMENT.write_text(written(DOCUMENT.read_text(), version, f"{head}{tables(result)}\n"))
        print(f"wrote {DOCUMENT.relative_to(ROOT)}")
    if options.check:
        if counts is None:
            print("SKIPPED: no instruction was counted (there is no valgrind, or --no-instructions)")
            return
        found_over = violations(counts)
        print("\n".join(found_over) or "All instruction counts are within their limits.")
        if found_over:
            raise SystemExit(1)


if __name__ == "__main__":
    main()
