"""fastjson against json and orjson: `python bench.py`, in an environment with hpy-rs (and orjson, if it shall take part).

Prints a table for each of the three documents of `documents.py`: the milliseconds of processor time that reading its text and
writing its objects takes, the best of several rounds in which all take turns. `dumps` is called as by default; `fastjson.dumpb`
gives UTF-8 bytes without spaces, as orjson does, and is what is compared with it.
"""

from __future__ import annotations

import argparse
import importlib.util
import json
import os
import platform
import subprocess
import time
from pathlib import Path
from typing import Any, Callable

from documents import DOCUMENTS

ROOT = Path(__file__).resolve().parents[3]


def fastjson() -> Any:
    """The module, built with optimisations."""
    import hpy.universal

    said = subprocess.run(
        ["cargo", "build", "--quiet", "--release", "--message-format=json", "-p", "fastjson"],
        cwd=ROOT,
        stdout=subprocess.PIPE,
        text=True,
        check=True,
        env={**os.environ, "CARGO_TARGET_DIR": str(ROOT / "target")},
    )
    messages = [json.loads(line) for line in said.stdout.splitlines()]
    (path,) = [m["filenames"][0] for m in messages if m.get("target", {}).get("name") == "fastjson" and "filenames" in m]
    link = Path(path).with_name("fastjson.hpy0.so")
    link.unlink(missing_ok=True)
    link.symlink_to(path)
    return hpy.universal.load("fastjson", str(link), importlib.util.spec_from_file_location("fastjson", str(link)))


def times(calls: dict[str, Callable[[], Any]], rounds: int) -> dict[str, float]:
    """The best time of each call in milliseconds of the thread; calls take turns."""
    best = dict.fromkeys(calls, float("inf"))
    for _ in range(rounds):
        for name, call in calls.items():
            start = time.thread_time()
            result = call()
            best[name] = min(best[name], time.thread_time() - start)
            # Giving the objects up is no part of it.
            del result
    return {name: 1000 * seconds for name, seconds in best.items()}


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--rounds", type=int, default=40)
    arguments = parser.parse_args()
    fast = fastjson()
    try:
        import orjson
    except ImportError:
        orjson = None
    versions = [f"{platform.python_implementation()} {platform.python_version()}"]
    versions.append(f"orjson {orjson.__version__}" if orjson is not None else "without orjson, which is not installed here")
    print(", ".join(versions), end="\n\n")
    print("| document | | json | fastjson | dumpb | orjson | times as fast as json: fastjson | orjson | fastjson's time by orjson's |")
    print("|---|---|---|---|---|---|---|---|---|")
    compact = {"ensure_ascii": False, "separators": (",", ":")}
    for name, make in DOCUMENTS.items():
        objects = make()
        text = json.dumps(objects, **compact)
        assert fast.loads(text) == objects and fast.dumpb(objects) == text.encode()
        reading = {"json": lambda: json.loads(text), "fastjson": lambda: fast.loads(text)}
        writing = {
            "json": lambda: json.dumps(objects),
            "fastjson": lambda: fast.dumps(objects),
            "dumpb": lambda: fast.dumpb(objects),
        }
        if orjson is not None:
            reading["orjson"] = lambda: orjson.loads(text)
            writing["orjson"] = lambda: orjson.dumps(objects)
        for what, calls in (("loads", reading), ("dumps", writing)):
            took = times(calls, arguments.rounds)
            cells = [f"{took[who]:.2f}" if who in took else "" for who in ("json", "fastjson", "dumpb", "orjson")]
            cells.append(f"{took['json'] / took['fastjson']:.1f}")
            if "orjson" in took:
                cells.append(f"{took['json'] / took['orjson']:.1f}")
                cells.append(f"{took.get('dumpb', took['fastjson']) / took['orjson']:.2f}")
            else:
                cells += ["", ""]
            print(f"| `{name}`, {len(text.encode())} bytes | {what} | " + " | ".join(cells) + " |")


if __name__ == "__main__":
    main()
