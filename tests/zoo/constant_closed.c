#include "zoo.h"
WRONG(arg) { HPy_Close(ctx, ctx->h_True); return NONE; }
RIGHT(arg) { HPy_Close(ctx, HPy_Dup(ctx, ctx->h_True)); return NONE; }

ZOO(constant_closed)
