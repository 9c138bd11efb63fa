//! Floats.

use crate::handle::{handle, object};
use crate::layout;
use hpy_sys::{HPy, HPyContext};
use pyo3_ffi::*;

pub unsafe extern "C" fn HPyFloat_FromDouble(_ctx: *mut HPyContext, v: f64) -> HPy {
    handle(PyFloat_FromDouble(v))
}

pub unsafe extern "C" fn HPyFloat_AsDouble(_ctx: *mut HPyContext, h: HPy) -> f64 {
    if layout::is_exactly(object(h), &raw mut PyFloat_Type) {
        return layout::float_value(object(h));
    }
    as_double(object(h))
}

/// Out of line, so that the way of a float falls through.
#[cold]
#[inline(never)]
unsafe fn as_double(object: *mut PyObject) -> f64 {
    PyFloat_AsDouble(object)
}
