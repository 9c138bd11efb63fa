#include "wrap.h"

/* What the context offers; -1 where the binary does not look. */
FUNC(offers, 0)
{
    (void)args;
#ifdef _HPY_HAS_SHORTCUTS
    return number(ctx, _HPy_Offers(ctx));
#else
    return number(ctx, -1);
#endif
}

/* counted(object, times): the object, after so many references more and as many less. */
FUNC(counted, 2)
{
    long times = HPyLong_AsLong(ctx, args[1]);
    if (HPyErr_Occurred(ctx))
        return HPy_NULL;
    HPy *more = (HPy *)calloc((size_t)times + 1, sizeof(HPy));
    if (more == NULL)
        return HPyErr_NoMemory(ctx);
    for (long i = 0; i < times; i++)
        more[i] = HPy_Dup(ctx, i == 0 ? args[0] : more[i - 1]);
    for (long i = 0; i < times; i++)
        HPy_Close(ctx, more[i]);
    free(more);
    return HPy_Dup(ctx, args[0]);
}

/* dropped(callable): what is left of a call's result is given up before the next one. */
FUNC(dropped, 2)
{
    for (long i = HPyLong_AsLong(ctx, args[1]); i > 0; i--) {
        HPy made = HPy_Call(ctx, args[0], NULL, 0, HPy_NULL);
        if (HPy_IsNull(made))
            return HPy_NULL;
        HPy again = HPy_Dup(ctx, made);
        HPy_Close(ctx, made);
        HPy_Close(ctx, again);
    }
    return none(ctx);
}

FUNC(nulls, 0)
{
    (void)args;
    HPy_Close(ctx, HPy_NULL);
    return number(ctx, HPy_IsNull(HPy_Dup(ctx, HPy_NULL)));
}

/* The int of a value in each of the ways to make one. */
FUNC(ints, 1)
{
    int64_t value = HPyLong_AsInt64_t(ctx, args[0]);
    if (HPyErr_Occurred(ctx))
        return HPy_NULL;
    HPy made[5] = {HPyLong_FromInt64_t(ctx, value), HPyLong_FromSsize_t(ctx, (HPy_ssize_t)value),
                   HPyLong_FromLongLong(ctx, value),
                   value == (int32_t)value ? HPyLong_FromInt32_t(ctx, (int32_t)value) : HPy_Dup(ctx, args[0]),
                   value == (long)value ? HPyLong_FromLong(ctx, (long)value) : HPy_Dup(ctx, args[0])};
    HPy all = HPyTuple_FromArray(ctx, made, 5);
    for (int i = 0; i < 5; i++)
        HPy_Close(ctx, made[i]);
    return all;
}

/* build(size, [(index, item), ...]): what Build gives after these Sets. */
FUNC(build, 2)
{
    HPy_ssize_t size = HPyLong_AsSsize_t(ctx, args[0]);
    HPy_ssize_t count = HPy_Length(ctx, args[1]);
    if (HPyErr_Occurred(ctx))
        return HPy_NULL;
    HPyListBuilder builder = HPyListBuilder_New(ctx, size);
    for (HPy_ssize_t i = 0; i < count; i++) {
        HPy pair = HPy_GetItem_i(ctx, args[1], i);
        HPy place = HPy_GetItem_i(ctx, pair, 0);
        HPy item = HPy_GetItem_i(ctx, pair, 1);
        HPyListBuilder_Set(ctx, builder, HPyLong_AsSsize_t(ctx, place), or_null(ctx, item));
        HPy_Close(ctx, item);
        HPy_Close(ctx, place);
        HPy_Close(ctx, pair);
    }
    return HPyListBuilder_Build(ctx, builder);
}

/* Whether trampolines of this binary call implementations with this context. */
FUNC(straight, 0)
{
    (void)args;
    return HPyBool_FromBool(ctx, _hpy_straight_ctx == ctx);
}

/* A call by each signature of methods, and what it got. */
HPyDef_METH(nothing, "nothing", HPyFunc_NOARGS)
static HPy nothing_impl(HPyContext *ctx, HPy self)
{
    (void)self;
    return HPyLong_FromLong(ctx, 1000);
}

HPyDef_METH(same, "same", HPyFunc_O)
static HPy same_impl(HPyContext *ctx, HPy self, HPy arg)
{
    (void)self;
    return HPy_Dup(ctx, arg);
}

HPyDef_METH(named, "named", HPyFunc_KEYWORDS)
static HPy named_impl(HPyContext *ctx, HPy self, const HPy *args, size_t nargs, HPy kwnames)
{
    (void)self;
    HPy_ssize_t names = HPy_IsNull(kwnames) ? 0 : HPy_Length(ctx, kwnames);
    HPy all = HPyTuple_FromArray(ctx, (HPy *)args, (HPy_ssize_t)nargs + names);
    HPy made = HPyTuple_Pack(ctx, 2, all, HPy_IsNull(kwnames) ? ctx->h_None : kwnames);
    HPy_Close(ctx, all);
    return made;
}

FUNC(length, 1)
{
    HPy_ssize_t length = HPy_Length(ctx, args[0]);
    return length < 0 ? HPy_NULL : HPyLong_FromSsize_t(ctx, length);
}

FUNC(item, 2)
{
    HPy_ssize_t index = HPyLong_AsSsize_t(ctx, args[1]);
    return HPyErr_Occurred(ctx) ? HPy_NULL : HPy_GetItem_i(ctx, args[0], index);
}

FUNC(float_value, 1)
{
    double value = HPyFloat_AsDouble(ctx, args[0]);
    return value == -1.0 && HPyErr_Occurred(ctx) ? HPy_NULL : HPyFloat_FromDouble(ctx, value);
}

/* total(list): its items are opened, read and closed one after the other. */
FUNC(total, 1)
{
    HPy_ssize_t size = HPy_Length(ctx, args[0]);
    double sum = 0;
    for (HPy_ssize_t i = 0; i < size; i++) {
        HPy item = HPy_GetItem_i(ctx, args[0], i);
        double value = HPyFloat_AsDouble(ctx, item);
        HPy_Close(ctx, item);
        if (value == -1.0 && HPyErr_Occurred(ctx))
            return HPy_NULL;
        sum += value;
    }
    return HPyFloat_FromDouble(ctx, sum);
}

MODULE(shortcuts, LISTED(straight) &nothing, &same, &named, LISTED(length) LISTED(offers) LISTED(counted) LISTED(dropped) LISTED(nulls) LISTED(ints) LISTED(build) LISTED(item) LISTED(float_value) LISTED(total))
