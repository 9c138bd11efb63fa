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
    PyFloat_AsDouble(object(h))
}
