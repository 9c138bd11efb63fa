#include "zoo.h"
WRONG(arg)
{
    HPy h = HPyUnicode_AsUTF8String(ctx, arg);
    const char *bytes = HPyBytes_AsString(ctx, h);
    HPy_Close(ctx, h);
    return HPyLong_FromLong(ctx, bytes[0]);
}
RIGHT(arg)
{
    HPy h = HPyUnicode_AsUTF8String(ctx, arg);
    char first = HPyBytes_AsString(ctx, h)[0];
    HPy_Close(ctx, h);
    return HPyLong_FromLong(ctx, first);
}

ZOO(bytes_after_close)
