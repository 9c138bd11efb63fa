"""The example wordindex: the Rust and the C module do what plain Python does, and leave no handle open."""

from __future__ import annotations

import importlib.util
import json
import os
import re
import subprocess
from functools import lru_cache
from pathlib import Path

import extensions
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

ROOT = Path(__file__).resolve().parent.parent
WORD = re.compile(rb"[A-Za-z_][A-Za-z0-9_]*")


@lru_cache(maxsize=None)
def rust_binary() -> Path:
    said = subprocess.run(
        ["cargo", "build", "--quiet", "--message-format=json", "-p", "wordindex"],
        cwd=ROOT, stdout=subprocess.PIPE, text=True, check=True,
        env={**os.environ, "CARGO_TARGET_DIR": str(ROOT / "target")},
    )  # fmt: skip
    made = next(
        message["filenames"][0]
        for message in map(json.loads, said.stdout.splitlines())
        if message.get("reason") == "compiler-artifact" and message["target"]["name"] == "wordindex_rust"
    )
    named = Path(made).with_name("wordindex_rust.hpy0.so")
    named.unlink(missing_ok=True)
    named.symlink_to(made)
    return named


@lru_cache(maxsize=None)
def load(name: str, mode: str):
    import hpy.universal

    if name == "wordindex_rust":
        path = rust_binary()
    else:
        source = (ROOT / "examples/wordindex/c/wordindex_c.c").read_text()
        path = extensions.build(name, "universal", source)
    spec = importlib.util.spec_from_file_location(name, str(path))
    return hpy.universal.load(name, str(path), spec, mode=getattr(hpy.universal, f"MODE_{mode.upper()}"))


@pytest.fixture(params=["wordindex_rust", "wordindex_c"])
def name(request):
    return request.param


@pytest.fixture(params=["universal", "debug"])
def module(request, name):
    made = load(name, request.param)
    if request.param == "universal":
        yield made
        return
    from hpy.debug import LeakDetector

    with LeakDetector():
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
def test_any_text(text):
    data = text.encode("utf-8", "surrogatepass")
    for name in ("wordindex_rust", "wordindex_c"):
        module = load(name, "universal")
        assert module.count_words(text) == module.count_words(data) == counted(data)
