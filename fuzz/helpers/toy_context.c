#include "toy_context.h"
#include <stdio.h>
#include <string.h>

typedef struct Object {
    Kind kind;
    long references;
    long long integer;
    double real;
    char *bytes;
    size_t size;
    struct Object **items;
    size_t count;
} Object;

typedef struct {
    char text[8]; /* "handle" */
    Object *object;
} Handle;

static HPyContext context;
static long live_handles;
static int error; /* 0, or which kind of exception is set */
enum { SOME_ERROR = 1, KEY_ERROR, ENCODE_ERROR };

static void *allocate(size_t size)
{
    void *block = calloc(1, size == 0 ? 1 : size);
    if (block == NULL)
        abort();
    return block;
}

static Object *of(HPy h)
{
    if (HPy_IsNull(h))
        abort();
    return ((Handle *)h._i)->object;
}

static HPy handle(Object *object)
{
    Handle *made = (Handle *)allocate(sizeof(Handle));
    strcpy(made->text, "handle");
    made->object = object;
    object->references++;
    live_handles++;
    return _hconv(made);
}

static void release(Object *object)
{
    if (--object->references > 0)
        return;
    for (size_t i = 0; i < object->count; i++)
        release(object->items[i]);
    free(object->items);
    free(object->bytes);
    free(object);
}

static Object *make(Kind kind)
{
    Object *object = (Object *)allocate(sizeof(Object));
    object->kind = kind;
    return object;
}

HPy toy_int(long long value)
{
    Object *object = make(INT);
    object->integer = value;
    return handle(object);
}

HPy toy_float(double value)
{
    Object *object = make(FLOAT);
    object->real = value;
    return handle(object);
}

HPy toy_text(Kind kind, const char *bytes, size_t size)
{
    Object *object = make(kind);
    object->bytes = (char *)allocate(size + 1);
    if (size > 0)
        memcpy(object->bytes, bytes, size);
    object->size = size;
    return handle(object);
}

HPy toy_object(Kind kind)
{
    return handle(make(kind));
}

static void append(Object *container, Object *item)
{
    container->items = (Object **)realloc(container->items, (container->count + 1) * sizeof(Object *));
    container->items[container->count++] = item;
    item->references++;
}

void toy_append(HPy container, HPy item)
{
    append(of(container), of(item));
}

long toy_live_handles(void)
{
    return live_handles;
}

int toy_error_is_set(void)
{
    return error;
}

void toy_clear_error(void)
{
    error = 0;
}

static HPy raise_null(int kind)
{
    error = kind;
    return HPy_NULL;
}

static void not_there(void)
{
    fprintf(stderr, "the helpers called a context function that the toy context has not got\n");
    abort();
}

/* The constants are handles that no one counts. */
static HPy constant(void)
{
    HPy h = toy_object(OTHER);
    live_handles--;
    return h;
}

static HPy toy_dup(HPyContext *ctx, HPy h) { (void)ctx; return handle(of(h)); }
static void toy_close(HPyContext *ctx, HPy h)
{
    (void)ctx;
    if (HPy_IsNull(h))
        return;
    Object *object = of(h);
    free((Handle *)h._i);
    live_handles--;
    release(object);
}
static HPy from_int64(HPyContext *ctx, int64_t v) { (void)ctx; return toy_int(v); }
static HPy from_uint64(HPyContext *ctx, uint64_t v) { (void)ctx; return toy_int((long long)v); }
static HPy from_ssize(HPyContext *ctx, HPy_ssize_t v) { (void)ctx; return toy_int(v); }
static HPy from_double(HPyContext *ctx, double v) { (void)ctx; return toy_float(v); }
static int64_t as_int64(HPyContext *ctx, HPy h)
{
    (void)ctx;
    if (of(h)->kind == INT)
        return of(h)->integer;
    error = SOME_ERROR;
    return -1;
}
static int32_t as_int32(HPyContext *ctx, HPy h)
{
    int64_t v = as_int64(ctx, h);
    if (v == (int32_t)v)
        return (int32_t)v;
    error = SOME_ERROR;
    return -1;
}
static uint64_t as_mask(HPyContext *ctx, HPy h)
{
    (void)ctx;
    if (of(h)->kind == INT || of(h)->kind == BIG)
        return (uint64_t)of(h)->integer;
    error = SOME_ERROR;
    return (uint64_t)-1;
}
static double as_double(HPyContext *ctx, HPy h)
{
    (void)ctx;
    if (of(h)->kind == FLOAT)
        return of(h)->real;
    if (of(h)->kind == INT)
        return (double)of(h)->integer;
    error = SOME_ERROR;
    return -1.0;
}
static int is_true(HPyContext *ctx, HPy h)
{
    (void)ctx;
    if (of(h)->kind == OTHER) {
        error = SOME_ERROR;
        return -1;
    }
    return of(h)->integer != 0 || of(h)->size != 0 || of(h)->count != 0;
}
static int unicode_check(HPyContext *ctx, HPy h) { (void)ctx; return of(h)->kind == STR; }
static int type_check(HPyContext *ctx, HPy h, HPy type)
{
    /* The helpers ask for floats only. */
    return type._i == ctx->h_FloatType._i && of(h)->kind == FLOAT;
}
static int bytes_check(HPyContext *ctx, HPy h) { (void)ctx; return of(h)->kind == BYTES; }
static const char *as_utf8(HPyContext *ctx, HPy h, HPy_ssize_t *size)
{
    (void)ctx;
    if (of(h)->kind != STR) {
        error = SOME_ERROR;
        return NULL;
    }
    /* A str that starts like this has surrogates. */
    if (of(h)->size > 0 && (unsigned char)of(h)->bytes[0] == 0xED) {
        error = ENCODE_ERROR;
        return NULL;
    }
    if (size != NULL)
        *size = (HPy_ssize_t)of(h)->size;
    return of(h)->bytes;
}
static const char *bytes_text(HPyContext *ctx, HPy h) { (void)ctx; return of(h)->bytes; }
static HPy_ssize_t bytes_size(HPyContext *ctx, HPy h) { (void)ctx; return (HPy_ssize_t)of(h)->size; }
static HPy from_string(HPyContext *ctx, const char *utf8) { (void)ctx; return toy_text(STR, utf8, strlen(utf8)); }
static HPy bytes_from(HPyContext *ctx, const char *bytes, HPy_ssize_t size)
{
    (void)ctx;
    return toy_text(BYTES, bytes, (size_t)size);
}
static HPy from_encoded(HPyContext *ctx, HPy h, const char *encoding, const char *errors)
{
    (void)ctx;
    (void)encoding;
    (void)errors;
    return toy_text(STR, of(h)->bytes, of(h)->size);
}
/* str(), repr(), ascii(): text of their own, or an exception. */
static HPy to_text(HPyContext *ctx, HPy h)
{
    (void)ctx;
    if (of(h)->kind == OTHER)
        return raise_null(SOME_ERROR);
    return of(h)->kind == STR ? toy_text(STR, of(h)->bytes, of(h)->size) : toy_text(STR, "<toy>", 5);
}
static HPy get_attr(HPyContext *ctx, HPy h, const char *name)
{
    (void)ctx;
    (void)name;
    return of(h)->kind == STR ? handle(of(h)) : raise_null(SOME_ERROR);
}
/* The only call the helpers make: text.encode(). */
static HPy call(HPyContext *ctx, HPy callable, HPy args, HPy kw)
{
    (void)ctx;
    (void)kw;
    (void)of(args);
    return toy_text(BYTES, of(callable)->bytes, of(callable)->size);
}
static HPy_ssize_t length(HPyContext *ctx, HPy h)
{
    (void)ctx;
    Object *o = of(h);
    if (o->kind == TUPLE || o->kind == LIST)
        return (HPy_ssize_t)o->count;
    if (o->kind == DICT)
        return (HPy_ssize_t)(o->count / 2);
    error = SOME_ERROR;
    return -1;
}
static HPy get_item_i(HPyContext *ctx, HPy h, HPy_ssize_t i)
{
    (void)ctx;
    if (i < 0 || (size_t)i >= of(h)->count)
        return raise_null(SOME_ERROR);
    return handle(of(h)->items[i]);
}
static HPy get_item_s(HPyContext *ctx, HPy h, const char *key)
{
    (void)ctx;
    for (size_t i = 0; i + 1 < of(h)->count; i += 2) {
        Object *k = of(h)->items[i];
        if (k->kind == STR && k->size == strlen(key) && memcmp(k->bytes, key, k->size) == 0)
            return handle(of(h)->items[i + 1]);
    }
    return raise_null(KEY_ERROR);
}
static HPy dict_new(HPyContext *ctx) { (void)ctx; return toy_object(DICT); }
static HPy dict_keys(HPyContext *ctx, HPy h)
{
    (void)ctx;
    HPy list = toy_object(LIST);
    for (size_t i = 0; i < of(h)->count; i += 2)
        append(of(list), of(h)->items[i]);
    return list;
}
static int set_item(HPyContext *ctx, HPy h, HPy key, HPy value)
{
    (void)ctx;
    if (of(key)->kind == LIST || of(key)->kind == DICT) {
        error = SOME_ERROR;
        return -1;
    }
    append(of(h), of(key));
    append(of(h), of(value));
    return 0;
}
static HPyTracker tracker_new(HPyContext *ctx, HPy_ssize_t size)
{
    HPyTracker tracker;
    (void)ctx;
    (void)size;
    tracker._i = (intptr_t)allocate(sizeof(HPy) * 64 + sizeof(size_t));
    live_handles++;
    return tracker;
}
static int tracker_add(HPyContext *ctx, HPyTracker tracker, HPy h)
{
    size_t *count = (size_t *)tracker._i;
    (void)ctx;
    /* Full: as if there were no more memory. */
    if (*count == 6) {
        error = SOME_ERROR;
        return -1;
    }
    ((HPy *)(count + 1))[(*count)++] = h;
    return 0;
}
static void tracker_close(HPyContext *ctx, HPyTracker tracker)
{
    size_t *count = (size_t *)tracker._i;
    for (size_t i = 0; i < *count; i++)
        toy_close(ctx, ((HPy *)(count + 1))[i]);
    free(count);
    live_handles--;
}
static HPyTupleBuilder tuple_new(HPyContext *ctx, HPy_ssize_t size)
{
    HPyTupleBuilder builder;
    (void)ctx;
    builder._tup = toy_object(TUPLE)._i;
    Object *o = of(_hconv(builder._tup));
    o->items = (Object **)allocate((size_t)size * sizeof(Object *));
    o->size = (size_t)size;
    return builder;
}
static void tuple_set(HPyContext *ctx, HPyTupleBuilder builder, HPy_ssize_t index, HPy h)
{
    Object *o = of(_hconv(builder._tup));
    (void)ctx;
    /* The helpers fill builders in order. */
    if (index < 0 || (size_t)index != o->count || o->count >= o->size)
        abort();
    o->items[o->count++] = of(h);
    of(h)->references++;
}
static HPy tuple_build(HPyContext *ctx, HPyTupleBuilder builder)
{
    Object *o = of(_hconv(builder._tup));
    (void)ctx;
    if (o->count != o->size)
        abort();
    o->size = 0;
    return _hconv(builder._tup);
}
static void tuple_cancel(HPyContext *ctx, HPyTupleBuilder builder) { toy_close(ctx, _hconv(builder._tup)); }
static HPyListBuilder list_new(HPyContext *ctx, HPy_ssize_t size)
{
    HPyListBuilder builder;
    builder._lst = tuple_new(ctx, size)._tup;
    of(_hconv(builder._lst))->kind = LIST;
    return builder;
}
static HPyTupleBuilder as_tuple(HPyListBuilder list)
{
    HPyTupleBuilder tuple;
    tuple._tup = list._lst;
    return tuple;
}
static void list_set(HPyContext *ctx, HPyListBuilder b, HPy_ssize_t i, HPy h) { tuple_set(ctx, as_tuple(b), i, h); }
static HPy list_build(HPyContext *ctx, HPyListBuilder b) { return tuple_build(ctx, as_tuple(b)); }
static void list_cancel(HPyContext *ctx, HPyListBuilder b) { tuple_cancel(ctx, as_tuple(b)); }
static HPy set_string(HPyContext *ctx, HPy type, const char *message)
{
    (void)ctx;
    (void)of(type);
    (void)strlen(message);
    return raise_null(SOME_ERROR);
}
static HPy set_object(HPyContext *ctx, HPy type, HPy value)
{
    (void)ctx;
    (void)of(type);
    (void)of(value);
    return raise_null(SOME_ERROR);
}
static int occurred(HPyContext *ctx) { (void)ctx; return error != 0; }
static void clear(HPyContext *ctx) { (void)ctx; error = 0; }
static int matches(HPyContext *ctx, HPy type)
{
    return (error == KEY_ERROR && type._i == ctx->h_KeyError._i) ||
           (error == ENCODE_ERROR && type._i == ctx->h_UnicodeEncodeError._i);
}

HPyContext *toy_context(void)
{
    HPyContext *ctx = &context;
    if (ctx->name != NULL)
        return ctx;
    void (**members)(void) = (void (**)(void))&ctx->h_None;
    for (size_t i = 0; i < (sizeof(*ctx) - offsetof(HPyContext, h_None)) / sizeof(*members); i++)
        members[i] = not_there;
    ctx->name = "toy";
    HPy *constants[] = {&ctx->h_None, &ctx->h_True, &ctx->h_False, &ctx->h_TypeError, &ctx->h_ValueError,
                        &ctx->h_SystemError, &ctx->h_OverflowError, &ctx->h_MemoryError, &ctx->h_KeyError,
                        &ctx->h_UnicodeEncodeError, &ctx->h_FloatType};
    for (size_t i = 0; i < sizeof(constants) / sizeof(*constants); i++)
        *constants[i] = constant();
    ctx->ctx_Dup = toy_dup;
    ctx->ctx_Close = toy_close;
    ctx->ctx_Long_FromInt64_t = from_int64;
    ctx->ctx_Long_FromUInt64_t = from_uint64;
    ctx->ctx_Long_FromSsize_t = from_ssize;
    ctx->ctx_Long_AsInt64_t = as_int64;
    ctx->ctx_Long_AsInt32_t = as_int32;
    ctx->ctx_Long_AsUInt64_tMask = as_mask;
    ctx->ctx_Float_FromDouble = from_double;
    ctx->ctx_Float_AsDouble = as_double;
    ctx->ctx_IsTrue = is_true;
    ctx->ctx_TypeCheck = type_check;
    ctx->ctx_Unicode_Check = unicode_check;
    ctx->ctx_Unicode_AsUTF8AndSize = as_utf8;
    ctx->ctx_Unicode_FromString = from_string;
    ctx->ctx_Unicode_FromEncodedObject = from_encoded;
    ctx->ctx_Bytes_Check = bytes_check;
    ctx->ctx_Bytes_AS_STRING = bytes_text;
    ctx->ctx_Bytes_GET_SIZE = bytes_size;
    ctx->ctx_Bytes_FromStringAndSize = bytes_from;
    ctx->ctx_Str = ctx->ctx_Repr = ctx->ctx_ASCII = to_text;
    ctx->ctx_GetAttr_s = get_attr;
    ctx->ctx_CallTupleDict = call;
    ctx->ctx_Length = length;
    ctx->ctx_GetItem_i = get_item_i;
    ctx->ctx_GetItem_s = get_item_s;
    ctx->ctx_SetItem = set_item;
    ctx->ctx_Dict_New = dict_new;
    ctx->ctx_Dict_Keys = dict_keys;
    ctx->ctx_Tracker_New = tracker_new;
    ctx->ctx_Tracker_Add = tracker_add;
    ctx->ctx_Tracker_Close = tracker_close;
    ctx->ctx_TupleBuilder_New = tuple_new;
    ctx->ctx_TupleBuilder_Set = tuple_set;
    ctx->ctx_TupleBuilder_Build = tuple_build;
    ctx->ctx_TupleBuilder_Cancel = tuple_cancel;
    ctx->ctx_ListBuilder_New = list_new;
    ctx->ctx_ListBuilder_Set = list_set;
    ctx->ctx_ListBuilder_Build = list_build;
    ctx->ctx_ListBuilder_Cancel = list_cancel;
    ctx->ctx_Err_SetString = set_string;
    ctx->ctx_Err_SetObject = set_object;
    ctx->ctx_Err_Occurred = occurred;
    ctx->ctx_Err_Clear = clear;
    ctx->ctx_Err_ExceptionMatches = matches;
    return ctx;
}
