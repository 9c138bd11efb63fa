#include "wrap.h"

I_H(HPy_Length)
I_H(HPy_Hash)
H_HH(HPy_GetAttr)
H_HS(HPy_GetAttr_s)
I_HH(HPy_HasAttr)
I_HS(HPy_HasAttr_s)
I_HHH(HPy_SetAttr)
I_HSH(HPy_SetAttr_s)
H_HH(HPy_GetItem)
H_HI(HPy_GetItem_i)
H_HS(HPy_GetItem_s)
I_HH(HPy_Contains)
I_HH(HPy_DelItem)
I_HI(HPy_DelItem_i)
I_HS(HPy_DelItem_s)
H_H(HPy_Type)
I_HH(HPy_TypeCheck)
I_HH(HPy_Is)
H_H(HPy_Repr)
H_H(HPy_Str)
H_H(HPy_ASCII)
H_H(HPy_Bytes)
H_H(HPy_Dup)

/* Values are stored as they are: a null value is not allowed, and NotImplemented may be stored. */
FUNC(HPy_SetItem, 3) { return number(ctx, HPy_SetItem(ctx, args[0], args[1], args[2])); }
FUNC(HPy_SetItem_i, 3)
{
    HPy_ssize_t index = HPyLong_AsSsize_t(ctx, args[1]);
    return HPyErr_Occurred(ctx) ? HPy_NULL : number(ctx, HPy_SetItem_i(ctx, args[0], index, args[2]));
}
FUNC(HPy_SetItem_s, 3)
{
    int failed;
    const char *key = text(ctx, args[1], &failed);
    return failed ? HPy_NULL : number(ctx, HPy_SetItem_s(ctx, args[0], key, args[2]));
}

FUNC(HPy_RichCompare, 3)
{
    int32_t op = HPyLong_AsInt32_t(ctx, args[2]);
    return HPyErr_Occurred(ctx) ? HPy_NULL : HPy_RichCompare(ctx, args[0], args[1], op);
}
FUNC(HPy_RichCompareBool, 3)
{
    int32_t op = HPyLong_AsInt32_t(ctx, args[2]);
    return HPyErr_Occurred(ctx) ? HPy_NULL : number(ctx, HPy_RichCompareBool(ctx, args[0], args[1], op));
}

FUNC(dup_and_close, 1)
{
    /* Any number of handles to one object may be open, and each is closed on its own. */
    HPy many[10];
    for (int i = 0; i < 10; i++)
        many[i] = HPy_Dup(ctx, args[0]);
    int same = 1;
    for (int i = 0; i < 10; i++)
        same &= HPy_Is(ctx, many[i], args[0]);
    for (int i = 0; i < 10; i++)
        HPy_Close(ctx, many[i]);
    HPy_Close(ctx, HPy_NULL);
    return HPyBool_FromBool(ctx, same && HPy_IsNull(HPy_Dup(ctx, HPy_NULL)));
}

FUNC(_HPy_Dump, 1)
{
    _HPy_Dump(ctx, args[0]);
    return none(ctx);
}

FUNC(HPy_DelAttr, 2) { return number(ctx, HPy_DelAttr(ctx, args[0], args[1])); }

MODULE(object, &def_HPy_Length, &def_HPy_Hash, &def_HPy_GetAttr, &def_HPy_GetAttr_s, &def_HPy_HasAttr,
       &def_HPy_HasAttr_s, &def_HPy_SetAttr, &def_HPy_SetAttr_s, &def_HPy_GetItem, &def_HPy_GetItem_i,
       &def_HPy_GetItem_s, &def_HPy_Contains, &def_HPy_SetItem, &def_HPy_SetItem_i, &def_HPy_SetItem_s,
       &def_HPy_DelItem, &def_HPy_DelItem_i, &def_HPy_DelItem_s, &def_HPy_Type, &def_HPy_TypeCheck, &def_HPy_Is,
       &def_HPy_Repr, &def_HPy_Str, &def_HPy_ASCII, &def_HPy_Bytes, &def_HPy_Dup, &def_HPy_RichCompare,
       &def_HPy_RichCompareBool, &def_dup_and_close, &def__HPy_Dump, &def_HPy_DelAttr,)
