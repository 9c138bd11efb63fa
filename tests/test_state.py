"""What an extension keeps between calls, and code, imports and threads."""

import contextvars
import gc
import sys
import threading
import types
import weakref

import pytest

EXT = "state"
NULL = NotImplemented


class Node:
    pass


def test_field(mod):
    pair = mod.Pair()
    with pytest.raises(AttributeError, match="first is empty"):
        pair.first
    value = Node()
    before = sys.getrefcount(value)
    pair.first = value
    assert sys.getrefcount(value) == before + 1
    assert pair.first is value
    pair.swap()
    with pytest.raises(AttributeError):
        pair.first
    pair.swap()
    assert pair.first is value
    pair.first = None
    assert sys.getrefcount(value) == before
    del pair.first
    with pytest.raises(AttributeError):
        pair.first
    assert pair.load_empty() is True


def test_field_is_released_with_its_object(mod):
    value = Node()
    before = sys.getrefcount(value)
    pair = mod.Pair()
    pair.first = value
    pair.swap()
    pair.first = value
    assert sys.getrefcount(value) == before + 2
    del pair
    assert sys.getrefcount(value) == before


def test_cycles_through_fields_are_collected(mod):
    pair = mod.Pair()
    pair.first = node = Node()
    node.back = pair
    gone = weakref.ref(node)
    pair.swap()
    pair.first = pair
    del pair, node
    gc.collect()
    assert gone() is None


def test_cycle_of_a_subclass(mod):
    class Sub(mod.Pair):
        pass

    sub = Sub()
    sub.first = sub
    sub.extra = [sub]
    gone = weakref.ref(sub)
    del sub
    gc.collect()
    assert gone() is None


def test_global(mod):
    mod.store(NULL)
    with pytest.raises(LookupError, match="empty"):
        mod.fetch()
    value = Node()
    before = sys.getrefcount(value)
    mod.store(value)
    assert mod.fetch() is value
    assert mod.fetch() is value
    assert sys.getrefcount(value) == before + 1
    mod.store("other")
    assert sys.getrefcount(value) == before
    assert mod.fetch() == "other"
    mod.store(NULL)
    assert mod.fetch_untouched() is True


def test_context_variable(mod):
    var = mod.HPyContextVar_New("größe", NULL)
    assert isinstance(var, contextvars.ContextVar) and var.name == "größe"
    assert mod.HPyContextVar_Get(var, NULL) == ()
    assert mod.HPyContextVar_Get(var, "default") == ("default",)
    token = mod.HPyContextVar_Set(var, "value")
    assert isinstance(token, contextvars.Token)
    assert mod.HPyContextVar_Get(var, "default") == ("value",)
    assert var.get() == "value"
    other = contextvars.copy_context()
    other.run(mod.HPyContextVar_Set, var, "elsewhere")
    assert mod.HPyContextVar_Get(var, NULL) == ("value",)
    var.reset(token)
    assert mod.HPyContextVar_Get(var, NULL) == ()
    preset = mod.HPyContextVar_New("preset", 5)
    assert mod.HPyContextVar_Get(preset, NULL) == (5,)
    assert mod.HPyContextVar_Get(preset, 6) == (6,)


def test_context_variable_errors(mod):
    for wrong in (5, None, "var"):
        with pytest.raises(TypeError):
            mod.HPyContextVar_Get(wrong, NULL)
        with pytest.raises(TypeError):
            mod.HPyContextVar_Set(wrong, 1)


def test_capsule(mod):
    capsule = mod.HPyCapsule_New("some.name", False, True)
    assert type(capsule).__name__ == "PyCapsule"
    assert mod.HPyCapsule_GetPointer(capsule, "some.name") == 11
    assert mod.HPyCapsule_GetName(capsule) == "some.name"
    assert mod.HPyCapsule_GetContext(capsule) is None
    assert mod.HPyCapsule_IsValid(capsule, "some.name") == 1
    assert mod.HPyCapsule_IsValid(capsule, "other") == 0
    assert mod.HPyCapsule_IsValid(capsule, NULL) == 0
    assert mod.HPyCapsule_SetContext(capsule) == 0
    assert mod.HPyCapsule_GetContext(capsule) == "the context"
    assert mod.HPyCapsule_SetPointer(capsule, True) == 0
    assert mod.HPyCapsule_GetPointer(capsule, "some.name") == 22
    assert mod.HPyCapsule_SetName(capsule) == 0
    assert mod.HPyCapsule_GetPointer(capsule, "renamed") == 22
    nameless = mod.HPyCapsule_New(NULL, False, True)
    assert mod.HPyCapsule_GetName(nameless) is None
    assert mod.HPyCapsule_GetPointer(nameless, NULL) == 11


def test_capsule_errors(mod):
    capsule = mod.HPyCapsule_New("some.name", False, True)
    with pytest.raises(ValueError, match="incorrect name"):
        mod.HPyCapsule_GetPointer(capsule, "other")
    with pytest.raises(ValueError):
        mod.HPyCapsule_GetPointer(capsule, NULL)
    with pytest.raises(ValueError):
        mod.HPyCapsule_New("n", False, False)
    with pytest.raises(ValueError):
        mod.HPyCapsule_SetPointer(capsule, False)
    for wrong in (5, None, "capsule"):
        assert mod.HPyCapsule_IsValid(wrong, "some.name") == 0
        for call in (
            lambda: mod.HPyCapsule_GetPointer(wrong, "n"),
            lambda: mod.HPyCapsule_GetName(wrong),
            lambda: mod.HPyCapsule_GetContext(wrong),
            lambda: mod.HPyCapsule_SetContext(wrong),
            lambda: mod.HPyCapsule_SetPointer(wrong, True),
            lambda: mod.HPyCapsule_SetName(wrong),
        ):
            with pytest.raises(ValueError):
                call()


def test_capsule_destructor(mod):
    start = mod.destroyed_total()
    capsule = mod.HPyCapsule_New("n", True, True)
    del capsule
    assert mod.destroyed_total() == start + 11
    capsule = mod.HPyCapsule_New("n", False, True)
    assert mod.HPyCapsule_SetDestructor(capsule, True) == 0
    mod.HPyCapsule_SetPointer(capsule, True)
    mod.HPyCapsule_SetContext(capsule)
    del capsule
    assert mod.destroyed_total() == start + 33
    capsule = mod.HPyCapsule_New("n", True, True)
    assert mod.HPyCapsule_SetDestructor(capsule, False) == 0
    del capsule
    assert mod.destroyed_total() == start + 33


@pytest.mark.parametrize("size, count", [(0, 0), (0, 1), (0, 500), (1, 2), (100, 5), (5, 1000)])
def test_tracker(mod, size, count):
    value = Node()
    before = sys.getrefcount(value)
    assert mod.track(size, value, count) is None
    assert sys.getrefcount(value) == before


def test_tracker_forgets(mod):
    value = Node()
    before = sys.getrefcount(value)
    assert mod.track_and_forget(value) is value
    assert sys.getrefcount(value) == before


def test_tracker_errors(mod):
    with pytest.raises(ValueError, match="non-negative|negative"):
        mod.track(-1, None, 0)


def test_import(mod):
    assert mod.HPyImport_ImportModule("json") is sys.modules["json"]
    assert mod.HPyImport_ImportModule("os.path") is sys.modules["os.path"]
    with pytest.raises(ModuleNotFoundError, match="no_such_module"):
        mod.HPyImport_ImportModule("no_such_module")
    with pytest.raises(ValueError, match="Empty module name"):
        mod.HPyImport_ImportModule("")


EXPR, FILE, SINGLE = 0, 1, 2


def test_compile_and_run(mod):
    code = mod.HPy_Compile_s("6 * x", "größe.py", EXPR)
    assert isinstance(code, types.CodeType) and code.co_filename == "größe.py"
    assert mod.HPy_EvalCode(code, {"x": 7}, {}) == 42
    space, local = {}, {}
    code = mod.HPy_Compile_s("global g\ng = 1\nl = 2", "f.py", FILE)
    assert mod.HPy_EvalCode(code, space, local) is None
    assert space["g"] == 1 and local == {"l": 2}
    code = mod.HPy_Compile_s("y = 3", "s.py", SINGLE)
    mod.HPy_EvalCode(code, space, local)
    assert local["y"] == 3


def test_compile_errors(mod):
    with pytest.raises(SyntaxError) as raised:
        mod.HPy_Compile_s("x = (", "broken.py", FILE)
    assert raised.value.filename == "broken.py"
    with pytest.raises(SyntaxError):
        mod.HPy_Compile_s("x = 1", "f.py", EXPR)
    with pytest.raises(SystemError, match="source kind"):
        mod.HPy_Compile_s("1", "f.py", 17)


@pytest.mark.mistakes  # null handles
def test_run_errors(mod, variant):
    code = mod.HPy_Compile_s("1 / 0", "f.py", EXPR)
    with pytest.raises(ZeroDivisionError):
        mod.HPy_EvalCode(code, {}, {})
    for wrong in ("1", None, len):
        with pytest.raises((SystemError, TypeError)):
            mod.HPy_EvalCode(wrong, {}, {})
    with pytest.raises((SystemError, TypeError)):
        mod.HPy_EvalCode(code, [], {})
    # Without globals there is nothing to run in.
    with pytest.raises((SystemError, TypeError)):
        mod.HPy_EvalCode(code, NULL, {})
    # Null locals are the globals on CPython; debug mode holds an extension to the letter.
    if variant.mode == "debug":
        return
    assert mod.HPy_EvalCode(mod.HPy_Compile_s("x", "f.py", EXPR), {"x": 5}, NULL) == 5


def test_leave_python(mod):
    value = Node()
    assert mod.leave_and_reenter(value) is value
    assert mod.work_without_python(1000) == 499500
    results = []
    threads = [threading.Thread(target=lambda: results.append(mod.work_without_python(200_000))) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert results == [200_000 * 199_999 // 2] * 4
