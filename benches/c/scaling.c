/* What benches/scaling.py calls from several threads. */
#define HPY_MODULE_FLAGS HPY_MODULE_GIL_NOT_USED
#include <hpy.h>

static HPyGlobal type;

typedef struct { HPyField field; } Box;
HPyType_HELPERS(Box)
HPyDef_SLOT(Box_traverse, HPy_tp_traverse)
static int Box_traverse_impl(void *self, HPyFunc_visitproc visit, void *arg)
{
    HPy_VISIT(&((Box *)self)->field);
    return 0;
}
HPyDef_METH(Box_swap, "swap", HPyFunc_O)
static HPy Box_swap_impl(HPyContext *ctx, HPy self, HPy arg)
{
    HPyField *field = &Box_AsStruct(ctx, self)->field;
    HPyField_Store(ctx, self, field, arg);
    return HPyField_Load(ctx, self, *field);
}
static HPyDef *Box_defines[] = {&Box_traverse, &Box_swap, NULL};
static HPyType_Spec Box_spec = {.name = "scaling.Box", .basicsize = sizeof(Box), .builtin_shape = SHAPE(Box),
    .flags = HPy_TPFLAGS_DEFAULT | HPy_TPFLAGS_HAVE_GC, .defines = Box_defines};

/* Native work of some microseconds, with an int in and an int out. */
HPyDef_METH(work, "work", HPyFunc_O)
static HPy work_impl(HPyContext *ctx, HPy self, HPy arg)
{
    uint64_t state = (uint64_t)HPyLong_AsInt64_t(ctx, arg);
    for (int i = 0; i < 20000; i++)
        state = state * UINT64_C(6364136223846793005) + 1442695040888963407;
    return HPyLong_FromInt64_t(ctx, (int64_t)(state >> 40));
}
HPyDef_METH(nothing, "nothing", HPyFunc_NOARGS)
static HPy nothing_impl(HPyContext *ctx, HPy self) { return HPy_Dup(ctx, ctx->h_None); }
HPyDef_METH(new_box, "new_box", HPyFunc_NOARGS)
static HPy new_box_impl(HPyContext *ctx, HPy self)
{
    Box *box;
    HPy cls = HPyGlobal_Load(ctx, type);
    HPy made = HPy_New(ctx, cls, &box);
    HPy_Close(ctx, cls);
    return made;
}
HPyDef_METH(sum, "sum", HPyFunc_O)
static HPy sum_impl(HPyContext *ctx, HPy self, HPy arg)
{
    int64_t sum = 0;
    HPy_ssize_t count = HPy_Length(ctx, arg);
    for (HPy_ssize_t i = 0; i < count; i++) {
        HPy item = HPy_GetItem_i(ctx, arg, i);
        sum += HPyLong_AsInt64_t(ctx, item);
        HPy_Close(ctx, item);
    }
    return HPyErr_Occurred(ctx) ? HPy_NULL : HPyLong_FromInt64_t(ctx, sum);
}
HPyDef_SLOT(exec, HPy_mod_exec)
static int exec_impl(HPyContext *ctx, HPy module)
{
    HPy cls = HPyType_FromSpec(ctx, &Box_spec, NULL);
    if (HPy_IsNull(cls))
        return -1;
    HPyGlobal_Store(ctx, &type, cls);
    HPy_Close(ctx, cls);
    return 0;
}
static HPyDef *defines[] = {&work, &nothing, &new_box, &sum, &exec, NULL};
static HPyGlobal *globals[] = {&type, NULL};
static HPyModuleDef def = {.defines = defines, .globals = globals};
HPy_MODINIT(scaling, def)
