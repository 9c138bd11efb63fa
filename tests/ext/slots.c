/* Every slot: each tells its name and what it was called with. */
#include "wrap.h"

/* The tuple (name, a, b, c); what is null is None, at the end it is left out. */
static HPy said(HPyContext *ctx, const char *name, HPy a, HPy b, HPy c)
{
    HPy items[4] = {HPyUnicode_FromString(ctx, name), a, b, c};
    int count = 4;
    while (count > 1 && HPy_IsNull(items[count - 1]))
        count--;
    for (int i = 1; i < count; i++)
        if (HPy_IsNull(items[i]))
            items[i] = ctx->h_None;
    HPy result = HPy_IsNull(items[0]) ? HPy_NULL : HPyTuple_FromArray(ctx, items, count);
    HPy_Close(ctx, items[0]);
    return result;
}
/* The same, kept as the attribute `seen` of the slots' log. */
static HPyGlobal log_list;
static int note(HPyContext *ctx, const char *name, HPy a, HPy b)
{
    HPy list = HPyGlobal_Load(ctx, log_list);
    HPy entry = said(ctx, name, a, b, HPy_NULL);
    int failed = HPy_IsNull(list) || HPy_IsNull(entry) || HPyList_Append(ctx, list, entry) < 0;
    HPy_Close(ctx, entry);
    HPy_Close(ctx, list);
    return failed ? -1 : 0;
}

#define UNARY_SLOT(SLOT) \
    HPyDef_SLOT(on_##SLOT, HPy_##SLOT) \
    static HPy on_##SLOT##_impl(HPyContext *ctx, HPy self) { return said(ctx, #SLOT, self, HPy_NULL, HPy_NULL); }
#define BINARY_SLOT(SLOT) \
    HPyDef_SLOT(on_##SLOT, HPy_##SLOT) \
    static HPy on_##SLOT##_impl(HPyContext *ctx, HPy a, HPy b) { return said(ctx, #SLOT, a, b, HPy_NULL); }
#define TERNARY_SLOT(SLOT) \
    HPyDef_SLOT(on_##SLOT, HPy_##SLOT) \
    static HPy on_##SLOT##_impl(HPyContext *ctx, HPy a, HPy b, HPy c) { return said(ctx, #SLOT, a, b, c); }
#define ON(SLOT) &on_##SLOT,

#define UNARY(X) X(nb_negative) X(nb_positive) X(nb_absolute) X(nb_invert)
#define BINARY(X) \
    X(nb_add) X(nb_and) X(nb_divmod) X(nb_floor_divide) X(nb_lshift) X(nb_multiply) X(nb_or) X(nb_remainder) \
    X(nb_rshift) X(nb_subtract) X(nb_true_divide) X(nb_xor) X(nb_matrix_multiply) X(nb_inplace_add) \
    X(nb_inplace_and) X(nb_inplace_floor_divide) X(nb_inplace_lshift) X(nb_inplace_multiply) X(nb_inplace_or) \
    X(nb_inplace_remainder) X(nb_inplace_rshift) X(nb_inplace_subtract) X(nb_inplace_true_divide) X(nb_inplace_xor) \
    X(nb_inplace_matrix_multiply)
UNARY(UNARY_SLOT)
BINARY(BINARY_SLOT)
TERNARY_SLOT(nb_power)
TERNARY_SLOT(nb_inplace_power)

HPyDef_SLOT(on_nb_bool, HPy_nb_bool)
static int on_nb_bool_impl(HPyContext *ctx, HPy self)
{
    return note(ctx, "nb_bool", self, HPy_NULL) < 0 ? -1 : 0;
}
HPyDef_SLOT(on_nb_index, HPy_nb_index)
static HPy on_nb_index_impl(HPyContext *ctx, HPy self) { (void)self; return HPyLong_FromInt32_t(ctx, 21); }
HPyDef_SLOT(on_nb_int, HPy_nb_int)
static HPy on_nb_int_impl(HPyContext *ctx, HPy self) { (void)self; return HPyLong_FromInt32_t(ctx, 22); }
HPyDef_SLOT(on_nb_float, HPy_nb_float)
static HPy on_nb_float_impl(HPyContext *ctx, HPy self) { (void)self; return HPyFloat_FromDouble(ctx, 2.5); }

static HPyDef *Number_defines[] = {UNARY(ON) BINARY(ON) ON(nb_power) ON(nb_inplace_power) ON(nb_bool) ON(nb_index)
                                       ON(nb_int) ON(nb_float) NULL};
static HPyType_Spec Number_spec = {.name = "slots.Number", .flags = HPy_TPFLAGS_DEFAULT, .defines = Number_defines};

/* Sequences. */
BINARY_SLOT(sq_concat)
BINARY_SLOT(sq_inplace_concat)
HPyDef_SLOT(on_sq_length, HPy_sq_length)
static HPy_ssize_t on_sq_length_impl(HPyContext *ctx, HPy self) { (void)ctx, (void)self; return 5; }
static HPy said_index(HPyContext *ctx, const char *name, HPy self, HPy_ssize_t index)
{
    HPy number = HPyLong_FromSsize_t(ctx, index);
    HPy result = said(ctx, name, self, number, HPy_NULL);
    HPy_Close(ctx, number);
    return result;
}
HPyDef_SLOT(on_sq_item, HPy_sq_item)
static HPy on_sq_item_impl(HPyContext *ctx, HPy self, HPy_ssize_t index)
{
    if (index >= 5 || index < 0)
        return HPyErr_SetString(ctx, ctx->h_IndexError, "beyond five");
    return said_index(ctx, "sq_item", self, index);
}
HPyDef_SLOT(on_sq_repeat, HPy_sq_repeat)
static HPy on_sq_repeat_impl(HPyContext *ctx, HPy self, HPy_ssize_t n) { return said_index(ctx, "sq_repeat", self, n); }
HPyDef_SLOT(on_sq_inplace_repeat, HPy_sq_inplace_repeat)
static HPy on_sq_inplace_repeat_impl(HPyContext *ctx, HPy self, HPy_ssize_t n)
{
    return said_index(ctx, "sq_inplace_repeat", self, n);
}
HPyDef_SLOT(on_sq_contains, HPy_sq_contains)
static int on_sq_contains_impl(HPyContext *ctx, HPy self, HPy key)
{
    (void)self;
    return HPyUnicode_Check(ctx, key) ? 1 : HPyLong_AsInt64_t(ctx, key) == -1 && HPyErr_Occurred(ctx) ? -1 : 0;
}
HPyDef_SLOT(on_sq_ass_item, HPy_sq_ass_item)
static int on_sq_ass_item_impl(HPyContext *ctx, HPy self, HPy_ssize_t index, HPy value)
{
    (void)self;
    HPy number = HPyLong_FromSsize_t(ctx, index);
    int failed = note(ctx, HPy_IsNull(value) ? "sq_del_item" : "sq_ass_item", number, value);
    HPy_Close(ctx, number);
    return failed;
}
static HPyDef *Sequence_defines[] = {ON(sq_concat) ON(sq_inplace_concat) ON(sq_length) ON(sq_item) ON(sq_repeat)
                                         ON(sq_inplace_repeat) ON(sq_contains) ON(sq_ass_item) NULL};
static HPyType_Spec Sequence_spec = {.name = "slots.Sequence", .flags = HPy_TPFLAGS_DEFAULT, .defines = Sequence_defines};

/* Mappings, and the rest of a type. */
typedef struct {
    int initialised;
    long long storage[4];
    HPy_ssize_t shape[1];
    int exports;
} Object;
HPyType_HELPERS(Object)

HPyDef_SLOT(on_mp_length, HPy_mp_length)
static HPy_ssize_t on_mp_length_impl(HPyContext *ctx, HPy self)
{
    if (Object_AsStruct(ctx, self)->initialised)
        return 7;
    HPyErr_SetString(ctx, ctx->h_RuntimeError, "not initialised");
    return -1;
}
BINARY_SLOT(mp_subscript)
HPyDef_SLOT(on_mp_ass_subscript, HPy_mp_ass_subscript)
static int on_mp_ass_subscript_impl(HPyContext *ctx, HPy self, HPy key, HPy value)
{
    (void)self;
    return note(ctx, HPy_IsNull(value) ? "mp_del_subscript" : "mp_ass_subscript", key, value);
}
HPyDef_SLOT(on_tp_repr, HPy_tp_repr)
static HPy on_tp_repr_impl(HPyContext *ctx, HPy self) { (void)self; return HPyUnicode_FromString(ctx, "the repr"); }
HPyDef_SLOT(on_tp_str, HPy_tp_str)
static HPy on_tp_str_impl(HPyContext *ctx, HPy self) { (void)self; return HPyUnicode_FromString(ctx, "the str"); }
HPyDef_SLOT(on_tp_hash, HPy_tp_hash)
static HPy_hash_t on_tp_hash_impl(HPyContext *ctx, HPy self) { (void)ctx, (void)self; return 1234; }
HPyDef_SLOT(on_tp_richcompare, HPy_tp_richcompare)
static HPy on_tp_richcompare_impl(HPyContext *ctx, HPy a, HPy b, HPy_RichCmpOp op)
{
    static const char *const names[] = {"lt", "le", "eq", "ne", "gt", "ge"};
    if (op == HPy_GE)
        return HPy_Dup(ctx, ctx->h_NotImplemented);
    return said(ctx, names[op], a, b, HPy_NULL);
}
HPyDef_SLOT(on_tp_call, HPy_tp_call)
static HPy on_tp_call_impl(HPyContext *ctx, HPy self, const HPy *args, size_t nargs, HPy kwnames)
{
    (void)self;
    HPy_ssize_t names = HPy_IsNull(kwnames) ? 0 : HPy_Length(ctx, kwnames);
    HPy values = HPyTuple_FromArray(ctx, args, (HPy_ssize_t)nargs + names);
    HPy result = said(ctx, "tp_call", values, kwnames, HPy_NULL);
    HPy_Close(ctx, values);
    return result;
}
TERNARY_SLOT(tp_descr_get)
HPyDef_SLOT(on_tp_new, HPy_tp_new)
static HPy on_tp_new_impl(HPyContext *ctx, HPy type, const HPy *args, HPy_ssize_t nargs, HPy kw)
{
    (void)args, (void)nargs, (void)kw;
    Object *data;
    HPy self = HPy_New(ctx, type, &data);
    if (!HPy_IsNull(self) && data->initialised != 0) {
        HPy_Close(ctx, self);
        return HPyErr_SetString(ctx, ctx->h_AssertionError, "memory of a new object is not zero");
    }
    return self;
}
HPyDef_SLOT(on_tp_init, HPy_tp_init)
static int on_tp_init_impl(HPyContext *ctx, HPy self, const HPy *args, HPy_ssize_t nargs, HPy kw)
{
    Object_AsStruct(ctx, self)->initialised++;
    HPy values = HPyTuple_FromArray(ctx, args, nargs);
    int failed = note(ctx, "tp_init", values, kw);
    HPy_Close(ctx, values);
    return failed;
}
HPyDef_SLOT(on_tp_finalize, HPy_tp_finalize)
static void on_tp_finalize_impl(HPyContext *ctx, HPy self)
{
    if (note(ctx, "tp_finalize", HPyErr_Occurred(ctx) ? ctx->h_True : ctx->h_False, HPy_NULL) < 0)
        HPyErr_WriteUnraisable(ctx, self);
}
static int destroyed;
HPyDef_SLOT(on_tp_destroy, HPy_tp_destroy)
static void on_tp_destroy_impl(void *data) { destroyed += ((Object *)data)->initialised; }
FUNC(destroyed_total, 0)
{
    (void)args;
    return HPyLong_FromInt32_t(ctx, destroyed);
}

HPyDef_SLOT(on_bf_getbuffer, HPy_bf_getbuffer)
static int on_bf_getbuffer_impl(HPyContext *ctx, HPy self, HPy_buffer *view, int flags)
{
    Object *data = Object_AsStruct(ctx, self);
    if (!data->initialised) {
        HPyErr_SetString(ctx, ctx->h_BufferError, "not initialised");
        return -1;
    }
    (void)flags;
    data->exports++;
    data->shape[0] = 4;
    view->buf = data->storage;
    view->obj = HPy_Dup(ctx, self);
    view->len = sizeof(data->storage);
    view->itemsize = sizeof(long long);
    view->readonly = 0;
    view->ndim = 1;
    view->format = (char *)"q";
    view->shape = data->shape;
    view->strides = NULL;
    view->suboffsets = NULL;
    view->internal = NULL;
    return 0;
}
HPyDef_SLOT(on_bf_releasebuffer, HPy_bf_releasebuffer)
static void on_bf_releasebuffer_impl(HPyContext *ctx, HPy self, HPy_buffer *view)
{
    (void)view;
    Object_AsStruct(ctx, self)->exports--;
}
HPyDef_MEMBER(Object_exports, "exports", HPyMember_INT, offsetof(Object, exports), .readonly = 1)
HPyDef_MEMBER(Object_initialised, "initialised", HPyMember_INT, offsetof(Object, initialised))

static HPyDef *Object_defines[] = {ON(mp_length) ON(mp_subscript) ON(mp_ass_subscript) ON(tp_repr) ON(tp_str) ON(tp_hash)
                                       ON(tp_richcompare) ON(tp_call) ON(tp_new) ON(tp_init) ON(tp_finalize)
                                           ON(tp_destroy) ON(bf_getbuffer) ON(bf_releasebuffer) &Object_exports,
                                   &Object_initialised, NULL};
static HPyType_Spec Object_spec = {
    .name = "slots.Object",
    .basicsize = sizeof(Object),
    .flags = HPy_TPFLAGS_DEFAULT | HPy_TPFLAGS_BASETYPE,
    .builtin_shape = SHAPE(Object),
    .defines = Object_defines,
    .doc = "Object(*args)\n--\n\na class with every slot",
};

static HPyDef *Descriptor_defines[] = {ON(tp_descr_get) NULL};
static HPyType_Spec Descriptor_spec = {.name = "slots.Descriptor", .flags = HPy_TPFLAGS_DEFAULT, .defines = Descriptor_defines};

/* Slots that fail. */
#define FAILING_OBJECT(SLOT, PARAMETERS) \
    HPyDef_SLOT(fail_##SLOT, HPy_##SLOT) \
    static HPy fail_##SLOT##_impl PARAMETERS { return HPyErr_SetString(ctx, ctx->h_KeyError, #SLOT); }
#define FAILING_INT(SLOT, TYPE, PARAMETERS) \
    HPyDef_SLOT(fail_##SLOT, HPy_##SLOT) \
    static TYPE fail_##SLOT##_impl PARAMETERS \
    { \
        HPyErr_SetString(ctx, ctx->h_KeyError, #SLOT); \
        return -1; \
    }
#ifdef __GNUC__
#pragma GCC diagnostic ignored "-Wunused-parameter"
#endif
FAILING_OBJECT(nb_negative, (HPyContext *ctx, HPy self))
FAILING_OBJECT(nb_add, (HPyContext *ctx, HPy a, HPy b))
FAILING_OBJECT(nb_power, (HPyContext *ctx, HPy a, HPy b, HPy c))
FAILING_INT(nb_bool, int, (HPyContext *ctx, HPy self))
FAILING_INT(mp_length, HPy_ssize_t, (HPyContext *ctx, HPy self))
FAILING_OBJECT(mp_subscript, (HPyContext *ctx, HPy self, HPy key))
FAILING_INT(mp_ass_subscript, int, (HPyContext *ctx, HPy self, HPy key, HPy value))
FAILING_INT(sq_contains, int, (HPyContext *ctx, HPy self, HPy key))
FAILING_OBJECT(tp_repr, (HPyContext *ctx, HPy self))
FAILING_INT(tp_hash, HPy_hash_t, (HPyContext *ctx, HPy self))
FAILING_OBJECT(tp_richcompare, (HPyContext *ctx, HPy a, HPy b, HPy_RichCmpOp op))
FAILING_OBJECT(tp_call, (HPyContext *ctx, HPy self, const HPy *args, size_t nargs, HPy kwnames))
FAILING_INT(tp_init, int, (HPyContext *ctx, HPy self, const HPy *args, HPy_ssize_t nargs, HPy kw))
FAILING_INT(bf_getbuffer, int, (HPyContext *ctx, HPy self, HPy_buffer *view, int flags))
#define FAIL(SLOT) &fail_##SLOT,
static HPyDef *Failing_defines[] = {FAIL(nb_negative) FAIL(nb_add) FAIL(nb_power) FAIL(nb_bool) FAIL(mp_length)
                                        FAIL(mp_subscript) FAIL(mp_ass_subscript) FAIL(sq_contains) FAIL(tp_repr)
                                            FAIL(tp_hash) FAIL(tp_richcompare) FAIL(tp_call) FAIL(bf_getbuffer) NULL};
static HPyType_Spec Failing_spec = {.name = "slots.Failing", .flags = HPy_TPFLAGS_DEFAULT, .defines = Failing_defines};
static HPyDef *FailingInit_defines[] = {FAIL(tp_init) NULL};
static HPyType_Spec FailingInit_spec = {
    .name = "slots.FailingInit", .flags = HPy_TPFLAGS_DEFAULT | HPy_TPFLAGS_BASETYPE, .defines = FailingInit_defines};

/* The list that slots write to from now on: globals belong to the binary, which may be loaded more than once. */
FUNC(use_log, 1)
{
    HPyGlobal_Store(ctx, &log_list, args[0]);
    return none(ctx);
}

HPyDef_SLOT(exec, HPy_mod_exec)
static int exec_impl(HPyContext *ctx, HPy module)
{
    HPy list = HPyList_New(ctx, 0);
    if (HPy_IsNull(list))
        return -1;
    HPyGlobal_Store(ctx, &log_list, list);
    int failed = HPy_SetAttr_s(ctx, module, "log", list);
    HPy_Close(ctx, list);
    if (failed < 0)
        return -1;
    return HPyHelpers_AddType(ctx, module, "Number", &Number_spec, NULL) &&
                   HPyHelpers_AddType(ctx, module, "Sequence", &Sequence_spec, NULL) &&
                   HPyHelpers_AddType(ctx, module, "Object", &Object_spec, NULL) &&
                   HPyHelpers_AddType(ctx, module, "Descriptor", &Descriptor_spec, NULL) &&
                   HPyHelpers_AddType(ctx, module, "Failing", &Failing_spec, NULL) &&
                   HPyHelpers_AddType(ctx, module, "FailingInit", &FailingInit_spec, NULL)
               ? 0
               : -1;
}

static HPyDef *module_defines[] = {&exec, &def_destroyed_total, &def_use_log, NULL};
static HPyGlobal *module_globals[] = {&log_list, NULL};
static HPyModuleDef module_def = {.defines = module_defines, .globals = module_globals};
HPy_MODINIT(slots, module_def)
