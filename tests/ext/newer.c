/* What came after HPy 0.9.0: iterators, slices of sequences, insertion, dict types. */
#include "wrap.h"

I_H(HPyIter_Check)
I_HIH(HPyList_Insert)

HPyDef_METH(def_HPy_GetIter, "HPy_GetIter", HPyFunc_O)
static HPy def_HPy_GetIter_impl(HPyContext *ctx, HPy self, HPy arg)
{
    (void)self;
    return HPy_GetIter(ctx, arg);
}

/* next(it): (1, item), or (0,) at the end. */
FUNC(HPyIter_Next, 1)
{
    HPy item = HPyIter_Next(ctx, args[0]);
    if (HPy_IsNull(item)) {
        if (HPyErr_Occurred(ctx))
            return HPy_NULL;
        return HPyTuple_FromArray(ctx, NULL, 0);
    }
    HPy result = HPyTuple_FromArray(ctx, &item, 1);
    HPy_Close(ctx, item);
    return result;
}

static int bounds(HPyContext *ctx, const HPy *args, HPy_ssize_t *start, HPy_ssize_t *end)
{
    *start = HPyLong_AsSsize_t(ctx, args[1]);
    *end = HPyLong_AsSsize_t(ctx, args[2]);
    return !HPyErr_Occurred(ctx);
}
FUNC(HPy_GetSlice, 3)
{
    HPy_ssize_t start, end;
    return bounds(ctx, args, &start, &end) ? HPy_GetSlice(ctx, args[0], start, end) : HPy_NULL;
}
FUNC(HPy_SetSlice, 4)
{
    HPy_ssize_t start, end;
    return bounds(ctx, args, &start, &end) ? number(ctx, HPy_SetSlice(ctx, args[0], start, end, args[3])) : HPy_NULL;
}
FUNC(HPy_DelSlice, 3)
{
    HPy_ssize_t start, end;
    return bounds(ctx, args, &start, &end) ? number(ctx, HPy_DelSlice(ctx, args[0], start, end)) : HPy_NULL;
}
FUNC(HPySlice_New, 3)
{
    return HPySlice_New(ctx, or_null(ctx, args[0]), or_null(ctx, args[1]), or_null(ctx, args[2]));
}

typedef struct {
    int64_t reads;
} Counted;
HPyType_HELPERS(Counted, HPyType_BuiltinShape_Dict)

HPyDef_SLOT(Counted_subscript, HPy_mp_subscript)
static HPy Counted_subscript_impl(HPyContext *ctx, HPy self, HPy key)
{
    Counted_AsStruct(ctx, self)->reads++;
    return HPy_Dup(ctx, key);
}
HPyDef_MEMBER(Counted_reads, "reads", HPyMember_LONGLONG, offsetof(Counted, reads), .readonly = 1)

static HPyDef *Counted_defines[] = {&Counted_subscript, &Counted_reads, NULL};
static HPyType_Spec Counted_spec = {
    .name = "newer.Counted",
    .basicsize = sizeof(Counted),
    .flags = HPy_TPFLAGS_DEFAULT | HPy_TPFLAGS_BASETYPE,
    .builtin_shape = HPyType_BuiltinShape_Dict,
    .defines = Counted_defines,
};

/* A subclass of dict with a struct of its own. */
FUNC(make_counted, 0)
{
    (void)args;
    HPyType_SpecParam params[] = {{HPyType_SpecParam_Base, ctx->h_DictType}, {(HPyType_SpecParam_Kind)0, HPy_NULL}};
    return HPyType_FromSpec(ctx, &Counted_spec, params);
}

FUNC(dict_type, 0)
{
    (void)args;
    return HPy_Dup(ctx, ctx->h_DictType);
}

MODULE(newer, &def_HPyIter_Check, &def_HPyList_Insert, &def_HPy_GetIter, &def_HPyIter_Next, &def_HPy_GetSlice,
       &def_HPy_SetSlice, &def_HPy_DelSlice, &def_HPySlice_New, &def_make_counted, &def_dict_type,)
