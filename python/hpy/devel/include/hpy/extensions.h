/* What hpy-rs offers beyond the ABI (hpy_sys::ext). A source opts in with HPY_USE_EXTENSIONS before it
 * includes hpy.h, asks HPy_Extensions(ctx) and does without where that is NULL: on PyPy, say.
 *
 *     const HPyExtensions *ext = HPy_Extensions(ctx);
 *     if (ext != NULL && HPy_HAS_EXTENSION(ext, read_f64))
 *         count = ext->read_f64(ctx, list, values, capacity);
 */
#ifndef HPY_EXTENSIONS_H
#define HPY_EXTENSIONS_H

/* One step of building objects on a stack. */
typedef struct {
    uint64_t tag;   /* HPY_TREE_* in the low eight bits; above them a count or a length in bytes */
    uint64_t value; /* the number (its bits), the address of the text, or the index of the key */
} HPyTreeNode;

enum {
    HPY_TREE_NONE = 0,
    HPY_TREE_FALSE = 1,
    HPY_TREE_TRUE = 2,
    HPY_TREE_INT = 3,   /* an int64_t */
    HPY_TREE_UINT = 4,  /* a uint64_t */
    HPY_TREE_FLOAT = 5, /* the bits of a double */
    HPY_TREE_ASCII = 6,
    HPY_TREE_UTF8 = 7, /* valid UTF-8 */
    HPY_TREE_WTF8 = 8, /* UTF-8 in which surrogates are encoded too; checked */
    HPY_TREE_KEY = 9,  /* valid UTF-8 that the tree remembers, as key 0, 1, 2 ... */
    HPY_TREE_KEY_AGAIN = 10,
    HPY_TREE_LIST = 11, /* of the topmost `count` values */
    HPY_TREE_TUPLE = 12,
    HPY_TREE_DICT = 13 /* of the topmost `count` pairs */
};

/* An item that contents_read has read. */
typedef struct {
    uint64_t tag;   /* HPY_CONTENT_* in the low eight bits; above them the length of a text in bytes */
    uint64_t value; /* the number (its bits), or the address of a text, valid until the handle is closed */
    HPy handle;     /* HPy_NULL where `value` says all */
} HPyContent;

enum {
    HPY_CONTENT_OTHER = 0, /* any other object, subclasses of the kinds below too */
    HPY_CONTENT_NONE = 1,
    HPY_CONTENT_FALSE = 2,
    HPY_CONTENT_TRUE = 3,
    HPY_CONTENT_INT = 4, /* an int64_t */
    HPY_CONTENT_FLOAT = 5,
    HPY_CONTENT_ASCII = 6, /* a str of ASCII, with its text */
    HPY_CONTENT_STR = 7,
    HPY_CONTENT_LARGE_INT = 8,
    HPY_CONTENT_LIST = 9,
    HPY_CONTENT_TUPLE = 10,
    HPY_CONTENT_DICT = 11,
    /* of walk_next only: */
    HPY_CONTENT_LATIN1 = 12, /* a str with its text, one byte per code point */
    HPY_CONTENT_UCS2 = 13,   /* 16 bits per code point; the length is that in code points */
    HPY_CONTENT_UCS4 = 14,   /* 32 bits per code point; the same */
    HPY_CONTENT_END = 15,
    HPY_CONTENT_CIRCULAR = 16
};

enum {
    HPY_WALK_CHECKED = 1, /* containers in which the walk already is are HPY_CONTENT_CIRCULAR */
    HPY_WALK_SORTED = 2,  /* dicts in order of their keys; those with a key that is no str are HPY_CONTENT_OTHER */
    HPY_WALK_BORROWED = 4, /* strs without handles: their texts are valid until code of Python's runs */
    HPY_WALK_ROOM = 4     /* the smallest capacity for walk_next */
};

/* How objects may be read in place, as read_in_place says; what is read is borrowed until anything else is done with
   Python. HPY_TYPE_AT, HPY_LENGTH_AT, HPY_ITEMS_AT and HPY_FLOAT_AT hold too. */
typedef struct {
    size_t size;            /* of the struct, as the binary has it: set it before the call */
    uint32_t text_flags_at; /* a uint32_t of a str; where it has all bits of `text_flags` the str is ASCII, ... */
    uint32_t text_flags;
    uint32_t text_at; /* ... and its text is here */
    uint32_t tuple_items_at;
    uint32_t ints; /* HPY_INTS_* */
    int (*dict_next)(HPy dict, HPy_ssize_t *place, HPy *key, HPy *value); /* as PyDict_Next */
    int (*leaf)(HPyContext *ctx, HPy object, HPyContent *out); /* as walk_next, without a handle; 0: it cannot say */
} HPyInPlace;

enum {
    HPY_INTS_BY_SIZE = 1, /* a ptrdiff_t: where it is -1, 0 or 1 the int is that times the digit */
    HPY_INTS_BY_TAG = 2,  /* a size_t: where it is below 16 the int is the digit times 1 less the lowest two bits */
    HPY_INT_SIZE_AT = 16,
    HPY_INT_DIGIT_AT = 24 /* a uint32_t */
};

struct _HPyExtensions {
    size_t size; /* of the table, as the runtime has it */
    /* Read a list or tuple into `out`; return the number of items, -1 with an exception. Write nothing where
       there are more than `capacity` items. */
    HPy_ssize_t (*read_f64)(HPyContext *ctx, HPy sequence, double *out, HPy_ssize_t capacity);
    HPy_ssize_t (*read_i64)(HPyContext *ctx, HPy sequence, int64_t *out, HPy_ssize_t capacity);
    /* New lists and tuples of C numbers. */
    HPy (*list_from_f64)(HPyContext *ctx, const double *values, HPy_ssize_t count);
    HPy (*list_from_i64)(HPyContext *ctx, const int64_t *values, HPy_ssize_t count);
    HPy (*tuple_from_f64)(HPyContext *ctx, const double *values, HPy_ssize_t count);
    HPy (*tuple_from_i64)(HPyContext *ctx, const int64_t *values, HPy_ssize_t count);
    /* PyObject_GetBuffer and PyBuffer_Release; `flags` are CPython's PyBUF_*. */
    int (*buffer_get)(HPyContext *ctx, HPy h, HPy_buffer *view, int flags);
    void (*buffer_release)(HPyContext *ctx, HPy_buffer *view);
    /* Attach a thread that Python may never have seen to the interpreter of `ctx`, and detach it. NULL if
       the interpreter is shutting down. */
    void *(*thread_attach)(HPyContext *ctx);
    void (*thread_detach)(HPyContext *ctx, void *token);
    /* Take the pending exception away: the exception object with its traceback, HPy_NULL if none is pending. */
    HPy (*error_take)(HPyContext *ctx);
    /* A stack to build objects on: tree_feed carries out nodes, tree_push pushes an object (the handle stays the
       caller's), tree_pop gives the topmost. NULL or -1 with an exception; a tree is freed in any case. */
    void *(*tree_new)(HPyContext *ctx);
    int (*tree_feed)(HPyContext *ctx, void *tree, const HPyTreeNode *nodes, size_t count);
    int (*tree_push)(HPyContext *ctx, void *tree, HPy h);
    HPy (*tree_pop)(HPyContext *ctx, void *tree);
    void (*tree_free)(HPyContext *ctx, void *tree);
    /* Read what is in a list, a tuple or a dict (keys and values in turn); return the number of items, -1 with an
       exception. Write nothing where there are more than `capacity`. What was read goes to contents_close. */
    HPy_ssize_t (*contents_read)(HPyContext *ctx, HPy container, HPyContent *out, HPy_ssize_t capacity);
    void (*contents_close)(HPyContext *ctx, const HPyContent *contents, size_t count);
    /* Give a type fresh from HPyType_FromSpec a constructor, which may be called in place of its HPy_tp_new and
       does the same: an implementation of HPyFunc_KEYWORDS that gets the type as `self`. */
    int (*type_set_constructor)(HPyContext *ctx, HPy h_type, void *impl);
    /* Read objects with all that is in them. walk_new makes a walk over nothing yet (`flags`: HPY_WALK_*).
       walk_enter: next come the items of a list or tuple (with `pairs` keys and values in turn), then
       HPY_CONTENT_END; `stands_for` (or HPy_NULL) is the container they are from. walk_next goes on: a container
       is its node, with the number of items or pairs above the tag and without a handle, what is in it, and
       HPY_CONTENT_END; behind a value that is HPY_CONTENT_OTHER it stops, so that walk_enter can put something in
       its place. It returns the number of nodes, 0 at the end; they go to contents_close. NULL or -1 with an
       exception. */
    void *(*walk_new)(HPyContext *ctx, uint64_t flags);
    int (*walk_enter)(HPyContext *ctx, void *walk, HPy stands_for, HPy items, int pairs);
    HPy_ssize_t (*walk_next)(HPyContext *ctx, void *walk, HPyContent *out, HPy_ssize_t capacity);
    void (*walk_free)(HPyContext *ctx, void *walk);
    /* Say how objects may be read in place: 1, or 0 where they may not. */
    int (*read_in_place)(HPyContext *ctx, HPyInPlace *out);
};

/* Whether the table reaches past the function: tables of older runtimes are shorter. */
#define HPy_HAS_EXTENSION(table, function) \
    ((table)->size >= offsetof(HPyExtensions, function) + sizeof((table)->function))

/* NULL where the runtime has none. */
HPyAPI_FUNC const HPyExtensions *HPy_Extensions(HPyContext *ctx)
{
    return _hpy_offers_at == _HPY_NO_OFFERS ? NULL : ((const _HPyContextExt *)(const void *)ctx)->extensions;
}

#endif /* HPY_EXTENSIONS_H */
