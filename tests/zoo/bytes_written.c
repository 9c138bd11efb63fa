#include "zoo.h"
WRONG(arg)
{
    HPy h = HPyUnicode_AsUTF8String(ctx, arg);
    char *bytes = (char *)HPyBytes_AS_STRING(ctx, h);
    bytes[0] = 'x';
    HPy_Close(ctx, h);
    return NONE;
}
RIGHT(arg)
{
    HPy h = HPyUnicode_AsUTF8String(ctx, arg);
    char *bytes = strdup(HPyBytes_AS_STRING(ctx, h));
    HPy_Close(ctx, h);
    bytes[0] = 'x';
    free(bytes);
    return NONE;
}

ZOO(bytes_written)
