/* Floats and bools. */
#include "wrap.h"

HPyDef_METH(def_HPyFloat_AsDouble, "HPyFloat_AsDouble", HPyFunc_O)
static HPy def_HPyFloat_AsDouble_impl(HPyContext *ctx, HPy self, HPy arg)
{
    (void)self;
    double value = HPyFloat_AsDouble(ctx, arg);
    if (HPyErr_Occurred(ctx))
        return value == -1.0 ? HPy_NULL : HPyErr_SetString(ctx, ctx->h_AssertionError, "failed with another value than -1");
    return HPyFloat_FromDouble(ctx, value);
}

FUNC(constants, 0)
{
    (void)args;
    HPy items[] = {HPyFloat_FromDouble(ctx, 0.0), HPyFloat_FromDouble(ctx, -0.0), HPyFloat_FromDouble(ctx, 1e308 * 10),
                   HPyFloat_FromDouble(ctx, 5e-324), HPyFloat_FromDouble(ctx, 0.1)};
    HPy result = HPyTuple_FromArray(ctx, items, 5);
    for (int i = 0; i < 5; i++)
        HPy_Close(ctx, items[i]);
    return result;
}

FUNC(HPyBool_FromBool, 1)
{
    int truth = HPy_IsTrue(ctx, args[0]);
    return truth < 0 ? HPy_NULL : HPyBool_FromBool(ctx, truth);
}

FUNC(HPyBool_FromLong, 1)
{
    long value = HPyLong_AsLong(ctx, args[0]);
    return HPyErr_Occurred(ctx) ? HPy_NULL : HPyBool_FromLong(ctx, value);
}

I_H(HPy_IsTrue)

MODULE(scalar, &def_HPyFloat_AsDouble, &def_constants, &def_HPyBool_FromBool, &def_HPyBool_FromLong, &def_HPy_IsTrue,)
