#include "wrap.h"
#include <stddef.h>

/* One struct for all types of this module, whatever their shape. */
typedef struct {
    long x;
    HPyField field;
    HPyField field_ex;
    double real;
    char text[8];
    const char *string;
    signed char byte;
    char flag;
} Node;

/* The struct of a type that extends one with a Node. */
typedef struct {
    Node base;
    long y;
    HPyField more;
    char large[100];
} Derived;

/* A struct whose call function has a place that its author chose. */
typedef struct {
    long x;
    HPyCallFunction call;
} Callable;

static Node *node_of(HPyContext *ctx, HPy h)
{
    HPy type = HPy_Type(ctx, h);
    HPyType_BuiltinShape shape = _HPyType_GetBuiltinShape(ctx, type);
    HPy_Close(ctx, type);
    switch (shape) {
    case HPyType_BuiltinShape_Object: return (Node *)_HPy_AsStruct_Object(ctx, h);
    case HPyType_BuiltinShape_Type: return (Node *)_HPy_AsStruct_Type(ctx, h);
    case HPyType_BuiltinShape_Long: return (Node *)_HPy_AsStruct_Long(ctx, h);
    case HPyType_BuiltinShape_Float: return (Node *)_HPy_AsStruct_Float(ctx, h);
    case HPyType_BuiltinShape_Unicode: return (Node *)_HPy_AsStruct_Unicode(ctx, h);
    case HPyType_BuiltinShape_Tuple: return (Node *)_HPy_AsStruct_Tuple(ctx, h);
    case HPyType_BuiltinShape_List: return (Node *)_HPy_AsStruct_List(ctx, h);
    case HPyType_BuiltinShape_Dict: return (Node *)_HPy_AsStruct_Dict(ctx, h);
    default: return NULL;
    }
}

static long destroyed, destroyed_x, finalized, traversed_null;

/* ---- slots ---- */

HPyDef_SLOT(node_new, HPy_tp_new)
static HPy node_new_impl(HPyContext *ctx, HPy cls, const HPy *args, HPy_ssize_t nargs, HPy kw)
{
    Node *node;
    (void)args;
    (void)kw;
    HPy h = _HPy_New(ctx, cls, (void **)&node);
    if (HPy_IsNull(h))
        return HPy_NULL;
    if (node != node_of(ctx, h)) {
        HPy_Close(ctx, h);
        HPyErr_SetString(ctx, ctx->h_SystemError, "HPy_New and AsStruct disagree");
        return HPy_NULL;
    }
    node->x = 10 + (long)nargs;
    return h;
}

HPyDef_SLOT_IMPL(generic_new, HPyType_GenericNew, HPy_tp_new)

HPyDef_SLOT(node_init, HPy_tp_init)
static int node_init_impl(HPyContext *ctx, HPy self, const HPy *args, HPy_ssize_t nargs, HPy kw)
{
    Node *node = node_of(ctx, self);
    if (nargs > 0)
        HPyField_Store(ctx, self, &node->field, args[0]);
    if (!HPy_IsNull(kw)) {
        HPy x = HPy_GetItem_s(ctx, kw, "x");
        if (HPy_IsNull(x))
            return -1;
        node->x = HPyLong_AsLong(ctx, x);
        HPy_Close(ctx, x);
    }
    return HPyErr_Occurred(ctx) ? -1 : 0;
}

HPyDef_SLOT(node_traverse, HPy_tp_traverse)
static int node_traverse_impl(void *self, HPyFunc_visitproc visit, void *arg)
{
    Node *node = (Node *)self;
    HPy_VISIT(&node->field);
    HPy_VISIT(&node->field_ex);
    return 0;
}

/* As HPy_VISIT is not the only way: this one visits empty fields too. */
HPyDef_SLOT(plain_traverse, HPy_tp_traverse)
static int plain_traverse_impl(void *self, HPyFunc_visitproc visit, void *arg)
{
    Node *node = (Node *)self;
    traversed_null += HPyField_IsNull(node->field);
    int result = visit(&node->field, arg);
    return result ? result : visit(&node->field_ex, arg);
}

HPyDef_SLOT(derived_traverse, HPy_tp_traverse)
static int derived_traverse_impl(void *self, HPyFunc_visitproc visit, void *arg)
{
    HPy_VISIT(&((Derived *)self)->more);
    return 0;
}

HPyDef_SLOT(node_destroy, HPy_tp_destroy)
static void node_destroy_impl(void *self)
{
    destroyed += 1;
    destroyed_x += ((Node *)self)->x;
}

HPyDef_SLOT(derived_destroy, HPy_tp_destroy)
static void derived_destroy_impl(void *self)
{
    destroyed += 1000;
    destroyed_x += ((Derived *)self)->y;
}

HPyDef_SLOT(node_finalize, HPy_tp_finalize)
static void node_finalize_impl(HPyContext *ctx, HPy self)
{
    finalized += 1;
    Node *node = node_of(ctx, self);
    if (HPyField_IsNull(node->field))
        return;
    /* A callable in the field gets the object, which it may keep alive. */
    HPy callable = HPyField_Load(ctx, self, node->field);
    if (HPyCallable_Check(ctx, callable)) {
        HPy result = HPy_Call(ctx, callable, &self, 1, HPy_NULL);
        if (HPy_IsNull(result))
            HPyErr_WriteUnraisable(ctx, self);
        else
            HPy_Close(ctx, result);
    }
    HPy_Close(ctx, callable);
}

static HPy called(HPyContext *ctx, const char *what, HPy self, const HPy *args, size_t nargs, HPy kwnames)
{
    /* (what, self, positional arguments, names, values) */
    HPyTupleBuilder positional = HPyTupleBuilder_New(ctx, (HPy_ssize_t)nargs);
    for (size_t i = 0; i < nargs; i++)
        HPyTupleBuilder_Set(ctx, positional, (HPy_ssize_t)i, args[i]);
    HPy_ssize_t count = HPy_IsNull(kwnames) ? 0 : HPy_Length(ctx, kwnames);
    HPyTupleBuilder values = HPyTupleBuilder_New(ctx, count);
    for (HPy_ssize_t i = 0; i < count; i++)
        HPyTupleBuilder_Set(ctx, values, i, args[nargs + (size_t)i]);
    HPy name = HPyUnicode_FromString(ctx, what);
    HPy a = HPyTupleBuilder_Build(ctx, positional), b = HPyTupleBuilder_Build(ctx, values);
    HPy all[] = {name, self, a, HPy_IsNull(kwnames) ? ctx->h_None : kwnames, b};
    HPy result = HPyTuple_FromArray(ctx, all, 5);
    HPy_Close(ctx, name);
    HPy_Close(ctx, a);
    HPy_Close(ctx, b);
    return result;
}

HPyDef_SLOT(node_call, HPy_tp_call)
static HPy node_call_impl(HPyContext *ctx, HPy self, const HPy *args, size_t nargs, HPy kwnames)
{
    return called(ctx, "node", self, args, nargs, kwnames);
}

HPyDef_SLOT(derived_call, HPy_tp_call)
static HPy derived_call_impl(HPyContext *ctx, HPy self, const HPy *args, size_t nargs, HPy kwnames)
{
    return called(ctx, "derived", self, args, nargs, kwnames);
}

HPyDef_CALL_FUNCTION(own_call)
static HPy own_call_impl(HPyContext *ctx, HPy self, const HPy *args, size_t nargs, HPy kwnames)
{
    return called(ctx, "own", self, args, nargs, kwnames);
}

HPyDef_SLOT(callable_new, HPy_tp_new)
static HPy callable_new_impl(HPyContext *ctx, HPy cls, const HPy *args, HPy_ssize_t nargs, HPy kw)
{
    Callable *data;
    (void)args;
    (void)kw;
    HPy h = _HPy_New(ctx, cls, (void **)&data);
    if (!HPy_IsNull(h) && nargs == 0)
        data->call = own_call;
    return h;
}

HPyDef_SLOT(node_repr, HPy_tp_repr)
static HPy node_repr_impl(HPyContext *ctx, HPy self)
{
    (void)self;
    return HPyUnicode_FromString(ctx, "<node>");
}

HPyDef_SLOT(node_descr_get, HPy_tp_descr_get)
static HPy node_descr_get_impl(HPyContext *ctx, HPy self, HPy object, HPy type)
{
    HPy all[] = {self, HPy_IsNull(object) ? ctx->h_None : object, HPy_IsNull(type) ? ctx->h_None : type};
    return HPyTuple_FromArray(ctx, all, 3);
}

HPyDef_SLOT(wrong_module_slot, HPy_mod_exec)
static int wrong_module_slot_impl(HPyContext *ctx, HPy module)
{
    (void)ctx;
    (void)module;
    return 0;
}

/* ---- methods, properties, members ---- */

HPyDef_METH(meth_noargs, "noargs", HPyFunc_NOARGS, .doc = "noargs($self)\n--\n\nReturns self.")
static HPy meth_noargs_impl(HPyContext *ctx, HPy self)
{
    return HPy_Dup(ctx, self);
}

HPyDef_METH(meth_o, "o", HPyFunc_O)
static HPy meth_o_impl(HPyContext *ctx, HPy self, HPy arg)
{
    return HPyTuple_Pack(ctx, 2, self, arg);
}

HPyDef_METH(meth_varargs, "varargs", HPyFunc_VARARGS)
static HPy meth_varargs_impl(HPyContext *ctx, HPy self, const HPy *args, size_t nargs)
{
    return called(ctx, "varargs", self, args, nargs, HPy_NULL);
}

HPyDef_METH(meth_keywords, "keywords", HPyFunc_KEYWORDS)
static HPy meth_keywords_impl(HPyContext *ctx, HPy self, const HPy *args, size_t nargs, HPy kwnames)
{
    return called(ctx, "keywords", self, args, nargs, kwnames);
}

HPyDef_METH(meth_fill, "fill", HPyFunc_NOARGS)
static HPy meth_fill_impl(HPyContext *ctx, HPy self)
{
    Node *node = node_of(ctx, self);
    node->string = "hello";
    memcpy(node->text, "inplace", 8);
    return HPy_Dup(ctx, ctx->h_None);
}

HPyDef_METH(meth_fill_derived, "fill_derived", HPyFunc_O)
static HPy meth_fill_derived_impl(HPyContext *ctx, HPy self, HPy arg)
{
    Derived *derived = (Derived *)node_of(ctx, self);
    memset(derived->large, 0x5A, sizeof(derived->large));
    derived->y = 77;
    HPyField_Store(ctx, self, &derived->more, arg);
    return HPy_Dup(ctx, ctx->h_None);
}

HPyDef_GETSET(prop, "prop", .doc = "A property.", .closure = (void *)1234)
static HPy prop_get(HPyContext *ctx, HPy self, void *closure)
{
    return HPyLong_FromLong(ctx, node_of(ctx, self)->x + (long)(intptr_t)closure);
}
static int prop_set(HPyContext *ctx, HPy self, HPy value, void *closure)
{
    if (HPy_IsNull(value)) {
        HPyErr_SetString(ctx, ctx->h_AttributeError, "prop stays");
        return -1;
    }
    node_of(ctx, self)->x = HPyLong_AsLong(ctx, value) - (long)(intptr_t)closure;
    return HPyErr_Occurred(ctx) ? -1 : 0;
}

HPyDef_MEMBER(member_x, "x", HPyMember_LONG, offsetof(Node, x), .doc = "The x.")
HPyDef_MEMBER(member_x_ro, "x_ro", HPyMember_LONG, offsetof(Node, x), .readonly = 1)
HPyDef_MEMBER(member_field, "field", HPyMember_OBJECT, offsetof(Node, field))
HPyDef_MEMBER(member_field_ro, "field_ro", HPyMember_OBJECT, offsetof(Node, field), .readonly = 1)
HPyDef_MEMBER(member_field_ex, "field_ex", HPyMember_OBJECT_EX, offsetof(Node, field_ex))
HPyDef_MEMBER(member_real, "real_", HPyMember_DOUBLE, offsetof(Node, real))
HPyDef_MEMBER(member_text, "text", HPyMember_STRING_INPLACE, offsetof(Node, text))
HPyDef_MEMBER(member_string, "string", HPyMember_STRING, offsetof(Node, string))
HPyDef_MEMBER(member_byte, "byte", HPyMember_BYTE, offsetof(Node, byte))
HPyDef_MEMBER(member_flag, "flag", HPyMember_BOOL, offsetof(Node, flag))
HPyDef_MEMBER(member_none, "none", HPyMember_NONE, 0)
HPyDef_MEMBER(member_y, "y", HPyMember_LONG, offsetof(Derived, y))
HPyDef_MEMBER(member_more, "more", HPyMember_OBJECT, offsetof(Derived, more))
HPyDef_MEMBER(member_outside, "outside", HPyMember_LONG, 100000)
HPyDef_MEMBER(member_negative, "negative", HPyMember_LONG, -8)
HPyDef_MEMBER(member_unknown, "unknown", (HPyMember_FieldType)99, 0)
HPyDef_MEMBER(member_nameless, NULL, HPyMember_LONG, 0)
HPyDef_MEMBER(member_offset, "__vectorcalloffset__", HPyMember_HPYSSIZET, offsetof(Callable, call), .readonly = 1)
HPyDef_MEMBER(member_offset_rw, "__vectorcalloffset__", HPyMember_HPYSSIZET, offsetof(Callable, call))
HPyDef_MEMBER(member_dictoffset, "__dictoffset__", HPyMember_HPYSSIZET, offsetof(Node, field), .readonly = 1)
HPyDef_MEMBER(member_weaklistoffset, "__weaklistoffset__", HPyMember_HPYSSIZET, offsetof(Node, string), .readonly = 1)

static HPyDef unknown_kind = {.kind = (HPyDef_Kind)9};
static HPyDef unknown_slot = {.kind = HPyDef_Kind_Slot, .slot = {.slot = (HPySlot_Slot)999, .impl = NULL}};
static HPyDef empty_slot = {.kind = HPyDef_Kind_Slot, .slot = {.slot = HPy_tp_repr, .impl = NULL}};
static HPyDef empty_meth = {.kind = HPyDef_Kind_Meth, .meth = {.name = "empty", .signature = HPyFunc_O}};
static HPyDef odd_meth = {.kind = HPyDef_Kind_Meth, .meth = {.name = "odd", .signature = HPyFunc_LENFUNC}};
static HPyDef empty_getset = {.kind = HPyDef_Kind_GetSet, .getset = {.name = "empty"}};

static const struct {
    const char *name;
    HPyDef *def;
} known[] = {
#define KNOWN(NAME) {#NAME, &NAME},
    KNOWN(node_new) KNOWN(generic_new) KNOWN(node_init) KNOWN(node_traverse) KNOWN(plain_traverse)
    KNOWN(derived_traverse) KNOWN(node_destroy) KNOWN(derived_destroy) KNOWN(node_finalize) KNOWN(node_call)
    KNOWN(derived_call) KNOWN(callable_new) KNOWN(node_repr) KNOWN(node_descr_get) KNOWN(wrong_module_slot)
    KNOWN(meth_noargs) KNOWN(meth_o) KNOWN(meth_varargs) KNOWN(meth_keywords) KNOWN(meth_fill)
    KNOWN(meth_fill_derived) KNOWN(prop) KNOWN(member_x) KNOWN(member_x_ro) KNOWN(member_field)
    KNOWN(member_field_ro) KNOWN(member_field_ex) KNOWN(member_real) KNOWN(member_text) KNOWN(member_string)
    KNOWN(member_byte) KNOWN(member_flag) KNOWN(member_none) KNOWN(member_y) KNOWN(member_more)
    KNOWN(member_outside) KNOWN(member_negative) KNOWN(member_unknown) KNOWN(member_nameless)
    KNOWN(member_offset) KNOWN(member_offset_rw) KNOWN(member_dictoffset) KNOWN(member_weaklistoffset)
    KNOWN(unknown_kind) KNOWN(unknown_slot) KNOWN(empty_slot) KNOWN(empty_meth) KNOWN(odd_meth) KNOWN(empty_getset)
};

static HPyDef *find(const char *name)
{
    for (size_t i = 0; i < sizeof(known) / sizeof(known[0]); i++)
        if (strcmp(known[i].name, name) == 0)
            return known[i].def;
    return NULL;
}

/* ---- functions ---- */

enum { MAX_DEFINES = 64, MAX_PARAMS = 8 };

static int read_defines(HPyContext *ctx, HPy names, HPyDef **out)
{
    HPy_ssize_t count = HPy_Length(ctx, names);
    if (count < 0 || count >= MAX_DEFINES)
        return -1;
    for (HPy_ssize_t i = 0; i < count; i++) {
        HPy name = HPy_GetItem_i(ctx, names, i);
        if (HPy_IsNull(name))
            return -1;
        const char *utf8 = HPyUnicode_AsUTF8AndSize(ctx, name, NULL);
        out[i] = utf8 == NULL ? NULL : find(utf8);
        HPy_Close(ctx, name);
        if (out[i] == NULL) {
            HPyErr_SetString(ctx, ctx->h_KeyError, "test extension: no such definition");
            return -1;
        }
    }
    out[count] = NULL;
    return 0;
}

/* make(name: bytes | None, basicsize, itemsize, flags, shape, definitions, params, doc: bytes | None): a type.
   params is a tuple of pairs (kind, object); objects are kept by the caller. */
FUNC(make, 8)
{
    HPyDef *defines[MAX_DEFINES];
    HPyType_SpecParam params[MAX_PARAMS + 1];
    HPyType_Spec spec = {NULL, 0, 0, 0, HPyType_BuiltinShape_Object, NULL, NULL, NULL};
    if (!HPy_Is(ctx, args[0], ctx->h_None) && (spec.name = HPyBytes_AsString(ctx, args[0])) == NULL)
        return HPy_NULL;
    spec.basicsize = HPyLong_AsInt32_t(ctx, args[1]);
    spec.itemsize = HPyLong_AsInt32_t(ctx, args[2]);
    spec.flags = (unsigned long)HPyLong_AsUInt64_t(ctx, args[3]);
    spec.builtin_shape = (HPyType_BuiltinShape)HPyLong_AsInt32_t(ctx, args[4]);
    spec.defines = defines;
    if (!HPy_Is(ctx, args[7], ctx->h_None) && (spec.doc = HPyBytes_AsString(ctx, args[7])) == NULL)
        return HPy_NULL;
    if (HPyErr_Occurred(ctx) || read_defines(ctx, args[5], defines) < 0)
        return HPy_NULL;
    HPy_ssize_t count = HPy_Length(ctx, args[6]);
    if (count < 0 || count > MAX_PARAMS)
        return HPy_NULL;
    HPy objects[MAX_PARAMS];
    HPy_ssize_t opened = 0;
    for (; opened < count; opened++) {
        HPy pair = HPy_GetItem_i(ctx, args[6], opened);
        HPy kind = HPy_GetItem_i(ctx, pair, 0);
        objects[opened] = HPy_GetItem_i(ctx, pair, 1);
        params[opened].kind = (HPyType_SpecParam_Kind)HPyLong_AsInt32_t(ctx, kind);
        params[opened].object = or_null(ctx, objects[opened]);
        HPy_Close(ctx, kind);
        HPy_Close(ctx, pair);
    }
    params[count].kind = (HPyType_SpecParam_Kind)0;
    HPy type = HPyErr_Occurred(ctx) ? HPy_NULL : HPyType_FromSpec(ctx, &spec, count ? params : NULL);
    for (HPy_ssize_t i = 0; i < opened; i++)
        HPy_Close(ctx, objects[i]);
    return type;
}

FUNC(make_from_null, 0)
{
    (void)args;
    return HPyType_FromSpec(ctx, NULL, NULL);
}

/* sizes(): basicsize of a Node, a Derived and a Callable. */
FUNC(sizes, 0)
{
    (void)args;
    return HPy_BuildValue(ctx, "lll", (long)sizeof(Node), (long)sizeof(Derived), (long)sizeof(Callable));
}

/* counts(): what has happened since the last call. */
FUNC(counts, 0)
{
    (void)args;
    HPy result = HPy_BuildValue(ctx, "lll", destroyed, destroyed_x, finalized);
    destroyed = destroyed_x = finalized = 0;
    return result;
}

/* new(type, size): HPy_New, and whether the struct was all zero. */
FUNC(new, 2)
{
    unsigned char *data = NULL;
    HPy_ssize_t size = HPyLong_AsSsize_t(ctx, args[1]);
    HPy h = _HPy_New(ctx, args[0], (void **)&data);
    if (HPy_IsNull(h))
        return HPy_NULL;
    int zero = 1;
    for (HPy_ssize_t i = 0; i < size; i++)
        zero &= data[i] == 0;
    int aligned = size == 0 || (uintptr_t)data % 16 == 0;
    HPy flag = HPyBool_FromBool(ctx, zero && aligned);
    HPy result = HPyTuple_Pack(ctx, 2, h, flag);
    HPy_Close(ctx, h);
    HPy_Close(ctx, flag);
    return result;
}

FUNC(set_call_function, 1) { return number(ctx, HPy_SetCallFunction(ctx, args[0], &own_call)); }
FUNC(set_call_function_to_null, 1) { return number(ctx, HPy_SetCallFunction(ctx, args[0], NULL)); }
FUNC(shape, 1) { return HPyLong_FromLong(ctx, (long)_HPyType_GetBuiltinShape(ctx, args[0])); }
FUNC(get_name, 1)
{
    const char *name = HPyType_GetName(ctx, args[0]);
    return name == NULL ? HPy_NULL : HPyUnicode_FromString(ctx, name);
}
I_HH(HPyType_IsSubtype)
FUNC(generic_new_of, 1) { return HPyType_GenericNew(ctx, args[0], NULL, 0, HPy_NULL); }

MODULE(specs, LISTED(make) LISTED(make_from_null) LISTED(sizes) LISTED(counts) LISTED(new)
    LISTED(set_call_function) LISTED(set_call_function_to_null) LISTED(shape) LISTED(get_name)
    LISTED(HPyType_IsSubtype) LISTED(generic_new_of))
