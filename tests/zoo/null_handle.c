#include "zoo.h"
WRONG(arg) { return HPy_Repr(ctx, HPy_NULL); }
RIGHT(arg) { return HPy_Repr(ctx, arg); }

ZOO(null_handle)
