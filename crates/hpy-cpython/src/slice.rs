//! Slices, and sequences by slice.

use crate::err::{null_argument, wrong_type};
use crate::handle::{handle, object};
use core::ffi::c_int;
use hpy_sys::{HPy, HPy_ssize_t, HPyContext};
use pyo3_ffi::*;

pub unsafe extern "C" fn HPySlice_Unpack(
    _ctx: *mut HPyContext,
    slice: HPy,
    start: *mut HPy_ssize_t,
    stop: *mut HPy_ssize_t,
    step: *mut HPy_ssize_t,
) -> c_int {
    // The C API takes the type for granted.
    if slice.is_null() || PySlice_Check(object(slice)) == 0 {
        wrong_type(c"HPySlice_Unpack", c"slice", object(slice));
        return -1;
    }
    if start.is_null() || stop.is_null() || step.is_null() {
        null_argument(c"HPySlice_Unpack", c"start, stop or step");
        return -1;
    }
    PySlice_Unpack(object(slice), start, stop, step)
}

/// `obj[start:end]`.
pub unsafe extern "C" fn HPy_GetSlice(
    _ctx: *mut HPyContext,
    obj: HPy,
    start: HPy_ssize_t,
    end: HPy_ssize_t,
) -> HPy {
    handle(PySequence_GetSlice(object(obj), start, end))
}

/// `obj[start:end] = value`.
pub unsafe extern "C" fn HPy_SetSlice(
    _ctx: *mut HPyContext,
    obj: HPy,
    start: HPy_ssize_t,
    end: HPy_ssize_t,
    value: HPy,
) -> c_int {
    // For the C API a null value deletes the slice: by accident, that is what HPy_DelSlice is for.
    if value.is_null() {
        null_argument(c"HPy_SetSlice", c"value");
        return -1;
    }
    PySequence_SetSlice(object(obj), start, end, object(value))
}

/// `del obj[start:end]`.
pub unsafe extern "C" fn HPy_DelSlice(
    _ctx: *mut HPyContext,
    obj: HPy,
    start: HPy_ssize_t,
    end: HPy_ssize_t,
) -> c_int {
    PySequence_DelSlice(object(obj), start, end)
}

/// Null stands for None.
pub unsafe extern "C" fn HPySlice_New(
    _ctx: *mut HPyContext,
    start: HPy,
    stop: HPy,
    step: HPy,
) -> HPy {
    handle(PySlice_New(object(start), object(stop), object(step)))
}
