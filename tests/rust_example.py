"""Builds an example in Rust once and loads it, a copy of the file per mode: each mode has its own statics."""

from __future__ import annotations

import importlib.util
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
from rust_extension import PREBUILT, build

ROOT = Path(__file__).resolve().parent.parent


@lru_cache(maxsize=None)
def binary(name: str, *options: str) -> Path:
    """The library that cargo makes of the package `name`."""
    if PREBUILT:
        return Path(PREBUILT) / f"lib{name}.so"
    said = subprocess.run(
        ["cargo", "build", "--quiet", "--message-format=json", "-p", name, *options],
        cwd=ROOT,
        stdout=subprocess.PIPE,
        text=True,
        check=True,
        env={**os.environ, "CARGO_TARGET_DIR": str(ROOT / "target")},
    )
    for line in reversed(said.stdout.splitlines()):
        message = json.loads(line)
        if message.get("reason") == "compiler-artifact" and message["target"]["name"] == name:
            return Path(message["filenames"][0])
    raise AssertionError(f"cargo built no {name}")


@lru_cache(maxsize=None)
def ordinary(name: str) -> ModuleType:
    """The example as an ordinary extension of this interpreter, without a runtime."""
    made = build(name, name, "cpython")
    target = extensions.CACHE / "rust" / f"cpython-{sys.implementation.cache_tag}" / (name + extensions.suffix("cpython"))
    target.parent.mkdir(parents=True, exist_ok=True)
    shutil.copyfile(made, target)
    return extensions.load(name, target, extensions.VARIANTS["cpython"])


#: Building for one interpreter alone takes its time: the oldest and the newest that are fully supported do. The tools come with
#: hpy-rs.
builds_for_one = pytest.mark.skipif(
    sys.version_info[:2] not in ((3, 9), (3, 13)) or not hasattr(hpy.universal, "_direct"), reason="tested on 3.9 and 3.13"
)


def load(name: str, mode: str = "universal") -> ModuleType:
    """The example as a module in one of the modes universal, debug and trace."""
    return loaded(name, mode)


@lru_cache(maxsize=None)
def loaded(name: str, mode: str) -> ModuleType:
    """Each file once: another module of it would have the classes of the first."""
    source = binary(name)
    target = extensions.CACHE / "rust" / mode / f"{name}.hpy0.so"
    target.parent.mkdir(parents=True, exist_ok=True)
    made = target.with_name(f"{target.name}.{os.getpid()}")
    if not target.exists() or target.stat().st_mtime < source.stat().st_mtime:
        shutil.copyfile(source, made)
        made.replace(target)
    spec = importlib.util.spec_from_file_location(name, str(target))
    return hpy.universal.load(name, str(target), spec, mode=getattr(hpy.universal, f"MODE_{mode.upper()}"))
