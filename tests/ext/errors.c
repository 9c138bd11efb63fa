#include "wrap.h"
#include <errno.h>

FUNC(HPyErr_SetString, 2)
{
    int failed;
    const char *message = text(ctx, args[1], &failed);
    return failed ? HPy_NULL : HPyErr_SetString(ctx, args[0], message);
}
FUNC(HPyErr_SetObject, 2) { return HPyErr_SetObject(ctx, args[0], args[1]); }
FUNC(HPyErr_NoMemory, 0)
{
    (void)args;
    return HPyErr_NoMemory(ctx);
}
/* (type, errno, bytes of the file name or NotImplemented) */
FUNC(HPyErr_SetFromErrnoWithFilename, 3)
{
    const char *name = HPy_Is(ctx, args[2], ctx->h_NotImplemented) ? NULL : HPyBytes_AsString(ctx, args[2]);
    errno = HPyLong_AsInt32_t(ctx, args[1]);
    return HPyErr_SetFromErrnoWithFilename(ctx, args[0], name);
}
/* (type, errno, name or NotImplemented, second name or NotImplemented) */
FUNC(HPyErr_SetFromErrnoWithFilenameObjects, 4)
{
    HPy first = or_null(ctx, args[2]), second = or_null(ctx, args[3]);
    errno = HPyLong_AsInt32_t(ctx, args[1]);
    return HPyErr_SetFromErrnoWithFilenameObjects(ctx, args[0], first, second);
}
FUNC(HPyErr_SetFromErrno, 2)
{
    errno = HPyLong_AsInt32_t(ctx, args[1]);
    return HPyErr_SetFromErrno(ctx, args[0]);
}

/* occurred(callable): whether an exception is set before, during and after, and whether the results are 0 or 1. */
FUNC(occurred, 1)
{
    int before = HPyErr_Occurred(ctx);
    HPy result = HPy_CallTupleDict(ctx, args[0], HPy_NULL, HPy_NULL);
    int during = HPyErr_Occurred(ctx);
    HPy_Close(ctx, result);
    HPyErr_Clear(ctx);
    HPyErr_Clear(ctx);
    int after = HPyErr_Occurred(ctx);
    return HPyLong_FromInt32_t(ctx, before * 100 + during * 10 + after);
}
/* matches(exception to raise, class or tuple): what ExceptionMatches says with it set. */
FUNC(HPyErr_ExceptionMatches, 2)
{
    HPyErr_SetObject(ctx, args[0], ctx->h_None);
    int matches = HPyErr_ExceptionMatches(ctx, args[1]);
    HPyErr_Clear(ctx);
    return HPyLong_FromInt32_t(ctx, matches);
}

FUNC(HPyErr_NewException, 3)
{
    int failed;
    const char *name = text(ctx, args[0], &failed);
    return failed ? HPy_NULL : HPyErr_NewException(ctx, name, or_null(ctx, args[1]), or_null(ctx, args[2]));
}
FUNC(HPyErr_NewExceptionWithDoc, 4)
{
    int failed, failed_too;
    const char *name = text(ctx, args[0], &failed);
    const char *doc = text(ctx, args[1], &failed_too);
    if (failed || failed_too)
        return HPy_NULL;
    return HPyErr_NewExceptionWithDoc(ctx, name, doc, or_null(ctx, args[2]), or_null(ctx, args[3]));
}
FUNC(HPyErr_WarnEx, 3)
{
    int failed;
    const char *message = text(ctx, args[1], &failed);
    HPy_ssize_t level = HPyLong_AsSsize_t(ctx, args[2]);
    return failed ? HPy_NULL : number(ctx, HPyErr_WarnEx(ctx, or_null(ctx, args[0]), message, level));
}
/* (exception, object or NotImplemented) */
FUNC(HPyErr_WriteUnraisable, 2)
{
    HPyErr_SetString(ctx, args[0], "nobody can catch this");
    HPyErr_WriteUnraisable(ctx, or_null(ctx, args[1]));
    if (HPyErr_Occurred(ctx))
        return HPyErr_SetString(ctx, ctx->h_AssertionError, "the exception is still set");
    return none(ctx);
}
FUNC(HPy_FatalError, 1)
{
    int failed;
    const char *message = text(ctx, args[0], &failed);
    if (!failed)
        HPy_FatalError(ctx, message);
    return HPy_NULL;
}

/* How many of the functions that always raise return null where the context's own return what is no handle, as those of
   other HPys do: theirs return nothing. */
static HPy wrong(void)
{
    HPy handle;
    handle._i = 0x52;
    return handle;
}
static HPy two(HPyContext *ctx, HPy type, const char *text)
{
    (void)ctx, (void)type, (void)text;
    return wrong();
}
static HPy two_handles(HPyContext *ctx, HPy type, HPy value)
{
    (void)ctx, (void)type, (void)value;
    return wrong();
}
static HPy three_handles(HPyContext *ctx, HPy type, HPy first, HPy second)
{
    (void)ctx, (void)type, (void)first, (void)second;
    return wrong();
}
static HPy no_handle(HPyContext *ctx)
{
    (void)ctx;
    return wrong();
}
FUNC(raising_without_a_result, 0)
{
    (void)args;
    HPyContext other = *ctx;
    other.ctx_Err_SetString = two;
    other.ctx_Err_SetObject = two_handles;
    other.ctx_Err_SetFromErrnoWithFilenameObjects = three_handles;
    other.ctx_Err_NoMemory = no_handle;
    int nulls = HPy_IsNull(HPyErr_SetString(&other, ctx->h_ValueError, "x"));
    nulls += HPy_IsNull(HPyErr_SetObject(&other, ctx->h_ValueError, ctx->h_None));
    nulls += HPy_IsNull(HPyErr_SetFromErrnoWithFilenameObjects(&other, ctx->h_OSError, HPy_NULL, HPy_NULL));
    nulls += HPy_IsNull(HPyErr_NoMemory(&other));
    return HPyLong_FromInt32_t(ctx, nulls);
}

MODULE(errors, &def_raising_without_a_result, &def_HPyErr_SetString, &def_HPyErr_SetObject, &def_HPyErr_NoMemory,
       &def_HPyErr_SetFromErrnoWithFilename, &def_HPyErr_SetFromErrnoWithFilenameObjects, &def_HPyErr_SetFromErrno,
       &def_occurred, &def_HPyErr_ExceptionMatches, &def_HPyErr_NewException, &def_HPyErr_NewExceptionWithDoc,
       &def_HPyErr_WarnEx, &def_HPyErr_WriteUnraisable, &def_HPy_FatalError,)
