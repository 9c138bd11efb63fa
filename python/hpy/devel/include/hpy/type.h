/* Types: HPyType_Spec and what makes and reads the structs of instances. */
#ifndef HPY_TYPE_H
#define HPY_TYPE_H

/* The built-in type whose instances a type's instances extend. It decides where an instance's struct is. */
typedef enum {
    /* The struct starts with PyObject_HEAD: a type of CPython's C API, or one being ported from it. */
    HPyType_BuiltinShape_Legacy = -1,
    /* The default: a pure type that extends `object`. */
    HPyType_BuiltinShape_Object = 0,
    HPyType_BuiltinShape_Type = 1,
    HPyType_BuiltinShape_Long = 2,
    HPyType_BuiltinShape_Float = 3,
    HPyType_BuiltinShape_Unicode = 4,
    HPyType_BuiltinShape_Tuple = 5,
    HPyType_BuiltinShape_List = 6,
    /* Not known to runtimes of HPy 0.9.0. */
    HPyType_BuiltinShape_Dict = 7
} HPyType_BuiltinShape;

typedef struct {
    const char *name; /* UTF-8, "module.Type" */
    int basicsize;    /* sizeof the instances' struct, 0 if they have none */
    int itemsize;
    unsigned long flags; /* HPy_TPFLAGS_* */
    HPyType_BuiltinShape builtin_shape; /* SHAPE(the instances' struct) */
    void *legacy_slots;  /* PyType_Slot[], with shape Legacy only */
    HPyDef **defines;    /* ended by NULL; may be NULL */
    const char *doc;     /* UTF-8, may be NULL */
} HPyType_Spec;

typedef enum {
    HPyType_SpecParam_Base = 1,       /* one base class; may be given several times */
    HPyType_SpecParam_BasesTuple = 2, /* all base classes; excludes Base */
    HPyType_SpecParam_Metaclass = 3
} HPyType_SpecParam_Kind;

/* A parameter of HPyType_FromSpec; the array of them ends with kind 0. */
typedef struct {
    HPyType_SpecParam_Kind kind;
    HPy object;
} HPyType_SpecParam;

#define HPy_TPFLAGS_DEFAULT ((1UL << 9) | (1UL << 18))
/* Python code may subclass the type. */
#define HPy_TPFLAGS_BASETYPE (1UL << 10)
/* Instances have a call function of their own. */
#define HPy_TPFLAGS_HAVE_VECTORCALL (1UL << 11)
/* Instances take part in garbage collection: the type needs HPy_tp_traverse. */
#define HPy_TPFLAGS_HAVE_GC (1UL << 14)

/* HPyType_HELPERS(STRUCT, SHAPE): makes `STRUCT *STRUCT_AsStruct(ctx, h)` and what SHAPE(STRUCT) needs. The
   second argument may be missing: HPyType_BuiltinShape_Object. */
#define HPyType_HELPERS(...) \
    _HPy_EXPAND(_HPyType_HELPERS(__VA_ARGS__, HPyType_BuiltinShape_Object, _HPy_NOTHING))
#define HPyType_LEGACY_HELPERS(STRUCT) HPyType_HELPERS(STRUCT, HPyType_BuiltinShape_Legacy)
#define _HPyType_HELPERS(STRUCT, SHAPE, ...)                     \
    enum { STRUCT##_SHAPE = (int)SHAPE };                        \
    HPyAPI_UNUSED STRUCT *STRUCT##_AsStruct(HPyContext *ctx, HPy h) \
    {                                                            \
        return (STRUCT *)SHAPE##_AsStruct(ctx, h);               \
    }

/* The builtin_shape of a type whose instances' struct HPyType_HELPERS was given. */
#define SHAPE(STRUCT) ((HPyType_BuiltinShape)STRUCT##_SHAPE)

#define HPyType_BuiltinShape_Legacy_AsStruct _HPy_AsStruct_Legacy
#define HPyType_BuiltinShape_Object_AsStruct _HPy_AsStruct_Object
#define HPyType_BuiltinShape_Type_AsStruct _HPy_AsStruct_Type
#define HPyType_BuiltinShape_Long_AsStruct _HPy_AsStruct_Long
#define HPyType_BuiltinShape_Float_AsStruct _HPy_AsStruct_Float
#define HPyType_BuiltinShape_Unicode_AsStruct _HPy_AsStruct_Unicode
#define HPyType_BuiltinShape_Tuple_AsStruct _HPy_AsStruct_Tuple
#define HPyType_BuiltinShape_List_AsStruct _HPy_AsStruct_List
#define HPyType_BuiltinShape_Dict_AsStruct _HPy_AsStruct_Dict

/* For each field of the object in an implementation of HPy_tp_traverse, whose parameters must be called
   `visit` and `arg`. */
#define HPy_VISIT(field)                              \
    do {                                              \
        if (!HPyField_IsNull(*(field))) {             \
            int _hpy_visited = visit((field), arg);   \
            if (_hpy_visited)                         \
                return _hpy_visited;                  \
        }                                             \
    } while (0)

#endif /* HPY_TYPE_H */
