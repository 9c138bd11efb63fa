#define BOX_MEMBER
#include "box.h"

/* A box whose field Python code reads and sets as an attribute. */
WRONG(arg) { return make_box(ctx, "field_assigned_member.Box", arg, 1); }
RIGHT(arg) { return make_box(ctx, "field_assigned_member.Box", arg, 0); }

ZOO(field_assigned_member)
