"""Runs a program in this process, as `python script.py` or `python -m module` would."""

from __future__ import annotations

import os
import runpy
import sys
import traceback
from typing import List


def run_program(script: str, args: List[str], as_module: bool) -> int:
    """Runs `script` with `args` and returns the exit status that Python would end with."""
    sys.argv = [script, *args]
    try:
        if as_module:
            sys.path.insert(0, os.getcwd())
            runpy.run_module(script, run_name="__main__", alter_sys=True)
        else:
            sys.path.insert(0, os.path.dirname(os.path.abspath(script)))
            runpy.run_path(script, run_name="__main__")
    except SystemExit as end:
        if end.code is None:
            return 0
        if isinstance(end.code, int):
            return end.code
        print(end.code, file=sys.stderr)
        return 1
    except BaseException:
        traceback.print_exc()
        return 1
    return 0
