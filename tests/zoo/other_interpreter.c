#include "zoo.h"
static HPyContext *kept;

/* Called in the main interpreter and, by what it calls, in another: there the context of the first call is used. */
WRONG(arg)
{
    if (kept != NULL)
        return HPy_Dup(kept, kept->h_None);
    kept = ctx;
    HPy result = HPy_CallTupleDict(ctx, arg, HPy_NULL, HPy_NULL);
    kept = NULL;
    return result;
}
RIGHT(arg)
{
    if (kept != NULL)
        return NONE;
    kept = ctx;
    HPy result = HPy_CallTupleDict(ctx, arg, HPy_NULL, HPy_NULL);
    kept = NULL;
    return result;
}

ZOO(other_interpreter)
