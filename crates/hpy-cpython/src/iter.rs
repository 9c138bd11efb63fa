//! Iterators.

use crate::err::wrong_type;
use crate::handle::{handle, object};
use core::ffi::c_int;
use hpy_sys::{HPy, HPyContext};
use pyo3_ffi::*;

pub unsafe extern "C" fn HPy_GetIter(_ctx: *mut HPyContext, obj: HPy) -> HPy {
    handle(PyObject_GetIter(object(obj)))
}

/// Null without an exception at the end.
pub unsafe extern "C" fn HPyIter_Next(_ctx: *mut HPyContext, obj: HPy) -> HPy {
    // The C API takes it for granted that there is such a slot.
    if (*Py_TYPE(object(obj))).tp_iternext.is_none() {
        return wrong_type(c"HPyIter_Next", c"an iterator", object(obj));
    }
    handle(PyIter_Next(object(obj)))
}

pub unsafe extern "C" fn HPyIter_Check(_ctx: *mut HPyContext, obj: HPy) -> c_int {
    PyIter_Check(object(obj))
}
