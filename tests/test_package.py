"""The distribution hpy-rs: what is in it, what it says of itself, and the distribution hpy beside it."""

from __future__ import annotations

import ast
import os
import pathlib
import re
import shutil
import subprocess
import sys
import tarfile
import textwrap
import venv
import zipfile

import hpy
import hpy.universal
import pytest

ROOT = pathlib.Path(__file__).resolve().parent.parent
PACKAGE = pathlib.Path(hpy.__file__).parent


def setting(file: str, name: str) -> str:
    """The first `name = "value"` of a TOML file of the repository."""
    found = re.search(rf'^{name} = "([^"]+)"', (ROOT / file).read_text(), re.MULTILINE)
    assert found is not None
    return found.group(1)


def test_one_version_everywhere():
    version = hpy.universal.get_version()[0]
    assert version == setting("pyproject.toml", "version") == setting("Cargo.toml", "version")


def test_the_stub_file_names_what_the_compiled_module_has():
    tree = ast.parse((PACKAGE / "universal.pyi").read_text())
    named = {node.name for node in tree.body if isinstance(node, ast.FunctionDef)}
    named |= {node.target.id for node in tree.body if isinstance(node, ast.AnnAssign)}
    there = {name for name in dir(hpy.universal) if not name.startswith("__")}
    assert there <= named
    assert {name for name in named if not hasattr(hpy.universal, name)} == set()


def test_signatures_are_told_to_python():
    import inspect

    tree = ast.parse((PACKAGE / "universal.pyi").read_text())
    for node in tree.body:
        if isinstance(node, ast.FunctionDef):
            signature = inspect.signature(getattr(hpy.universal, node.name))
            assert list(signature.parameters) == [argument.arg for argument in node.args.args]


def test_typed():
    assert (PACKAGE / "py.typed").exists()


def test_hpy_h_is_where_hpy_devel_says():
    from hpy.devel import get_include, get_sources

    assert os.path.isfile(os.path.join(get_include(), "hpy.h"))
    assert get_sources() and all(os.path.isfile(path) for path in get_sources())


def copy_with(folder: pathlib.Path, other: str | None) -> subprocess.CompletedProcess[str]:
    """Imports a copy of the package that lies beside the metadata folder `other`."""
    shutil.copytree(PACKAGE, folder / "hpy", ignore=shutil.ignore_patterns("*.so", "*.a", "include", "src"))
    if other is not None:
        (folder / other).mkdir()
    code = f"import sys; sys.path.insert(0, {str(folder)!r}); import hpy; print(hpy.__file__)"
    return subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=60)


@pytest.mark.parametrize("other", ["hpy-0.9.0.dist-info", "hpy-0.9.0-py3.11.egg-info"])
def test_the_other_distribution_is_reported(tmp_path, other):
    ran = copy_with(tmp_path, other)
    assert ran.stdout.strip() == str(tmp_path / "hpy" / "__init__.py")
    assert f"RuntimeWarning: the distributions 'hpy' ({other}) and 'hpy-rs'" in ran.stderr
    assert "pip uninstall -y hpy hpy-rs" in ran.stderr


@pytest.mark.parametrize("other", [None, "hpy_rs-0.1.0.dist-info", "hpyx-0.9.0.dist-info"])
def test_no_other_distribution_no_report(tmp_path, other):
    ran = copy_with(tmp_path, other)
    assert (ran.returncode, ran.stderr) == (0, "")


# What follows builds the runtime from source.

built = pytest.mark.skipif(
    not os.environ.get("HPY_TESTS_BUILD"), reason="builds the distribution, which takes minutes: HPY_TESTS_BUILD=1"
)


def python(folder: pathlib.Path, *arguments: object) -> str:
    """Runs an environment's Python outside of the repository."""
    executable = folder / ("Scripts" if sys.platform == "win32" else "bin") / "python"
    environment = {key: value for key, value in os.environ.items() if key not in ("PYTHONPATH", "PYO3_PYTHON")}
    ran = subprocess.run(
        [str(executable), *map(str, arguments)],
        cwd=folder,
        env=environment,
        capture_output=True,
        text=True,
        timeout=1800,
    )
    assert ran.returncode == 0, ran.stdout[-3000:] + ran.stderr[-3000:]
    return ran.stdout


@pytest.fixture(scope="module")
def environment(tmp_path_factory):
    folder = tmp_path_factory.mktemp("environment")
    venv.create(folder, with_pip=True)
    python(folder, "-m", "pip", "install", "-q", "build")
    return folder


@pytest.fixture(scope="module")
def sdist(environment):
    python(environment, "-m", "build", "--sdist", "--outdir", environment / "sdist", ROOT)
    (made,) = (environment / "sdist").glob("*.tar.gz")
    return made


@pytest.fixture(scope="module")
def wheel(environment, sdist):
    """The wheel, built from the sdist: so that is whole too."""
    python(environment, "-m", "pip", "wheel", "-q", "--no-deps", "-w", environment / "wheel", sdist)
    (made,) = (environment / "wheel").glob("*.whl")
    return made


@built
def test_sdist_has_the_sources_and_nothing_built(sdist):
    with tarfile.open(sdist) as archive:
        names = {name.partition("/")[2] for name in archive.getnames()}
    for needed in ("Cargo.lock", "README.md", "LICENSE", "crates/hpy-universal/src/lib.rs", "tests/conftest.py"):
        assert needed in names
    assert not [name for name in names if name.endswith((".so", ".a", ".o", ".pyc")) or name.startswith("target/")]


@built
def test_wheel_holds_the_package(wheel):
    major, minor = sys.version_info[:2]
    assert wheel.name.startswith(f"hpy_rs-{setting('pyproject.toml', 'version')}-cp{major}{minor}-cp{major}{minor}")
    with zipfile.ZipFile(wheel) as archive:
        names = set(archive.namelist())
        entry_points = archive.read(next(name for name in names if name.endswith("entry_points.txt"))).decode()
    for needed in ("__init__.py", "py.typed", "universal.pyi", "devel/include/hpy.h", "devel/src/argparse.c", "devel/stub.py"):
        assert f"hpy/{needed}" in names
    compiled = [name for name in names if name.endswith((".so", ".pyd"))]
    assert len(compiled) == 1 and compiled[0].startswith("hpy/universal.")
    # Everything of the source package that is not compiled, and no more.
    source = {
        f"hpy/{path.relative_to(ROOT / 'python/hpy').as_posix()}"
        for path in (ROOT / "python/hpy").rglob("*")
        if path.is_file() and path.suffix in (".py", ".pyi", ".h", ".c") and "__pycache__" not in path.parts
    }
    assert source <= names
    assert "hpy_ext_modules = hpy.devel:handle_hpy_ext_modules" in entry_points
    assert {name.split("/")[0] for name in names} == {"hpy", f"hpy_rs-{setting('pyproject.toml', 'version')}.dist-info"}


@built
def test_installed_wheel_builds_and_imports_an_extension(environment, wheel):
    python(environment, "-m", "pip", "install", "-q", "--no-deps", wheel)
    python(environment, "-m", "pip", "install", "-q", "setuptools")
    project = environment / "project"
    project.mkdir()
    (project / "small.c").write_text(
        textwrap.dedent(
            """
            #include <hpy.h>
            HPyDef_METH(f, "f", HPyFunc_NOARGS)
            static HPy f_impl(HPyContext *ctx, HPy self) { return HPyLong_FromLong(ctx, 42); }
            static HPyDef *defines[] = {&f, NULL};
            static HPyModuleDef def = {.defines = defines};
            HPy_MODINIT(small, def)
            """
        )
    )
    (project / "setup.py").write_text(
        "from setuptools import Extension, setup\n"
        "setup(name='small', version='1', hpy_ext_modules=[Extension('small', ['small.c'])])\n"
    )
    code = "import os, runpy, sys; os.chdir('project'); sys.argv[1:] = ['--hpy-abi=universal', 'build_ext', '--inplace']; "
    python(environment, "-c", code + "runpy.run_path('setup.py', run_name='__main__')")
    assert python(environment, "-c", "import sys; sys.path.insert(0, 'project'); import small; print(small.f())") == "42\n"
    assert "hpy-rs" in python(environment, "-m", "pip", "list")


def free_threaded_313() -> str | None:
    """Where a free-threaded CPython 3.13 is: on PATH, or where `cargo xtask interpreters --install` puts it."""
    cache = pathlib.Path(os.environ.get("XDG_CACHE_HOME") or pathlib.Path.home() / ".cache")
    kept = cache / "hpy-rs/interpreters/cpython-3.13t/bin/python3.13t"
    return shutil.which("python3.13t") or (str(kept) if kept.exists() else None)


@built
def test_pip_builds_it_for_free_threaded_3_13(sdist, tmp_path):
    """PyO3's bindings refuse this Python; the build says that it knows better."""
    python_313t = free_threaded_313()
    if python_313t is None:
        pytest.skip("there is no python3.13t: cargo xtask interpreters --install")
    folder = tmp_path / "environment"
    subprocess.run([python_313t, "-m", "venv", folder], check=True, timeout=300)
    python(folder, "-m", "pip", "install", "-q", "--no-deps", sdist)
    code = (
        "import hpy.universal, pathlib, sys; "
        "print(sys._is_gil_enabled(), *(path.name for path in pathlib.Path(hpy.__path__[0]).glob('devel/lib/cpython/*')))"
    )
    said = python(folder, "-c", code)
    assert said.startswith("False libhpy_static.cpython-313t-"), said
