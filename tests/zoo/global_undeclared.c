#define ZOO_GLOBALS globals
#include "zoo.h"
static HPyGlobal hidden;
static HPyGlobal declared;
static HPyGlobal *globals[] = {&declared, NULL};

WRONG(arg) { HPyGlobal_Store(ctx, &hidden, arg); return NONE; }
RIGHT(arg) { HPyGlobal_Store(ctx, &declared, arg); return NONE; }

ZOO(global_undeclared)
