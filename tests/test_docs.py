"""What the README and the book show is compiled and run, or says beside it why it is not."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from pathlib import Path

import pytest

import extensions
from test_cdevkit_builds import Project, metadata  # noqa: F401 (a fixture)

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


#: Before a block that no test runs.
NOT_RUN = re.compile(r"<!-- not run here: .{10,} -->")

#: Pages whose Rust blocks are documentation tests of the crate hpy-rs.
RUST_PAGES = re.findall(r"include_str!\(\"\.\./\.\./\.\./(docs/[^\"]+)\"\)", (ROOT / "crates/hpy-rs/src/lib.rs").read_text())

#: Pages whose blocks in a language the tests of this file compile or run.
TESTED = {
    "c": ["README.md", "docs/quickstart-c.md"],
    "python": ["README.md", "docs/quickstart-c.md", "docs/building-c.md"],
    "toml": ["docs/quickstart-rust.md"],
    "rust": ["README.md", *RUST_PAGES],
    "rust,ignore": ["docs/from-pyo3.md"],
}


def test_every_snippet_is_tested():
    assert RUST_PAGES
    pages = ["README.md", *(f"docs/{page.name}" for page in sorted((ROOT / "docs").glob("*.md")))]
    found = 0
    for page in pages:
        lines = (ROOT / page).read_text().splitlines()
        fences = [number for number, line in enumerate(lines) if line.startswith("```")]
        assert len(fences) % 2 == 0, f"{page} has a block without an end"
        for start in fences[::2]:
            language = lines[start][3:]
            before = "\n".join(lines[max(0, start - 2) : start])
            if language == "" or page in TESTED.get(language, ()) or NOT_RUN.search(before):
                found += 1
                continue
            pytest.fail(f"{page}:{start + 1}: no test runs this {language} block: add one, or <!-- not run here: why -->")
    assert found > 30


@pytest.mark.parametrize("page", ["docs/quickstart-c.md", "docs/building-c.md"])
def test_setup_py(page, tmp_path, metadata):  # noqa: F811
    (setup,) = blocks(page, "python")
    (source,) = blocks("docs/quickstart-c.md", "c")
    name = re.search(r'Extension\("(\w+)"', setup)[1]
    project = Project(tmp_path / "project", metadata)
    (project.folder / "setup.py").write_text(setup)
    (project.folder / f"{name}.c").write_text(source.replace("HPy_MODINIT(quick,", f"HPy_MODINIT({name},"))
    project.python("setup.py", "--hpy-abi=universal", "build_ext", "--inplace")
    assert project.python("-c", f"import {name}; print({name}.add(2, 3))") == "5\n"


def test_both_sides_of_the_page_for_people_from_pyo3(tmp_path):
    """The left sides compile; the right sides are documentation tests of hpy-rs."""
    left = blocks("docs/from-pyo3.md", "rust,ignore")
    assert len(left) == len(blocks("docs/from-pyo3.md", "rust")) > 5
    if shutil.which("cargo") is None:
        pytest.skip("there is no cargo")
    (tmp_path / "src").mkdir()
    modules = [f"mod page_{number} {{\n{block}}}\n" for number, block in enumerate(left)]
    (tmp_path / "src/lib.rs").write_text("#![allow(dead_code)]\n" + "".join(modules))
    manifest = (ROOT / "benches/pyo3/Cargo.toml").read_text()
    # The stable ABI is the same for every Python: one build serves the tests of all of them.
    assert '"extension-module"' in manifest
    (tmp_path / "Cargo.toml").write_text(manifest.replace('"extension-module"', '"extension-module", "abi3-py311"'))
    shutil.copy(ROOT / "benches/pyo3/Cargo.lock", tmp_path)
    settings = {**os.environ, "CARGO_TARGET_DIR": str(ROOT / "target/docs-pyo3"), "PYO3_NO_PYTHON": "1"}
    settings.pop("PYO3_PYTHON", None)
    made = subprocess.run(["cargo", "check", "--quiet"], cwd=tmp_path, env=settings, stderr=subprocess.PIPE, text=True)
    assert made.returncode == 0, made.stderr


def test_the_book_is_made(tmp_path):
    mdbook = shutil.which("mdbook")
    if mdbook is None:
        pytest.skip("there is no mdbook")
    made = subprocess.run([mdbook, "build", "--dest-dir", str(tmp_path), "docs"], cwd=ROOT, capture_output=True, text=True)
    assert made.returncode == 0 and "WARN" not in made.stderr, made.stderr
    for page in re.findall(r"\]\(([^)]+)\.md\)", (ROOT / "docs/SUMMARY.md").read_text()):
        assert (tmp_path / f"{page}.html").exists(), page


#: What the macros' code calls is not for people.
NOT_FOR_PEOPLE = re.compile(
    r"/def/|/args/(calls|signature|sorted)|/(entry|trampoline|direct|runtime|standalone|derived|enumeration|told|impl_)[./]"
)


MACROS = ROOT / "crates/hpy-macros/src/lib.rs"


def public_items():
    """The documented public items of hpy-rs: file, kind and name, and whether the documentation has an example."""
    for path in sorted((ROOT / "crates/hpy-rs/src").rglob("*.rs")):
        if NOT_FOR_PEOPLE.search(path.as_posix()):
            continue
        docs: list[str] = []
        hidden = False
        text = path.read_text()
        if path.name == "lib.rs":
            for macro in re.findall(r"#\[proc_macro(?:_attribute|_derive\((\w+).*\))\]\s*pub fn (\w+)", MACROS.read_text()):
                text += f"\n#[macro] {macro[0] or macro[1]}"
        for line in map(str.strip, text.splitlines()):
            if line.startswith("///"):
                docs.append(line)
            elif line.startswith("#[macro] "):
                name = line.split()[1]
                example = re.search(rf"```\n///\n#\[doc\(inline\)\]\npub use hpy_macros::{name};", text)
                yield path.name, "macro", name, example is not None
            elif line.startswith("#["):
                # Docs that a macro puts together have their example in the macro.
                docs += ["```"] if line.startswith("#[doc = concat!(") else []
                hidden = hidden or line == "#[doc(hidden)]"
            elif line.startswith(("\"", "stringify!", ")]")):
                continue
            else:
                found = re.match(r"pub (?:const )?(?:unsafe )?(fn|struct|enum|trait|type) (\w+|\$\w+)", line)
                if found and docs and not hidden:
                    yield path.name, found[1], found[2], any("```" in doc for doc in docs)
                docs, hidden = [], False


def test_public_items_have_examples():
    items = list(public_items())
    missing = [item[:3] for item in items if not item[3]]
    assert len(items) > 200
    assert {item[2] for item in items} >= {"function", "class", "FromPy", "Handle", "extract", "Args", "State"}
    assert not missing, f"{len(missing)} of {len(items)} items have no example: {missing}"


def test_modules_of_examples_have_names_of_their_own():
    """Two modules of one name cannot be in one binary: rustdoc would compile each example by itself, for minutes."""
    texts = [path.read_text() for path in (ROOT / "crates/hpy-rs/src").rglob("*.rs")]
    texts += [block for page in RUST_PAGES for block in blocks(page, "rust")]
    pattern = r"^(?://[/!] |\s*/// )?#\[hpy::module.*\]\n(?://[/!] |\s*/// )?mod (\w+) \{"
    names = sorted(name for text in texts for name in re.findall(pattern, text, re.MULTILINE))
    assert len(names) > 10
    assert [name for name, after in zip(names, names[1:]) if name == after] == []


def test_pages_of_the_book_exist():
    pages = re.findall(r"\]\(([^)]+\.md)\)", (ROOT / "docs/SUMMARY.md").read_text())
    assert pages
    for page in [*pages, "SUMMARY.md"]:
        text = (ROOT / "docs" / page).read_text()
        for link in re.findall(r"\]\(([^)#:]+)(?:#[^)]*)?\)", text):
            assert (ROOT / "docs" / link).exists(), f"docs/{page} links to {link}"
    for page in (ROOT / "docs").glob("*.md"):
        assert page.name in [*pages, "SUMMARY.md"], f"{page.name} is not in SUMMARY.md"
