"""Builds the C extensions of tests/ext, each once, and loads them in every ABI and mode.

A binary is kept under target/ext-cache by a hash of everything that goes into it, so a universal one is
compiled once and then used on every interpreter; ABIs that are tied to an interpreter are kept per interpreter.
"""

from __future__ import annotations

import hashlib
import importlib.machinery
import importlib.util
import json
import os
import shutil
import socket
import subprocess
import sys
import sysconfig
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from types import ModuleType

import pytest

TESTS = Path(__file__).resolve().parent
SOURCES = TESTS / "ext"
CACHE = Path(os.environ.get("HPY_TESTS_EXT_CACHE", TESTS.parent / "target" / "ext-cache"))
# A folder of universal binaries that one run compiles (HPY_TESTS_RECORD=1) and others, on interpreters without this
# project's dev kit or in another system, only load.
PREBUILT = os.environ.get("HPY_TESTS_PREBUILT")
# The socket of compile_server.py, for interpreters without this project's dev kit: it compiles universal binaries.
SERVER = os.environ.get("HPY_TESTS_COMPILE_SERVER")


@dataclass(frozen=True)
class Variant:
    """One way to run a test: the ABI an extension is compiled for and the mode it is loaded in."""

    name: str
    abi: str
    mode: str


VARIANTS = {
    variant.name: variant
    for variant in (
        Variant("universal", "universal", "universal"),
        Variant("debug", "universal", "debug"),
        Variant("trace", "universal", "trace"),
        Variant("hybrid", "hybrid", "universal"),
        Variant("hybrid-debug", "hybrid", "debug"),
        Variant("hybrid-trace", "hybrid", "trace"),
        Variant("cpython", "cpython", "cpython"),
    )
}


class BuildError(Exception):
    """The compiler refused an extension; the message is what it printed."""


@lru_cache(maxsize=None)
def devel():
    from hpy.devel import HPyDevel

    return HPyDevel()


@lru_cache(maxsize=None)
def compiler() -> tuple[str, ...]:
    return tuple(os.environ.get("CC", "cc").split())


@lru_cache(maxsize=None)
def compiler_version() -> bytes:
    return subprocess.run([*compiler(), "--version"], capture_output=True, check=True).stdout


@lru_cache(maxsize=None)
def kit_hash(abi: str) -> bytes:
    """Changes when something of the dev kit does that binaries of an ABI are made of."""
    digest = hashlib.sha256(compiler_version())
    roots = [Path(d) for d in devel().get_extra_include_dirs()]
    files = [path for root in roots for path in sorted(root.rglob("*")) if path.is_file()]
    files += [Path(path) for path in devel().get_extra_sources()]
    if abi == "cpython":
        files += [Path(path) for path in devel().get_ctx_sources()]
        files += [Path(path) for path in devel().get_static_libs("cpython") or []]
    files.append(SOURCES / "wrap.h")
    files += sorted(SOURCES.with_name("zoo").glob("*.h"))
    for path in files:
        digest.update(str(path.name).encode())
        digest.update(path.read_bytes())
    return digest.digest()


def suffix(abi: str) -> str:
    if abi == "universal":
        return ".hpy0.so"
    if abi == "hybrid":
        major, minor = sys.version_info[:2]
        threads = "t" if sysconfig.get_config_var("Py_GIL_DISABLED") else ""
        return f".hpy0-cp{major}{minor}{threads}.so"
    return sysconfig.get_config_var("EXT_SUFFIX")


def command_line(abi: str, source: Path, output: Path, flags: list[str]) -> list[str]:
    """The compiler call that makes `output` of `source`."""
    line = [*compiler(), "-shared", "-fPIC", "-O1", "-g", "-std=gnu99", "-Wall", "-Werror=implicit-function-declaration"]
    line += [f"-I{SOURCES}"]
    line += [f"-I{directory}" for directory in devel().get_extra_include_dirs()]
    define = {"universal": "HPY_ABI_UNIVERSAL", "hybrid": "HPY_ABI_HYBRID", "cpython": "HPY_ABI_CPYTHON"}[abi]
    line += ["-DHPY", f"-D{define}", *flags]
    if abi != "universal":
        line.append(f"-I{sysconfig.get_path('include')}")
    line += [str(source), *map(str, devel().get_extra_sources())]
    if abi == "cpython":
        line += [*map(str, devel().get_ctx_sources()), *map(str, devel().get_static_libs("cpython") or [])]
    return [*line, "-o", str(output), "-lm"]


def build(name: str, abi: str = "universal", source: str | None = None, flags: tuple[str, ...] = ()) -> Path:
    """The binary of `tests/ext/NAME.c` (or of the text `source`) for `abi`, compiled if it is not there yet."""
    text = source if source is not None else (SOURCES / f"{name}.c").read_text()
    if SERVER and abi == "universal":
        return served(name, text, flags)
    if PREBUILT and abi == "universal":
        return prebuilt(name, text, flags)
    return compiled(name, abi, text, flags)


def prebuilt(name: str, text: str, flags: tuple[str, ...]) -> Path:
    """The binary that was compiled for all interpreters, or that is being compiled for them."""
    digest = hashlib.sha256("\0".join((name, text, *flags)).encode())
    path = Path(str(PREBUILT)) / f"{name}-{digest.hexdigest()[:20]}" / f"{name}.hpy0.so"
    if os.environ.get("HPY_TESTS_RECORD") == "1" and not path.exists():
        binary = compiled(name, "universal", text, flags)
        path.parent.mkdir(parents=True, exist_ok=True)
        unfinished = path.with_suffix(f".{os.getpid()}")
        shutil.copy(binary, unfinished)
        path.with_suffix(".sha256").write_text(hashlib.sha256(unfinished.read_bytes()).hexdigest())
        unfinished.rename(path)
    if not path.exists():
        raise BuildError(f"{name} was not compiled beforehand: run on the recording interpreter first")
    recorded = path.with_suffix(".sha256")
    if recorded.exists() and recorded.read_text() != hashlib.sha256(path.read_bytes()).hexdigest():
        raise BuildError(f"{path} is not the file that the recording interpreter compiled: remove it and record again")
    return path


def served(name: str, text: str, flags: tuple[str, ...]) -> Path:
    """The binary that compile_server.py makes, or has."""
    with socket.socket(socket.AF_UNIX) as connection:
        connection.connect(str(SERVER))
        with connection.makefile("rw", encoding="utf-8") as stream:
            stream.write(json.dumps([name, text, flags]) + "\n")
            stream.flush()
            path, error = json.loads(stream.readline())
    if error:
        raise BuildError(error)
    return Path(path)


def compiled(name: str, abi: str, text: str, flags: tuple[str, ...]) -> Path:
    """The binary of a C source, compiled if it is not in the cache."""
    digest = hashlib.sha256(kit_hash(abi))
    tag = "any" if abi == "universal" else sys.implementation.cache_tag + getattr(sys, "abiflags", "")
    digest.update("\0".join((name, abi, tag, text, *flags)).encode())
    directory = CACHE / f"{name}-{abi}-{digest.hexdigest()[:20]}"
    output = directory / (name + suffix(abi))
    if output.exists():
        return output
    from filelock import FileLock

    CACHE.mkdir(parents=True, exist_ok=True)
    with FileLock(str(directory) + ".lock"):
        if output.exists():
            return output
        making = directory.with_name(directory.name + ".making")
        shutil.rmtree(making, ignore_errors=True)
        making.mkdir(parents=True)
        c_file = making / f"{name}.c"
        c_file.write_text(text)
        made = subprocess.run(
            command_line(abi, c_file, making / output.name, list(flags)), capture_output=True, text=True
        )
        if made.returncode != 0:
            raise BuildError(f"{name}.c does not compile for the {abi} ABI:\n{made.stderr[-4000:]}")
        shutil.rmtree(directory, ignore_errors=True)
        making.rename(directory)
    return output


#: For tests that expect modules, types or functions to be freed.
frees_modules = pytest.mark.skipif(
    bool(sysconfig.get_config_var("Py_GIL_DISABLED")) and sys.version_info < (3, 14),
    reason="without a GIL, CPython 3.13 makes modules, types and functions immortal once a thread was started: "
    "test_threads.py looks where none is",
)

#: Calls reach a binary through thunks, not through its own trampolines. PyPy has no thunks.
THUNKS = os.environ.get("HPY_RS_THUNKS") != "0" and sys.implementation.name == "cpython"


def for_mode(path: Path, mode: str) -> Path:
    """The binary to load in `mode`: without thunks one binary serves one mode, and this process may test several."""
    if THUNKS or mode in ("universal", "cpython"):
        return path
    copy = path.parent / mode / path.name
    if not copy.exists() or copy.read_bytes() != path.read_bytes():
        copy.parent.mkdir(exist_ok=True)
        making = copy.with_suffix(f".{os.getpid()}")
        shutil.copy(path, making)
        making.replace(copy)
    return copy


def load(name: str, path: Path, variant: Variant) -> ModuleType:
    """Loads a binary as the module `name`."""
    path = for_mode(path, variant.mode)
    if variant.abi == "cpython":
        loader = importlib.machinery.ExtensionFileLoader(name, str(path))
        spec = importlib.util.spec_from_file_location(name, str(path), loader=loader)
        assert spec is not None
        module = importlib.util.module_from_spec(spec)
        loader.exec_module(module)
        return module
    import hpy.universal

    mode = getattr(hpy.universal, f"MODE_{variant.mode.upper()}")
    spec = importlib.util.spec_from_file_location(name, str(path))
    return hpy.universal.load(name, str(path), spec, mode=mode)


_loaded: dict[tuple[str, str], ModuleType | BuildError] = {}


def extension(name: str, variant: Variant) -> ModuleType:
    """The module of `tests/ext/NAME.c`, built and loaded once per process and variant."""
    key = (name, variant.name)
    if key not in _loaded:
        try:
            _loaded[key] = load(name, build(name, variant.abi), variant)
        except BuildError as error:
            # Each test of the extension fails, the compiler is asked once.
            _loaded[key] = error
    module = _loaded[key]
    if isinstance(module, BuildError):
        raise module
    return module


def unavailable(variant: Variant) -> str | None:
    """Why `variant` cannot run here, or None if it can."""
    if variant.abi == "cpython" and not (devel().get_static_libs("cpython") or devel().get_ctx_sources()):
        return "this installation has no library for the cpython ABI"
    try:
        extension("probe", variant)
    except NotImplementedError as missing:
        return str(missing)
    except BuildError as error:
        if variant.abi == "universal":
            raise
        return str(error)
    return None
