#include "zoo.h"
WRONG(arg)
{
    HPyThreadState state = HPy_LeavePythonExecution(ctx);
    HPy h = HPy_Dup(ctx, arg);
    HPy_ReenterPythonExecution(ctx, state);
    return h;
}
RIGHT(arg)
{
    HPyThreadState state = HPy_LeavePythonExecution(ctx);
    HPy_ReenterPythonExecution(ctx, state);
    return HPy_Dup(ctx, arg);
}

ZOO(without_the_gil)
