#include "zoo.h"
typedef struct { HPyField field; } Box;
HPyType_HELPERS(Box)

HPyDef_SLOT(Box_traverse, HPy_tp_traverse)
static int Box_traverse_impl(void *self, HPyFunc_visitproc visit, void *arg)
{
    HPy_VISIT(&((Box *)self)->field);
    return 0;
}
HPyDef_MEMBER(Box_field, "field", HPyMember_OBJECT, offsetof(Box, field))
static HPyDef *Box_defines[] = {&Box_traverse, &Box_field, NULL};
static HPyType_Spec Box_spec = {.name = "field_assigned_member.Box", .basicsize = sizeof(Box),
                                .flags = HPy_TPFLAGS_DEFAULT | HPy_TPFLAGS_HAVE_GC, .defines = Box_defines};

/* A box whose field Python code reads and sets as an attribute. */
static HPy make(HPyContext *ctx, HPy arg, int assign)
{
    HPy type = HPyType_FromSpec(ctx, &Box_spec, NULL);
    Box *box;
    HPy made = HPy_New(ctx, type, &box);
    HPy_Close(ctx, type);
    if (assign)
        box->field._i = arg._i;
    else
        HPyField_Store(ctx, made, &box->field, arg);
    return made;
}
WRONG(arg) { return make(ctx, arg, 1); }
RIGHT(arg) { return make(ctx, arg, 0); }

ZOO(field_assigned_member)
