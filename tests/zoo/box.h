/* For animals with a field to which a handle is assigned by hand. With BOX_MEMBER defined before, it is an attribute. */
#include "zoo.h"

typedef struct { HPyField field; } Box;
HPyType_HELPERS(Box)

HPyDef_SLOT(Box_traverse, HPy_tp_traverse)
static int Box_traverse_impl(void *self, HPyFunc_visitproc visit, void *arg)
{
    HPy_VISIT(&((Box *)self)->field);
    return 0;
}
#ifdef BOX_MEMBER
HPyDef_MEMBER(Box_field, "field", HPyMember_OBJECT, offsetof(Box, field))
static HPyDef *Box_defines[] = {&Box_traverse, &Box_field, NULL};
#else
static HPyDef *Box_defines[] = {&Box_traverse, NULL};
#endif

/* A box of a new type `name`, with `arg` in its field: assigned, which is the mistake, or stored. */
static HPy make_box(HPyContext *ctx, const char *name, HPy arg, int assign)
{
    HPyType_Spec spec = {.name = name, .basicsize = sizeof(Box), .flags = HPy_TPFLAGS_DEFAULT | HPy_TPFLAGS_HAVE_GC,
                         .defines = Box_defines};
    HPy type = HPyType_FromSpec(ctx, &spec, NULL);
    Box *box;
    HPy made = HPy_New(ctx, type, &box);
    HPy_Close(ctx, type);
    if (assign)
        box->field._i = arg._i;
    else
        HPyField_Store(ctx, made, &box->field, arg);
    return made;
}
