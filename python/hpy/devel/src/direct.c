/* What PyInit_NAME of a direct binary does: it hands the module's description to hpy.universal.
 *
 * The binary is linked against no Python. CPython's functions are looked up in the running process when CPython
 * calls PyInit_NAME; where another Python or runtime loads the binary, nothing here ever runs.
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
    int (*err_matches)(void *exception);
    void *(*err_format)(void *exception, const char *fmt, ...);
    void (*err_fetch)(void **type, void **value, void **traceback);
    void (*err_restore)(void *type, void *value, void *traceback);
    void (*err_normalize)(void **type, void **value, void **traceback);
    void (*set_cause)(void *exception, void *cause);
    void (*dec_ref)(void *object);
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
    void *process = dlopen(NULL, RTLD_LAZY);
    return process == NULL ? NULL : dlsym(process, name);
}
#  endif

/* Stores the symbol's address in the pointer at `to`, of whatever type; POSIX wants it this way. */
static int find(const char *name, void *to)
{
    *(void **)to = find_symbol(name);
    return *(void **)to != NULL;
}

static int find_all(Python *python)
{
    return find("PyImport_ImportModule", (void *)&python->import_module) &&
           find("PyCapsule_Import", (void *)&python->capsule_import) &&
           find("PyErr_ExceptionMatches", (void *)&python->err_matches) &&
           find("PyErr_Format", (void *)&python->err_format) &&
           find("PyErr_Fetch", (void *)&python->err_fetch) &&
           find("PyErr_Restore", (void *)&python->err_restore) &&
           find("PyErr_NormalizeException", (void *)&python->err_normalize) &&
           find("PyException_SetCause", (void *)&python->set_cause) &&
           find("Py_DecRef", (void *)&python->dec_ref) &&
           find("PyExc_ImportError", (void *)&python->import_error) &&
           find("PyExc_AttributeError", (void *)&python->attribute_error);
}

/* An ImportError that says what to do, with the exception that is set as its cause. */
static void *fail(const Python *python, const char *module)
{
    void *type, *value, *traceback, *new_type, *new_value, *new_traceback;
    python->err_fetch(&type, &value, &traceback);
    python->err_normalize(&type, &value, &traceback);
    python->err_format(*python->import_error,
                       "%s is an HPy module and needs the runtime of hpy-rs: pip install hpy-rs", module);
    python->err_fetch(&new_type, &new_value, &new_traceback);
    python->err_normalize(&new_type, &new_value, &new_traceback);
    python->set_cause(new_value, value); /* takes over the reference to `value` */
    python->dec_ref(type);
    python->dec_ref(traceback);
    python->err_restore(new_type, new_value, new_traceback);
    return NULL;
}

HPyAPI_HELPER void *_HPyDirect_Init(const _HPyDirectModule *module)
{
    Python python;
    void *universal;
    Direct *direct = NULL;
    if (!find_all(&python))
        return NULL; /* no CPython: there is no way to say more */
    universal = python.import_module("hpy.universal");
    if (universal != NULL) {
        direct = (Direct *)python.capsule_import("hpy.universal._direct", 0);
        python.dec_ref(universal);
    }
    if (direct != NULL)
        return direct->init(module);
    if (python.err_matches(*python.import_error) || python.err_matches(*python.attribute_error))
        return fail(&python, module->name);
    return NULL;
}
#endif
