"""Builds tests/rust_ext once and loads it, a copy of the file per mode: each mode has its own statics."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from functools import lru_cache
from pathlib import Path
from types import ModuleType

import hpy.universal
import pytest

import extensions
from extensions import Variant

#: The base ABI has no buffers, direct imports and PanicException, and PyPI's hpy 0.9.0 cannot make instances of Python
#: subclasses. Everything else runs there too: HPY_TESTS_RUST_EXT names the binary for such a run.
needs_hpy_rs = pytest.mark.skipif(
    not hasattr(hpy.universal, "_direct"), reason="beyond the base ABI, or not in PyPI's hpy 0.9.0"
)

ROOT = Path(__file__).resolve().parent.parent
NAME = "rust_ext"


@lru_cache(maxsize=None)
def binary() -> Path:
    """The library that cargo makes, or the one that HPY_TESTS_RUST_EXT names."""
    given = os.environ.get("HPY_TESTS_RUST_EXT")
    if given:
        return Path(given)
    said = subprocess.run(
        ["cargo", "build", "--quiet", "--message-format=json", "-p", "rust-ext"],
        cwd=ROOT,
        stdout=subprocess.PIPE,
        text=True,
        check=True,
        env={**os.environ, "CARGO_TARGET_DIR": str(ROOT / "target")},
    )
    for line in reversed(said.stdout.splitlines()):
        message = json.loads(line)
        if message.get("reason") == "compiler-artifact" and message["target"]["name"] == NAME:
            return Path(message["filenames"][0])
    raise AssertionError("cargo built no rust_ext")


def copy_for(folder: str, name: str) -> Path:
    """A copy of the binary under `name` in a folder of its own."""
    source = binary()
    target = extensions.CACHE / "rust" / folder / name
    target.parent.mkdir(parents=True, exist_ok=True)
    made = target.with_name(f"{name}.{os.getpid()}")
    if not target.exists() or target.stat().st_mtime < source.stat().st_mtime:
        shutil.copyfile(source, made)
        made.replace(target)
    return target


@lru_cache(maxsize=None)
def load(variant: Variant) -> ModuleType:
    return extensions.load(NAME, copy_for(variant.name, f"{NAME}.hpy0.so"), variant)
