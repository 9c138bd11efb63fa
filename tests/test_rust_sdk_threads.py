"""Threads and module state of the Rust SDK: see rust_ext/src/threads.rs."""

from __future__ import annotations

import inspect
import subprocess
import sys
import threading

import extensions
import pytest
import rust_extension
from test_rust_sdk import message, mod  # noqa: F401

pytestmark = [
    pytest.mark.abis("universal", "cpython"),
    pytest.mark.filterwarnings("error::pytest.PytestUnraisableExceptionWarning"),
]


@rust_extension.needs_hpy_rs
class TestAttach:
    def test_threads_of_rust(self, mod):
        seen = []
        mod.remember(lambda number: seen.append((number, threading.get_ident())))
        assert mod.call_in_threads(8) == 8
        assert sorted(number for number, _ in seen) == list(range(8))
        assert threading.get_ident() not in {ident for _, ident in seen}
        mod.remember(None)

    def test_nested(self, mod):
        assert mod.attach_nested() == [42, 42]

    def test_panic(self, mod, capfd):
        assert mod.panic_attached()
        assert "in a thread" in capfd.readouterr().err
        mod.remember(lambda number: None)
        assert mod.call_in_threads(2) == 2
        mod.remember(None)


AT_EXIT = """
import sys
sys.path[:] = {path!r}
import rust_ext as m
for _ in range(4):
    m.keep_attaching()
import time
time.sleep(0.05)
print("fine")
"""


@rust_extension.needs_hpy_rs
@pytest.mark.parametrize("abi", ["universal", "cpython"])
def test_threads_attach_while_the_interpreter_ends(abi):
    folder = rust_extension.copy_for(f"direct-{abi}", "rust_ext.so", abi).parent
    code = AT_EXIT.format(path=[str(folder), *sys.path])
    for _ in range(3):
        done = subprocess.run(
            [sys.executable, "-c", code], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, timeout=60
        )
        assert (done.returncode, done.stdout, done.stderr) == (0, "fine\n", "")


def test_state(mod):
    marker = object()
    calls, _ = mod.state_call(marker)
    assert mod.state_call(None, 2) == (calls + 2, marker)
    assert mod.state_call(1, by=3) == (calls + 5, None)
    mod.state_limit(0)
    assert message(RuntimeError, mod.state_call, 2) == "too many calls"
    mod.state_limit(None)
    mod.state_call(None)


def test_state_is_no_part_of_the_interface(mod):
    assert str(inspect.signature(mod.state_call)) == "(object, by=1)"
    assert not hasattr(mod, "Shared")
    assert message(TypeError, mod.state_call) == "state_call() missing 1 required positional argument: 'object'"


SUBINTERPRETER = """
import sys
sys.path[:] = {path!r}
import rust_ext as m
try:
    import _interpreters as interpreters
except ImportError:
    import _xxsubinterpreters as interpreters
assert m.state_call("main") == (1, None)
inside = '''
import sys
sys.path[:] = {path!r}
import rust_ext as m
assert m.state_call("sub") == (1, None)
assert m.state_call("sub") == (2, "sub")
m.remember(lambda number: None)
if sys.version_info >= (3, 12):
    assert m.call_in_threads(2) == 2
'''
for _ in range(2):
    made = interpreters.create()
    failed = interpreters.run_string(made, inside)
    assert failed is None, failed
    interpreters.destroy(made)
assert m.state_call("main") == (2, "main")
print("fine")
"""


@rust_extension.needs_hpy_rs
@pytest.mark.skipif(not extensions.THUNKS, reason="without thunks a binary serves one interpreter")
@pytest.mark.parametrize("abi", ["universal", "cpython"])
def test_state_of_subinterpreters(abi):
    folder = rust_extension.copy_for(f"direct-{abi}", "rust_ext.so", abi).parent
    code = SUBINTERPRETER.format(path=[str(folder), *sys.path])
    done = subprocess.run(
        [sys.executable, "-c", code], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, timeout=60
    )
    assert done.stdout == "fine\n", done.stderr


MAIN_ONLY = """
import sys
sys.path[:] = {path!r}
import rust_main_only as m
try:
    import _interpreters as interpreters
except ImportError:
    import _xxsubinterpreters as interpreters
assert m.here() == "main"
inside = '''
import sys
sys.path[:] = {path!r}
try:
    import rust_main_only
except ImportError as error:
    assert "subinterpreter" in str(error), error
else:
    raise AssertionError("it was imported")
'''
made = interpreters.create()
failed = interpreters.run_string(made, inside)
assert failed is None, failed
print("fine")
"""


@rust_extension.needs_hpy_rs
@pytest.mark.parametrize("abi", ["universal", "cpython"])
def test_module_of_the_main_interpreter(abi):
    """Two modules in one binary; this one declares `main_interpreter_only`."""
    folder = rust_extension.copy_for(f"main-only-{abi}", "rust_main_only.so", abi).parent
    code = MAIN_ONLY.format(path=[str(folder), *sys.path])
    done = subprocess.run(
        [sys.executable, "-c", code], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, timeout=60
    )
    assert done.stdout == "fine\n", done.stderr
