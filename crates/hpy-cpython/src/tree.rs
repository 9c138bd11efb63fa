//! Trees of objects, built on a stack: see `HPyTreeNode` in `hpy_sys::ext`.
//!
//! What parsers make, many small objects in lists and dicts, in few calls: a call takes as many nodes as the
//! caller has collected.

use crate::err::null_argument;
use crate::handle::{handle, object};
use crate::stack::Stack;
use crate::{layout, long};
use core::ffi::{c_int, c_void};
use core::ptr;
use hpy_sys::ext::*;
use hpy_sys::{HPy, HPyContext};
use pyo3_ffi::*;

/// Marks a place of the stack that borrows from the keys.
const BORROWED: usize = 1;

struct Tree {
    /// Owned objects, and borrowed ones with their mark.
    stack: Stack<*mut PyObject>,
    keys: Stack<*mut PyObject>,
}

#[inline(always)]
fn is_borrowed(entry: *mut PyObject) -> bool {
    entry.addr() & BORROWED != 0
}

#[inline(always)]
fn unmarked(entry: *mut PyObject) -> *mut PyObject {
    entry.map_addr(|address| address & !BORROWED)
}

/// An owned reference to the object of an entry that leaves the stack.
#[inline(always)]
unsafe fn owned(entry: *mut PyObject) -> *mut PyObject {
    let object = unmarked(entry);
    if is_borrowed(entry) {
        layout::incref(object);
    }
    object
}

pub unsafe extern "C" fn tree_new(_ctx: *mut HPyContext) -> *mut c_void {
    let tree: *mut Tree = PyMem_RawMalloc(size_of::<Tree>()).cast();
    if tree.is_null() {
        PyErr_NoMemory();
        return ptr::null_mut();
    }
    tree.write(Tree { stack: Stack::EMPTY, keys: Stack::EMPTY });
    tree.cast()
}

pub unsafe extern "C" fn tree_free(_ctx: *mut HPyContext, tree: *mut c_void) {
    let tree = tree.cast::<Tree>();
    if tree.is_null() {
        return;
    }
    let Tree { mut stack, mut keys } = tree.read();
    PyMem_RawFree(tree.cast());
    for index in 0..stack.length {
        let entry = *stack.start.add(index);
        if !is_borrowed(entry) {
            layout::decref(entry);
        }
    }
    for index in 0..keys.length {
        layout::decref(*keys.start.add(index));
    }
    stack.free();
    keys.free();
}

pub unsafe extern "C" fn tree_push(_ctx: *mut HPyContext, tree: *mut c_void, h: HPy) -> c_int {
    if tree.is_null() || h.is_null() {
        null_argument(c"tree_push", if h.is_null() { c"h" } else { c"tree" });
        return -1;
    }
    let stack = &mut (*tree.cast::<Tree>()).stack;
    if !stack.reserve(1) {
        return -1;
    }
    layout::incref(object(h));
    stack.push(object(h));
    0
}

pub unsafe extern "C" fn tree_pop(_ctx: *mut HPyContext, tree: *mut c_void) -> HPy {
    if tree.is_null() {
        return null_argument(c"tree_pop", c"tree");
    }
    let stack = &mut (*tree.cast::<Tree>()).stack;
    if stack.length == 0 {
        return handle(too_few(1, 0));
    }
    stack.length -= 1;
    handle(owned(*stack.start.add(stack.length)))
}

#[cold]
#[inline(never)]
unsafe fn too_few(wanted: usize, there: usize) -> *mut PyObject {
    PyErr_Format(
        PyExc_SystemError,
        c"tree: %zu values wanted, there are %zu".as_ptr(),
        wanted,
        there,
    )
}

pub unsafe extern "C" fn tree_feed(
    ctx: *mut HPyContext,
    tree: *mut c_void,
    nodes: *const HPyTreeNode,
    count: usize,
) -> c_int {
    if tree.is_null() || (nodes.is_null() && count > 0) {
        null_argument(c"tree_feed", if tree.is_null() { c"tree" } else { c"nodes" });
        return -1;
    }
    let tree = &mut *tree.cast::<Tree>();
    // No node pushes more than one object.
    if !tree.stack.reserve(count) {
        return -1;
    }
    for index in 0..count {
        let node = &*nodes.add(index);
        let made = carry_out(ctx, tree, node);
        if made.is_null() {
            return -1;
        }
        tree.stack.push(made);
    }
    0
}

/// What a node pushes; null with an exception on failure.
#[inline(always)]
unsafe fn carry_out(ctx: *mut HPyContext, tree: &mut Tree, node: &HPyTreeNode) -> *mut PyObject {
    let count = (node.tag >> 8) as usize;
    let text = node.value as usize as *const u8;
    match node.tag & 0xff {
        HPY_TREE_ASCII => ascii(text, count),
        HPY_TREE_INT => {
            let value = node.value as i64;
            match long::small(ctx, value) {
                Some(int) => int,
                None => PyLong_FromLongLong(value),
            }
        }
        HPY_TREE_FLOAT => PyFloat_FromDouble(f64::from_bits(node.value)),
        HPY_TREE_KEY_AGAIN => {
            let index = node.value as usize;
            if index >= tree.keys.length {
                return too_few(index.saturating_add(1), tree.keys.length);
            }
            (*tree.keys.start.add(index)).map_addr(|address| address | BORROWED)
        }
        HPY_TREE_DICT => dict(tree, count),
        HPY_TREE_LIST => list(tree, count),
        HPY_TREE_KEY => key(tree, text, count),
        HPY_TREE_UTF8 => utf8(text, count),
        HPY_TREE_TUPLE => tuple(tree, count),
        HPY_TREE_NONE => shared(Py_None()),
        HPY_TREE_FALSE => shared(Py_False()),
        HPY_TREE_TRUE => shared(Py_True()),
        HPY_TREE_UINT => PyLong_FromUnsignedLongLong(node.value),
        HPY_TREE_WTF8 => {
            PyUnicode_DecodeUTF8(text.cast(), count as Py_ssize_t, c"surrogatepass".as_ptr())
        }
        unknown => PyErr_Format(
            PyExc_SystemError,
            c"tree: there is no node of kind %d".as_ptr(),
            unknown as c_int,
        ),
    }
}

#[inline(always)]
unsafe fn shared(object: *mut PyObject) -> *mut PyObject {
    layout::incref(object);
    object
}

/// A str of bytes that are ASCII.
#[inline(always)]
unsafe fn ascii(text: *const u8, length: usize) -> *mut PyObject {
    let made = PyUnicode_New(length as Py_ssize_t, 0x7f);
    if !made.is_null() && length > 0 {
        ptr::copy_nonoverlapping(text, layout::ascii_text(made), length);
    }
    made
}

/// A str of valid UTF-8. The text is looked through once for what the str has to hold, then written into it.
#[inline(never)]
unsafe fn utf8(text: *const u8, length: usize) -> *mut PyObject {
    let bytes = core::slice::from_raw_parts(text, length);
    let mut points = 0;
    let mut largest = 0;
    for byte in bytes {
        points += usize::from(byte & 0xc0 != 0x80);
        largest = largest.max(*byte);
    }
    if largest < 0x80 {
        return ascii(text, length);
    }
    // What the first bytes of sequences say of the largest code point: two bytes up to C3 are Latin 1.
    let limit = match largest {
        0..=0xc3 => 0xff,
        0xc4..=0xef => 0xffff,
        _ => 0x10_ffff,
    };
    let made = PyUnicode_New(points as Py_ssize_t, limit);
    if made.is_null() {
        return made;
    }
    let target = layout::wide_text(made);
    let text = core::str::from_utf8_unchecked(bytes);
    match limit {
        0xff => write_points(text, target),
        0xffff => write_points(text, target.cast::<u16>()),
        _ => write_points(text, target.cast::<u32>()),
    }
    made
}

trait Unit {
    fn of(point: char) -> Self;
}
impl Unit for u8 {
    #[inline(always)]
    fn of(point: char) -> u8 {
        point as u32 as u8
    }
}
impl Unit for u16 {
    #[inline(always)]
    fn of(point: char) -> u16 {
        point as u32 as u16
    }
}
impl Unit for u32 {
    #[inline(always)]
    fn of(point: char) -> u32 {
        point as u32
    }
}

/// Writes the code points of a text; there is room for all of them.
#[inline(always)]
unsafe fn write_points<U: Unit>(text: &str, mut target: *mut U) {
    for point in text.chars() {
        target.write(U::of(point));
        target = target.add(1);
    }
}

unsafe fn key(tree: &mut Tree, text: *const u8, length: usize) -> *mut PyObject {
    if !tree.keys.reserve(1) {
        return ptr::null_mut();
    }
    let made = utf8(text, length);
    if made.is_null() {
        return made;
    }
    tree.keys.push(made);
    made.map_addr(|address| address | BORROWED)
}

/// Takes the topmost `count` entries off the stack, which stay readable until the next push.
#[inline(always)]
unsafe fn topmost(tree: &mut Tree, count: usize) -> Option<*mut *mut PyObject> {
    if count > tree.stack.length {
        too_few(count, tree.stack.length);
        return None;
    }
    Some(tree.stack.start.add(tree.stack.length - count))
}

unsafe fn list(tree: &mut Tree, count: usize) -> *mut PyObject {
    let Some(entries) = topmost(tree, count) else { return ptr::null_mut() };
    let made = PyList_New(count as Py_ssize_t);
    if made.is_null() {
        return made;
    }
    let slots = layout::list_items(made);
    for index in 0..count {
        *slots.add(index) = owned(*entries.add(index));
    }
    tree.stack.length -= count;
    made
}

unsafe fn tuple(tree: &mut Tree, count: usize) -> *mut PyObject {
    let Some(entries) = topmost(tree, count) else { return ptr::null_mut() };
    let made = PyTuple_New(count as Py_ssize_t);
    if made.is_null() {
        return made;
    }
    let slots = layout::tuple_items(made);
    for index in 0..count {
        *slots.add(index) = owned(*entries.add(index));
    }
    tree.stack.length -= count;
    made
}

/// Entries leave the stack only when all of them are in the dict: on failure the tree still owns them.
unsafe fn dict(tree: &mut Tree, pairs: usize) -> *mut PyObject {
    let Some(entries) = topmost(tree, pairs.saturating_mul(2)) else { return ptr::null_mut() };
    let made = PyDict_New();
    if made.is_null() {
        return made;
    }
    for index in 0..pairs {
        let key = unmarked(*entries.add(2 * index));
        let value = unmarked(*entries.add(2 * index + 1));
        // A str is hashed and compared without any of Python's code; other keys may run some, which cannot
        // reach the stack.
        if PyDict_SetItem(made, key, value) < 0 {
            layout::decref(made);
            return ptr::null_mut();
        }
    }
    tree.stack.length -= 2 * pairs;
    for index in 0..2 * pairs {
        let entry = *entries.add(index);
        if !is_borrowed(entry) {
            layout::decref(entry);
        }
    }
    made
}
