//! Raising exceptions with formatted messages.

/// Sets an exception: `raise!(type, c"format", arguments...)`, formatted by `PyErr_Format`.
macro_rules! raise {
    ($kind:expr, $format:expr $(, $argument:expr)* $(,)?) => {
        pyo3_ffi::PyErr_Format($kind, $format.as_ptr() $(, $argument)*)
    };
}

pub(crate) use raise;

use pyo3_ffi::{PyErr_NoMemory, PyErr_Occurred, PyObject};

/// What CPython made, or null with an exception: where memory ends it forgets to set one here and there.
pub unsafe fn noticed(made: *mut PyObject) -> *mut PyObject {
    if made.is_null() && PyErr_Occurred().is_null() {
        PyErr_NoMemory();
    }
    made
}
