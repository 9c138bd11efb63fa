#include "zoo.h"
typedef struct { HPyField first; HPyField second; } Pair;
HPyType_HELPERS(Pair)

HPyDef_SLOT(first_only, HPy_tp_traverse)
static int first_only_impl(void *self, HPyFunc_visitproc visit, void *arg)
{
    Pair *pair = self;
    HPy_VISIT(&pair->first);
    return 0;
}
HPyDef_SLOT(both, HPy_tp_traverse)
static int both_impl(void *self, HPyFunc_visitproc visit, void *arg)
{
    Pair *pair = self;
    HPy_VISIT(&pair->first);
    HPy_VISIT(&pair->second);
    return 0;
}
static HPyDef *wrong_defines[] = {&both, NULL};
static HPyDef *right_defines[] = {&both, NULL};
static HPyType_Spec wrong_spec = {.name = "gc_flag_missing.Pair", .basicsize = sizeof(Pair), .flags = HPy_TPFLAGS_DEFAULT,
                                  .defines = NULL};
static HPyType_Spec right_spec = {.name = "gc_flag_missing.Pair", .basicsize = sizeof(Pair),
                                  .flags = HPy_TPFLAGS_DEFAULT | HPy_TPFLAGS_HAVE_GC, .defines = right_defines};

static HPy make(HPyContext *ctx, HPyType_Spec *spec, HPy arg)
{
    HPy type = HPyType_FromSpec(ctx, spec, NULL);
    if (HPy_IsNull(type))
        return HPy_NULL;
    Pair *pair;
    HPy made = HPy_New(ctx, type, &pair);
    HPyField_Store(ctx, made, &pair->first, arg);
    HPyField_Store(ctx, made, &pair->second, arg);
    HPy_Close(ctx, type);
    return made;
}
WRONG(arg) { (void)wrong_defines; (void)first_only; return make(ctx, &wrong_spec, arg); }
RIGHT(arg) { return make(ctx, &right_spec, arg); }

ZOO(gc_flag_missing)
