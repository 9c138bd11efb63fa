"""Threads that use one module at once: on a free-threaded build without the GIL, elsewhere by turns.

HPY_TESTS_STRESS says for how many seconds each part runs (default 0.5; a minute is the whole check).
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import sysconfig
import textwrap

import pytest

import extensions

SECONDS = float(os.environ.get("HPY_TESTS_STRESS", "0.5"))
FREE_THREADED = bool(sysconfig.get_config_var("Py_GIL_DISABLED"))

SOURCE = r"""
#include <hpy.h>

static HPyGlobal kept;
static HPyGlobal type;

typedef struct { HPyField field; } Box;
HPyType_HELPERS(Box)
HPyDef_SLOT(Box_traverse, HPy_tp_traverse)
static int Box_traverse_impl(void *self, HPyFunc_visitproc visit, void *arg)
{
    HPy_VISIT(&((Box *)self)->field);
    return 0;
}
HPyDef_METH(Box_put, "put", HPyFunc_O)
static HPy Box_put_impl(HPyContext *ctx, HPy self, HPy arg)
{
    HPyField_Store(ctx, self, &Box_AsStruct(ctx, self)->field, arg);
    return HPy_Dup(ctx, ctx->h_None);
}
HPyDef_METH(Box_get, "get", HPyFunc_NOARGS)
static HPy Box_get_impl(HPyContext *ctx, HPy self)
{
    HPyField *field = &Box_AsStruct(ctx, self)->field;
    return HPyField_IsNull(*field) ? HPy_Dup(ctx, ctx->h_None) : HPyField_Load(ctx, self, *field);
}
static HPyDef *Box_defines[] = {&Box_traverse, &Box_put, &Box_get, NULL};
static HPyType_Spec Box_spec = {.name = "threads_ext.Box", .basicsize = sizeof(Box), .builtin_shape = SHAPE(Box),
    .flags = HPy_TPFLAGS_DEFAULT | HPy_TPFLAGS_HAVE_GC | HPy_TPFLAGS_BASETYPE, .defines = Box_defines};

HPyDef_METH(new_type, "new_type", HPyFunc_NOARGS)
static HPy new_type_impl(HPyContext *ctx, HPy self) { return HPyType_FromSpec(ctx, &Box_spec, NULL); }
HPyDef_METH(new_box, "new_box", HPyFunc_NOARGS)
static HPy new_box_impl(HPyContext *ctx, HPy self)
{
    Box *box;
    HPy cls = HPyGlobal_Load(ctx, type);
    HPy made = HPy_New(ctx, cls, &box);
    HPy_Close(ctx, cls);
    return made;
}
HPyDef_METH(keep, "keep", HPyFunc_O)
static HPy keep_impl(HPyContext *ctx, HPy self, HPy arg)
{
    HPyGlobal_Store(ctx, &kept, arg);
    return HPyGlobal_Load(ctx, kept);
}
HPyDef_METH(list, "list", HPyFunc_O)
static HPy list_impl(HPyContext *ctx, HPy self, HPy arg)
{
    HPyListBuilder builder = HPyListBuilder_New(ctx, 4);
    for (int i = 0; i < 4; i++)
        HPyListBuilder_Set(ctx, builder, i, arg);
    return HPyListBuilder_Build(ctx, builder);
}
HPyDef_METH(tuple, "tuple", HPyFunc_O)
static HPy tuple_impl(HPyContext *ctx, HPy self, HPy arg)
{
    HPyTupleBuilder builder = HPyTupleBuilder_New(ctx, 4);
    for (int i = 0; i < 4; i++)
        HPyTupleBuilder_Set(ctx, builder, i, arg);
    return HPyTupleBuilder_Build(ctx, builder);
}
HPyDef_METH(call, "call", HPyFunc_VARARGS)
static HPy call_impl(HPyContext *ctx, HPy self, const HPy *args, size_t nargs)
{
    return HPy_Call(ctx, args[0], args + 1, nargs - 1, HPy_NULL);
}
/* Native work with a call in and out: what scales if nothing is in the way. */
HPyDef_METH(work, "work", HPyFunc_O)
static HPy work_impl(HPyContext *ctx, HPy self, HPy arg)
{
    uint64_t state = (uint64_t)HPyLong_AsInt64_t(ctx, arg);
    for (int i = 0; i < 2000; i++)
        state = state * UINT64_C(6364136223846793005) + 1442695040888963407;
    return HPyLong_FromInt64_t(ctx, (int64_t)(state >> 40));
}
HPyDef_SLOT(exec, HPy_mod_exec)
static int exec_impl(HPyContext *ctx, HPy module)
{
    HPy cls = HPyType_FromSpec(ctx, &Box_spec, NULL);
    if (HPy_IsNull(cls))
        return -1;
    HPyGlobal_Store(ctx, &type, cls);
    HPy_Close(ctx, cls);
    return 0;
}
static HPyDef *defines[] = {&new_type, &new_box, &keep, &list, &tuple, &call, &work, &exec, NULL};
static HPyGlobal *globals[] = {&kept, &type, NULL};
static HPyModuleDef def = {.defines = defines, .globals = globals};
HPy_MODINIT(threads_ext, def)
"""

STRESS = """
    import gc, sys, threading, time
    import threads_ext as mod

    THREADS = 8
    SECONDS = {seconds}
    box = mod.new_box()
    box.put("start")

    def fields(number):
        box.put([number])
        assert type(box.get()) in (list, str), box.get()
        own = mod.new_box()
        own.put(own)

    def globals_(number):
        assert type(mod.keep((number,))) is tuple

    def builders(number):
        thing = object()
        assert mod.list(thing) == [thing] * 4 and mod.tuple(thing) == (thing,) * 4

    def types(number):
        cls = mod.new_type()
        made = cls()
        made.put(cls)
        assert made.get() is cls
        class Sub(cls):
            pass
        Sub().put(Sub)

    def calls(number):
        assert mod.call(max, number, 3) == max(number, 3)
        assert mod.call(mod.call, mod.list, 1) == [1] * 4
        try:
            mod.call(int, "x")
        except ValueError:
            pass

    def collect(number):
        if number == 0:
            gc.collect()
        mod.new_box().put(number)

    def everything(number):
        for part in (fields, globals_, builders, types, calls):
            part(number)

    for part in (fields, globals_, builders, types, calls, collect, everything):
        barrier = threading.Barrier(THREADS)
        problems, turns = [], [0] * THREADS

        def work(number):
            barrier.wait()
            end = time.monotonic() + SECONDS
            try:
                while time.monotonic() < end and not problems:
                    part(number)
                    turns[number] += 1
            except BaseException as problem:
                problems.append(problem)

        threads = [threading.Thread(target=work, args=(number,)) for number in range(THREADS)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        if problems:
            raise problems[0]
        assert all(turns), turns
        print(part.__name__, sum(turns), file=sys.stderr)
    box.put(None)
    mod.keep(None)
    gc.collect()
    print("done", getattr(sys, "_is_gil_enabled", lambda: True)())
"""


@pytest.fixture
def folder(tmp_path):
    def make(*flags: str):
        shutil.copy(extensions.build("threads_ext", "universal", SOURCE, flags), tmp_path / "threads_ext.hpy0.so")
        from hpy.devel.stub import stub_source

        (tmp_path / "threads_ext.py").write_text(stub_source("threads_ext", "threads_ext.hpy0.so"))
        return tmp_path

    return make


def run(folder, code: str, mode: str = "universal"):
    environment = {**os.environ, "HPY": mode}
    environment.pop("PYTHON_GIL", None)
    code = f"import sys; sys.path.insert(0, {str(folder)!r})\n" + textwrap.dedent(code)
    return subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, timeout=300 + 40 * SECONDS, env=environment
    )


NO_GIL = "-DHPY_MODULE_FLAGS=HPY_MODULE_GIL_NOT_USED"


@pytest.mark.parametrize("mode", ["universal", "debug", "trace"])
def test_eight_threads(folder, mode):
    ran = run(folder(NO_GIL), STRESS.format(seconds=SECONDS), mode)
    print(ran.stderr)
    assert ran.returncode == 0, ran.stderr
    assert ran.stdout == f"done {not FREE_THREADED}\n"


@pytest.mark.skipif(not FREE_THREADED, reason="there is always a GIL")
def test_a_module_that_does_not_say_so_gets_the_gil(folder):
    code = "import sys, threads_ext; print(sys._is_gil_enabled())"
    ran = run(folder(), code)
    assert ran.stdout == "True\n", ran.stderr
    assert "threads_ext" in ran.stderr and "GIL" in ran.stderr
    ran = run(folder(NO_GIL), code)
    assert (ran.stdout, ran.stderr) == ("False\n", "")


@pytest.mark.skipif(not FREE_THREADED, reason="the GIL lets one thread run")
@pytest.mark.skipif((os.cpu_count() or 1) < 2, reason="needs two processors")
def test_two_threads_do_nearly_twice_the_work(folder):
    """Two threads call a native function. A busy machine slows turns down: the shortest of many counts."""
    code = """
        import threading, time
        import threads_ext as mod

        def loop(times):
            work = mod.work
            for number in range(times):
                work(number)

        def seconds(threads, times):
            barrier = threading.Barrier(threads + 1)
            def run():
                barrier.wait()
                loop(times)
            all_ = [threading.Thread(target=run) for _ in range(threads)]
            for thread in all_:
                thread.start()
            barrier.wait()
            start = time.perf_counter()
            for thread in all_:
                thread.join()
            return time.perf_counter() - start

        one = two = float("inf")
        for turn in range(40):
            one, two = min(one, seconds(1, 5000)), min(two, seconds(2, 5000))
            if turn >= 10 and 2 * one / two >= 1.8:
                break
        print(2 * one / two)
    """
    ran = run(folder(NO_GIL), code)
    assert ran.returncode == 0, ran.stderr
    print(ran.stdout)
    assert float(ran.stdout) >= 1.8
