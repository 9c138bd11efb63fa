#define HPY_USE_EXTENSIONS
#include "zoo.h"

static HPy look(HPyContext *ctx, HPy arg, int release)
{
    const HPyExtensions *ext = HPy_Extensions(ctx);
    HPy_buffer view;
    HPy bytes = HPyUnicode_AsUTF8String(ctx, arg);
    if (HPy_IsNull(bytes))
        return HPy_NULL;
    int status = ext->buffer_get(ctx, bytes, &view, 0);
    HPy_Close(ctx, bytes);
    if (status < 0)
        return HPy_NULL;
    if (release)
        ext->buffer_release(ctx, &view);
    return NONE;
}
WRONG(arg) { return look(ctx, arg, 0); }
RIGHT(arg) { return look(ctx, arg, 1); }

ZOO(buffer_unreleased)
