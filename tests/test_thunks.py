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
