/* What hpy-rs offers beyond the ABI (hpy_sys::ext). A source opts in with HPY_USE_EXTENSIONS before it
 * includes hpy.h, asks HPy_Extensions(ctx) and does without where that is NULL: on PyPy, say.
 *
 *     const HPyExtensions *ext = HPy_Extensions(ctx);
 *     if (ext != NULL && HPy_HAS_EXTENSION(ext, read_f64))
 *         count = ext->read_f64(ctx, list, values, capacity);
 */
#ifndef HPY_EXTENSIONS_H
#define HPY_EXTENSIONS_H

typedef struct {
    size_t size; /* of the table, as the runtime has it */
    /* Read a list or tuple into `out`; return the number of items, -1 with an exception. Write nothing where
       there are more than `capacity` items. */
    HPy_ssize_t (*read_f64)(HPyContext *ctx, HPy sequence, double *out, HPy_ssize_t capacity);
    HPy_ssize_t (*read_i64)(HPyContext *ctx, HPy sequence, int64_t *out, HPy_ssize_t capacity);
    /* New lists and tuples of C numbers. */
    HPy (*list_from_f64)(HPyContext *ctx, const double *values, HPy_ssize_t count);
    HPy (*list_from_i64)(HPyContext *ctx, const int64_t *values, HPy_ssize_t count);
    HPy (*tuple_from_f64)(HPyContext *ctx, const double *values, HPy_ssize_t count);
    HPy (*tuple_from_i64)(HPyContext *ctx, const int64_t *values, HPy_ssize_t count);
    /* PyObject_GetBuffer and PyBuffer_Release; `flags` are CPython's PyBUF_*. */
    int (*buffer_get)(HPyContext *ctx, HPy h, HPy_buffer *view, int flags);
    void (*buffer_release)(HPyContext *ctx, HPy_buffer *view);
    /* Attach a thread that Python may never have seen to the interpreter of `ctx`, and detach it. NULL if
       the interpreter is shutting down. */
    void *(*thread_attach)(HPyContext *ctx);
    void (*thread_detach)(HPyContext *ctx, void *token);
    /* Take the pending exception away: the exception object with its traceback, HPy_NULL if none is pending. */
    HPy (*error_take)(HPyContext *ctx);
} HPyExtensions;

/* Whether the table reaches past the function: tables of older runtimes are shorter. */
#define HPy_HAS_EXTENSION(table, function) \
    ((table)->size >= offsetof(HPyExtensions, function) + sizeof((table)->function))

/* A context of hpy-rs. */
typedef struct {
    HPyContext base;
    const HPyExtensions *extensions;
} _HPyContextExt;

/* 0, or what the runtime passed to HPyInitExtensions_NAME: only then has the context the table. One variable
   per source file: give the answer of HPy_Extensions on where a module has several. */
static uint32_t _hpy_extensions_version;

HPyAPI_FUNC const HPyExtensions *HPy_Extensions(HPyContext *ctx)
{
    return _hpy_extensions_version == 0 ? NULL : ((const _HPyContextExt *)(const void *)ctx)->extensions;
}

#endif /* HPY_EXTENSIONS_H */
