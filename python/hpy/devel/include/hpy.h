/* The C API of HPy. One file is compiled against one of three ABIs, chosen by the build system:
 *
 *   HPY_ABI_UNIVERSAL  a binary for every Python that has HPy; Python.h is off limits
 *   HPY_ABI_HYBRID     calls through HPy as the universal one does, and the C API beside it; one Python only
 *   HPY_ABI_CPYTHON    an ordinary CPython extension that needs nothing of HPy at run time
 *
 * Written for C99 and C++11. The parts, in reading order: hpy/compiler.h, hpy/types.h, hpy/legacy.h,
 * hpy/def.h, hpy/type.h, hpy/module.h, hpy/places.h, hpy/shortcuts.h, hpy/calls.h, hpy/macros.h, hpy/helpers.h,
 * hpy/inline_helpers.h.
 * What is under hpy/generated comes from the ABI tables.
 */
#ifndef HPy_H
#define HPy_H

/* The ABI that binaries built with this header need. A runtime of the same major version and of this or a
   later minor version runs them. */
#define HPY_ABI_VERSION 0
#define HPY_ABI_VERSION_MINOR 0
#define HPY_ABI_TAG "hpy0"

#if defined(HPY_ABI_CPYTHON) + defined(HPY_ABI_HYBRID) + defined(HPY_ABI_UNIVERSAL) > 1
#  error "Conflicting HPy ABIs: define only one of HPY_ABI_CPYTHON, HPY_ABI_HYBRID, HPY_ABI_UNIVERSAL"
#endif
#if defined(HPY_ABI_CPYTHON)
#  define HPY_ABI "cpython"
#elif defined(HPY_ABI_HYBRID)
#  define HPY_ABI "hybrid"
#elif defined(HPY_ABI_UNIVERSAL)
#  define HPY_ABI "universal"
#else
#  error "No HPy ABI is chosen: define HPY_ABI_CPYTHON, HPY_ABI_HYBRID or HPY_ABI_UNIVERSAL (hpy.devel does it)"
#endif

#ifndef HPY_ABI_UNIVERSAL
#  ifndef PY_SSIZE_T_CLEAN
#    define PY_SSIZE_T_CLEAN
#  endif
#  include <Python.h>
#endif

#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <wchar.h>

#ifdef __cplusplus
extern "C" {
#endif

#include "hpy/compiler.h"
#include "hpy/types.h"
#include "hpy/legacy.h"
#include "hpy/generated/slots.h"
#include "hpy/generated/signatures.h"
#include "hpy/def.h"
#include "hpy/type.h"
#include "hpy/module.h"
#include "hpy/generated/context.h"
#include "hpy/places.h"
#include "hpy/shortcuts.h"
#include "hpy/generated/calls.h"
#include "hpy/calls.h"
#include "hpy/generated/trampolines.h"
#include "hpy/trampolines.h"
#include "hpy/direct.h"
#ifdef HPY_USE_EXTENSIONS
#  include "hpy/extensions.h"
#endif
#include "hpy/macros.h"
#include "hpy/helpers.h"
#include "hpy/inline_helpers.h"

#ifdef __cplusplus
}
#endif

#endif /* HPy_H */
