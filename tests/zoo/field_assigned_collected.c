#include "box.h"

/* A box that is left to the garbage collector; nothing loads its field. */
WRONG(arg) { return make_box(ctx, "field_assigned_collected.Box", arg, 1); }
RIGHT(arg) { return make_box(ctx, "field_assigned_collected.Box", arg, 0); }

ZOO(field_assigned_collected)
