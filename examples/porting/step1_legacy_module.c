/* Step 1: an HPy module around the same functions. HPyModuleDef takes the old PyMethodDef table, HPyType_Spec the old slots. No
 * function has changed but `overlap`: it has no context and no module state, so the type is in a C global until its
 * turn comes. Builds for the hybrid and cpython ABIs.
 */
#include <hpy.h>

typedef struct {
    PyObject_HEAD
    long start;
    long stop;
    PyObject *label;
} Span;

HPyType_LEGACY_HELPERS(Span)

static PyObject *span_type;

static PyObject *span_new(PyTypeObject *type, PyObject *args, PyObject *kw)
{
    static char *names[] = {"start", "stop", "label", NULL};
    long start, stop;
    PyObject *label = Py_None;
    Span *self;
    if (!PyArg_ParseTupleAndKeywords(args, kw, "ll|O:Span", names, &start, &stop, &label))
        return NULL;
    if (stop < start) {
        PyErr_Format(PyExc_ValueError, "a span cannot end at %ld, before it starts at %ld", stop, start);
        return NULL;
    }
    self = (Span *)type->tp_alloc(type, 0);
    if (self == NULL)
        return NULL;
    self->start = start;
    self->stop = stop;
    Py_INCREF(label);
    self->label = label;
    return (PyObject *)self;
}

static int span_traverse(PyObject *self, visitproc visit, void *arg)
{
    Py_VISIT(((Span *)self)->label);
#if PY_VERSION_HEX >= 0x03090000
    Py_VISIT(Py_TYPE(self));
#endif
    return 0;
}

static int span_clear(PyObject *self)
{
    Py_CLEAR(((Span *)self)->label);
    return 0;
}

static void span_dealloc(PyObject *self)
{
    PyTypeObject *type = Py_TYPE(self);
    PyObject_GC_UnTrack(self);
    span_clear(self);
    type->tp_free(self);
    Py_DECREF(type);
}

static PyObject *span_repr(PyObject *self)
{
    Span *span = (Span *)self;
    return PyUnicode_FromFormat("Span(%ld, %ld, %R)", span->start, span->stop, span->label);
}

static PyObject *span_contains(PyObject *self, PyObject *arg)
{
    Span *span = (Span *)self;
    long value = PyLong_AsLong(arg);
    if (value == -1 && PyErr_Occurred())
        return NULL;
    return PyBool_FromLong(span->start <= value && value < span->stop);
}

static PyObject *span_shifted(PyObject *self, PyObject *const *args, Py_ssize_t nargs)
{
    Span *span = (Span *)self;
    long by;
    if (nargs != 1) {
        PyErr_SetString(PyExc_TypeError, "shifted() takes one argument");
        return NULL;
    }
    by = PyLong_AsLong(args[0]);
    if (by == -1 && PyErr_Occurred())
        return NULL;
    return PyObject_CallFunction((PyObject *)Py_TYPE(self), "llO", span->start + by, span->stop + by, span->label);
}

static PyObject *span_get_label(PyObject *self, void *closure)
{
    PyObject *label = ((Span *)self)->label;
    (void)closure;
    Py_INCREF(label);
    return label;
}

static int span_set_label(PyObject *self, PyObject *value, void *closure)
{
    PyObject *old = ((Span *)self)->label;
    (void)closure;
    if (value == NULL) {
        PyErr_SetString(PyExc_AttributeError, "a span always has a label");
        return -1;
    }
    Py_INCREF(value);
    ((Span *)self)->label = value;
    Py_DECREF(old);
    return 0;
}

/* overlap(a, b): how much two spans have in common */
static PyObject *overlap(PyObject *module, PyObject *args)
{
    PyObject *first, *second;
    (void)module;
    if (!PyArg_ParseTuple(args, "OO:overlap", &first, &second))
        return NULL;
    if (!PyObject_TypeCheck(first, (PyTypeObject *)span_type) ||
        !PyObject_TypeCheck(second, (PyTypeObject *)span_type)) {
        PyErr_SetString(PyExc_TypeError, "overlap() takes two spans");
        return NULL;
    }
    Span *a = (Span *)first, *b = (Span *)second;
    long start = a->start > b->start ? a->start : b->start;
    long stop = a->stop < b->stop ? a->stop : b->stop;
    return PyLong_FromLong(stop > start ? stop - start : 0);
}

static PyMethodDef span_methods[] = {
    {"contains", span_contains, METH_O, "whether the int lies in the span"},
    {"shifted", (PyCFunction)(void (*)(void))span_shifted, METH_FASTCALL, "a span further along"},
    {NULL, NULL, 0, NULL},
};

static PyGetSetDef span_getset[] = {
    {"label", span_get_label, span_set_label, "any object", NULL},
    {NULL, NULL, NULL, NULL, NULL},
};

static PyType_Slot span_slots[] = {
    {Py_tp_doc, "Span(start, stop, label=None)"},
    {Py_tp_new, span_new},
    {Py_tp_dealloc, span_dealloc},
    {Py_tp_traverse, span_traverse},
    {Py_tp_clear, span_clear},
    {Py_tp_repr, span_repr},
    {Py_tp_methods, span_methods},
    {Py_tp_getset, span_getset},
    {0, NULL},
};

static HPyType_Spec span_spec = {
    .name = "span.Span",
    .basicsize = sizeof(Span),
    .flags = HPy_TPFLAGS_DEFAULT | HPy_TPFLAGS_HAVE_GC,
    .builtin_shape = SHAPE(Span),
    .legacy_slots = span_slots,
};

HPyDef_SLOT(exec_module, HPy_mod_exec)
static int exec_module_impl(HPyContext *ctx, HPy module)
{
    HPy type = HPyType_FromSpec(ctx, &span_spec, NULL);
    if (HPy_IsNull(type))
        return -1;
    span_type = HPy_AsPyObject(ctx, type);
    int done = HPy_SetAttr_s(ctx, module, "Span", type);
    HPy_Close(ctx, type);
    return done;
}

static PyMethodDef module_methods[] = {
    {"overlap", overlap, METH_VARARGS, "overlap(a, b): how much two spans have in common"},
    {NULL, NULL, 0, NULL},
};

static HPyDef *module_defines[] = {&exec_module, NULL};

static HPyModuleDef module_def = {
    .doc = "Spans of integers",
    .legacy_methods = module_methods,
    .defines = module_defines,
};

HPy_MODINIT(span, module_def)
