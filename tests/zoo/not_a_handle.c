#include "zoo.h"
WRONG(arg) { HPy h = {0x1234}; return HPy_Repr(ctx, h); }
RIGHT(arg) { return HPy_Repr(ctx, arg); }

ZOO(not_a_handle)
