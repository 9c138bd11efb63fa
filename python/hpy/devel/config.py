"""hpy-config: what other build systems need to know, printed one thing per option.

    cc -shared -fPIC $(hpy-config --cflags) example.c $(hpy-config --sources) -o example$(hpy-config --ext-suffix)

`python -m hpy.devel.config` is the same command.
"""

from __future__ import annotations

import argparse
import shlex
import sys
import sysconfig
from pathlib import Path
from typing import Callable

from . import ABIS, HPyDevel
from .abitag import get_hpy_ext_suffix, parse_ext_suffix

DEVEL = HPyDevel()


class MissingLibrary(Exception):
    """This installation has no library for the cpython ABI."""


def include_dirs(abi: str) -> list[str]:
    folders = [str(DEVEL.get_include_dir_forbid_python_h())] if abi == "universal" else []
    folders += DEVEL.get_extra_include_dirs()
    if abi != "universal":
        folders.append(sysconfig.get_path("include"))
    return folders


def macros(abi: str) -> list[str]:
    return [name for name, _ in DEVEL.get_define_macros(abi)]


def libraries(abi: str) -> list[str]:
    if abi != "cpython":
        return []
    found = DEVEL.get_static_libs("cpython")
    if found is None:
        raise MissingLibrary("this installation of hpy-rs has no library for the cpython ABI of this Python")
    return found


def suffix(abi: str, direct: bool) -> str:
    if direct and abi == "universal":
        return f".{parse_ext_suffix()[1]}"
    return get_hpy_ext_suffix(abi)


def stub(module: str, abi: str, direct: bool) -> str:
    """The text of the stub file of a module."""
    from .stub import stub_source

    name = module.rpartition(".")[2]
    return stub_source(name, name + suffix(abi, direct))


def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="hpy-config", description="What build systems need to know about HPy.")
    parser.add_argument("--abi", choices=ABIS, default="universal", help="the ABI the answers are for (universal)")
    parser.add_argument("--direct", action="store_true", help="universal binaries are named NAME.so")
    parser.add_argument("--lines", action="store_true", help="one item per line, unquoted")
    questions = parser.add_argument_group("questions, answered in this order")
    answers: dict[str, tuple[str, Callable[[str, bool], list[str]]]] = {
        "version": ("of hpy-rs", lambda abi, direct: [_version()]),
        "includedirs": ("folders of headers", lambda abi, direct: include_dirs(abi)),
        "includes": ("compiler options for the headers", lambda abi, direct: [f"-I{d}" for d in include_dirs(abi)]),
        "macros": ("that tell hpy.h the ABI", lambda abi, direct: macros(abi)),
        "cflags": (
            "compiler options: macros and headers",
            lambda abi, direct: [f"-D{m}" for m in macros(abi)] + [f"-I{d}" for d in include_dirs(abi)],
        ),
        "sources": ("C helpers to compile with the extension", lambda abi, direct: DEVEL.get_extra_sources()),
        "libs": ("libraries to link", lambda abi, direct: libraries(abi)),
        "ext-suffix": ("end of the binary's file name", lambda abi, direct: [suffix(abi, direct)]),
        "cmakedir": ("folder of hpyConfig.cmake", lambda abi, direct: [str(DEVEL.base_dir / "cmake")]),
    }
    for name, (text, _) in answers.items():
        questions.add_argument(f"--{name}", action="store_true", help=text)
    questions.add_argument("--stub", metavar="MODULE", help="text of the module's stub file")
    questions.add_argument("--write-stub", nargs=2, metavar=("MODULE", "FILE"), help="the same into a file")
    options = parser.parse_args(arguments)
    asked = [name for name in answers if getattr(options, name.replace("-", "_"))]
    if not asked and options.stub is None and options.write_stub is None:
        parser.print_usage()
        return 2
    try:
        items = [item for name in asked for item in answers[name][1](options.abi, options.direct)]
        if asked:
            print("\n".join(items) if options.lines else shlex.join(items))
        if options.stub is not None:
            print(stub(options.stub, options.abi, options.direct), end="")
        if options.write_stub is not None:
            module, file = options.write_stub
            Path(file).write_text(stub(module, options.abi, options.direct), encoding="utf-8")
    except (MissingLibrary, ValueError) as error:
        print(f"hpy-config: {error}", file=sys.stderr)
        return 1
    return 0


def _version() -> str:
    from importlib.metadata import PackageNotFoundError, version

    try:
        return version("hpy-rs")
    except PackageNotFoundError:
        return "0+unknown"


if __name__ == "__main__":
    sys.exit(main())
