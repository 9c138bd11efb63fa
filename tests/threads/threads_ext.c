/* What the threads of tests/test_threads.py use at once. */
#define HPY_USE_EXTENSIONS
#include <hpy.h>

static HPyGlobal kept;
static HPyGlobal type;
static HPyGlobal undeclared;

typedef struct { HPyField field; } Box;
HPyType_HELPERS(Box)
HPyDef_SLOT(Box_traverse, HPy_tp_traverse)
static int Box_traverse_impl(void *self, HPyFunc_visitproc visit, void *arg)
{
    HPy_VISIT(&((Box *)self)->field);
    return 0;
}
HPyDef_METH(Box_put, "put", HPyFunc_O)
static HPy Box_put_impl(HPyContext *ctx, HPy self, HPy arg)
{
    HPyField_Store(ctx, self, &Box_AsStruct(ctx, self)->field, arg);
    return HPy_Dup(ctx, ctx->h_None);
}
HPyDef_METH(Box_empty, "empty", HPyFunc_NOARGS)
static HPy Box_empty_impl(HPyContext *ctx, HPy self)
{
    HPyField_Store(ctx, self, &Box_AsStruct(ctx, self)->field, HPy_NULL);
    return HPy_Dup(ctx, ctx->h_None);
}
HPyDef_METH(Box_get, "get", HPyFunc_NOARGS)
static HPy Box_get_impl(HPyContext *ctx, HPy self)
{
    HPyField field = Box_AsStruct(ctx, self)->field;
    if (HPyField_IsNull(field))
        return HPy_Dup(ctx, ctx->h_None);
    /* Another thread may have emptied the field meanwhile. */
    HPy value = HPyField_Load(ctx, self, field);
    return HPy_IsNull(value) && !HPyErr_Occurred(ctx) ? HPy_Dup(ctx, ctx->h_None) : value;
}
HPyDef_MEMBER(Box_field, "field", HPyMember_OBJECT, offsetof(Box, field))
static HPyDef *Box_defines[] = {&Box_traverse, &Box_put, &Box_empty, &Box_get, &Box_field, NULL};
static HPyType_Spec Box_spec = {.name = "threads_ext.Box", .basicsize = sizeof(Box), .builtin_shape = SHAPE(Box),
    .flags = HPy_TPFLAGS_DEFAULT | HPy_TPFLAGS_HAVE_GC | HPy_TPFLAGS_BASETYPE, .defines = Box_defines};

/* Instances that are called, each by a function of its own. */
typedef struct { HPyCallFunction none; } Caller;
HPyDef_CALL_FUNCTION(first)
static HPy first_impl(HPyContext *ctx, HPy callable, const HPy *args, size_t nargs, HPy kwnames)
{
    return HPyLong_FromLong(ctx, 1);
}
HPyDef_CALL_FUNCTION(second)
static HPy second_impl(HPyContext *ctx, HPy callable, const HPy *args, size_t nargs, HPy kwnames)
{
    return HPyLong_FromLong(ctx, 2);
}
HPyDef_SLOT(Caller_call, HPy_tp_call)
static HPy Caller_call_impl(HPyContext *ctx, HPy self, const HPy *args, size_t nargs, HPy kwnames)
{
    return HPyLong_FromLong(ctx, 0);
}
HPyDef_METH(Caller_set, "set", HPyFunc_O)
static HPy Caller_set_impl(HPyContext *ctx, HPy self, HPy which)
{
    if (HPy_SetCallFunction(ctx, self, HPy_IsTrue(ctx, which) ? &first : &second) < 0)
        return HPy_NULL;
    return HPy_Dup(ctx, ctx->h_None);
}
static HPyDef *Caller_defines[] = {&Caller_call, &Caller_set, NULL};
static HPyType_Spec Caller_spec = {.name = "threads_ext.Caller", .basicsize = sizeof(Caller),
    .flags = HPy_TPFLAGS_DEFAULT | HPy_TPFLAGS_BASETYPE, .defines = Caller_defines};

HPyDef_METH(new_type, "new_type", HPyFunc_NOARGS)
static HPy new_type_impl(HPyContext *ctx, HPy self) { return HPyType_FromSpec(ctx, &Box_spec, NULL); }
HPyDef_METH(new_caller_type, "new_caller_type", HPyFunc_NOARGS)
static HPy new_caller_type_impl(HPyContext *ctx, HPy self) { return HPyType_FromSpec(ctx, &Caller_spec, NULL); }
HPyDef_METH(new_box, "new_box", HPyFunc_NOARGS)
static HPy new_box_impl(HPyContext *ctx, HPy self)
{
    Box *box;
    HPy cls = HPyGlobal_Load(ctx, type);
    HPy made = HPy_New(ctx, cls, &box);
    HPy_Close(ctx, cls);
    return made;
}
HPyDef_METH(keep, "keep", HPyFunc_O)
static HPy keep_impl(HPyContext *ctx, HPy self, HPy arg)
{
    HPyGlobal_Store(ctx, &kept, arg);
    return HPyGlobal_Load(ctx, kept);
}
/* A mistake, for debug mode. */
HPyDef_METH(keep_undeclared, "keep_undeclared", HPyFunc_O)
static HPy keep_undeclared_impl(HPyContext *ctx, HPy self, HPy arg)
{
    HPyGlobal_Store(ctx, &undeclared, arg);
    return HPy_Dup(ctx, ctx->h_None);
}
HPyDef_METH(list, "list", HPyFunc_O)
static HPy list_impl(HPyContext *ctx, HPy self, HPy arg)
{
    HPyListBuilder builder = HPyListBuilder_New(ctx, 4);
    for (int i = 0; i < 4; i++)
        HPyListBuilder_Set(ctx, builder, i, arg);
    return HPyListBuilder_Build(ctx, builder);
}
HPyDef_METH(tuple, "tuple", HPyFunc_O)
static HPy tuple_impl(HPyContext *ctx, HPy self, HPy arg)
{
    HPyTupleBuilder builder = HPyTupleBuilder_New(ctx, 4);
    for (int i = 0; i < 4; i++)
        HPyTupleBuilder_Set(ctx, builder, i, arg);
    return HPyTupleBuilder_Build(ctx, builder);
}
HPyDef_METH(cancel, "cancel", HPyFunc_O)
static HPy cancel_impl(HPyContext *ctx, HPy self, HPy arg)
{
    HPyListBuilder builder = HPyListBuilder_New(ctx, 4);
    HPyListBuilder_Set(ctx, builder, 2, arg);
    HPyListBuilder_Cancel(ctx, builder);
    HPyTracker tracker = HPyTracker_New(ctx, 0);
    for (int i = 0; i < 9; i++)
        HPyTracker_Add(ctx, tracker, HPy_Dup(ctx, arg));
    HPyTracker_Close(ctx, tracker);
    return HPy_Dup(ctx, ctx->h_None);
}
HPyDef_METH(call, "call", HPyFunc_VARARGS)
static HPy call_impl(HPyContext *ctx, HPy self, const HPy *args, size_t nargs)
{
    return HPy_Call(ctx, args[0], args + 1, nargs - 1, HPy_NULL);
}

/* Containers that other threads change. What is not there any more is None. */
static HPy or_none(HPyContext *ctx, HPy found, HPy error)
{
    if (!HPy_IsNull(found) || !HPyErr_ExceptionMatches(ctx, error))
        return found;
    HPyErr_Clear(ctx);
    return HPy_Dup(ctx, ctx->h_None);
}
static HPy done_or(HPyContext *ctx, int status, HPy error)
{
    return or_none(ctx, status < 0 ? HPy_NULL : HPy_Dup(ctx, ctx->h_None), error);
}
HPyDef_METH(length, "length", HPyFunc_O)
static HPy length_impl(HPyContext *ctx, HPy self, HPy arg) { return HPyLong_FromSsize_t(ctx, HPy_Length(ctx, arg)); }
HPyDef_METH(item, "item", HPyFunc_VARARGS)
static HPy item_impl(HPyContext *ctx, HPy self, const HPy *args, size_t nargs)
{
    return or_none(ctx, HPy_GetItem_i(ctx, args[0], HPyLong_AsSsize_t(ctx, args[1])), ctx->h_IndexError);
}
HPyDef_METH(set_item, "set_item", HPyFunc_VARARGS)
static HPy set_item_impl(HPyContext *ctx, HPy self, const HPy *args, size_t nargs)
{
    return done_or(ctx, HPy_SetItem_i(ctx, args[0], HPyLong_AsSsize_t(ctx, args[1]), args[2]), ctx->h_IndexError);
}
HPyDef_METH(append, "append", HPyFunc_VARARGS)
static HPy append_impl(HPyContext *ctx, HPy self, const HPy *args, size_t nargs)
{
    return done_or(ctx, HPyList_Append(ctx, args[0], args[1]), ctx->h_IndexError);
}
HPyDef_METH(get_key, "get_key", HPyFunc_O)
static HPy get_key_impl(HPyContext *ctx, HPy self, HPy arg)
{
    return or_none(ctx, HPy_GetItem_s(ctx, arg, "key"), ctx->h_KeyError);
}
HPyDef_METH(set_key, "set_key", HPyFunc_VARARGS)
static HPy set_key_impl(HPyContext *ctx, HPy self, const HPy *args, size_t nargs)
{
    return done_or(ctx, HPy_SetItem_s(ctx, args[0], "key", args[1]), ctx->h_KeyError);
}
HPyDef_METH(delete_key, "delete_key", HPyFunc_O)
static HPy delete_key_impl(HPyContext *ctx, HPy self, HPy arg)
{
    return done_or(ctx, HPy_DelItem_s(ctx, arg, "key"), ctx->h_KeyError);
}
HPyDef_METH(keys_and_copy, "keys_and_copy", HPyFunc_O)
static HPy keys_and_copy_impl(HPyContext *ctx, HPy self, HPy arg)
{
    HPy keys = HPyDict_Keys(ctx, arg);
    HPy copy = HPyDict_Copy(ctx, arg);
    HPy both[] = {keys, copy};
    HPy made = HPyTuple_FromArray(ctx, both, 2);
    HPy_Close(ctx, keys);
    HPy_Close(ctx, copy);
    return made;
}
/* How many items of a list, tuple or dict are ints and ASCII strs, read in one call. */
HPyDef_METH(contents, "contents", HPyFunc_O)
static HPy contents_impl(HPyContext *ctx, HPy self, HPy arg)
{
    const HPyExtensions *ext = HPy_Extensions(ctx);
    HPyContent items[64];
    HPy_ssize_t known = 0, count = ext->contents_read(ctx, arg, items, 64);
    if (count < 0)
        return HPy_NULL;
    if (count > 64)
        return HPyLong_FromSsize_t(ctx, -count);
    for (HPy_ssize_t i = 0; i < count; i++) {
        uint64_t kind = items[i].tag & 0xff;
        known += kind == HPY_CONTENT_INT;
        if (kind == HPY_CONTENT_ASCII)
            known += *(const char *)(uintptr_t)items[i].value != 0;
    }
    ext->contents_close(ctx, items, (size_t)count);
    return HPyLong_FromSsize_t(ctx, known);
}
/* The sum of the ints in a list or tuple, read in one call. */
HPyDef_METH(sum, "sum", HPyFunc_O)
static HPy sum_impl(HPyContext *ctx, HPy self, HPy arg)
{
    const HPyExtensions *ext = HPy_Extensions(ctx);
    int64_t values[64], sum = 0;
    HPy_ssize_t count = ext->read_i64(ctx, arg, values, 64);
    if (count < 0)
        return or_none(ctx, HPy_NULL, ctx->h_IndexError);
    for (HPy_ssize_t i = 0; i < count && count <= 64; i++)
        sum += values[i];
    return HPyLong_FromInt64_t(ctx, sum);
}
/* {"number": arg, "list": [arg, arg]}, built in one call. */
HPyDef_METH(tree, "tree", HPyFunc_O)
static HPy tree_impl(HPyContext *ctx, HPy self, HPy arg)
{
    const HPyExtensions *ext = HPy_Extensions(ctx);
    uint64_t number = (uint64_t)HPyLong_AsInt64_t(ctx, arg);
    HPyTreeNode nodes[] = {
        {HPY_TREE_KEY | 6 << 8, (uintptr_t)"number"}, {HPY_TREE_INT, number},
        {HPY_TREE_KEY | 4 << 8, (uintptr_t)"list"}, {HPY_TREE_INT, number}, {HPY_TREE_INT, number},
        {HPY_TREE_LIST | 2 << 8, 0}, {HPY_TREE_DICT | 2 << 8, 0},
    };
    HPy made = HPy_NULL;
    void *tree = ext->tree_new(ctx);
    if (tree != NULL && ext->tree_feed(ctx, tree, nodes, sizeof(nodes) / sizeof(nodes[0])) == 0)
        made = ext->tree_pop(ctx, tree);
    ext->tree_free(ctx, tree);
    return made;
}
/* Native work with a call in and out: what scales if nothing is in the way. */
HPyDef_METH(work, "work", HPyFunc_O)
static HPy work_impl(HPyContext *ctx, HPy self, HPy arg)
{
    uint64_t state = (uint64_t)HPyLong_AsInt64_t(ctx, arg);
    for (int i = 0; i < 2000; i++)
        state = state * UINT64_C(6364136223846793005) + 1442695040888963407;
    return HPyLong_FromInt64_t(ctx, (int64_t)(state >> 40));
}
HPyDef_SLOT(exec, HPy_mod_exec)
static int exec_impl(HPyContext *ctx, HPy module)
{
    HPy cls = HPyType_FromSpec(ctx, &Box_spec, NULL);
    if (HPy_IsNull(cls))
        return -1;
    HPyGlobal_Store(ctx, &type, cls);
    HPy_Close(ctx, cls);
    return 0;
}
static HPyDef *defines[] = {&new_type, &new_caller_type, &new_box, &keep, &keep_undeclared, &list, &tuple, &cancel,
    &call, &length, &item, &set_item, &append, &get_key, &set_key, &delete_key, &keys_and_copy, &contents, &sum,
    &tree, &work, &exec, NULL};
static HPyGlobal *globals[] = {&kept, &type, NULL};
static HPyModuleDef def = {.defines = defines, .globals = globals};
HPy_MODINIT(threads_ext, def)
