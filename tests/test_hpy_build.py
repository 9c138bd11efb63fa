"""hpy.build's own parts: metadata, versions, type stubs, what it says of bad projects. Nothing is compiled here."""

from __future__ import annotations

import re
import shutil
import subprocess
from pathlib import Path

import pytest

pytest.importorskip("hpy.build", reason="this hpy is not hpy-rs")

from hpy.build import BuildError, _binary, _cargo, _stubs, prepare_metadata_for_build_wheel
from hpy.build._metadata import metadata_text
from hpy.build._project import _toml, normal_version, read_project

# Nothing here touches the runtime: looking for leaks would only repeat it.
pytestmark = pytest.mark.once

needs_toml = pytest.mark.skipif(_toml() is None, reason="no reader of TOML before Python 3.11 without pip or tomli")
needs_cargo = pytest.mark.skipif(shutil.which("cargo") is None, reason="no cargo")

CARGO = """
[package]
name = "a-crate"
version = "1.2.0-beta.3"
edition = "2021"
description = "One line"
license = "MIT/Apache-2.0"
authors = ["Ann <ann@example.org>", "Bo"]
repository = "https://example.org/repo"

[lib]
name = "mod_name"
crate-type = ["cdylib"]

[workspace]
"""


def project(folder: Path, pyproject: str, cargo: str = CARGO) -> Path:
    (folder / "src").mkdir(exist_ok=True)
    (folder / "src/lib.rs").write_text("")
    (folder / "Cargo.toml").write_text(cargo)
    (folder / "pyproject.toml").write_text(pyproject)
    return folder


@pytest.mark.parametrize(
    "given, expected",
    [
        ("1.0.0", "1.0.0"),
        ("1.2.0-alpha.1", "1.2.0a1"),
        ("1.2.0-rc2", "1.2.0rc2"),
        ("v01.2", "1.2"),
        ("1.0-preview", "1.0rc0"),
        ("2!1.0.post3.dev4+Local-1", "2!1.0.post3.dev4+local.1"),
        ("1.0-5", "1.0.post5"),
    ],
)
def test_versions(given, expected):
    assert normal_version(given) == expected


@pytest.mark.parametrize("given", ["", "one", "1.0-x86", "1..2", "1.0.0-nightly"])
def test_versions_that_are_none(given):
    with pytest.raises(BuildError, match="is none that Python packages can have"):
        normal_version(given)


@needs_toml
@needs_cargo
def test_metadata(tmp_path):
    folder = project(
        tmp_path,
        """
        [project]
        name = "A_Project"
        dynamic = ["version", "description", "license", "authors", "urls"]
        readme = "README.md"
        requires-python = ">=3.9"
        dependencies = ["numpy>=2"]
        keywords = ["a", "b"]
        [project.optional-dependencies]
        test = ["pytest", "tomli; python_version < '3.11'"]
        [project.scripts]
        a-script = "mod_name:main"
        """,
    )
    (folder / "README.md").write_text("# Title\n\ntext ü\n", encoding="utf-8")
    (folder / "LICENSE").write_text("free\n")
    assert metadata_text(read_project(folder), "universal") == (
        "Metadata-Version: 2.4\n"
        "Name: A_Project\n"
        "Version: 1.2.0b3\n"
        "Summary: One line\n"
        "Keywords: a,b\n"
        "Author: Bo\n"
        "Author-email: Ann <ann@example.org>\n"
        "License-Expression: MIT OR Apache-2.0\n"
        "License-File: LICENSE\n"
        "Project-URL: Repository, https://example.org/repo\n"
        "Requires-Python: >=3.9\n"
        "Requires-Dist: numpy>=2\n"
        'Requires-Dist: hpy-rs; implementation_name == "cpython"\n'
        "Provides-Extra: test\n"
        'Requires-Dist: pytest; extra == "test"\n'
        "Requires-Dist: tomli; (python_version < '3.11') and extra == \"test\"\n"
        "Description-Content-Type: text/markdown\n"
        "\n"
        "# Title\n\ntext ü\n"
    )
    assert "hpy-rs" not in metadata_text(read_project(folder), "cpython")


@needs_toml
@needs_cargo
def test_metadata_alone(tmp_path, monkeypatch):
    monkeypatch.chdir(project(tmp_path, '[project]\nname = "p"\nversion = "1"\n[project.scripts]\nrun = "m:f"'))
    assert prepare_metadata_for_build_wheel(str(tmp_path / "out")) == "p-1.dist-info"
    assert (tmp_path / "out/p-1.dist-info/entry_points.txt").read_text() == "[console_scripts]\nrun = m:f\n"


@needs_toml
@needs_cargo
@pytest.mark.parametrize(
    "pyproject, message",
    [
        ("[project", "is no TOML"),
        ("", r"pyproject.toml has no \[project\]"),
        ('[project]\nname = "p"', "has no version"),
        ('[project]\nname = "-p"\nversion = "1"', r"name = '-p' must be letters"),
        ('[project]\nname = "p"\nversion = "x"', "'x' is none that Python packages can have"),
        ('[project]\nname = "p"\ndynamic = ["version", "scripts"]', "'scripts' cannot be dynamic"),
        ('[project]\nname = "p"\nversion = "1"\ndynamic = ["version"]', "given in .project. and dynamic"),
        ('[project]\nname = "p"\ndynamic = ["version", "readme"]', "'readme' is dynamic, but Cargo.toml does not have it"),
        ('[project]\nname = "p"\nversion = "1"\n[tool.hpy]\nmodul = "m"', "has no setting 'modul'; there is module"),
        ('[project]\nname = "p"\nversion = "1"\n[tool.hpy]\nstrip = 1', "strip in .tool.hpy. must be a bool, not 1"),
        ('[project]\nname = "p"\nversion = "1"\n[tool.hpy]\nmodule = "a-b"', "'a-b' is no module name"),
        ('[project]\nname = "p"\nversion = "1"\ndependencies = [">=1"]', "'>=1' is no requirement"),
        ('[project]\nname = "p"\nversion = "1"\nreadme = "no.md"', "cannot read the readme"),
        ('[project]\nname = "p"\nversion = "1"\ndescription = "a\\nb"', "description in .project. must be one line"),
        ('[project]\nname = "p"\nversion = "1"\nlicense-files = ["NO*"]', "'NO\\*' matches no file"),
    ],
)
def test_bad_projects(tmp_path, pyproject, message):
    folder = project(tmp_path, pyproject)
    with pytest.raises(BuildError, match=message):
        metadata_text(read_project(folder), "universal")


@needs_toml
@needs_cargo
def test_bad_crates(tmp_path):
    good = '[project]\nname = "p"\nversion = "1"'
    folder = project(tmp_path, good, cargo='[package]\nname = "x"\nversion = "1.0.0"\n[workspace]')
    with pytest.raises(BuildError, match=r'builds no Python extension: add \[lib\] with crate-type = \["cdylib"\]'):
        read_project(folder).library
    (folder / "Cargo.toml").write_text("[package")
    with pytest.raises(BuildError, match="cargo cannot read"):
        read_project(folder)
    (folder / "Cargo.toml").write_text("[workspace]")
    with pytest.raises(BuildError, match="has no .package.: .tool.hpy. manifest-path"):
        read_project(folder)
    (folder / "Cargo.toml").unlink()
    with pytest.raises(BuildError, match="there is no .*Cargo.toml"):
        read_project(folder)


@needs_toml
def test_without_cargo(tmp_path, monkeypatch):
    monkeypatch.delenv("CARGO", raising=False)
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(BuildError, match="there is no cargo to build the extension with: install Rust"):
        read_project(project(tmp_path, '[project]\nname = "p"\nversion = "1"'))


def test_unknown_settings():
    with pytest.raises(BuildError, match="setting 'proflie' is not known; there is abi, features"):
        prepare_metadata_for_build_wheel(".", {"proflie": "dev"})


TEXT = (
    '\x1eroot\n"""Docs."""\nN: int\n@typing.final\nclass A:\n    ...\n    def f(self, x: \x1aB, y: \x1aHidden) -> int: ...\n'
    "    def int(self) -> int: ...\n@typing.final\nclass Empty:\n    ...\ndef g() -> \x1aA | None: ...\n"
    "\x1einner\n@typing.final\nclass B:\n    ...\ndef h() -> \x1aA: ...\n\x1f\x1f"
)


def test_stub_files():
    files = _stubs.files(_stubs.parse(TEXT))
    assert files == {
        "__init__.pyi": '"""Docs."""\n\nimport builtins\nimport typing\nimport root.inner\nfrom . import inner as inner\n\n'
        "N: int\n\n@typing.final\nclass A:\n    def f(self, x: root.inner.B, y: typing.Any) -> builtins.int: ...\n"
        "    def int(self) -> builtins.int: ...\n\n@typing.final\nclass Empty:\n    ...\n\ndef g() -> A | None: ...\n",
        "inner.pyi": "import typing\nimport root\n\n@typing.final\nclass B:\n    ...\n\ndef h() -> root.A: ...\n",
    }


@pytest.mark.skipif(shutil.which("cargo") is None, reason="no cargo")
@pytest.mark.parametrize("example", ["fastjson", "textdist", "vecmath", "wordindex"])
def test_examples_are_projects(example):
    root = Path(__file__).resolve().parent.parent
    project = read_project(root / "examples" / example)
    version = re.search(r'^version = "(.*)"', (root / "Cargo.toml").read_text(), re.MULTILINE)[1]
    assert (project.name, project.version) == (example, version) and project.metadata["license"] == "MIT"


@pytest.mark.skipif(shutil.which("cargo") is None, reason="no cargo")
def test_hints_of_the_test_extension():
    """Rust types as Python sees them: what composes, what is derived, what is said by hand."""
    import rust_extension

    modules = [_stubs.parse(text) for text in _binary.stub_texts(rust_extension.binary().read_bytes())]
    (module,) = (module for module in modules if module.name == "rust_ext")
    files = _stubs.files(module)
    lines = files["__init__.pyi"].splitlines()
    shape = 'dict[str, typing.Any] | tuple[float, float] | str | typing.Literal["empty"]'
    for line in [
        "SQUARES: list[int]",
        "def every_kind(a: int, b: int = 2, /, c: int = 3, *, d: int, e: str = 'five', f: float | None = None) -> str: ...",
        "def variadic(first: int, *args: int, last: int = -1, **kwargs: int)"
        " -> tuple[int, list[int], int, dict[str, int]]: ...",
        "def echo_btree(value: dict[int, collections.abc.Iterable[int]]) -> dict[int, list[int]]: ...",
        "def echo_wrapper(value: int) -> int: ...",
        f"def echo_shape(value: {shape.replace('dict[str, typing.Any]', 'typing.Any')}) -> {shape}: ...",
        "def echo_config(value: typing.Any) -> dict[str, typing.Any]: ...",
        "class Dog(Animal):",
        "class ParseError(ValueError):", "    file: str | None",
        "    STEP: typing.ClassVar[int]",
        "    def __iadd__(self, other: collections.abc.Iterable[int], /) -> typing_extensions.Self: ...",
        "    def __rmul__(self, value: typing_extensions.Never, /) -> typing_extensions.Never: ...",
        "from . import inner as inner",
    ]:
        assert line in lines, line
    # Properties of which the struct has one half and the methods the other.
    text = files["__init__.pyi"]
    for name, kind in [("failed", "bool"), ("limit", "int")]:
        assert text.count(f"    def {name}(self) -> {kind}:") == 1
        assert f"    @{name}.setter\n    def {name}(self, value: {kind}) -> None: ...\n" in text
    start = text.index("class UnknownKey(DocumentError):")
    assert text[start:].split("\n\n")[0] == (
        'class UnknownKey(DocumentError):\n    """A document with a key that nobody knows."""\n'
        '    __match_args__ = ("line", "column", "problem", "file", "key", "known", )\n    key: str\n    known: list[str]'
    )
    assert "def double(x: int) -> int:" in files["inner.pyi"]
    # `__rshift__` is no reflected operator, whatever it begins with.
    assert "def __rshift__(" in text and "def __rrshift__(" in text and "__shift__" not in text


@pytest.mark.parametrize("text", ["", "x", "\x1eroot\n", TEXT[:-1], "\x1f"])
def test_damaged_stubs(text):
    with pytest.raises(BuildError, match="the type stubs in the binary are damaged"):
        _stubs.parse(text)


def test_records_are_found_in_any_file():
    body = b"\x1em\nx: int\n\x1f"
    record = _binary.MAGIC + b"%08x" % len(body) + body
    broken = _binary.MAGIC + b"zzzzzzzz" + _binary.MAGIC
    assert _binary.stub_texts(b"\0" * 7 + broken + b"\0" + record + b"\xff" + record[:30]) == [body.decode()]


def test_platforms_of_other_systems(tmp_path):
    arm = b"\xcf\xfa\xed\xfe" + (0x0100000C).to_bytes(4, "little") + bytes(8) + (1).to_bytes(4, "little") + bytes(12)
    arm += (0x32).to_bytes(4, "little") + (24).to_bytes(4, "little") + bytes(4) + (11 << 16).to_bytes(4, "little")
    assert _binary.platform_of(arm + bytes(8)).tag == "macosx_11_0_arm64"
    windows = b"MZ" + bytes(0x3A) + (0x40).to_bytes(4, "little") + b"PE\0\0" + (0x8664).to_bytes(2, "little")
    assert (_binary.platform_of(windows).tag, _binary.platform_of(windows).suffix) == ("win_amd64", ".pyd")
    for damaged in (b"", b"\x7fELF", windows[:-1], arm[:40], b"\0asm"):
        with pytest.raises(BuildError, match="cargo made a library that"):
            _binary.platform_of(damaged)


def test_glibc_floors():
    versions = ["GLIBC_2.2.5", "GLIBC_2.34", "GLIBC_2.4", "GLIBC_PRIVATE", "GCC_3.0"]
    assert _binary.glibc_floor(iter(versions)) == (2, 34)
    assert _binary.glibc_floor(iter([])) is None


@pytest.mark.skipif(not shutil.which("cargo"), reason="no cargo")
def test_the_command_line_says_what_is_wrong(tmp_path):
    import sys

    done = subprocess.run(
        [sys.executable, "-m", "hpy.build", "--project", str(tmp_path), "sdist"], stderr=subprocess.PIPE, text=True
    )
    assert done.returncode == 1 and done.stderr.startswith("error: cannot read"), done.stderr


@pytest.mark.parametrize(
    "version, free_threaded, skips",
    [((3, 13, 2), 1, True), ((3, 13, 2), 0, False), ((3, 13, 2), None, False), ((3, 14, 0), 1, False)],
)
def test_bindings_that_refuse_free_threaded_3_13(monkeypatch, version, free_threaded, skips):
    monkeypatch.setattr(_cargo.sys, "version_info", version)
    monkeypatch.setattr(_cargo.sysconfig, "get_config_var", {"Py_GIL_DISABLED": free_threaded}.get)
    settings = _cargo.c_api_settings()
    assert settings.pop("UNSAFE_PYO3_SKIP_VERSION_CHECK", None) == ("1" if skips else None)
    assert settings == {"PYO3_PYTHON": _cargo.sys.executable, "PYO3_BUILD_EXTENSION_MODULE": "1"}
