/* Handles, scalars and enumerations of the ABI. */
#ifndef HPY_TYPES_H
#define HPY_TYPES_H

typedef struct _HPyContext_s HPyContext;

/* A reference to a Python object, to be closed by who owns it. */
typedef struct _HPy_s { intptr_t _i; } HPy;
/* A reference held in an object's own struct. */
typedef struct { intptr_t _i; } HPyField;
/* A reference held in a C global; every interpreter has its own value of it. */
typedef struct { intptr_t _i; } HPyGlobal;
typedef struct { intptr_t _lst; } HPyListBuilder;
typedef struct { intptr_t _tup; } HPyTupleBuilder;
/* A set of handles that are closed together. */
typedef struct { intptr_t _i; } HPyTracker;
typedef struct { intptr_t _i; } HPyThreadState;

#ifdef __cplusplus
#  define _hconv(i) (HPy{(intptr_t)(i)})
#  define _hfconv(i) (HPyField{(intptr_t)(i)})
#  define _hgconv(i) (HPyGlobal{(intptr_t)(i)})
#  define _htsconv(i) (HPyThreadState{(intptr_t)(i)})
#else
#  define _hconv(i) ((HPy){(intptr_t)(i)})
#  define _hfconv(i) ((HPyField){(intptr_t)(i)})
#  define _hgconv(i) ((HPyGlobal){(intptr_t)(i)})
#  define _htsconv(i) ((HPyThreadState){(intptr_t)(i)})
#endif

/* The null handle is 0 in every ABI and every mode. */
#define HPy_NULL _hconv(0)
#define HPy_IsNull(h) ((h)._i == 0)
#define HPyField_NULL _hfconv(0)
#define HPyField_IsNull(f) ((f)._i == 0)

/* A handle as a pointer and back, for code that carries handles through a `void *`. */
HPyAPI_FUNC HPy HPy_FromVoidP(void *p)
{
    return _hconv(p);
}

HPyAPI_FUNC void *HPy_AsVoidP(HPy h)
{
    return (void *)h._i;
}

#ifdef HPY_ABI_CPYTHON
/* In the cpython ABI a handle is the object's address. */
HPyAPI_FUNC PyObject *_h2py(HPy h)
{
    return (PyObject *)h._i;
}

HPyAPI_FUNC HPy _py2h(PyObject *object)
{
    return _hconv(object);
}

typedef Py_ssize_t HPy_ssize_t;
typedef Py_hash_t HPy_hash_t;
typedef Py_UCS4 HPy_UCS4;
#  define HPY_SSIZE_T_MAX PY_SSIZE_T_MAX
#  define HPY_SSIZE_T_MIN PY_SSIZE_T_MIN
#else
typedef intptr_t HPy_ssize_t;
typedef intptr_t HPy_hash_t;
typedef uint32_t HPy_UCS4;
#  define HPY_SSIZE_T_MAX INTPTR_MAX
#  define HPY_SSIZE_T_MIN (-HPY_SSIZE_T_MAX - 1)
#endif

/* What the text of HPy_Compile_s is: `eval`, `exec` and `single` of Python's compile(). */
typedef enum {
    HPy_SourceKind_Expr = 0,
    HPy_SourceKind_File = 1,
    HPy_SourceKind_Single = 2
} HPy_SourceKind;

/* The operator of a rich comparison. */
typedef enum {
    HPy_LT = 0,
    HPy_LE = 1,
    HPy_EQ = 2,
    HPy_NE = 3,
    HPy_GT = 4,
    HPy_GE = 5
} HPy_RichCmpOp;

/* What HPyCapsule_Get and HPyCapsule_Set access. */
typedef enum {
    HPyCapsule_key_Pointer = 0,
    HPyCapsule_key_Name = 1,
    HPyCapsule_key_Context = 2,
    HPyCapsule_key_Destructor = 3
} _HPyCapsule_key;

/* A view of an object's memory, laid out as Py_buffer. */
typedef struct {
    void *buf;
    HPy obj; /* owned */
    HPy_ssize_t len;
    HPy_ssize_t itemsize;
    int readonly;
    int ndim;
    char *format;
    HPy_ssize_t *shape;
    HPy_ssize_t *strides;
    HPy_ssize_t *suboffsets;
    void *internal;
} HPy_buffer;

/* A C function of any type. */
typedef void (*HPyCFunction)(void);
/* What an HPy_tp_traverse implementation calls for each of the object's fields; HPy_VISIT does. */
typedef int (*HPyFunc_visitproc)(HPyField *field, void *arg);
typedef void (*HPyFunc_Capsule_Destructor)(const char *name, void *pointer, void *context);

#endif /* HPY_TYPES_H */
