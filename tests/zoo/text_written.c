#include "zoo.h"
WRONG(arg)
{
    char *text = (char *)HPyUnicode_AsUTF8AndSize(ctx, arg, NULL);
    text[0] = 'x';
    return NONE;
}
RIGHT(arg)
{
    char *text = strdup(HPyUnicode_AsUTF8AndSize(ctx, arg, NULL));
    text[0] = 'x';
    free(text);
    return NONE;
}

ZOO(text_written)
