/* What an extension keeps: fields, globals, context variables, capsules, trackers; and code, imports, threads. */
#include "wrap.h"

/* A class with two fields that take part in garbage collection. */
typedef struct {
    HPyField first;
    HPyField second;
} Pair;
HPyType_HELPERS(Pair, HPyType_BuiltinShape_Object)

HPyDef_SLOT(Pair_new, HPy_tp_new)
static HPy Pair_new_impl(HPyContext *ctx, HPy type, const HPy *args, HPy_ssize_t nargs, HPy kw)
{
    (void)args, (void)nargs, (void)kw;
    Pair *data;
    HPy pair = HPy_New(ctx, type, &data);
    if (HPy_IsNull(pair))
        return HPy_NULL;
    data->first = HPyField_NULL;
    data->second = HPyField_NULL;
    return pair;
}
HPyDef_SLOT(Pair_traverse, HPy_tp_traverse)
static int Pair_traverse_impl(void *self, HPyFunc_visitproc visit, void *arg)
{
    Pair *pair = (Pair *)self;
    HPy_VISIT(&pair->first);
    HPy_VISIT(&pair->second);
    return 0;
}
HPyDef_GETSET(Pair_first, "first")
static HPy Pair_first_get(HPyContext *ctx, HPy self, void *closure)
{
    (void)closure;
    Pair *data = Pair_AsStruct(ctx, self);
    if (HPyField_IsNull(data->first))
        return HPyErr_SetString(ctx, ctx->h_AttributeError, "first is empty");
    return HPyField_Load(ctx, self, data->first);
}
static int Pair_first_set(HPyContext *ctx, HPy self, HPy value, void *closure)
{
    (void)closure;
    /* A null value is a deletion; storing it empties the field. */
    HPyField_Store(ctx, self, &Pair_AsStruct(ctx, self)->first, value);
    return 0;
}
HPyDef_METH(Pair_swap, "swap", HPyFunc_NOARGS)
static HPy Pair_swap_impl(HPyContext *ctx, HPy self)
{
    Pair *data = Pair_AsStruct(ctx, self);
    HPy a = HPyField_IsNull(data->first) ? HPy_NULL : HPyField_Load(ctx, self, data->first);
    HPy b = HPyField_IsNull(data->second) ? HPy_NULL : HPyField_Load(ctx, self, data->second);
    HPyField_Store(ctx, self, &data->first, b);
    HPyField_Store(ctx, self, &data->second, a);
    HPy_Close(ctx, a);
    HPy_Close(ctx, b);
    return none(ctx);
}
HPyDef_METH(Pair_load_empty, "load_empty", HPyFunc_NOARGS)
static HPy Pair_load_empty_impl(HPyContext *ctx, HPy self)
{
    HPyField empty = HPyField_NULL;
    (void)self;
    return HPyBool_FromBool(ctx, HPyField_IsNull(empty));
}
static HPyDef *Pair_defines[] = {&Pair_new, &Pair_traverse, &Pair_first, &Pair_swap, &Pair_load_empty, NULL};
static HPyType_Spec Pair_spec = {
    .name = "state.Pair",
    .basicsize = sizeof(Pair),
    .flags = HPy_TPFLAGS_DEFAULT | HPy_TPFLAGS_BASETYPE | HPy_TPFLAGS_HAVE_GC,
    .builtin_shape = HPyType_BuiltinShape_Object,
    .defines = Pair_defines,
};

/* Globals. */
static HPyGlobal stored;
static HPyGlobal untouched;

FUNC(store, 1)
{
    HPyGlobal_Store(ctx, &stored, or_null(ctx, args[0]));
    return none(ctx);
}
FUNC(fetch, 0)
{
    (void)args;
    HPy value = HPyGlobal_Load(ctx, stored);
    if (HPy_IsNull(value))
        return HPyErr_Occurred(ctx) ? HPy_NULL : HPyErr_SetString(ctx, ctx->h_LookupError, "empty");
    return value;
}
FUNC(fetch_untouched, 0)
{
    (void)args;
    HPy value = HPyGlobal_Load(ctx, untouched);
    bool empty = HPy_IsNull(value) && !HPyErr_Occurred(ctx);
    HPy_Close(ctx, value);
    return HPyBool_FromBool(ctx, empty);
}

/* Context variables. */
FUNC(HPyContextVar_New, 2)
{
    int failed;
    const char *name = text(ctx, args[0], &failed);
    return failed ? HPy_NULL : HPyContextVar_New(ctx, name, or_null(ctx, args[1]));
}
H_HH(HPyContextVar_Set)
/* get(var, default or NotImplemented): (value,), or () where there is none. */
FUNC(HPyContextVar_Get, 2)
{
    HPy value;
    if (HPyContextVar_Get(ctx, args[0], or_null(ctx, args[1]), &value) < 0)
        return HPy_NULL;
    if (HPy_IsNull(value))
        return HPyTuple_FromArray(ctx, NULL, 0);
    HPy result = HPyTuple_FromArray(ctx, &value, 1);
    HPy_Close(ctx, value);
    return result;
}

/* Capsules. */
static int payload[] = {11, 22};
static int destroyed;
static char context_text[] = "the context";
HPyCapsule_DESTRUCTOR(count_destruction)
static void count_destruction_impl(const char *name, void *pointer, void *context)
{
    (void)name, (void)context;
    destroyed += *(int *)pointer;
}

/* new(name, with destructor, with a pointer) */
FUNC(HPyCapsule_New, 3)
{
    static char kept[100];
    int failed;
    const char *name = text(ctx, args[0], &failed);
    if (failed)
        return HPy_NULL;
    if (name != NULL)
        name = strncpy(kept, name, sizeof(kept) - 1);
    int destructor = HPy_IsTrue(ctx, args[1]), pointer = HPy_IsTrue(ctx, args[2]);
    return HPyCapsule_New(ctx, pointer ? payload : NULL, name, destructor ? &count_destruction : NULL);
}
FUNC(destroyed_total, 0)
{
    (void)args;
    return HPyLong_FromInt32_t(ctx, destroyed);
}
FUNC(HPyCapsule_GetPointer, 2)
{
    int failed;
    const char *name = text(ctx, args[1], &failed);
    int *pointer = failed ? NULL : (int *)HPyCapsule_GetPointer(ctx, args[0], name);
    return pointer == NULL ? HPy_NULL : HPyLong_FromInt32_t(ctx, *pointer);
}
HPyDef_METH(def_HPyCapsule_GetName, "HPyCapsule_GetName", HPyFunc_O)
static HPy def_HPyCapsule_GetName_impl(HPyContext *ctx, HPy self, HPy arg)
{
    (void)self;
    const char *name = HPyCapsule_GetName(ctx, arg);
    if (name == NULL)
        return HPyErr_Occurred(ctx) ? HPy_NULL : none(ctx);
    return HPyUnicode_FromString(ctx, name);
}
HPyDef_METH(def_HPyCapsule_GetContext, "HPyCapsule_GetContext", HPyFunc_O)
static HPy def_HPyCapsule_GetContext_impl(HPyContext *ctx, HPy self, HPy arg)
{
    (void)self;
    const char *context = (const char *)HPyCapsule_GetContext(ctx, arg);
    if (context == NULL)
        return HPyErr_Occurred(ctx) ? HPy_NULL : none(ctx);
    return HPyUnicode_FromString(ctx, context);
}
I_HS(HPyCapsule_IsValid)
FUNC(HPyCapsule_SetContext, 1) { return number(ctx, HPyCapsule_SetContext(ctx, args[0], context_text)); }
FUNC(HPyCapsule_SetPointer, 2)
{
    int real = HPy_IsTrue(ctx, args[1]);
    return number(ctx, HPyCapsule_SetPointer(ctx, args[0], real ? &payload[1] : NULL));
}
FUNC(HPyCapsule_SetName, 1) { return number(ctx, HPyCapsule_SetName(ctx, args[0], "renamed")); }
FUNC(HPyCapsule_SetDestructor, 2)
{
    int set = HPy_IsTrue(ctx, args[1]);
    return number(ctx, HPyCapsule_SetDestructor(ctx, args[0], set ? &count_destruction : NULL));
}

/* Trackers. */
FUNC(track, 3)
{
    /* (size, object, count): count handles to object are tracked and closed. */
    HPy_ssize_t size = HPyLong_AsSsize_t(ctx, args[0]), count = HPyLong_AsSsize_t(ctx, args[2]);
    if (HPyErr_Occurred(ctx))
        return HPy_NULL;
    HPyTracker tracker = HPyTracker_New(ctx, size);
    if (tracker._i == 0)
        return HPy_NULL;
    for (HPy_ssize_t i = 0; i < count; i++) {
        /* A handle whose Add fails is the tracker's too. */
        if (HPyTracker_Add(ctx, tracker, HPy_Dup(ctx, args[1])) < 0) {
            HPyTracker_Close(ctx, tracker);
            return HPy_NULL;
        }
    }
    HPyTracker_Close(ctx, tracker);
    return none(ctx);
}
FUNC(track_and_forget, 1)
{
    HPyTracker tracker = HPyTracker_New(ctx, 0);
    HPy h = HPy_Dup(ctx, args[0]);
    if (tracker._i == 0 || HPyTracker_Add(ctx, tracker, h) < 0)
        return HPy_NULL;
    HPyTracker_ForgetAll(ctx, tracker);
    HPyTracker_Close(ctx, tracker);
    return h;
}

/* Code and imports. */
FUNC(HPyImport_ImportModule, 1)
{
    int failed;
    const char *name = text(ctx, args[0], &failed);
    return failed ? HPy_NULL : HPyImport_ImportModule(ctx, name);
}
FUNC(HPy_Compile_s, 3)
{
    int failed, failed_too;
    const char *source = text(ctx, args[0], &failed);
    const char *name = text(ctx, args[1], &failed_too);
    int32_t kind = HPyLong_AsInt32_t(ctx, args[2]);
    if (HPyErr_Occurred(ctx))
        return HPy_NULL;
    return HPy_Compile_s(ctx, source, name, (HPy_SourceKind)kind);
}
H_HHH(HPy_EvalCode)

/* Leaves Python, works, comes back. */
FUNC(work_without_python, 1)
{
    int64_t n = HPyLong_AsInt64_t(ctx, args[0]);
    if (HPyErr_Occurred(ctx))
        return HPy_NULL;
    volatile uint64_t sum = 0;
    HPy_BEGIN_LEAVE_PYTHON(ctx)
    for (int64_t i = 0; i < n; i++)
        sum = sum + (uint64_t)i;
    HPy_END_LEAVE_PYTHON(ctx)
    return HPyLong_FromUInt64_t(ctx, sum);
}
FUNC(leave_and_reenter, 1)
{
    HPyThreadState state = HPy_LeavePythonExecution(ctx);
    HPy_ReenterPythonExecution(ctx, state);
    return HPy_Dup(ctx, args[0]);
}

HPyDef_SLOT(exec, HPy_mod_exec)
static int exec_impl(HPyContext *ctx, HPy module)
{
    HPyGlobal_Store(ctx, &stored, HPy_NULL);
    return HPyHelpers_AddType(ctx, module, "Pair", &Pair_spec, NULL) ? 0 : -1;
}

static HPyDef *module_defines[] = {
    &exec, &def_store, &def_fetch, &def_fetch_untouched, &def_HPyContextVar_New, &def_HPyContextVar_Set,
    &def_HPyContextVar_Get, &def_HPyCapsule_New, &def_destroyed_total, &def_HPyCapsule_GetPointer,
    &def_HPyCapsule_GetName, &def_HPyCapsule_GetContext, &def_HPyCapsule_IsValid, &def_HPyCapsule_SetContext,
    &def_HPyCapsule_SetPointer, &def_HPyCapsule_SetName, &def_HPyCapsule_SetDestructor, &def_track,
    &def_track_and_forget, &def_HPyImport_ImportModule, &def_HPy_Compile_s, &def_HPy_EvalCode,
    &def_work_without_python, &def_leave_and_reenter, NULL};
static HPyGlobal *module_globals[] = {&stored, &untouched, NULL};
static HPyModuleDef module_def = {.doc = "test extension", .size = 0, .defines = module_defines, .globals = module_globals};
HPy_MODINIT(state, module_def)
