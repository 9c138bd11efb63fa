/* Functions made of others: C's own integer types, deletion, packing, slices. */
#ifndef HPY_INLINE_HELPERS_H
#define HPY_INLINE_HELPERS_H

/* Raises h_type from the C library's errno; always returns HPy_NULL. */
HPyAPI_INLINE_HELPER HPy HPyErr_SetFromErrno(HPyContext *ctx, HPy h_type)
{
    return HPyErr_SetFromErrnoWithFilenameObjects(ctx, h_type, HPy_NULL, HPy_NULL);
}

/* The same, for a file; `filename` may be HPy_NULL. */
HPyAPI_INLINE_HELPER HPy HPyErr_SetFromErrnoWithFilenameObject(HPyContext *ctx, HPy h_type, HPy filename)
{
    return HPyErr_SetFromErrnoWithFilenameObjects(ctx, h_type, filename, HPy_NULL);
}

/* A new tuple of the `n` handles that follow. */
HPyAPI_INLINE_HELPER HPy HPyTuple_Pack(HPyContext *ctx, HPy_ssize_t n, ...)
{
    va_list items;
    HPy_ssize_t i;
    HPyTupleBuilder builder = HPyTupleBuilder_New(ctx, n);
    va_start(items, n);
    for (i = 0; i < n; i++)
        HPyTupleBuilder_Set(ctx, builder, i, va_arg(items, HPy));
    va_end(items);
    return HPyTupleBuilder_Build(ctx, builder);
}

/* del obj.name: 0, or -1 with an exception. */
HPyAPI_INLINE_HELPER int HPy_DelAttr(HPyContext *ctx, HPy obj, HPy name)
{
    return HPy_SetAttr(ctx, obj, name, HPy_NULL);
}

HPyAPI_INLINE_HELPER int HPy_DelAttr_s(HPyContext *ctx, HPy obj, const char *utf8_name)
{
    return HPy_SetAttr_s(ctx, obj, utf8_name, HPy_NULL);
}

/* `long` has 32 or 64 bits: the compiler keeps one of the two calls. */
HPyAPI_INLINE_HELPER HPy HPyLong_FromLong(HPyContext *ctx, long l)
{
    return sizeof(long) == sizeof(int32_t) ? HPyLong_FromInt32_t(ctx, (int32_t)l)
                                           : HPyLong_FromInt64_t(ctx, (int64_t)l);
}

HPyAPI_INLINE_HELPER HPy HPyLong_FromUnsignedLong(HPyContext *ctx, unsigned long l)
{
    return sizeof(long) == sizeof(int32_t) ? HPyLong_FromUInt32_t(ctx, (uint32_t)l)
                                           : HPyLong_FromUInt64_t(ctx, (uint64_t)l);
}

HPyAPI_INLINE_HELPER HPy HPyLong_FromLongLong(HPyContext *ctx, long long l)
{
    return HPyLong_FromInt64_t(ctx, (int64_t)l);
}

HPyAPI_INLINE_HELPER HPy HPyLong_FromUnsignedLongLong(HPyContext *ctx, unsigned long long l)
{
    return HPyLong_FromUInt64_t(ctx, (uint64_t)l);
}

/* -1 with an exception, or the value: HPyErr_Occurred tells. The Mask functions take the low bits of any
   int and never overflow. */
HPyAPI_INLINE_HELPER long HPyLong_AsLong(HPyContext *ctx, HPy h)
{
    return sizeof(long) == sizeof(int32_t) ? (long)HPyLong_AsInt32_t(ctx, h) : (long)HPyLong_AsInt64_t(ctx, h);
}

HPyAPI_INLINE_HELPER unsigned long HPyLong_AsUnsignedLong(HPyContext *ctx, HPy h)
{
    return sizeof(long) == sizeof(int32_t) ? (unsigned long)HPyLong_AsUInt32_t(ctx, h)
                                           : (unsigned long)HPyLong_AsUInt64_t(ctx, h);
}

HPyAPI_INLINE_HELPER unsigned long HPyLong_AsUnsignedLongMask(HPyContext *ctx, HPy h)
{
    return sizeof(long) == sizeof(int32_t) ? (unsigned long)HPyLong_AsUInt32_tMask(ctx, h)
                                           : (unsigned long)HPyLong_AsUInt64_tMask(ctx, h);
}

HPyAPI_INLINE_HELPER long long HPyLong_AsLongLong(HPyContext *ctx, HPy h)
{
    return (long long)HPyLong_AsInt64_t(ctx, h);
}

HPyAPI_INLINE_HELPER unsigned long long HPyLong_AsUnsignedLongLong(HPyContext *ctx, HPy h)
{
    return (unsigned long long)HPyLong_AsUInt64_t(ctx, h);
}

HPyAPI_INLINE_HELPER unsigned long long HPyLong_AsUnsignedLongLongMask(HPyContext *ctx, HPy h)
{
    return (unsigned long long)HPyLong_AsUInt64_tMask(ctx, h);
}

HPyAPI_INLINE_HELPER HPy HPyBool_FromLong(HPyContext *ctx, long v)
{
    return HPyBool_FromBool(ctx, v != 0);
}

/* One end of a slice, as it counts in a sequence of `length` items. */
HPyAPI_INLINE_HELPER HPy_ssize_t _HPySlice_Clip(HPy_ssize_t index, HPy_ssize_t length, int backwards)
{
    HPy_ssize_t before = backwards ? -1 : 0;
    if (index < 0) {
        index += length;
        return index < 0 ? before : index;
    }
    return index >= length ? length + before : index;
}

/* Clips what HPySlice_Unpack gave to a sequence of `length` items; returns the slice's number of items.
   `step` is not 0 and not HPY_SSIZE_T_MIN. */
HPyAPI_INLINE_HELPER HPy_ssize_t HPySlice_AdjustIndices(HPyContext *ctx, HPy_ssize_t length, HPy_ssize_t *start,
                                                        HPy_ssize_t *stop, HPy_ssize_t step)
{
    (void)ctx;
    *start = _HPySlice_Clip(*start, length, step < 0);
    *stop = _HPySlice_Clip(*stop, length, step < 0);
    if (step > 0 && *start < *stop)
        return (*stop - *start - 1) / step + 1;
    if (step < 0 && *stop < *start)
        return (*start - *stop - 1) / -step + 1;
    return 0;
}

/* receiver.name(*args, **kw); `args` is a tuple, `kw` a dict or HPy_NULL. */
HPyAPI_INLINE_HELPER HPy HPy_CallMethodTupleDict(HPyContext *ctx, HPy name, HPy receiver, HPy args, HPy kw)
{
    HPy result;
    HPy method = HPy_GetAttr(ctx, receiver, name);
    if (HPy_IsNull(method))
        return HPy_NULL;
    result = HPy_CallTupleDict(ctx, method, args, kw);
    HPy_Close(ctx, method);
    return result;
}

HPyAPI_INLINE_HELPER HPy HPy_CallMethodTupleDict_s(HPyContext *ctx, const char *utf8_name, HPy receiver,
                                                   HPy args, HPy kw)
{
    HPy result;
    HPy method = HPy_GetAttr_s(ctx, receiver, utf8_name);
    if (HPy_IsNull(method))
        return HPy_NULL;
    result = HPy_CallTupleDict(ctx, method, args, kw);
    HPy_Close(ctx, method);
    return result;
}

#endif /* HPY_INLINE_HELPERS_H */
