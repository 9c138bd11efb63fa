"""The C helpers, fuzzed for some seconds: any format and any arguments give a result or an exception.

`python tests/test_fuzz.py SECONDS` fuzzes for longer.
"""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
FUZZ = ROOT / "fuzz" / "helpers"
DEVEL = ROOT / "python" / "hpy" / "devel"
SOURCES = [FUZZ / "fuzz_helpers.c", FUZZ / "toy_context.c"]
SOURCES += [DEVEL / "src" / f"{name}.c" for name in ("argparse", "buildvalue", "format")]
FLAGS = ["-g", "-O1", "-DHPY_ABI_UNIVERSAL", f"-I{DEVEL / 'include'}", "-fno-sanitize-recover=all"]


def run(*words: object, timeout: int = 300) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [str(word) for word in words], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, errors="replace", timeout=timeout
    )


def libfuzzer(folder: Path) -> Path | None:
    """The target with libFuzzer, None without a Clang that has it."""
    if shutil.which("clang") is None:
        return None
    program = folder / "fuzz_helpers"
    made = run("clang", "-fsanitize=fuzzer,address,undefined", "-fno-sanitize=function", *FLAGS, *SOURCES, "-o", program)
    return program if made.returncode == 0 else None


def test_the_corpus_and_what_comes_of_it(tmp_path):
    files = sorted(path for path in (FUZZ / "corpus").iterdir())
    assert len(files) > 50
    program = tmp_path / "replay"
    compilers = [name for name in ("gcc", "clang", "cc") if shutil.which(name)]
    made = run(compilers[0], "-fsanitize=address,undefined", *FLAGS, *SOURCES, FUZZ / "replay.c", "-o", program)
    assert made.returncode == 0, made.stdout
    done = run(program, 200_000, *files)
    assert done.returncode == 0, done.stdout[-4000:]
    assert f"{len(files)} inputs" in done.stdout


def test_some_seconds_of_libfuzzer(tmp_path):
    program = libfuzzer(tmp_path)
    if program is None:
        pytest.skip("there is no Clang with libFuzzer")
    corpus = tmp_path / "corpus"
    shutil.copytree(FUZZ / "corpus", corpus)
    done = run(program, "-max_total_time=5", "-max_len=160", f"-artifact_prefix={tmp_path}/", corpus)
    assert done.returncode == 0, done.stdout[-4000:]


def main(seconds: int) -> int:
    folder = ROOT / "target" / "fuzz"
    folder.mkdir(parents=True, exist_ok=True)
    program = libfuzzer(folder)
    if program is None:
        print("needs a Clang with libFuzzer")
        return 2
    corpus = folder / "corpus"
    shutil.copytree(FUZZ / "corpus", corpus, dirs_exist_ok=True)
    done = subprocess.run(
        [program, f"-max_total_time={seconds}", "-max_len=160", f"-artifact_prefix={folder}/", "-print_final_stats=1", corpus]
    )
    print(f"corpus and findings: {folder}")
    return done.returncode


if __name__ == "__main__":
    sys.exit(main(int(sys.argv[1]) if len(sys.argv) > 1 else 600))
