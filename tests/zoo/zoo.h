/* What every animal of the zoo has: a function `wrong` with one mistake, its twin `right` without it. */
#include <hpy.h>
#include <stdlib.h>
#include <string.h>

#define WRONG(NAME) HPyDef_METH(wrong, "wrong", HPyFunc_O) \
    static HPy wrong_impl(HPyContext *ctx, HPy self, HPy NAME)
#define RIGHT(NAME) HPyDef_METH(right, "right", HPyFunc_O) \
    static HPy right_impl(HPyContext *ctx, HPy self, HPy NAME)

/* The module NAME; before it, ZOO_GLOBALS and ZOO_MORE may be defined. */
#ifndef ZOO_GLOBALS
#define ZOO_GLOBALS NULL
#endif
#ifndef ZOO_MORE
#define ZOO_MORE
#endif
#define ZOO(NAME) \
    static HPyDef *zoo_defines[] = {&wrong, &right, ZOO_MORE NULL}; \
    static HPyModuleDef zoo_module = {.defines = zoo_defines, .globals = ZOO_GLOBALS}; \
    HPy_MODINIT(NAME, zoo_module)

#define NONE HPy_Dup(ctx, ctx->h_None)
