/* The benchmark module on CPython's own C API, as a careful author writes it: FASTCALL, heap types, multi-phase. */
#define PY_SSIZE_T_CLEAN
#include <Python.h>
#include <stddef.h>
#include <structmember.h>

static PyObject *noarg(PyObject *self, PyObject *unused)
{
    (void)self, (void)unused;
    Py_RETURN_NONE;
}

static PyObject *one(PyObject *self, PyObject *arg)
{
    (void)self;
    Py_INCREF(arg);
    return arg;
}

/* One parameter `x` that callers may name. */
static PyObject *named(PyObject *self, PyObject *const *args, Py_ssize_t nargs, PyObject *names)
{
    (void)self;
    Py_ssize_t given = nargs + (names == NULL ? 0 : PyTuple_GET_SIZE(names));
    if (given != 1 ||
        (nargs == 0 && PyUnicode_CompareWithASCIIString(PyTuple_GET_ITEM(names, 0), "x") != 0)) {
        PyErr_SetString(PyExc_TypeError, "expected one argument x");
        return NULL;
    }
    Py_INCREF(args[0]);
    return args[0];
}

static int count_is(Py_ssize_t given, Py_ssize_t wanted)
{
    if (given == wanted)
        return 1;
    PyErr_Format(PyExc_TypeError, "expected %zd arguments, got %zd", wanted, given);
    return 0;
}

static PyObject *add(PyObject *self, PyObject *const *args, Py_ssize_t nargs)
{
    (void)self;
    if (!count_is(nargs, 2))
        return NULL;
    long a = PyLong_AsLong(args[0]);
    if (a == -1 && PyErr_Occurred())
        return NULL;
    long b = PyLong_AsLong(args[1]);
    if (b == -1 && PyErr_Occurred())
        return NULL;
    return PyLong_FromLong(a + b);
}

static PyObject *call(PyObject *self, PyObject *const *args, Py_ssize_t nargs)
{
    (void)self;
    if (!count_is(nargs, 2))
        return NULL;
    return PyObject_CallOneArg(args[0], args[1]);
}

static PyObject *length(PyObject *self, PyObject *arg)
{
    (void)self;
    Py_ssize_t size = PyUnicode_GetLength(arg);
    if (size < 0)
        return NULL;
    return PyLong_FromSsize_t(size);
}

static PyObject *sum_items(PyObject *self, PyObject *arg)
{
    (void)self;
    if (!PyList_Check(arg)) {
        PyErr_SetString(PyExc_TypeError, "expected a list");
        return NULL;
    }
    double sum = 0;
    for (Py_ssize_t i = 0; i < PyList_GET_SIZE(arg); i++) {
        double value = PyFloat_AsDouble(PyList_GET_ITEM(arg, i));
        if (value == -1.0 && PyErr_Occurred())
            return NULL;
        sum += value;
    }
    return PyFloat_FromDouble(sum);
}

/* The best loop the C API allows: exact floats are read in place. */
static PyObject *sum_bulk(PyObject *self, PyObject *arg)
{
    (void)self;
    if (!PyList_Check(arg)) {
        PyErr_SetString(PyExc_TypeError, "expected a list");
        return NULL;
    }
    double sum = 0;
    for (Py_ssize_t i = 0; i < PyList_GET_SIZE(arg); i++) {
        PyObject *item = PyList_GET_ITEM(arg, i);
        double value;
        if (PyFloat_CheckExact(item)) {
            value = PyFloat_AS_DOUBLE(item);
        } else {
            value = PyFloat_AsDouble(item);
            if (value == -1.0 && PyErr_Occurred())
                return NULL;
        }
        sum += value;
    }
    return PyFloat_FromDouble(sum);
}

static PyObject *build(PyObject *self, PyObject *arg)
{
    (void)self;
    Py_ssize_t size = PyLong_AsSsize_t(arg);
    if (size == -1 && PyErr_Occurred())
        return NULL;
    PyObject *list = PyList_New(size);
    if (list == NULL)
        return NULL;
    for (Py_ssize_t i = 0; i < size; i++) {
        PyObject *item = PyLong_FromSsize_t(i);
        if (item == NULL) {
            Py_DECREF(list);
            return NULL;
        }
        PyList_SET_ITEM(list, i, item);
    }
    return list;
}

typedef struct {
    PyObject_HEAD
    double x;
    double y;
} Point;

static PyObject *Point_new(PyTypeObject *type, PyObject *args, PyObject *kw)
{
    static char *names[] = {"x", "y", NULL};
    double x, y;
    if (!PyArg_ParseTupleAndKeywords(args, kw, "dd", names, &x, &y))
        return NULL;
    Point *point = (Point *)type->tp_alloc(type, 0);
    if (point == NULL)
        return NULL;
    point->x = x;
    point->y = y;
    return (PyObject *)point;
}

static void Point_dealloc(PyObject *self)
{
    PyTypeObject *type = Py_TYPE(self);
    type->tp_free(self);
    Py_DECREF(type);
}

static PyObject *Point_norm(PyObject *self, PyObject *unused)
{
    (void)unused;
    Point *point = (Point *)self;
    return PyFloat_FromDouble(point->x * point->x + point->y * point->y);
}

static PyMethodDef Point_methods[] = {{"norm", Point_norm, METH_NOARGS, NULL}, {NULL, NULL, 0, NULL}};
static PyMemberDef Point_members[] = {
    {"x", T_DOUBLE, offsetof(Point, x), 0, NULL},
    {"y", T_DOUBLE, offsetof(Point, y), 0, NULL},
    {NULL, 0, 0, 0, NULL},
};
static PyType_Slot Point_slots[] = {
    {Py_tp_new, Point_new},
    {Py_tp_dealloc, Point_dealloc},
    {Py_tp_methods, Point_methods},
    {Py_tp_members, Point_members},
    {0, NULL},
};
static PyType_Spec Point_spec = {"bench_capi.Point", sizeof(Point), 0, Py_TPFLAGS_DEFAULT | Py_TPFLAGS_BASETYPE, Point_slots};

static int exec(PyObject *module)
{
    PyObject *type = PyType_FromSpec(&Point_spec);
    if (type == NULL)
        return -1;
    int failed = PyObject_SetAttrString(module, "Point", type);
    Py_DECREF(type);
    return failed;
}

static PyMethodDef methods[] = {
    {"noarg", noarg, METH_NOARGS, NULL},
    {"one", one, METH_O, NULL},
    {"named", (PyCFunction)(void (*)(void))named, METH_FASTCALL | METH_KEYWORDS, NULL},
    {"add", (PyCFunction)(void (*)(void))add, METH_FASTCALL, NULL},
    {"call", (PyCFunction)(void (*)(void))call, METH_FASTCALL, NULL},
    {"length", length, METH_O, NULL},
    {"sum_items", sum_items, METH_O, NULL},
    {"sum_bulk", sum_bulk, METH_O, NULL},
    {"build", build, METH_O, NULL},
    {"build_bulk", build, METH_O, NULL},
    {NULL, NULL, 0, NULL},
};
static PyModuleDef_Slot slots[] = {{Py_mod_exec, exec}, {0, NULL}};
static PyModuleDef definition = {PyModuleDef_HEAD_INIT, "bench_capi", NULL, 0, methods, slots, NULL, NULL, NULL};

PyMODINIT_FUNC PyInit_bench_capi(void)
{
    return PyModuleDef_Init(&definition);
}
