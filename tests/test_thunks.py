"""How calls reach a binary: thunks, and what stands in for them where there can be none."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import extensions
import pytest
from typemaker import node

EXT = "specs"
TESTS = Path(__file__).parent


def mappings() -> list[str]:
    with open("/proc/self/maps", encoding="utf-8", errors="surrogateescape") as file:
        return [line.split()[1] for line in file]


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="reads /proc")
def test_no_memory_is_writable_and_executable(mod):
    made = [node(mod, "meth_o", "node_call", "node_new", "node_init", "prop") for _ in range(500)]
    assert all(type(one()(1)[0]) is str for one in made)
    assert not [rights for rights in mappings() if "w" in rights and "x" in rights]


def run(code: str, **environment: str) -> str:
    done = subprocess.run(
        [sys.executable, "-X", "faulthandler", "-c", code],
        env={**os.environ, "PYTHONPATH": os.pathsep.join([str(TESTS), *sys.path]), **environment},
        capture_output=True,
        text=True,
        timeout=120,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


USE = """
from pathlib import Path
import extensions, typemaker
mod = extensions.load("specs", Path({path!r}), extensions.VARIANTS[{mode!r}])
made = typemaker.node(mod, "meth_keywords", "node_call", "node_new", "node_init", "prop", "node_repr", "node_finalize")
one = made("f", x=3)
print(one.x, one.field, one.prop, one.keywords(1, a=2)[2:], one(4, b=5)[2:], repr(one))
mod.set_call_function(one)
print(one(6)[0], list(map(one, [7]))[0][2])
"""


@pytest.mark.parametrize("mode", ["universal", "debug", "trace"])
def test_the_same_without_thunks(mode, covers):
    path = str(extensions.build("specs"))
    code = USE.format(path=path, mode=mode)
    assert run(code, HPY_RS_THUNKS="0") == run(code, HPY_RS_THUNKS="1") != ""
    covers("_HPy_CallRealFunctionFromTrampoline")


CPYTHON = extensions.VARIANTS["cpython"]


@pytest.mark.skipif(extensions.unavailable(CPYTHON) is not None, reason="there is no cpython ABI here")
@pytest.mark.parametrize("thunks", ["0", "1"])
def test_an_extension_of_the_cpython_abi_serves_one_interpreter_without_thunks(thunks):
    folder = str(extensions.build("state", "cpython").parent)
    code = (
        "import sys\n"
        "from subinterpreters import KINDS, Failed, interpreter\n"
        f"sys.path.insert(0, {folder!r})\n"
        "import state\n"
        "for kind in KINDS:\n"
        "    with interpreter(kind) as other:\n"
        "        try:\n"
        f"            other.run('import state', {folder!r})\n"
        "        except Failed as error:\n"
        "            print(error.kind, error.message)\n"
        "        else:\n"
        "            print('imported')\n"
    )
    lines = run(code, HPY_RS_THUNKS=thunks).splitlines()
    assert lines
    if thunks == "1":
        assert set(lines) == {"imported"}
    else:
        assert all(line.startswith("ImportError module 'state' is imported in another interpreter") for line in lines)


def test_the_tools_of_debug_mode_work_without_thunks():
    code = (
        "import hpy.debug\n"
        "from hpy.universal import _debug\n"
        "for _ in range(300):\n"
        "    with hpy.debug.LeakDetector():\n"
        "        pass\n"
        "print(_debug.get_open_handles(0))\n"
    )
    assert run(code, HPY_RS_THUNKS="0") == run(code) == "[]\n"


#: Makes the system refuse what SELinux's `execmem` rule refuses: memory that was written becoming executable.
DENY = """
import ctypes, platform

class Step(ctypes.Structure):
    _fields_ = [("code", ctypes.c_ushort), ("yes", ctypes.c_ubyte), ("no", ctypes.c_ubyte), ("k", ctypes.c_uint32)]

class Program(ctypes.Structure):
    _fields_ = [("length", ctypes.c_ushort), ("steps", ctypes.POINTER(Step))]

libc = ctypes.CDLL(None, use_errno=True)
mprotect = {"x86_64": 10, "aarch64": 226}[platform.machine()]
LOAD, EQUAL, ANY_BIT, RETURN, REFUSE, ALLOW = 0x20, 0x15, 0x45, 0x06, 0x5000D, 0x7FFF0000
steps = [
    Step(LOAD, 0, 0, 0),  # the number of the system call
    Step(EQUAL, 0, 3, mprotect),
    Step(LOAD, 0, 0, 32),  # its third argument
    Step(ANY_BIT, 0, 1, 4),  # PROT_EXEC
    Step(RETURN, 0, 0, REFUSE),  # with EACCES
    Step(RETURN, 0, 0, ALLOW),
]
program = Program(len(steps), (Step * len(steps))(*steps))
if libc.prctl(38, 1, 0, 0, 0) or libc.prctl(22, 2, ctypes.byref(program), 0, 0):
    print("this system lets nobody refuse anything")
    raise SystemExit
page = ctypes.create_string_buffer(3 * 4096)
start = (ctypes.addressof(page) + 4095) & ~4095
assert libc.mprotect(ctypes.c_void_p(start), 4096, 5) == -1 and ctypes.get_errno() == 13
"""
LOOK = """
rights = [line.split(None, 5) for line in open("/proc/self/maps")]
assert not [one for one in rights if "w" in one[1] and "x" in one[1]]
# Of executable memory there is only what files and the kernel gave.
assert not [one for one in rights if "x" in one[1] and len(one) < 6]
"""


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="asks Linux to refuse")
@pytest.mark.parametrize("mode", ["universal", "debug", "trace"])
def test_the_same_where_the_system_denies_executable_memory(mode):
    use = USE.format(path=str(extensions.build("specs")), mode=mode)
    made = run(DENY + use + LOOK, HPY_RS_THUNKS="1")
    if made.startswith("this system lets nobody"):
        pytest.skip(made.strip())
    assert made == run(use) != ""
    anonymous = "len([line for line in open('/proc/self/maps') if 'r-xp' in line and len(line.split()) < 6])"
    # It is thunks that are denied: with them there is such memory.
    assert int(run(use + f"\nprint({anonymous})", HPY_RS_THUNKS="1").splitlines()[-1]) > 0
