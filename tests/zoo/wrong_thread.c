#include "zoo.h"
#include <pthread.h>

typedef struct { HPyContext *ctx; HPy h; } Job;

static void *work(void *data) { Job *job = data; job->h = HPy_Dup(job->ctx, job->h); return NULL; }
static void *idle(void *data) { return data; }

static HPy run(HPyContext *ctx, HPy arg, void *(*what)(void *))
{
    Job job = {ctx, arg};
    pthread_t thread;
    pthread_create(&thread, NULL, what, &job);
    pthread_join(thread, NULL);
    return HPy_Dup(ctx, arg);
}
WRONG(arg) { return run(ctx, arg, work); }
RIGHT(arg) { return run(ctx, arg, idle); }

ZOO(wrong_thread)
