//! Dicts.

use crate::handle::{handle, object};
use core::ffi::c_int;
use hpy_sys::{HPy, HPyContext};
use pyo3_ffi::*;

pub unsafe extern "C" fn HPyDict_Check(_ctx: *mut HPyContext, h: HPy) -> c_int {
    PyDict_Check(object(h))
}

pub unsafe extern "C" fn HPyDict_New(_ctx: *mut HPyContext) -> HPy {
    handle(PyDict_New())
}

pub unsafe extern "C" fn HPyDict_Keys(_ctx: *mut HPyContext, h: HPy) -> HPy {
    handle(PyDict_Keys(object(h)))
}

pub unsafe extern "C" fn HPyDict_Copy(_ctx: *mut HPyContext, h: HPy) -> HPy {
    handle(PyDict_Copy(object(h)))
}
