/* Trampolines that fit no scheme; hpy/generated/trampolines.h has the others. */
#ifndef HPY_TRAMPOLINES_H
#define HPY_TRAMPOLINES_H

/* HPy_tp_destroy has no slot in CPython: the runtime calls the implementation itself. */
#define _HPyFunc_TRAMPOLINE_HPyFunc_DESTROYFUNC(SYM, IMPL) \
    static void SYM(void)                                  \
    {                                                      \
        abort();                                           \
    }

typedef struct {
    cpy_PyObject *spec;
    cpy_PyObject *result;
} _HPyFunc_args_MOD_CREATE;

#define _HPyFunc_TRAMPOLINE_HPyFunc_MOD_CREATE(SYM, IMPL)                                              \
    static cpy_PyObject *SYM(cpy_PyObject *spec, cpy_PyModuleDef *def)                                 \
    {                                                                                                  \
        _HPyFunc_args_MOD_CREATE a;                                                                    \
        (void)def;                                                                                     \
        a.spec = spec;                                                                                 \
        _HPy_CallRealFunctionFromTrampoline(_HPy_TRAMPOLINE_CTX, HPyFunc_MOD_CREATE,                   \
                                            (HPyCFunction)IMPL, &a);                                   \
        return a.result;                                                                               \
    }

/* The argument is the capsule itself. */
#define HPyCapsule_DESTRUCTOR_TRAMPOLINE(SYM, IMPL)                                                    \
    static void SYM(cpy_PyObject *capsule)                                                             \
    {                                                                                                  \
        _HPy_CallRealFunctionFromTrampoline(_HPy_TRAMPOLINE_CTX, HPyFunc_CAPSULE_DESTRUCTOR,           \
                                            (HPyCFunction)IMPL, capsule);                              \
    }

#endif /* HPY_TRAMPOLINES_H */
