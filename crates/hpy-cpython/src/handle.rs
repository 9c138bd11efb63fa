//! Handles and objects: on CPython the same bits.

use crate::layout;
use hpy_sys::{HPy, HPyContext};
use pyo3_ffi::*;

/// The object of a handle, borrowed from it.
#[inline(always)]
pub fn object(h: HPy) -> *mut PyObject {
    h._i as *mut PyObject
}

/// The handle of an object; takes over the caller's reference (or lends a borrowed one).
#[inline(always)]
pub fn handle(object: *mut PyObject) -> HPy {
    HPy { _i: object as isize }
}

/// Arrays of handles are arrays of objects.
#[inline(always)]
pub fn objects(array: *const HPy) -> *const *mut PyObject {
    array.cast()
}

/// Arrays of objects are arrays of handles.
#[inline(always)]
pub fn handles(array: *const *mut PyObject) -> *const HPy {
    array.cast()
}

pub unsafe extern "C" fn HPy_Dup(_ctx: *mut HPyContext, h: HPy) -> HPy {
    if !h.is_null() {
        layout::incref(object(h));
    }
    h
}

pub unsafe extern "C" fn HPy_Close(_ctx: *mut HPyContext, h: HPy) {
    if !h.is_null() {
        layout::decref(object(h));
    }
}
