/* A context without a Python: as much of HPy as the C helpers call, with objects that say when they are misused.
 *
 * Every handle is a block of its own, so that AddressSanitizer sees a handle used after it was closed or closed
 * twice, and `toy_live_handles` counts those that are left open. A handle's block starts with text: the same
 * word is a valid HPy, a valid `const char *` and a number, whatever a format asks for.
 */
#ifndef TOY_CONTEXT_H
#define TOY_CONTEXT_H

#define HPY_NO_DIRECT
#include <hpy.h>

typedef enum { NONE, INT, BIG, FLOAT, STR, BYTES, TUPLE, LIST, DICT, OTHER } Kind;

HPyContext *toy_context(void);
/* New handles. Integers that fit no C type are BIG, an object whose truth cannot be told is OTHER. */
HPy toy_int(long long value);
HPy toy_float(double value);
HPy toy_text(Kind kind, const char *bytes, size_t size);
HPy toy_object(Kind kind);
/* Adds an item (and, for a DICT, its key before it); the container keeps its own reference. */
void toy_append(HPy container, HPy item);

long toy_live_handles(void);
int toy_error_is_set(void);
void toy_clear_error(void);

#endif
