#include "zoo.h"
WRONG(arg)
{
    HPyErr_SetString(ctx, ctx->h_ValueError, "handle me");
    HPy_Close(ctx, HPy_Repr(ctx, arg));
    HPyErr_Clear(ctx);
    return NONE;
}
RIGHT(arg)
{
    HPyErr_SetString(ctx, ctx->h_ValueError, "handle me");
    HPyErr_Clear(ctx);
    HPy_Close(ctx, HPy_Repr(ctx, arg));
    return NONE;
}

ZOO(error_pending)
