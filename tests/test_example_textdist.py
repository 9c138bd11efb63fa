"""The example textdist against the definitions of its distances in plain Python."""

from __future__ import annotations

import importlib.util
import json
import os
import subprocess
import threading
from functools import lru_cache
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

ROOT = Path(__file__).resolve().parent.parent


@lru_cache(maxsize=None)
def module():
    import hpy.universal

    said = subprocess.run(
        ["cargo", "build", "--quiet", "--message-format=json", "-p", "textdist"],
        cwd=ROOT, stdout=subprocess.PIPE, text=True, check=True,
        env={**os.environ, "CARGO_TARGET_DIR": str(ROOT / "target")},
    )  # fmt: skip
    path = next(
        message["filenames"][0]
        for message in map(json.loads, said.stdout.splitlines())
        if message.get("reason") == "compiler-artifact" and message["target"]["name"] == "textdist"
    )
    named = Path(path).with_name("textdist.hpy0.so")
    named.unlink(missing_ok=True)
    named.symlink_to(path)
    return hpy.universal.load("textdist", str(named), importlib.util.spec_from_file_location("textdist", str(named)))


def plain(a: str, b: str, swaps: bool = False) -> int:
    rows = [list(range(len(b) + 1))]
    for i, x in enumerate(a, 1):
        rows.append([i])
        for j, y in enumerate(b, 1):
            best = min(rows[i - 1][j - 1] + (x != y), rows[i - 1][j] + 1, rows[i][j - 1] + 1)
            if swaps and i > 1 and j > 1 and x == b[j - 2] and a[i - 2] == y:
                best = min(best, rows[i - 2][j - 2] + 1)
            rows[i].append(best)
    return rows[-1][-1]


words = st.text(alphabet="ab\u00e9\U0001f600", max_size=9)


@settings(deadline=None)
@given(words, words)
def test_distances(a, b):
    m = module()
    distance = plain(a, b)
    assert m.levenshtein(a, b) == distance == m.levenshtein(b, a)
    assert m.levenshtein(a, b, limit=distance) == distance
    if distance:
        assert m.levenshtein(a, b, limit=distance - 1) is None
    assert m.osa(a, b) == plain(a, b, swaps=True)
    assert 0 <= m.jaro(a, b) <= m.jaro_winkler(a, b) <= 1.0000001
    assert (m.jaro(a, b) == 1) == (a == b)
    if len(a) == len(b):
        assert m.hamming(a, b) == sum(x != y for x, y in zip(a, b))


@settings(deadline=None)
@given(words, st.lists(words, max_size=200), st.integers(0, 5))
def test_batches(text, others, threads):
    m = module()
    distances = [plain(text, other) for other in others]
    assert m.levenshtein_many(text, others, threads=threads) == distances
    expected = (others[distances.index(min(distances))], min(distances)) if others else None
    assert m.closest(text, others, threads=threads) == expected
    assert m.closest(text, others, limit=0) == ((text, 0) if text in others else None)


def test_errors():
    m = module()
    with pytest.raises(ValueError, match="needs two texts of the same length"):
        m.hamming("a", "ab")
    with pytest.raises(ValueError, match="prefix must be from 0 to 0.25, not 0.5"):
        m.jaro_winkler("a", "b", prefix=0.5)
    with pytest.raises(TypeError, match=r"osa\(\) argument 'b' must be str, not int"):
        m.osa("a", 1)
    with pytest.raises(TypeError, match=r"argument 'others': item 1 of the sequence must be str, not None"):
        m.levenshtein_many("a", ["b", None])
    with pytest.raises(UnicodeEncodeError):
        m.levenshtein("\ud800", "a")


def test_python_runs_meanwhile():
    m = module()
    turns = []
    done = threading.Event()

    def count():
        while not done.is_set():
            turns.append(1)
            done.wait(0.001)

    thread = threading.Thread(target=count)
    thread.start()
    try:
        before = len(turns)
        m.levenshtein_many("x" * 2000, ["y" * 2000] * 40, threads=1)
        assert len(turns) > before + 1
    finally:
        done.set()
        thread.join()
