#include "zoo.h"
static HPyContext *kept;

/* Called twice: the second call uses the context of the first. */
WRONG(arg)
{
    HPyContext *use = kept ? kept : ctx;
    kept = ctx;
    return HPy_Dup(use, use->h_None);
}
RIGHT(arg) { return NONE; }

ZOO(context_kept)
