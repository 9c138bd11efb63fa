"""Subinterpreters on every version: made, used and destroyed the same way."""

from __future__ import annotations

import json
import os
import sys
import textwrap
from contextlib import contextmanager
from typing import Any, Iterator

try:
    import _interpreters
except ImportError:
    import _xxsubinterpreters as _interpreters

#: Which interpreters there are: with the GIL of the process and, since 3.12, with one of their own.
KINDS = ["legacy", "isolated"] if sys.version_info >= (3, 12) else ["legacy"]

_RUN = """
import json, os, sys, traceback
sys.path[:] = {path!r}
result = None
try:
{code}
    answer = {{"result": result}}
except BaseException as error:
    try:
        text = traceback.format_exc()
    except ImportError:
        # 3.15 looks for files of a module that was not found, and raises what that raises.
        text = repr(error)
    answer = {{"error": type(error).__name__, "message": str(error), "traceback": text}}
os.write({fd}, json.dumps(answer).encode())
"""


class Failed(Exception):
    """Code in a subinterpreter raised; `kind` is the exception's type name."""

    def __init__(self, answer: dict[str, str]) -> None:
        super().__init__(answer["traceback"])
        self.kind, self.message = answer["error"], answer["message"]


class Interpreter:
    def __init__(self, kind: str = "isolated") -> None:
        if sys.version_info >= (3, 13):
            self.id = _interpreters.create(kind)
        elif sys.version_info >= (3, 12):
            self.id = _interpreters.create(isolated=kind == "isolated")
        else:
            self.id = _interpreters.create()

    def run(self, code: str, *path: object) -> Any:
        """Runs code with `path` in front of sys.path; returns what it leaves in `result`, of what JSON has."""
        read, write = os.pipe()
        try:
            code = textwrap.indent(textwrap.dedent(code), "    ")
            text = _RUN.format(path=[*map(str, path), *sys.path], code=code, fd=write)
            problem = _interpreters.run_string(self.id, text)
            assert problem is None, problem
            answer = json.loads(os.read(read, 65536))
        finally:
            os.close(read)
            os.close(write)
        if "error" in answer:
            raise Failed(answer)
        return answer["result"]

    def close(self) -> None:
        _interpreters.destroy(self.id)


@contextmanager
def interpreter(kind: str) -> Iterator[Interpreter]:
    made = Interpreter(kind)
    try:
        yield made
    finally:
        made.close()
