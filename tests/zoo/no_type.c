#include "zoo.h"
WRONG(arg) { return HPyBool_FromBool(ctx, HPy_TypeCheck(ctx, arg, arg)); }
RIGHT(arg) { return HPyBool_FromBool(ctx, HPy_TypeCheck(ctx, arg, ctx->h_LongType)); }

ZOO(no_type)
