/* Any format and any arguments give a result or an exception: never a crash, a wrong access or a handle left open.
 *
 *   clang -g -O1 -fsanitize=fuzzer,address,undefined -DHPY_ABI_UNIVERSAL -I.../include fuzz_helpers.c toy_context.c \
 *       .../src/argparse.c .../src/buildvalue.c .../src/format.c -o fuzz_helpers && ./fuzz_helpers corpus
 *
 * The variadic calls pass words that are a handle, a text and a number at once, and doubles beside them: on x86-64
 * and AArch64 integers and doubles do not share registers.
 */
#include "toy_context.h"
#include <stdio.h>
#include <string.h>

#define MOST 24

typedef struct {
    const uint8_t *data;
    size_t size;
} Input;

static uint8_t next(Input *in)
{
    if (in->size == 0)
        return 0;
    in->size--;
    return *in->data++;
}

static size_t take(Input *in, char *out, size_t most)
{
    size_t count = next(in) % (most + 1);
    if (count > in->size)
        count = in->size;
    memcpy(out, in->data, count);
    out[count] = '\0';
    in->data += count;
    in->size -= count;
    return count;
}

static HPy next_argument(Input *in)
{
    char text[32];
    size_t size;
    uint64_t word = 0;
    switch (next(in) % 8) {
    case 0: return toy_int((int8_t)next(in));
    case 1:
        for (int i = 0; i < 8; i++)
            word = word << 8 | next(in);
        return toy_int((long long)word);
    case 2: return toy_object(BIG);
    case 3: return toy_float((int8_t)next(in) / 4.0);
    case 4: size = take(in, text, 24); return toy_text(STR, text, size);
    case 5: return toy_object(OTHER);
    case 6: size = take(in, text, 8); return toy_text(BYTES, text, size);
    default: return toy_object(NONE);
    }
}

/* The longest run of digits in a format that would only test how much memory there is. */
static int asks_for_too_much(const char *fmt)
{
    size_t run = 0;
    for (; *fmt != '\0'; fmt++) {
        run = *fmt >= '0' && *fmt <= '9' ? run + 1 : 0;
        if (run == 5 && strspn(fmt, "0123456789") < 20)
            return 1;
    }
    return 0;
}

static void fuzz_parse(HPyContext *ctx, Input *in, int how)
{
    char fmt[MOST + 1], names[4][8];
    const char *keywords[5] = {NULL};
    HPy args[8], kw = HPy_NULL;
    union { long long l; double d; HPy h; const char *s; } out[MOST];
    HPyTracker ht;
    int tracked = next(in) & 1, parsed;
    take(in, fmt, MOST);
    size_t nargs = next(in) % 5, nkw = how == 0 ? 0 : next(in) % 4, nnames = next(in) % 5;
    for (size_t i = 0; i < nnames; i++) {
        take(in, names[i], 7);
        keywords[i] = names[i];
    }
    for (size_t i = 0; i < nargs + nkw; i++)
        args[i] = next_argument(in);
    if (how != 0 && (nkw > 0 || next(in) % 2)) {
        kw = toy_object(how == 1 ? TUPLE : DICT);
        for (size_t i = 0; i < nkw; i++) {
            /* Mostly a name there is. */
            uint8_t which = next(in);
            HPy name = nnames > 0 && which % 4 ? toy_text(STR, names[which % nnames], strlen(names[which % nnames]))
                                               : next_argument(in);
            toy_append(kw, name);
            if (how == 2)
                toy_append(kw, args[nargs + i]);
            HPy_Close(ctx, name);
        }
    }
#define P(n) &out[n], &out[n + 1], &out[n + 2], &out[n + 3], &out[n + 4], &out[n + 5], &out[n + 6], &out[n + 7]
    if (how == 0)
        parsed = HPyArg_Parse(ctx, tracked ? &ht : NULL, args, nargs, fmt, P(0), P(8), P(16));
    else if (how == 1)
        parsed = HPyArg_ParseKeywords(ctx, tracked ? &ht : NULL, args, nargs, kw, fmt, keywords, P(0), P(8), P(16));
    else
        parsed = HPyArg_ParseKeywordsDict(ctx, tracked ? &ht : NULL, args, (HPy_ssize_t)nargs, kw, fmt, keywords,
                                          P(0), P(8), P(16));
#undef P
    if (parsed == toy_error_is_set())
        abort();
    if (parsed && tracked)
        HPyTracker_Close(ctx, ht);
    for (size_t i = 0; i < nargs + nkw; i++)
        HPy_Close(ctx, args[i]);
    HPy_Close(ctx, kw);
}

static void fuzz_value(HPyContext *ctx, Input *in, int how)
{
    char fmt[MOST + 1];
    take(in, fmt, MOST);
    HPy h = next_argument(in), result;
    intptr_t w = next(in) % 16 == 0 ? 0 : h._i;
    if (how == 4 && asks_for_too_much(fmt)) {
        HPy_Close(ctx, h);
        return;
    }
#define W w, w, w, w, w, w, w, w
#define D 0.5, -1.5, 1e300, 0.0, 2.0, 3.0, 4.0, 5.0
    result = how == 3 ? HPy_BuildValue(ctx, fmt, W, W, W, D) : HPyUnicode_FromFormat(ctx, fmt, W, W, W, D);
    if (HPy_IsNull(result) != (toy_error_is_set() != 0))
        abort();
    HPy_Close(ctx, result);
    HPy_Close(ctx, h);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    HPyContext *ctx = toy_context();
    Input in = {data, size};
    long before = toy_live_handles();
    int how = next(&in) % 5;
    if (how < 3)
        fuzz_parse(ctx, &in, how);
    else
        fuzz_value(ctx, &in, how);
    toy_clear_error();
    if (toy_live_handles() != before) {
        fprintf(stderr, "%ld handles are left open\n", toy_live_handles() - before);
        abort();
    }
    return 0;
}
