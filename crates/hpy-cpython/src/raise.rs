//! Raising exceptions with formatted messages.

/// Sets an exception: `raise!(type, c"format", arguments...)`, formatted by `PyErr_Format`.
macro_rules! raise {
    ($kind:expr, $format:expr $(, $argument:expr)* $(,)?) => {
        pyo3_ffi::PyErr_Format($kind, $format.as_ptr() $(, $argument)*)
    };
}

pub(crate) use raise;
