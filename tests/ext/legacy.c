/* HPy beside the C API: hybrid and cpython ABIs only. */
#include <Python.h>
#include <structmember.h>
#include "wrap.h"

/* as_object(h): the same object, by way of the C API and back. */
FUNC(round_trip, 1)
{
    PyObject *object = HPy_AsPyObject(ctx, args[0]);
    if (object == NULL)
        return HPyErr_SetString(ctx, ctx->h_AssertionError, "no object for an open handle");
    HPy h = HPy_FromPyObject(ctx, object);
    Py_DECREF(object);
    return h;
}
FUNC(null_round_trip, 0)
{
    (void)args;
    return HPyBool_FromBool(ctx, HPy_AsPyObject(ctx, HPy_NULL) == NULL && HPy_IsNull(HPy_FromPyObject(ctx, NULL)));
}
FUNC(mixed, 2)
{
    PyObject *list = HPy_AsPyObject(ctx, args[0]), *item = HPy_AsPyObject(ctx, args[1]);
    int failed = PyList_Append(list, item);
    Py_DECREF(list);
    Py_DECREF(item);
    return failed < 0 ? HPy_NULL : none(ctx);
}
FUNC(raised_by_the_other, 0)
{
    (void)args;
    PyErr_SetString(PyExc_KeyError, "raised by the C API");
    return HPyErr_ExceptionMatches(ctx, ctx->h_KeyError) ? HPy_NULL : none(ctx);
}

/* A legacy type: its struct begins with PyObject_HEAD. */
typedef struct {
    PyObject_HEAD
    int value;
    PyObject *held;
} Legacy;
HPyType_LEGACY_HELPERS(Legacy)

static PyObject *Legacy_old_method(PyObject *self, PyObject *arg)
{
    return Py_BuildValue("iO", ((Legacy *)self)->value, arg);
}
static PyObject *Legacy_get_old(PyObject *self, void *closure)
{
    (void)closure;
    return PyLong_FromLong(((Legacy *)self)->value * 10);
}
static void Legacy_dealloc(PyObject *self)
{
    PyTypeObject *type = Py_TYPE(self);
    Py_CLEAR(((Legacy *)self)->held);
    type->tp_free(self);
    Py_DECREF(type);
}
static PyMethodDef Legacy_methods[] = {{"old_method", Legacy_old_method, METH_O, "old"}, {NULL, NULL, 0, NULL}};
static PyMemberDef Legacy_members[] = {{"held", T_OBJECT, offsetof(Legacy, held), 0, NULL}, {NULL, 0, 0, 0, NULL}};
static PyGetSetDef Legacy_getset[] = {{"old", Legacy_get_old, NULL, NULL, NULL}, {NULL, NULL, NULL, NULL, NULL}};
static PyType_Slot Legacy_slots[] = {
    {Py_tp_methods, Legacy_methods},
    {Py_tp_members, Legacy_members},
    {Py_tp_getset, Legacy_getset},
    {Py_tp_dealloc, (void *)Legacy_dealloc},
    {0, NULL},
};
HPyDef_SLOT(Legacy_new, HPy_tp_new)
static HPy Legacy_new_impl(HPyContext *ctx, HPy type, const HPy *args, HPy_ssize_t nargs, HPy kw)
{
    (void)args, (void)nargs, (void)kw;
    Legacy *data;
    HPy self = HPy_New(ctx, type, &data);
    if (!HPy_IsNull(self))
        data->value = 4;
    return self;
}
HPyDef_METH(Legacy_new_method, "new_method", HPyFunc_NOARGS)
static HPy Legacy_new_method_impl(HPyContext *ctx, HPy self)
{
    return HPyLong_FromInt64_t(ctx, ++Legacy_AsStruct(ctx, self)->value);
}
static HPyDef *Legacy_defines[] = {&Legacy_new, &Legacy_new_method, NULL};
static HPyType_Spec Legacy_spec = {
    .name = "legacy.Legacy",
    .basicsize = sizeof(Legacy),
    .flags = HPy_TPFLAGS_DEFAULT | HPy_TPFLAGS_BASETYPE,
    .builtin_shape = SHAPE(Legacy),
    .legacy_slots = Legacy_slots,
    .defines = Legacy_defines,
};

static PyObject *old_function(PyObject *self, PyObject *arg)
{
    (void)self;
    return PyObject_Repr(arg);
}
static PyMethodDef old_functions[] = {{"old_function", old_function, METH_O, "an old function"}, {NULL, NULL, 0, NULL}};

HPyDef_SLOT(exec, HPy_mod_exec)
static int exec_impl(HPyContext *ctx, HPy module)
{
    return HPyHelpers_AddType(ctx, module, "Legacy", &Legacy_spec, NULL) ? 0 : -1;
}
static HPyDef *module_defines[] = {&exec, &def_round_trip, &def_null_round_trip, &def_mixed, &def_raised_by_the_other, NULL};
static HPyModuleDef module_def = {.legacy_methods = old_functions, .defines = module_defines};
HPy_MODINIT(legacy, module_def)
