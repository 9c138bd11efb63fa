/* HPyArg_Parse, HPyArg_ParseKeywords, HPyArg_ParseKeywordsDict.
 *
 * A format is a sequence of units, one per argument; each has the address of a C variable after it:
 *
 *   b  unsigned char       0..255, else OverflowError
 *   B  unsigned char       any int, low bits
 *   h  short               OverflowError out of range
 *   H  unsigned short      any int, low bits
 *   i  int                 OverflowError out of range
 *   I  unsigned int        any int, low bits
 *   l  long                OverflowError out of range
 *   k  unsigned long       any int, low bits
 *   L  long long           OverflowError out of range
 *   K  unsigned long long  any int, low bits
 *   n  HPy_ssize_t         OverflowError out of range
 *   f  float               anything float() takes by __float__ or __index__
 *   d  double              the same
 *   s  const char *        a str without NUL characters, as UTF-8; valid while the argument is
 *   p  int                 1 if the argument is true, else 0
 *   O  HPy                 any object, see below
 *
 * `|` makes the arguments after it optional: the variables of missing ones keep their values. `$` (keywords
 * only) makes the arguments after it optional and keyword-only. `:name` ends the format and names the function
 * in messages; `;message` ends it and replaces all messages.
 *
 * Handles: HPyArg_Parse stores the very handles of `args`, which belong to the caller. The keyword functions
 * store new handles and need a tracker for them: on success close it with HPyTracker_Close when the handles
 * are no longer needed; on failure there is nothing to close. A keyword whose name is "" is positional-only;
 * such names come first.
 */
#include "hpy.h"
#include <limits.h>
#include <stdio.h>
#include <string.h>

/* A va_list that functions can share by address, which an array type could not. */
typedef struct {
    va_list list;
} Outputs;

/* What becomes of an argument's handle that is stored with `O`. */
typedef enum {
    STORE_BORROWED,  /* it is the caller's */
    STORE_DUPLICATE, /* it is the caller's, but the variable's must outlive it */
    STORE_TRACKED    /* the tracker closes it already */
} Ownership;

typedef struct {
    HPyContext *ctx;
    HPyTracker *tracker; /* may be NULL */
    const char *fmt;
} Parser;

static Parser parser_new(HPyContext *ctx, HPyTracker *tracker, const char *fmt)
{
    Parser parser;
    parser.ctx = ctx;
    parser.tracker = tracker;
    parser.fmt = fmt;
    return parser;
}

/* Whether a format goes on: what follows the units is for messages. */
static int has_unit(const char *fmt)
{
    return *fmt != '\0' && *fmt != ':' && *fmt != ';';
}

/* Raises `type` with `text`, or with what the format gives in its place. Returns 0. */
static int fail(const Parser *parser, HPy type, const char *text)
{
    char message[512];
    const char *end = parser->fmt;
    while (has_unit(end))
        end++;
    if (*end == ';') {
        HPyErr_SetString(parser->ctx, type, end + 1);
        return 0;
    }
    if (*end == ':')
        snprintf(message, sizeof(message), "%.200s() %.256s", end + 1, text);
    else
        snprintf(message, sizeof(message), "function %.256s", text);
    HPyErr_SetString(parser->ctx, type, message);
    return 0;
}

static int fail_about(const Parser *parser, HPy type, const char *text, const char *keyword)
{
    char message[256];
    snprintf(message, sizeof(message), text, keyword);
    return fail(parser, type, message);
}

/* Whether `arg` may be read as an int. CPython 3.9 would read a float, as its own argument parsing does not. */
static int is_integral(const Parser *parser, HPy arg)
{
    HPyContext *ctx = parser->ctx;
    if (!HPy_TypeCheck(ctx, arg, ctx->h_FloatType))
        return 1;
    HPyErr_SetString(ctx, ctx->h_TypeError, "'float' object cannot be interpreted as an integer");
    return 0;
}

/* Reads an int between `low` and `high`; `kind` says what it is. */
static int read_long(const Parser *parser, HPy arg, long low, long high, const char *kind, long *value)
{
    char message[128];
    if (!is_integral(parser, arg))
        return 0;
    *value = HPyLong_AsLong(parser->ctx, arg);
    if (*value == -1 && HPyErr_Occurred(parser->ctx))
        return 0;
    if (*value >= low && *value <= high)
        return 1;
    snprintf(message, sizeof(message), "%s is %s", kind,
             *value < low ? "less than minimum" : "greater than maximum");
    return fail(parser, parser->ctx->h_OverflowError, message);
}

static int read_bits(const Parser *parser, HPy arg, unsigned long long *value)
{
    if (!is_integral(parser, arg))
        return 0;
    *value = HPyLong_AsUnsignedLongLongMask(parser->ctx, arg);
    return !(*value == (unsigned long long)-1 && HPyErr_Occurred(parser->ctx));
}

static int read_double(const Parser *parser, HPy arg, double *value)
{
    *value = HPyFloat_AsDouble(parser->ctx, arg);
    return !(*value == -1.0 && HPyErr_Occurred(parser->ctx));
}

static int read_text(const Parser *parser, HPy arg, const char **value)
{
    HPyContext *ctx = parser->ctx;
    HPy_ssize_t size = 0;
    const char *text;
    if (!HPyUnicode_Check(ctx, arg))
        return fail(parser, ctx->h_TypeError, "a str is required");
    text = HPyUnicode_AsUTF8AndSize(ctx, arg, &size);
    if (text == NULL)
        return 0;
    if (memchr(text, '\0', (size_t)size) != NULL)
        return fail(parser, ctx->h_ValueError, "embedded null character");
    *value = text;
    return 1;
}

static int read_handle(const Parser *parser, HPy arg, Ownership ownership, HPy *value)
{
    HPyContext *ctx = parser->ctx;
    HPy copy;
    if (ownership != STORE_DUPLICATE) {
        *value = arg;
        return 1;
    }
    copy = HPy_Dup(ctx, arg);
    if (HPyTracker_Add(ctx, *parser->tracker, copy) < 0) {
        HPy_Close(ctx, copy);
        return 0;
    }
    *value = copy;
    return 1;
}

/* One unit: takes its variable's address from `outputs` and, unless `arg` is null, stores the value. */
static int parse_unit(const Parser *parser, char unit, HPy arg, Ownership ownership, Outputs *outputs)
{
    int given = !HPy_IsNull(arg);
    long number = 0;
    unsigned long long bits = 0;
    double real = 0.0;

#define OUTPUT(type) type *out = va_arg(outputs->list, type *)
    switch (unit) {
    case 'b': {
        OUTPUT(unsigned char);
        if (!given)
            return 1;
        if (!read_long(parser, arg, 0, UCHAR_MAX, "unsigned byte integer", &number))
            return 0;
        *out = (unsigned char)number;
        return 1;
    }
    case 'B': {
        OUTPUT(unsigned char);
        if (!given)
            return 1;
        if (!read_bits(parser, arg, &bits))
            return 0;
        *out = (unsigned char)bits;
        return 1;
    }
    case 'h': {
        OUTPUT(short);
        if (!given)
            return 1;
        if (!read_long(parser, arg, SHRT_MIN, SHRT_MAX, "signed short integer", &number))
            return 0;
        *out = (short)number;
        return 1;
    }
    case 'H': {
        OUTPUT(unsigned short);
        if (!given)
            return 1;
        if (!read_bits(parser, arg, &bits))
            return 0;
        *out = (unsigned short)bits;
        return 1;
    }
    case 'i': {
        OUTPUT(int);
        if (!given)
            return 1;
        if (!read_long(parser, arg, INT_MIN, INT_MAX, "signed integer", &number))
            return 0;
        *out = (int)number;
        return 1;
    }
    case 'I': {
        OUTPUT(unsigned int);
        if (!given)
            return 1;
        if (!read_bits(parser, arg, &bits))
            return 0;
        *out = (unsigned int)bits;
        return 1;
    }
    case 'l': {
        OUTPUT(long);
        if (!given)
            return 1;
        if (!read_long(parser, arg, LONG_MIN, LONG_MAX, "", &number))
            return 0;
        *out = number;
        return 1;
    }
    case 'k': {
        OUTPUT(unsigned long);
        if (!given)
            return 1;
        if (!read_bits(parser, arg, &bits))
            return 0;
        *out = (unsigned long)bits;
        return 1;
    }
    case 'L': {
        OUTPUT(long long);
        long long value;
        if (!given)
            return 1;
        if (!is_integral(parser, arg))
            return 0;
        value = HPyLong_AsLongLong(parser->ctx, arg);
        if (value == -1 && HPyErr_Occurred(parser->ctx))
            return 0;
        *out = value;
        return 1;
    }
    case 'K': {
        OUTPUT(unsigned long long);
        if (!given)
            return 1;
        if (!read_bits(parser, arg, &bits))
            return 0;
        *out = bits;
        return 1;
    }
    case 'n': {
        OUTPUT(HPy_ssize_t);
        HPy_ssize_t value;
        if (!given)
            return 1;
        if (!is_integral(parser, arg))
            return 0;
        /* Not HPyLong_AsSsize_t: that one takes no __index__. */
        value = sizeof(HPy_ssize_t) == sizeof(int64_t) ? (HPy_ssize_t)HPyLong_AsInt64_t(parser->ctx, arg)
                                                       : (HPy_ssize_t)HPyLong_AsInt32_t(parser->ctx, arg);
        if (value == -1 && HPyErr_Occurred(parser->ctx))
            return 0;
        *out = value;
        return 1;
    }
    case 'f': {
        OUTPUT(float);
        if (!given)
            return 1;
        if (!read_double(parser, arg, &real))
            return 0;
        *out = (float)real;
        return 1;
    }
    case 'd': {
        OUTPUT(double);
        if (!given)
            return 1;
        if (!read_double(parser, arg, &real))
            return 0;
        *out = real;
        return 1;
    }
    case 's': {
        OUTPUT(const char *);
        return !given || read_text(parser, arg, out);
    }
    case 'p': {
        OUTPUT(int);
        int truth;
        if (!given)
            return 1;
        truth = HPy_IsTrue(parser->ctx, arg);
        if (truth < 0)
            return 0;
        *out = truth != 0;
        return 1;
    }
    case 'O': {
        OUTPUT(HPy);
        return !given || read_handle(parser, arg, ownership, out);
    }
    default:
        return fail(parser, parser->ctx->h_SystemError, "unknown arg format code");
    }
#undef OUTPUT
}

static int tracker_open(const Parser *parser)
{
    if (parser->tracker == NULL)
        return 1;
    *parser->tracker = HPyTracker_New(parser->ctx, 0);
    return !HPy_IsNull(*parser->tracker);
}

/* Closes the tracker of a parse that failed. */
static int tracker_close_if_failed(const Parser *parser, int parsed)
{
    if (!parsed && parser->tracker != NULL)
        HPyTracker_Close(parser->ctx, *parser->tracker);
    return parsed;
}

static int parse_positional(const Parser *parser, const HPy *args, size_t nargs, const char *fmt,
                            Outputs *outputs)
{
    int optional = 0;
    size_t i = 0;
    for (; has_unit(fmt); fmt++) {
        HPy arg;
        if (*fmt == '|') {
            optional = 1;
            continue;
        }
        arg = i < nargs ? args[i] : HPy_NULL;
        if (HPy_IsNull(arg) && !optional)
            return fail(parser, parser->ctx->h_TypeError, "required positional argument missing");
        if (!parse_unit(parser, *fmt, arg, STORE_BORROWED, outputs))
            return 0;
        i++;
    }
    if (i < nargs)
        return fail(parser, parser->ctx->h_TypeError, "mismatched args (too many arguments for fmt)");
    return 1;
}

HPyAPI_HELPER int HPyArg_Parse(HPyContext *ctx, HPyTracker *ht, const HPy *args, size_t nargs, const char *fmt,
                               ...)
{
    Parser parser = parser_new(ctx, ht, fmt);
    Outputs outputs;
    int parsed;
    if (!tracker_open(&parser))
        return 0;
    va_start(outputs.list, fmt);
    parsed = parse_positional(&parser, args, nargs, fmt, &outputs);
    va_end(outputs.list);
    return tracker_close_if_failed(&parser, parsed);
}

/* The keyword arguments of a call, in one of the two forms that implementations get them in. */
typedef struct {
    HPy names;         /* a tuple of str, or null */
    const HPy *values; /* of the names */
    HPy dict;          /* or null */
    HPy_ssize_t count;
} Keywords;

/* 1 if the str `name` is `keyword`, 0 if it is not, -1 with an exception. */
static int is_keyword(const Parser *parser, HPy name, const char *keyword)
{
    HPy_ssize_t size = 0;
    const char *text = HPyUnicode_AsUTF8AndSize(parser->ctx, name, &size);
    if (text == NULL)
        return -1;
    return strlen(keyword) == (size_t)size && memcmp(text, keyword, (size_t)size) == 0;
}

/* Looks a keyword up. 1 with its value in `arg`, 0 if it is not there, -1 with an exception. A value from a
   dict is a new handle: `ownership` says if the tracker has it, STORE_BORROWED if the caller must close it. */
static int find_keyword(const Parser *parser, const Keywords *keywords, const char *keyword, HPy *arg,
                        Ownership *ownership, int *close)
{
    HPyContext *ctx = parser->ctx;
    HPy_ssize_t i;
    if (!HPy_IsNull(keywords->dict)) {
        *arg = HPy_GetItem_s(ctx, keywords->dict, keyword);
        if (HPy_IsNull(*arg)) {
            if (!HPyErr_ExceptionMatches(ctx, ctx->h_KeyError))
                return -1;
            HPyErr_Clear(ctx);
            return 0;
        }
        if (parser->tracker == NULL) {
            *close = 1;
            return 1;
        }
        if (HPyTracker_Add(ctx, *parser->tracker, *arg) < 0) {
            HPy_Close(ctx, *arg);
            return -1;
        }
        *ownership = STORE_TRACKED;
        return 1;
    }
    for (i = 0; i < keywords->count; i++) {
        int same;
        HPy name = HPy_GetItem_i(ctx, keywords->names, i);
        if (HPy_IsNull(name))
            return -1;
        same = is_keyword(parser, name, keyword);
        HPy_Close(ctx, name);
        if (same < 0)
            return -1;
        if (same) {
            *arg = keywords->values[i];
            return 1;
        }
    }
    return 0;
}

/* Raises for the keyword at `index` of `names`, an iterable of str, if no parameter has its name; 1 if one has. */
static int check_keyword(const Parser *parser, HPy name, const char *const *parameters, size_t nargs)
{
    size_t i;
    HPyContext *ctx = parser->ctx;
    const char *text;
    for (i = 0; parameters[i] != NULL; i++) {
        int same = *parameters[i] == '\0' ? 0 : is_keyword(parser, name, parameters[i]);
        if (same < 0)
            return 0;
        if (same)
            return i >= nargs || fail_about(parser, ctx->h_TypeError,
                                            "argument '%.100s' is given by position and by name", parameters[i]);
    }
    text = HPyUnicode_AsUTF8AndSize(ctx, name, NULL);
    if (text == NULL)
        return 0;
    return fail_about(parser, ctx->h_TypeError, "got an unexpected keyword argument '%.100s'", text);
}

/* 1 if each keyword that was given names a parameter that is not given by position. */
static int check_keywords(const Parser *parser, const Keywords *keywords, const char *const *parameters,
                          size_t nargs)
{
    HPyContext *ctx = parser->ctx;
    HPy names = keywords->names;
    HPy_ssize_t i;
    int good = 1;
    if (keywords->count == 0)
        return 1;
    if (!HPy_IsNull(keywords->dict)) {
        names = HPyDict_Keys(ctx, keywords->dict);
        if (HPy_IsNull(names))
            return 0;
    }
    for (i = 0; good && i < keywords->count; i++) {
        HPy name = HPy_GetItem_i(ctx, names, i);
        good = !HPy_IsNull(name) && check_keyword(parser, name, parameters, nargs);
        HPy_Close(ctx, name);
    }
    if (!HPy_IsNull(keywords->dict))
        HPy_Close(ctx, names);
    return good;
}

/* "" is a name for the first parameters only. What is wrong with the names is said before what is wrong with a call. */
static int check_parameters(const Parser *parser, const char *const *parameters)
{
    size_t i = 0;
    while (parameters[i] != NULL && *parameters[i] == '\0')
        i++;
    for (; parameters[i] != NULL; i++) {
        if (*parameters[i] == '\0')
            return fail(parser, parser->ctx->h_SystemError, "empty keyword parameter name");
    }
    return 1;
}

static int parse_with_keywords(const Parser *parser, const HPy *args, size_t nargs, const Keywords *keywords,
                               const char *fmt, const char *const *parameters, Outputs *outputs)
{
    HPyContext *ctx = parser->ctx;
    int optional = 0, keyword_only = 0, named = 0;
    size_t i = 0, matched = 0;
    for (; has_unit(fmt); fmt++) {
        HPy arg = HPy_NULL;
        Ownership ownership = STORE_DUPLICATE;
        int close = 0, parsed;
        if (*fmt == '|' || *fmt == '$') {
            optional = 1;
            keyword_only |= *fmt == '$';
            continue;
        }
        if (*fmt == 'O' && parser->tracker == NULL)
            return fail(parser, ctx->h_SystemError,
                        "HPyArg_ParseKeywords cannot use the format character 'O' unless"
                        " an HPyTracker is provided. Please supply an HPyTracker.");
        if (parameters[i] == NULL)
            return fail(parser, ctx->h_TypeError, "mismatched args (too few keywords for fmt)");
        if (named && *parameters[i] == '\0')
            return check_parameters(parser, parameters); /* says so */
        named = *parameters[i] != '\0';
        if (i < nargs) {
            if (keyword_only)
                return fail(parser, ctx->h_TypeError, "keyword only argument passed as positional argument");
            arg = args[i];
        } else if (keywords->count > 0 && named) {
            int found = find_keyword(parser, keywords, parameters[i], &arg, &ownership, &close);
            if (found < 0)
                return 0;
            matched += (size_t)found;
        }
        if (HPy_IsNull(arg) && !optional)
            return check_parameters(parser, parameters) &&
                fail(parser, ctx->h_TypeError, "no value for required argument");
        parsed = parse_unit(parser, *fmt, arg, ownership, outputs);
        if (close)
            HPy_Close(ctx, arg);
        if (!parsed)
            return 0;
        i++;
    }
    if (parameters[i] != NULL)
        return fail(parser, ctx->h_TypeError, "mismatched args (too many keywords for fmt)");
    if (i < nargs)
        return fail(parser, ctx->h_TypeError, "mismatched args (too many arguments for fmt)");
    return matched == (size_t)keywords->count || check_keywords(parser, keywords, parameters, nargs);
}

static int keywords_entry(HPyContext *ctx, HPyTracker *ht, const HPy *args, size_t nargs, Keywords *keywords,
                          const char *fmt, const char *const *parameters, Outputs *outputs)
{
    Parser parser = parser_new(ctx, ht, fmt);
    HPy source = HPy_IsNull(keywords->dict) ? keywords->names : keywords->dict;
    keywords->count = HPy_IsNull(source) ? 0 : HPy_Length(ctx, source);
    if (keywords->count < 0 || !tracker_open(&parser))
        return 0;
    return tracker_close_if_failed(
        &parser, parse_with_keywords(&parser, args, nargs, keywords, fmt, parameters, outputs));
}

HPyAPI_HELPER int HPyArg_ParseKeywords(HPyContext *ctx, HPyTracker *ht, const HPy *args, size_t nargs,
                                       HPy kwnames, const char *fmt, const char *keywords[], ...)
{
    Keywords given;
    Outputs outputs;
    int parsed;
    given.names = kwnames;
    given.values = args == NULL ? NULL : args + nargs;
    given.dict = HPy_NULL;
    va_start(outputs.list, keywords);
    parsed = keywords_entry(ctx, ht, args, nargs, &given, fmt, keywords, &outputs);
    va_end(outputs.list);
    return parsed;
}

HPyAPI_HELPER int HPyArg_ParseKeywordsDict(HPyContext *ctx, HPyTracker *ht, const HPy *args, HPy_ssize_t nargs,
                                           HPy kw, const char *fmt, const char *keywords[], ...)
{
    Keywords given;
    Outputs outputs;
    int parsed;
    given.names = HPy_NULL;
    given.values = NULL;
    given.dict = kw;
#ifndef HPY_ABI_CPYTHON
    /* PyPy 7.3.19 gives constructors the names as a tuple, and the values behind the positional arguments. */
    if (_hpy_places_later && !HPy_IsNull(kw) && HPyTuple_Check(ctx, kw)) {
        given.names = kw;
        given.values = args == NULL ? NULL : args + nargs;
        given.dict = HPy_NULL;
    }
#endif
    va_start(outputs.list, keywords);
    parsed = keywords_entry(ctx, ht, args, (size_t)nargs, &given, fmt, keywords, &outputs);
    va_end(outputs.list);
    return parsed;
}
