"""Threads that use one module at once: on a free-threaded build without the GIL, elsewhere by turns.

HPY_TESTS_STRESS says for how many seconds each part of threads/stress.py runs (default: 2 without a GIL, else 0.5; a
minute is the whole check).
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import sysconfig
from pathlib import Path

import pytest

import extensions
import rust_extension
from hpy.devel.stub import stub_source

FREE_THREADED = bool(sysconfig.get_config_var("Py_GIL_DISABLED"))
SECONDS = float(os.environ.get("HPY_TESTS_STRESS", "2" if FREE_THREADED else "0.5"))

THREADS = Path(__file__).with_name("threads")
NO_GIL = "-DHPY_MODULE_FLAGS=HPY_MODULE_GIL_NOT_USED"


def run(folder: Path, *arguments: str, mode: str = "universal", parts: int = 0):
    """Runs Python with what is in the folder importable, and with the GIL as CPython decides it."""
    environment = {**os.environ, "HPY": mode, "PYTHONPATH": os.pathsep.join([str(folder), *filter(None, sys.path)])}
    environment.pop("PYTHON_GIL", None)
    return subprocess.run(
        [sys.executable, *arguments],
        capture_output=True,
        text=True,
        timeout=300 + 4 * parts * SECONDS,
        env=environment,
    )


def stub(folder: Path, name: str, binary: Path, file: str) -> None:
    """A binary that hpy.universal loads, by its stub."""
    shutil.copy(binary, folder / file)
    (folder / f"{name}.py").write_text(stub_source(name, file))


@pytest.fixture
def c_module(tmp_path):
    """Puts the module of threads/threads_ext.c into a folder, in one of its forms."""

    def put(form: str, *flags: str) -> Path:
        source = (THREADS / "threads_ext.c").read_text()
        abi = "universal" if form == "direct" else form
        binary = extensions.build("threads_ext", abi, source, flags)
        if form in ("direct", "cpython"):
            shutil.copy(binary, tmp_path / "threads_ext.so")
        else:
            stub(tmp_path, "threads_ext", binary, "threads_ext" + extensions.suffix(abi))
        return tmp_path

    return put


@pytest.fixture
def rust_module(tmp_path):
    """The same for a module of the suite's Rust extension."""

    def put(form: str, name: str) -> Path:
        binary = rust_extension.binary("cpython" if form == "cpython" else "universal")
        if form == "universal":
            stub(tmp_path, name, binary, f"{name}.hpy0.so")
        else:
            shutil.copy(binary, tmp_path / f"{name}.so")
        return tmp_path

    return put


def stress(folder: Path, parts: str, module: str, mode: str) -> None:
    script = str(THREADS / "stress.py")
    ran = run(folder, script, str(SECONDS), parts, module, mode=mode, parts=len(parts.split(",")))
    print(ran.stderr)
    assert ran.returncode == 0, ran.stderr
    assert ran.stdout == f"done {not FREE_THREADED}\n"


@pytest.mark.parametrize(
    "mode, parts",
    [
        ("universal", "fields,globals,builders,types,containers,calls,collect,everything"),
        ("debug", "everything,collect,debug"),
        ("trace", "everything,trace"),
    ],
)
def test_eight_threads(c_module, mode, parts):
    stress(c_module("universal", NO_GIL), parts, "threads_ext", mode)


def test_eight_threads_in_an_extension_for_one_python(c_module):
    reason = extensions.unavailable(extensions.VARIANTS["cpython"])
    if reason is not None:
        pytest.skip(reason)
    # Extensions of the cpython ABI have no table of extensions.
    parts = "fields,globals,types,calls,collect"
    stress(c_module("cpython", NO_GIL), parts, "threads_ext", "universal")


@rust_extension.needs_hpy_rs
@pytest.mark.parametrize("mode", ["universal", "debug", "trace"])
def test_eight_threads_in_rust(rust_module, mode):
    stress(rust_module("universal", "rust_ext"), "rust", "rust_ext", mode)


def gil_after_import(folder: Path, name: str) -> tuple[bool, str]:
    """Whether the GIL is on after the import of a module, and what was warned of."""
    ran = run(folder, "-c", f"import sys, {name}; print(sys._is_gil_enabled())")
    assert ran.returncode == 0, ran.stderr
    return ran.stdout == "True\n", ran.stderr


def check_gil(on: bool, warned: str, name: str, says_so: bool) -> None:
    assert on is not says_so
    if says_so:
        assert warned == ""
    else:
        assert "RuntimeWarning: The global interpreter lock (GIL) has been enabled to load module" in warned
        assert name in warned


@pytest.mark.skipif(not FREE_THREADED, reason="there is always a GIL")
class TestGIL:
    """CPython's rule for extensions: a module that does not say that it can do without the GIL gets it."""

    @pytest.mark.parametrize("says_so", [True, False])
    @pytest.mark.parametrize("form", ["universal", "hybrid", "direct", "cpython"])
    def test_c(self, c_module, form, says_so):
        folder = c_module(form, *([NO_GIL] if says_so else []))
        check_gil(*gil_after_import(folder, "threads_ext"), "threads_ext", says_so)

    @rust_extension.needs_hpy_rs
    @pytest.mark.parametrize("name, says_so", [("rust_ext", True), ("rust_main_only", False)])
    @pytest.mark.parametrize("form", ["universal", "direct", "cpython"])
    def test_rust(self, rust_module, form, name, says_so):
        """`#[hpy::module(gil_used = false)]` says so."""
        check_gil(*gil_after_import(rust_module(form, name), name), name, says_so)

    def test_modules_that_do_without_stay_usable_with_it(self, c_module):
        """The GIL, once on, stays on for all: CPython turns it off for nobody."""
        folder = c_module("universal", NO_GIL)
        code = "import sys, threads_ext; print(threads_ext.work(1), sys._is_gil_enabled())"
        environment = {**os.environ, "PYTHON_GIL": "1", "PYTHONPATH": os.pathsep.join([str(folder), *sys.path])}
        ran = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, env=environment, timeout=60)
        assert ran.stdout.split()[1:] == ["True"], ran.stderr


@pytest.mark.skipif(not FREE_THREADED, reason="other builds have no such file name")
def test_hybrid_binaries_carry_the_builds_name():
    """Their objects have another head than those of the same version with a GIL."""
    from hpy.devel.abitag import get_hpy_ext_suffix

    major, minor = sys.version_info[:2]
    assert get_hpy_ext_suffix("hybrid") == f".hpy0-cp{major}{minor}t.so" == extensions.suffix("hybrid")
    assert get_hpy_ext_suffix("universal") == ".hpy0.so"


FREED = """
import gc, sys, threads_ext, weakref
cls = threads_ext.new_type()
class Sub(cls):
    pass
box, other = cls(), Sub()
box.put(cls)
other.put(Sub)
gone = [weakref.ref(one) for one in (threads_ext, cls, Sub)]
del sys.modules["threads_ext"], threads_ext, cls, Sub, box, other
gc.collect()
print([one() for one in gone])
"""


@pytest.mark.skipif(not FREE_THREADED, reason="test_direct.py, test_loader.py and test_types.py look at other builds")
@pytest.mark.parametrize("form", ["universal", "direct"])
def test_modules_and_types_are_freed_where_no_thread_was_started(c_module, form):
    ran = run(c_module(form, NO_GIL), "-c", FREED)
    assert ran.stdout == "[None, None, None]\n", ran.stderr


IMMORTAL = """
import collections, gc, sys, threading, weakref
def see():
    class Python:
        pass
    class OfC(collections.OrderedDict):
        pass
    before = sys.getrefcount(Python), sys.getrefcount(OfC)
    many = [Python() for _ in range(100)], [OfC() for _ in range(100)]
    counted = sys.getrefcount(Python) - before[0], sys.getrefcount(OfC) - before[1]
    reference = weakref.ref(Python)
    del many, Python, OfC
    gc.collect()
    print(*counted, reference() is None)
see()
thread = threading.Thread(target=int)
thread.start()
thread.join()
see()
import _random
print(sys.getrefcount(_random.Random.seed) == 2**32 - 1)
"""


@pytest.mark.skipif(not FREE_THREADED or sys.version_info >= (3, 14), reason="no other CPython does that")
def test_why_some_tests_are_marked_frees_modules(tmp_path):
    """What is Python's own is neither counted nor freed once a thread was started; methods hold the type they are of."""
    ran = run(tmp_path, "-c", IMMORTAL)
    assert ran.stdout == "100 100 True\n0 0 False\nTrue\n", ran.stderr
