#include "wrap.h"

#define READERS(X) \
    X(HPyLong_AsInt32_t) X(HPyLong_AsInt64_t) X(HPyLong_AsSsize_t) X(HPyLong_AsUInt32_t) X(HPyLong_AsUInt32_tMask)
READERS(I_H)

/* Results that do not fit in a signed 64-bit number. */
#define UNSIGNED(NAME) \
    HPyDef_METH(def_##NAME, #NAME, HPyFunc_O) \
    static HPy def_##NAME##_impl(HPyContext *ctx, HPy self, HPy arg) \
    { \
        (void)self; \
        uint64_t value = (uint64_t)NAME(ctx, arg); \
        if (HPyErr_Occurred(ctx)) \
            return HPy_NULL; \
        return HPyLong_FromUInt64_t(ctx, value); \
    }
#define UNSIGNED_READERS(X) X(HPyLong_AsUInt64_t) X(HPyLong_AsUInt64_tMask) X(HPyLong_AsSize_t)
UNSIGNED_READERS(UNSIGNED)

/* What a failing conversion returns, seen as a signed number. */
#define FAILING(NAME) \
    HPyDef_METH(def_fail_##NAME, "fail_" #NAME, HPyFunc_O) \
    static HPy def_fail_##NAME##_impl(HPyContext *ctx, HPy self, HPy arg) \
    { \
        (void)self; \
        bool minus_one = NAME(ctx, arg) == (__typeof__(NAME(ctx, arg)))-1; \
        bool raised = HPyErr_Occurred(ctx); \
        HPyErr_Clear(ctx); \
        return HPyLong_FromInt32_t(ctx, (minus_one ? 1 : 0) + (raised ? 2 : 0)); \
    }
READERS(FAILING)
UNSIGNED_READERS(FAILING)
FAILING(HPyLong_AsDouble)
#define LISTED_FAILING(NAME) &def_fail_##NAME,

HPyDef_METH(def_HPyLong_AsVoidPtr, "HPyLong_AsVoidPtr", HPyFunc_O)
static HPy def_HPyLong_AsVoidPtr_impl(HPyContext *ctx, HPy self, HPy arg)
{
    (void)self;
    void *pointer = HPyLong_AsVoidPtr(ctx, arg);
    if (HPyErr_Occurred(ctx))
        return HPy_NULL;
    return HPyLong_FromSize_t(ctx, (size_t)pointer);
}

HPyDef_METH(def_HPyLong_AsDouble, "HPyLong_AsDouble", HPyFunc_O)
static HPy def_HPyLong_AsDouble_impl(HPyContext *ctx, HPy self, HPy arg)
{
    (void)self;
    double value = HPyLong_AsDouble(ctx, arg);
    if (HPyErr_Occurred(ctx))
        return HPy_NULL;
    return HPyFloat_FromDouble(ctx, value);
}

/* from_TYPE(n): the number n, truncated to the C type, as a Python int. */
#define FROM(NAME, TYPE) \
    FUNC(NAME, 1) \
    { \
        uint64_t bits = HPyLong_AsUInt64_tMask(ctx, args[0]); \
        if (HPyErr_Occurred(ctx)) \
            return HPy_NULL; \
        return NAME(ctx, (TYPE)bits); \
    }
FROM(HPyLong_FromInt32_t, int32_t)
FROM(HPyLong_FromUInt32_t, uint32_t)
FROM(HPyLong_FromInt64_t, int64_t)
FROM(HPyLong_FromUInt64_t, uint64_t)
FROM(HPyLong_FromSize_t, size_t)
FROM(HPyLong_FromSsize_t, HPy_ssize_t)

MODULE(long_, READERS(LISTED) UNSIGNED_READERS(LISTED) READERS(LISTED_FAILING) UNSIGNED_READERS(LISTED_FAILING)
       LISTED_FAILING(HPyLong_AsDouble) &def_HPyLong_AsVoidPtr, &def_HPyLong_AsDouble, &def_HPyLong_FromInt32_t,
       &def_HPyLong_FromUInt32_t, &def_HPyLong_FromInt64_t, &def_HPyLong_FromUInt64_t, &def_HPyLong_FromSize_t,
       &def_HPyLong_FromSsize_t,)
