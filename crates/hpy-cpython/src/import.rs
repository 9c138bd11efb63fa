//! Importing modules.

use crate::err::null_argument;
use crate::handle::handle;
use core::ffi::c_char;
use hpy_sys::{HPy, HPyContext};
use pyo3_ffi::*;

pub unsafe extern "C" fn HPyImport_ImportModule(
    _ctx: *mut HPyContext,
    utf8_name: *const c_char,
) -> HPy {
    if utf8_name.is_null() {
        return null_argument(c"HPyImport_ImportModule", c"utf8_name");
    }
    handle(PyImport_ImportModule(utf8_name))
}
