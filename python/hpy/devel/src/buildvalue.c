/* HPy_BuildValue: a Python value from C values and a format.
 *
 *   i int                 I unsigned int
 *   l long                k unsigned long
 *   L long long           K unsigned long long
 *   n HPy_ssize_t
 *   f, d double           s const char *, UTF-8; NULL gives None
 *   O, S HPy              duplicated: the caller's handle stays the caller's
 *   (...) tuple           [...] list           {key:value, ...} dict
 *
 * No unit at all gives None, one its value, several a tuple. Spaces and commas between units are skipped;
 * in a dict commas are required. A null handle passes the exception on that is set, or raises SystemError.
 */
#include "hpy.h"
#include <stdio.h>
#include <string.h>

#define MAX_DEPTH 64

typedef struct {
    HPyContext *ctx;
    const char *fmt; /* what is left of the format */
    va_list values;
} Builder;

static HPy build_item(Builder *builder);

static HPy fail(HPyContext *ctx, const char *text)
{
    HPyErr_SetString(ctx, ctx->h_SystemError, text);
    return HPy_NULL;
}

static HPy fail_about(HPyContext *ctx, const char *what, char c)
{
    char message[128];
    /* A character that is no printable ASCII could make the message no text at all. */
    snprintf(message, sizeof(message), "%s '%c' in the format string passed to HPy_BuildValue", what,
             c >= ' ' && c <= '~' ? c : '?');
    return fail(ctx, message);
}

static char opener_of(char closer)
{
    return closer == ')' ? '(' : closer == ']' ? '[' : '{';
}

/* 1 if every bracket has its partner, else 0 with an exception. After that no one looks for the end. */
static int check_brackets(HPyContext *ctx, const char *fmt)
{
    char open[MAX_DEPTH];
    int depth = 0;
    for (; *fmt != '\0'; fmt++) {
        if (strchr("([{", *fmt) != NULL) {
            if (depth == MAX_DEPTH) {
                fail(ctx, "too many nested brackets in the format string passed to HPy_BuildValue");
                return 0;
            }
            open[depth++] = *fmt;
        } else if (strchr(")]}", *fmt) != NULL) {
            if (depth == 0 || open[depth - 1] != opener_of(*fmt)) {
                fail_about(ctx, "unmatched", depth == 0 ? *fmt : open[depth - 1]);
                return 0;
            }
            depth--;
        }
    }
    if (depth > 0) {
        fail_about(ctx, "unmatched", open[0]);
        return 0;
    }
    return 1;
}

static void skip_separators(Builder *builder)
{
    while (*builder->fmt == ' ' || *builder->fmt == '\t' || *builder->fmt == ',')
        builder->fmt++;
}

static void skip_spaces(Builder *builder)
{
    while (*builder->fmt == ' ' || *builder->fmt == '\t')
        builder->fmt++;
}

/* How many items there are up to the bracket that closes this level, or the end. */
static HPy_ssize_t count_items(const char *fmt)
{
    HPy_ssize_t count = 0;
    int depth = 0;
    for (; *fmt != '\0'; fmt++) {
        if (strchr(")]}", *fmt) != NULL) {
            if (depth-- == 0)
                break;
        } else if (strchr(" \t,:", *fmt) == NULL) {
            count += depth == 0;
            depth += strchr("([{", *fmt) != NULL;
        }
    }
    return count;
}

/* A tuple of the items up to `end`, which is skipped. */
static HPy build_tuple(Builder *builder, char end)
{
    HPyContext *ctx = builder->ctx;
    HPy_ssize_t count = count_items(builder->fmt), i;
    HPyTupleBuilder tuple = HPyTupleBuilder_New(ctx, count);
    for (i = 0; i < count; i++) {
        HPy item = build_item(builder);
        if (HPy_IsNull(item)) {
            HPyTupleBuilder_Cancel(ctx, tuple);
            return HPy_NULL;
        }
        HPyTupleBuilder_Set(ctx, tuple, i, item);
        HPy_Close(ctx, item);
    }
    skip_separators(builder);
    if (*builder->fmt == end && end != '\0')
        builder->fmt++;
    return HPyTupleBuilder_Build(ctx, tuple);
}

static HPy build_list(Builder *builder)
{
    HPyContext *ctx = builder->ctx;
    HPy_ssize_t count = count_items(builder->fmt), i;
    HPyListBuilder list = HPyListBuilder_New(ctx, count);
    for (i = 0; i < count; i++) {
        HPy item = build_item(builder);
        if (HPy_IsNull(item)) {
            HPyListBuilder_Cancel(ctx, list);
            return HPy_NULL;
        }
        HPyListBuilder_Set(ctx, list, i, item);
        HPy_Close(ctx, item);
    }
    skip_separators(builder);
    if (*builder->fmt == ']')
        builder->fmt++;
    return HPyListBuilder_Build(ctx, list);
}

/* One `key:value` into `dict`; 0 with an exception on failure. */
static int build_pair(Builder *builder, HPy dict)
{
    HPyContext *ctx = builder->ctx;
    HPy key, value;
    int stored;
    if (*builder->fmt == ',') {
        fail(ctx, "unexpected ',' in the format string passed to HPy_BuildValue");
        return 0;
    }
    key = build_item(builder);
    if (HPy_IsNull(key))
        return 0;
    skip_spaces(builder);
    if (*builder->fmt != ':') {
        fail(ctx, "missing ':' in the format string passed to HPy_BuildValue");
        HPy_Close(ctx, key);
        return 0;
    }
    builder->fmt++;
    value = build_item(builder);
    stored = HPy_IsNull(value) ? -1 : HPy_SetItem(ctx, dict, key, value);
    HPy_Close(ctx, key);
    HPy_Close(ctx, value);
    return stored == 0;
}

static HPy build_dict(Builder *builder)
{
    HPyContext *ctx = builder->ctx;
    HPy dict = HPyDict_New(ctx);
    if (HPy_IsNull(dict))
        return HPy_NULL;
    skip_spaces(builder);
    while (*builder->fmt != '}') {
        if (!build_pair(builder, dict)) {
            HPy_Close(ctx, dict);
            return HPy_NULL;
        }
        skip_spaces(builder);
        if (*builder->fmt == ',') {
            builder->fmt++;
            skip_spaces(builder);
        } else if (*builder->fmt != '}') {
            fail(ctx, "missing ',' in the format string passed to HPy_BuildValue");
            HPy_Close(ctx, dict);
            return HPy_NULL;
        }
    }
    builder->fmt++;
    return dict;
}

static HPy build_handle(Builder *builder)
{
    HPyContext *ctx = builder->ctx;
    HPy h = va_arg(builder->values, HPy);
    if (!HPy_IsNull(h))
        return HPy_Dup(ctx, h);
    return HPyErr_Occurred(ctx) ? HPy_NULL : fail(ctx, "HPy_NULL object passed to HPy_BuildValue");
}

static HPy build_text(Builder *builder)
{
    HPyContext *ctx = builder->ctx;
    const char *text = va_arg(builder->values, const char *);
    return text == NULL ? HPy_Dup(ctx, ctx->h_None) : HPyUnicode_FromString(ctx, text);
}

static HPy build_item(Builder *builder)
{
    HPyContext *ctx = builder->ctx;
    char unit;
    skip_separators(builder);
    unit = *builder->fmt;
    if (unit != '\0')
        builder->fmt++;
    switch (unit) {
    case '(':
        return build_tuple(builder, ')');
    case '[':
        return build_list(builder);
    case '{':
        return build_dict(builder);
    case 'i':
        return HPyLong_FromLong(ctx, va_arg(builder->values, int));
    case 'I':
        return HPyLong_FromUnsignedLong(ctx, va_arg(builder->values, unsigned int));
    case 'l':
        return HPyLong_FromLong(ctx, va_arg(builder->values, long));
    case 'k':
        return HPyLong_FromUnsignedLong(ctx, va_arg(builder->values, unsigned long));
    case 'L':
        return HPyLong_FromLongLong(ctx, va_arg(builder->values, long long));
    case 'K':
        return HPyLong_FromUnsignedLongLong(ctx, va_arg(builder->values, unsigned long long));
    case 'n':
        return HPyLong_FromSsize_t(ctx, va_arg(builder->values, HPy_ssize_t));
    case 'f': /* a float argument arrives as a double */
    case 'd':
        return HPyFloat_FromDouble(ctx, va_arg(builder->values, double));
    case 's':
        return build_text(builder);
    case 'O':
    case 'S':
        return build_handle(builder);
    case 'N':
        return fail(ctx, "HPy_BuildValue does not support the 'N' formatting unit. HPy functions never take "
                         "a handle over: use 'O' and close the handle yourself.");
    default:
        return fail_about(ctx, "bad format char", unit);
    }
}

HPyAPI_HELPER HPy HPy_BuildValue(HPyContext *ctx, const char *fmt, ...)
{
    Builder builder;
    HPy result;
    if (!check_brackets(ctx, fmt))
        return HPy_NULL;
    builder.ctx = ctx;
    builder.fmt = fmt;
    va_start(builder.values, fmt);
    switch (count_items(fmt)) {
    case 0:
        result = HPy_Dup(ctx, ctx->h_None);
        break;
    case 1:
        result = build_item(&builder);
        break;
    default:
        result = build_tuple(&builder, '\0');
    }
    va_end(builder.values);
    return result;
}
