"""The first programs that the README and the book show are compiled and run."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from pathlib import Path

import pytest

import extensions

ROOT = Path(__file__).resolve().parent.parent


def blocks(page: str, language: str) -> list[str]:
    """The code blocks of a page in a language."""
    return re.findall(rf"^```{language}\n(.*?)^```$", (ROOT / page).read_text(), re.MULTILINE | re.DOTALL)


def test_readme_and_book_show_the_same_programs():
    assert blocks("README.md", "c") == blocks("docs/quickstart-c.md", "c")
    assert blocks("README.md", "rust") == blocks("docs/quickstart-rust.md", "rust")


def test_first_program_in_c(variant):
    (source,) = blocks("README.md", "c")
    quick = extensions.load("quick", extensions.build("quick", variant.abi, source), variant)
    assert quick.add(2, 3) == 5
    assert quick.__doc__ == "A first module."
    assert quick.add.__doc__ == "The sum of two ints."
    with pytest.raises(TypeError):
        quick.add(2)
    with pytest.raises(OverflowError):
        quick.add(2**63, 0)


def test_first_program_in_rust(tmp_path):
    if shutil.which("cargo") is None:
        pytest.skip("there is no cargo")
    (source,) = blocks("docs/quickstart-rust.md", "rust")
    (manifest,) = blocks("docs/quickstart-rust.md", "toml")
    crate = ROOT / "crates/hpy-rs"
    (tmp_path / "src").mkdir()
    (tmp_path / "src/lib.rs").write_text(source)
    # A workspace of its own: the temporary folder may lie in somebody's.
    (tmp_path / "Cargo.toml").write_text(manifest.replace("PATH/TO/hpy-rs/crates/hpy-rs", str(crate)) + "\n[workspace]\n")
    shutil.copy(ROOT / "Cargo.lock", tmp_path)
    made = subprocess.run(
        ["cargo", "build", "--quiet"],
        cwd=tmp_path,
        env={**os.environ, "CARGO_TARGET_DIR": str(ROOT / "target/docs"), "RUSTFLAGS": "-D warnings"},
        stderr=subprocess.PIPE,
        text=True,
    )
    assert made.returncode == 0, made.stderr
    binary = tmp_path / "quick.hpy0.so"
    shutil.copy(ROOT / "target/docs/debug/libquick.so", binary)
    quick = extensions.load("quick", binary, extensions.VARIANTS["universal"])
    assert quick.add(2, 3) == 5
    assert quick.Counter(41).increment() == 42
    with pytest.raises(OverflowError, match="the sum is too large"):
        quick.add(2**62, 2**62)


def test_pages_of_the_book_exist():
    pages = re.findall(r"\]\(([^)]+\.md)\)", (ROOT / "docs/SUMMARY.md").read_text())
    assert pages
    for page in [*pages, "SUMMARY.md"]:
        text = (ROOT / "docs" / page).read_text()
        for link in re.findall(r"\]\(([^)#:]+)(?:#[^)]*)?\)", text):
            assert (ROOT / "docs" / link).exists(), f"docs/{page} links to {link}"
    for page in (ROOT / "docs").glob("*.md"):
        assert page.name in [*pages, "SUMMARY.md"], f"{page.name} is not in SUMMARY.md"
