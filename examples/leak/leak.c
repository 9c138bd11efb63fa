/* A mistake for debug mode to find: `numbers` forgets to close the handle of each number it makes. */
#include <hpy.h>

HPyDef_METH(numbers, "numbers", HPyFunc_O, .doc = "A list of the numbers from 0 to n - 1.")
static HPy numbers_impl(HPyContext *ctx, HPy self, HPy arg)
{
    (void)self;
    long n = HPyLong_AsLong(ctx, arg);
    if (n == -1 && HPyErr_Occurred(ctx))
        return HPy_NULL;
    HPy list = HPyList_New(ctx, 0);
    if (HPy_IsNull(list))
        return HPy_NULL;
    for (long i = 0; i < n; i++) {
        HPy number = HPyLong_FromLong(ctx, i);
        if (HPy_IsNull(number) || HPyList_Append(ctx, list, number) < 0) {
            HPy_Close(ctx, list);
            return HPy_NULL;
        }
        /* HPy_Close(ctx, number) is missing. */
    }
    return list;
}

static HPyDef *defines[] = {&numbers, NULL};
static HPyModuleDef leak = {.doc = "An extension with a leak.", .defines = defines};
HPy_MODINIT(leak, leak)
