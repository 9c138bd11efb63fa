/* Definitions: slots, methods, members, properties, and the macros that make them.
 *
 * Each macro declares the implementation, makes its trampoline (the function that CPython could call
 * directly) and defines the HPyDef. Extra arguments are initialisers of the definition's last members, as in
 * `.doc = "..."`. The HPyDef has external linkage, so that another file may list it.
 */
#ifndef HPY_DEF_H
#define HPY_DEF_H

typedef struct {
    HPySlot_Slot slot;
    HPyCFunction impl;
    cpy_PyCFunction cpy_trampoline;
} HPySlot;

typedef struct {
    const char *name; /* UTF-8 */
    HPyCFunction impl;
    cpy_PyCFunction cpy_trampoline;
    HPyFunc_Signature signature;
    const char *doc; /* UTF-8, may be NULL */
} HPyMeth;

/* The C type of a member, with CPython's T_* numbers. */
typedef enum {
    HPyMember_SHORT = 0,
    HPyMember_INT = 1,
    HPyMember_LONG = 2,
    HPyMember_FLOAT = 3,
    HPyMember_DOUBLE = 4,
    HPyMember_STRING = 5,    /* const char *; read-only */
    HPyMember_OBJECT = 6,    /* HPyField; None if it is null */
    HPyMember_CHAR = 7,      /* a str of length 1 */
    HPyMember_BYTE = 8,
    HPyMember_UBYTE = 9,
    HPyMember_USHORT = 10,
    HPyMember_UINT = 11,
    HPyMember_ULONG = 12,
    HPyMember_STRING_INPLACE = 13, /* char[]; read-only */
    HPyMember_BOOL = 14,     /* char */
    HPyMember_OBJECT_EX = 16, /* HPyField; AttributeError if it is null */
    HPyMember_LONGLONG = 17,
    HPyMember_ULONGLONG = 18,
    HPyMember_HPYSSIZET = 19,
    HPyMember_NONE = 20      /* always None; read-only */
} HPyMember_FieldType;

typedef struct {
    const char *name; /* UTF-8 */
    HPyMember_FieldType type;
    HPy_ssize_t offset; /* offsetof(the type's struct, member) */
    int readonly;
    const char *doc; /* UTF-8, may be NULL */
} HPyMember;

typedef struct {
    const char *name; /* UTF-8 */
    HPyCFunction getter_impl; /* may be NULL */
    HPyCFunction setter_impl; /* may be NULL */
    cpy_getter getter_cpy_trampoline;
    cpy_setter setter_cpy_trampoline;
    const char *doc; /* UTF-8, may be NULL */
    void *closure;   /* the last argument of both implementations */
} HPyGetSet;

typedef enum {
    HPyDef_Kind_Slot = 1,
    HPyDef_Kind_Meth = 2,
    HPyDef_Kind_Member = 3,
    HPyDef_Kind_GetSet = 4
} HPyDef_Kind;

typedef struct {
    HPyDef_Kind kind;
    _HPy_EXTENSION union {
        HPySlot slot;
        HPyMeth meth;
        HPyMember member;
        HPyGetSet getset;
    };\
    _HPy_INITIALISERS_END
} HPyDef;

typedef struct {
    cpy_PyCapsule_Destructor cpy_trampoline;
    HPyFunc_Capsule_Destructor impl;
} HPyCapsule_Destructor;

typedef struct {
    cpy_vectorcallfunc cpy_trampoline;
    HPyFunc_keywords impl;
} HPyCallFunction;

/* The signature of a slot's implementation: HPySlot_SIG(HPy_tp_repr) is HPyFunc_REPRFUNC. */
#define HPySlot_SIG(SLOT) _HPySlot_SIGNATURE_##SLOT

/* Declares, or makes the trampoline of, a function of signature SIG. The constant is there for the error
   message: a wrong SIG is an undeclared name then, and not a strange function call. */
#define HPyFunc_DECLARE(SYM, SIG) \
    enum { SYM##_sig = SIG };     \
    _HPyFunc_DECLARE_##SIG(SYM)
#define HPyFunc_TRAMPOLINE(SYM, IMPL, SIG) \
    enum { SYM##_sig = SIG };              \
    _HPyFunc_TRAMPOLINE_##SIG(SYM, IMPL)

/* HPyDef_SLOT(SYM, SLOT): the slot SLOT, implemented by SYM_impl. */
#define HPyDef_SLOT(SYM, SLOT) HPyDef_SLOT_IMPL(SYM, SYM##_impl, SLOT)
#define HPyDef_SLOT_IMPL(SYM, IMPL, SLOT) \
    enum { SYM##_slot = SLOT };           \
    _HPyDef_SLOT(SYM, IMPL, SLOT, HPySlot_SIG(SLOT))
#define _HPyDef_SLOT(SYM, IMPL, SLOT, SIG)                                           \
    HPyFunc_DECLARE(IMPL, SIG);                                                      \
    HPyFunc_TRAMPOLINE(SYM##_trampoline, IMPL, SIG)                                  \
    _HPy_INITIALISERS_BEGIN                                                     \
    _HPy_EXTENSION HPyDef SYM = {                                                    \
        HPyDef_Kind_Slot,                                                            \
        {.slot = {.slot = SLOT,                                                      \
                  .impl = _HPy_FUNCTION(HPyCFunction, IMPL),                         \
                  .cpy_trampoline = _HPy_FUNCTION(cpy_PyCFunction, SYM##_trampoline)}} \
    };\
    _HPy_INITIALISERS_END

/* HPyDef_METH(SYM, NAME, SIG, ...): the method NAME, implemented by SYM_impl. */
#define HPyDef_METH(SYM, ...) _HPy_EXPAND(_HPyDef_METH(SYM, SYM##_impl, __VA_ARGS__, _HPy_NOTHING))
/* HPyDef_METH_IMPL(SYM, NAME, IMPL, SIG, ...): the same, implemented by IMPL. */
#define HPyDef_METH_IMPL(SYM, NAME, IMPL, ...) \
    _HPy_EXPAND(_HPyDef_METH(SYM, IMPL, NAME, __VA_ARGS__, _HPy_NOTHING))
#define _HPyDef_METH(SYM, IMPL, NAME, SIG, ...)                                       \
    HPyFunc_DECLARE(IMPL, SIG);                                                       \
    HPyFunc_TRAMPOLINE(SYM##_trampoline, IMPL, SIG)                                   \
    _HPy_INITIALISERS_BEGIN                                                     \
    _HPy_EXTENSION HPyDef SYM = {                                                     \
        HPyDef_Kind_Meth,                                                             \
        {.meth = {.name = NAME,                                                       \
                  .impl = _HPy_FUNCTION(HPyCFunction, IMPL),                          \
                  .cpy_trampoline = _HPy_FUNCTION(cpy_PyCFunction, SYM##_trampoline), \
                  .signature = SIG,                                                   \
                  __VA_ARGS__}}                                                       \
    };\
    _HPy_INITIALISERS_END
/* The end of the extra arguments: without it a macro could be called with none, which C99 forbids. */
#define _HPy_NOTHING

/* HPyDef_MEMBER(SYM, NAME, TYPE, OFFSET, ...): the attribute NAME, stored at OFFSET in the object's struct. */
#define HPyDef_MEMBER(SYM, NAME, TYPE, ...) \
    _HPy_EXPAND(_HPyDef_MEMBER(SYM, NAME, TYPE, __VA_ARGS__, _HPy_NOTHING))
#define _HPyDef_MEMBER(SYM, NAME, TYPE, OFFSET, ...)                                 \
    _HPy_INITIALISERS_BEGIN                                                     \
    _HPy_EXTENSION HPyDef SYM = {                                                    \
        HPyDef_Kind_Member,                                                          \
        {.member = {.name = NAME, .type = TYPE, .offset = (HPy_ssize_t)(OFFSET), __VA_ARGS__}} \
    };\
    _HPy_INITIALISERS_END

/* HPyDef_GET(SYM, NAME, ...): the read-only property NAME, implemented by SYM_get. */
#define HPyDef_GET(SYM, ...) _HPy_EXPAND(_HPyDef_GET(SYM, SYM##_get, __VA_ARGS__, _HPy_NOTHING))
#define HPyDef_GET_IMPL(SYM, NAME, ...) _HPy_EXPAND(_HPyDef_GET_IMPL(SYM, NAME, __VA_ARGS__, _HPy_NOTHING))
#define _HPyDef_GET_IMPL(SYM, NAME, GETIMPL, ...) _HPy_EXPAND(_HPyDef_GET(SYM, GETIMPL, NAME, __VA_ARGS__))
#define _HPyDef_GET(SYM, GETIMPL, NAME, ...)                                                       \
    HPyFunc_DECLARE(GETIMPL, HPyFunc_GETTER);                                                      \
    HPyFunc_TRAMPOLINE(SYM##_get_trampoline, GETIMPL, HPyFunc_GETTER)                              \
    _HPy_INITIALISERS_BEGIN                                                     \
    _HPy_EXTENSION HPyDef SYM = {                                                                  \
        HPyDef_Kind_GetSet,                                                                        \
        {.getset = {.name = NAME,                                                                  \
                    .getter_impl = _HPy_FUNCTION(HPyCFunction, GETIMPL),                           \
                    .setter_impl = NULL,                                                           \
                    .getter_cpy_trampoline = _HPy_FUNCTION(cpy_getter, SYM##_get_trampoline),      \
                    .setter_cpy_trampoline = NULL,                                                 \
                    __VA_ARGS__}}                                                                  \
    };\
    _HPy_INITIALISERS_END

/* HPyDef_SET(SYM, NAME, ...): the write-only property NAME, implemented by SYM_set. */
#define HPyDef_SET(SYM, ...) _HPy_EXPAND(_HPyDef_SET(SYM, SYM##_set, __VA_ARGS__, _HPy_NOTHING))
#define HPyDef_SET_IMPL(SYM, NAME, ...) _HPy_EXPAND(_HPyDef_SET_IMPL(SYM, NAME, __VA_ARGS__, _HPy_NOTHING))
#define _HPyDef_SET_IMPL(SYM, NAME, SETIMPL, ...) _HPy_EXPAND(_HPyDef_SET(SYM, SETIMPL, NAME, __VA_ARGS__))
#define _HPyDef_SET(SYM, SETIMPL, NAME, ...)                                                       \
    HPyFunc_DECLARE(SETIMPL, HPyFunc_SETTER);                                                      \
    HPyFunc_TRAMPOLINE(SYM##_set_trampoline, SETIMPL, HPyFunc_SETTER)                              \
    _HPy_INITIALISERS_BEGIN                                                     \
    _HPy_EXTENSION HPyDef SYM = {                                                                  \
        HPyDef_Kind_GetSet,                                                                        \
        {.getset = {.name = NAME,                                                                  \
                    .getter_impl = NULL,                                                           \
                    .setter_impl = _HPy_FUNCTION(HPyCFunction, SETIMPL),                           \
                    .getter_cpy_trampoline = NULL,                                                 \
                    .setter_cpy_trampoline = _HPy_FUNCTION(cpy_setter, SYM##_set_trampoline),      \
                    __VA_ARGS__}}                                                                  \
    };\
    _HPy_INITIALISERS_END

/* HPyDef_GETSET(SYM, NAME, ...): the property NAME, implemented by SYM_get and SYM_set. */
#define HPyDef_GETSET(SYM, ...) \
    _HPy_EXPAND(_HPyDef_GETSET(SYM, SYM##_get, SYM##_set, __VA_ARGS__, _HPy_NOTHING))
#define HPyDef_GETSET_IMPL(SYM, NAME, GETIMPL, ...) \
    _HPy_EXPAND(_HPyDef_GETSET_IMPL(SYM, NAME, GETIMPL, __VA_ARGS__, _HPy_NOTHING))
#define _HPyDef_GETSET_IMPL(SYM, NAME, GETIMPL, SETIMPL, ...) \
    _HPy_EXPAND(_HPyDef_GETSET(SYM, GETIMPL, SETIMPL, NAME, __VA_ARGS__))
#define _HPyDef_GETSET(SYM, GETIMPL, SETIMPL, NAME, ...)                                           \
    HPyFunc_DECLARE(GETIMPL, HPyFunc_GETTER);                                                      \
    HPyFunc_TRAMPOLINE(SYM##_get_trampoline, GETIMPL, HPyFunc_GETTER)                              \
    HPyFunc_DECLARE(SETIMPL, HPyFunc_SETTER);                                                      \
    HPyFunc_TRAMPOLINE(SYM##_set_trampoline, SETIMPL, HPyFunc_SETTER)                              \
    _HPy_INITIALISERS_BEGIN                                                     \
    _HPy_EXTENSION HPyDef SYM = {                                                                  \
        HPyDef_Kind_GetSet,                                                                        \
        {.getset = {.name = NAME,                                                                  \
                    .getter_impl = _HPy_FUNCTION(HPyCFunction, GETIMPL),                           \
                    .setter_impl = _HPy_FUNCTION(HPyCFunction, SETIMPL),                           \
                    .getter_cpy_trampoline = _HPy_FUNCTION(cpy_getter, SYM##_get_trampoline),      \
                    .setter_cpy_trampoline = _HPy_FUNCTION(cpy_setter, SYM##_set_trampoline),      \
                    __VA_ARGS__}}                                                                  \
    };\
    _HPy_INITIALISERS_END

/* HPyCapsule_DESTRUCTOR(SYM): a destructor for HPyCapsule_New(..., &SYM), implemented by SYM_impl. */
#define HPyCapsule_DESTRUCTOR(SYM)                                                  \
    static void SYM##_impl(const char *name, void *pointer, void *context);         \
    HPyCapsule_DESTRUCTOR_TRAMPOLINE(SYM##_trampoline, SYM##_impl)                  \
    static HPyCapsule_Destructor SYM = {SYM##_trampoline, SYM##_impl};

/* HPyDef_CALL_FUNCTION(SYM): a call function for HPy_SetCallFunction(..., &SYM), implemented by SYM_impl. */
#define HPyDef_CALL_FUNCTION(SYM)                                                   \
    HPyFunc_DECLARE(SYM##_impl, HPyFunc_KEYWORDS);                                  \
    HPyFunc_TRAMPOLINE(SYM##_trampoline, SYM##_impl, HPyFunc_KEYWORDS)              \
    static HPyCallFunction SYM = {_HPy_FUNCTION(cpy_vectorcallfunc, SYM##_trampoline), SYM##_impl};

#endif /* HPY_DEF_H */
