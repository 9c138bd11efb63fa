/* The benchmark module in HPy C: a universal binary. */
#define HPY_USE_EXTENSIONS
#include "hpy.h"

HPyDef_METH(noarg, "noarg", HPyFunc_NOARGS)
static HPy noarg_impl(HPyContext *ctx, HPy self)
{
    (void)self;
    return HPy_Dup(ctx, ctx->h_None);
}

HPyDef_METH(one, "one", HPyFunc_O)
static HPy one_impl(HPyContext *ctx, HPy self, HPy arg)
{
    (void)self;
    return HPy_Dup(ctx, arg);
}

HPyDef_METH(named, "named", HPyFunc_KEYWORDS)
static HPy named_impl(HPyContext *ctx, HPy self, const HPy *args, size_t nargs, HPy kwnames)
{
    static const char *names[] = {"x", NULL};
    (void)self;
    if (nargs == 1 && HPy_IsNull(kwnames))
        return HPy_Dup(ctx, args[0]);
    HPy x, result;
    HPyTracker tracker;
    if (!HPyArg_ParseKeywords(ctx, &tracker, args, nargs, kwnames, "O", names, &x))
        return HPy_NULL;
    result = HPy_Dup(ctx, x);
    HPyTracker_Close(ctx, tracker);
    return result;
}

static int count_is(HPyContext *ctx, size_t given, size_t wanted)
{
    if (given == wanted)
        return 1;
    HPyErr_Format(ctx, ctx->h_TypeError, "expected %zd arguments, got %zd", wanted, given);
    return 0;
}

HPyDef_METH(add, "add", HPyFunc_VARARGS)
static HPy add_impl(HPyContext *ctx, HPy self, const HPy *args, size_t nargs)
{
    (void)self;
    if (!count_is(ctx, nargs, 2))
        return HPy_NULL;
    long a = HPyLong_AsLong(ctx, args[0]);
    if (a == -1 && HPyErr_Occurred(ctx))
        return HPy_NULL;
    long b = HPyLong_AsLong(ctx, args[1]);
    if (b == -1 && HPyErr_Occurred(ctx))
        return HPy_NULL;
    return HPyLong_FromLong(ctx, a + b);
}

HPyDef_METH(call, "call", HPyFunc_VARARGS)
static HPy call_impl(HPyContext *ctx, HPy self, const HPy *args, size_t nargs)
{
    (void)self;
    if (!count_is(ctx, nargs, 2))
        return HPy_NULL;
    return HPy_Call(ctx, args[0], args + 1, 1, HPy_NULL);
}

HPyDef_METH(length, "length", HPyFunc_O)
static HPy length_impl(HPyContext *ctx, HPy self, HPy arg)
{
    (void)self;
    HPy_ssize_t size = HPy_Length(ctx, arg);
    if (size < 0)
        return HPy_NULL;
    return HPyLong_FromSsize_t(ctx, size);
}

HPyDef_METH(sum_items, "sum_items", HPyFunc_O)
static HPy sum_items_impl(HPyContext *ctx, HPy self, HPy arg)
{
    (void)self;
    if (!HPyList_Check(ctx, arg))
        return HPyErr_SetString(ctx, ctx->h_TypeError, "expected a list");
    HPy_ssize_t size = HPy_Length(ctx, arg);
    if (size < 0)
        return HPy_NULL;
    double sum = 0;
    for (HPy_ssize_t i = 0; i < size; i++) {
        HPy item = HPy_GetItem_i(ctx, arg, i);
        if (HPy_IsNull(item))
            return HPy_NULL;
        double value = HPyFloat_AsDouble(ctx, item);
        HPy_Close(ctx, item);
        if (value == -1.0 && HPyErr_Occurred(ctx))
            return HPy_NULL;
        sum += value;
    }
    return HPyFloat_FromDouble(ctx, sum);
}

HPyDef_METH(build, "build", HPyFunc_O)
static HPy build_impl(HPyContext *ctx, HPy self, HPy arg)
{
    (void)self;
    HPy_ssize_t size = HPyLong_AsSsize_t(ctx, arg);
    if (size == -1 && HPyErr_Occurred(ctx))
        return HPy_NULL;
    HPyListBuilder builder = HPyListBuilder_New(ctx, size);
    for (HPy_ssize_t i = 0; i < size; i++) {
        HPy item = HPyLong_FromSsize_t(ctx, i);
        if (HPy_IsNull(item)) {
            HPyListBuilder_Cancel(ctx, builder);
            return HPy_NULL;
        }
        HPyListBuilder_Set(ctx, builder, i, item);
        HPy_Close(ctx, item);
    }
    return HPyListBuilder_Build(ctx, builder);
}

/* The same two by the bulk operations of the extension table, item by item where a runtime has none. */
HPyDef_METH(sum_bulk, "sum_bulk", HPyFunc_O)
static HPy sum_bulk_impl(HPyContext *ctx, HPy self, HPy arg)
{
    const HPyExtensions *ext = HPy_Extensions(ctx);
    if (ext == NULL || !HPy_HAS_EXTENSION(ext, read_f64))
        return sum_items_impl(ctx, self, arg);
    double values[128];
    HPy_ssize_t count = ext->read_f64(ctx, arg, values, 128);
    if (count < 0)
        return HPy_NULL;
    if (count > 128)
        return sum_items_impl(ctx, self, arg);
    double sum = 0;
    for (HPy_ssize_t i = 0; i < count; i++)
        sum += values[i];
    return HPyFloat_FromDouble(ctx, sum);
}

HPyDef_METH(build_bulk, "build_bulk", HPyFunc_O)
static HPy build_bulk_impl(HPyContext *ctx, HPy self, HPy arg)
{
    const HPyExtensions *ext = HPy_Extensions(ctx);
    HPy_ssize_t size = HPyLong_AsSsize_t(ctx, arg);
    if (size == -1 && HPyErr_Occurred(ctx))
        return HPy_NULL;
    if (ext == NULL || !HPy_HAS_EXTENSION(ext, list_from_i64) || size > 128)
        return build_impl(ctx, self, arg);
    int64_t values[128];
    for (HPy_ssize_t i = 0; i < size; i++)
        values[i] = i;
    return ext->list_from_i64(ctx, values, size);
}

typedef struct {
    double x;
    double y;
} Point;
HPyType_HELPERS(Point)

HPyDef_SLOT(Point_new, HPy_tp_new)
static HPy Point_new_impl(HPyContext *ctx, HPy type, const HPy *args, HPy_ssize_t nargs, HPy kw)
{
    static const char *names[] = {"x", "y", NULL};
    double x, y;
    if (!HPyArg_ParseKeywordsDict(ctx, NULL, args, nargs, kw, "dd", names, &x, &y))
        return HPy_NULL;
    Point *point;
    HPy h = HPy_New(ctx, type, &point);
    if (HPy_IsNull(h))
        return HPy_NULL;
    point->x = x;
    point->y = y;
    return h;
}

HPyDef_METH(Point_norm, "norm", HPyFunc_NOARGS)
static HPy Point_norm_impl(HPyContext *ctx, HPy self)
{
    Point *point = Point_AsStruct(ctx, self);
    return HPyFloat_FromDouble(ctx, point->x * point->x + point->y * point->y);
}

HPyDef_MEMBER(Point_x, "x", HPyMember_DOUBLE, offsetof(Point, x))
HPyDef_MEMBER(Point_y, "y", HPyMember_DOUBLE, offsetof(Point, y))

static HPyDef *Point_defines[] = {&Point_new, &Point_norm, &Point_x, &Point_y, NULL};
static HPyType_Spec Point_spec = {
    .name = "bench_hpy.Point",
    .basicsize = sizeof(Point),
    .builtin_shape = SHAPE(Point),
    .flags = HPy_TPFLAGS_DEFAULT | HPy_TPFLAGS_BASETYPE,
    .defines = Point_defines,
};

HPyDef_SLOT(exec, HPy_mod_exec)
static int exec_impl(HPyContext *ctx, HPy module)
{
    return HPyHelpers_AddType(ctx, module, "Point", &Point_spec, NULL) ? 0 : -1;
}

static HPyDef *defines[] = {&noarg, &one, &named, &add, &call, &length, &sum_items, &build, &sum_bulk, &build_bulk, &exec, NULL};
static HPyModuleDef definition = {.doc = "benchmark", .defines = defines};
HPy_MODINIT(bench_hpy, definition)
