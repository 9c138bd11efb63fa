"""Builds a word-frequency index of the running interpreter's standard library, with an extension and in plain Python.

    python demo.py MODULE... [--tsv FILE]

Each MODULE is a module with the face that README.md describes. Prints files, words, whether the module's counts are
those of plain Python, and the time of both. Exits with 1 if counts differ.
"""

from __future__ import annotations

import argparse
import importlib
import re
import sys
import sysconfig
import time
from collections import Counter
from pathlib import Path
from typing import Any

WORD = re.compile(rb"[A-Za-z_][A-Za-z0-9_]*")


def library_files() -> list[str]:
    """Every .py file of the standard library, without installed packages."""
    stdlib = Path(sysconfig.get_paths()["stdlib"])
    skip = {"site-packages", "dist-packages", "__pycache__"}
    return sorted(str(path) for path in stdlib.rglob("*.py") if not skip.intersection(path.parts))


def plain(files: list[str]) -> Counter[bytes]:
    """The index in plain Python."""
    counts: Counter[bytes] = Counter()
    for path in files:
        with open(path, "rb") as file:
            counts.update(WORD.findall(file.read()))
    return counts


def with_module(module: Any, files: list[str]) -> Any:
    """The index by an extension module."""
    index = module.WordIndex()
    for path in files:
        index.add_file(path)
    return index


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("modules", nargs="+", metavar="MODULE")
    parser.add_argument("--tsv", metavar="FILE", help="also write the results to a file, one module a line")
    options = parser.parse_args()

    files = library_files()
    # Once unmeasured, so that neither side pays for reading the disk.
    plain(files[:200])
    start = time.perf_counter()
    expected = plain(files)
    plain_seconds = time.perf_counter() - start
    words = sum(expected.values())

    lines = []
    good = True
    for name in options.modules:
        module = importlib.import_module(name)
        start = time.perf_counter()
        index = with_module(module, files)
        seconds = time.perf_counter() - start
        counts = {word.encode(): index[word] for word in index}
        agrees = counts == expected and index.words == words and index.texts == len(files)
        good = good and agrees
        ratio = plain_seconds / seconds
        print(
            f"{name}: {len(files)} files, {words} words, {len(index)} distinct, "
            f"{'the same counts as' if agrees else 'OTHER COUNTS THAN'} plain Python; "
            f"{seconds:.2f} s, plain Python {plain_seconds:.2f} s: {ratio:.1f} times as fast"
        )
        top = ", ".join(f"{word} {count}" for word, count in index.most_common(5))
        print(f"    most common: {top}; {module.__file__}")
        lines.append(f"{name}\t{len(files)}\t{words}\t{'yes' if agrees else 'NO'}\t{seconds:.3f}\t{plain_seconds:.3f}\n")
    if options.tsv:
        Path(options.tsv).write_text("".join(lines), encoding="utf-8")
    return 0 if good else 1


if __name__ == "__main__":
    sys.exit(main())
