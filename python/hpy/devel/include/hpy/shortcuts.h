/* What a binary does itself where the runtime says that it may (hpy_sys::ext::HPyShortcuts): count references,
 * take small ints from a table, set the items of a list builder, read items of lists and floats, find an instance's struct. The
 * runtime says so for each context: it does not for those of debug and trace mode, and a runtime that knows nothing of it is always called. So a source compiled
 * with this header needs nothing of the runtime that it did not need before.
 *
 * HPY_NO_SHORTCUTS leaves it all out. So does compiling for size, as GCC and Clang tell.
 */
#ifndef HPY_SHORTCUTS_H
#define HPY_SHORTCUTS_H

typedef struct _HPyExtensions HPyExtensions; /* hpy/extensions.h */

/* What a context may offer. */
#define HPY_MAY_COUNT_WORDS 1u
#define HPY_MAY_COUNT_I32 2u
#define HPY_MAY_SET_ITEMS 4u
#define HPY_MAY_TAKE_INTS 8u
#define HPY_MAY_REACH_STRUCTS 16u
#define HPY_STRUCT_AT 16
#define HPY_MAY_READ_LENGTHS 32u
#define HPY_MAY_READ_ITEMS 64u /* with it come those to set items and to take ints: one test for all of a loop */
/* What the context in _hpy_straight_ctx offers, beside one of the two ways to count. */
#define HPY_STRAIGHT_OFFERS                                                                                            \
    (HPY_MAY_SET_ITEMS | HPY_MAY_TAKE_INTS | HPY_MAY_REACH_STRUCTS | HPY_MAY_READ_LENGTHS | HPY_MAY_READ_ITEMS)
#define HPY_TYPE_AT 8
#define HPY_LENGTH_AT 16
#define HPY_ITEMS_AT 24
#define HPY_FLOAT_AT 16

#define HPY_SMALL_INT_MIN (-5)
#define HPY_SMALL_INTS 262

typedef struct {
    uint32_t offers; /* HPY_MAY_* */
    uint32_t struct_at;    /* where the struct of an instance is, from its handle, for the shape Object */
    const HPy *small_ints; /* HPY_SMALL_INTS from HPY_SMALL_INT_MIN on */
    uint32_t type_at;      /* where the handle of an object's type is, from the object's handle */
    uint32_t length_at;    /* where the length of a str, list, tuple, dict or bytes is */
    uint32_t tuple_items_at; /* where the handles of a tuple's items are */
} HPyShortcuts;

typedef struct {
    void *runtime[2];
    HPy_ssize_t size;
    HPy *items;
    HPy_ssize_t missing;
} _HPyOpenListBuilder;

/* A context of hpy-rs. */
typedef struct {
    HPyContext base;
    const HPyExtensions *extensions;
    HPyShortcuts shortcuts;
} _HPyContextExt;

/* Where a context has its offers, in bytes from its start. Without a call of HPyInitExtensions_NAME it is no
   _HPyContextExt, and they are looked for in a member that is 0. */
#define _HPY_NO_OFFERS offsetof(HPyContext, abi_version)
extern _HPy_ONE_PER_BINARY uint16_t _hpy_offers_at;
_HPy_ONE_PER_BINARY uint16_t _hpy_offers_at = (uint16_t)_HPY_NO_OFFERS;

/* The context that trampolines of this binary call implementations with, without a word to the runtime: the runtime
   stores it here where it wants that (hpy_sys::ext::HPyBinary). In the cpython ABI trampolines have no other. */
extern _HPy_ONE_PER_BINARY HPyContext *_hpy_straight_ctx;
_HPy_ONE_PER_BINARY HPyContext *_hpy_straight_ctx = NULL;

#if defined(__GNUC__) || defined(__clang__)
#  define _HPy_LIKELY(condition) __builtin_expect(!!(condition), 1)
#  define _HPy_KNOWN(condition) ((condition) ? (void)0 : __builtin_unreachable())
#else
#  define _HPy_LIKELY(condition) (condition)
#  define _HPy_KNOWN(condition) ((void)0)
#endif

#if !defined(HPY_ABI_CPYTHON) && !defined(HPY_NO_SHORTCUTS) && !defined(__OPTIMIZE_SIZE__)
#  define _HPY_HAS_SHORTCUTS

/* Objects are the runtime's memory. Where a source cannot include Python.h nothing else in it has a type for what is
   in them. */
#  if !defined(HPY_ABI_UNIVERSAL) && (defined(__GNUC__) || defined(__clang__))
typedef intptr_t __attribute__((may_alias)) _hpy_count_word;
typedef double __attribute__((may_alias)) _hpy_float_value;
typedef int32_t __attribute__((may_alias)) _hpy_count_i32;
#  else
typedef intptr_t _hpy_count_word;
typedef double _hpy_float_value;
typedef int32_t _hpy_count_i32;
#  endif

/* What the context offers. All that is defined is in the lower half: nothing that is stored above has a type of 16
   bits, so a compiler knows that it need not read this again. (Offers are for little-endian machines.) */
HPyAPI_FUNC uint32_t _HPy_Offers(const HPyContext *ctx)
{
    return *(const uint16_t *)(const void *)((const char *)ctx + _hpy_offers_at);
}

/* The same for one of HPY_STRAIGHT_OFFERS, which the context that trampolines go straight with is known to offer: where an
   implementation is inlined in its trampoline there is nothing to ask. In loops it is more than it spares. */
HPyAPI_FUNC int _HPy_OffersOnce(const HPyContext *ctx, uint32_t one)
{
    return _HPy_LIKELY(ctx == _hpy_straight_ctx) || _HPy_LIKELY(_HPy_Offers(ctx) & one);
}

/* What the context offers, where that is asked for outside of loops: for the context that trampolines go straight with it is
   one place to look at, not two. */
HPyAPI_FUNC uint32_t _HPy_OffersHere(const HPyContext *ctx)
{
    if (_HPy_LIKELY(ctx == _hpy_straight_ctx))
        return *(const uint16_t *)(const void *)((const char *)ctx + offsetof(_HPyContextExt, shortcuts));
    return _HPy_Offers(ctx);
}

/* Counts one reference more to an object; returns whether it may. The bounds of counts are said where the compiler does
   not know them: then a HPy_Close that follows comes down to nothing, or nearly. */
HPyAPI_FUNC int _HPyShortcut_Retain(uint32_t offers, HPy h)
{
    if (_HPy_LIKELY(offers & HPY_MAY_COUNT_I32)) {
        _hpy_count_i32 *count = (_hpy_count_i32 *)h._i;
        if (*count > 0)
            ++*count;
        return 1;
    }
    if (_HPy_LIKELY(offers & HPY_MAY_COUNT_WORDS)) {
        _hpy_count_word *count = (_hpy_count_word *)h._i;
        _HPy_KNOWN(*count > 0);
        ++*count;
        return 1;
    }
    return 0;
}

/* Counts one less, unless it is the last; returns whether that is done. */
HPyAPI_FUNC int _HPyShortcut_Release(uint32_t offers, HPy h)
{
    if (_HPy_LIKELY(offers & HPY_MAY_COUNT_I32)) {
        _hpy_count_i32 *count = (_hpy_count_i32 *)h._i;
        if (_HPy_LIKELY(*count != 1)) {
            if (*count > 0)
                --*count;
            return 1;
        }
    } else if (_HPy_LIKELY(offers & HPY_MAY_COUNT_WORDS)) {
        _hpy_count_word *count = (_hpy_count_word *)h._i;
        if (_HPy_LIKELY(*count != 1)) {
            --*count;
            return 1;
        }
    }
    return 0;
}
#endif

/* What a trampoline does that cannot go straight is a function of its own, but where it is all that is left. */
#if defined(_HPY_HAS_SHORTCUTS) && (defined(__GNUC__) || defined(__clang__))
#  define _HPy_PACKING __attribute__((noinline, cold))
#else
#  define _HPy_PACKING inline
#endif

/* What a trampoline returns. A handle where one is returned as a pointer is: then the call of the implementation can be a
   jump. In the cpython ABI it is mostly inlined, and its last call, which returns an object, can be one. */
#if !defined(HPY_ABI_CPYTHON) && (defined(__x86_64__) || defined(__aarch64__))
#  define _HPy_RESULT HPy
#  define _HPy_FROM_IMPL(handle) (handle)
#  define _HPy_TO_RESULT(object) _hconv(object)
#else
#  define _HPy_RESULT cpy_PyObject *
#  define _HPy_FROM_IMPL(handle) ((cpy_PyObject *)(handle)._i)
#  define _HPy_TO_RESULT(object) (object)
#endif

/* Whether a trampoline calls its implementation itself. */
#if defined(HPY_ABI_CPYTHON)
#  define _HPy_GOES_STRAIGHT 1
#  define _HPy_TRAMPOLINE_CTX _hpy_straight_ctx
#elif defined(_HPY_HAS_SHORTCUTS)
#  define _HPy_GOES_STRAIGHT _HPy_LIKELY(_hpy_straight_ctx != NULL)
#  define _HPy_TRAMPOLINE_CTX _ctx_for_trampolines
#else /* other files of the binary may have it */
#  define _HPy_GOES_STRAIGHT 0
#  define _HPy_TRAMPOLINE_CTX (_hpy_straight_ctx != NULL ? _hpy_straight_ctx : _ctx_for_trampolines)
#endif

#endif /* HPY_SHORTCUTS_H */
