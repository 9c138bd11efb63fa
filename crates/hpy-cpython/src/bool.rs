//! Booleans.

use hpy_sys::{HPy, HPyContext};
use pyo3_ffi::*;

pub unsafe extern "C" fn HPyBool_FromBool(ctx: *mut HPyContext, v: bool) -> HPy {
    let h = if v { (*ctx).h_True } else { (*ctx).h_False };
    Py_INCREF(crate::handle::object(h));
    h
}
