#include "zoo.h"
typedef struct { long value; } Thing;
HPyType_HELPERS(Thing)

static HPy look(HPyContext *ctx, HPy h) { return HPyLong_FromLong(ctx, Thing_AsStruct(ctx, h)->value); }
static HPyType_Spec Thing_spec = {.name = "wrong_struct.Thing", .basicsize = sizeof(Thing)};

WRONG(arg)
{
    HPy number = HPyFloat_FromDouble(ctx, 1.5);
    HPy type = HPy_Type(ctx, number);
    HPyType_SpecParam params[] = {{HPyType_SpecParam_Base, type}, {0}};
    HPyType_Spec spec = {.name = "wrong_struct.Real", .basicsize = sizeof(Thing),
                         .builtin_shape = HPyType_BuiltinShape_Float};
    HPy real = HPyType_FromSpec(ctx, &spec, params);
    HPy made = HPy_CallTupleDict(ctx, real, HPy_NULL, HPy_NULL);
    return look(ctx, made);
}
RIGHT(arg)
{
    HPy type = HPyType_FromSpec(ctx, &Thing_spec, NULL);
    Thing *thing;
    HPy made = HPy_New(ctx, type, &thing);
    HPy result = look(ctx, made);
    HPy_Close(ctx, made);
    HPy_Close(ctx, type);
    return result;
}

ZOO(wrong_struct)
