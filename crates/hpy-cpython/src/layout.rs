//! Everything we know about the layout of CPython's structs that its headers inline too.
//!
//! One place, per version. Each assumption has a test in `tests/` that fails on a version where it changes.

use core::ffi::c_ulong;
use core::mem::offset_of;
use hpy_sys::ext::{HPY_FLOAT_AT, HPY_ITEMS_AT, HPY_LENGTH_AT, HPY_TYPE_AT, HPyOpenListBuilder};
use pyo3_ffi::*;

/// Offset of a tuple's first item.
pub const TUPLE_ITEMS: usize = offset_of!(PyTupleObject, ob_item);
/// Offset of the number of items of a variable-sized object.
#[cfg(not(GraalPy))]
pub const VAR_SIZE: usize = offset_of!(PyVarObject, ob_size);
/// GraalPy has the field and does not keep it up to date: what reads it there has to ask a function.
#[cfg(GraalPy)]
pub const VAR_SIZE: usize = size_of::<PyObject>();

/// Offset of an object's type.
pub const TYPE: usize = offset_of!(PyObject, ob_type);

/// Takes a reference, see [`decref`].
#[inline(always)]
pub unsafe fn incref(object: *mut PyObject) {
    #[cfg(all(
        Py_3_14,
        not(GraalPy),
        not(Py_GIL_DISABLED),
        not(py_sys_config = "Py_REF_DEBUG"),
        target_pointer_width = "64",
        target_endian = "little"
    ))]
    {
        let count = object.cast::<i32>();
        if *count >= 0 {
            *count = (*count).wrapping_add(1);
        }
    }
    #[cfg(not(all(
        Py_3_14,
        not(GraalPy),
        not(Py_GIL_DISABLED),
        not(py_sys_config = "Py_REF_DEBUG"),
        target_pointer_width = "64",
        target_endian = "little"
    )))]
    Py_INCREF(object);
}

/// Gives up a reference.
///
/// Since 3.12 counts have 32 bits at the start of a field of 64. In 3.12 and 3.13 `Py_INCREF` writes that half
/// and `Py_DECREF` reads the whole, which a processor cannot do before the write has reached its cache. A
/// handle is often closed a few instructions after it was made, so here all use the half, as 3.14 does.
#[inline(always)]
pub unsafe fn decref(object: *mut PyObject) {
    #[cfg(all(
        Py_3_12,
        not(GraalPy),
        not(Py_GIL_DISABLED),
        not(py_sys_config = "Py_REF_DEBUG"),
        target_pointer_width = "64",
        target_endian = "little"
    ))]
    {
        unsafe extern "C" {
            fn _Py_Dealloc(object: *mut PyObject);
        }
        let count = object.cast::<i32>();
        // Immortal objects have a negative count.
        if *count >= 0 {
            *count -= 1;
            if *count == 0 {
                _Py_Dealloc(object);
            }
        }
    }
    #[cfg(not(all(
        Py_3_12,
        not(GraalPy),
        not(Py_GIL_DISABLED),
        not(py_sys_config = "Py_REF_DEBUG"),
        target_pointer_width = "64",
        target_endian = "little"
    )))]
    Py_DECREF(object);
}

/// Whether the object's type is exactly `ty`.
#[inline(always)]
pub unsafe fn is_exactly(object: *mut PyObject, ty: *mut PyTypeObject) -> bool {
    Py_TYPE(object) == ty
}

/// Whether the object's type has the flag `flag`, a `Py_TPFLAGS_*_SUBCLASS`.
#[inline(always)]
pub unsafe fn has_flag(object: *mut PyObject, flag: c_ulong) -> bool {
    PyType_HasFeature(Py_TYPE(object), flag) != 0
}

/// Where the items of a list are: valid until the list changes.
#[inline(always)]
pub unsafe fn list_items(list: *mut PyObject) -> *mut *mut PyObject {
    (*list.cast::<PyListObject>()).ob_item
}

/// Whether the list that is a builder looks as the contract with binaries has it.
pub const LISTS_ARE_OPEN_BUILDERS: bool = cfg!(not(GraalPy))
    && offset_of!(PyListObject, ob_item) == offset_of!(HPyOpenListBuilder, items)
    && offset_of!(PyListObject, allocated) == offset_of!(HPyOpenListBuilder, missing)
    && VAR_SIZE == offset_of!(HPyOpenListBuilder, size);

/// Whether objects have their type, lists and tuples the number of their items, lists their items and floats their
/// value where the contract with binaries has them.
pub const ITEMS_READ_IN_PLACE: bool = cfg!(not(GraalPy))
    && TYPE == HPY_TYPE_AT
    && VAR_SIZE == HPY_LENGTH_AT
    && offset_of!(PyListObject, ob_item) == HPY_ITEMS_AT
    && offset_of!(PyFloatObject, ob_fval) == HPY_FLOAT_AT;

/// Where the items of a tuple are.
#[inline(always)]
pub unsafe fn tuple_items(tuple: *mut PyObject) -> *mut *mut PyObject {
    tuple.byte_add(TUPLE_ITEMS).cast()
}

/// The number of items of a list or tuple (of any object that counts its items in `ob_size`).
#[cfg(not(Py_GIL_DISABLED))]
#[inline(always)]
pub unsafe fn var_size(object: *mut PyObject) -> Py_ssize_t {
    #[cfg(not(GraalPy))]
    return *object.byte_add(VAR_SIZE).cast::<Py_ssize_t>();
    #[cfg(GraalPy)]
    Py_SIZE(object)
}

/// Sets an item of a new tuple, which takes over the reference; as `PyTuple_SET_ITEM`.
#[inline(always)]
pub unsafe fn set_tuple_item(tuple: *mut PyObject, index: Py_ssize_t, item: *mut PyObject) {
    #[cfg(not(GraalPy))]
    PyTuple_SET_ITEM(tuple, index, item);
    #[cfg(GraalPy)]
    PyTuple_SetItem(tuple, index, item);
}

/// An item of a tuple, borrowed, at an index that is in range; as `PyTuple_GET_ITEM`.
#[inline(always)]
pub unsafe fn borrowed_tuple_item(tuple: *mut PyObject, index: Py_ssize_t) -> *mut PyObject {
    #[cfg(not(GraalPy))]
    return PyTuple_GET_ITEM(tuple, index);
    #[cfg(GraalPy)]
    PyTuple_GetItem(tuple, index)
}

/// The same, of an object that other threads may be changing.
#[cfg(Py_GIL_DISABLED)]
#[inline(always)]
pub unsafe fn var_size(object: *mut PyObject) -> Py_ssize_t {
    use core::sync::atomic::{AtomicIsize, Ordering::Relaxed};
    AtomicIsize::from_ptr(object.byte_add(VAR_SIZE).cast()).load(Relaxed)
}

/// The length of an exact str, list, tuple, dict or bytes; None for any other object.
///
/// They all keep it in the same place, behind the object's head.
#[cfg(not(GraalPy))]
#[inline(always)]
pub unsafe fn length(object: *mut PyObject) -> Option<Py_ssize_t> {
    let ty = Py_TYPE(object);
    if ty == &raw mut PyUnicode_Type {
        return Some(var_size(object));
    }
    if ty == &raw mut PyList_Type
        || ty == &raw mut PyTuple_Type
        || ty == &raw mut PyDict_Type
        || ty == &raw mut PyBytes_Type
    {
        return Some(var_size(object));
    }
    None
}
#[cfg(not(GraalPy))]
const _: () = assert!(offset_of!(PyASCIIObject, length) == VAR_SIZE);
#[cfg(not(GraalPy))]
const _: () = assert!(offset_of!(PyDictObject, ma_used) == VAR_SIZE);

/// GraalPy is asked by a function.
#[cfg(GraalPy)]
#[inline(always)]
pub unsafe fn length(_object: *mut PyObject) -> Option<Py_ssize_t> {
    None
}

/// Whether `index` is in `0..size`.
#[inline(always)]
pub fn in_range(index: Py_ssize_t, size: Py_ssize_t) -> bool {
    (index as usize) < (size as usize)
}

/// A new reference to the item of an exact tuple; null without an exception where the index is not in
/// `0..size`.
#[inline(always)]
pub unsafe fn tuple_item(tuple: *mut PyObject, index: Py_ssize_t) -> *mut PyObject {
    if !in_range(index, var_size(tuple)) {
        return core::ptr::null_mut();
    }
    let item = *tuple_items(tuple).offset(index);
    incref(item);
    item
}

/// The same of an exact list.
#[cfg(not(Py_GIL_DISABLED))]
#[inline(always)]
pub unsafe fn list_item(list: *mut PyObject, index: Py_ssize_t) -> *mut PyObject {
    if !in_range(index, var_size(list)) {
        return core::ptr::null_mut();
    }
    let item = *list_items(list).offset(index);
    incref(item);
    item
}

/// The same of an exact list, which other threads may be changing.
#[cfg(Py_GIL_DISABLED)]
#[inline(always)]
pub unsafe fn list_item(list: *mut PyObject, index: Py_ssize_t) -> *mut PyObject {
    if !in_range(index, var_size(list)) {
        return core::ptr::null_mut();
    }
    let item = PyList_GetItemRef(list, index);
    if item.is_null() {
        // Another thread made the list shorter: the slow way reports it.
        PyErr_Clear();
    }
    item
}

/// Whether a str keeps its text, all ASCII, behind its own head.
#[cfg(not(any(Py_3_14, GraalPy)))]
#[inline(always)]
pub unsafe fn is_compact_ascii(text: *mut PyObject) -> bool {
    PyUnicode_IS_COMPACT_ASCII(text) != 0
}

/// The same by where CPython says the text is: other strs that keep theirs have a longer head.
#[cfg(all(Py_3_14, not(GraalPy)))]
#[inline(always)]
pub unsafe fn is_compact_ascii(text: *mut PyObject) -> bool {
    PyUnicode_DATA(text).cast() == ascii_text(text)
}

/// The bits of a str's flags that say the same, and where the flags are. None where CPython does not say.
#[cfg(all(not(any(Py_3_14, GraalPy)), target_endian = "little"))]
pub const ASCII_FLAGS: Option<(usize, u32)> =
    // Bit fields: interned 2, kind 3, compact 1, ascii 1.
    Some((offset_of!(PyASCIIObject, hash) + size_of::<Py_hash_t>(), 1 << 5 | 1 << 6));
#[cfg(not(all(not(any(Py_3_14, GraalPy)), target_endian = "little")))]
pub const ASCII_FLAGS: Option<(usize, u32)> = None;

/// Where the text of such a str is.
pub const ASCII_TEXT: usize = size_of::<PyASCIIObject>();

/// GraalPy keeps text elsewhere.
#[cfg(GraalPy)]
#[inline(always)]
pub unsafe fn is_compact_ascii(_text: *mut PyObject) -> bool {
    false
}

/// The text of a str of which [`is_compact_ascii`] holds.
#[inline(always)]
pub unsafe fn ascii_text(text: *mut PyObject) -> *mut u8 {
    text.cast::<PyASCIIObject>().add(1).cast()
}

/// The code points of any str: bytes per code point, where they are, how many. None for one that has none yet
/// (made by functions that 3.12 removed).
#[cfg(not(GraalPy))]
#[inline(always)]
pub unsafe fn code_points(text: *mut PyObject) -> Option<(u32, *mut u8, usize)> {
    #[cfg(not(Py_3_12))]
    if PyUnicode_IS_READY(text) == 0 {
        return None;
    }
    Some((PyUnicode_KIND(text), PyUnicode_DATA(text).cast(), var_size(text) as usize))
}

/// GraalPy keeps text elsewhere.
#[cfg(GraalPy)]
#[inline(always)]
pub unsafe fn code_points(_text: *mut PyObject) -> Option<(u32, *mut u8, usize)> {
    None
}

/// The text of a new str that is not all ASCII.
#[inline(always)]
pub unsafe fn wide_text(text: *mut PyObject) -> *mut u8 {
    text.cast::<PyCompactUnicodeObject>().add(1).cast()
}

/// The value of an exact float.
#[inline(always)]
pub unsafe fn float_value(float: *mut PyObject) -> f64 {
    #[cfg(not(GraalPy))]
    return (*float.cast::<PyFloatObject>()).ob_fval;
    #[cfg(GraalPy)]
    PyFloat_AsDouble(float)
}

/// The value of an exact int of at most one digit; None for any other object.
///
/// A digit holds 30 bits on every 64-bit build, so a value of one digit fits all of HPy's integer types.
#[inline(always)]
pub unsafe fn small_int(object: *mut PyObject) -> Option<isize> {
    #[cfg(all(target_pointer_width = "64", not(GraalPy)))]
    if is_exactly(object, &raw mut PyLong_Type) {
        return one_digit(object);
    }
    #[cfg(not(all(target_pointer_width = "64", not(GraalPy))))]
    let _ = object;
    None
}

/// Until 3.11 an int counts its digits in `ob_size`, negative for a negative int.
#[cfg(all(target_pointer_width = "64", not(any(Py_3_12, GraalPy))))]
#[inline(always)]
unsafe fn one_digit(int: *mut PyObject) -> Option<isize> {
    let size = var_size(int);
    let digit = *int.byte_add(size_of::<PyVarObject>()).cast::<u32>();
    // size + 1 is 0, 1 or 2 exactly where there is no more than one digit.
    if (size + 1) as usize <= 2 { Some(size * digit as isize) } else { None }
}

/// Since 3.12 a tag holds the number of digits above three bits, the lower two of which are 0 for a
/// positive int, 1 for zero, 2 for a negative one.
#[cfg(all(target_pointer_width = "64", Py_3_12, not(GraalPy)))]
#[inline(always)]
unsafe fn one_digit(int: *mut PyObject) -> Option<isize> {
    let tag = *int.byte_add(size_of::<PyObject>()).cast::<usize>();
    let digit = *int.byte_add(size_of::<PyObject>() + size_of::<usize>()).cast::<u32>();
    if tag < (2 << 3) { Some((1 - (tag & 3) as isize) * digit as isize) } else { None }
}

/// The start of a capsule.
#[repr(C)]
pub struct Capsule {
    pub ob_base: PyObject,
    pub pointer: *mut core::ffi::c_void,
    pub name: *const core::ffi::c_char,
}
