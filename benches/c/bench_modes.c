/* What debug and trace mode are measured with, beside bench_hpy.c: calls that make and end many handles, and calls
 * that debug mode looks at more closely. A universal binary for any runtime of HPy, 0.9.0 as well. */
#include "hpy.h"

HPyDef_METH(dup_close, "dup_close", HPyFunc_O)
static HPy dup_close_impl(HPyContext *ctx, HPy self, HPy arg)
{
    (void)self;
    for (int i = 0; i < 100; i++)
        HPy_Close(ctx, HPy_Dup(ctx, arg));
    return HPy_Dup(ctx, ctx->h_None);
}

HPyDef_METH(compare, "compare", HPyFunc_VARARGS)
static HPy compare_impl(HPyContext *ctx, HPy self, const HPy *args, size_t nargs)
{
    (void)self, (void)nargs;
    int same = 0;
    for (int i = 0; i < 100; i++)
        same += HPy_Is(ctx, args[0], args[1]);
    return HPyLong_FromLong(ctx, same);
}

HPyDef_METH(text, "text", HPyFunc_O)
static HPy text_impl(HPyContext *ctx, HPy self, HPy arg)
{
    (void)self;
    HPy_ssize_t size;
    const char *utf8 = HPyUnicode_AsUTF8AndSize(ctx, arg, &size);
    if (utf8 == NULL)
        return HPy_NULL;
    return HPyLong_FromSsize_t(ctx, size + utf8[0]);
}

HPyDef_METH(attributes, "attributes", HPyFunc_O)
static HPy attributes_impl(HPyContext *ctx, HPy self, HPy arg)
{
    (void)self;
    for (int i = 0; i < 100; i++) {
        HPy value = HPy_GetAttr_s(ctx, arg, "name");
        if (HPy_IsNull(value))
            return HPy_NULL;
        HPy_Close(ctx, value);
    }
    return HPy_Dup(ctx, ctx->h_None);
}

HPyDef_METH(track, "track", HPyFunc_O)
static HPy track_impl(HPyContext *ctx, HPy self, HPy arg)
{
    (void)self;
    HPyTracker tracker = HPyTracker_New(ctx, 10);
    if (tracker._i == 0)
        return HPy_NULL;
    for (int i = 0; i < 10; i++) {
        if (HPyTracker_Add(ctx, tracker, HPy_Dup(ctx, arg)) < 0)
            break;
    }
    HPyTracker_Close(ctx, tracker);
    return HPy_Dup(ctx, ctx->h_None);
}

typedef struct {
    HPyField value;
} Box;
HPyType_HELPERS(Box)

HPyDef_SLOT(Box_traverse, HPy_tp_traverse)
static int Box_traverse_impl(void *self, HPyFunc_visitproc visit, void *arg)
{
    HPy_VISIT(&((Box *)self)->value);
    return 0;
}

HPyDef_SLOT(Box_new, HPy_tp_new)
static HPy Box_new_impl(HPyContext *ctx, HPy type, const HPy *args, HPy_ssize_t nargs, HPy kw)
{
    (void)args, (void)nargs, (void)kw;
    Box *box;
    return HPy_New(ctx, type, &box);
}

HPyDef_METH(Box_put, "put", HPyFunc_O)
static HPy Box_put_impl(HPyContext *ctx, HPy self, HPy arg)
{
    HPyField_Store(ctx, self, &Box_AsStruct(ctx, self)->value, arg);
    return HPyField_Load(ctx, self, Box_AsStruct(ctx, self)->value);
}

static HPyDef *Box_defines[] = {&Box_traverse, &Box_new, &Box_put, NULL};
static HPyType_Spec Box_spec = {
    .name = "bench_modes.Box",
    .basicsize = sizeof(Box),
    .builtin_shape = SHAPE(Box),
    .flags = HPy_TPFLAGS_DEFAULT | HPy_TPFLAGS_HAVE_GC,
    .defines = Box_defines,
};

HPyDef_METH(make_type, "make_type", HPyFunc_NOARGS)
static HPy make_type_impl(HPyContext *ctx, HPy self)
{
    (void)self;
    return HPyType_FromSpec(ctx, &Box_spec, NULL);
}

HPyDef_SLOT(exec, HPy_mod_exec)
static int exec_impl(HPyContext *ctx, HPy module)
{
    return HPyHelpers_AddType(ctx, module, "Box", &Box_spec, NULL) ? 0 : -1;
}

static HPyDef *defines[] = {&dup_close, &compare, &text, &attributes, &track, &make_type, &exec, NULL};
static HPyModuleDef definition = {.doc = "benchmark of debug and trace mode", .defines = defines};
HPy_MODINIT(bench_modes, definition)
