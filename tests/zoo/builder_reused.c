#include "zoo.h"
static HPy make(HPyContext *ctx, HPy arg, int again)
{
    HPyListBuilder builder = HPyListBuilder_New(ctx, 1);
    HPyListBuilder_Set(ctx, builder, 0, arg);
    HPy list = HPyListBuilder_Build(ctx, builder);
    if (again)
        HPyListBuilder_Set(ctx, builder, 0, arg);
    return list;
}
WRONG(arg) { return make(ctx, arg, 1); }
RIGHT(arg) { return make(ctx, arg, 0); }

ZOO(builder_reused)
