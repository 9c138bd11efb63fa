/* Step 3: pure HPy. The struct has no PyObject_HEAD and its object is an HPyField; creation, traversal and the property take
 * handles; deallocation and clearing are the interpreter's. Builds for every ABI: one universal binary for every Python.
 */
#include <hpy.h>

typedef struct {
    long start;
    long stop;
    HPyField label;
} Span;

HPyType_HELPERS(Span)

static HPyGlobal span_type;

HPyDef_SLOT(span_new, HPy_tp_new)
static HPy span_new_impl(HPyContext *ctx, HPy type, const HPy *args, HPy_ssize_t nargs, HPy kw)
{
    static const char *names[] = {"start", "stop", "label", NULL};
    long start, stop;
    HPy label = ctx->h_None;
    HPyTracker ht;
    Span *span;
    if (!HPyArg_ParseKeywordsDict(ctx, &ht, args, nargs, kw, "ll|O:Span", names, &start, &stop, &label))
        return HPy_NULL;
    HPy self = HPy_NULL;
    if (stop < start)
        HPyErr_Format(ctx, ctx->h_ValueError, "a span cannot end at %ld, before it starts at %ld", stop, start);
    else
        self = HPy_New(ctx, type, &span);
    if (!HPy_IsNull(self)) {
        span->start = start;
        span->stop = stop;
        HPyField_Store(ctx, self, &span->label, label);
    }
    HPyTracker_Close(ctx, ht);
    return self;
}

HPyDef_SLOT(span_traverse, HPy_tp_traverse)
static int span_traverse_impl(void *object, HPyFunc_visitproc visit, void *arg)
{
    HPy_VISIT(&((Span *)object)->label);
    return 0;
}

HPyDef_SLOT(span_repr, HPy_tp_repr)
static HPy span_repr_impl(HPyContext *ctx, HPy self)
{
    Span *span = Span_AsStruct(ctx, self);
    HPy label = HPyField_Load(ctx, self, span->label);
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

HPyDef_METH(span_shifted, "shifted", HPyFunc_VARARGS, .doc = "a span further along")
static HPy span_shifted_impl(HPyContext *ctx, HPy self, const HPy *args, size_t nargs)
{
    Span *span = Span_AsStruct(ctx, self);
    long by;
    if (nargs != 1)
        return HPyErr_SetString(ctx, ctx->h_TypeError, "shifted() takes one argument");
    by = HPyLong_AsLong(ctx, args[0]);
    if (by == -1 && HPyErr_Occurred(ctx))
        return HPy_NULL;
    HPy label = HPyField_Load(ctx, self, span->label);
    HPy tuple = HPy_BuildValue(ctx, "llO", span->start + by, span->stop + by, label);
    HPy_Close(ctx, label);
    if (HPy_IsNull(tuple))
        return HPy_NULL;
    HPy type = HPy_Type(ctx, self);
    HPy shifted = HPy_CallTupleDict(ctx, type, tuple, HPy_NULL);
    HPy_Close(ctx, type);
    HPy_Close(ctx, tuple);
    return shifted;
}

HPyDef_GETSET(span_label, "label", .doc = "any object")
static HPy span_label_get(HPyContext *ctx, HPy self, void *closure)
{
    (void)closure;
    return HPyField_Load(ctx, self, Span_AsStruct(ctx, self)->label);
}
static int span_label_set(HPyContext *ctx, HPy self, HPy value, void *closure)
{
    (void)closure;
    if (HPy_IsNull(value)) {
        HPyErr_SetString(ctx, ctx->h_AttributeError, "a span always has a label");
        return -1;
    }
    HPyField_Store(ctx, self, &Span_AsStruct(ctx, self)->label, value);
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

static HPyDef *span_defines[] = {&span_new,      &span_traverse, &span_repr, &span_contains,
                                 &span_shifted, &span_label,    NULL};

static HPyType_Spec span_spec = {
    .name = "span.Span",
    .basicsize = sizeof(Span),
    .flags = HPy_TPFLAGS_DEFAULT | HPy_TPFLAGS_HAVE_GC,
    .builtin_shape = SHAPE(Span),
    .defines = span_defines,
    .doc = "Span(start, stop, label=None)",
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
