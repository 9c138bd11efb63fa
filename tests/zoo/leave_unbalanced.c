#include "zoo.h"
WRONG(arg) { HPy_LeavePythonExecution(ctx); return HPy_NULL; }
RIGHT(arg)
{
    HPyThreadState state = HPy_LeavePythonExecution(ctx);
    HPy_ReenterPythonExecution(ctx, state);
    return NONE;
}

ZOO(leave_unbalanced)
