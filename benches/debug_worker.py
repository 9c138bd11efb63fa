"""Runs in a process of each runtime that debug.py compares; answers one line of JSON for each it gets."""

from __future__ import annotations

import gc
import importlib.util
import json
import sys
from pathlib import Path
from typing import Any, Callable, Dict

from worker import UNROLLED, timed_loop


def load(folder: Path, module: str, mode: str) -> Any:
    import hpy.universal

    path = str(folder / mode / f"{module}.hpy0.so")
    spec = importlib.util.spec_from_file_location(module, path, loader=None)
    return hpy.universal.load(module, path, spec, mode=getattr(hpy.universal, f"MODE_{mode.upper()}"))


def main(folder: Path) -> None:
    sys.path.insert(0, str(folder))
    gc.disable()
    modules: Dict[Any, Any] = {}
    loops: Dict[Any, Callable[[int], int]] = {}
    for line in sys.stdin:
        question = json.loads(line)
        key = (question["row"], question["mode"])
        answer: Any = None
        if question["do"] == "prepare":
            place = (question["module"], question["mode"])
            if place not in modules:
                modules[place] = load(folder, *place)
            loops[key] = timed_loop(question["statement"], question["setup"], modules[place])
        elif question["do"] == "calibrate":
            # Warm: the interpreter specialises, and debug mode's queue of closed handles fills.
            loops[key](200)
            count = 1
            while loops[key](count) < 1_500_000:
                count *= 2
            answer = count
        elif question["do"] == "run":
            answer = loops[key](question["count"]) / (question["count"] * UNROLLED)
            gc.collect()
        else:
            import marks

            loops[key](200)
            for count in (10, 20):
                marks.zero()
                loops[key](count)
                marks.dump(f"{question['row']} {question['mode']} {count * UNROLLED}")
        print(json.dumps(answer), flush=True)


if __name__ == "__main__":
    main(Path(sys.argv[1]))
