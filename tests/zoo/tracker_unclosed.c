#include "zoo.h"
WRONG(arg) { HPyTracker_New(ctx, 1); return NONE; }
RIGHT(arg)
{
    HPyTracker tracker = HPyTracker_New(ctx, 1);
    HPyTracker_Add(ctx, tracker, HPy_Dup(ctx, arg));
    HPyTracker_Close(ctx, tracker);
    return NONE;
}

ZOO(tracker_unclosed)
