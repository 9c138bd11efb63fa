//! Context variables.

use crate::err::null_argument;
use crate::handle::{handle, object};
use core::ffi::c_char;
use core::ptr;
use hpy_sys::{HPy, HPyContext};
use pyo3_ffi::*;

/// A null default is none.
pub unsafe extern "C" fn HPyContextVar_New(
    _ctx: *mut HPyContext,
    name: *const c_char,
    default_value: HPy,
) -> HPy {
    if name.is_null() {
        return null_argument(c"HPyContextVar_New", c"name");
    }
    handle(PyContextVar_New(name, object(default_value)))
}

/// Without a value in this context the result is `default_value`, else the variable's own default, else
/// null; that is not an error.
pub unsafe extern "C" fn HPyContextVar_Get(
    _ctx: *mut HPyContext,
    context_var: HPy,
    default_value: HPy,
    result: *mut HPy,
) -> i32 {
    if result.is_null() {
        null_argument(c"HPyContextVar_Get", c"result");
        return -1;
    }
    let mut value = ptr::null_mut();
    let status = PyContextVar_Get(object(context_var), object(default_value), &mut value);
    *result = handle(value);
    status
}

pub unsafe extern "C" fn HPyContextVar_Set(
    _ctx: *mut HPyContext,
    context_var: HPy,
    value: HPy,
) -> HPy {
    if value.is_null() {
        return null_argument(c"HPyContextVar_Set", c"value");
    }
    handle(PyContextVar_Set(object(context_var), object(value)))
}
