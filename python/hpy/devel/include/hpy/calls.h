/* Functions that call through the context in their own way, or in the cpython ABI not at all. */
#ifndef HPY_CALLS_H
#define HPY_CALLS_H

#ifdef HPY_ABI_CPYTHON
#  if PY_VERSION_HEX >= 0x030C0000 && SIZEOF_VOID_P == 8 && !PY_BIG_ENDIAN && !defined(Py_GIL_DISABLED) && \
    !defined(Py_REF_DEBUG) && !defined(GRAALVM_PYTHON)
/* The count of an object has 32 bits here; it is negative, and stays what it is, where the object is immortal. In 3.12
   and 3.13 Py_INCREF writes these and Py_DECREF reads 64, which a processor cannot do before the write has reached its
   cache. With a signed count and the same test in both, a HPy_Close after a HPy_Dup comes down to nothing. */
#    if PY_VERSION_HEX < 0x030E0000
#      define _HPy_COUNT(object) ((int32_t *)&(object)->ob_refcnt_split[0])
#    else
#      define _HPy_COUNT(object) ((int32_t *)&(object)->ob_refcnt)
#    endif
HPyAPI_FUNC void _HPy_Incref(PyObject *object)
{
    int32_t *count = _HPy_COUNT(object);
    if (*count > 0)
        ++*count;
}

HPyAPI_FUNC void _HPy_Decref(PyObject *object)
{
    int32_t *count = _HPy_COUNT(object);
    if (*count > 0 && --*count == 0)
        _Py_Dealloc(object);
}
#  else
#    define _HPy_Incref Py_INCREF
#    define _HPy_Decref Py_DECREF
#  endif

HPyAPI_FUNC HPy HPy_Dup(HPyContext *ctx, HPy h)
{
    (void)ctx;
    if (h._i != 0)
        _HPy_Incref(_h2py(h));
    return h;
}

HPyAPI_FUNC void HPy_Close(HPyContext *ctx, HPy h)
{
    (void)ctx;
    if (h._i != 0)
        _HPy_Decref(_h2py(h));
}

HPyAPI_FUNC int HPy_Is(HPyContext *ctx, HPy obj, HPy other)
{
    (void)ctx;
    return obj._i == other._i;
}

HPyAPI_FUNC int HPyErr_Occurred(HPyContext *ctx)
{
    (void)ctx;
    return PyErr_Occurred() != NULL;
}
#else
HPyAPI_FUNC HPy HPy_Dup(HPyContext *ctx, HPy h)
{
#ifdef _HPY_HAS_SHORTCUTS
    if (_HPy_LIKELY(h._i != 0 && _HPyShortcut_Retain(_HPy_OffersHere(ctx), h)))
        return h;
#endif
    return ctx->ctx_Dup(ctx, h);
}

HPyAPI_FUNC void HPy_Close(HPyContext *ctx, HPy h)
{
#ifdef _HPY_HAS_SHORTCUTS
    if (_HPy_LIKELY(h._i != 0 && _HPyShortcut_Release(_HPy_Offers(ctx), h)))
        return;
#endif
    ctx->ctx_Close(ctx, h);
}

HPyAPI_FUNC int HPy_Is(HPyContext *ctx, HPy obj, HPy other)
{
    return ctx->ctx_Is(ctx, obj, other);
}

HPyAPI_FUNC int HPyErr_Occurred(HPyContext *ctx)
{
    return ctx->ctx_Err_Occurred(ctx);
}
#endif

#ifdef HPY_ABI_CPYTHON
/* A small int from the table of the runtime in the same binary, or null. */
HPyAPI_FUNC HPy _HPyShortcut_Int(HPyContext *ctx, int64_t value)
{
    const HPy *ints = ((const _HPyContextExt *)(const void *)ctx)->shortcuts.small_ints;
    uint64_t place = (uint64_t)value - (uint64_t)HPY_SMALL_INT_MIN;
#  if SIZEOF_VOID_P == 8 && !PY_BIG_ENDIAN && !defined(Py_GIL_DISABLED) && !defined(Py_REF_DEBUG) && \
    !defined(Py_TRACE_REFS) && !defined(GRAALVM_PYTHON)
    _HPy_KNOWN(ints != NULL);
#  endif
    if (_HPy_LIKELY(place < HPY_SMALL_INTS && ints != NULL)) {
#  if PY_VERSION_HEX < 0x030C0000 || defined(Py_REF_DEBUG) /* since 3.12 they are immortal */
        Py_INCREF(_h2py(ints[place]));
#  endif
        _HPy_KNOWN(ints[place]._i != 0);
        return ints[place];
    }
    return HPy_NULL;
}
#elif defined(_HPY_HAS_SHORTCUTS)
/* A small int from the runtime's table, or null. */
HPyAPI_FUNC HPy _HPyShortcut_Int(HPyContext *ctx, int64_t value)
{
    HPy made = HPy_NULL;
    uint32_t offers = _HPy_Offers(ctx);
    uint64_t place = (uint64_t)value - (uint64_t)HPY_SMALL_INT_MIN;
    if (place < HPY_SMALL_INTS && _HPy_LIKELY(offers & HPY_MAY_READ_ITEMS)) {
        made = ((const _HPyContextExt *)(const void *)ctx)->shortcuts.small_ints[place];
        _HPy_KNOWN(made._i != 0);
        if (!(offers & HPY_MAY_COUNT_I32)) /* else they are not counted */
            ++*(_hpy_count_word *)made._i;
    }
    return made;
}
#endif

HPyAPI_FUNC HPy HPyLong_FromInt32_t(HPyContext *ctx, int32_t value)
{
#if defined(HPY_ABI_CPYTHON) || defined(_HPY_HAS_SHORTCUTS)
    HPy made = _HPyShortcut_Int(ctx, (int64_t)value);
    if (made._i != 0)
        return made;
#endif
#ifdef HPY_ABI_CPYTHON
    return _py2h(PyLong_FromLong(value));
#else
    return ctx->ctx_Long_FromInt32_t(ctx, value);
#endif
}

HPyAPI_FUNC HPy HPyLong_FromInt64_t(HPyContext *ctx, int64_t v)
{
#if defined(HPY_ABI_CPYTHON) || defined(_HPY_HAS_SHORTCUTS)
    HPy made = _HPyShortcut_Int(ctx, (int64_t)v);
    if (made._i != 0)
        return made;
#endif
#ifdef HPY_ABI_CPYTHON
    return _py2h(PyLong_FromLongLong(v));
#else
    return ctx->ctx_Long_FromInt64_t(ctx, v);
#endif
}

HPyAPI_FUNC HPy HPyLong_FromSsize_t(HPyContext *ctx, HPy_ssize_t value)
{
#if defined(HPY_ABI_CPYTHON) || defined(_HPY_HAS_SHORTCUTS)
    HPy made = _HPyShortcut_Int(ctx, (int64_t)value);
    if (made._i != 0)
        return made;
#endif
#ifdef HPY_ABI_CPYTHON
    return _py2h(PyLong_FromSsize_t(value));
#else
    return ctx->ctx_Long_FromSsize_t(ctx, value);
#endif
}

HPyAPI_FUNC void *_HPy_AsStruct_Object(HPyContext *ctx, HPy h)
{
#ifdef HPY_ABI_CPYTHON
    (void)ctx;
    return (char *)_h2py(h) + (sizeof(PyObject) + 15) / 16 * 16;
#else
#  ifdef _HPY_HAS_SHORTCUTS
    if (_HPy_OffersOnce(ctx, HPY_MAY_REACH_STRUCTS))
        return (char *)h._i + HPY_STRUCT_AT;
#  endif
    return ctx->ctx_AsStruct_Object(ctx, h);
#endif
}

HPyAPI_FUNC HPy_ssize_t HPy_Length(HPyContext *ctx, HPy h)
{
#ifdef HPY_ABI_CPYTHON
    (void)ctx;
#  if PY_VERSION_HEX < 0x030C0000
    if (PyUnicode_CheckExact(_h2py(h)) && PyUnicode_IS_READY(_h2py(h)))
#  else
    if (PyUnicode_CheckExact(_h2py(h)))
#  endif
        return PyUnicode_GET_LENGTH(_h2py(h));
    return PyObject_Size(_h2py(h));
#else
#  ifdef _HPY_HAS_SHORTCUTS
    if (_HPy_LIKELY(_HPy_Offers(ctx) & HPY_MAY_READ_LENGTHS)) {
        const HPyShortcuts *shortcuts = &((const _HPyContextExt *)(const void *)ctx)->shortcuts;
        intptr_t type = *(const intptr_t *)(h._i + shortcuts->type_at);
        if (type == ctx->h_UnicodeType._i || type == ctx->h_ListType._i || type == ctx->h_TupleType._i)
            return *(const HPy_ssize_t *)(h._i + shortcuts->length_at);
    }
#  endif
    return ctx->ctx_Length(ctx, h);
#endif
}

HPyAPI_FUNC double HPyFloat_AsDouble(HPyContext *ctx, HPy h)
{
#ifdef HPY_ABI_CPYTHON
    (void)ctx;
    if (_HPy_LIKELY(PyFloat_CheckExact(_h2py(h))))
        return PyFloat_AS_DOUBLE(_h2py(h));
    return PyFloat_AsDouble(_h2py(h));
#else
#  ifdef _HPY_HAS_SHORTCUTS
    if (_HPy_LIKELY(_HPy_Offers(ctx) & HPY_MAY_READ_ITEMS))
        if (_HPy_LIKELY(*(const _hpy_count_word *)(h._i + HPY_TYPE_AT) == ctx->h_FloatType._i))
            return *(const _hpy_float_value *)(h._i + HPY_FLOAT_AT);
#  endif
    return ctx->ctx_Float_AsDouble(ctx, h);
#endif
}

HPyAPI_FUNC HPy HPy_GetItem_i(HPyContext *ctx, HPy obj, HPy_ssize_t idx)
{
#if defined(HPY_ABI_CPYTHON) && !defined(Py_GIL_DISABLED)
    if (_HPy_LIKELY(PyList_CheckExact(_h2py(obj)) && (size_t)idx < (size_t)PyList_GET_SIZE(_h2py(obj)))) {
        PyObject *item = PyList_GET_ITEM(_h2py(obj), idx);
        _HPy_Incref(item);
        return _py2h(item);
    }
#elif defined(_HPY_HAS_SHORTCUTS)
    uint32_t offers = _HPy_Offers(ctx);
    if (_HPy_LIKELY(offers & HPY_MAY_READ_ITEMS))
        if (_HPy_LIKELY(*(const _hpy_count_word *)(obj._i + HPY_TYPE_AT) == ctx->h_ListType._i &&
                        (size_t)idx < (size_t)*(const _hpy_count_word *)(obj._i + HPY_LENGTH_AT))) {
            const _hpy_count_word *items = (const _hpy_count_word *)*(const _hpy_count_word *)(obj._i + HPY_ITEMS_AT);
            HPy item;
            item._i = items[idx];
            _HPy_KNOWN(item._i != 0);
            _HPyShortcut_Retain(offers, item);
            return item;
        }
#endif
    return ctx->ctx_GetItem_i(ctx, obj, idx);
}

HPyAPI_FUNC void HPyListBuilder_Set(HPyContext *ctx, HPyListBuilder builder, HPy_ssize_t index, HPy h_item)
{
#ifdef HPY_ABI_CPYTHON
    /* What the runtime in the same binary does: a builder is a list that counts what is missing in `allocated`. */
    if (_HPy_LIKELY((uintptr_t)builder._lst > 1 && h_item._i != 0)) {
        PyListObject *list = (PyListObject *)builder._lst;
        if (_HPy_LIKELY((size_t)index < (size_t)PyList_GET_SIZE(list) && list->ob_item[index] == NULL)) {
            list->ob_item[index] = _h2py(h_item);
            list->allocated--;
            /* Last, so that with a HPy_Close that follows it comes down to nothing. */
            _HPy_Incref(_h2py(h_item));
            return;
        }
    }
#elif defined(_HPY_HAS_SHORTCUTS)
    uint32_t offers = _HPy_Offers(ctx);
    if (_HPy_LIKELY((uintptr_t)builder._lst > 1 && h_item._i != 0))
        if (_HPy_LIKELY(offers & HPY_MAY_READ_ITEMS)) { /* alone, so that a compiler sees that it was asked before */
            _HPyOpenListBuilder *open = (_HPyOpenListBuilder *)builder._lst;
            if (_HPy_LIKELY((size_t)index < (size_t)open->size && open->items[index]._i == 0)) {
                open->items[index] = h_item;
                open->missing--;
                /* Last, so that a HPy_Close that follows finds the count in a register. */
                _HPyShortcut_Retain(offers, h_item);
                return;
            }
        }
#endif
    ctx->ctx_ListBuilder_Set(ctx, builder, index, h_item);
}

/* Legacy: the handle's object as CPython's, and back. Both give a new reference. Declared without a body in
   a universal build, where nothing may call them. */
#if defined(HPY_ABI_UNIVERSAL)
_HPY_LEGACY cpy_PyObject *HPy_AsPyObject(HPyContext *ctx, HPy h);
_HPY_LEGACY HPy HPy_FromPyObject(HPyContext *ctx, cpy_PyObject *obj);
#elif defined(HPY_ABI_CPYTHON)
HPyAPI_FUNC cpy_PyObject *HPy_AsPyObject(HPyContext *ctx, HPy h)
{
    return _h2py(HPy_Dup(ctx, h));
}

HPyAPI_FUNC HPy HPy_FromPyObject(HPyContext *ctx, cpy_PyObject *obj)
{
    return HPy_Dup(ctx, _py2h(obj));
}
#else
HPyAPI_FUNC cpy_PyObject *HPy_AsPyObject(HPyContext *ctx, HPy h)
{
    return ctx->ctx_AsPyObject(ctx, h);
}

HPyAPI_FUNC HPy HPy_FromPyObject(HPyContext *ctx, cpy_PyObject *obj)
{
    return ctx->ctx_FromPyObject(ctx, obj);
}
#endif

HPyAPI_FUNC HPy HPy_Call(HPyContext *ctx, HPy callable, const HPy *args, size_t nargs, HPy kwnames)
{
#ifdef HPY_ABI_CPYTHON
    if (_HPy_LIKELY(kwnames._i == 0 || PyTuple_Check(_h2py(kwnames))))
        return _py2h(PyObject_Vectorcall(_h2py(callable), (PyObject *const *)args, nargs, _h2py(kwnames)));
#endif
    return _HPy_PLACE(ctx, ctx_Call)(ctx, callable, args, nargs, kwnames);
}

HPyAPI_FUNC HPy _HPy_New(HPyContext *ctx, HPy h_type, void **data)
{
    /* The address that escapes is that of a variable nobody reads later: the compiler may keep the
       caller's pointer in a register. */
    void *allocated;
    HPy h = ctx->ctx_New(ctx, h_type, &allocated);
    *data = allocated;
    return h;
}

/* Ends the process: the interpreter cannot go on. */
_HPy_NO_RETURN HPyAPI_FUNC void HPy_FatalError(HPyContext *ctx, const char *message)
{
    ctx->ctx_FatalError(ctx, message);
    abort(); /* for compilers that forget it when they inline */
}

HPyAPI_FUNC void *HPyCapsule_GetPointer(HPyContext *ctx, HPy capsule, const char *utf8_name)
{
    return HPyCapsule_Get(ctx, capsule, HPyCapsule_key_Pointer, utf8_name);
}

HPyAPI_FUNC const char *HPyCapsule_GetName(HPyContext *ctx, HPy capsule)
{
    return (const char *)HPyCapsule_Get(ctx, capsule, HPyCapsule_key_Name, NULL);
}

HPyAPI_FUNC void *HPyCapsule_GetContext(HPyContext *ctx, HPy capsule)
{
    return HPyCapsule_Get(ctx, capsule, HPyCapsule_key_Context, NULL);
}

HPyAPI_FUNC int HPyCapsule_SetPointer(HPyContext *ctx, HPy capsule, void *pointer)
{
    return HPyCapsule_Set(ctx, capsule, HPyCapsule_key_Pointer, pointer);
}

HPyAPI_FUNC int HPyCapsule_SetName(HPyContext *ctx, HPy capsule, const char *utf8_name)
{
    return HPyCapsule_Set(ctx, capsule, HPyCapsule_key_Name, (void *)utf8_name);
}

HPyAPI_FUNC int HPyCapsule_SetContext(HPyContext *ctx, HPy capsule, void *context)
{
    return HPyCapsule_Set(ctx, capsule, HPyCapsule_key_Context, context);
}

HPyAPI_FUNC int HPyCapsule_SetDestructor(HPyContext *ctx, HPy capsule, HPyCapsule_Destructor *destructor)
{
    return HPyCapsule_Set(ctx, capsule, HPyCapsule_key_Destructor, (void *)destructor);
}

#endif /* HPY_CALLS_H */
