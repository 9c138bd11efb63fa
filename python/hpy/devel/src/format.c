/* HPyUnicode_FromFormat, HPyUnicode_FromFormatV, HPyErr_Format.
 *
 * A unit is `%[0][width][.precision]conversion`:
 *
 *   %%                                   the percent sign (no width, no precision)
 *   %c  int                              the character (no width, no precision)
 *   %d %i %u %x                          int, unsigned int, int in hexadecimal
 *   %ld %li %lu  %lld %lli %llu          long, long long
 *   %zd %zi %zu                          HPy_ssize_t, size_t
 *   %p  const void *                     0x and hexadecimal digits (no width, no precision)
 *   %s  const char *                     UTF-8; what is no UTF-8 becomes U+FFFD
 *   %U  HPy                              a str
 *   %V  HPy, const char *                the str, or the UTF-8 text if the handle is null
 *   %S %R %A  HPy                        str(), repr(), ascii() of the object
 *
 * `width` is the least number of characters: spaces come before shorter text, zeros with the flag 0, which
 * numbers have. `precision` is the least number of digits of a number and the most characters of a text, bytes
 * with %s and the second argument of %V.
 */
#include "hpy.h"
#include <stdio.h>
#include <string.h>

/* Text under construction: UTF-8, in which surrogates may be encoded too. */
typedef struct {
    HPyContext *ctx;
    char *bytes;
    size_t length;
    size_t capacity;
    int has_surrogates;
} Text;

/* A unit of the format. */
typedef struct {
    int zero_pad;
    int has_width;
    int has_precision;
    size_t width;
    size_t precision;
    int longs; /* how many l */
    int is_size;
    char conversion;
} Unit;

static int fail(HPyContext *ctx, HPy type, const char *message)
{
    HPyErr_SetString(ctx, type, message);
    return 0;
}

static int fail_about(HPyContext *ctx, const char *message, char conversion)
{
    char text[128];
    snprintf(text, sizeof(text), message, conversion);
    return fail(ctx, ctx->h_SystemError, text);
}

/* Room for `more` bytes and a NUL; 0 with a MemoryError. */
static int reserve(Text *text, size_t more)
{
    const size_t most = (size_t)HPY_SSIZE_T_MAX;
    size_t capacity;
    char *bytes;
    if (more < text->capacity - text->length)
        return 1;
    if (more >= most - text->length)
        return fail(text->ctx, text->ctx->h_MemoryError, "cannot allocate memory for string format");
    capacity = text->length + more + 1;
    if (capacity < text->capacity * 2 && text->capacity < most / 2)
        capacity = text->capacity * 2;
    bytes = (char *)realloc(text->bytes, capacity);
    if (bytes == NULL)
        return fail(text->ctx, text->ctx->h_MemoryError, "cannot allocate memory for string format");
    text->bytes = bytes;
    text->capacity = capacity;
    return 1;
}

static int append(Text *text, const char *bytes, size_t length)
{
    if (!reserve(text, length))
        return 0;
    memcpy(text->bytes + text->length, bytes, length);
    text->length += length;
    return 1;
}

static int append_repeated(Text *text, char c, size_t count)
{
    if (!reserve(text, count))
        return 0;
    memset(text->bytes + text->length, c, count);
    text->length += count;
    return 1;
}

/* How many bytes of `bytes` are one character of well-formed UTF-8, 0 if none are. */
static size_t character_length(const unsigned char *bytes, size_t length)
{
    unsigned char first = bytes[0];
    unsigned char low = 0x80, high = 0xBF; /* of the second byte */
    size_t count, i;
    if (first < 0x80)
        return 1;
    if (first >= 0xC2 && first <= 0xDF)
        count = 2;
    else if (first >= 0xE0 && first <= 0xEF)
        count = 3;
    else if (first >= 0xF0 && first <= 0xF4)
        count = 4;
    else
        return 0;
    if (first == 0xE0)
        low = 0xA0;
    else if (first == 0xED)
        high = 0x9F;
    else if (first == 0xF0)
        low = 0x90;
    else if (first == 0xF4)
        high = 0x8F;
    if (length < count || bytes[1] < low || bytes[1] > high)
        return 0;
    for (i = 2; i < count; i++) {
        if (bytes[i] < 0x80 || bytes[i] > 0xBF)
            return 0;
    }
    return count;
}

/* The number of characters: bytes that do not continue one. */
static size_t count_characters(const char *bytes, size_t length)
{
    size_t count = 0, i;
    for (i = 0; i < length; i++)
        count += ((unsigned char)bytes[i] & 0xC0) != 0x80;
    return count;
}

/* The number of bytes that the first `characters` characters have. */
static size_t prefix_length(const char *bytes, size_t length, size_t characters)
{
    size_t i;
    for (i = 0; i < length; i++) {
        if (((unsigned char)bytes[i] & 0xC0) != 0x80 && characters-- == 0)
            break;
    }
    return i;
}

static int pad(Text *text, const Unit *unit, size_t characters)
{
    return !unit->has_width || characters >= unit->width ||
           append_repeated(text, ' ', unit->width - characters);
}

/* C text that should be UTF-8: its precision counts bytes. */
static int append_c_text(Text *text, const Unit *unit, const char *bytes)
{
    static const char replacement[] = "\xEF\xBF\xBD";
    size_t length = 0, characters = 0, i, step;
    while (bytes[length] != '\0' && !(unit->has_precision && length >= unit->precision))
        length++;
    for (i = 0; i < length; i += step == 0 ? 1 : step) {
        step = character_length((const unsigned char *)bytes + i, length - i);
        characters++;
    }
    if (!pad(text, unit, characters))
        return 0;
    for (i = 0; i < length; i += step == 0 ? 1 : step) {
        step = character_length((const unsigned char *)bytes + i, length - i);
        if (!(step == 0 ? append(text, replacement, 3) : append(text, bytes + i, step)))
            return 0;
    }
    return 1;
}

static int append_utf8(Text *text, const Unit *unit, const char *bytes, size_t length)
{
    if (unit->has_precision)
        length = prefix_length(bytes, length, unit->precision);
    return pad(text, unit, count_characters(bytes, length)) && append(text, bytes, length);
}

/* A str that is no UTF-8, by str.encode. */
static int append_surrogates(Text *text, const Unit *unit, HPy str)
{
    HPyContext *ctx = text->ctx;
    HPy args, bytes;
    int appended = 0;
    HPyErr_Clear(ctx);
    args = HPy_BuildValue(ctx, "(ss)", "utf-8", "surrogatepass");
    if (HPy_IsNull(args))
        return 0;
    bytes = HPy_CallMethodTupleDict_s(ctx, "encode", str, args, HPy_NULL);
    HPy_Close(ctx, args);
    if (HPy_IsNull(bytes))
        return 0;
    if (HPyBytes_Check(ctx, bytes)) {
        text->has_surrogates = 1;
        appended = append_utf8(text, unit, HPyBytes_AS_STRING(ctx, bytes),
                               (size_t)HPyBytes_GET_SIZE(ctx, bytes));
    } else {
        fail(ctx, ctx->h_TypeError, "str.encode did not return bytes");
    }
    HPy_Close(ctx, bytes);
    return appended;
}

/* A str: its precision counts characters. */
static int append_str(Text *text, const Unit *unit, HPy str)
{
    HPyContext *ctx = text->ctx;
    HPy_ssize_t size = 0;
    const char *bytes = HPyUnicode_AsUTF8AndSize(ctx, str, &size);
    if (bytes != NULL)
        return append_utf8(text, unit, bytes, (size_t)size);
    if (!HPyUnicode_Check(ctx, str) || !HPyErr_ExceptionMatches(ctx, ctx->h_UnicodeEncodeError))
        return 0;
    return append_surrogates(text, unit, str);
}

static int append_object(Text *text, const Unit *unit, HPy h)
{
    HPyContext *ctx = text->ctx;
    HPy str;
    int appended;
    if (HPy_IsNull(h))
        return fail_about(ctx, "HPy_NULL passed as value for formatting unit '%%%c'", unit->conversion);
    if (unit->conversion == 'U' || unit->conversion == 'V')
        return append_str(text, unit, h);
    str = unit->conversion == 'S' ? HPy_Str(ctx, h)
          : unit->conversion == 'R' ? HPy_Repr(ctx, h)
                                    : HPy_ASCII(ctx, h);
    if (HPy_IsNull(str))
        return 0;
    appended = append_str(text, unit, str);
    HPy_Close(ctx, str);
    return appended;
}

static int append_character(Text *text, int c)
{
    char bytes[4];
    size_t length;
    if (c < 0 || c > 0x10FFFF)
        return fail(text->ctx, text->ctx->h_OverflowError, "character argument not in range(0x110000)");
    if (c < 0x80) {
        bytes[0] = (char)c;
        length = 1;
    } else if (c < 0x800) {
        bytes[0] = (char)(0xC0 | c >> 6);
        bytes[1] = (char)(0x80 | (c & 0x3F));
        length = 2;
    } else if (c < 0x10000) {
        text->has_surrogates |= c >= 0xD800 && c <= 0xDFFF;
        bytes[0] = (char)(0xE0 | c >> 12);
        bytes[1] = (char)(0x80 | (c >> 6 & 0x3F));
        bytes[2] = (char)(0x80 | (c & 0x3F));
        length = 3;
    } else {
        bytes[0] = (char)(0xF0 | c >> 18);
        bytes[1] = (char)(0x80 | (c >> 12 & 0x3F));
        bytes[2] = (char)(0x80 | (c >> 6 & 0x3F));
        bytes[3] = (char)(0x80 | (c & 0x3F));
        length = 4;
    }
    return append(text, bytes, length);
}

static int append_number(Text *text, const Unit *unit, int negative, unsigned long long magnitude,
                         unsigned base)
{
    char digits[sizeof(magnitude) * 3];
    size_t count = 0, zeros, length;
    do {
        digits[sizeof(digits) - ++count] = "0123456789abcdef"[magnitude % base];
        magnitude /= base;
    } while (magnitude != 0);
    zeros = unit->has_precision && unit->precision > count ? unit->precision - count : 0;
    length = count + (size_t)negative;
    if (unit->zero_pad && unit->has_width && unit->width > length && unit->width - length > zeros)
        zeros = unit->width - length;
    /* The sum cannot overflow: a precision has at most 63 bits. */
    return pad(text, unit, length + zeros) && append(text, "-", (size_t)negative) &&
           append_repeated(text, '0', zeros) && append(text, digits + sizeof(digits) - count, count);
}

/* A number without a sign that starts at `*fmt`; 0 with a ValueError if it is too large. */
static int read_size(HPyContext *ctx, const char **fmt, size_t *value, const char *too_big)
{
    *value = 0;
    for (; **fmt >= '0' && **fmt <= '9'; (*fmt)++) {
        size_t digit = (size_t)(**fmt - '0');
        if (*value > ((size_t)HPY_SSIZE_T_MAX - digit) / 10)
            return fail(ctx, ctx->h_ValueError, too_big);
        *value = *value * 10 + digit;
    }
    return 1;
}

/* The unit that starts behind a percent sign. */
static int read_unit(HPyContext *ctx, const char **fmt, Unit *unit)
{
    memset(unit, 0, sizeof(*unit));
    for (; **fmt == '0'; (*fmt)++)
        unit->zero_pad = 1;
    if (**fmt >= '1' && **fmt <= '9') {
        unit->has_width = 1;
        if (!read_size(ctx, fmt, &unit->width, "width too big"))
            return 0;
    }
    if (**fmt == '.') {
        (*fmt)++;
        unit->has_precision = 1;
        if (!read_size(ctx, fmt, &unit->precision, "precision too big"))
            return 0;
    }
    if (**fmt == 'z') {
        unit->is_size = 1;
        (*fmt)++;
    } else {
        for (; **fmt == 'l' && unit->longs < 2; (*fmt)++)
            unit->longs++;
    }
    unit->conversion = **fmt;
    if (unit->conversion != '\0')
        (*fmt)++;
    return 1;
}

/* The conversions that take no length modifier, and which flags they take. */
static int check_unit(HPyContext *ctx, const Unit *unit)
{
    int has_length = unit->longs > 0 || unit->is_size;
    int has_size = unit->has_width || unit->has_precision;
    if (unit->conversion != '\0' && strchr("diux", unit->conversion) != NULL)
        return 1;
    if (unit->conversion == '\0' || strchr("%cpsUVSRA", unit->conversion) == NULL || has_length ||
        (unit->conversion == '%' && (unit->zero_pad || has_size)))
        return fail(ctx, ctx->h_SystemError, "invalid format string");
    if (unit->zero_pad)
        return fail_about(ctx, "formatting unit '%%%c' does not support 0-padding", unit->conversion);
    if (has_size && (unit->conversion == 'c' || unit->conversion == 'p'))
        return fail_about(ctx, "formatting unit '%%%c' does not support width nor precision",
                          unit->conversion);
    return 1;
}

/* A va_list that functions can share by address. */
typedef struct {
    va_list list;
} Values;

static int append_signed(Text *text, const Unit *unit, Values *values)
{
    long long value = unit->is_size        ? (long long)va_arg(values->list, HPy_ssize_t)
                      : unit->longs == 2 ? va_arg(values->list, long long)
                      : unit->longs == 1 ? (long long)va_arg(values->list, long)
                                         : (long long)va_arg(values->list, int);
    unsigned long long bits = (unsigned long long)value;
    return append_number(text, unit, value < 0, value < 0 ? 0 - bits : bits, 10);
}

static int append_unsigned(Text *text, const Unit *unit, Values *values)
{
    unsigned long long value = unit->is_size        ? (unsigned long long)va_arg(values->list, size_t)
                               : unit->longs == 2 ? va_arg(values->list, unsigned long long)
                               : unit->longs == 1 ? (unsigned long long)va_arg(values->list, unsigned long)
                                                  : (unsigned long long)va_arg(values->list, unsigned int);
    return append_number(text, unit, 0, value, unit->conversion == 'x' ? 16 : 10);
}

static int append_pointer(Text *text, const Unit *unit, const void *pointer)
{
    return append(text, "0x", 2) && append_number(text, unit, 0, (unsigned long long)(uintptr_t)pointer, 16);
}

static int append_value(Text *text, const Unit *unit, Values *values)
{
    switch (unit->conversion) {
    case '%':
        return append(text, "%", 1);
    case 'c':
        return append_character(text, va_arg(values->list, int));
    case 'd':
    case 'i':
        return append_signed(text, unit, values);
    case 'u':
    case 'x':
        return append_unsigned(text, unit, values);
    case 'p':
        return append_pointer(text, unit, va_arg(values->list, const void *));
    case 's': {
        const char *bytes = va_arg(values->list, const char *);
        if (bytes == NULL)
            return fail(text->ctx, text->ctx->h_SystemError,
                        "null c string passed as value for formatting unit '%s'");
        return append_c_text(text, unit, bytes);
    }
    case 'V': {
        HPy h = va_arg(values->list, HPy);
        const char *bytes = va_arg(values->list, const char *);
        return HPy_IsNull(h) && bytes != NULL ? append_c_text(text, unit, bytes)
                                              : append_object(text, unit, h);
    }
    default:
        return append_object(text, unit, va_arg(values->list, HPy));
    }
}

static int append_format(Text *text, const char *fmt, Values *values)
{
    HPyContext *ctx = text->ctx;
    while (*fmt != '\0') {
        size_t plain = 0;
        Unit unit;
        for (; fmt[plain] != '\0' && fmt[plain] != '%'; plain++) {
            if ((unsigned char)fmt[plain] >= 0x80) {
                char message[96];
                snprintf(message, sizeof(message),
                         "expected an ASCII-encoded format string, got a non-ASCII byte: 0x%02x",
                         (unsigned)(unsigned char)fmt[plain]);
                return fail(ctx, ctx->h_ValueError, message);
            }
        }
        if (!append(text, fmt, plain))
            return 0;
        fmt += plain;
        if (*fmt == '\0')
            return 1;
        fmt++;
        if (!read_unit(ctx, &fmt, &unit) || !check_unit(ctx, &unit) || !append_value(text, &unit, values))
            return 0;
    }
    return 1;
}

/* The text as a str, which may hold NUL characters. */
static HPy text_to_str(const Text *text)
{
    HPyContext *ctx = text->ctx;
    HPy bytes, str;
    if (text->length > 0 && !text->has_surrogates && memchr(text->bytes, '\0', text->length) == NULL) {
        text->bytes[text->length] = '\0';
        return HPyUnicode_FromString(ctx, text->bytes);
    }
    bytes = HPyBytes_FromStringAndSize(ctx, text->length == 0 ? "" : text->bytes, (HPy_ssize_t)text->length);
    if (HPy_IsNull(bytes))
        return HPy_NULL;
    str = HPyUnicode_FromEncodedObject(ctx, bytes, "utf-8", "surrogatepass");
    HPy_Close(ctx, bytes);
    return str;
}

HPyAPI_HELPER HPy HPyUnicode_FromFormatV(HPyContext *ctx, const char *fmt, va_list vargs)
{
    Text text;
    Values values;
    HPy result;
    memset(&text, 0, sizeof(text));
    text.ctx = ctx;
    va_copy(values.list, vargs);
    result = append_format(&text, fmt, &values) ? text_to_str(&text) : HPy_NULL;
    va_end(values.list);
    free(text.bytes);
    return result;
}

HPyAPI_HELPER HPy HPyUnicode_FromFormat(HPyContext *ctx, const char *fmt, ...)
{
    HPy result;
    va_list vargs;
    va_start(vargs, fmt);
    result = HPyUnicode_FromFormatV(ctx, fmt, vargs);
    va_end(vargs);
    return result;
}

HPyAPI_HELPER HPy HPyErr_Format(HPyContext *ctx, HPy h_type, const char *fmt, ...)
{
    HPy message;
    va_list vargs;
    va_start(vargs, fmt);
    message = HPyUnicode_FromFormatV(ctx, fmt, vargs);
    va_end(vargs);
    if (!HPy_IsNull(message)) {
        HPyErr_SetObject(ctx, h_type, message);
        HPy_Close(ctx, message);
    }
    return HPy_NULL;
}
