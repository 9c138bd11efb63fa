//! Objects: attributes, items, comparison, conversion to text.

use crate::err::null_argument;
use crate::handle::{handle, object};
use crate::layout;
use core::ffi::{CStr, c_char, c_int};
use core::ptr;
use hpy_sys::{HPy, HPy_hash_t, HPy_ssize_t, HPyContext, cmp};
use pyo3_ffi::*;

pub unsafe extern "C" fn HPy_Length(_ctx: *mut HPyContext, h: HPy) -> HPy_ssize_t {
    match layout::length(object(h)) {
        Some(length) => length,
        None => PyObject_Size(object(h)),
    }
}

pub unsafe extern "C" fn HPy_IsTrue(_ctx: *mut HPyContext, h: HPy) -> c_int {
    PyObject_IsTrue(object(h))
}

pub unsafe extern "C" fn HPy_GetAttr(_ctx: *mut HPyContext, obj: HPy, name: HPy) -> HPy {
    handle(PyObject_GetAttr(object(obj), object(name)))
}

pub unsafe extern "C" fn HPy_GetAttr_s(
    _ctx: *mut HPyContext,
    obj: HPy,
    utf8_name: *const c_char,
) -> HPy {
    if utf8_name.is_null() {
        return null_argument(c"HPy_GetAttr_s", c"utf8_name");
    }
    handle(PyObject_GetAttrString(object(obj), utf8_name))
}

pub unsafe extern "C" fn HPy_HasAttr(_ctx: *mut HPyContext, obj: HPy, name: HPy) -> c_int {
    PyObject_HasAttr(object(obj), object(name))
}

/// A null name is the name of no attribute.
pub unsafe extern "C" fn HPy_HasAttr_s(
    _ctx: *mut HPyContext,
    obj: HPy,
    utf8_name: *const c_char,
) -> c_int {
    if utf8_name.is_null() {
        return 0;
    }
    PyObject_HasAttrString(object(obj), utf8_name)
}

/// A null value deletes the attribute.
pub unsafe extern "C" fn HPy_SetAttr(
    _ctx: *mut HPyContext,
    obj: HPy,
    name: HPy,
    value: HPy,
) -> c_int {
    PyObject_SetAttr(object(obj), object(name), object(value))
}

/// A null value deletes the attribute.
pub unsafe extern "C" fn HPy_SetAttr_s(
    _ctx: *mut HPyContext,
    obj: HPy,
    utf8_name: *const c_char,
    value: HPy,
) -> c_int {
    if utf8_name.is_null() {
        null_argument(c"HPy_SetAttr_s", c"utf8_name");
        return -1;
    }
    PyObject_SetAttrString(object(obj), utf8_name, object(value))
}

/// Runs `f` with a Python object made for a key, which it gives up afterwards.
#[inline(always)]
unsafe fn with_key<R>(key: *mut PyObject, failed: R, f: impl FnOnce(*mut PyObject) -> R) -> R {
    if key.is_null() {
        return failed;
    }
    let result = f(key);
    Py_DECREF(key);
    result
}

/// The key of an `_s` function; null with an exception on failure.
#[inline(always)]
unsafe fn text_key(function: &core::ffi::CStr, utf8: *const c_char) -> *mut PyObject {
    if utf8.is_null() {
        null_argument(function, c"utf8_key");
        return ptr::null_mut();
    }
    PyUnicode_FromString(utf8)
}

pub unsafe extern "C" fn HPy_GetItem(_ctx: *mut HPyContext, obj: HPy, key: HPy) -> HPy {
    handle(PyObject_GetItem(object(obj), object(key)))
}

pub unsafe extern "C" fn HPy_GetItem_i(_ctx: *mut HPyContext, obj: HPy, idx: HPy_ssize_t) -> HPy {
    if layout::is_exactly(object(obj), &raw mut PyList_Type) {
        let item = layout::list_item(object(obj), idx);
        if !item.is_null() {
            return handle(item);
        }
    }
    get_item_by_number(obj, idx)
}

/// Out of line, so that the way of a list falls through.
#[cold]
#[inline(never)]
unsafe fn get_item_by_number(obj: HPy, idx: HPy_ssize_t) -> HPy {
    if layout::is_exactly(object(obj), &raw mut PyTuple_Type) {
        let item = layout::tuple_item(object(obj), idx);
        if !item.is_null() {
            return handle(item);
        }
    }
    with_key(PyLong_FromSsize_t(idx), HPy::NULL, |key| handle(PyObject_GetItem(object(obj), key)))
}

/// A dict with as many items is searched from one end to the other.
#[cfg(not(any(Py_GIL_DISABLED, GraalPy)))]
const FEW: Py_ssize_t = 8;

/// The value of a key of a dict with few items, borrowed: to look at each takes less than to make a str of the key, as for
/// the keyword arguments of a call. Null, without an exception, where that tells nothing.
///
/// # Safety
/// `dict` is a dict; `utf8_key` ends with a NUL.
#[cfg(not(any(Py_GIL_DISABLED, GraalPy)))]
#[inline(never)]
unsafe fn find_among_few(dict: *mut PyObject, utf8_key: *const c_char) -> *mut PyObject {
    let wanted = CStr::from_ptr(utf8_key).to_bytes();
    let (mut place, mut key, mut value) = (0, ptr::null_mut(), ptr::null_mut());
    while PyDict_Next(dict, &mut place, &mut key, &mut value) != 0 {
        if layout::is_exactly(key, &raw mut PyUnicode_Type)
            && layout::is_compact_ascii(key)
            && layout::var_size(key) as usize == wanted.len()
            && core::slice::from_raw_parts(layout::ascii_text(key), wanted.len()) == wanted
        {
            return value;
        }
    }
    ptr::null_mut()
}

pub unsafe extern "C" fn HPy_GetItem_s(
    _ctx: *mut HPyContext,
    obj: HPy,
    utf8_key: *const c_char,
) -> HPy {
    #[cfg(not(any(Py_GIL_DISABLED, GraalPy)))]
    if layout::is_exactly(object(obj), &raw mut PyDict_Type)
        && layout::var_size(object(obj)) <= FEW
        && !utf8_key.is_null()
        // CPython has strs of one character, and newer ones find them quickly.
        && !(cfg!(Py_3_14) && *utf8_key != 0 && *utf8_key.add(1) == 0)
    {
        let found = find_among_few(object(obj), utf8_key);
        if !found.is_null() {
            layout::incref(found);
            return handle(found);
        }
    }
    with_key(text_key(c"HPy_GetItem_s", utf8_key), HPy::NULL, |key| {
        #[cfg(not(Py_GIL_DISABLED))]
        if layout::is_exactly(object(obj), &raw mut PyDict_Type) {
            let found = PyDict_GetItemWithError(object(obj), key);
            if !found.is_null() {
                layout::incref(found);
                return handle(found);
            }
            if !PyErr_Occurred().is_null() {
                return HPy::NULL;
            }
            // Raises KeyError.
        }
        handle(PyObject_GetItem(object(obj), key))
    })
}

pub unsafe extern "C" fn HPy_Contains(_ctx: *mut HPyContext, container: HPy, key: HPy) -> c_int {
    PySequence_Contains(object(container), object(key))
}

pub unsafe extern "C" fn HPy_SetItem(
    _ctx: *mut HPyContext,
    obj: HPy,
    key: HPy,
    value: HPy,
) -> c_int {
    PyObject_SetItem(object(obj), object(key), object(value))
}

pub unsafe extern "C" fn HPy_SetItem_i(
    _ctx: *mut HPyContext,
    obj: HPy,
    idx: HPy_ssize_t,
    value: HPy,
) -> c_int {
    #[cfg(not(Py_GIL_DISABLED))]
    if layout::is_exactly(object(obj), &raw mut PyList_Type)
        && !value.is_null()
        && layout::in_range(idx, layout::var_size(object(obj)))
    {
        let slot = layout::list_items(object(obj)).offset(idx);
        let old = *slot;
        Py_INCREF(object(value));
        *slot = object(value);
        Py_XDECREF(old);
        return 0;
    }
    set_item_by_number(obj, idx, value)
}

#[cold]
#[inline(never)]
unsafe fn set_item_by_number(obj: HPy, idx: HPy_ssize_t, value: HPy) -> c_int {
    with_key(PyLong_FromSsize_t(idx), -1, |key| PyObject_SetItem(object(obj), key, object(value)))
}

pub unsafe extern "C" fn HPy_SetItem_s(
    _ctx: *mut HPyContext,
    obj: HPy,
    utf8_key: *const c_char,
    value: HPy,
) -> c_int {
    with_key(text_key(c"HPy_SetItem_s", utf8_key), -1, |key| {
        PyObject_SetItem(object(obj), key, object(value))
    })
}

pub unsafe extern "C" fn HPy_DelItem(_ctx: *mut HPyContext, obj: HPy, key: HPy) -> c_int {
    PyObject_DelItem(object(obj), object(key))
}

pub unsafe extern "C" fn HPy_DelItem_i(_ctx: *mut HPyContext, obj: HPy, idx: HPy_ssize_t) -> c_int {
    with_key(PyLong_FromSsize_t(idx), -1, |key| PyObject_DelItem(object(obj), key))
}

pub unsafe extern "C" fn HPy_DelItem_s(
    _ctx: *mut HPyContext,
    obj: HPy,
    utf8_key: *const c_char,
) -> c_int {
    with_key(text_key(c"HPy_DelItem_s", utf8_key), -1, |key| PyObject_DelItem(object(obj), key))
}

pub unsafe extern "C" fn HPy_Type(_ctx: *mut HPyContext, obj: HPy) -> HPy {
    let ty = Py_TYPE(object(obj)).cast();
    Py_INCREF(ty);
    handle(ty)
}

pub unsafe extern "C" fn HPy_TypeCheck(_ctx: *mut HPyContext, obj: HPy, r#type: HPy) -> c_int {
    let actual = Py_TYPE(object(obj));
    let wanted: *mut PyTypeObject = object(r#type).cast();
    if actual == wanted {
        return 1;
    }
    PyType_IsSubtype(actual, wanted)
}

pub unsafe extern "C" fn HPy_Is(_ctx: *mut HPyContext, obj: HPy, other: HPy) -> c_int {
    (obj == other) as c_int
}

pub unsafe extern "C" fn HPy_Repr(_ctx: *mut HPyContext, obj: HPy) -> HPy {
    handle(PyObject_Repr(object(obj)))
}

pub unsafe extern "C" fn HPy_Str(_ctx: *mut HPyContext, obj: HPy) -> HPy {
    handle(PyObject_Str(object(obj)))
}

pub unsafe extern "C" fn HPy_ASCII(_ctx: *mut HPyContext, obj: HPy) -> HPy {
    handle(PyObject_ASCII(object(obj)))
}

pub unsafe extern "C" fn HPy_Bytes(_ctx: *mut HPyContext, obj: HPy) -> HPy {
    handle(PyObject_Bytes(object(obj)))
}

pub unsafe extern "C" fn HPy_RichCompare(_ctx: *mut HPyContext, v: HPy, w: HPy, op: c_int) -> HPy {
    if op as u32 > cmp::HPy_GE as u32 {
        unknown_comparison(op);
        return HPy::NULL;
    }
    handle(PyObject_RichCompare(object(v), object(w), op))
}

pub unsafe extern "C" fn HPy_RichCompareBool(
    _ctx: *mut HPyContext,
    v: HPy,
    w: HPy,
    op: c_int,
) -> c_int {
    if op as u32 > cmp::HPy_GE as u32 {
        unknown_comparison(op);
        return -1;
    }
    PyObject_RichCompareBool(object(v), object(w), op)
}

#[cold]
unsafe fn unknown_comparison(op: c_int) {
    PyErr_Format(
        PyExc_SystemError,
        c"unknown comparison %d: expected HPy_LT (0) to HPy_GE (5)".as_ptr(),
        op,
    );
}

pub unsafe extern "C" fn HPy_Hash(_ctx: *mut HPyContext, obj: HPy) -> HPy_hash_t {
    PyObject_Hash(object(obj))
}

/// Prints what there is to know about an object to stderr, for a person with a debugger.
pub unsafe extern "C" fn _HPy_Dump(_ctx: *mut HPyContext, h: HPy) {
    unsafe extern "C" {
        #[cfg_attr(not(Py_3_15), link_name = "_PyObject_Dump")]
        fn PyObject_Dump(object: *mut PyObject);
    }
    PyObject_Dump(object(h))
}
