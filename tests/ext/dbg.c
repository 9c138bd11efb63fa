/* What the tests of debug and trace mode call: correct functions, and two that leak on purpose. */
#include <hpy.h>

HPyDef_METH(leak, "leak", HPyFunc_O)
static HPy leak_impl(HPyContext *ctx, HPy self, HPy arg)
{
    HPy_Dup(ctx, arg);
    return HPy_Dup(ctx, ctx->h_None);
}

HPyDef_METH(use_closed, "use_closed", HPyFunc_O)
static HPy use_closed_impl(HPyContext *ctx, HPy self, HPy arg)
{
    HPy h = HPy_Dup(ctx, arg);
    HPy_Close(ctx, h);
    return HPy_Repr(ctx, h);
}

HPyDef_METH(add, "add", HPyFunc_VARARGS)
static HPy add_impl(HPyContext *ctx, HPy self, const HPy *args, size_t nargs)
{
    if (nargs != 2)
        return HPyErr_SetString(ctx, ctx->h_TypeError, "add takes two arguments");
    return HPy_Add(ctx, args[0], args[1]);
}

HPyDef_METH(call, "call", HPyFunc_O)
static HPy call_impl(HPyContext *ctx, HPy self, HPy arg)
{
    return HPy_CallTupleDict(ctx, arg, HPy_NULL, HPy_NULL);
}

HPyDef_METH(text, "text", HPyFunc_O)
static HPy text_impl(HPyContext *ctx, HPy self, HPy arg)
{
    HPy_ssize_t size;
    const char *utf8 = HPyUnicode_AsUTF8AndSize(ctx, arg, &size);
    return utf8 == NULL ? HPy_NULL : HPyUnicode_FromString(ctx, utf8);
}

HPyDef_METH(churn, "churn", HPyFunc_O)
static HPy churn_impl(HPyContext *ctx, HPy self, HPy arg)
{
    long count = HPyLong_AsLong(ctx, arg);
    for (long i = 0; i < count; i++)
        HPy_Close(ctx, HPy_Dup(ctx, arg));
    return HPy_Dup(ctx, ctx->h_None);
}

HPyDef_METH(leak_too, "leak_too", HPyFunc_O)
static HPy leak_too_impl(HPyContext *ctx, HPy self, HPy arg)
{
    HPy_Dup(ctx, arg);
    return HPy_Dup(ctx, ctx->h_None);
}

static HPyDef *defines[] = {&leak, &leak_too, &use_closed, &add, &call, &text, &churn, NULL};
static HPyModuleDef moduledef = {.doc = "debug and trace", .size = 0, .defines = defines};
HPy_MODINIT(dbg, moduledef)
