/* The smallest extension: tells which ABIs and modes are there. */
#include "wrap.h"

FUNC(answer, 0)
{
    (void)args;
    return HPyLong_FromInt32_t(ctx, 42);
}

MODULE(probe, &def_answer,)
