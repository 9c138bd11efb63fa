#include "zoo.h"
WRONG(arg) { HPyTupleBuilder_New(ctx, 1); return NONE; }
RIGHT(arg) { HPyTupleBuilder_Cancel(ctx, HPyTupleBuilder_New(ctx, 1)); return NONE; }

ZOO(builder_unfinished)
