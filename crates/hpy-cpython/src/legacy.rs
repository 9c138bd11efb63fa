//! Between handles and `PyObject *`, for code that still speaks the C API.

use crate::handle::{handle, object};
use hpy_sys::{HPy, HPyContext, cpy_PyObject};
use pyo3_ffi::*;

/// A new handle; the caller keeps its own reference.
pub unsafe extern "C" fn HPy_FromPyObject(_ctx: *mut HPyContext, obj: *mut cpy_PyObject) -> HPy {
    Py_XINCREF(obj.cast());
    handle(obj.cast())
}

/// A new reference; the caller keeps its handle.
pub unsafe extern "C" fn HPy_AsPyObject(_ctx: *mut HPyContext, h: HPy) -> *mut cpy_PyObject {
    Py_XINCREF(object(h));
    object(h).cast()
}
