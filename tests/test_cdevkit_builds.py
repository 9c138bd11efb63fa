"""What hpy.devel does for setuptools: in place, installed, as a wheel, editable, one ABI beside another."""

from __future__ import annotations

import email
import importlib.metadata
import os
import subprocess
import sys
import sysconfig
import zipfile
from pathlib import Path

import pytest

EXT_SUFFIX = sysconfig.get_config_var("EXT_SUFFIX")
EXTENSION = EXT_SUFFIX.rpartition(".")[2]
CPYTHON_TAG = f"cp{sys.version_info[0]}{sys.version_info[1]}{sys.abiflags.replace('d', '')}"

C_SOURCE = """
#include <hpy.h>
#include "answer.h"

HPyDef_METH(answer, "answer", HPyFunc_NOARGS)
static HPy answer_impl(HPyContext *ctx, HPy self)
{
    (void)self;
    return HPy_BuildValue(ctx, "i", ANSWER);
}

static HPyDef *defines[] = {&answer, NULL};
static HPyModuleDef def = {.doc = "built for " HPY_ABI, .defines = defines};
HPy_MODINIT(NAME, def)
"""

LEGACY_SOURCE = """
#include <hpy.h>
#include <Python.h>

static PyObject *answer(PyObject *self, PyObject *args)
{
    (void)self;
    (void)args;
    return PyLong_FromLong(42);
}
static PyMethodDef methods[] = {{"answer", answer, METH_NOARGS, NULL}, {NULL, NULL, 0, NULL}};
static HPyModuleDef def = {.doc = "built for " HPY_ABI, .legacy_methods = methods};
HPy_MODINIT(old, def)
"""

SETUP = """
from setuptools import Extension, setup

setup(
    name="project",
    version="1.0",
    packages=["package"],
    hpy_ext_modules=[
        Extension("one", ["one.c"], depends=["answer.h"]),
        Extension("package.two", ["two.c"], depends=["answer.h"]),
    ],
)
"""


@pytest.fixture(scope="session")
def metadata(tmp_path_factory) -> Path | None:
    """A folder with hpy-rs's entry point, for environments in which hpy is importable but not installed."""
    try:
        importlib.metadata.distribution("hpy-rs")
        return None
    except importlib.metadata.PackageNotFoundError:
        pass
    folder = tmp_path_factory.mktemp("metadata")
    info = folder / "hpy_rs-0.1.0.dist-info"
    info.mkdir()
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: hpy-rs\nVersion: 0.1.0\n")
    (info / "entry_points.txt").write_text(
        "[distutils.setup_keywords]\nhpy_ext_modules = hpy.devel:handle_hpy_ext_modules\n"
    )
    return folder


class Project:
    """A small project in a folder of its own, and the commands that build it."""

    def __init__(self, folder: Path, metadata: Path | None) -> None:
        self.folder = folder
        self.env = dict(os.environ, HPY_RS_CACHE=str(folder.parent / "cache"), PIP_DISABLE_PIP_VERSION_CHECK="1")
        self.env.pop("HPY_ABI", None)
        self.env["PYTHONWARNINGS"] = "ignore"
        if metadata is not None:
            self.env["PYTHONPATH"] = os.pathsep.join(filter(None, [str(metadata), os.environ.get("PYTHONPATH")]))
        folder.mkdir()
        (folder / "package").mkdir()
        (folder / "package" / "__init__.py").write_text("")
        (folder / "answer.h").write_text("#define ANSWER 42\n")
        for name in ("one", "two"):
            (folder / f"{name}.c").write_text(C_SOURCE.replace("NAME", name))
        (folder / "setup.py").write_text(SETUP)

    def python(self, *args: str, ok: bool = True, **env: str) -> str:
        done = subprocess.run(
            [sys.executable, *args],
            cwd=self.folder,
            env={**self.env, **env},
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            timeout=300,
        )
        assert (done.returncode == 0) == ok, done.stdout
        return done.stdout

    def pip(self, *args: str, **env: str) -> str:
        return self.python("-m", "pip", *args, "--no-build-isolation", "--no-deps", **env)

    def docs(self, *path: Path) -> tuple[str, str]:
        """Both modules' docstrings, when imported from `path`; they also give the answer."""
        code = (
            "import sys; sys.path[:0] = sys.argv[1:]\n"
            "import one, package.two as two\n"
            "assert one.answer() == two.answer() == 42\n"
            "print(one.__doc__, two.__doc__, sep=',')"
        )
        first, second = self.python("-c", code, *map(str, path)).strip().splitlines()[-1].split(",")
        return first, second


@pytest.fixture
def project(tmp_path, metadata) -> Project:
    return Project(tmp_path / "project", metadata)


def expected_names(abi: str) -> set[str]:
    names = {f"one{suffix(abi)}", f"package/two{suffix(abi)}"}
    return names if abi == "cpython" else names | {"one.py", "package/two.py"}


def suffix(abi: str) -> str:
    return {"cpython": EXT_SUFFIX, "universal": f".hpy0.{EXTENSION}", "hybrid": f".hpy0-{CPYTHON_TAG}.{EXTENSION}"}[abi]


def built_files(folder: Path) -> set[str]:
    files = {path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file()}
    return {name for name in files if "__pycache__" not in name} - {"package/__init__.py"}


ABIS = ["cpython", "universal", "hybrid"]


@pytest.mark.parametrize("abi", ABIS)
def test_in_place(project, abi):
    before = built_files(project.folder)
    project.python("setup.py", f"--hpy-abi={abi}", "build_ext", "--inplace")
    new = {name for name in built_files(project.folder) - before if not name.startswith("build/")}
    assert new == expected_names(abi)
    assert project.docs(project.folder) == (f"built for {abi}",) * 2


@pytest.mark.parametrize("abi", ABIS)
def test_a_wheel_installs_and_imports(project, tmp_path, abi):
    project.pip("wheel", ".", "--wheel-dir", "dist", HPY_ABI=abi)
    (wheel,) = (project.folder / "dist").glob("*.whl")
    name, version, *tags = wheel.stem.split("-")
    with zipfile.ZipFile(wheel) as archive:
        names = set(archive.namelist())
        (info,) = [n for n in names if n.endswith("METADATA")]
        required = email.message_from_bytes(archive.read(info)).get_all("Requires-Dist") or []
    if abi == "universal":
        # One wheel for every Python: direct binaries, and stubs for Pythons that do not know their suffix.
        assert tags[:2] == ["py3", "none"]
        assert {f"one.{EXTENSION}", f"package/two.{EXTENSION}", "one.py", "package/two.py"} <= names
    else:
        assert tags[0].startswith("cp3")
        assert expected_names(abi) <= names
    assert tags[2] != "any"
    hpy = [r for r in required if r.startswith("hpy-rs")]
    assert len(hpy) == (abi != "cpython"), required
    if hpy:
        assert hpy[0].replace(" ", "").replace("'", '"') == 'hpy-rs;implementation_name=="cpython"'
    target = tmp_path / "target"
    project.pip("install", "--no-index", "--target", str(target), str(wheel))
    assert project.docs(target) == (f"built for {abi}",) * 2


def test_tagged_names_in_a_wheel_on_demand(project):
    project.python("setup.py", "--hpy-abi=universal", "--hpy-no-direct", "bdist_wheel")
    (wheel,) = (project.folder / "dist").glob("*.whl")
    with zipfile.ZipFile(wheel) as archive:
        assert expected_names("universal") <= set(archive.namelist())


def test_direct_names_outside_wheels_on_demand(project):
    project.python("setup.py", "--hpy-abi=universal", "--hpy-direct", "build_ext", "--inplace")
    assert (project.folder / f"one.{EXTENSION}").exists()
    assert project.docs(project.folder) == ("built for universal",) * 2


def test_pyproject_chooses_the_abi(project):
    (project.folder / "pyproject.toml").write_text(
        '[build-system]\nrequires = ["setuptools", "hpy-rs"]\nbuild-backend = "setuptools.build_meta"\n'
        '[tool.hpy]\nhpy_abi = "universal"\n'
    )
    project.pip("wheel", ".", "--wheel-dir", "dist")
    assert "-py3-none-" in next((project.folder / "dist").glob("*.whl")).name


def test_a_setting_that_does_not_exist_is_named(project):
    (project.folder / "pyproject.toml").write_text("[tool.hpy]\nhpy_api = 1\n")
    assert "[tool.hpy] has no setting 'hpy_api'" in project.python("setup.py", "build", ok=False)


def test_editable(project, tmp_path):
    (project.folder / "pyproject.toml").write_text(
        '[build-system]\nrequires = ["setuptools", "hpy-rs"]\nbuild-backend = "setuptools.build_meta"\n'
    )
    target = tmp_path / "target"
    project.pip("install", "--editable", ".", "--target", str(target), HPY_ABI="universal")
    # The target folder is no site folder: its .pth file, if there is one, is not read.
    assert project.docs(target, project.folder) == ("built for universal",) * 2
    assert (project.folder / "one.py").exists() or list(target.rglob("one.py"))


def test_abis_do_not_meet_in_the_build_folder(project):
    project.python("setup.py", "--hpy-abi=hybrid", "build")
    project.python("setup.py", "--hpy-abi=universal", "build")
    libs = sorted(path.name for path in (project.folder / "build").glob("lib*"))
    assert len(libs) == 2
    for abi, lib in zip(("hybrid", "universal"), libs):
        assert lib.endswith(f"-hpy-{abi}")
        assert built_files(project.folder / "build" / lib) == expected_names(abi)


def test_the_abi_that_was_built_last_is_imported(project, tmp_path):
    own = project.folder / "package" / "one.py"
    own.write_text("kept = True\n")
    for abi in ("cpython", "universal", "hybrid", "universal", "cpython"):
        project.python("setup.py", f"--hpy-abi={abi}", "build_ext", "--inplace")
        assert project.docs(project.folder) == (f"built for {abi}",) * 2
        installed = tmp_path / "installed"
        project.python("setup.py", f"--hpy-abi={abi}", "install_lib", f"--install-dir={installed}")
        assert project.docs(installed) == (f"built for {abi}",) * 2
        assert built_files(installed) == expected_names(abi) | {"package/one.py"}
    assert own.exists()


def test_only_what_changed_is_built_again(project):
    project.python("setup.py", "--hpy-abi=universal", "build", "-j2")
    objects = {path: path.stat().st_mtime_ns for path in (project.folder / "build").rglob("*.o")}
    binaries = {path: path.stat().st_mtime_ns for path in (project.folder / "build").rglob(f"*.{EXTENSION}")}
    assert len(binaries) == 2 and len(objects) > 2
    (project.folder / "one.c").write_text((project.folder / "one.c").read_text() + "/* changed */\n")
    later = max(objects.values()) / 1e9 + 5
    os.utime(project.folder / "one.c", (later, later))
    project.python("setup.py", "--hpy-abi=universal", "build", "-j2")
    changed = {path.name for path, time in objects.items() if path.stat().st_mtime_ns != time}
    assert changed == {"one.o"}
    changed = {path.name for path, time in binaries.items() if path.stat().st_mtime_ns != time}
    assert changed == {f"one.hpy0.{EXTENSION}"}


def test_the_helpers_are_compiled_once_per_machine_on_demand(project):
    cache = Path(project.env["HPY_RS_CACHE"])
    project.python("setup.py", "--hpy-abi=universal", "--hpy-use-static-libs", "build")
    (library,) = cache.rglob("*.a")
    time = library.stat().st_mtime_ns
    project.python("setup.py", "--hpy-abi=universal", "--hpy-use-static-libs", "build", "--force")
    assert [path.stat().st_mtime_ns for path in cache.rglob("*.a")] == [time]
    assert not list(cache.rglob("making-*"))


def test_legacy_code_builds_for_the_abis_that_have_it(project):
    (project.folder / "old.c").write_text(LEGACY_SOURCE)
    (project.folder / "setup.py").write_text(
        'from setuptools import Extension, setup\nsetup(name="p", py_modules=[], hpy_ext_modules=[Extension("old", ["old.c"])])\n'
    )
    for abi in ("cpython", "hybrid"):
        project.python("setup.py", f"--hpy-abi={abi}", "build_ext", "--inplace", "--force")
        code = "import old; print(old.answer(), old.__doc__)"
        assert project.python("-c", code).split(maxsplit=1) == ["42", f"built for {abi}\n"]
        for path in project.folder.glob("old*"):
            if path.suffix != ".c":
                path.unlink()
    output = project.python("setup.py", "--hpy-abi=universal", "build_ext", "--inplace", "--force", ok=False)
    assert "It is forbidden to #include <Python.h> when targeting the HPy Universal ABI" in output


def test_ordinary_extensions_beside_hpy_ones(project):
    (project.folder / "plain.c").write_text(
        '#include <Python.h>\nstatic PyModuleDef def = {PyModuleDef_HEAD_INIT, "plain", "plain", 0};\n'
        "PyMODINIT_FUNC PyInit_plain(void) { return PyModule_Create(&def); }\n"
    )
    text = (project.folder / "setup.py").read_text()
    (project.folder / "setup.py").write_text(
        text.replace("packages=", 'ext_modules=[Extension("plain", ["plain.c"])], packages=')
    )
    project.python("setup.py", "--hpy-abi=universal", "bdist_wheel")
    (wheel,) = (project.folder / "dist").glob("*.whl")
    # An ordinary extension is for one Python, and so is the wheel.
    assert "-none-" not in wheel.name
    with zipfile.ZipFile(wheel) as archive:
        assert f"plain{EXT_SUFFIX}" in archive.namelist()


def test_an_empty_list_changes_nothing(project):
    (project.folder / "setup.py").write_text(
        'from setuptools import setup\nsetup(name="p", version="1", packages=["package"], hpy_ext_modules=[])\n'
    )
    project.python("setup.py", "bdist_wheel")
    assert next((project.folder / "dist").glob("*.whl")).name.endswith("-py3-none-any.whl")


@pytest.mark.parametrize(
    "setup, message",
    [
        (SETUP.replace("hpy_ext_modules=[", "hpy_ext_modules=3 and ['one.c'] or ["), "must be a list of setuptools.Extension"),
        (SETUP + "\n", "unknown HPy ABI 'universial': expected one of cpython, universal, hybrid"),
        (
            "from distutils.command.build_ext import build_ext\n" + SETUP.replace("version=", "cmdclass={'build_ext': build_ext}, version="),
            "HPy extensions need a subclass of setuptools.command.build_ext.build_ext",
        ),
    ],
)
def test_mistakes_are_named(project, setup, message):
    (project.folder / "setup.py").write_text("import setuptools\n" + setup)
    assert message in project.python("setup.py", "--hpy-abi=universial", "build", ok=False)
