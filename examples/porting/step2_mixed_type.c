/* Step 2: some functions ported, some not. `contains`, the repr and `overlap` take handles now; `Span_AsStruct` gives them the
 * struct that the old functions cast to. Old and new share the type: the struct keeps PyObject_HEAD. The type
 * moves from a C global to an HPyGlobal, which has a value per interpreter. Builds for the hybrid and cpython ABIs.
 */
#include <hpy.h>

typedef struct {
    PyObject_HEAD
    long start;
    long stop;
    PyObject *label;
} Span;

HPyType_LEGACY_HELPERS(Span)

static HPyGlobal span_type;

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

HPyDef_SLOT(span_repr, HPy_tp_repr)
static HPy span_repr_impl(HPyContext *ctx, HPy self)
{
    Span *span = Span_AsStruct(ctx, self);
    HPy label = HPy_FromPyObject(ctx, span->label);
    HPy text = HPyUnicode_FromFormat(ctx, "Span(%ld, %ld, %R)", span->start, span->stop, label);
    HPy_Close(ctx, label);
    return text;
}

HPyDef_METH(span_contains, "contains", HPyFunc_O, .doc = "whether the int lies in the span")
static HPy span_contains_impl(HPyContext *ctx, HPy self, HPy arg)
{
    Span *span = Span_AsStruct(ctx, self);
    long value = HPyLong_AsLong(ctx, arg);
    if (value == -1 && HPyErr_Occurred(ctx))
        return HPy_NULL;
    return HPyBool_FromBool(ctx, span->start <= value && value < span->stop);
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

HPyDef_METH(overlap, "overlap", HPyFunc_VARARGS, .doc = "overlap(a, b): how much two spans have in common")
static HPy overlap_impl(HPyContext *ctx, HPy module, const HPy *args, size_t nargs)
{
    HPy first, second;
    (void)module;
    if (!HPyArg_Parse(ctx, NULL, args, nargs, "OO:overlap", &first, &second))
        return HPy_NULL;
    HPy type = HPyGlobal_Load(ctx, span_type);
    int good = HPy_TypeCheck(ctx, first, type) && HPy_TypeCheck(ctx, second, type);
    HPy_Close(ctx, type);
    if (!good)
        return HPyErr_SetString(ctx, ctx->h_TypeError, "overlap() takes two spans");
    Span *a = Span_AsStruct(ctx, first), *b = Span_AsStruct(ctx, second);
    long start = a->start > b->start ? a->start : b->start;
    long stop = a->stop < b->stop ? a->stop : b->stop;
    return HPyLong_FromLong(ctx, stop > start ? stop - start : 0);
}

static PyMethodDef span_methods[] = {
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
    {Py_tp_methods, span_methods},
    {Py_tp_getset, span_getset},
    {0, NULL},
};

static HPyDef *span_defines[] = {&span_repr, &span_contains, NULL};

static HPyType_Spec span_spec = {
    .name = "span.Span",
    .basicsize = sizeof(Span),
    .flags = HPy_TPFLAGS_DEFAULT | HPy_TPFLAGS_HAVE_GC,
    .builtin_shape = SHAPE(Span),
    .legacy_slots = span_slots,
    .defines = span_defines,
};

HPyDef_SLOT(exec_module, HPy_mod_exec)
static int exec_module_impl(HPyContext *ctx, HPy module)
{
    HPy type = HPyType_FromSpec(ctx, &span_spec, NULL);
    if (HPy_IsNull(type))
        return -1;
    HPyGlobal_Store(ctx, &span_type, type);
    int done = HPy_SetAttr_s(ctx, module, "Span", type);
    HPy_Close(ctx, type);
    return done;
}

static HPyDef *module_defines[] = {&overlap, &exec_module, NULL};
static HPyGlobal *module_globals[] = {&span_type, NULL};

static HPyModuleDef module_def = {
    .doc = "Spans of integers",
    .defines = module_defines,
    .globals = module_globals,
};

HPy_MODINIT(span, module_def)
