#include "zoo.h"
WRONG(arg) { HPy h = HPy_Dup(ctx, arg); HPy_Close(ctx, h); HPy_Close(ctx, h); return NONE; }
RIGHT(arg) { HPy h = HPy_Dup(ctx, arg); HPy_Close(ctx, h); return NONE; }

ZOO(handle_closed_twice)
