/* HPyHelpers_AddType and HPyHelpers_PackArgsAndKeywords. */
#include "hpy.h"

HPyAPI_HELPER int HPyHelpers_AddType(HPyContext *ctx, HPy obj, const char *name, HPyType_Spec *spec,
                                     HPyType_SpecParam *params)
{
    int stored;
    HPy type = HPyType_FromSpec(ctx, spec, params);
    if (HPy_IsNull(type))
        return 0;
    stored = HPy_SetAttr_s(ctx, obj, name, type);
    HPy_Close(ctx, type);
    return stored == 0;
}

/* A dict of `count` names from the tuple `kwnames` and their values; null with an exception. */
static HPy pack_keywords(HPyContext *ctx, HPy kwnames, const HPy *values, HPy_ssize_t count)
{
    HPy_ssize_t i;
    HPy dict = HPyDict_New(ctx);
    if (HPy_IsNull(dict))
        return HPy_NULL;
    for (i = 0; i < count; i++) {
        HPy name = HPy_GetItem_i(ctx, kwnames, i);
        int stored = HPy_IsNull(name) ? -1 : HPy_SetItem(ctx, dict, name, values[i]);
        HPy_Close(ctx, name);
        if (stored < 0) {
            HPy_Close(ctx, dict);
            return HPy_NULL;
        }
    }
    return dict;
}

HPyAPI_HELPER int HPyHelpers_PackArgsAndKeywords(HPyContext *ctx, const HPy *args, size_t nargs, HPy kwnames,
                                                 HPy *out_args_tuple, HPy *out_kwd)
{
    HPy tuple = HPy_NULL, dict = HPy_NULL;
    HPy_ssize_t nkeywords;
    if (out_args_tuple == NULL || out_kwd == NULL) {
        HPyErr_SetString(ctx, ctx->h_SystemError,
                         out_args_tuple == NULL ? "argument 'out_args_tuple' must not be NULL"
                                                : "argument 'out_kwd' must not be NULL");
        return 0;
    }
    nkeywords = HPy_IsNull(kwnames) ? 0 : HPy_Length(ctx, kwnames);
    if (nkeywords < 0)
        return 0;
    if (nkeywords > 0) {
        dict = pack_keywords(ctx, kwnames, args + nargs, nkeywords);
        if (HPy_IsNull(dict))
            return 0;
    }
    if (nargs > 0) {
        tuple = HPyTuple_FromArray(ctx, (HPy *)args, (HPy_ssize_t)nargs);
        if (HPy_IsNull(tuple)) {
            HPy_Close(ctx, dict);
            return 0;
        }
    }
    *out_args_tuple = tuple;
    *out_kwd = dict;
    return 1;
}
