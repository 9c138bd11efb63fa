"""Builds tests/rust_ext once per ABI and loads it, a copy of the file per mode: each mode has its own statics."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from functools import lru_cache
from pathlib import Path
from types import ModuleType

import hpy.universal
import pytest

import extensions
from extensions import Variant

#: The base ABI has no buffers, direct imports and PanicException, and PyPI's hpy 0.9.0 cannot make instances of Python
#: subclasses. Everything else runs there too: HPY_TESTS_RUST names a folder of binaries for such a run.
needs_hpy_rs = pytest.mark.skipif(
    not hasattr(hpy.universal, "_direct"), reason="beyond the base ABI, or not in PyPI's hpy 0.9.0"
)
#: What the SDK does where the runtime has no extension table: on PyPy, and on PyPI's hpy 0.9.0.
needs_other_hpy = pytest.mark.skipif(hasattr(hpy.universal, "_direct"), reason="hpy-rs has the extension table")

ROOT = Path(__file__).resolve().parent.parent
NAME = "rust_ext"
#: A folder of universal binaries that cargo made beforehand: for interpreters whose system has no cargo, and for binaries made
#: in a special way.
PREBUILT = os.environ.get("HPY_TESTS_RUST")


@lru_cache(maxsize=None)
def build(package: str, library: str, abi: str = "universal") -> Path:
    """The library that cargo makes of a package: a universal binary, or an extension of this interpreter alone."""
    if PREBUILT and abi == "universal":
        return Path(PREBUILT) / f"lib{library}.so"
    from filelock import FileLock

    command = ["cargo", "build", "--quiet", "--message-format=json", "-p", package]
    if abi == "universal":
        target, tag, settings = ROOT / "target", "any", {}
    else:
        from hpy.build._cargo import c_api_settings

        # One folder for all interpreters: what does not depend on them is compiled once.
        target = ROOT / "target" / "rust-cpython"
        tag = sys.implementation.cache_tag + getattr(sys, "abiflags", "")
        settings = c_api_settings()
        command += ["--features", "hpy-rs/cpython"]
    kept = extensions.CACHE / "rust" / f"{abi}-{tag}" / library
    kept.parent.mkdir(parents=True, exist_ok=True)
    environment = {**os.environ, **settings, "CARGO_TARGET_DIR": str(target)}
    with FileLock(target / f".{package}.lock"):
        said = subprocess.run(
            command, cwd=ROOT, stdout=subprocess.PIPE, text=True, check=True, env=environment
        )  # fmt: skip
        made = next(
            Path(message["filenames"][0])
            for message in map(json.loads, reversed(said.stdout.splitlines()))
            if message.get("reason") == "compiler-artifact" and message["target"]["name"] == library
        )
        if not kept.exists() or kept.read_bytes() != made.read_bytes():
            replace(made, kept)
    return kept


def replace(source: Path, target: Path) -> None:
    """Copies a file to a name under which processes may have another one loaded."""
    unfinished = target.with_name(f"{target.name}.{os.getpid()}")
    shutil.copyfile(source, unfinished)
    unfinished.replace(target)


def binary(abi: str = "universal") -> Path:
    """The library that cargo makes of tests/rust_ext."""
    return build("rust-ext", NAME, abi)


def copy_for(folder: str, name: str, abi: str = "universal") -> Path:
    """A copy of the binary under `name` in a folder of its own."""
    source = binary(abi)
    target = extensions.CACHE / "rust" / folder / name
    target.parent.mkdir(parents=True, exist_ok=True)
    # Not by the time: the copy may be newer and that of another interpreter.
    if not target.exists() or target.read_bytes() != source.read_bytes():
        replace(source, target)
    return target


@lru_cache(maxsize=None)
def load(variant: Variant) -> ModuleType:
    return load_again(variant)


def load_again(variant: Variant) -> ModuleType:
    """Another module object of the same file."""
    file = copy_for(variant.name, NAME + extensions.suffix(variant.abi), variant.abi)
    return extensions.load(NAME, file, variant)
