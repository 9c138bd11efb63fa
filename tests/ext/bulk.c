#define HPY_USE_EXTENSIONS
#include "wrap.h"
#include <pthread.h>
#include <stdlib.h>

static const HPyExtensions *table(HPyContext *ctx)
{
    const HPyExtensions *ext = HPy_Extensions(ctx);
    if (ext == NULL)
        HPyErr_SetString(ctx, ctx->h_NotImplementedError, "this runtime has no extensions");
    return ext;
}

FUNC(is_there, 0)
{
    (void)args;
    return HPyBool_FromBool(ctx, HPy_Extensions(ctx) != NULL);
}

FUNC(size, 0)
{
    (void)args;
    const HPyExtensions *ext = table(ctx);
    return ext == NULL ? HPy_NULL : HPyLong_FromSize_t(ctx, ext->size);
}

/* read_KIND(sequence, capacity): (count, what was written), item_by_item_KIND(sequence): a list. */
#define READ(KIND, TYPE, MAKE, AS) \
    FUNC(read_##KIND, 2) \
    { \
        const HPyExtensions *ext = table(ctx); \
        HPy_ssize_t capacity = HPyLong_AsSsize_t(ctx, args[1]); \
        if (ext == NULL || HPyErr_Occurred(ctx)) \
            return HPy_NULL; \
        TYPE *values = (TYPE *)malloc((size_t)capacity * sizeof(TYPE) + 1); \
        HPy_ssize_t count = ext->read_##KIND(ctx, args[0], values, capacity); \
        HPy made = HPy_NULL; \
        if (count >= 0 && count <= capacity) \
            made = ext->list_from_##KIND(ctx, values, count); \
        else if (count >= 0) \
            made = HPyLong_FromSsize_t(ctx, count); \
        free(values); \
        return made; \
    } \
    FUNC(item_by_item_##KIND, 1) \
    { \
        HPy_ssize_t count = HPy_Length(ctx, args[0]); \
        HPy list = count < 0 ? HPy_NULL : HPyList_New(ctx, 0); \
        for (HPy_ssize_t i = 0; i < count && !HPy_IsNull(list); i++) { \
            HPy item = HPy_GetItem_i(ctx, args[0], i); \
            TYPE value = HPy_IsNull(item) ? 0 : AS(ctx, item); \
            HPy number = HPyErr_Occurred(ctx) ? HPy_NULL : MAKE(ctx, value); \
            if (HPyErr_Occurred(ctx) || HPyList_Append(ctx, list, number) < 0) { \
                HPy_Close(ctx, list); \
                list = HPy_NULL; \
            } \
            HPy_Close(ctx, item); \
            HPy_Close(ctx, number); \
        } \
        return list; \
    } \
    /* tuple_KIND(list): the same numbers in a tuple. */ \
    FUNC(tuple_##KIND, 1) \
    { \
        const HPyExtensions *ext = table(ctx); \
        HPy_ssize_t count = HPy_Length(ctx, args[0]); \
        if (ext == NULL || count < 0) \
            return HPy_NULL; \
        TYPE *values = (TYPE *)malloc((size_t)count * sizeof(TYPE) + 1); \
        HPy made = HPy_NULL; \
        if (ext->read_##KIND(ctx, args[0], values, count) == count) \
            made = ext->tuple_from_##KIND(ctx, values, count); \
        free(values); \
        return made; \
    } \
    FUNC(bad_##KIND, 1) \
    { \
        const HPyExtensions *ext = table(ctx); \
        TYPE value = 0; \
        if (ext == NULL) \
            return HPy_NULL; \
        switch (HPyLong_AsInt32_t(ctx, args[0])) { \
        case 0: \
            return ext->list_from_##KIND(ctx, &value, -1); \
        case 1: \
            return ext->tuple_from_##KIND(ctx, &value, -1); \
        case 2: \
            return ext->list_from_##KIND(ctx, NULL, 1); \
        case 3: \
            return ext->tuple_from_##KIND(ctx, NULL, 1); \
        case 4: { \
            HPy list = ext->list_from_##KIND(ctx, &value, 1); \
            HPy_ssize_t count = ext->read_##KIND(ctx, list, NULL, 1); \
            HPy_Close(ctx, list); \
            return number(ctx, count); \
        } \
        default: \
            return ext->list_from_##KIND(ctx, NULL, 0); \
        } \
    }
READ(f64, double, HPyFloat_FromDouble, HPyFloat_AsDouble)
READ(i64, int64_t, HPyLong_FromInt64_t, HPyLong_AsInt64_t)

/* buffer(object, flags): (bytes, itemsize, ndim, readonly) of a view. */
FUNC(buffer, 2)
{
    const HPyExtensions *ext = table(ctx);
    int flags = HPyLong_AsInt32_t(ctx, args[1]);
    HPy_buffer view;
    if (ext == NULL || HPyErr_Occurred(ctx) || ext->buffer_get(ctx, args[0], &view, flags) < 0)
        return HPy_NULL;
    HPy bytes = HPyBytes_FromStringAndSize(ctx, (const char *)view.buf, view.len);
    HPy result = HPy_BuildValue(ctx, "Onii", bytes, view.itemsize, view.ndim, view.readonly);
    HPy_Close(ctx, bytes);
    ext->buffer_release(ctx, &view);
    return result;
}

static HPyGlobal callback;

struct job {
    HPyContext *ctx;
    int attached;
};

static void *work(void *argument)
{
    struct job *job = (struct job *)argument;
    HPyContext *ctx = job->ctx;
    const HPyExtensions *ext = HPy_Extensions(ctx);
    void *outer = ext->thread_attach(ctx);
    if (outer == NULL)
        return NULL;
    job->attached = 1;
    void *inner = ext->thread_attach(ctx);
    HPy function = HPyGlobal_Load(ctx, callback);
    HPy result = HPy_Call(ctx, function, NULL, 0, HPy_NULL);
    if (HPy_IsNull(result))
        HPyErr_WriteUnraisable(ctx, function);
    HPy_Close(ctx, result);
    HPy_Close(ctx, function);
    ext->thread_detach(ctx, inner);
    ext->thread_detach(ctx, outer);
    return NULL;
}

/* in_threads(function, count): calls it once in each of so many threads of C's own. */
FUNC(in_threads, 2)
{
    enum { MOST = 16 };
    pthread_t threads[MOST];
    struct job jobs[MOST];
    int count = HPyLong_AsInt32_t(ctx, args[1]);
    int attached = 0;
    if (table(ctx) == NULL || HPyErr_Occurred(ctx))
        return HPy_NULL;
    HPyGlobal_Store(ctx, &callback, args[0]);
    HPyThreadState state = HPy_LeavePythonExecution(ctx);
    for (int i = 0; i < count && i < MOST; i++) {
        jobs[i].ctx = ctx;
        jobs[i].attached = 0;
        pthread_create(&threads[i], NULL, work, &jobs[i]);
    }
    for (int i = 0; i < count && i < MOST; i++) {
        pthread_join(threads[i], NULL);
        attached += jobs[i].attached;
    }
    HPy_ReenterPythonExecution(ctx, state);
    HPyGlobal_Store(ctx, &callback, HPy_NULL);
    return HPyLong_FromInt32_t(ctx, attached);
}

static HPy constructor(HPyContext *ctx, HPy self, const HPy *args, size_t nargs, HPy kwnames)
{
    (void)self, (void)args, (void)nargs, (void)kwnames;
    return HPy_Dup(ctx, ctx->h_None);
}

/* set_constructor(type, with): gives it a constructor, or NULL for one. */
FUNC(set_constructor, 2)
{
    const HPyExtensions *ext = table(ctx);
    if (ext == NULL)
        return HPy_NULL;
    if (!HPy_HAS_EXTENSION(ext, type_set_constructor))
        return HPyErr_SetString(ctx, ctx->h_NotImplementedError, "this runtime has no constructors");
    void *impl = HPy_IsTrue(ctx, args[1]) ? (void *)(uintptr_t)constructor : NULL;
    if (ext->type_set_constructor(ctx, args[0], impl) < 0)
        return HPy_NULL;
    return HPy_Dup(ctx, ctx->h_None);
}

static HPyType_Spec plain_spec = {.name = "bulk.Plain", .builtin_shape = HPyType_BuiltinShape_Object};

/* plain_type(): a new type from a spec, without a constructor. */
FUNC(plain_type, 0)
{
    (void)args;
    return HPyType_FromSpec(ctx, &plain_spec, NULL);
}

static HPyDef *defines[] = {&def_set_constructor, &def_plain_type, &def_is_there,   &def_size,     &def_read_f64, &def_item_by_item_f64, &def_tuple_f64,
                            &def_bad_f64,    &def_read_i64, &def_item_by_item_i64, &def_tuple_i64, &def_bad_i64,
                            &def_buffer,     &def_in_threads, NULL};
static HPyGlobal *globals[] = {&callback, NULL};
static HPyModuleDef module_def = {.doc = "test extension", .size = 0, .defines = defines, .globals = globals};
HPy_MODINIT(bulk, module_def)
