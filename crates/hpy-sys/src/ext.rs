//! What hpy-rs offers beyond the frozen base ABI, and how a binary asks for it without requiring it.
//!
//! A binary may export, beside the symbols every universal binary has:
//!
//! * `void HPyInitExtensions_NAME(uint32_t version, HPyBinary *binary)`: the runtime calls it before
//!   `HPyInit_NAME` and thereby promises that every context the binary gets is an [`HPyContextExt`]. A binary
//!   that was not called does without: PyPy's HPy and the C runtime know nothing of it. It is called once for
//!   each time the binary is loaded, with the same version, in one thread at a time. Since version 2 the binary
//!   fills in an [`HPyBinary`]; one of version 1 takes no notice of the argument.
//! * `uint32_t hpy_module_flags_NAME` (data): a combination of the `HPY_MODULE_*` flags.
//!
//! [`HPyExtensions`] grows at its end only; a function is there if the table's `size` reaches past it.

use crate::*;
use core::ffi::{c_int, c_void};

/// The version that the runtime passes to `HPyInitExtensions_NAME`.
pub const HPY_EXTENSIONS_VERSION: u32 = 2;

/// `HPyInitExtensions_NAME`.
pub type InitExtensions = unsafe extern "C" fn(version: u32, binary: *mut HPyBinary);

/// What a binary tells the runtime of itself.
#[repr(C)]
#[derive(Clone, Copy, Debug)]
pub struct HPyBinary {
    /// Size of this struct in bytes, as the runtime has it. The binary fills in what is within.
    pub size: usize,
    /// A variable of the binary that is null until the runtime stores a context there. From then on trampolines
    /// in the binary call implementations with that context themselves, without a word to the runtime, if the
    /// signature has the context and then what CPython passes. (So not those of NEWFUNC, INITPROC, TRAVERSEPROC,
    /// DESTROYFUNC, MOD_CREATE and capsule destructors.) In a universal or hybrid binary it is a context that offers
    /// [`HPY_STRAIGHT_OFFERS`], so that an implementation inlined in its trampoline need not ask. Null where the
    /// binary's trampolines do not do that.
    pub straight: *mut *mut HPyContext,
}

impl HPyBinary {
    /// What nothing was filled in of.
    pub const fn new() -> HPyBinary {
        HPyBinary { size: size_of::<HPyBinary>(), straight: core::ptr::null_mut() }
    }
}

impl Default for HPyBinary {
    fn default() -> Self {
        Self::new()
    }
}

/// Module flag: the module does not need the GIL (free-threaded CPython keeps it off).
pub const HPY_MODULE_GIL_NOT_USED: u32 = 1;
/// Module flag: the module refuses to be imported in a subinterpreter.
pub const HPY_MODULE_MAIN_INTERPRETER_ONLY: u32 = 2;

/// A context of hpy-rs: the ABI's context and, behind it, the extensions that belong to it.
#[repr(C)]
pub struct HPyContextExt {
    pub base: HPyContext,
    /// Never null.
    pub extensions: *const HPyExtensions,
    /// What the binary may do itself.
    pub shortcuts: HPyShortcuts,
}

/// What a binary may do itself instead of calling a function of the context this belongs to.
///
/// Each shortcut is an offer that a runtime makes where it holds, for this context and as long as the
/// context lives; the binary that does not find one calls the function. A shortcut does what the function
/// does, so a context that has to see every call (debug, trace) offers none. All zero: no offers.
#[repr(C)]
#[derive(Clone, Copy, Debug)]
pub struct HPyShortcuts {
    /// The `HPY_MAY_*` that hold. A binary that was not told of extensions looks for this in `abi_version`,
    /// which is 0 in this ABI: one test then is all it takes.
    pub offers: u32,
    /// With [`HPY_MAY_REACH_STRUCTS`]: [`HPY_STRUCT_AT`].
    pub struct_at: u32,
    /// With [`HPY_MAY_TAKE_INTS`]: the ints from [`HPY_SMALL_INT_MIN`] on, [`HPY_SMALL_INTS`] of them.
    pub small_ints: *const HPy,
    /// With [`HPY_MAY_READ_LENGTHS`]: see there.
    pub type_at: u32,
    /// With [`HPY_MAY_READ_LENGTHS`]: see there.
    pub length_at: u32,
    /// With [`HPY_MAY_READ_ITEMS`]: see there.
    pub tuple_items_at: u32,
}

impl HPyShortcuts {
    /// No offers.
    pub const NONE: HPyShortcuts = HPyShortcuts {
        offers: 0,
        struct_at: 0,
        small_ints: core::ptr::null(),
        type_at: 0,
        length_at: 0,
        tuple_items_at: 0,
    };
}

/// For `HPy_Dup` and `HPy_Close`: a handle that is not null is the address of an `isize`, the number of
/// references. The last one (1) is given up by `ctx_Close` only.
pub const HPY_MAY_COUNT_WORDS: u32 = 1;
/// The same with an `i32`. A negative number stays what it is: the object's references are not counted.
pub const HPY_MAY_COUNT_I32: u32 = 2;
/// For `HPyListBuilder_Set`: list builders are [`HPyOpenListBuilder`]s. Comes with one of the above.
pub const HPY_MAY_SET_ITEMS: u32 = 4;
/// For `HPyLong_From...`: the result is `HPy_Dup` of one of [`HPyShortcuts::small_ints`]. As above. With
/// [`HPY_MAY_COUNT_I32`] their references are not counted.
pub const HPY_MAY_TAKE_INTS: u32 = 8;
/// For the struct of an instance whose type has the shape Object: it lies [`HPY_STRUCT_AT`] bytes from the address
/// that the handle is. (A number that is read first would be a wait before each read of the struct.)
pub const HPY_MAY_REACH_STRUCTS: u32 = 16;
/// What a context offers that trampolines of universal and hybrid binaries go straight to implementations with, beside
/// one of the two ways to count: all that does not depend on the version of CPython.
pub const HPY_STRAIGHT_OFFERS: u32 = HPY_MAY_SET_ITEMS
    | HPY_MAY_TAKE_INTS
    | HPY_MAY_REACH_STRUCTS
    | HPY_MAY_READ_LENGTHS
    | HPY_MAY_READ_ITEMS;
/// See [`HPY_MAY_REACH_STRUCTS`].
pub const HPY_STRUCT_AT: usize = 16;
/// For type checks and `HPy_Length`: [`HPyShortcuts::type_at`] bytes from the address that a handle is lies the
/// handle of the object's type. Where that is the context's `h_UnicodeType`, `h_ListType`, `h_TupleType`,
/// `h_DictType` or `h_BytesType`, the length (an `isize`) lies [`HPyShortcuts::length_at`] bytes from there.
pub const HPY_MAY_READ_LENGTHS: u32 = 32;
/// For `HPy_GetItem_i` and `HPyFloat_AsDouble`. [`HPY_TYPE_AT`] bytes from the address that a handle is lies the
/// handle of the object's type. Where that is the context's `h_ListType` or `h_TupleType`, the number of items (an
/// `isize`) lies [`HPY_LENGTH_AT`] bytes from there; the items' handles, none of them null, are
/// [`HPyShortcuts::tuple_items_at`] bytes from there (tuple), or their address is [`HPY_ITEMS_AT`] bytes from there
/// (list), and the result is `HPy_Dup` of one of them. Where it is `h_FloatType`, the value (an `f64`) lies
/// [`HPY_FLOAT_AT`] bytes from there.
///
/// With this come [`HPY_MAY_SET_ITEMS`], [`HPY_MAY_TAKE_INTS`] and one of the offers to count: a compiler then needs one
/// test for all that a loop does with an item.
pub const HPY_MAY_READ_ITEMS: u32 = 64;
/// See [`HPY_MAY_READ_ITEMS`].
pub const HPY_TYPE_AT: usize = 8;
/// See [`HPY_MAY_READ_ITEMS`].
pub const HPY_LENGTH_AT: usize = 16;
/// See [`HPY_MAY_READ_ITEMS`].
pub const HPY_ITEMS_AT: usize = 24;
/// See [`HPY_MAY_READ_ITEMS`].
pub const HPY_FLOAT_AT: usize = 16;

/// The first of [`HPyShortcuts::small_ints`].
pub const HPY_SMALL_INT_MIN: i64 = -5;
/// How many [`HPyShortcuts::small_ints`] there are.
pub const HPY_SMALL_INTS: usize = 262;

/// What a `HPyListBuilder` is the address of, unless it is 0 or 1, which stand for failures.
///
/// An item that is null may be set by storing a new reference there and taking one from `missing`.
#[repr(C)]
pub struct HPyOpenListBuilder {
    pub runtime: [*mut c_void; 2],
    pub size: HPy_ssize_t,
    pub items: *mut HPy,
    /// The number of items that are still null.
    pub missing: HPy_ssize_t,
}

/// Functions beyond the base ABI. Each takes the context whose table this is.
#[repr(C)]
pub struct HPyExtensions {
    /// Size of the table in bytes, as the runtime has it.
    pub size: usize,
    /// Reads a list or tuple of floats (anything `float()` takes by `__float__` or `__index__`) into `out`.
    /// Returns the number of items, -1 with an exception. Writes nothing and returns the number of items
    /// where that is more than `capacity`.
    pub read_f64: unsafe extern "C" fn(
        ctx: *mut HPyContext,
        sequence: HPy,
        out: *mut f64,
        capacity: HPy_ssize_t,
    ) -> HPy_ssize_t,
    /// The same for integers, as `HPyLong_AsInt64_t` reads them.
    pub read_i64: unsafe extern "C" fn(
        ctx: *mut HPyContext,
        sequence: HPy,
        out: *mut i64,
        capacity: HPy_ssize_t,
    ) -> HPy_ssize_t,
    /// A new list of floats. Null with an exception on failure.
    pub list_from_f64:
        unsafe extern "C" fn(ctx: *mut HPyContext, values: *const f64, count: HPy_ssize_t) -> HPy,
    /// A new list of ints.
    pub list_from_i64:
        unsafe extern "C" fn(ctx: *mut HPyContext, values: *const i64, count: HPy_ssize_t) -> HPy,
    /// A new tuple of floats.
    pub tuple_from_f64:
        unsafe extern "C" fn(ctx: *mut HPyContext, values: *const f64, count: HPy_ssize_t) -> HPy,
    /// A new tuple of ints.
    pub tuple_from_i64:
        unsafe extern "C" fn(ctx: *mut HPyContext, values: *const i64, count: HPy_ssize_t) -> HPy,
    /// `PyObject_GetBuffer`: fills `view` with a view of the object's memory; `flags` are `PyBUF_*`.
    /// 0, or -1 with an exception. `view->obj` is owned by the view.
    pub buffer_get: unsafe extern "C" fn(
        ctx: *mut HPyContext,
        h: HPy,
        view: *mut HPy_buffer,
        flags: c_int,
    ) -> c_int,
    /// `PyBuffer_Release`.
    pub buffer_release: unsafe extern "C" fn(ctx: *mut HPyContext, view: *mut HPy_buffer),
    /// `PyGILState_Ensure`, for the interpreter of `ctx`: attaches the calling thread, which may be one that
    /// Python has never seen. The result goes to `thread_detach`; null if the interpreter is shutting down.
    pub thread_attach: unsafe extern "C" fn(ctx: *mut HPyContext) -> *mut c_void,
    /// Undoes `thread_attach`.
    pub thread_detach: unsafe extern "C" fn(ctx: *mut HPyContext, token: *mut c_void),
    /// Takes the pending exception away: a new handle of the exception object with its traceback, null if none
    /// is pending. `PyErr_GetRaisedException`.
    pub error_take: unsafe extern "C" fn(ctx: *mut HPyContext) -> HPy,
    /// A new, empty stack for [`HPyTreeNode`]s to build objects on; null with an exception on failure.
    pub tree_new: unsafe extern "C" fn(ctx: *mut HPyContext) -> *mut c_void,
    /// Carries out nodes, one after the other. 0, or -1 with an exception; the tree can then only be freed.
    pub tree_feed: unsafe extern "C" fn(
        ctx: *mut HPyContext,
        tree: *mut c_void,
        nodes: *const HPyTreeNode,
        count: usize,
    ) -> c_int,
    /// Pushes an object; the handle stays the caller's. 0, or -1 with an exception.
    pub tree_push: unsafe extern "C" fn(ctx: *mut HPyContext, tree: *mut c_void, h: HPy) -> c_int,
    /// Pops the object on top. Null with an exception where there is none.
    pub tree_pop: unsafe extern "C" fn(ctx: *mut HPyContext, tree: *mut c_void) -> HPy,
    /// Frees the tree with all that is on it.
    pub tree_free: unsafe extern "C" fn(ctx: *mut HPyContext, tree: *mut c_void),
    /// Reads what is in a list, a tuple or a dict (keys and values in turn) as it is now. Returns the number
    /// of items, -1 with an exception (TypeError for other objects). Writes nothing and returns the number of
    /// items where that is more than `capacity`. What was read goes to `contents_close`.
    pub contents_read: unsafe extern "C" fn(
        ctx: *mut HPyContext,
        container: HPy,
        out: *mut HPyContent,
        capacity: HPy_ssize_t,
    ) -> HPy_ssize_t,
    /// Closes the handles of what `contents_read` has read.
    pub contents_close:
        unsafe extern "C" fn(ctx: *mut HPyContext, contents: *const HPyContent, count: usize),
    /// Gives a type that `HPyType_FromSpec` has just made a constructor: `imp`, an implementation of KEYWORDS
    /// that gets the type as its receiver and does what the type's `HPy_tp_new` does. Calls of the type may go
    /// to either; the constructor saves making a tuple and a dict. 0, or -1 with an exception.
    pub type_set_constructor:
        unsafe extern "C" fn(ctx: *mut HPyContext, h_type: HPy, imp: *mut c_void) -> c_int,
    /// A new walk, over nothing yet; `flags` are `HPY_WALK_*`. Null with an exception on failure.
    pub walk_new: unsafe extern "C" fn(ctx: *mut HPyContext, flags: u64) -> *mut c_void,
    /// What comes next in the walk are the items of `items`, a list or a tuple, and an `HPY_CONTENT_END`; not
    /// null `pairs`: they are keys and values in turn. `stands_for` is the container they are from, which is not
    /// to occur in them; it may be null. 0, or -1 with an exception.
    pub walk_enter: unsafe extern "C" fn(
        ctx: *mut HPyContext,
        walk: *mut c_void,
        stands_for: HPy,
        items: HPy,
        pairs: c_int,
    ) -> c_int,
    /// Goes on, into containers too: of a list, a tuple or a dict there is its node, without a handle but with
    /// the number of items or pairs above the tag, then what is in it (of a dict keys and values in turn), then
    /// an `HPY_CONTENT_END`. Stops behind a value that is `HPY_CONTENT_OTHER`: `walk_enter` can say what stands
    /// in its place. A key is never entered. Writes at most `capacity` nodes, which is at least
    /// [`HPY_WALK_ROOM`]; returns their number, 0 at the end, -1 with an exception. What was read goes to
    /// `contents_close`.
    ///
    /// No code of Python's runs between the nodes of a call. A list that changes between calls is read as it is
    /// then, a dict as it was when the walk first stopped in it.
    pub walk_next: unsafe extern "C" fn(
        ctx: *mut HPyContext,
        walk: *mut c_void,
        out: *mut HPyContent,
        capacity: HPy_ssize_t,
    ) -> HPy_ssize_t,
    /// Frees the walk.
    pub walk_free: unsafe extern "C" fn(ctx: *mut HPyContext, walk: *mut c_void),
    /// Says how the binary may read objects in place, without a call for each: fills in as much of `out` as its
    /// `size` reaches. 1, or 0 where it may not (debug and trace contexts, builds without a GIL) and is to walk.
    pub read_in_place: unsafe extern "C" fn(ctx: *mut HPyContext, out: *mut HPyInPlace) -> c_int,
}

/// Where objects of the context that `read_in_place` was asked for have what, as long as the context lives. All that
/// is said of [`HPY_MAY_READ_ITEMS`] holds, whether that is offered or not. What is read is borrowed: it is there
/// until the binary does anything with Python but calling the functions below.
#[repr(C)]
#[derive(Clone, Copy, Debug)]
pub struct HPyInPlace {
    /// Size of this struct in bytes, as the binary has it.
    pub size: usize,
    /// So many bytes from the address that the handle of a str (exactly) is, lies a `uint32_t`.
    pub text_flags_at: u32,
    /// Where it has all of these bits, the str is ASCII and its text, [`HPY_LENGTH_AT`] says how long, lies
    /// `text_at` bytes from the handle.
    pub text_flags: u32,
    pub text_at: u32,
    /// As [`HPyShortcuts::tuple_items_at`].
    pub tuple_items_at: u32,
    /// One of `HPY_INTS_*`: how ints (exactly) say what they are.
    pub ints: u32,
    /// The next pair of a dict: as `PyDict_Next`. The handles are borrowed.
    pub dict_next: unsafe extern "C" fn(
        dict: HPy,
        place: *mut HPy_ssize_t,
        key: *mut HPy,
        value: *mut HPy,
    ) -> c_int,
    /// What `walk_next` says of an object that is no container, with [`HPY_WALK_BORROWED`] and never with a handle;
    /// 0 where that is not all there is to say.
    pub leaf:
        unsafe extern "C" fn(ctx: *mut HPyContext, object: HPy, out: *mut HPyContent) -> c_int,
}

/// [`HPY_INT_SIZE_AT`] lies a `ptrdiff_t` that is -1, 0 or 1 where the int is that times the `uint32_t` at
/// [`HPY_INT_DIGIT_AT`]. All else `leaf` has to say.
pub const HPY_INTS_BY_SIZE: u32 = 1;
/// There lies a `size_t`: where it is below 16, the int is the `uint32_t` at [`HPY_INT_DIGIT_AT`] times 1 less the
/// lowest two bits.
pub const HPY_INTS_BY_TAG: u32 = 2;
/// See [`HPY_INTS_BY_SIZE`].
pub const HPY_INT_SIZE_AT: usize = 16;
/// See [`HPY_INTS_BY_SIZE`].
pub const HPY_INT_DIGIT_AT: usize = 24;

/// Flag of walks: a container in which the walk already is, is not entered but `HPY_CONTENT_CIRCULAR`.
pub const HPY_WALK_CHECKED: u64 = 1;
/// Flag of walks: dicts whose keys are all of the type str come in the order of their keys, others are
/// `HPY_CONTENT_OTHER`.
pub const HPY_WALK_SORTED: u64 = 2;
/// Flag of walks: the texts of strs come without handles and are valid until code of Python's runs. A runtime may
/// give handles all the same. What was read ends behind a node with a handle, or behind the value of such a key.
pub const HPY_WALK_BORROWED: u64 = 4;
/// How many nodes there has to be room for.
pub const HPY_WALK_ROOM: HPy_ssize_t = 4;

/// One step of building objects on a stack: pushes a value, or makes a container of the topmost ones.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct HPyTreeNode {
    /// One of the `HPY_TREE_*` in the low eight bits; above them a count or a length in bytes.
    pub tag: u64,
    /// The number (its bits), the address of the text, or the index of the key.
    pub value: u64,
}

/// `None`.
pub const HPY_TREE_NONE: u64 = 0;
/// `False`.
pub const HPY_TREE_FALSE: u64 = 1;
/// `True`.
pub const HPY_TREE_TRUE: u64 = 2;
/// An int; the value is an `int64_t`.
pub const HPY_TREE_INT: u64 = 3;
/// An int; the value is a `uint64_t`.
pub const HPY_TREE_UINT: u64 = 4;
/// A float; the value is the bits of a `double`.
pub const HPY_TREE_FLOAT: u64 = 5;
/// A str of ASCII bytes.
pub const HPY_TREE_ASCII: u64 = 6;
/// A str of valid UTF-8.
pub const HPY_TREE_UTF8: u64 = 7;
/// A str of UTF-8 in which surrogates are encoded too; checked.
pub const HPY_TREE_WTF8: u64 = 8;
/// A str of valid UTF-8 that the tree remembers: the first such node is key 0, the next one key 1, and so on.
pub const HPY_TREE_KEY: u64 = 9;
/// A key that was there before; the value is its index.
pub const HPY_TREE_KEY_AGAIN: u64 = 10;
/// A list of the topmost `count` values.
pub const HPY_TREE_LIST: u64 = 11;
/// A tuple of the topmost `count` values.
pub const HPY_TREE_TUPLE: u64 = 12;
/// A dict of the topmost `count` pairs: key, value, key, value.
pub const HPY_TREE_DICT: u64 = 13;

/// An item that `contents_read` has read.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct HPyContent {
    /// One of the `HPY_CONTENT_*` in the low eight bits; above them the length of a text in bytes.
    pub tag: u64,
    /// The number (its bits) or the address of the text, which is valid until the handle is closed.
    pub value: u64,
    /// The object; null where `value` says all (None, bools, ints, floats).
    pub handle: HPy,
}

/// Any object of another kind, subclasses of the kinds below too.
pub const HPY_CONTENT_OTHER: u64 = 0;
/// `None`.
pub const HPY_CONTENT_NONE: u64 = 1;
/// `False`.
pub const HPY_CONTENT_FALSE: u64 = 2;
/// `True`.
pub const HPY_CONTENT_TRUE: u64 = 3;
/// An int that is an `int64_t`.
pub const HPY_CONTENT_INT: u64 = 4;
/// A float.
pub const HPY_CONTENT_FLOAT: u64 = 5;
/// A str of ASCII, with its text.
pub const HPY_CONTENT_ASCII: u64 = 6;
/// Any other str; only the handle says what is in it.
pub const HPY_CONTENT_STR: u64 = 7;
/// An int that is too large for an `int64_t`.
pub const HPY_CONTENT_LARGE_INT: u64 = 8;
/// A list.
pub const HPY_CONTENT_LIST: u64 = 9;
/// A tuple.
pub const HPY_CONTENT_TUPLE: u64 = 10;
/// A dict.
pub const HPY_CONTENT_DICT: u64 = 11;
/// A str with its text in Latin 1, one byte per code point. This kind and those below come of walks only.
pub const HPY_CONTENT_LATIN1: u64 = 12;
/// A str with its text, 16 bits per code point; the length is that in code points.
pub const HPY_CONTENT_UCS2: u64 = 13;
/// A str with its text, 32 bits per code point; the length is that in code points.
pub const HPY_CONTENT_UCS4: u64 = 14;
/// The end of a container.
pub const HPY_CONTENT_END: u64 = 15;
/// A container that is in itself.
pub const HPY_CONTENT_CIRCULAR: u64 = 16;
