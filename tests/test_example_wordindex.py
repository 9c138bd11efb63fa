"""The example wordindex: the Rust and the C module do what plain Python does, and leave no handle open."""

from __future__ import annotations

import os
import re
from functools import lru_cache
from pathlib import Path

import extensions
import leaks
import pytest
import rust_extension
from hypothesis import given, settings
from hypothesis import strategies as st

ROOT = Path(__file__).resolve().parent.parent
pytestmark = pytest.mark.abis("universal", "cpython")
WORD = re.compile(rb"[A-Za-z_][A-Za-z0-9_]*")


@lru_cache(maxsize=None)
def load(name: str, variant: extensions.Variant):
    if name == "wordindex_rust":
        path = extensions.CACHE / "rust" / variant.name / (name + extensions.suffix(variant.abi))
        path.parent.mkdir(parents=True, exist_ok=True)
        rust_extension.replace(rust_extension.build("wordindex", name, variant.abi), path)
    else:
        source = (ROOT / "examples/wordindex/c/wordindex_c.c").read_text()
        path = extensions.build(name, variant.abi, source)
    return extensions.load(name, path, variant)


@pytest.fixture(params=["wordindex_rust", "wordindex_c"])
def name(request):
    return request.param


@pytest.fixture
def module(variant, name):
    made = load(name, variant)
    if variant.mode != "debug":
        yield made
        return
    with leaks.none_left_open():
        yield made


def counted(data: bytes, min_length: int = 1) -> dict[str, int]:
    counts: dict[str, int] = {}
    for word in WORD.findall(data):
        if len(word) >= min_length:
            counts[word.decode()] = counts.get(word.decode(), 0) + 1
    return counts


def test_index(module, tmp_path):
    index = module.WordIndex(min_length=2)
    assert (len(index), list(index), index.most_common(), index.texts, index.words) == (0, [], [], 0, 0)
    assert index.add_text("spam eggs spam a \u00e9xy 9lives") == 5
    file = tmp_path / "latin.py"
    file.write_bytes(b"caf\xe9 spam\0ham\xff\xfe_x")
    assert index.add_file(file) == index.add_file(str(file)) == index.add_file(os.fsencode(file)) == 4
    wanted = {"spam": 5, "eggs": 1, "xy": 1, "lives": 1, "caf": 3, "ham": 3, "_x": 3}
    assert {word: index[word] for word in index} == wanted
    assert list(index) == sorted(wanted) and len(index) == len(wanted)
    assert index.most_common() == sorted(wanted.items(), key=lambda pair: (-pair[1], pair[0]))
    assert index.most_common(2) == index.most_common(n=2) == index.most_common()[:2]
    assert "spam" in index and "a" not in index and 3 not in index and "\ud800" not in index
    assert (index.texts, index.words) == (4, sum(wanted.values()))
    assert repr(index) == f"<WordIndex: 4 texts, {sum(wanted.values())} words, {len(wanted)} distinct>"
    index.min_length = 1
    assert index.add_text(text=b"a") == 1 and index["a"] == 1


def test_errors(module):
    index = module.WordIndex()
    for error, wrong in [
        (KeyError, lambda: index["no"]),
        (TypeError, lambda: index[3]),
        (TypeError, lambda: index.add_text(3)),
        (TypeError, lambda: index.add_text()),
        (TypeError, lambda: module.WordIndex(1)),
        (TypeError, lambda: module.WordIndex(min_length="x")),
        (TypeError, lambda: index.most_common("x")),
        (TypeError, lambda: module.count_words(3)),
        (ValueError, lambda: setattr(index, "min_length", 0)),
        (AttributeError, lambda: setattr(index, "words", 0)),
        (AttributeError, lambda: delattr(index, "min_length")),
        (FileNotFoundError, lambda: index.add_file("/no/such/file")),
        (TypeError, lambda: index.add_file(1.5)),
    ]:
        with pytest.raises(error):
            wrong()
    assert index.texts == 0


@settings(deadline=None)
@given(st.text(alphabet="ab_9 \n\u00e9\ud800\0", max_size=60))
def test_any_text(variant, text):
    data = text.encode("utf-8", "surrogatepass")
    for name in ("wordindex_rust", "wordindex_c"):
        module = load(name, variant)
        assert module.count_words(text) == module.count_words(data) == counted(data)
