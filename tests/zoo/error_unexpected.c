#include "zoo.h"
WRONG(arg) { HPyErr_SetString(ctx, ctx->h_ValueError, "never mind"); return NONE; }
RIGHT(arg)
{
    HPyErr_SetString(ctx, ctx->h_ValueError, "never mind");
    HPyErr_Clear(ctx);
    return NONE;
}

ZOO(error_unexpected)
