#include "zoo.h"
static HPy kept;

static HPy keep(HPyContext *ctx, HPy arg)
{
    HPy result = HPy_IsNull(kept) ? NONE : HPy_Repr(ctx, kept);
    HPy_Close(ctx, kept);
    kept = HPy_Dup(ctx, arg);
    return result;
}

/* Called twice: the second call uses the handle of the first. */
WRONG(arg)
{
    if (HPy_Is(ctx, arg, ctx->h_None)) {
        HPy_Close(ctx, kept);
        kept = HPy_NULL;
        return NONE;
    }
    return keep(ctx, arg);
}
RIGHT(arg)
{
    HPy_Close(ctx, keep(ctx, arg));
    HPy_Close(ctx, kept);
    kept = HPy_NULL;
    return NONE;
}

ZOO(handle_kept)
