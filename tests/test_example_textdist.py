"""The example textdist against the definitions of its distances in plain Python."""

from __future__ import annotations

import threading
from functools import lru_cache

import extensions
import pytest
import rust_extension
from hypothesis import given, settings
from hypothesis import strategies as st

pytestmark = pytest.mark.abis("universal", "cpython")


@lru_cache(maxsize=None)
def load(variant):
    name = "textdist" + extensions.suffix(variant.abi)
    path = extensions.CACHE / "rust" / variant.name / name
    path.parent.mkdir(parents=True, exist_ok=True)
    rust_extension.replace(rust_extension.build("textdist", "textdist", variant.abi), path)
    return extensions.load("textdist", path, variant)


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
def test_distances(variant, a, b):
    m = load(variant)
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
def test_batches(variant, text, others, threads):
    m = load(variant)
    distances = [plain(text, other) for other in others]
    assert m.levenshtein_many(text, others, threads=threads) == distances
    expected = (others[distances.index(min(distances))], min(distances)) if others else None
    assert m.closest(text, others, threads=threads) == expected
    assert m.closest(text, others, limit=0) == ((text, 0) if text in others else None)


def test_errors(variant):
    m = load(variant)
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


def test_python_runs_meanwhile(variant):
    m = load(variant)
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
