#include "box.h"

static HPy loaded(HPyContext *ctx, HPy arg, int assign)
{
    HPy made = make_box(ctx, "field_assigned.Box", arg, assign);
    Box *box = Box_AsStruct(ctx, made);
    HPy result = HPyField_Load(ctx, made, box->field);
    if (assign)
        box->field = HPyField_NULL;
    HPy_Close(ctx, made);
    return result;
}
WRONG(arg) { return loaded(ctx, arg, 1); }
RIGHT(arg) { return loaded(ctx, arg, 0); }

ZOO(field_assigned)
