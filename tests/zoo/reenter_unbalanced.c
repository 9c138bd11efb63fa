#include "zoo.h"
WRONG(arg) { HPyThreadState state = {0}; HPy_ReenterPythonExecution(ctx, state); return NONE; }
RIGHT(arg)
{
    HPyThreadState state = HPy_LeavePythonExecution(ctx);
    HPy_ReenterPythonExecution(ctx, state);
    return NONE;
}

ZOO(reenter_unbalanced)
