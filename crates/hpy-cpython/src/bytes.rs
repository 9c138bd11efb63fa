//! Bytes.

use crate::err::null_argument;
use crate::handle::{handle, object};
use core::ffi::{c_char, c_int};
use hpy_sys::{HPy, HPy_ssize_t, HPyContext};
use pyo3_ffi::*;

pub unsafe extern "C" fn HPyBytes_Check(_ctx: *mut HPyContext, h: HPy) -> c_int {
    PyBytes_Check(object(h))
}

pub unsafe extern "C" fn HPyBytes_Size(_ctx: *mut HPyContext, h: HPy) -> HPy_ssize_t {
    PyBytes_Size(object(h))
}

/// The object must be bytes: nothing is checked, as in the C API.
pub unsafe extern "C" fn HPyBytes_GET_SIZE(_ctx: *mut HPyContext, h: HPy) -> HPy_ssize_t {
    crate::layout::var_size(object(h))
}

pub unsafe extern "C" fn HPyBytes_AsString(_ctx: *mut HPyContext, h: HPy) -> *const c_char {
    PyBytes_AsString(object(h))
}

/// The object must be bytes: nothing is checked, as in the C API.
pub unsafe extern "C" fn HPyBytes_AS_STRING(_ctx: *mut HPyContext, h: HPy) -> *const c_char {
    PyBytes_AS_STRING(object(h))
}

pub unsafe extern "C" fn HPyBytes_FromString(_ctx: *mut HPyContext, bytes: *const c_char) -> HPy {
    if bytes.is_null() {
        return null_argument(c"HPyBytes_FromString", c"bytes");
    }
    handle(PyBytes_FromString(bytes))
}

/// ValueError for a null pointer: the C API's meaning, memory to be filled in later, does not exist here.
pub unsafe extern "C" fn HPyBytes_FromStringAndSize(
    _ctx: *mut HPyContext,
    bytes: *const c_char,
    len: HPy_ssize_t,
) -> HPy {
    if bytes.is_null() {
        PyErr_SetString(
            PyExc_ValueError,
            c"NULL char * passed to HPyBytes_FromStringAndSize".as_ptr(),
        );
        return HPy::NULL;
    }
    handle(PyBytes_FromStringAndSize(bytes, len))
}
