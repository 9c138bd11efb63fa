/* Formats: HPyUnicode_FromFormat, HPyErr_Format, HPy_BuildValue; struct sequences; HPyHelpers. */
#include "wrap.h"
#include <limits.h>

/* format(fmt, kind, value): one value of the C type that `kind` names. */
FUNC(format, 3)
{
    const char *fmt = HPyUnicode_AsUTF8AndSize(ctx, args[0], NULL);
    const char *kind = HPyUnicode_AsUTF8AndSize(ctx, args[1], NULL);
    if (strcmp(kind, "int") == 0)
        return HPyUnicode_FromFormat(ctx, fmt, (int)HPyLong_AsInt32_t(ctx, args[2]));
    if (strcmp(kind, "unsigned") == 0)
        return HPyUnicode_FromFormat(ctx, fmt, (unsigned)HPyLong_AsUInt32_tMask(ctx, args[2]));
    if (strcmp(kind, "long") == 0)
        return HPyUnicode_FromFormat(ctx, fmt, HPyLong_AsLong(ctx, args[2]));
    if (strcmp(kind, "long long") == 0)
        return HPyUnicode_FromFormat(ctx, fmt, HPyLong_AsLongLong(ctx, args[2]));
    if (strcmp(kind, "unsigned long long") == 0)
        return HPyUnicode_FromFormat(ctx, fmt, HPyLong_AsUnsignedLongLongMask(ctx, args[2]));
    if (strcmp(kind, "ssize") == 0)
        return HPyUnicode_FromFormat(ctx, fmt, HPyLong_AsSsize_t(ctx, args[2]));
    if (strcmp(kind, "bytes") == 0)
        return HPyUnicode_FromFormat(ctx, fmt, HPyBytes_AsString(ctx, args[2]));
    if (strcmp(kind, "pointer") == 0)
        return HPyUnicode_FromFormat(ctx, fmt, (void *)(uintptr_t)HPyLong_AsUnsignedLongLong(ctx, args[2]));
    if (strcmp(kind, "object or bytes") == 0)
        return HPyUnicode_FromFormat(ctx, fmt, HPy_NULL, HPyBytes_AsString(ctx, args[2]));
    return HPyUnicode_FromFormat(ctx, fmt, or_null(ctx, args[2]), "not used");
}

FUNC(raise_formatted, 2)
{
    return HPyErr_Format(ctx, args[0], "%R, %d of %s", args[1], 3, "those");
}

/* build(fmt): the ints 1, 2, 3... and whatever else the format takes is an int of that size. */
FUNC(build, 1)
{
    const char *fmt = HPyUnicode_AsUTF8AndSize(ctx, args[0], NULL);
    return HPy_BuildValue(ctx, fmt, 1, 2, 3, 4, 5, 6, 7, 8);
}

FUNC(build_limits, 0)
{
    (void)args;
    return HPy_BuildValue(ctx, "iIlkLKn", INT_MIN, UINT_MAX, LONG_MIN, ULONG_MAX, LLONG_MIN, ULLONG_MAX,
                          HPY_SSIZE_T_MIN);
}

FUNC(build_nested, 2)
{
    return HPy_BuildValue(ctx, "{s:[O,(d f)], s:{}, O:()}", "first", args[0], 0.5, 0.25f, "second", args[1]);
}

FUNC(build_text, 0)
{
    (void)args;
    return HPy_BuildValue(ctx, "ss", "Grüße", (const char *)NULL);
}

FUNC(build_null, 0)
{
    (void)args;
    return HPy_BuildValue(ctx, "(iO)", 1, HPy_NULL);
}

FUNC(build_bad_key, 1)
{
    return HPy_BuildValue(ctx, "{O:i}", args[0], 1);
}

/* new_type(name, doc, fields): fields are (name, doc) pairs; None for an unnamed field or no doc. */
FUNC(new_type, 3)
{
    HPyStructSequence_Field fields[8] = {{NULL, NULL}};
    HPy_ssize_t count = HPy_Length(ctx, args[2]);
    const char *texts[16] = {NULL};
    HPyTracker ht = HPyTracker_New(ctx, 0);
    for (HPy_ssize_t i = 0; i < count * 2; i++) {
        HPy pair = HPy_GetItem_i(ctx, args[2], i / 2);
        HPy item = HPy_GetItem_i(ctx, pair, i % 2);
        HPy_Close(ctx, pair);
        HPyTracker_Add(ctx, ht, item);
        texts[i] = HPy_Is(ctx, item, ctx->h_None) ? NULL : HPyUnicode_AsUTF8AndSize(ctx, item, NULL);
    }
    for (HPy_ssize_t i = 0; i < count; i++) {
        fields[i].name = texts[2 * i] == NULL ? HPyStructSequence_UnnamedField : texts[2 * i];
        fields[i].doc = texts[2 * i + 1];
    }
    int failed;
    HPyStructSequence_Desc desc = {text(ctx, args[0], &failed), text(ctx, args[1], &failed), fields};
    HPy type = HPyStructSequence_NewType(ctx, &desc);
    HPyTracker_Close(ctx, ht);
    return type;
}

/* new_value(type, *items) */
HPyDef_METH(def_new_value, "new_value", HPyFunc_VARARGS)
static HPy def_new_value_impl(HPyContext *ctx, HPy self, const HPy *args, size_t nargs)
{
    (void)self;
    return HPyStructSequence_New(ctx, args[0], (HPy_ssize_t)nargs - 1, (HPy *)args + 1);
}

/* pack(*args, **kw): the tuple and the dict, None for null */
HPyDef_METH(def_pack, "pack", HPyFunc_KEYWORDS)
static HPy def_pack_impl(HPyContext *ctx, HPy self, const HPy *args, size_t nargs, HPy kwnames)
{
    HPy tuple, dict;
    (void)self;
    if (!HPyHelpers_PackArgsAndKeywords(ctx, args, nargs, kwnames, &tuple, &dict))
        return HPy_NULL;
    HPy result = HPy_BuildValue(ctx, "OO", HPy_IsNull(tuple) ? ctx->h_None : tuple,
                                HPy_IsNull(dict) ? ctx->h_None : dict);
    HPy_Close(ctx, tuple);
    HPy_Close(ctx, dict);
    return result;
}

/* adjust(length, start, stop, step) */
FUNC(adjust, 4)
{
    HPy_ssize_t n[4];
    if (!HPyArg_Parse(ctx, NULL, args, 4, "nnnn", &n[0], &n[1], &n[2], &n[3]))
        return HPy_NULL;
    HPy_ssize_t count = HPySlice_AdjustIndices(ctx, n[0], &n[1], &n[2], n[3]);
    return HPy_BuildValue(ctx, "nnn", n[1], n[2], count);
}

MODULE(textual, &def_format, &def_raise_formatted, &def_build, &def_build_limits, &def_build_nested, &def_build_text,
       &def_build_null, &def_build_bad_key, &def_new_type, &def_new_value, &def_pack, &def_adjust,)
