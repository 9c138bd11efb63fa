/* Where the members of the context are that runtimes have in two places.
 *
 * The HPy in PyPy has the constant h_DictType where the C runtime 0.9.0 and hpy-rs have ctx_Capsule_New, and the functions
 * from there on one place later. A binary learns at its initialisation which of the two it was given, and reads these
 * members, and only these, through _HPy_PLACE. Code that calls the API's functions and reads `ctx->h_DictType` need not care.
 */
#ifndef HPY_PLACES_H
#define HPY_PLACES_H

#ifdef HPY_ABI_CPYTHON
#  define _HPy_PLACE(ctx, member) ((ctx)->member)
#else
/* By how many places they are later: 0 or 1. Written at most once, before the module's first call. */
extern _HPy_ONE_PER_BINARY size_t _hpy_places_later;
_HPy_ONE_PER_BINARY size_t _hpy_places_later = 0;

#  define _HPy_PLACE(ctx, member) ((&(ctx)->member)[_hpy_places_later])
#  define h_DictType              _hpy_words[_hpy_places_later ? 0 : (_HPy_MOVED_WORDS - 1)]

HPyAPI_FUNC uintptr_t _hpy_distance(HPy a, HPy b)
{
    return a._i > b._i ? (uintptr_t)a._i - (uintptr_t)b._i : (uintptr_t)b._i - (uintptr_t)a._i;
}

/* PyPy's releases with HPy 0.9.0 have the members where this header has them, so its name does not suffice. Is the first
   word a constant, like the one before it, or a function, like the one after it? Null, in PyPy's trace mode, is a constant. */
HPyAPI_FUNC void _hpy_learn_places(HPyContext *ctx)
{
    if (ctx->name != NULL && strstr(ctx->name, "PyPy") != NULL &&
        _hpy_distance(ctx->_hpy_words[0], ctx->h_Builtins) < _hpy_distance(ctx->_hpy_words[0], ctx->_hpy_words[1]))
        _hpy_places_later = 1;
}
#endif

#endif /* HPY_PLACES_H */
