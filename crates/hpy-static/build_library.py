"""Builds the static library that C extensions of the cpython ABI link in, for one Python.

    python crates/hpy-static/build_library.py --python PYTHON --output FOLDER

makes FOLDER/libhpy_static.SOABI.a. On ELF systems the archive holds one object with one global name: everything
that the entry needs, without Rust's `std`, whose panic and backtrace code would be three times as large as HPy.
Elsewhere it is cargo's archive as it is.
"""

from __future__ import annotations

import argparse
import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
ENTRY = "_HPyDirect_Init"
ABORT = "_hpy_static_abort"
#: Crates that stay out, by the start of their objects' names.
LEFT_OUT = ("std-", "panic_abort-", "unwind-")
#: Ends of the names of functions of those crates that remaining code mentions: none of them is ever called, but
#: where something has gone wrong beyond repair.
MEANING_ABORT = (
    "rust_begin_unwind",
    "___rust_alloc_error_handler",
    "3std6thread9functions4park",
    "_Unwind_Resume",
    "rust_eh_personality",
)
#: What the C library and libm provide.
C_LIBRARY = set(
    "abort bcmp calloc fmod free frexp getenv ldexp malloc memchr memcmp memcpy memmove memset mmap mprotect munmap "
    "posix_memalign pow realloc strlen sysconf".split()
)


def run(*command: object, **kwargs: object) -> str:
    words = [str(word) for word in command]
    done = subprocess.run(words, stdout=subprocess.PIPE, text=True, **kwargs)  # type: ignore[call-overload]
    if done.returncode != 0:
        raise SystemExit(f"{' '.join(words)} ended with {done.returncode}")
    return done.stdout


def soabi(python: str) -> str:
    """What extension modules of this Python have in their names, cpython-311-x86_64-linux-gnu."""
    code = "import sysconfig; print((sysconfig.get_config_var('EXT_SUFFIX') or '').strip('.').rpartition('.')[0])"
    return run(python, "-c", code).strip()


def build_archive(python: str, target_dir: Path, elf: bool) -> Path:
    env = dict(os.environ, PYO3_PYTHON=python, PYO3_BUILD_EXTENSION_MODULE="1", CARGO_TARGET_DIR=str(target_dir))
    if not elf:
        env["CARGO_PROFILE_STATIC_LTO"] = "fat"
    run("cargo", "build", "-q", "-p", "hpy-static", "--profile", "static", cwd=ROOT, env=env)
    for name in ("libhpy_static.a", "hpy_static.lib"):
        if (target_dir / "static" / name).exists():
            return target_dir / "static" / name
    raise SystemExit(f"cargo left no static library in {target_dir / 'static'}")


def symbols(path: Path, undefined: bool) -> set[str]:
    """The names that an object mentions without having them, or the global ones it has."""
    names = set()
    for line in run("readelf", "-Ws", path).splitlines():
        fields = line.split()
        if len(fields) < 8 or fields[4] not in ("GLOBAL", "WEAK") or not fields[0].endswith(":"):
            continue
        if (fields[6] == "UND") == undefined:
            names.add(fields[7])
    return names


def link_one_object(archive: Path, output: Path) -> None:
    """One relocatable object of what the entry needs; its entry is its only global name."""
    with tempfile.TemporaryDirectory() as folder:
        run("ar", "x", archive.resolve(), cwd=folder)
        members = sorted(p for p in Path(folder).iterdir() if not p.name.startswith(LEFT_OUT))
        first = Path(folder, "first.o")
        link = ["ld", "-r", "--gc-sections", "-u", ENTRY, "-u", ABORT]
        run(*link, "-o", first, *members)
        missing = {n for n in symbols(first, True) if not n.startswith(("Py", "_Py")) and n not in C_LIBRARY}
        unknown = sorted(name for name in missing if not name.endswith(MEANING_ABORT))
        if unknown:
            raise SystemExit(f"{archive.name} needs what neither C nor Python has: {', '.join(unknown)}")
        second = Path(folder, "second.o")
        run(*link, *(f"--defsym={name}={ABORT}" for name in sorted(missing)), "-o", second, *members)
        # Debug sections and LLVM's bitcode go with the local names.
        strip = ["--strip-unneeded", f"--keep-global-symbol={ENTRY}", "--remove-section=.llvmbc"]
        run("objcopy", *strip, "--remove-section=.llvmcmd", "--remove-section=.eh_frame", second)
        left = symbols(second, False)
        if left != {ENTRY}:
            raise SystemExit(f"the library would export {', '.join(sorted(left - {ENTRY})) or 'nothing'}")
        fresh = output.with_name(f"{output.name}.{os.getpid()}")
        fresh.unlink(missing_ok=True)
        run("ar", "rcs", fresh, second)
        os.replace(fresh, output)


def build(python: str, output: Path, target_dir: Path | None = None) -> Path:
    elf = sys.platform.startswith("linux") and shutil.which("objcopy") is not None
    tag = soabi(python)
    archive = build_archive(python, target_dir or ROOT / "target" / "static" / tag, elf)
    output.mkdir(parents=True, exist_ok=True)
    library = output / f"libhpy_static.{tag}{archive.suffix}"
    if elf:
        link_one_object(archive, library)
    else:
        shutil.copyfile(archive, library)
    return library


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--python", default=sys.executable, help="the interpreter that extensions will be for")
    parser.add_argument("--output", type=Path, default=ROOT / "python" / "hpy" / "devel" / "lib" / "cpython")
    parser.add_argument("--target-dir", type=Path, help="cargo's folder; default: target/static/SOABI")
    args = parser.parse_args()
    print(build(args.python, args.output, args.target_dir))


if __name__ == "__main__":
    main()
