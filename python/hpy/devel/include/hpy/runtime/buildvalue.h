/* Declared by hpy.h itself; here for sources that include it by this name. */
#include "hpy.h"
