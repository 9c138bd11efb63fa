/* str and bytes. */
#include "wrap.h"
#include <errno.h>
#include <wchar.h>

#define TO_BYTES(X) \
    X(HPyUnicode_AsASCIIString) X(HPyUnicode_AsLatin1String) X(HPyUnicode_AsUTF8String) X(HPyUnicode_EncodeFSDefault)
/* The argument is passed as it is, NotImplemented too. */
#define PLAIN(NAME) \
    HPyDef_METH(def_##NAME, #NAME, HPyFunc_O) \
    static HPy def_##NAME##_impl(HPyContext *ctx, HPy self, HPy arg) \
    { \
        (void)self; \
        return NAME(ctx, arg); \
    }
TO_BYTES(PLAIN)
I_H(HPyUnicode_Check)
I_H(HPyBytes_Check)
I_H(HPyBytes_Size)
I_H(HPyBytes_GET_SIZE)

/* Functions of (bytes, [size, [errors]]) take their C string from a bytes object. */
FUNC(HPyUnicode_FromString, 1)
{
    const char *s = HPyBytes_AsString(ctx, args[0]);
    return s == NULL ? HPy_NULL : HPyUnicode_FromString(ctx, s);
}
FUNC(HPyUnicode_DecodeFSDefault, 1)
{
    const char *s = HPyBytes_AsString(ctx, args[0]);
    return s == NULL ? HPy_NULL : HPyUnicode_DecodeFSDefault(ctx, s);
}
FUNC(HPyUnicode_DecodeFSDefaultAndSize, 2)
{
    const char *s = HPyBytes_AsString(ctx, args[0]);
    HPy_ssize_t size = HPyLong_AsSsize_t(ctx, args[1]);
    return HPyErr_Occurred(ctx) ? HPy_NULL : HPyUnicode_DecodeFSDefaultAndSize(ctx, s, size);
}
#define DECODER(NAME) \
    FUNC(NAME, 3) \
    { \
        int failed; \
        const char *s = HPyBytes_AsString(ctx, args[0]); \
        HPy_ssize_t size = HPyLong_AsSsize_t(ctx, args[1]); \
        const char *errors = text(ctx, args[2], &failed); \
        return HPyErr_Occurred(ctx) ? HPy_NULL : NAME(ctx, s, size, errors); \
    }
DECODER(HPyUnicode_DecodeASCII)
DECODER(HPyUnicode_DecodeLatin1)

FUNC(HPyUnicode_FromEncodedObject, 3)
{
    int failed, failed_too;
    const char *encoding = text(ctx, args[1], &failed);
    const char *errors = text(ctx, args[2], &failed_too);
    return failed || failed_too ? HPy_NULL : HPyUnicode_FromEncodedObject(ctx, args[0], encoding, errors);
}

FUNC(HPyUnicode_AsUTF8AndSize, 1)
{
    HPy_ssize_t size = -7;
    const char *utf8 = HPyUnicode_AsUTF8AndSize(ctx, args[0], &size);
    if (utf8 == NULL)
        return HPy_NULL;
    if (utf8[size] != '\0')
        return HPyErr_SetString(ctx, ctx->h_AssertionError, "no NUL behind the text");
    return HPyBytes_FromStringAndSize(ctx, utf8, size);
}

/* from_wide(index, size): one of the literals below. */
FUNC(HPyUnicode_FromWideChar, 2)
{
    static const wchar_t with_nul[] = {'a', 0, 'b', 0};
    static const wchar_t surrogate[] = {'x', 0xd800, 'y', 0};
    static const wchar_t out_of_range[] = {0x110000, 0};
    const wchar_t *all[] = {L"hello", L"\u00e9\u20ac\U0001f40d", with_nul, surrogate, out_of_range, L""};
    int64_t index = HPyLong_AsInt64_t(ctx, args[0]);
    HPy_ssize_t size = HPyLong_AsSsize_t(ctx, args[1]);
    return HPyErr_Occurred(ctx) ? HPy_NULL : HPyUnicode_FromWideChar(ctx, all[index], size);
}

FUNC(HPyUnicode_ReadChar, 2)
{
    HPy_ssize_t index = HPyLong_AsSsize_t(ctx, args[1]);
    if (HPyErr_Occurred(ctx))
        return HPy_NULL;
    HPy_UCS4 c = HPyUnicode_ReadChar(ctx, args[0], index);
    if (HPyErr_Occurred(ctx))
        return c == (HPy_UCS4)-1 ? HPy_NULL : HPyErr_SetString(ctx, ctx->h_AssertionError, "failed with a character");
    return HPyLong_FromUInt32_t(ctx, c);
}

FUNC(HPyUnicode_Substring, 3)
{
    HPy_ssize_t start = HPyLong_AsSsize_t(ctx, args[1]);
    HPy_ssize_t end = HPyLong_AsSsize_t(ctx, args[2]);
    return HPyErr_Occurred(ctx) ? HPy_NULL : HPyUnicode_Substring(ctx, args[0], start, end);
}

FUNC(HPyBytes_AsString, 1)
{
    const char *s = HPyBytes_AsString(ctx, args[0]);
    if (s == NULL)
        return HPy_NULL;
    HPy_ssize_t size = HPyBytes_GET_SIZE(ctx, args[0]);
    const char *again = HPyBytes_AS_STRING(ctx, args[0]);
    if (memcmp(s, again, (size_t)size + 1) != 0 || s[size] != '\0')
        return HPyErr_SetString(ctx, ctx->h_AssertionError, "two contents, or no NUL behind the bytes");
    return HPyBytes_FromStringAndSize(ctx, s, size);
}
FUNC(HPyBytes_FromString, 1)
{
    const char *s = HPyBytes_AsString(ctx, args[0]);
    return s == NULL ? HPy_NULL : HPyBytes_FromString(ctx, s);
}
FUNC(HPyBytes_FromStringAndSize, 2)
{
    const char *s = HPy_Is(ctx, args[0], ctx->h_NotImplemented) ? NULL : HPyBytes_AsString(ctx, args[0]);
    HPy_ssize_t size = HPyLong_AsSsize_t(ctx, args[1]);
    return HPyErr_Occurred(ctx) ? HPy_NULL : HPyBytes_FromStringAndSize(ctx, s, size);
}

MODULE(text, TO_BYTES(LISTED) &def_HPyUnicode_Check, &def_HPyBytes_Check, &def_HPyBytes_Size, &def_HPyBytes_GET_SIZE,
       &def_HPyUnicode_FromString, &def_HPyUnicode_DecodeFSDefault, &def_HPyUnicode_DecodeFSDefaultAndSize,
       &def_HPyUnicode_DecodeASCII, &def_HPyUnicode_DecodeLatin1, &def_HPyUnicode_FromEncodedObject,
       &def_HPyUnicode_AsUTF8AndSize, &def_HPyUnicode_FromWideChar, &def_HPyUnicode_ReadChar,
       &def_HPyUnicode_Substring, &def_HPyBytes_AsString, &def_HPyBytes_FromString, &def_HPyBytes_FromStringAndSize,)
