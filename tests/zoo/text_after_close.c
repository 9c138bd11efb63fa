#include "zoo.h"
WRONG(arg)
{
    HPy h = HPy_Dup(ctx, arg);
    const char *text = HPyUnicode_AsUTF8AndSize(ctx, h, NULL);
    HPy_Close(ctx, h);
    return HPyLong_FromLong(ctx, text[0]);
}
RIGHT(arg)
{
    HPy h = HPy_Dup(ctx, arg);
    char first = HPyUnicode_AsUTF8AndSize(ctx, h, NULL)[0];
    HPy_Close(ctx, h);
    return HPyLong_FromLong(ctx, first);
}

ZOO(text_after_close)
