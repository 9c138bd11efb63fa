"""What interpreters that come and go leave in their process.

    python tests/growth.py KIND TIMES FOLDER CODE

makes, uses and destroys TIMES interpreters of a kind, one after the other, each of which runs CODE with FOLDER on its
path, and prints how the process grew, as JSON: see `measures`. tests/test_subinterpreters.py compares what an extension
leaves with what a module in Python does: interpreters of CPython 3.12 and 3.13 leave megabytes by themselves.
"""

from __future__ import annotations

import ctypes
import gc
import json
import os
import sys

sys.path.insert(0, os.path.dirname(__file__))

from memory_use import mapped  # noqa: E402
from subinterpreters import interpreter  # noqa: E402

#: Interpreters before counting: what is made once per process is there then.
WARM_UP = 15


class Allocated(ctypes.Structure):
    """glibc's `struct mallinfo2`."""

    _names = "arena ordblks smblks hblks hblkhd usmblks fsmblks uordblks fordblks keepcost"
    _fields_ = [(name, ctypes.c_size_t) for name in _names.split()]


def allocated() -> int | None:
    """Bytes that are in use of the system's allocator, where the tables of hpy-rs come from; None if it does not tell."""
    try:
        mallinfo = ctypes.CDLL(None).mallinfo2
    except AttributeError:
        return None
    mallinfo.restype = Allocated
    found = mallinfo()
    return found.uordblks + found.hblkhd


def measures() -> dict[str, int | None]:
    """Of this process: bytes mapped, bytes allocated, mappings, and those of code that is in no file (thunks)."""
    mapped_now = mapped()
    with open("/proc/self/maps") as maps:
        lines = [line.split() for line in maps]
    code = sum(fields[1] == "r-xp" and fields[4] == "0" for fields in lines)
    return {"mapped": mapped_now, "allocated": allocated(), "mappings": len(lines), "code": code}


def main() -> None:
    kind, times, folder, code = sys.argv[1:]

    def loop(count: int) -> None:
        for _ in range(count):
            with interpreter(kind) as other:
                other.run(code, folder)

    loop(WARM_UP)
    before = measures()
    loop(int(times))
    after = measures()
    print(json.dumps({what: None if was is None else after[what] - was for what, was in before.items()}))


if __name__ == "__main__":
    main()
