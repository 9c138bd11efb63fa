"""What the benchmark is to reach, and whether it did: ratios of time to the C API, instructions on top of it."""

from __future__ import annotations

C, RUST, PYO3 = "bench_hpy", "bench_rust", "bench_pyo3"
C_CPYTHON, RUST_CPYTHON = "in_cpython.bench_hpy", "in_cpython.bench_rust"
NAMES = {C: "C", RUST: "Rust", C_CPYTHON: "C, cpython ABI", RUST_CPYTHON: "Rust, cpython ABI"}

CALLS = ["noarg", "one", "add", "call", "length", "method", "attribute"]
INSTANCES = ["new", "new_kw"]

#: (row, module) -> the ratio that is not to be passed.
AT_MOST = {
    **{(row, C): 1.05 for row in CALLS + INSTANCES},
    **{(row, RUST): 1.10 for row in CALLS},
    ("sum_items", C): 1.35,
    ("sum_items", RUST): 1.35,
    ("build", C): 1.10,
    ("import", C): 1.5,
    ("import", RUST): 1.5,
}
#: What is to take less time than the module it is compared to, in the row it is compared to.
BELOW = {
    **{(row, RUST): (row, PYO3) for row in CALLS + INSTANCES},
    # The conversion of a whole list against the C API's loop over items.
    ("sum_bulk", RUST): ("sum_items", "bench_capi"),
    ("build", RUST): ("build", "bench_capi"),
}
#: In the cpython ABI, each of these rows. (Bulk operations do more at once than the C API can; named arguments the
#: C API's column sorts by hand.)
CPYTHON_ROWS = [*CALLS, *INSTANCES, "sum_items", "build", "import"]
CPYTHON = {C_CPYTHON: 1.02, RUST_CPYTHON: 1.05}
#: Instructions on top of the C API.
INSTRUCTIONS = {("one", C): 12}


def check(result: dict) -> list[tuple[str, str, str, str, bool]]:
    """(row, column, target, measured, whether it is met), for what was measured."""
    checks: list[tuple[str, str, str, str, bool]] = []

    def ratio(row: str, module: str) -> float | None:
        found = result["time"].get(row, {}).get(module)
        return found["ratio"] if found and found.get("ratio") is not None else None

    def at_most(row: str, module: str, limit: float) -> None:
        measured = ratio(row, module)
        if measured is not None:
            met = round(measured, 2) <= limit
            checks.append((row, NAMES[module], f"at most {limit:.2f}", f"{measured:.2f}", met))

    for (row, module), limit in AT_MOST.items():
        at_most(row, module, limit)
    for (row, module), (other_row, other) in BELOW.items():
        times = result["time"]
        mine, theirs = times.get(row, {}).get(module), times.get(other_row, {}).get(other)
        if mine and theirs:
            measured = mine["median"] / theirs["median"]
            name = "PyO3" if other == PYO3 else "the C API" + (", item by item" if row != other_row else "")
            checks.append((row, NAMES[module], f"below {name}", f"{measured:.2f} of it", measured < 1))
    for module, limit in CPYTHON.items():
        for row in CPYTHON_ROWS:
            at_most(row, module, limit)
    for (row, module), limit in INSTRUCTIONS.items():
        counts = (result["instructions"] or {}).get(row, {})
        if module in counts and "bench_capi" in counts:
            more = round(counts[module] - counts["bench_capi"])
            checks.append((row, NAMES[module], f"at most {limit} instructions more", f"{more:+d}", more <= limit))
    return checks
