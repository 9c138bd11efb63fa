/* What PyInit_NAME of a direct binary does: it hands the module's description to hpy.universal.
 *
 * The binary is linked against no Python. CPython's functions are looked up in the running process when CPython
 * calls PyInit_NAME; where another Python or runtime loads the binary, nothing here ever runs.
 *
 * Without hpy.universal CPython gets a definition whose create slot raises, rather than an exception at once: CPython
 * 3.13 calls PyInit_NAME in the main interpreter, whichever imports, and does not survive an exception from there.
 */
#ifdef HPY_ABI_CPYTHON
/* An ordinary extension has an ordinary PyInit_NAME. */
typedef int hpy_direct_is_not_needed;
#else
#  if !defined(_WIN32) && !defined(_GNU_SOURCE)
#    define _GNU_SOURCE
#  endif
#  include "hpy.h"

#  ifdef _WIN32
#    include <windows.h>
#    include <stdio.h>
#  else
#    include <dlfcn.h>
#  endif

/* hpy_sys::direct::HPyDirect */
typedef struct {
    size_t size;
    void *(*init)(const _HPyDirectModule *module);
} Direct;

/* CPython's functions; an object is a `void *` here. */
typedef struct {
    void *(*import_module)(const char *name);
    void *(*capsule_import)(const char *name, int no_block);
    void *(*get_attr)(void *object, const char *name);
    ptrdiff_t (*as_ssize)(void *object);
    int (*err_matches)(void *exception);
    void *(*err_format)(void *exception, const char *fmt, ...);
    void (*err_clear)(void);
    void (*err_fetch)(void **type, void **value, void **traceback);
    void (*err_restore)(void *type, void *value, void *traceback);
    void (*err_normalize)(void **type, void **value, void **traceback);
    void (*set_cause)(void *exception, void *cause);
    void (*dec_ref)(void *object);
    void *(*def_init)(void *def);
    void *def_type;
    void **import_error;
    void **attribute_error;
} Python;

#  ifdef _WIN32
static HMODULE find_python(void)
{
    char name[32];
    int minor;
    if (GetProcAddress(GetModuleHandleA(NULL), "PyCapsule_Import") != NULL)
        return GetModuleHandleA(NULL);
    for (minor = 9; minor < 40; minor++) {
        HMODULE found;
        snprintf(name, sizeof(name), "python3%d.dll", minor);
        found = GetModuleHandleA(name);
        if (found == NULL) {
            snprintf(name, sizeof(name), "python3%dt.dll", minor);
            found = GetModuleHandleA(name);
        }
        if (found != NULL)
            return found;
    }
    return NULL;
}

static void *find_symbol(const char *name)
{
    HMODULE python = find_python();
    union {
        FARPROC function;
        void *pointer;
    } symbol;
    symbol.function = python == NULL ? NULL : GetProcAddress(python, name);
    return symbol.pointer;
}
#  else
static void *find_symbol(const char *name)
{
    return dlsym(RTLD_DEFAULT, name);
}
#  endif

/* Stores the symbol's address in the pointer at `to`, of whatever type; POSIX wants it this way. */
static int find(const char *name, void *to)
{
    *(void **)to = find_symbol(name);
    return *(void **)to != NULL;
}

/* What it takes where the runtime was imported before. */
static int find_first(Python *python)
{
    return find("PyCapsule_Import", (void *)&python->capsule_import);
}

static int find_all(Python *python)
{
    return find_first(python) && find("PyImport_ImportModule", (void *)&python->import_module) &&
           find("Py_DecRef", (void *)&python->dec_ref) &&
           find("PyObject_GetAttrString", (void *)&python->get_attr) &&
           find("PyLong_AsSsize_t", (void *)&python->as_ssize) &&
           find("PyErr_ExceptionMatches", (void *)&python->err_matches) &&
           find("PyErr_Format", (void *)&python->err_format) &&
           find("PyErr_Clear", (void *)&python->err_clear) &&
           find("PyErr_Fetch", (void *)&python->err_fetch) &&
           find("PyErr_Restore", (void *)&python->err_restore) &&
           find("PyErr_NormalizeException", (void *)&python->err_normalize) &&
           find("PyException_SetCause", (void *)&python->set_cause) &&
           find("PyModuleDef_Init", (void *)&python->def_init) &&
           find("PyModuleDef_Type", (void *)&python->def_type) &&
           find("PyExc_ImportError", (void *)&python->import_error) &&
           find("PyExc_AttributeError", (void *)&python->attribute_error);
}

/* What the runtime offers, or NULL with an exception. Takes the functions of find_first, and looks up the others where
   the runtime has to be imported first. */
static Direct *find_runtime(Python *python)
{
    void *universal;
    Direct *direct = (Direct *)python->capsule_import("hpy.universal._direct", 0);
    if (direct != NULL || !find_all(python))
        return direct;
    python->err_clear(); /* it is no attribute of its package yet */
    universal = python->import_module("hpy.universal");
    if (universal != NULL) {
        direct = (Direct *)python->capsule_import("hpy.universal._direct", 0);
        python->dec_ref(universal);
    }
    return direct;
}

/* An ImportError that says what to do, with the exception that is set as its cause. `module` is a str. */
static void explain(const Python *python, void *module)
{
    void *type, *value, *traceback, *new_type, *new_value, *new_traceback;
    python->err_fetch(&type, &value, &traceback);
    python->err_normalize(&type, &value, &traceback);
    python->err_format(*python->import_error,
                       "%S is an HPy module and needs the runtime of hpy-rs: pip install hpy-rs", module);
    python->err_fetch(&new_type, &new_value, &new_traceback);
    python->err_normalize(&new_type, &new_value, &new_traceback);
    python->set_cause(new_value, value); /* takes over the reference to `value` */
    python->dec_ref(type);
    python->dec_ref(traceback);
    python->err_restore(new_type, new_value, new_traceback);
}

/* Py_mod_create of the definition that stands in for the runtime's. */
static void *refuse(void *spec, void *def)
{
    Python python;
    void *module;
    (void)def;
    if (!find_all(&python))
        return NULL;
    module = python.get_attr(spec, "name");
    if (module == NULL)
        return NULL;
    if (find_runtime(&python) != NULL)
        python.err_format(*python.import_error,
                          "%S is an HPy module, and the runtime of hpy-rs was not found at first: it is missing in "
                          "the main interpreter, or its import was interrupted. Import hpy.universal there",
                          module);
    else if (python.err_matches(*python.import_error) || python.err_matches(*python.attribute_error))
        explain(&python, module);
    python.dec_ref(module);
    return NULL;
}

/* CPython's PyModuleDef_Slot */
typedef struct {
    int slot;
    union {
        void *pointer;
        void *(*create)(void *spec, void *def);
    } value;
} Slot;

/* CPython's PyModuleDef behind the head that every object has: as long in each version, unlike the head. */
typedef struct {
    void *base[3];
    const char *name;
    const char *doc;
    ptrdiff_t size;
    void *methods;
    Slot *slots;
    void *functions[3];
} Body;

#  define MAX_HEAD 8

/* A definition whose modules cannot be made; NULL if this Python has definitions of another form. */
static void *refusing_definition(const Python *python)
{
    static void *memory[MAX_HEAD + sizeof(Body) / sizeof(void *)];
    /* Py_mod_create, and Py_mod_multiple_interpreters: without it a subinterpreter would not ask us. */
    static Slot slots[] = {{1, {NULL}}, {0, {NULL}}, {0, {NULL}}};
    const unsigned long *version = (const unsigned long *)find_symbol("Py_Version");
    void *basicsize = python->get_attr(python->def_type, "__basicsize__");
    ptrdiff_t head;
    if (basicsize == NULL)
        return NULL;
    head = python->as_ssize(basicsize) - (ptrdiff_t)sizeof(Body);
    python->dec_ref(basicsize);
    if (head < (ptrdiff_t)(2 * sizeof(void *)) || head > (ptrdiff_t)(MAX_HEAD * sizeof(void *)) ||
        head % (ptrdiff_t)sizeof(void *) != 0)
        return NULL;
    slots[0].value.create = refuse;
    if (version != NULL && *version >= 0x030C0000) {
        slots[1].value.pointer = (void *)2; /* Py_MOD_PER_INTERPRETER_GIL_SUPPORTED */
        slots[1].slot = 3;
    }
    ((Body *)(void *)((char *)memory + head))->slots = slots;
    return python->def_init(memory);
}

HPyAPI_HELPER void *_HPyDirect_Init(const _HPyDirectModule *module)
{
    Python python;
    Direct *direct;
    void *def;
    if (!find_first(&python))
        return NULL; /* no CPython: there is no way to say more */
    direct = find_runtime(&python);
    if (direct != NULL)
        return direct->init(module);
    if (!find_all(&python))
        return NULL;
    python.err_clear();
    def = refusing_definition(&python);
    if (def == NULL)
        python.err_format(*python.import_error,
                          "%s is an HPy module and needs the runtime of hpy-rs: pip install hpy-rs", module->name);
    return def;
}
#endif
