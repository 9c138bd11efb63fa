/* Modules: HPyModuleDef and the functions a binary exports for each. */
#ifndef HPY_MODULE_H
#define HPY_MODULE_H

typedef struct {
    const char *doc;  /* UTF-8, may be NULL */
    HPy_ssize_t size; /* of a module state; must be 0 */
    cpy_PyMethodDef *legacy_methods;
    HPyDef **defines;    /* methods and HPy_mod_* slots, ended by NULL; may be NULL */
    HPyGlobal **globals; /* every HPyGlobal the module uses, ended by NULL; may be NULL */
} HPyModuleDef;

/* A binary with several modules is compiled with HPY_EMBEDDED_MODULES. All of a module's definitions are in
   one file then, and HPy_MOD_EMBEDDABLE(NAME) stands before the first of them. */
#ifdef HPY_EMBEDDED_MODULES
#  define HPy_MOD_EMBEDDABLE(NAME) _HPy_CONTEXT_VARIABLE
#  ifdef __cplusplus
#    define _HPy_MODINIT_CONTEXT
#  else
#    define _HPy_MODINIT_CONTEXT _HPy_CONTEXT_VARIABLE
#  endif
#  define _HPy_CONTEXT_VARIABLE static HPyContext *_ctx_for_trampolines;
#else
#  define HPy_MOD_EMBEDDABLE(NAME)
#  define _HPy_MODINIT_CONTEXT _HPy_HIDDEN HPyContext *_ctx_for_trampolines;
/* The context that trampolines use; HPy_MODINIT defines it. */
extern _HPy_HIDDEN HPyContext *_ctx_for_trampolines;
#endif
#define HPY_MOD_EMBEDDABLE(NAME) HPy_MOD_EMBEDDABLE(NAME)

/* HPy_MODINIT(NAME, DEF): the functions with which a Python finds the module NAME, described by the
   HPyModuleDef DEF, in this binary. In the cpython ABI that is PyInit_NAME alone. */
#ifdef HPY_ABI_CPYTHON
#  define HPy_MODINIT(NAME, DEF)                                                   \
    _HPy_MODINIT_CONTEXT                                                           \
    static void _hpy_init_context_##NAME(HPyContext *ctx)                          \
    {                                                                              \
        _ctx_for_trampolines = ctx;                                                \
    }                                                                              \
    static HPyModuleDef *_hpy_init_##NAME(void)                                    \
    {                                                                              \
        return &DEF;                                                               \
    }                                                                              \
    _HPy_MODINIT_EXTENSIONS(NAME)                                                  \
    _HPy_MODINIT_DIRECT(NAME, _hpy_init_##NAME, _hpy_init_context_##NAME)
#else
#  define HPy_MODINIT(NAME, DEF)                                                   \
    HPy_EXPORTED_FUNC uint32_t get_required_hpy_major_version_##NAME(void);        \
    HPy_EXPORTED_FUNC uint32_t get_required_hpy_minor_version_##NAME(void);        \
    HPy_EXPORTED_FUNC void HPyInitGlobalContext_##NAME(HPyContext *ctx);           \
    HPy_EXPORTED_FUNC HPyModuleDef *HPyInit_##NAME(void);                          \
    uint32_t get_required_hpy_major_version_##NAME(void)                           \
    {                                                                              \
        return HPY_ABI_VERSION;                                                    \
    }                                                                              \
    uint32_t get_required_hpy_minor_version_##NAME(void)                           \
    {                                                                              \
        return HPY_ABI_VERSION_MINOR;                                              \
    }                                                                              \
    _HPy_MODINIT_CONTEXT                                                           \
    void HPyInitGlobalContext_##NAME(HPyContext *ctx)                              \
    {                                                                              \
        _ctx_for_trampolines = ctx;                                                \
        _hpy_learn_places(ctx);                                                    \
    }                                                                              \
    HPyModuleDef *HPyInit_##NAME(void)                                             \
    {                                                                              \
        return &DEF;                                                               \
    }                                                                              \
    _HPy_MODINIT_FLAGS(NAME)                                                       \
    _HPy_MODINIT_EXTENSIONS(NAME)                                                  \
    _HPy_MODINIT_DIRECT(NAME, HPyInit_##NAME, HPyInitGlobalContext_##NAME)
#endif

#endif /* HPY_MODULE_H */
