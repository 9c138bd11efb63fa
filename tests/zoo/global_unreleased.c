#define ZOO_GLOBALS globals
#include "zoo.h"
static HPyGlobal cache;
static HPyGlobal *globals[] = {&cache, NULL};

/* The module goes afterwards: nobody can release what its global holds. */
WRONG(arg) { HPyGlobal_Store(ctx, &cache, arg); return NONE; }
RIGHT(arg)
{
    HPyGlobal_Store(ctx, &cache, arg);
    HPyGlobal_Store(ctx, &cache, HPy_NULL);
    return NONE;
}

ZOO(global_unreleased)
