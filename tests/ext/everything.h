/* Every macro of hpy.h once, in what C99 and C++11 have in common. */
#include <hpy.h>

typedef struct {
    long number;
    HPyField field;
} Thing;
HPyType_HELPERS(Thing)

typedef struct {
    double number;
} Sequence;
HPyType_HELPERS(Sequence, HPyType_BuiltinShape_List)

static HPyGlobal a_global;

HPyDef_METH(noargs, "noargs", HPyFunc_NOARGS)
static HPy noargs_impl(HPyContext *ctx, HPy self)
{
    (void)self;
    return HPyTuple_Pack(ctx, 2, ctx->h_None, ctx->h_True);
}

static HPy one_body(HPyContext *ctx, HPy self, HPy arg)
{
    (void)self;
    return HPyLong_FromLong(ctx, HPyLong_AsLong(ctx, arg) + 1);
}
HPyDef_METH_IMPL(one, "one", one_body, HPyFunc_O)

HPyDef_METH(varargs, "varargs", HPyFunc_VARARGS)
static HPy varargs_impl(HPyContext *ctx, HPy self, const HPy *args, size_t nargs)
{
    int a, b = 0;
    (void)self;
    if (!HPyArg_Parse(ctx, NULL, args, nargs, "i|i:varargs", &a, &b))
        return HPy_NULL;
    return HPy_BuildValue(ctx, "[ii]", a, b);
}

HPyDef_METH(keywords, "keywords", HPyFunc_KEYWORDS)
static HPy keywords_impl(HPyContext *ctx, HPy self, const HPy *args, size_t nargs, HPy kwnames)
{
    HPy tuple, dict, both;
    (void)self;
    if (!HPyHelpers_PackArgsAndKeywords(ctx, args, nargs, kwnames, &tuple, &dict))
        return HPy_NULL;
    both = HPyUnicode_FromFormat(ctx, "%d %d", !HPy_IsNull(tuple), !HPy_IsNull(dict));
    HPy_Close(ctx, tuple);
    HPy_Close(ctx, dict);
    return both;
}

HPyDef_SLOT(thing_new, HPy_tp_new)
static HPy thing_new_impl(HPyContext *ctx, HPy type, const HPy *args, HPy_ssize_t nargs, HPy kw)
{
    Thing *thing;
    HPy h = HPy_New(ctx, type, &thing);
    (void)args;
    (void)nargs;
    (void)kw;
    if (!HPy_IsNull(h))
        thing->number = 7;
    return h;
}

HPyDef_SLOT(thing_traverse, HPy_tp_traverse)
static int thing_traverse_impl(void *object, HPyFunc_visitproc visit, void *arg)
{
    HPy_VISIT(&((Thing *)object)->field);
    return 0;
}

HPyDef_SLOT(thing_destroy, HPy_tp_destroy)
static void thing_destroy_impl(void *object)
{
    (void)object;
}

HPyDef_SLOT(thing_compare, HPy_tp_richcompare)
static HPy thing_compare_impl(HPyContext *ctx, HPy a, HPy b, HPy_RichCmpOp op)
{
    HPy_RETURN_RICHCOMPARE(ctx, Thing_AsStruct(ctx, a)->number, Thing_AsStruct(ctx, b)->number, op);
}

static HPy thing_text(HPyContext *ctx, HPy self)
{
    return HPyUnicode_FromFormat(ctx, "Thing(%ld)", Thing_AsStruct(ctx, self)->number);
}
HPyDef_SLOT_IMPL(thing_repr, thing_text, HPy_tp_repr)

HPyDef_SLOT(thing_buffer, HPy_bf_getbuffer)
static int thing_buffer_impl(HPyContext *ctx, HPy self, HPy_buffer *view, int flags)
{
    (void)self;
    (void)view;
    (void)flags;
    HPyErr_SetString(ctx, ctx->h_BufferError, "no buffer");
    return -1;
}

HPyDef_SLOT(thing_release, HPy_bf_releasebuffer)
static void thing_release_impl(HPyContext *ctx, HPy self, HPy_buffer *view)
{
    (void)ctx;
    (void)self;
    (void)view;
}

HPyDef_MEMBER(thing_number, "number", HPyMember_LONG, offsetof(Thing, number))

HPyDef_GET(thing_get, "got")
static HPy thing_get_get(HPyContext *ctx, HPy self, void *closure)
{
    (void)closure;
    return HPyLong_FromLong(ctx, Thing_AsStruct(ctx, self)->number);
}

HPyDef_SET(thing_set, "put")
static int thing_set_set(HPyContext *ctx, HPy self, HPy value, void *closure)
{
    (void)closure;
    Thing_AsStruct(ctx, self)->number = HPyLong_AsLong(ctx, value);
    return HPyErr_Occurred(ctx) ? -1 : 0;
}

HPyDef_GETSET(thing_both, "both")
static HPy thing_both_get(HPyContext *ctx, HPy self, void *closure)
{
    return thing_get_get(ctx, self, closure);
}
static int thing_both_set(HPyContext *ctx, HPy self, HPy value, void *closure)
{
    return thing_set_set(ctx, self, value, closure);
}

HPyCapsule_DESTRUCTOR(capsule_gone)
static void capsule_gone_impl(const char *name, void *pointer, void *context)
{
    (void)name;
    (void)context;
    free(pointer);
}

HPyDef_METH(capsule, "capsule", HPyFunc_NOARGS)
static HPy capsule_impl(HPyContext *ctx, HPy self)
{
    (void)self;
    return HPyCapsule_New(ctx, malloc(1), "everything.capsule", &capsule_gone);
}

HPyDef_CALL_FUNCTION(call)
static HPy call_impl(HPyContext *ctx, HPy callable, const HPy *args, size_t nargs, HPy kwnames)
{
    (void)callable;
    (void)args;
    (void)kwnames;
    return HPyLong_FromSize_t(ctx, nargs);
}

HPyDef_METH(released, "released", HPyFunc_NOARGS)
static HPy released_impl(HPyContext *ctx, HPy self)
{
    (void)self;
    (void)call;
    HPy_BEGIN_LEAVE_PYTHON(ctx)
    HPy_END_LEAVE_PYTHON(ctx)
    HPyGlobal_Store(ctx, &a_global, ctx->h_None);
    return HPyGlobal_Load(ctx, a_global);
}

static HPyDef *thing_defines[] = {&thing_new,     &thing_traverse, &thing_destroy, &thing_compare,
                                  &thing_repr,    &thing_buffer,   &thing_release, &thing_number,
                                  &thing_get,     &thing_set,      &thing_both,    NULL};
/* In order and complete: C++11 has no designated initialisers. */
static HPyType_Spec thing_spec = {
    "everything.Thing", sizeof(Thing), 0,   HPy_TPFLAGS_DEFAULT | HPy_TPFLAGS_HAVE_GC,
    SHAPE(Thing),       NULL,          thing_defines, "a thing"};

HPyDef_SLOT(module_exec, HPy_mod_exec)
static int module_exec_impl(HPyContext *ctx, HPy module)
{
    (void)Sequence_AsStruct;
    return HPyHelpers_AddType(ctx, module, "Thing", &thing_spec, NULL) ? 0 : -1;
}

static HPyDef *defines[] = {&noargs, &one, &varargs, &keywords, &capsule, &released, &module_exec, NULL};
static HPyGlobal *globals[] = {&a_global, NULL};
static HPyModuleDef module_def = {"every macro once", 0, NULL, defines, globals};
HPy_MODINIT(everything, module_def)
