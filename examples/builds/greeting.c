/* One function; the three folders beside this file build it in three ways. */
#include <hpy.h>

HPyDef_METH(greet, "greet", HPyFunc_VARARGS, .doc = "greet(name='world'): a greeting")
static HPy greet_impl(HPyContext *ctx, HPy self, const HPy *args, size_t nargs)
{
    const char *name = "world";
    (void)self;
    if (!HPyArg_Parse(ctx, NULL, args, nargs, "|s:greet", &name))
        return HPy_NULL;
    return HPyUnicode_FromFormat(ctx, "Hello, %s!", name);
}

static HPyDef *defines[] = {&greet, NULL};
static HPyModuleDef moduledef = {.doc = "Greets, in the ABI " HPY_ABI, .defines = defines};

HPy_MODINIT(greeting, moduledef)
