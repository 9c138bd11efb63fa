#include "wrap.h"

I_H(HPy_Length)
H_HI(HPy_GetItem_i)
I_HIH(HPy_SetItem_i)
I_HH(HPyList_Append)
I_H(HPyBytes_GET_SIZE)
I_H(HPyLong_AsInt64_t)
I_H(HPyLong_AsInt32_t)
I_H(HPyLong_AsSsize_t)

FUNC(HPyFloat_AsDouble, 1)
{
    double value = HPyFloat_AsDouble(ctx, args[0]);
    return HPyErr_Occurred(ctx) ? HPy_NULL : HPyFloat_FromDouble(ctx, value);
}

FUNC(HPyBytes_AS_STRING, 1)
{
    return HPyBytes_FromStringAndSize(ctx, HPyBytes_AS_STRING(ctx, args[0]), HPyBytes_GET_SIZE(ctx, args[0]));
}

FUNC(from_int64, 1)
{
    int64_t value = HPyLong_AsInt64_t(ctx, args[0]);
    return HPyErr_Occurred(ctx) ? HPy_NULL : HPyLong_FromInt64_t(ctx, value);
}

/* build(kind, size, [(index, item), ...]): what Build gives after these Sets. */
FUNC(build, 3)
{
    HPy_ssize_t size = HPyLong_AsSsize_t(ctx, args[1]);
    HPy_ssize_t count = HPy_Length(ctx, args[2]);
    if (HPyErr_Occurred(ctx))
        return HPy_NULL;
    bool is_list = HPy_Is(ctx, args[0], ctx->h_ListType);
    HPyListBuilder list = {0};
    HPyTupleBuilder tuple = {0};
    if (is_list)
        list = HPyListBuilder_New(ctx, size);
    else
        tuple = HPyTupleBuilder_New(ctx, size);
    for (HPy_ssize_t i = 0; i < count; i++) {
        HPy pair = HPy_GetItem_i(ctx, args[2], i);
        HPy place = HPy_GetItem_i(ctx, pair, 0);
        HPy item = HPy_GetItem_i(ctx, pair, 1);
        HPy_ssize_t index = HPyLong_AsSsize_t(ctx, place);
        if (is_list)
            HPyListBuilder_Set(ctx, list, index, or_null(ctx, item));
        else
            HPyTupleBuilder_Set(ctx, tuple, index, or_null(ctx, item));
        HPy_Close(ctx, item);
        HPy_Close(ctx, place);
        HPy_Close(ctx, pair);
    }
    return is_list ? HPyListBuilder_Build(ctx, list) : HPyTupleBuilder_Build(ctx, tuple);
}

MODULE(layout, &def_HPy_Length, &def_HPy_GetItem_i, &def_HPy_SetItem_i, &def_HPyList_Append, &def_HPyBytes_GET_SIZE,
       &def_HPyLong_AsInt64_t, &def_HPyLong_AsInt32_t, &def_HPyLong_AsSsize_t, &def_HPyFloat_AsDouble,
       &def_HPyBytes_AS_STRING, &def_from_int64, &def_build,)
