"""Modules in subinterpreters: each has its own, with its own globals and types."""

from __future__ import annotations

import json
import os
import pathlib
import shutil
import subprocess
import sys
import tempfile
import threading
from functools import lru_cache

import pytest

import extensions
from hpy.devel.stub import stub_source
from subinterpreters import KINDS, Failed, Interpreter, interpreter

# Without thunks a binary serves one interpreter at a time: tests/test_loader.py.
with_thunks = pytest.mark.skipif(os.environ.get("HPY_RS_THUNKS") == "0", reason="needs thunks")

SOURCE = """
#include <hpy.h>
static HPyGlobal kept;
static HPyGlobal type;
HPyDef_METH(keep, "keep", HPyFunc_O)
static HPy keep_impl(HPyContext *ctx, HPy self, HPy arg)
{
    HPyGlobal_Store(ctx, &kept, arg);
    return HPy_Dup(ctx, ctx->h_None);
}
HPyDef_METH(kept_now, "kept_now", HPyFunc_NOARGS)
static HPy kept_now_impl(HPyContext *ctx, HPy self)
{
    HPy h = HPyGlobal_Load(ctx, kept);
    return HPy_IsNull(h) ? HPyUnicode_FromString(ctx, "nothing") : h;
}

typedef struct { long count; } Counter;
HPyType_HELPERS(Counter)
HPyDef_SLOT(Counter_new, HPy_tp_new)
static HPy Counter_new_impl(HPyContext *ctx, HPy cls, const HPy *args, HPy_ssize_t nargs, HPy kw)
{
    Counter *counter;
    HPy made = HPy_New(ctx, cls, &counter);
    if (!HPy_IsNull(made))
        counter->count = 0;
    return made;
}
HPyDef_METH(Counter_up, "up", HPyFunc_NOARGS)
static HPy Counter_up_impl(HPyContext *ctx, HPy self)
{
    return HPyLong_FromLong(ctx, ++Counter_AsStruct(ctx, self)->count);
}
static HPyDef *Counter_defines[] = {&Counter_new, &Counter_up, NULL};
static HPyType_Spec Counter_spec = {
    .name = "sub.Counter", .flags = HPy_TPFLAGS_DEFAULT | HPy_TPFLAGS_BASETYPE, .basicsize = sizeof(Counter), .builtin_shape = SHAPE(Counter), .defines = Counter_defines};

HPyDef_METH(new_counter, "new_counter", HPyFunc_NOARGS)
static HPy new_counter_impl(HPyContext *ctx, HPy self)
{
    HPy cls = HPyGlobal_Load(ctx, type);
    HPy made = HPy_CallTupleDict(ctx, cls, HPy_NULL, HPy_NULL);
    HPy_Close(ctx, cls);
    return made;
}
HPyDef_SLOT(exec, HPy_mod_exec)
static int exec_impl(HPyContext *ctx, HPy module)
{
    HPy cls = HPyType_FromSpec(ctx, &Counter_spec, NULL);
    if (HPy_IsNull(cls))
        return -1;
    HPyGlobal_Store(ctx, &type, cls);
    int result = HPy_SetAttr_s(ctx, module, "Counter", cls);
    HPy_Close(ctx, cls);
    return result;
}
static HPyDef *defines[] = {&keep, &kept_now, &new_counter, &exec, NULL};
static HPyGlobal *globals[] = {&kept, &type, NULL};
static HPyModuleDef def = {.defines = defines, .globals = globals};
HPy_MODINIT(sub, def)
"""

LEGACY = """
#include <Python.h>
#include <hpy.h>
static PyObject *old(PyObject *self, PyObject *arg) { Py_INCREF(arg); return arg; }
static PyMethodDef methods[] = {{"old", (PyCFunction)old, METH_O, ""}, {NULL, NULL, 0, NULL}};
static HPyModuleDef def = {.legacy_methods = (cpy_PyMethodDef *)methods};
HPy_MODINIT(sub, def)
"""


@pytest.fixture
def folder(tmp_path):
    """A folder with the module `sub` in the direct form."""

    def make(*flags: str, abi: str = "universal", source: str = SOURCE, stub: bool = False) -> pathlib.Path:
        built = extensions.build("sub", abi, source, flags)
        name = built.name if stub else "sub.so"
        shutil.copy(built, tmp_path / name)
        if stub:
            (tmp_path / "sub.py").write_text(stub_source("sub", name))
        return tmp_path

    return make


@pytest.fixture
def here(monkeypatch):
    """Imports `sub` into this interpreter."""

    def load(path: pathlib.Path):
        monkeypatch.syspath_prepend(str(path))
        import importlib

        return importlib.import_module("sub")

    yield load
    sys.modules.pop("sub", None)


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("stub", [False, True], ids=["direct", "stub"])
def test_import(folder, kind, stub):
    with interpreter(kind) as other:
        code = """
            import importlib, sub
            again = importlib.reload(sub)
            counter = sub.Counter()
            result = [sub.__name__, sub.__file__, again.__file__, counter.up(), counter.up(), sub.kept_now()]
        """
        path = folder(stub=stub)
        file = str(path / ("sub.hpy0.so" if stub else "sub.so"))
        name, first, again, *rest = other.run(code, path)
        assert (name, again, rest) == ("sub", file, [1, 2, "nothing"])


@with_thunks
@pytest.mark.parametrize("kind", KINDS)
def test_globals_and_types_are_apart(folder, here, kind):
    path = folder()
    module = here(path)
    module.keep("main")
    with interpreter(kind) as one, interpreter(kind) as two:
        for other, text in ((one, "one"), (two, "two")):
            code = f"""
                import sub
                before = sub.kept_now()
                sub.keep({text!r})
                counter = sub.new_counter()
                result = [before, type(counter) is sub.Counter, id(sub.Counter)]
            """
            before, same, address = other.run(code, path)
            assert (before, same) == ("nothing", True)
            assert address != id(module.Counter)
        assert one.run("import sub; result = sub.kept_now()") == "one"
        assert two.run("import sub; result = sub.kept_now()") == "two"
    assert module.kept_now() == "main"
    assert module.new_counter().up() == 1


@with_thunks
@pytest.mark.parametrize("kind", KINDS)
def test_a_module_outlives_other_interpreters(folder, here, kind):
    path = folder()
    with interpreter(kind) as other:
        other.run("import sub; sub.keep([1])", path)
    module = here(path)
    module.keep((1,))
    with interpreter(kind) as other:
        other.run("import sub; sub.keep([2])", path)
    assert module.kept_now() == (1,)
    assert module.Counter().up() == 1


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("stub", [False, True], ids=["direct", "stub"])
def test_main_interpreter_only(folder, here, kind, stub):
    path = folder("-DHPY_MODULE_FLAGS=HPY_MODULE_MAIN_INTERPRETER_ONLY", stub=stub)
    assert here(path).kept_now() == "nothing"
    with interpreter(kind) as other:
        with pytest.raises(Failed) as caught:
            other.run("import sub", path)
        assert caught.value.kind == "ImportError"
        assert "subinterpreter" in caught.value.message
        assert other.run("import sys; result = 'sub' in sys.modules") is False


@pytest.mark.parametrize("stub", [False, True], ids=["direct", "stub"])
def test_legacy_code_follows_cpythons_rule(folder, stub):
    path = folder(abi="hybrid", source=LEGACY, stub=stub)
    with interpreter("legacy") as other:
        assert other.run("import sub; result = sub.old(3)", path) == 3
    if "isolated" in KINDS:
        with interpreter("isolated") as other:
            with pytest.raises(Failed) as caught:
                other.run("import sub", path)
            assert caught.value.kind == "ImportError"
            assert caught.value.message == "module sub does not support loading in subinterpreters"


def at_once(work, count: int = 10) -> list:
    """What `work(0)` to `work(count - 1)` return or raise, each in a thread of its own, all at once."""
    results: list[object] = [None] * count

    def one(number: int) -> None:
        try:
            results[number] = work(number)
        except Exception as error:
            results[number] = error

    threads = [threading.Thread(target=one, args=(number,)) for number in range(count)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return results


@with_thunks
@pytest.mark.parametrize("mode", ["universal", "debug"])
@pytest.mark.parametrize("kind", KINDS)
def test_ten_at_once(folder, monkeypatch, kind, mode):
    monkeypatch.setenv("HPY", mode)
    path = folder()
    others = [Interpreter(kind) for _ in range(10)]
    code = """
        import sub
        counters = [sub.new_counter() for _ in range(50)]
        sub.Counter.mark = {number}
        for turn in range(20):
            sub.keep({number})
            for counter in counters:
                counter.up()
        result = [sub.kept_now(), counters[0].up(), counters[0].mark]
    """
    results = at_once(lambda number: others[number].run(code.format(number=number), path))
    # All of them live: a type at the same address would be the same type.
    types = {other.run("result = id(sub.Counter)") for other in others}
    for other in others:
        other.close()
    assert results == [[number, 21, number] for number in range(len(others))]
    assert len(types) == len(others)


MEETING = """
#include <hpy.h>
#include <stdatomic.h>
#include <time.h>
static atomic_long arrived;
HPyDef_METH(meet, "meet", HPyFunc_O, .doc = "Waits in native code until so many are here; False after a minute.")
static HPy meet_impl(HPyContext *ctx, HPy self, HPy arg)
{
    long all = HPyLong_AsLong(ctx, arg);
    time_t start = time(NULL);
    atomic_fetch_add(&arrived, 1);
    while (atomic_load(&arrived) < all)
        if (time(NULL) - start > 60)
            return HPy_Dup(ctx, ctx->h_False);
    return HPy_Dup(ctx, ctx->h_True);
}
static HPyDef *defines[] = {&meet, NULL};
static HPyModuleDef def = {.defines = defines};
HPy_MODINIT(sub, def)
"""


@with_thunks
@pytest.mark.skipif(sys.version_info < (3, 12), reason="an interpreter has a GIL of its own since 3.12")
@pytest.mark.parametrize("mode", ["universal", "debug"])
def test_ten_have_their_own_gil(folder, monkeypatch, mode):
    monkeypatch.setenv("HPY", mode)
    path = folder(source=MEETING)
    others = [Interpreter("isolated") for _ in range(10)]
    # None of them lets go of its GIL: were there but one, nobody would ever meet.
    results = at_once(lambda number: others[number].run("import sub; result = sub.meet(10)", path))
    for other in others:
        other.close()
    assert results == [True] * 10


@with_thunks
@pytest.mark.parametrize("mode", ["universal", "debug"])
def test_ten_of_the_standard_library(folder, monkeypatch, mode):
    interpreters = pytest.importorskip("concurrent.interpreters", reason="new in 3.14")
    monkeypatch.setenv("HPY", mode)
    monkeypatch.syspath_prepend(str(folder()))
    others = [interpreters.create() for _ in range(10)]
    answers = interpreters.create_queue()
    code = """if True:
        import sys
        sys.path[:] = path
        import sub
        sub.keep(number)
        counter = sub.new_counter()
        counter.up()
        answers.put((number, sub.kept_now(), counter.up(), id(sub.Counter)))
    """

    def work(number: int) -> None:
        others[number].prepare_main(path=tuple(sys.path), number=number, answers=answers)
        others[number].exec(code)

    assert at_once(work) == [None] * 10
    got = sorted(answers.get(timeout=10) for _ in others)
    for other in others:
        other.close()
    assert [answer[:3] for answer in got] == [(number, number, 2) for number in range(10)]
    assert len({answer[3] for answer in got}) == 10


@pytest.mark.parametrize("kind", KINDS)
def test_what_still_lives_when_the_interpreter_ends(folder, kind):
    path = folder()
    with interpreter(kind) as other:
        # A cycle through an instance, objects in the interpreter's own places, and use of them in the end.
        code = """
            import builtins, sub, sys, atexit
            sub.keep([sub, sub.Counter])
            builtins.left = sub.new_counter()
            class Child(sub.Counter):
                def __del__(self):
                    self.up()
            child = Child()
            child.itself = [child, sub]
            sys.left = child
            atexit.register(child.up)
            atexit.register(sub.keep, child)
            result = child.up()
        """
        assert other.run(code, path) == 1


#: The same module in Python.
IN_PYTHON = """
kept = None
class Counter:
    __slots__ = ("count",)
    def __init__(self):
        self.count = 0
    def up(self):
        self.count += 1
        return self.count
def keep(value):
    global kept
    kept = value
def new_counter():
    return Counter()
"""

#: How many interpreters come and go in the test below; a thousand take minutes.
TIMES = int(os.environ.get("HPY_TESTS_INTERPRETERS", "40"))


def growth(kind: str, folder: pathlib.Path, mode: str = "universal") -> dict:
    """How a process grows by TIMES interpreters that import and use the module `sub` of a folder."""
    code = "import sub; sub.keep([sub.Counter]); result = sub.new_counter().up()"
    command = [sys.executable, os.path.join(os.path.dirname(__file__), "growth.py"), kind, str(TIMES), str(folder), code]
    limit = 120 + 10 * TIMES
    ran = subprocess.run(command, capture_output=True, text=True, timeout=limit, env={**os.environ, "HPY": mode})
    assert (ran.returncode, ran.stderr) == (0, "")
    return json.loads(ran.stdout)


@lru_cache(maxsize=None)
def growth_in_python(kind: str) -> dict:
    """What CPython itself loses with each interpreter, in the worst case: it is measured once for all modes."""
    with tempfile.TemporaryDirectory() as folder:
        (pathlib.Path(folder) / "sub.py").write_text(IN_PYTHON)
        return growth(kind, pathlib.Path(folder))


@pytest.mark.skipif(not os.path.exists("/proc/self/maps"), reason="needs /proc")
@pytest.mark.parametrize("mode", ["universal", "debug"])
@pytest.mark.parametrize("kind", KINDS[-1:])
def test_interpreters_that_end_leave_nothing(folder, kind, mode):
    if mode == "debug" and not extensions.THUNKS:
        pytest.skip("without thunks a binary serves one interpreter at a time")
    own, found = growth_in_python(kind), growth(kind, folder(), mode)
    print(f"{TIMES} interpreters, {kind}, {mode}: {found}; with a module in Python: {own}")
    assert found["code"] <= 0
    assert found["mappings"] <= own["mappings"] + max(4, TIMES // 20)
    # A page or two of the allocator's own bookkeeping, however many interpreters there were.
    if found["allocated"] is not None:
        assert found["allocated"] <= own["allocated"] + 32 * 1024
    # Python's own allocator takes a megabyte at a time. A process can shrink: nothing lost is then the least to be asked.
    assert found["mapped"] <= max(own["mapped"], 0) + 2**20
