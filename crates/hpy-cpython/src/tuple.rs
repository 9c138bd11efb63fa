//! Tuples.

use crate::err::null_argument;
use crate::handle::{handle, object, objects};
use crate::layout;
use core::ffi::c_int;
use hpy_sys::{HPy, HPy_ssize_t, HPyContext};
use pyo3_ffi::*;

pub unsafe extern "C" fn HPyTuple_Check(_ctx: *mut HPyContext, h: HPy) -> c_int {
    PyTuple_Check(object(h))
}

pub unsafe extern "C" fn HPyTuple_FromArray(
    _ctx: *mut HPyContext,
    items: *const HPy,
    n: HPy_ssize_t,
) -> HPy {
    if items.is_null() && n > 0 {
        return null_argument(c"HPyTuple_FromArray", c"items");
    }
    let tuple = PyTuple_New(n);
    if tuple.is_null() {
        return HPy::NULL;
    }
    let slots = layout::tuple_items(tuple);
    for index in 0..n {
        let item = *objects(items).offset(index);
        if item.is_null() {
            Py_DECREF(tuple);
            return null_argument(c"HPyTuple_FromArray", c"items[i]");
        }
        layout::incref(item);
        *slots.offset(index) = item;
    }
    handle(tuple)
}
