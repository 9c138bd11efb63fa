/* What the extensions of this directory share: short ways to put one context function under one Python function. */
#ifndef HPY_TESTS_WRAP_H
#define HPY_TESTS_WRAP_H

#include "hpy.h"
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#if defined(__GNUC__) || defined(__clang__)
#define MAY_BE_UNUSED __attribute__((unused))
#else
#define MAY_BE_UNUSED
#endif

/* Python code passes NotImplemented where a null handle (or a null pointer) is meant. */
MAY_BE_UNUSED static HPy or_null(HPyContext *ctx, HPy h)
{
    return HPy_Is(ctx, h, ctx->h_NotImplemented) ? HPy_NULL : h;
}

MAY_BE_UNUSED static int need(HPyContext *ctx, size_t given, size_t wanted)
{
    if (given == wanted)
        return 1;
    HPyErr_SetString(ctx, ctx->h_TypeError, "test extension: wrong number of arguments");
    return 0;
}

/* The UTF-8 of a str, or NULL for NotImplemented. Sets *failed. */
MAY_BE_UNUSED static const char *text(HPyContext *ctx, HPy h, int *failed)
{
    *failed = 0;
    if (HPy_Is(ctx, h, ctx->h_NotImplemented))
        return NULL;
    const char *utf8 = HPyUnicode_AsUTF8AndSize(ctx, h, NULL);
    *failed = utf8 == NULL;
    return utf8;
}

MAY_BE_UNUSED static HPy none(HPyContext *ctx)
{
    return HPy_Dup(ctx, ctx->h_None);
}

/* An int result: null if an exception is set, whatever the value. A -1 without an exception stays visible. */
MAY_BE_UNUSED static HPy number(HPyContext *ctx, long long value)
{
    if (HPyErr_Occurred(ctx))
        return HPy_NULL;
    return HPyLong_FromInt64_t(ctx, value);
}

/* Each line below defines `def_NAME`, a Python function NAME with the C signature in its comment. */

/* HPy NAME(ctx, HPy) */
#define H_H(NAME) \
    HPyDef_METH(def_##NAME, #NAME, HPyFunc_O) \
    static HPy def_##NAME##_impl(HPyContext *ctx, HPy self, HPy arg) \
    { \
        (void)self; \
        return NAME(ctx, or_null(ctx, arg)); \
    }

/* HPy NAME(ctx, HPy, HPy) */
#define H_HH(NAME) \
    HPyDef_METH(def_##NAME, #NAME, HPyFunc_VARARGS) \
    static HPy def_##NAME##_impl(HPyContext *ctx, HPy self, const HPy *args, size_t nargs) \
    { \
        (void)self; \
        return need(ctx, nargs, 2) ? NAME(ctx, args[0], or_null(ctx, args[1])) : HPy_NULL; \
    }

/* HPy NAME(ctx, HPy, HPy, HPy) */
#define H_HHH(NAME) \
    HPyDef_METH(def_##NAME, #NAME, HPyFunc_VARARGS) \
    static HPy def_##NAME##_impl(HPyContext *ctx, HPy self, const HPy *args, size_t nargs) \
    { \
        (void)self; \
        return need(ctx, nargs, 3) ? NAME(ctx, args[0], or_null(ctx, args[1]), or_null(ctx, args[2])) : HPy_NULL; \
    }

/* HPy NAME(ctx, HPy, const char *) */
#define H_HS(NAME) \
    HPyDef_METH(def_##NAME, #NAME, HPyFunc_VARARGS) \
    static HPy def_##NAME##_impl(HPyContext *ctx, HPy self, const HPy *args, size_t nargs) \
    { \
        int failed; \
        (void)self; \
        if (!need(ctx, nargs, 2)) \
            return HPy_NULL; \
        const char *s = text(ctx, args[1], &failed); \
        return failed ? HPy_NULL : NAME(ctx, args[0], s); \
    }

/* HPy NAME(ctx, HPy, HPy_ssize_t) */
#define H_HI(NAME) \
    HPyDef_METH(def_##NAME, #NAME, HPyFunc_VARARGS) \
    static HPy def_##NAME##_impl(HPyContext *ctx, HPy self, const HPy *args, size_t nargs) \
    { \
        (void)self; \
        if (!need(ctx, nargs, 2)) \
            return HPy_NULL; \
        HPy_ssize_t i = HPyLong_AsSsize_t(ctx, args[1]); \
        return i == -1 && HPyErr_Occurred(ctx) ? HPy_NULL : NAME(ctx, args[0], i); \
    }

/* int NAME(ctx, HPy), or another integer type of up to 64 bits */
#define I_H(NAME) \
    HPyDef_METH(def_##NAME, #NAME, HPyFunc_O) \
    static HPy def_##NAME##_impl(HPyContext *ctx, HPy self, HPy arg) \
    { \
        (void)self; \
        return number(ctx, (long long)NAME(ctx, arg)); \
    }

/* int NAME(ctx, HPy, HPy) */
#define I_HH(NAME) \
    HPyDef_METH(def_##NAME, #NAME, HPyFunc_VARARGS) \
    static HPy def_##NAME##_impl(HPyContext *ctx, HPy self, const HPy *args, size_t nargs) \
    { \
        (void)self; \
        return need(ctx, nargs, 2) ? number(ctx, NAME(ctx, args[0], args[1])) : HPy_NULL; \
    }

/* int NAME(ctx, HPy, HPy, HPy) */
#define I_HHH(NAME) \
    HPyDef_METH(def_##NAME, #NAME, HPyFunc_VARARGS) \
    static HPy def_##NAME##_impl(HPyContext *ctx, HPy self, const HPy *args, size_t nargs) \
    { \
        (void)self; \
        return need(ctx, nargs, 3) ? number(ctx, NAME(ctx, args[0], args[1], or_null(ctx, args[2]))) : HPy_NULL; \
    }

/* int NAME(ctx, HPy, const char *) */
#define I_HS(NAME) \
    HPyDef_METH(def_##NAME, #NAME, HPyFunc_VARARGS) \
    static HPy def_##NAME##_impl(HPyContext *ctx, HPy self, const HPy *args, size_t nargs) \
    { \
        int failed; \
        (void)self; \
        if (!need(ctx, nargs, 2)) \
            return HPy_NULL; \
        const char *s = text(ctx, args[1], &failed); \
        return failed ? HPy_NULL : number(ctx, NAME(ctx, args[0], s)); \
    }

/* int NAME(ctx, HPy, const char *, HPy) */
#define I_HSH(NAME) \
    HPyDef_METH(def_##NAME, #NAME, HPyFunc_VARARGS) \
    static HPy def_##NAME##_impl(HPyContext *ctx, HPy self, const HPy *args, size_t nargs) \
    { \
        int failed; \
        (void)self; \
        if (!need(ctx, nargs, 3)) \
            return HPy_NULL; \
        const char *s = text(ctx, args[1], &failed); \
        return failed ? HPy_NULL : number(ctx, NAME(ctx, args[0], s, or_null(ctx, args[2]))); \
    }

/* int NAME(ctx, HPy, HPy_ssize_t) */
#define I_HI(NAME) \
    HPyDef_METH(def_##NAME, #NAME, HPyFunc_VARARGS) \
    static HPy def_##NAME##_impl(HPyContext *ctx, HPy self, const HPy *args, size_t nargs) \
    { \
        (void)self; \
        if (!need(ctx, nargs, 2)) \
            return HPy_NULL; \
        HPy_ssize_t i = HPyLong_AsSsize_t(ctx, args[1]); \
        return i == -1 && HPyErr_Occurred(ctx) ? HPy_NULL : number(ctx, NAME(ctx, args[0], i)); \
    }

/* int NAME(ctx, HPy, HPy_ssize_t, HPy) */
#define I_HIH(NAME) \
    HPyDef_METH(def_##NAME, #NAME, HPyFunc_VARARGS) \
    static HPy def_##NAME##_impl(HPyContext *ctx, HPy self, const HPy *args, size_t nargs) \
    { \
        (void)self; \
        if (!need(ctx, nargs, 3)) \
            return HPy_NULL; \
        HPy_ssize_t i = HPyLong_AsSsize_t(ctx, args[1]); \
        return i == -1 && HPyErr_Occurred(ctx) ? HPy_NULL : number(ctx, NAME(ctx, args[0], i, or_null(ctx, args[2]))); \
    }

/* A function written by hand: FUNC(name) { body uses ctx, args }, with N arguments. */
#define FUNC(NAME, N) \
    static HPy NAME##_body(HPyContext *ctx, const HPy *args); \
    HPyDef_METH(def_##NAME, #NAME, HPyFunc_VARARGS) \
    static HPy def_##NAME##_impl(HPyContext *ctx, HPy self, const HPy *args, size_t nargs) \
    { \
        (void)self; \
        return need(ctx, nargs, N) ? NAME##_body(ctx, args) : HPy_NULL; \
    } \
    static HPy NAME##_body(HPyContext *ctx, const HPy *args)

#define LISTED(NAME) &def_##NAME,

/* The module: MODULE(name, &def_a, &def_b) */
#define MODULE(NAME, ...) \
    static HPyDef *module_defines[] = {__VA_ARGS__ NULL}; \
    static HPyModuleDef module_def = {.doc = "test extension", .size = 0, .defines = module_defines}; \
    HPy_MODINIT(NAME, module_def)

#endif
