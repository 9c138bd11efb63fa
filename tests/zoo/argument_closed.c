#include "zoo.h"
WRONG(arg) { HPy_Close(ctx, arg); return NONE; }
RIGHT(arg) { (void)arg; return NONE; }

ZOO(argument_closed)
