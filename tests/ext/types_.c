/* Types: members of every kind, properties, structs behind each built-in shape, calls, and specs that break a rule. */
#include "wrap.h"

/* Members. */
typedef struct {
    short a_short;
    int an_int;
    long a_long;
    float a_float;
    double a_double;
    const char *a_string;
    HPyField object;
    HPyField object_ex;
    char a_char;
    signed char a_byte;
    unsigned char a_ubyte;
    unsigned short a_ushort;
    unsigned int a_uint;
    unsigned long a_ulong;
    char in_place[16];
    char a_bool;
    long long a_longlong;
    unsigned long long a_ulonglong;
    HPy_ssize_t a_ssize;
} Members;
HPyType_HELPERS(Members)

#define MEMBERS(X) \
    X(a_short, SHORT) X(an_int, INT) X(a_long, LONG) X(a_float, FLOAT) X(a_double, DOUBLE) X(object, OBJECT) \
    X(object_ex, OBJECT_EX) X(a_char, CHAR) X(a_byte, BYTE) X(a_ubyte, UBYTE) X(a_ushort, USHORT) X(a_uint, UINT) \
    X(a_ulong, ULONG) X(a_bool, BOOL) X(a_longlong, LONGLONG) X(a_ulonglong, ULONGLONG) X(a_ssize, HPYSSIZET)
#define DEFINE_MEMBER(NAME, TYPE) \
    HPyDef_MEMBER(member_##NAME, #NAME, HPyMember_##TYPE, offsetof(Members, NAME), .doc = "a " #TYPE) \
    HPyDef_MEMBER(constant_##NAME, "const_" #NAME, HPyMember_##TYPE, offsetof(Members, NAME), .readonly = 1)
#define LIST_MEMBER(NAME, TYPE) &member_##NAME, &constant_##NAME,
MEMBERS(DEFINE_MEMBER)
HPyDef_MEMBER(member_a_string, "a_string", HPyMember_STRING, offsetof(Members, a_string), .readonly = 1)
HPyDef_MEMBER(member_in_place, "in_place", HPyMember_STRING_INPLACE, offsetof(Members, in_place), .readonly = 1)
HPyDef_MEMBER(member_nothing, "nothing", HPyMember_NONE, 0, .readonly = 1)

HPyDef_SLOT(Members_new, HPy_tp_new)
static HPy Members_new_impl(HPyContext *ctx, HPy type, const HPy *args, HPy_ssize_t nargs, HPy kw)
{
    (void)args, (void)nargs, (void)kw;
    Members *data;
    HPy self = HPy_New(ctx, type, &data);
    if (!HPy_IsNull(self)) {
        data->a_char = 'c';
        data->a_string = "größe";
        strcpy(data->in_place, "in place");
    }
    return self;
}
HPyDef_SLOT(Members_traverse, HPy_tp_traverse)
static int Members_traverse_impl(void *self, HPyFunc_visitproc visit, void *arg)
{
    HPy_VISIT(&((Members *)self)->object);
    HPy_VISIT(&((Members *)self)->object_ex);
    return 0;
}
HPyDef_METH(Members_clear_string, "clear_string", HPyFunc_NOARGS)
static HPy Members_clear_string_impl(HPyContext *ctx, HPy self)
{
    Members_AsStruct(ctx, self)->a_string = NULL;
    return none(ctx);
}
/* A property with a closure, one without a setter, one without a getter. */
static char closure[] = "closure";
HPyDef_GETSET(Members_twice, "twice", .doc = "twice an_int", .closure = closure)
static HPy Members_twice_get(HPyContext *ctx, HPy self, void *data)
{
    if (data != closure)
        return HPyErr_SetString(ctx, ctx->h_AssertionError, "another closure");
    return HPyLong_FromInt64_t(ctx, 2 * (int64_t)Members_AsStruct(ctx, self)->an_int);
}
static int Members_twice_set(HPyContext *ctx, HPy self, HPy value, void *data)
{
    if (HPy_IsNull(value) || data != closure) {
        HPyErr_SetString(ctx, ctx->h_TypeError, "twice cannot be deleted");
        return -1;
    }
    int32_t number = HPyLong_AsInt32_t(ctx, value);
    if (number == -1 && HPyErr_Occurred(ctx))
        return -1;
    Members_AsStruct(ctx, self)->an_int = number / 2;
    return 0;
}
HPyDef_GET(Members_shown, "shown")
static HPy Members_shown_get(HPyContext *ctx, HPy self, void *data)
{
    (void)self, (void)data;
    return HPyUnicode_FromString(ctx, "shown");
}
HPyDef_SET(Members_hidden, "hidden")
static int Members_hidden_set(HPyContext *ctx, HPy self, HPy value, void *data)
{
    (void)value, (void)data;
    Members_AsStruct(ctx, self)->an_int = 77;
    return 0;
}
static HPyDef *Members_defines[] = {MEMBERS(LIST_MEMBER) &member_a_string, &member_in_place, &member_nothing, &Members_new,
                                    &Members_traverse, &Members_clear_string, &Members_twice, &Members_shown,
                                    &Members_hidden, NULL};
static HPyType_Spec Members_spec = {
    .name = "types.Members",
    .basicsize = sizeof(Members),
    .flags = HPy_TPFLAGS_DEFAULT | HPy_TPFLAGS_HAVE_GC,
    .builtin_shape = SHAPE(Members),
    .defines = Members_defines,
};

/* A struct behind each shape: bump() counts up in it, so a struct that lies over the base's data shows. */
#define SHAPED(NAME, KIND, BASE) \
    typedef struct { \
        int64_t before, count, after; \
    } NAME; \
    HPyType_HELPERS(NAME, HPyType_BuiltinShape_##KIND) \
    HPyDef_METH(NAME##_bump, "bump", HPyFunc_NOARGS) \
    static HPy NAME##_bump_impl(HPyContext *ctx, HPy self) \
    { \
        NAME *data = NAME##_AsStruct(ctx, self); \
        data->before = data->after = -1; \
        return HPyLong_FromInt64_t(ctx, ++data->count); \
    } \
    HPyDef_MEMBER(NAME##_count, "count_", HPyMember_LONGLONG, offsetof(NAME, count)) \
    static HPyDef *NAME##_defines[] = {&NAME##_bump, &NAME##_count, NULL}; \
    static HPyType_Spec NAME##_spec = { \
        .name = "types." #NAME, \
        .basicsize = sizeof(NAME), \
        .flags = HPy_TPFLAGS_DEFAULT | HPy_TPFLAGS_BASETYPE, \
        .builtin_shape = SHAPE(NAME), \
        .defines = NAME##_defines, \
    }; \
    static int add_##NAME(HPyContext *ctx, HPy module) \
    { \
        HPyType_SpecParam params[] = {{HPyType_SpecParam_Base, ctx->h_##BASE}, {(HPyType_SpecParam_Kind)0, HPy_NULL}}; \
        return HPyHelpers_AddType(ctx, module, #NAME, &NAME##_spec, params); \
    }
SHAPED(OnObject, Object, BaseObjectType)
SHAPED(OnType, Type, TypeType)
SHAPED(OnLong, Long, LongType)
SHAPED(OnFloat, Float, FloatType)
SHAPED(OnUnicode, Unicode, UnicodeType)
SHAPED(OnTuple, Tuple, TupleType)
SHAPED(OnList, List, ListType)

/* The C struct of the object. */
typedef struct {
    int value;
} Base;
HPyType_HELPERS(Base)
HPyDef_SLOT(Base_init, HPy_tp_init)
static int Base_init_impl(HPyContext *ctx, HPy self, const HPy *args, HPy_ssize_t nargs, HPy kw)
{
    (void)args, (void)nargs, (void)kw;
    Base_AsStruct(ctx, self)->value = 10;
    return 0;
}
HPyDef_SLOT(Base_new, HPy_tp_new)
static HPy Base_new_impl(HPyContext *ctx, HPy type, const HPy *args, HPy_ssize_t nargs, HPy kw)
{
    return HPyType_GenericNew(ctx, type, args, nargs, kw);
}
HPyDef_MEMBER(Base_value, "value", HPyMember_INT, offsetof(Base, value))
static HPyDef *Base_defines[] = {&Base_new, &Base_init, &Base_value, NULL};
static HPyType_Spec Base_spec = {.name = "types.Base", .basicsize = sizeof(Base), .flags = HPy_TPFLAGS_DEFAULT | HPy_TPFLAGS_BASETYPE,
                                 .builtin_shape = SHAPE(Base), .defines = Base_defines};
/* A type on it, with a longer struct. */
typedef struct {
    Base base;
    int more;
} Derived;
HPyType_HELPERS(Derived)
HPyDef_MEMBER(Derived_more, "more", HPyMember_INT, offsetof(Derived, more))
static HPyDef *Derived_defines[] = {&Derived_more, NULL};
static HPyType_Spec Derived_spec = {.name = "types.Derived", .basicsize = sizeof(Derived), .flags = HPy_TPFLAGS_DEFAULT | HPy_TPFLAGS_BASETYPE,
                                    .builtin_shape = SHAPE(Derived), .defines = Derived_defines};

/* derive(base): a type on Derived's spec. derive_from_tuple(bases), derive_with_metaclass(base, metaclass) */
FUNC(derive, 1)
{
    HPyType_SpecParam params[] = {{HPyType_SpecParam_Base, args[0]}, {(HPyType_SpecParam_Kind)0, HPy_NULL}};
    return HPyType_FromSpec(ctx, &Derived_spec, params);
}
static HPyType_Spec Plain_spec = {.name = "types.Plain", .flags = HPy_TPFLAGS_DEFAULT | HPy_TPFLAGS_BASETYPE};
FUNC(derive_from_tuple, 1)
{
    HPyType_SpecParam params[] = {{HPyType_SpecParam_BasesTuple, args[0]}, {(HPyType_SpecParam_Kind)0, HPy_NULL}};
    return HPyType_FromSpec(ctx, &Plain_spec, params);
}
FUNC(derive_from_two, 2)
{
    HPyType_SpecParam params[] = {{HPyType_SpecParam_Base, args[0]}, {HPyType_SpecParam_Base, args[1]},
                                  {(HPyType_SpecParam_Kind)0, HPy_NULL}};
    return HPyType_FromSpec(ctx, &Plain_spec, params);
}
FUNC(derive_with_metaclass, 2)
{
    HPyType_SpecParam params[] = {{HPyType_SpecParam_Base, args[0]}, {HPyType_SpecParam_Metaclass, args[1]},
                                  {(HPyType_SpecParam_Kind)0, HPy_NULL}};
    return HPyType_FromSpec(ctx, &Plain_spec, params);
}
FUNC(plain, 0)
{
    (void)args;
    return HPyType_FromSpec(ctx, &Plain_spec, NULL);
}

/* Calls: instances have the one of the class unless they are given another. */
typedef struct {
    int number;
} Callable;
HPyType_HELPERS(Callable)
HPyDef_SLOT(Callable_call, HPy_tp_call)
static HPy Callable_call_impl(HPyContext *ctx, HPy self, const HPy *args, size_t nargs, HPy kwnames)
{
    (void)self, (void)args, (void)kwnames;
    return HPyLong_FromSize_t(ctx, nargs);
}
HPyDef_CALL_FUNCTION(Callable_other)
static HPy Callable_other_impl(HPyContext *ctx, HPy self, const HPy *args, size_t nargs, HPy kwnames)
{
    (void)kwnames;
    HPy number = HPyLong_FromInt64_t(ctx, Callable_AsStruct(ctx, self)->number);
    HPy values = HPyTuple_FromArray(ctx, args, (HPy_ssize_t)nargs);
    HPy items[] = {number, values};
    HPy result = HPyTuple_FromArray(ctx, items, 2);
    HPy_Close(ctx, number);
    HPy_Close(ctx, values);
    return result;
}
HPyDef_SLOT(Callable_new, HPy_tp_new)
static HPy Callable_new_impl(HPyContext *ctx, HPy type, const HPy *args, HPy_ssize_t nargs, HPy kw)
{
    (void)args, (void)kw;
    Callable *data;
    HPy self = HPy_New(ctx, type, &data);
    if (HPy_IsNull(self))
        return HPy_NULL;
    data->number = 5;
    if (nargs > 0 && HPy_SetCallFunction(ctx, self, &Callable_other) < 0) {
        HPy_Close(ctx, self);
        return HPy_NULL;
    }
    return self;
}
static HPyDef *Callable_defines[] = {&Callable_call, &Callable_new, NULL};
static HPyType_Spec Callable_spec = {.name = "types.Callable", .basicsize = sizeof(Callable), .flags = HPy_TPFLAGS_DEFAULT | HPy_TPFLAGS_BASETYPE,
                                     .builtin_shape = SHAPE(Callable), .defines = Callable_defines};
/* A type that says what it is made with, and is made only of "self". told(): one more such type. */
typedef struct {
    int unused;
} Told;
HPyType_HELPERS(Told)
HPyDef_SLOT(Told_new, HPy_tp_new)
static HPy Told_new_impl(HPyContext *ctx, HPy type, const HPy *args, HPy_ssize_t nargs, HPy kw)
{
    static const char *names[] = {"first", "n", NULL};
    HPy first = ctx->h_None, second = ctx->h_None, result;
    HPyTracker tracker;
    Told *data;
    if (!HPyArg_ParseKeywordsDict(ctx, &tracker, args, nargs, kw, "|OO:Told", names, &first, &second))
        return HPy_NULL;
    if (HPyUnicode_Check(ctx, first)) {
        const char *wish = HPyUnicode_AsUTF8AndSize(ctx, first, NULL);
        result = wish == NULL || strcmp(wish, "nothing") == 0 ? HPy_NULL
            : strcmp(wish, "self") == 0                      ? HPy_New(ctx, type, &data)
                                                             : HPyErr_SetString(ctx, ctx->h_KeyError, wish);
    } else {
        result = HPyTuple_Pack(ctx, 3, type, first, second);
    }
    HPyTracker_Close(ctx, tracker);
    return result;
}
static HPyDef *Told_defines[] = {&Told_new, NULL};
static HPyType_Spec Told_spec = {.name = "types.Told", .basicsize = sizeof(Told), .flags = HPy_TPFLAGS_DEFAULT | HPy_TPFLAGS_BASETYPE,
                                 .builtin_shape = SHAPE(Told), .defines = Told_defines};
FUNC(told, 0) { return HPyType_FromSpec(ctx, &Told_spec, NULL); }

FUNC(set_call_function, 1) { return number(ctx, HPy_SetCallFunction(ctx, args[0], &Callable_other)); }

/* Questions. */
HPyDef_METH(def_HPyType_GetName, "HPyType_GetName", HPyFunc_O)
static HPy def_HPyType_GetName_impl(HPyContext *ctx, HPy self, HPy arg)
{
    (void)self;
    const char *name = HPyType_GetName(ctx, arg);
    return name == NULL ? HPy_NULL : HPyUnicode_FromString(ctx, name);
}
I_HH(HPyType_IsSubtype)
#ifdef HPY_ABI_CPYTHON
HPyDef_METH(def_shape, "shape", HPyFunc_O)
static HPy def_shape_impl(HPyContext *ctx, HPy self, HPy arg)
{
    (void)self, (void)arg;
    return HPyErr_SetString(ctx, ctx->h_NotImplementedError, "the cpython ABI keeps no shapes");
}
#else
HPyDef_METH(def_shape, "shape", HPyFunc_O)
static HPy def_shape_impl(HPyContext *ctx, HPy self, HPy arg)
{
    (void)self;
    return number(ctx, _HPyType_GetBuiltinShape(ctx, arg));
}
#endif

/* Specs that break one rule each, by number. */
HPyDef_MEMBER(outside, "outside", HPyMember_DOUBLE, 4)
HPyDef_MEMBER(unknown_member, "unknown", (HPyMember_FieldType)99, 0)
static HPyDef unknown_kind = {.kind = (HPyDef_Kind)99};
static HPyDef unknown_slot = {.kind = HPyDef_Kind_Slot, .slot = {.slot = (HPySlot_Slot)777, .impl = (HPyCFunction)plain_body}};
static HPyDef no_implementation = {.kind = HPyDef_Kind_Slot, .slot = {.slot = HPy_tp_repr}};
static HPyDef nameless = {.kind = HPyDef_Kind_Meth, .meth = {.impl = (HPyCFunction)plain_body, .signature = HPyFunc_NOARGS}};
static HPyDef bad_signature = {.kind = HPyDef_Kind_Meth,
                               .meth = {.name = "bad", .impl = (HPyCFunction)plain_body, .signature = HPyFunc_INQUIRY}};
static HPyDef *outside_defines[] = {&outside, NULL};
static HPyDef *unknown_member_defines[] = {&unknown_member, NULL};
static HPyDef *unknown_kind_defines[] = {&unknown_kind, NULL};
static HPyDef *unknown_slot_defines[] = {&unknown_slot, NULL};
static HPyDef *no_implementation_defines[] = {&no_implementation, NULL};
static HPyDef *nameless_defines[] = {&nameless, NULL};
static HPyDef *bad_signature_defines[] = {&bad_signature, NULL};
static HPyDef *twice_defines[] = {&Callable_call, &Callable_call, NULL};
static HPyDef *member_defines[] = {&Base_value, NULL};
static HPyType_Spec bad_specs[] = {
    {.name = "types.Bad", .basicsize = -1, .flags = HPy_TPFLAGS_DEFAULT},
    {.name = "types.Bad", .flags = HPy_TPFLAGS_DEFAULT, .builtin_shape = (HPyType_BuiltinShape)50},
    {.name = "types.Bad", .basicsize = 16, .flags = HPy_TPFLAGS_DEFAULT | HPy_TPFLAGS_HAVE_GC},
    {.name = "types.Bad", .basicsize = 8, .flags = HPy_TPFLAGS_DEFAULT, .defines = outside_defines},
    {.name = "types.Bad", .basicsize = 8, .flags = HPy_TPFLAGS_DEFAULT, .defines = unknown_member_defines},
    {.name = "types.Bad", .flags = HPy_TPFLAGS_DEFAULT, .defines = unknown_kind_defines},
    {.name = "types.Bad", .flags = HPy_TPFLAGS_DEFAULT, .defines = unknown_slot_defines},
    {.name = "types.Bad", .flags = HPy_TPFLAGS_DEFAULT, .defines = no_implementation_defines},
    {.name = "types.Bad", .flags = HPy_TPFLAGS_DEFAULT, .defines = nameless_defines},
    {.name = "types.Bad", .flags = HPy_TPFLAGS_DEFAULT, .defines = bad_signature_defines},
    {.name = "types.Bad", .flags = HPy_TPFLAGS_DEFAULT, .defines = twice_defines},
    {.name = "types.Bad", .flags = HPy_TPFLAGS_DEFAULT, .defines = member_defines},
    {.name = "types.Bad", .flags = HPy_TPFLAGS_DEFAULT | HPy_TPFLAGS_HAVE_VECTORCALL},
    {.name = NULL},
};
FUNC(bad_spec, 1)
{
    int64_t which = HPyLong_AsInt64_t(ctx, args[0]);
    return HPyErr_Occurred(ctx) ? HPy_NULL : HPyType_FromSpec(ctx, &bad_specs[which], NULL);
}

HPyDef_SLOT(exec, HPy_mod_exec)
static int exec_impl(HPyContext *ctx, HPy module)
{
    return HPyHelpers_AddType(ctx, module, "Members", &Members_spec, NULL) && add_OnObject(ctx, module) &&
                   add_OnType(ctx, module) && add_OnLong(ctx, module) && add_OnFloat(ctx, module) &&
                   add_OnUnicode(ctx, module) && add_OnTuple(ctx, module) && add_OnList(ctx, module) &&
                   HPyHelpers_AddType(ctx, module, "Base", &Base_spec, NULL) &&
                   HPyHelpers_AddType(ctx, module, "Callable", &Callable_spec, NULL)
               ? 0
               : -1;
}
MODULE(types_, &exec, &def_derive, &def_derive_from_tuple, &def_derive_from_two, &def_derive_with_metaclass, &def_plain,
       &def_told, &def_set_call_function, &def_HPyType_GetName, &def_HPyType_IsSubtype, &def_shape, &def_bad_spec,)
