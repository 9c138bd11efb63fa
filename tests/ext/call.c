#include "wrap.h"

I_H(HPyCallable_Check)
H_HHH(HPy_CallTupleDict)

/* call(names, callable, arg...): names is a tuple of keywords or NotImplemented. */
HPyDef_METH(def_HPy_Call, "HPy_Call", HPyFunc_VARARGS)
static HPy def_HPy_Call_impl(HPyContext *ctx, HPy self, const HPy *args, size_t nargs)
{
    (void)self;
    HPy names = or_null(ctx, args[0]);
    size_t keywords = HPy_IsNull(names) ? 0 : (size_t)HPy_Length(ctx, names);
    return HPy_Call(ctx, args[1], nargs > 2 ? args + 2 : NULL, nargs - 2 - keywords, names);
}

/* call_method(names, method name, receiver, arg...) */
HPyDef_METH(def_HPy_CallMethod, "HPy_CallMethod", HPyFunc_VARARGS)
static HPy def_HPy_CallMethod_impl(HPyContext *ctx, HPy self, const HPy *args, size_t nargs)
{
    (void)self;
    HPy names = or_null(ctx, args[0]);
    size_t keywords = HPy_IsNull(names) ? 0 : (size_t)HPy_Length(ctx, names);
    return HPy_CallMethod(ctx, args[1], args + 2, nargs - 2 - keywords, names);
}

/* What the four signatures of functions get. */
HPyDef_METH(def_noargs, "noargs", HPyFunc_NOARGS)
static HPy def_noargs_impl(HPyContext *ctx, HPy self)
{
    return HPy_Dup(ctx, self);
}
HPyDef_METH(def_one, "one", HPyFunc_O)
static HPy def_one_impl(HPyContext *ctx, HPy self, HPy arg)
{
    HPy items[] = {self, arg};
    return HPyTuple_FromArray(ctx, items, 2);
}
HPyDef_METH(def_varargs, "varargs", HPyFunc_VARARGS)
static HPy def_varargs_impl(HPyContext *ctx, HPy self, const HPy *args, size_t nargs)
{
    (void)self;
    return HPyTuple_FromArray(ctx, args, (HPy_ssize_t)nargs);
}
HPyDef_METH(def_keywords, "keywords", HPyFunc_KEYWORDS, .doc = "keywords(*args, **kwargs)\n--\n\nwhat was passed")
static HPy def_keywords_impl(HPyContext *ctx, HPy self, const HPy *args, size_t nargs, HPy kwnames)
{
    (void)self;
    HPy_ssize_t names = HPy_IsNull(kwnames) ? 0 : HPy_Length(ctx, kwnames);
    HPy values = HPyTuple_FromArray(ctx, args, (HPy_ssize_t)nargs + names);
    HPy items[] = {HPyLong_FromSize_t(ctx, nargs), values, HPy_IsNull(kwnames) ? none(ctx) : HPy_Dup(ctx, kwnames)};
    HPy result = HPyTuple_FromArray(ctx, items, 3);
    for (int i = 0; i < 3; i++)
        HPy_Close(ctx, items[i]);
    return result;
}
HPyDef_METH(def_nothing_raised, "nothing_raised", HPyFunc_NOARGS)
static HPy def_nothing_raised_impl(HPyContext *ctx, HPy self)
{
    (void)ctx, (void)self;
    return HPy_NULL;
}

MODULE(call, &def_HPyCallable_Check, &def_HPy_CallTupleDict, &def_HPy_Call, &def_HPy_CallMethod, &def_noargs, &def_one,
       &def_varargs, &def_keywords, &def_nothing_raised,)
