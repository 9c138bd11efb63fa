#include "zoo.h"
static HPy make(HPyContext *ctx, HPy item)
{
    HPyListBuilder builder = HPyListBuilder_New(ctx, 1);
    HPyListBuilder_Set(ctx, builder, 0, item);
    return HPyListBuilder_Build(ctx, builder);
}
WRONG(arg) { return make(ctx, HPy_NULL); }
RIGHT(arg) { return make(ctx, arg); }

ZOO(builder_filled_with_null)
