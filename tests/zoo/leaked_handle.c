#include "zoo.h"
WRONG(arg) { HPy_Dup(ctx, arg); return NONE; }
RIGHT(arg) { HPy_Close(ctx, HPy_Dup(ctx, arg)); return NONE; }

ZOO(leaked_handle)
