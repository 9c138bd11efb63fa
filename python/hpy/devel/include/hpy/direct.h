/* PyInit_NAME, with which CPython imports a binary itself. In a universal or hybrid one that is the direct form,
 * an import without a stub file: src/direct.c finds the runtime. In the cpython ABI the runtime is linked in:
 * hpy-static has the same function. The layout is that of hpy_sys::direct. HPY_NO_DIRECT leaves PyInit_NAME out
 * of universal and hybrid binaries, for builds without hpy/devel/src.
 *
 * Also what a binary asks of hpy-rs and can do without, if the source says so before it includes hpy.h:
 *
 *   #define HPY_MODULE_FLAGS HPY_MODULE_GIL_NOT_USED   any of the HPY_MODULE_* flags
 *   #define HPY_USE_EXTENSIONS                         see hpy/extensions.h
 */
#ifndef HPY_DIRECT_H
#define HPY_DIRECT_H

/* The module does not need the GIL: free-threaded CPython keeps it off. */
#define HPY_MODULE_GIL_NOT_USED 1u
/* The module refuses to be imported in a subinterpreter. */
#define HPY_MODULE_MAIN_INTERPRETER_ONLY 2u

/* What a binary tells the runtime of itself: hpy_sys::ext::HPyBinary. */
typedef struct {
    size_t size; /* of this struct, as the runtime has it */
    HPyContext **straight;
} _HPyBinary;

typedef struct {
    size_t size; /* of this struct */
    const char *name;
    uint32_t abi_major;
    uint32_t abi_minor;
    HPyModuleDef *(*init)(void);
    void (*init_global_context)(HPyContext *ctx);
    void (*init_extensions)(uint32_t version, _HPyBinary *binary); /* may be NULL */
    uint32_t flags;
} _HPyDirectModule;

/* What PyInit_NAME returns: CPython's definition of the module, or NULL with an ImportError. */
HPyAPI_HELPER void *_HPyDirect_Init(const _HPyDirectModule *module);

#ifdef HPY_MODULE_FLAGS
#  define _HPy_MODULE_FLAGS (HPY_MODULE_FLAGS)
#  define _HPy_MODINIT_FLAGS(NAME)                                   \
    HPy_EXPORTED_DATA const uint32_t hpy_module_flags_##NAME;        \
    const uint32_t hpy_module_flags_##NAME = (HPY_MODULE_FLAGS);
#else
#  define _HPy_MODULE_FLAGS 0
#  define _HPy_MODINIT_FLAGS(NAME)
#endif

#ifdef HPY_ABI_CPYTHON
#  define _HPy_EXPORTED_UNLESS_CPYTHON HPyAPI_HELPER
#else
#  define _HPy_EXPORTED_UNLESS_CPYTHON HPy_EXPORTED_FUNC
#endif
#if defined(_HPY_HAS_SHORTCUTS) || defined(HPY_ABI_CPYTHON)
#  define _HPY_STRAIGHT (&_hpy_straight_ctx)
#else
#  define _HPY_STRAIGHT NULL
#endif
#if defined(HPY_USE_EXTENSIONS) || defined(_HPY_HAS_SHORTCUTS) || defined(HPY_ABI_CPYTHON)
#  define _HPy_INIT_EXTENSIONS(NAME) HPyInitExtensions_##NAME
#  define _HPy_MODINIT_EXTENSIONS(NAME)                              \
    _HPy_EXPORTED_UNLESS_CPYTHON void HPyInitExtensions_##NAME(uint32_t version, _HPyBinary *binary); \
    void HPyInitExtensions_##NAME(uint32_t version, _HPyBinary *binary) \
    {                                                                \
        if (version != 0)                                            \
            _hpy_offers_at = offsetof(_HPyContextExt, shortcuts);    \
        if (version >= 2 && binary->size >= sizeof(_HPyBinary))      \
            binary->straight = _HPY_STRAIGHT;                        \
    }
#else
#  define _HPy_INIT_EXTENSIONS(NAME) NULL
#  define _HPy_MODINIT_EXTENSIONS(NAME)
#endif

#if defined(HPY_NO_DIRECT) && !defined(HPY_ABI_CPYTHON)
#  define _HPy_MODINIT_DIRECT(NAME, INIT, INIT_CONTEXT)
#else
#  define _HPy_MODINIT_DIRECT(NAME, INIT, INIT_CONTEXT)                      \
    HPy_EXPORTED_FUNC void *PyInit_##NAME(void);                             \
    void *PyInit_##NAME(void)                                                \
    {                                                                        \
        static const _HPyDirectModule module = {                             \
            sizeof(_HPyDirectModule),   #NAME,                               \
            HPY_ABI_VERSION,            HPY_ABI_VERSION_MINOR,               \
            INIT,                       INIT_CONTEXT,                        \
            _HPy_INIT_EXTENSIONS(NAME), _HPy_MODULE_FLAGS};                  \
        return _HPyDirect_Init(&module);                                     \
    }
#endif

#endif /* HPY_DIRECT_H */
