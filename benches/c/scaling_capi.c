/* Two rows of benches/scaling.py, written against the C API: what CPython's own counting and locking leave of them. */
#include <Python.h>

#ifndef Py_BEGIN_CRITICAL_SECTION
#define Py_BEGIN_CRITICAL_SECTION(object) {
#define Py_END_CRITICAL_SECTION() }
#endif

static PyObject *type;

typedef struct { PyObject_HEAD PyObject *field; } Box;
static int Box_traverse(PyObject *self, visitproc visit, void *arg)
{
    Py_VISIT(Py_TYPE(self));
    Py_VISIT(((Box *)self)->field);
    return 0;
}
static int Box_clear(PyObject *self)
{
    Py_CLEAR(((Box *)self)->field);
    return 0;
}
static void Box_dealloc(PyObject *self)
{
    PyTypeObject *cls = Py_TYPE(self);
    PyObject_GC_UnTrack(self);
    Box_clear(self);
    cls->tp_free(self);
    Py_DECREF(cls);
}
static PyObject *Box_swap(PyObject *self, PyObject *arg)
{
    Box *box = (Box *)self;
    PyObject *old, *result;
    Py_BEGIN_CRITICAL_SECTION(self);
    Py_INCREF(arg);
    old = box->field;
    box->field = arg;
    Py_END_CRITICAL_SECTION();
    Py_XDECREF(old);
    Py_BEGIN_CRITICAL_SECTION(self);
    result = box->field;
    Py_INCREF(result);
    Py_END_CRITICAL_SECTION();
    return result;
}
static PyMethodDef Box_methods[] = {{"swap", Box_swap, METH_O, NULL}, {NULL, NULL, 0, NULL}};
static PyType_Slot Box_slots[] = {{Py_tp_traverse, (void *)Box_traverse}, {Py_tp_clear, (void *)Box_clear},
    {Py_tp_dealloc, (void *)Box_dealloc}, {Py_tp_methods, Box_methods}, {0, NULL}};
static PyType_Spec Box_spec = {.name = "scaling_capi.Box", .basicsize = sizeof(Box),
    .flags = Py_TPFLAGS_DEFAULT | Py_TPFLAGS_HAVE_GC, .slots = Box_slots};

static PyObject *new_box(PyObject *self, PyObject *ignored)
{
    (void)self;
    (void)ignored;
    return PyType_GenericAlloc((PyTypeObject *)type, 0);
}
static PyMethodDef methods[] = {{"new_box", new_box, METH_NOARGS, NULL}, {NULL, NULL, 0, NULL}};
static int exec(PyObject *module)
{
    (void)module;
    type = PyType_FromSpec(&Box_spec);
    return type ? 0 : -1;
}
static PyModuleDef_Slot slots[] = {{Py_mod_exec, (void *)exec},
#ifdef Py_mod_gil
    {Py_mod_gil, Py_MOD_GIL_NOT_USED},
#endif
    {0, NULL}};
static PyModuleDef def = {.m_base = PyModuleDef_HEAD_INIT, .m_name = "scaling_capi", .m_methods = methods,
    .m_slots = slots};
PyMODINIT_FUNC PyInit_scaling_capi(void) { return PyModuleDef_Init(&def); }
