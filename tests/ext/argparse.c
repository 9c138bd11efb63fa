/* Argument parsing with formats and keyword names that Python chooses. */
#include "wrap.h"

#define SLOTS 8

typedef union {
    unsigned char b;
    short h;
    unsigned short H;
    int i;
    unsigned int I;
    long l;
    unsigned long k;
    long long L;
    unsigned long long K;
    HPy_ssize_t n;
    float f;
    double d;
    const char *s;
    HPy O;
    unsigned char bytes[8];
} Slot;

/* What a variable holds that no one wrote to. */
static int is_untouched(const Slot *slot)
{
    for (size_t i = 0; i < sizeof(slot->bytes); i++) {
        if (slot->bytes[i] != 0x5A)
            return 0;
    }
    return 1;
}

static HPy value_of(HPyContext *ctx, char unit, const Slot *slot)
{
    if (is_untouched(slot))
        return HPy_Dup(ctx, ctx->h_Ellipsis);
    switch (unit) {
    case 'b': case 'B': return HPyLong_FromLong(ctx, slot->b);
    case 'h': return HPyLong_FromLong(ctx, slot->h);
    case 'H': return HPyLong_FromLong(ctx, slot->H);
    case 'i': case 'p': return HPyLong_FromLong(ctx, slot->i);
    case 'I': return HPyLong_FromUnsignedLong(ctx, slot->I);
    case 'l': return HPyLong_FromLong(ctx, slot->l);
    case 'k': return HPyLong_FromUnsignedLong(ctx, slot->k);
    case 'L': return HPyLong_FromLongLong(ctx, slot->L);
    case 'K': return HPyLong_FromUnsignedLongLong(ctx, slot->K);
    case 'n': return HPyLong_FromSsize_t(ctx, slot->n);
    case 'f': return HPyFloat_FromDouble(ctx, slot->f);
    case 'd': return HPyFloat_FromDouble(ctx, slot->d);
    case 's': return HPyUnicode_FromString(ctx, slot->s);
    default: return HPy_Dup(ctx, slot->O);
    }
}

/* The list of what the units of `fmt` stored. */
static HPy values(HPyContext *ctx, const char *fmt, const Slot *slots)
{
    HPy list = HPyList_New(ctx, 0);
    for (int i = 0; *fmt != '\0' && *fmt != ':' && *fmt != ';'; fmt++) {
        if (*fmt == '|' || *fmt == '$')
            continue;
        HPy value = value_of(ctx, *fmt, &slots[i++]);
        if (HPy_IsNull(value) || HPyList_Append(ctx, list, value) < 0) {
            HPy_Close(ctx, value);
            HPy_Close(ctx, list);
            return HPy_NULL;
        }
        HPy_Close(ctx, value);
    }
    return list;
}

#define VARIABLES &out[0], &out[1], &out[2], &out[3], &out[4], &out[5], &out[6], &out[7]

/* positional(fmt, tracked, *args) */
HPyDef_METH(def_positional, "positional", HPyFunc_VARARGS)
static HPy def_positional_impl(HPyContext *ctx, HPy self, const HPy *args, size_t nargs)
{
    Slot out[SLOTS];
    HPyTracker ht;
    (void)self;
    memset(out, 0x5A, sizeof(out));
    const char *fmt = HPyUnicode_AsUTF8AndSize(ctx, args[0], NULL);
    int tracked = HPy_IsTrue(ctx, args[1]);
    if (!HPyArg_Parse(ctx, tracked ? &ht : NULL, args + 2, nargs - 2, fmt, VARIABLES))
        return HPy_NULL;
    HPy result = values(ctx, fmt, out);
    if (tracked)
        HPyTracker_Close(ctx, ht);
    return result;
}

/* Fills `names` from a tuple of str. */
static int read_names(HPyContext *ctx, HPy tuple, const char **names)
{
    HPy_ssize_t count = HPy_Length(ctx, tuple);
    if (count < 0 || count > SLOTS)
        return 0;
    for (HPy_ssize_t i = 0; i < count; i++) {
        HPy name = HPy_GetItem_i(ctx, tuple, i);
        /* The tuple keeps the text alive, in debug mode until the handle is closed: leave a copy. */
        const char *utf8 = HPyUnicode_AsUTF8AndSize(ctx, name, NULL);
        char *copy = (char *)malloc(strlen(utf8) + 1);
        names[i] = strcpy(copy, utf8);
        HPy_Close(ctx, name);
    }
    names[count] = NULL;
    return 1;
}

static void free_names(const char **names)
{
    for (; *names != NULL; names++)
        free((void *)*names);
}

/* keywords(fmt, tracked, names, *args, **kw) */
HPyDef_METH(def_keywords, "keywords", HPyFunc_KEYWORDS)
static HPy def_keywords_impl(HPyContext *ctx, HPy self, const HPy *args, size_t nargs, HPy kwnames)
{
    Slot out[SLOTS];
    HPyTracker ht;
    const char *names[SLOTS + 1];
    HPy result = HPy_NULL;
    (void)self;
    memset(out, 0x5A, sizeof(out));
    const char *fmt = HPyUnicode_AsUTF8AndSize(ctx, args[0], NULL);
    int tracked = HPy_IsTrue(ctx, args[1]);
    if (!read_names(ctx, args[2], names))
        return HPy_NULL;
    if (HPyArg_ParseKeywords(ctx, tracked ? &ht : NULL, args + 3, nargs - 3, kwnames, fmt, names, VARIABLES)) {
        result = values(ctx, fmt, out);
        if (tracked)
            HPyTracker_Close(ctx, ht);
    }
    free_names(names);
    return result;
}

/* keywords_dict(fmt, tracked, names, kw, *args) */
HPyDef_METH(def_keywords_dict, "keywords_dict", HPyFunc_VARARGS)
static HPy def_keywords_dict_impl(HPyContext *ctx, HPy self, const HPy *args, size_t nargs)
{
    Slot out[SLOTS];
    HPyTracker ht;
    const char *names[SLOTS + 1];
    HPy result = HPy_NULL;
    (void)self;
    memset(out, 0x5A, sizeof(out));
    const char *fmt = HPyUnicode_AsUTF8AndSize(ctx, args[0], NULL);
    int tracked = HPy_IsTrue(ctx, args[1]);
    if (!read_names(ctx, args[2], names))
        return HPy_NULL;
    if (HPyArg_ParseKeywordsDict(ctx, tracked ? &ht : NULL, args + 4, (HPy_ssize_t)nargs - 4,
                                 or_null(ctx, args[3]), fmt, names, VARIABLES)) {
        result = values(ctx, fmt, out);
        if (tracked)
            HPyTracker_Close(ctx, ht);
    }
    free_names(names);
    return result;
}

MODULE(argparse, &def_positional, &def_keywords, &def_keywords_dict,)
