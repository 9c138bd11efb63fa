/* Lists, tuples, dicts, slices, builders: what HPy 0.9.0 has of them. */
#include "wrap.h"

#define AS_IT_IS(NAME) \
    HPyDef_METH(def_##NAME, #NAME, HPyFunc_O) \
    static HPy def_##NAME##_impl(HPyContext *ctx, HPy self, HPy arg) \
    { \
        (void)self; \
        return NAME(ctx, arg); \
    }
I_H(HPyList_Check)
I_HH(HPyList_Append)
I_H(HPyDict_Check)
AS_IT_IS(HPyDict_Keys)
AS_IT_IS(HPyDict_Copy)
I_H(HPyTuple_Check)

FUNC(HPyList_New, 1)
{
    HPy_ssize_t size = HPyLong_AsSsize_t(ctx, args[0]);
    return HPyErr_Occurred(ctx) ? HPy_NULL : HPyList_New(ctx, size);
}
FUNC(HPyDict_New, 0)
{
    (void)args;
    return HPyDict_New(ctx);
}
HPyDef_METH(def_HPyTuple_FromArray, "HPyTuple_FromArray", HPyFunc_VARARGS)
static HPy def_HPyTuple_FromArray_impl(HPyContext *ctx, HPy self, const HPy *args, size_t nargs)
{
    (void)self;
    return HPyTuple_FromArray(ctx, args, (HPy_ssize_t)nargs);
}
FUNC(tuple_of_size, 1)
{
    HPy_ssize_t size = HPyLong_AsSsize_t(ctx, args[0]);
    return HPyErr_Occurred(ctx) ? HPy_NULL : HPyTuple_FromArray(ctx, args, size);
}

static HPy triple(HPyContext *ctx, HPy_ssize_t a, HPy_ssize_t b, HPy_ssize_t c)
{
    HPy items[] = {HPyLong_FromSsize_t(ctx, a), HPyLong_FromSsize_t(ctx, b), HPyLong_FromSsize_t(ctx, c)};
    HPy result = HPyTuple_FromArray(ctx, items, 3);
    for (int i = 0; i < 3; i++)
        HPy_Close(ctx, items[i]);
    return result;
}
FUNC(HPySlice_Unpack, 1)
{
    HPy_ssize_t start, stop, step;
    return HPySlice_Unpack(ctx, args[0], &start, &stop, &step) < 0 ? HPy_NULL : triple(ctx, start, stop, step);
}
FUNC(HPySlice_AdjustIndices, 2)
{
    HPy_ssize_t start, stop, step;
    HPy_ssize_t length = HPyLong_AsSsize_t(ctx, args[1]);
    if (HPySlice_Unpack(ctx, args[0], &start, &stop, &step) < 0)
        return HPy_NULL;
    HPy_ssize_t count = HPySlice_AdjustIndices(ctx, length, &start, &stop, step);
    return triple(ctx, start, stop, count);
}

/* build(n, item...): a builder of size n, its first items set, built. */
#define BUILDER(KIND) \
    HPyDef_METH(def_build_##KIND, "build_" #KIND, HPyFunc_VARARGS) \
    static HPy def_build_##KIND##_impl(HPyContext *ctx, HPy self, const HPy *args, size_t nargs) \
    { \
        (void)self; \
        HPy_ssize_t size = HPyLong_AsSsize_t(ctx, args[0]); \
        if (HPyErr_Occurred(ctx)) \
            return HPy_NULL; \
        HPy##KIND##Builder builder = HPy##KIND##Builder_New(ctx, size); \
        for (size_t i = 1; i < nargs; i++) \
            HPy##KIND##Builder_Set(ctx, builder, (HPy_ssize_t)i - 1, args[i]); \
        return HPy##KIND##Builder_Build(ctx, builder); \
    } \
    HPyDef_METH(def_cancel_##KIND, "cancel_" #KIND, HPyFunc_VARARGS) \
    static HPy def_cancel_##KIND##_impl(HPyContext *ctx, HPy self, const HPy *args, size_t nargs) \
    { \
        (void)self; \
        HPy##KIND##Builder builder = HPy##KIND##Builder_New(ctx, (HPy_ssize_t)nargs); \
        for (size_t i = 0; i < nargs; i++) \
            HPy##KIND##Builder_Set(ctx, builder, (HPy_ssize_t)i, args[i]); \
        HPy##KIND##Builder_Cancel(ctx, builder); \
        return none(ctx); \
    }
BUILDER(List)
BUILDER(Tuple)

MODULE(sequence, &def_HPyList_Check, &def_HPyList_Append, &def_HPyDict_Check, &def_HPyDict_Keys,
       &def_HPyDict_Copy, &def_HPyTuple_Check, &def_HPyList_New,
       &def_HPyDict_New, &def_HPyTuple_FromArray, &def_tuple_of_size,
       &def_HPySlice_Unpack, &def_HPySlice_AdjustIndices,
       &def_build_List, &def_cancel_List, &def_build_Tuple, &def_cancel_Tuple,)
