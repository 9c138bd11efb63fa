#include "zoo.h"
WRONG(arg) { return HPy_NULL; }
RIGHT(arg) { return NONE; }

ZOO(error_missing)
