"""Modules made from an HPyModuleDef: what it may say, and what happens when its functions fail."""

from __future__ import annotations

import gc
import types
import weakref

import pytest
from extensions import frees_modules

HEAD = "#include <hpy.h>\n"

NOARGS = """
HPyDef_METH(f, "f", HPyFunc_NOARGS, .doc = "f() -> int")
static HPy f_impl(HPyContext *ctx, HPy self) { return HPyLong_FromLong(ctx, 1); }
"""

CREATE = """
HPyDef_SLOT(create, HPy_mod_create)
static HPy create_impl(HPyContext *ctx, HPy spec)
{
    (void)spec;
    %s
}
"""

EXEC = """
HPyDef_SLOT(%(name)s, HPy_mod_exec)
static int %(name)s_impl(HPyContext *ctx, HPy module)
{
    (void)module;
    %(body)s
}
"""


def source(name: str, *parts: str, defines: str = "", fields: str = "") -> str:
    return (
        HEAD
        + "".join(parts)
        + f"static HPyDef *defines[] = {{{defines} NULL}};\n"
        + f"static HPyModuleDef def = {{.defines = defines, {fields}}};\n"
        + f"HPy_MODINIT({name}, def)\n"
    )


def silent(what: str, variant) -> str:
    """What is said of a function that fails without an exception; debug mode sees it first and names the function."""
    return "without setting an exception" if variant.mode == "debug" else f"{what} failed without setting an exception"


def test_name_doc_and_attributes(compiled):
    module = compiled(source("plain", fields='.doc = "A plain module."'), "plain")
    assert type(module) is types.ModuleType
    assert module.__name__ == "plain"
    assert module.__doc__ == "A plain module."


def test_no_defines_and_no_doc(compiled):
    module = compiled(HEAD + "static HPyModuleDef def = {0};\nHPy_MODINIT(bare, def)\n", "bare")
    assert module.__doc__ is None
    assert [name for name in vars(module) if not name.startswith("__")] == []


def test_methods_of_all_signatures(compiled):
    module = compiled(
        source(
            "methods",
            NOARGS,
            """
HPyDef_METH(o, "o", HPyFunc_O)
static HPy o_impl(HPyContext *ctx, HPy self, HPy arg) { return HPy_Dup(ctx, arg); }
HPyDef_METH(v, "v", HPyFunc_VARARGS)
static HPy v_impl(HPyContext *ctx, HPy self, const HPy *args, size_t nargs)
{
    if (nargs == 0)
        return HPy_Dup(ctx, self);
    return HPy_Dup(ctx, args[nargs - 1]);
}
HPyDef_METH(k, "k", HPyFunc_KEYWORDS)
static HPy k_impl(HPyContext *ctx, HPy self, const HPy *args, size_t nargs, HPy kwnames)
{
    HPy_ssize_t keywords = HPy_IsNull(kwnames) ? 0 : HPy_Length(ctx, kwnames);
    return HPyLong_FromSsize_t(ctx, 10 * (HPy_ssize_t)nargs + keywords);
}
""",
            defines="&f, &o, &v, &k,",
        ),
        "methods",
    )
    marker = object()
    assert module.f() == 1
    assert module.f.__doc__ == "f() -> int"
    assert module.f.__module__ == "methods"
    assert module.o(marker) is marker
    assert module.v() is module
    assert module.v(1, 2, marker) is marker
    assert (module.k(), module.k(1, 2), module.k(1, a=2, b=3)) == (0, 20, 12)
    for wrong in (lambda: module.f(1), lambda: module.o(), lambda: module.o(1, 2), lambda: module.v(a=1)):
        with pytest.raises(TypeError):
            wrong()


@pytest.mark.abis("hybrid", "cpython")
def test_legacy_methods(compiled):
    module = compiled(
        "#include <Python.h>\n"
        + source(
            "legacy",
            NOARGS,
            """
static PyObject *old(PyObject *self, PyObject *arg) { return PyLong_FromLong(PyLong_AsLong(arg) + 1); }
static PyMethodDef old_methods[] = {{"old", (PyCFunction)old, METH_O, "old(x) -> int"}, {NULL, NULL, 0, NULL}};
""",
            defines="&f,",
            fields=".legacy_methods = (cpy_PyMethodDef *)old_methods",
        ),
        "legacy",
    )
    assert (module.f(), module.old(4), module.old.__doc__) == (1, 5, "old(x) -> int")


def test_exec_slots_run_in_order(compiled):
    add = 'HPy value = HPyLong_FromLong(ctx, %d); int e = HPy_SetAttr_s(ctx, module, "last", value); HPy_Close(ctx, value); return e;'
    module = compiled(
        source(
            "ordered",
            EXEC % {"name": "first", "body": add % 1},
            EXEC % {"name": "second", "body": 'if (!HPy_HasAttr_s(ctx, module, "last")) return -1; ' + add % 2},
            defines="&first, &second,",
        ),
        "ordered",
    )
    assert module.last == 2


def test_exec_that_raises(compiled):
    body = 'HPyErr_SetString(ctx, ctx->h_LookupError, "no luck"); return -1;'
    with pytest.raises(LookupError, match="no luck"):
        compiled(source("raising", EXEC % {"name": "e", "body": body}, defines="&e,"), "raising")


def test_exec_that_fails_without_an_exception(compiled, variant):
    with pytest.raises(SystemError, match=silent("execution of module silent", variant)):
        compiled(source("silent", EXEC % {"name": "e", "body": "return -1;"}, defines="&e,"), "silent")


def test_exec_that_leaves_an_exception(compiled):
    body = 'HPyErr_SetString(ctx, ctx->h_KeyError, "left behind"); return 0;'
    with pytest.raises(SystemError, match="execution of module leaving raised unreported exception") as caught:
        compiled(source("leaving", EXEC % {"name": "e", "body": body}, defines="&e,"), "leaving")
    assert isinstance(caught.value.__cause__, KeyError)


def test_nothing_runs_after_a_failed_exec(compiled, variant):
    with pytest.raises(SystemError, match=silent("execution of module stopping", variant)):
        compiled(
            source(
                "stopping",
                EXEC % {"name": "first", "body": "return -1;"},
                EXEC % {"name": "second", "body": 'HPyErr_SetString(ctx, ctx->h_KeyError, "ran"); return -1;'},
                defines="&first, &second,",
            ),
            "stopping",
        )


def test_create_makes_any_object_but_a_module(compiled):
    body = 'return HPyUnicode_FromString(ctx, "not a module");'
    assert compiled(source("odd", CREATE % body, defines="&create,"), "odd") == "not a module"


def test_create_gets_the_spec(compiled):
    module = compiled(source("given", CREATE % "return HPy_Dup(ctx, spec);", defines="&create,"), "given")
    assert module.name == "given"


CREATE_FAILURES = {
    "raises": ('HPyErr_SetString(ctx, ctx->h_OSError, "broken"); return HPy_NULL;', OSError, "broken"),
    "module": ('return HPyImport_ImportModule(ctx, "sys");', SystemError, "returned a builtin module object"),
}


@pytest.mark.parametrize("case", CREATE_FAILURES)
def test_create_that_fails(compiled, case):
    body, kind, message = CREATE_FAILURES[case]
    with pytest.raises(kind, match=message):
        compiled(source("failing", CREATE % body, defines="&create,"), "failing")


def test_create_that_fails_without_an_exception(compiled, variant):
    with pytest.raises(SystemError, match=silent("creation of module failing", variant)):
        compiled(source("failing", CREATE % "return HPy_NULL;", defines="&create,"), "failing")


def test_create_that_leaves_an_exception(compiled, variant):
    body = 'HPyErr_SetString(ctx, ctx->h_OSError, "broken"); return HPyLong_FromLong(ctx, 1);'
    text = source("failing", CREATE % body, defines="&create,")
    with pytest.raises((SystemError, OSError)) as caught:
        compiled(text, "failing")
    if variant.mode != "debug":
        assert str(caught.value) == "creation of module failing raised unreported exception"
        assert isinstance(caught.value.__cause__, OSError)


NOTHING = CREATE % "return HPyLong_FromLong(ctx, 1);"
WRONG_DEFINITIONS = {
    "negative size": ((), "", ".size = -1", SystemError, "does not permit HPyModuleDef.size < 0"),
    "size": ((), "", ".size = 8", SystemError, "HPyModuleDef.size"),
    "create and method": ((NOTHING, NOARGS), "&create, &f,", "", SystemError, "^HPyModuleDef defines a HPy_mod_create"),
    "create and exec": (
        (NOTHING, EXEC % {"name": "e", "body": "return 0;"}),
        "&e, &create,",
        "",
        SystemError,
        "^HPyModuleDef defines a HPy_mod_create",
    ),
    "create and doc": ((NOTHING,), "&create,", '.doc = "text"', SystemError, "^HPyModuleDef defines a HPy_mod_create"),
    "two creates": ((NOTHING,), "&create, &create,", "", SystemError, "Multiple definitions of the HPy_mod_create"),
    "signature": (
        ('static HPyDef f = {.kind = HPyDef_Kind_Meth, .meth = {.name = "f", .signature = (HPyFunc_Signature)77}};\n',),
        "&f,",
        "",
        ValueError,
        "Unsupported HPyMeth signature",
    ),
    "slot of a type": (
        (
            "HPyDef_SLOT(repr, HPy_tp_repr)\n"
            "static HPy repr_impl(HPyContext *ctx, HPy self) { return HPyUnicode_FromString(ctx, \"\"); }\n",
        ),
        "&repr,",
        "",
        SystemError,
        r"Unsupported slot in HPyModuleDef.defines \(value: 66\)",
    ),
}


@pytest.mark.parametrize("case", WRONG_DEFINITIONS)
def test_wrong_definitions(compiled, case):
    parts, defines, fields, kind, message = WRONG_DEFINITIONS[case]
    with pytest.raises(kind, match=message):
        compiled(source("wrong", *parts, defines=defines, fields=fields), "wrong")


@pytest.mark.abis("universal", "hybrid")
def test_a_member_is_no_part_of_a_module(compiled):
    member = 'HPyDef_MEMBER(m, "m", HPyMember_INT, 0)\n'
    with pytest.raises(SystemError, match="kind 3"):
        compiled(source("membered", member, defines="&m,"), "membered")


@frees_modules
def test_a_module_is_freed_with_its_last_function(compiled):
    module = compiled(source("freed", NOARGS, defines="&f,"), "freed")
    gone = weakref.ref(module)
    function = module.f
    del module
    gc.collect()
    assert gone() is not None
    assert function() == 1
    del function
    gc.collect()
    assert gone() is None


def test_two_modules_of_one_definition(compiled):
    text = source("twice", NOARGS, defines="&f,")
    first, second = compiled(text, "twice"), compiled(text, "twice")
    assert first is not second
    first.mark = 1
    assert not hasattr(second, "mark")
    del first
    gc.collect()
    assert second.f() == 1


def test_a_doc_that_is_no_text(compiled):
    """The module fails after its functions are made; it is freed once, whenever that is."""
    import gc

    source = """
        #include <hpy.h>
        HPyDef_METH(f, "f", HPyFunc_NOARGS)
        static HPy f_impl(HPyContext *ctx, HPy self) { return HPy_Dup(ctx, self); }
        static HPyDef *defines[] = {&f, NULL};
        static HPyModuleDef def = {.doc = "\\xff", .defines = defines};
        HPy_MODINIT(baddoc, def)
    """
    for turn in range(3):
        with pytest.raises(UnicodeDecodeError):
            compiled(source, "baddoc")
        gc.collect()
