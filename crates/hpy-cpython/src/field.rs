//! Fields: references that objects hold in their own structs. On CPython the object pointer.

use crate::handle::{handle, object};
use hpy_sys::{HPy, HPyContext, HPyField};
use pyo3_ffi::*;

/// A null handle empties the field.
pub unsafe extern "C" fn HPyField_Store(
    _ctx: *mut HPyContext,
    _target_object: HPy,
    target_field: *mut HPyField,
    h: HPy,
) {
    Py_XINCREF(object(h));
    // The old object's finalizer may look at the field: it must hold the new one by then.
    let old = core::mem::replace(&mut (*target_field)._i, h._i);
    Py_XDECREF(old as *mut PyObject);
}

/// Null for an empty field.
pub unsafe extern "C" fn HPyField_Load(
    _ctx: *mut HPyContext,
    _source_object: HPy,
    source_field: HPyField,
) -> HPy {
    let object = source_field._i as *mut PyObject;
    Py_XINCREF(object);
    handle(object)
}
