/* wordindex_c: see ../README.md for what the module does; this file is how, in C. */
#include "hpy.h"

#include <errno.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* ---- The words of a text, counted in a hash table ------------------------------------------------------ */

typedef struct {
    char *word; /* NUL-terminated; NULL marks a free place */
    size_t length;
    uint64_t hash;
    uint64_t count;
} Entry;

typedef struct {
    Entry *entries;
    size_t capacity; /* 0 or a power of two */
    size_t used;
} Counts;

static void counts_free(Counts *counts)
{
    for (size_t i = 0; i < counts->capacity; i++)
        free(counts->entries[i].word);
    free(counts->entries);
    memset(counts, 0, sizeof(*counts));
}

static uint64_t hash_of(const char *word, size_t length)
{
    uint64_t hash = 0;
    while (length > 0) {
        uint64_t chunk = 0;
        size_t size = length < 8 ? length : 8;
        memcpy(&chunk, word, size);
        hash = (((hash << 5) | (hash >> 59)) ^ chunk) * UINT64_C(0x9E3779B97F4A7C15);
        word += size;
        length -= size;
    }
    return hash ^ (hash >> 32);
}

/* The entry of a word, or the free place where it belongs. The table has a free place. */
static Entry *counts_find(const Counts *counts, const char *word, size_t length, uint64_t hash)
{
    size_t mask = counts->capacity - 1;
    for (size_t i = (size_t)hash & mask;; i = (i + 1) & mask) {
        Entry *entry = &counts->entries[i];
        if (entry->word == NULL ||
            (entry->hash == hash && entry->length == length && memcmp(entry->word, word, length) == 0))
            return entry;
    }
}

static int counts_grow(Counts *counts)
{
    Counts grown = {NULL, counts->capacity == 0 ? 64 : counts->capacity * 2, counts->used};
    grown.entries = (Entry *)calloc(grown.capacity, sizeof(Entry));
    if (grown.entries == NULL)
        return -1;
    for (size_t i = 0; i < counts->capacity; i++) {
        Entry *old = &counts->entries[i];
        if (old->word != NULL)
            *counts_find(&grown, old->word, old->length, old->hash) = *old;
    }
    free(counts->entries);
    *counts = grown;
    return 0;
}

static int counts_add(Counts *counts, const char *word, size_t length)
{
    if (counts->used * 4 >= counts->capacity * 3 && counts_grow(counts) < 0)
        return -1;
    uint64_t hash = hash_of(word, length);
    Entry *entry = counts_find(counts, word, length, hash);
    if (entry->word == NULL) {
        entry->word = (char *)malloc(length + 1);
        if (entry->word == NULL)
            return -1;
        memcpy(entry->word, word, length);
        entry->word[length] = '\0';
        entry->length = length;
        entry->hash = hash;
        counts->used++;
    }
    entry->count++;
    return 0;
}

static int starts_word(unsigned char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_';
}

static int goes_on(unsigned char c)
{
    return starts_word(c) || (c >= '0' && c <= '9');
}

/* Counts the words of at least min_length; returns how many there were, -1 without memory. */
static int64_t count_into(Counts *counts, const char *text, size_t size, size_t min_length)
{
    int64_t found = 0;
    size_t at = 0;
    while (at < size) {
        if (!starts_word((unsigned char)text[at])) {
            at++;
            continue;
        }
        size_t start = at;
        while (at < size && goes_on((unsigned char)text[at]))
            at++;
        if (at - start < min_length)
            continue;
        if (counts_add(counts, text + start, at - start) < 0)
            return -1;
        found++;
    }
    return found;
}

static int by_word(const void *a, const void *b)
{
    return strcmp((*(Entry *const *)a)->word, (*(Entry *const *)b)->word);
}

static int by_count(const void *a, const void *b)
{
    const Entry *x = *(Entry *const *)a, *y = *(Entry *const *)b;
    if (x->count != y->count)
        return x->count > y->count ? -1 : 1;
    return strcmp(x->word, y->word);
}

/* The entries in order, in memory to be freed; NULL with a MemoryError without it. */
static Entry **counts_sorted(HPyContext *ctx, const Counts *counts, int (*order)(const void *, const void *))
{
    Entry **sorted = (Entry **)malloc((counts->used + 1) * sizeof(Entry *));
    if (sorted == NULL) {
        HPyErr_NoMemory(ctx);
        return NULL;
    }
    size_t n = 0;
    for (size_t i = 0; i < counts->capacity; i++) {
        if (counts->entries[i].word != NULL)
            sorted[n++] = &counts->entries[i];
    }
    qsort(sorted, n, sizeof(Entry *), order);
    return sorted;
}

/* ---- The bytes of an argument -------------------------------------------------------------------------- */

typedef struct {
    const char *start;
    size_t size;
    HPy owner; /* closed by text_close; null where the argument itself keeps the bytes */
} Text;

static int text_open(HPyContext *ctx, const char *function, HPy object, Text *text)
{
    text->owner = HPy_NULL;
    HPy_ssize_t size;
    if (HPyUnicode_Check(ctx, object)) {
        text->start = HPyUnicode_AsUTF8AndSize(ctx, object, &size);
        if (text->start != NULL) {
            text->size = (size_t)size;
            return 0;
        }
        if (!HPyErr_ExceptionMatches(ctx, ctx->h_UnicodeEncodeError))
            return -1;
        /* Lone surrogates: they are let through, as three bytes that are part of no word. */
        HPyErr_Clear(ctx);
        HPy method = HPy_GetAttr_s(ctx, object, "encode");
        if (HPy_IsNull(method))
            return -1;
        HPy arguments = HPy_BuildValue(ctx, "(ss)", "utf-8", "surrogatepass");
        if (!HPy_IsNull(arguments)) {
            text->owner = HPy_CallTupleDict(ctx, method, arguments, HPy_NULL);
            HPy_Close(ctx, arguments);
        }
        HPy_Close(ctx, method);
        if (HPy_IsNull(text->owner))
            return -1;
        object = text->owner;
    } else if (!HPyBytes_Check(ctx, object)) {
        HPy type = HPy_Type(ctx, object);
        HPyErr_Format(ctx, ctx->h_TypeError, "%s() argument 'text' must be str or bytes, not %s", function,
                      HPyType_GetName(ctx, type));
        HPy_Close(ctx, type);
        return -1;
    }
    text->start = HPyBytes_AsString(ctx, object);
    size = HPyBytes_Size(ctx, object);
    if (text->start == NULL || size < 0)
        return -1;
    text->size = (size_t)size;
    return 0;
}

static void text_close(HPyContext *ctx, Text *text)
{
    if (!HPy_IsNull(text->owner))
        HPy_Close(ctx, text->owner);
}

/* ---- The function -------------------------------------------------------------------------------------- */

HPyDef_METH(count_words, "count_words", HPyFunc_KEYWORDS,
            .doc = "count_words($module, text)\n--\n\nHow often each word is in a text.")
static HPy count_words_impl(HPyContext *ctx, HPy self, const HPy *args, size_t nargs, HPy kwnames)
{
    static const char *keywords[] = {"text", NULL};
    HPy argument;
    Text text;
    Counts counts = {NULL, 0, 0};
    (void)self;
    HPyTracker tracker;
    if (!HPyArg_ParseKeywords(ctx, &tracker, args, nargs, kwnames, "O:count_words", keywords, &argument))
        return HPy_NULL;
    HPy dict = HPy_NULL;
    if (text_open(ctx, "count_words", argument, &text) < 0)
        goto done;
    if (count_into(&counts, text.start, text.size, 1) < 0) {
        HPyErr_NoMemory(ctx);
        goto close;
    }
    dict = HPyDict_New(ctx);
    for (size_t i = 0; i < counts.capacity && !HPy_IsNull(dict); i++) {
        Entry *entry = &counts.entries[i];
        if (entry->word == NULL)
            continue;
        HPy count = HPyLong_FromUInt64_t(ctx, entry->count);
        int failed = HPy_IsNull(count) || HPy_SetItem_s(ctx, dict, entry->word, count) < 0;
        if (!HPy_IsNull(count))
            HPy_Close(ctx, count);
        if (failed) {
            HPy_Close(ctx, dict);
            dict = HPy_NULL;
        }
    }
close:
    text_close(ctx, &text);
done:
    counts_free(&counts);
    HPyTracker_Close(ctx, tracker);
    return dict;
}

/* ---- The class ----------------------------------------------------------------------------------------- */

typedef struct {
    Counts counts;
    uint64_t texts;
    uint64_t words;
    size_t min_length;
} WordIndex;

HPyType_HELPERS(WordIndex)

static int min_length_of(HPyContext *ctx, HPy value, size_t *result)
{
    if (!HPy_TypeCheck(ctx, value, ctx->h_LongType)) {
        HPy type = HPy_Type(ctx, value);
        HPyErr_Format(ctx, ctx->h_TypeError, "min_length must be int, not %s", HPyType_GetName(ctx, type));
        HPy_Close(ctx, type);
        return -1;
    }
    HPy_ssize_t length = HPyLong_AsSsize_t(ctx, value);
    if (length == -1 && HPyErr_Occurred(ctx))
        return -1;
    if (length < 1) {
        HPyErr_SetString(ctx, ctx->h_ValueError, "min_length must be at least 1");
        return -1;
    }
    *result = (size_t)length;
    return 0;
}

HPyDef_SLOT(WordIndex_new, HPy_tp_new)
static HPy WordIndex_new_impl(HPyContext *ctx, HPy type, const HPy *args, HPy_ssize_t nargs, HPy kw)
{
    static const char *keywords[] = {"min_length", NULL};
    HPy value = HPy_NULL;
    size_t min_length = 1;
    HPyTracker tracker;
    if (!HPyArg_ParseKeywordsDict(ctx, &tracker, args, nargs, kw, "|$O:WordIndex", keywords, &value))
        return HPy_NULL;
    HPy object = HPy_NULL;
    if (HPy_IsNull(value) || min_length_of(ctx, value, &min_length) == 0) {
        WordIndex *index;
        object = HPy_New(ctx, type, &index);
        if (!HPy_IsNull(object))
            index->min_length = min_length;
    }
    HPyTracker_Close(ctx, tracker);
    return object;
}

HPyDef_SLOT(WordIndex_destroy, HPy_tp_destroy)
static void WordIndex_destroy_impl(void *data)
{
    counts_free(&((WordIndex *)data)->counts);
}

static HPy WordIndex_add(HPyContext *ctx, WordIndex *index, const char *start, size_t size)
{
    int64_t found = count_into(&index->counts, start, size, index->min_length);
    if (found < 0)
        return HPyErr_NoMemory(ctx);
    index->texts++;
    index->words += (uint64_t)found;
    return HPyLong_FromInt64_t(ctx, found);
}

HPyDef_METH(WordIndex_add_text, "add_text", HPyFunc_KEYWORDS,
            .doc = "add_text($self, text)\n--\n\nCounts the words of a text and returns how many there were.")
static HPy WordIndex_add_text_impl(HPyContext *ctx, HPy self, const HPy *args, size_t nargs, HPy kwnames)
{
    static const char *keywords[] = {"text", NULL};
    HPy argument;
    Text text;
    HPyTracker tracker;
    if (!HPyArg_ParseKeywords(ctx, &tracker, args, nargs, kwnames, "O:add_text", keywords, &argument))
        return HPy_NULL;
    HPy result = HPy_NULL;
    if (text_open(ctx, "add_text", argument, &text) == 0) {
        result = WordIndex_add(ctx, WordIndex_AsStruct(ctx, self), text.start, text.size);
        text_close(ctx, &text);
    }
    HPyTracker_Close(ctx, tracker);
    return result;
}

/* All bytes of a file in memory to be freed; NULL with errno set. */
static char *read_file(const char *path, size_t *size)
{
    FILE *file = fopen(path, "rb");
    if (file == NULL)
        return NULL;
    size_t capacity = 1 << 16, used = 0;
    char *data = (char *)malloc(capacity);
    while (data != NULL) {
        used += fread(data + used, 1, capacity - used, file);
        if (used < capacity)
            break;
        capacity *= 2;
        char *grown = (char *)realloc(data, capacity);
        if (grown == NULL)
            free(data);
        data = grown;
    }
    int failed = ferror(file) ? errno : 0;
    fclose(file);
    if (data != NULL && failed) {
        free(data);
        data = NULL;
        errno = failed;
    }
    *size = used;
    return data;
}

HPyDef_METH(WordIndex_add_file, "add_file", HPyFunc_KEYWORDS,
            .doc = "add_file($self, path)\n--\n\nCounts the words of a file and returns how many there were.")
static HPy WordIndex_add_file_impl(HPyContext *ctx, HPy self, const HPy *args, size_t nargs, HPy kwnames)
{
    static const char *keywords[] = {"path", NULL};
    HPy path;
    HPyTracker tracker;
    if (!HPyArg_ParseKeywords(ctx, &tracker, args, nargs, kwnames, "O:add_file", keywords, &path))
        return HPy_NULL;
    HPy result = HPy_NULL;
    HPy os = HPyImport_ImportModule(ctx, "os");
    HPy encode = HPy_IsNull(os) ? HPy_NULL : HPy_GetAttr_s(ctx, os, "fsencode");
    /* Not HPy_Call, which PyPy 7.3.19 has in another place: see docs/portability.md. */
    HPy arguments = HPy_IsNull(encode) ? HPy_NULL : HPyTuple_FromArray(ctx, &path, 1);
    HPy encoded = HPy_IsNull(arguments) ? HPy_NULL : HPy_CallTupleDict(ctx, encode, arguments, HPy_NULL);
    if (!HPy_IsNull(encoded)) {
        const char *name = HPyBytes_AsString(ctx, encoded);
        size_t size = 0;
        char *data = name == NULL ? NULL : read_file(name, &size);
        if (data != NULL) {
            result = WordIndex_add(ctx, WordIndex_AsStruct(ctx, self), data, size);
            free(data);
        } else if (name != NULL) {
            HPyErr_SetFromErrnoWithFilenameObject(ctx, ctx->h_OSError, path);
        }
        HPy_Close(ctx, encoded);
    }
    if (!HPy_IsNull(arguments))
        HPy_Close(ctx, arguments);
    if (!HPy_IsNull(encode))
        HPy_Close(ctx, encode);
    if (!HPy_IsNull(os))
        HPy_Close(ctx, os);
    HPyTracker_Close(ctx, tracker);
    return result;
}

HPyDef_METH(WordIndex_most_common, "most_common", HPyFunc_KEYWORDS,
            .doc = "most_common($self, n=None)\n--\n\n"
                   "The `n` most frequent words with their counts (all without `n`); equal counts in order of the\n"
                   "words.")
static HPy WordIndex_most_common_impl(HPyContext *ctx, HPy self, const HPy *args, size_t nargs, HPy kwnames)
{
    static const char *keywords[] = {"n", NULL};
    HPy limit = HPy_NULL;
    HPyTracker tracker;
    if (!HPyArg_ParseKeywords(ctx, &tracker, args, nargs, kwnames, "|O:most_common", keywords, &limit))
        return HPy_NULL;
    const Counts *counts = &WordIndex_AsStruct(ctx, self)->counts;
    size_t n = counts->used;
    HPy result = HPy_NULL;
    if (!HPy_IsNull(limit) && !HPy_Is(ctx, limit, ctx->h_None)) {
        size_t asked = HPyLong_AsSize_t(ctx, limit);
        if (asked == (size_t)-1 && HPyErr_Occurred(ctx))
            goto done;
        if (asked < n)
            n = asked;
    }
    Entry **sorted = counts_sorted(ctx, counts, by_count);
    if (sorted == NULL)
        goto done;
    HPyListBuilder builder = HPyListBuilder_New(ctx, (HPy_ssize_t)n);
    size_t i;
    for (i = 0; i < n; i++) {
        HPy pair = HPy_BuildValue(ctx, "(sK)", sorted[i]->word, (unsigned long long)sorted[i]->count);
        if (HPy_IsNull(pair))
            break;
        HPyListBuilder_Set(ctx, builder, (HPy_ssize_t)i, pair);
        HPy_Close(ctx, pair);
    }
    if (i == n)
        result = HPyListBuilder_Build(ctx, builder);
    else
        HPyListBuilder_Cancel(ctx, builder);
    free(sorted);
done:
    HPyTracker_Close(ctx, tracker);
    return result;
}

HPyDef_GET(WordIndex_texts, "texts", .doc = "How many texts were added.")
static HPy WordIndex_texts_get(HPyContext *ctx, HPy self, void *closure)
{
    (void)closure;
    return HPyLong_FromUInt64_t(ctx, WordIndex_AsStruct(ctx, self)->texts);
}

HPyDef_GET(WordIndex_words, "words", .doc = "How many words were counted.")
static HPy WordIndex_words_get(HPyContext *ctx, HPy self, void *closure)
{
    (void)closure;
    return HPyLong_FromUInt64_t(ctx, WordIndex_AsStruct(ctx, self)->words);
}

HPyDef_GETSET(WordIndex_min_length, "min_length", .doc = "Words shorter than this are not counted.")
static HPy WordIndex_min_length_get(HPyContext *ctx, HPy self, void *closure)
{
    (void)closure;
    return HPyLong_FromSize_t(ctx, WordIndex_AsStruct(ctx, self)->min_length);
}
static int WordIndex_min_length_set(HPyContext *ctx, HPy self, HPy value, void *closure)
{
    (void)closure;
    if (HPy_IsNull(value)) {
        HPyErr_SetString(ctx, ctx->h_AttributeError, "cannot delete attribute WordIndex.min_length");
        return -1;
    }
    return min_length_of(ctx, value, &WordIndex_AsStruct(ctx, self)->min_length);
}

static HPy_ssize_t WordIndex_size(HPyContext *ctx, HPy self)
{
    return (HPy_ssize_t)WordIndex_AsStruct(ctx, self)->counts.used;
}

HPyDef_SLOT(WordIndex_length, HPy_mp_length)
static HPy_ssize_t WordIndex_length_impl(HPyContext *ctx, HPy self)
{
    return WordIndex_size(ctx, self);
}

/* The count of a word, 0 where it is not there or is no word; -1 with an exception. */
static int64_t WordIndex_count(HPyContext *ctx, HPy self, HPy word)
{
    HPy_ssize_t size;
    const Counts *counts = &WordIndex_AsStruct(ctx, self)->counts;
    const char *text = HPyUnicode_AsUTF8AndSize(ctx, word, &size);
    if (text == NULL) {
        if (!HPyErr_ExceptionMatches(ctx, ctx->h_UnicodeEncodeError))
            return -1;
        HPyErr_Clear(ctx);
        return 0;
    }
    if (counts->capacity == 0)
        return 0;
    return (int64_t)counts_find(counts, text, (size_t)size, hash_of(text, (size_t)size))->count;
}

HPyDef_SLOT(WordIndex_contains, HPy_sq_contains)
static int WordIndex_contains_impl(HPyContext *ctx, HPy self, HPy word)
{
    if (!HPyUnicode_Check(ctx, word))
        return 0;
    int64_t count = WordIndex_count(ctx, self, word);
    return count < 0 ? -1 : count > 0;
}

HPyDef_SLOT(WordIndex_getitem, HPy_mp_subscript)
static HPy WordIndex_getitem_impl(HPyContext *ctx, HPy self, HPy word)
{
    if (!HPyUnicode_Check(ctx, word)) {
        HPy type = HPy_Type(ctx, word);
        HPyErr_Format(ctx, ctx->h_TypeError, "WordIndex.__getitem__() argument 'word' must be str, not %s",
                      HPyType_GetName(ctx, type));
        HPy_Close(ctx, type);
        return HPy_NULL;
    }
    int64_t count = WordIndex_count(ctx, self, word);
    if (count < 0)
        return HPy_NULL;
    if (count == 0)
        return HPyErr_SetObject(ctx, ctx->h_KeyError, word);
    return HPyLong_FromInt64_t(ctx, count);
}

HPyDef_SLOT(WordIndex_repr, HPy_tp_repr)
static HPy WordIndex_repr_impl(HPyContext *ctx, HPy self)
{
    const WordIndex *index = WordIndex_AsStruct(ctx, self);
    return HPyUnicode_FromFormat(ctx, "<WordIndex: %llu texts, %llu words, %zd distinct>",
                                 (unsigned long long)index->texts, (unsigned long long)index->words,
                                 (HPy_ssize_t)index->counts.used);
}

/* The ABI has no slot for iteration: __iter__ is a method, and the module sets it on the type once more,
 * which tells CPython that the type is iterable. The words are a list, whose iterator is Python's. */
HPyDef_METH(WordIndex_iter, "__iter__", HPyFunc_NOARGS)
static HPy WordIndex_iter_impl(HPyContext *ctx, HPy self)
{
    const Counts *counts = &WordIndex_AsStruct(ctx, self)->counts;
    Entry **sorted = counts_sorted(ctx, counts, by_word);
    if (sorted == NULL)
        return HPy_NULL;
    HPyListBuilder builder = HPyListBuilder_New(ctx, (HPy_ssize_t)counts->used);
    size_t i;
    for (i = 0; i < counts->used; i++) {
        HPy word = HPyUnicode_FromString(ctx, sorted[i]->word);
        if (HPy_IsNull(word))
            break;
        HPyListBuilder_Set(ctx, builder, (HPy_ssize_t)i, word);
        HPy_Close(ctx, word);
    }
    HPy words = HPy_NULL, method, iterator = HPy_NULL;
    if (i == counts->used)
        words = HPyListBuilder_Build(ctx, builder);
    else
        HPyListBuilder_Cancel(ctx, builder);
    free(sorted);
    if (HPy_IsNull(words))
        return HPy_NULL;
    method = HPy_GetAttr_s(ctx, words, "__iter__");
    if (!HPy_IsNull(method)) {
        iterator = HPy_CallTupleDict(ctx, method, HPy_NULL, HPy_NULL);
        HPy_Close(ctx, method);
    }
    HPy_Close(ctx, words);
    return iterator;
}

static HPyDef *WordIndex_defines[] = {
    &WordIndex_new,       &WordIndex_destroy,    &WordIndex_add_text, &WordIndex_add_file,
    &WordIndex_most_common, &WordIndex_texts,    &WordIndex_words,    &WordIndex_min_length,
    &WordIndex_length,    &WordIndex_contains,   &WordIndex_getitem,  &WordIndex_repr,
    &WordIndex_iter,      NULL,
};

static HPyType_Spec WordIndex_spec = {
    .name = "wordindex_c.WordIndex",
    .doc = "A word-frequency index over any number of texts.",
    .basicsize = sizeof(WordIndex),
    .flags = HPy_TPFLAGS_DEFAULT | HPy_TPFLAGS_BASETYPE,
    .builtin_shape = SHAPE(WordIndex),
    .defines = WordIndex_defines,
};

/* ---- The module ---------------------------------------------------------------------------------------- */

HPyDef_SLOT(module_exec, HPy_mod_exec)
static int module_exec_impl(HPyContext *ctx, HPy module)
{
    HPy type = HPyType_FromSpec(ctx, &WordIndex_spec, NULL);
    if (HPy_IsNull(type))
        return -1;
    int status = -1;
    HPy method = HPy_GetAttr_s(ctx, type, "__iter__");
    if (!HPy_IsNull(method)) {
        status = HPy_SetAttr_s(ctx, type, "__iter__", method);
        HPy_Close(ctx, method);
    }
    if (status == 0)
        status = HPy_SetAttr_s(ctx, module, "WordIndex", type);
    HPy_Close(ctx, type);
    return status;
}

static HPyDef *module_defines[] = {&count_words, &module_exec, NULL};

static HPyModuleDef module_def = {
    .doc = "Counts the words of texts. A word is a run of ASCII letters, digits and underscores that does not start\n"
           "with a digit.",
    .defines = module_defines,
};

HPy_MODINIT(wordindex_c, module_def)
