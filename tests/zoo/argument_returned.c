#include "zoo.h"
WRONG(arg) { return arg; }
RIGHT(arg) { return HPy_Dup(ctx, arg); }

ZOO(argument_returned)
