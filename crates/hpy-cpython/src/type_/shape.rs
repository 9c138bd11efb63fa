//! Where a type's own struct lies in its instances.
//!
//! A pure type's struct has no object header: it lies behind the struct of the built-in type that the
//! type's shape names, aligned for anything. Behind an `int` or a `tuple` come its digits or items, as many
//! as the value needs, so the struct lies behind those.
//!
//! ```text
//! object, type, float, str, list, dict   | header | padding | struct | call function? |
//! int, tuple                             | header | items ... | padding | struct |
//! legacy                                 | struct, which begins with the header |
//! ```

use crate::layout::{TUPLE_ITEMS, VAR_SIZE};
use core::ffi::{CStr, c_void};
use hpy_sys::*;
use pyo3_ffi::*;

/// What a struct is aligned to: as `malloc` aligns, and as C's `max_align_t` is.
pub const ALIGNMENT: usize = 16;

/// Bytes of an int's digit.
const DIGIT: usize = size_of::<u32>();
/// Offset of an int's first digit: `ob_digit` follows the size (3.12: the tag) directly.
const DIGITS: usize = VAR_SIZE + size_of::<usize>();

pub const OBJECT_OFFSET: usize = align(size_of::<PyObject>());
pub const TYPE_OFFSET: usize = align(size_of::<PyHeapTypeObject>());
pub const FLOAT_OFFSET: usize = align(size_of::<PyFloatObject>());
pub const UNICODE_OFFSET: usize = align(size_of::<PyUnicodeObject>());
pub const LIST_OFFSET: usize = align(size_of::<PyListObject>());
pub const DICT_OFFSET: usize = align(size_of::<PyDictObject>());

/// `size` rounded up to where a struct may start.
pub const fn align(size: usize) -> usize {
    size.next_multiple_of(ALIGNMENT)
}

/// The built-in type whose struct the shape's instances begin with; null for a number that is no shape.
/// Legacy types choose for themselves: `object`.
pub fn builtin(shape: HPyType_BuiltinShape) -> *mut PyTypeObject {
    match shape {
        HPyType_BuiltinShape_Legacy | HPyType_BuiltinShape_Object => &raw mut PyBaseObject_Type,
        HPyType_BuiltinShape_Type => &raw mut PyType_Type,
        HPyType_BuiltinShape_Long => &raw mut PyLong_Type,
        HPyType_BuiltinShape_Float => &raw mut PyFloat_Type,
        HPyType_BuiltinShape_Unicode => &raw mut PyUnicode_Type,
        HPyType_BuiltinShape_Tuple => &raw mut PyTuple_Type,
        HPyType_BuiltinShape_List => &raw mut PyList_Type,
        HPyType_BuiltinShape_Dict => &raw mut PyDict_Type,
        _ => core::ptr::null_mut(),
    }
}

/// The shape's name in the API, for messages.
pub fn name(shape: HPyType_BuiltinShape) -> &'static CStr {
    match shape {
        HPyType_BuiltinShape_Legacy => c"HPyType_BuiltinShape_Legacy",
        HPyType_BuiltinShape_Object => c"HPyType_BuiltinShape_Object",
        HPyType_BuiltinShape_Type => c"HPyType_BuiltinShape_Type",
        HPyType_BuiltinShape_Long => c"HPyType_BuiltinShape_Long",
        HPyType_BuiltinShape_Float => c"HPyType_BuiltinShape_Float",
        HPyType_BuiltinShape_Unicode => c"HPyType_BuiltinShape_Unicode",
        HPyType_BuiltinShape_Tuple => c"HPyType_BuiltinShape_Tuple",
        HPyType_BuiltinShape_List => c"HPyType_BuiltinShape_List",
        HPyType_BuiltinShape_Dict => c"HPyType_BuiltinShape_Dict",
        _ => c"an unknown shape",
    }
}

/// Whether the struct's offset depends on the instance.
pub fn is_variable(shape: HPyType_BuiltinShape) -> bool {
    shape == HPyType_BuiltinShape_Long || shape == HPyType_BuiltinShape_Tuple
}

/// The struct's offset in every instance; None where it depends on the instance.
pub fn fixed_offset(shape: HPyType_BuiltinShape) -> Option<usize> {
    match shape {
        HPyType_BuiltinShape_Legacy => Some(0),
        HPyType_BuiltinShape_Object => Some(OBJECT_OFFSET),
        HPyType_BuiltinShape_Type => Some(TYPE_OFFSET),
        HPyType_BuiltinShape_Float => Some(FLOAT_OFFSET),
        HPyType_BuiltinShape_Unicode => Some(UNICODE_OFFSET),
        HPyType_BuiltinShape_List => Some(LIST_OFFSET),
        HPyType_BuiltinShape_Dict => Some(DICT_OFFSET),
        _ => None,
    }
}

/// `tp_basicsize` of a type with a struct of `size` bytes. It is a multiple of a pointer's size, as with every struct of
/// CPython's: subclasses in Python have pointers behind it. CPython adds the items to it, so where the
/// struct lies behind the items there must be room for the padding between them in any case.
///
/// # Safety
/// `shape` is a shape.
pub unsafe fn basicsize(shape: HPyType_BuiltinShape, size: usize) -> usize {
    let before = match fixed_offset(shape) {
        Some(offset) => offset,
        None => (*builtin(shape)).tp_basicsize as usize + ALIGNMENT,
    };
    (before + size).next_multiple_of(size_of::<usize>())
}

/// The struct of `object`.
///
/// # Safety
/// `object` is an instance of a type of this shape.
#[inline]
pub unsafe fn struct_of(shape: HPyType_BuiltinShape, object: *mut PyObject) -> *mut c_void {
    let offset = match shape {
        HPyType_BuiltinShape_Object => OBJECT_OFFSET,
        HPyType_BuiltinShape_Legacy => 0,
        HPyType_BuiltinShape_Long => long_offset(object),
        HPyType_BuiltinShape_Tuple => tuple_offset(object),
        _ => fixed_offset(shape).unwrap_or(0),
    };
    object.byte_add(offset).cast()
}

/// Offset of the struct in an instance of a subtype of `int`.
///
/// # Safety
/// `object` is an int.
#[inline]
pub unsafe fn long_offset(object: *mut PyObject) -> usize {
    let size = object.byte_add(VAR_SIZE).cast::<isize>().read();
    #[cfg(Py_3_12)]
    let digits = (size as usize) >> 3;
    #[cfg(not(Py_3_12))]
    let digits = size.unsigned_abs();
    // Zero has no digit but room for one.
    align(DIGITS + digits.max(1) * DIGIT)
}

/// Offset of the struct in an instance of a subtype of `tuple`.
///
/// # Safety
/// `object` is a tuple.
#[inline]
pub unsafe fn tuple_offset(object: *mut PyObject) -> usize {
    let count = object.byte_add(VAR_SIZE).cast::<usize>().read();
    align(TUPLE_ITEMS + count * size_of::<*mut PyObject>())
}
