"""Modules in subinterpreters: each has its own, with its own globals and types."""

from __future__ import annotations

import os
import pathlib
import shutil
import subprocess
import sys
import textwrap
import threading

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


@with_thunks
@pytest.mark.parametrize("kind", KINDS)
def test_ten_at_once(folder, kind):
    path = folder()
    others = [Interpreter(kind) for _ in range(10)]
    results: list[object] = [None] * len(others)
    code = """
        import sub
        counters = [sub.new_counter() for _ in range(50)]
        for turn in range(20):
            sub.keep({number})
            for counter in counters:
                counter.up()
        result = [sub.kept_now(), counters[0].up()]
    """

    def work(number: int) -> None:
        try:
            results[number] = others[number].run(code.format(number=number), path)
        except Exception as error:
            results[number] = error

    threads = [threading.Thread(target=work, args=(number,)) for number in range(len(others))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    for other in others:
        other.close()
    assert results == [[number, 21] for number in range(len(others))]


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


#: How many interpreters come and go in the test below; a thousand take a minute. CPython 3.12 and 3.13 themselves lose
#: megabytes with each, so there are fewer there.
TIMES = int(os.environ.get("HPY_TESTS_INTERPRETERS", "60" if sys.version_info >= (3, 12) else "250"))


@pytest.mark.skipif(not os.path.exists("/proc/self/maps"), reason="needs /proc")
def test_interpreters_that_end_leave_nothing(folder):
    code = f"""
        import gc, sys
        sys.path[:] = {[str(folder()), os.path.dirname(__file__), *sys.path]!r}
        from subinterpreters import interpreter

        def resident():
            gc.collect()
            with open("/proc/self/statm") as statm:
                return int(statm.read().split()[1])

        def executable_pages():
            with open("/proc/self/maps") as maps:
                return sum(line.split()[1] == "r-xp" and line.split()[4] == "0" for line in maps)

        def loop(times, code):
            for _ in range(times):
                with interpreter("isolated") as other:
                    other.run(code, {str(folder())!r})

        use = "import sub; sub.keep([sub.Counter]); result = sub.new_counter().up()"
        # Some versions of CPython leak for themselves: see what an interpreter without extensions costs.
        loop(20, "import json")
        start = resident()
        loop(50, "import json")
        own = (resident() - start) / 50
        loop(20, use)
        start, pages = resident(), executable_pages()
        loop({TIMES}, use)
        print(executable_pages() - pages, own, (resident() - start) / {TIMES})
    """
    ran = subprocess.run(
        [sys.executable, "-c", textwrap.dedent(code)], capture_output=True, text=True, timeout=600
    )
    assert ran.stderr == ""
    print(ran.stdout)
    pages, own, growth = ran.stdout.split()
    assert int(pages) <= 0
    if sys.version_info < (3, 12):
        # In pages of memory per interpreter.
        assert float(growth) < max(1.0, 1.5 * float(own))
