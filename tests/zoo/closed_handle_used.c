#include "zoo.h"
WRONG(arg) { HPy h = HPy_Dup(ctx, arg); HPy_Close(ctx, h); return HPy_Repr(ctx, h); }
RIGHT(arg) { HPy h = HPy_Dup(ctx, arg); HPy r = HPy_Repr(ctx, h); HPy_Close(ctx, h); return r; }

ZOO(closed_handle_used)
