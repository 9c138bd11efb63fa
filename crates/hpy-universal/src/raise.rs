//! Python exceptions from Rust text.

use pyo3_ffi::*;
use std::ffi::c_char;

/// A Python exception is set.
#[derive(Debug)]
pub struct Raised;

/// Sets an exception of type `kind`.
pub unsafe fn raise(kind: *mut PyObject, text: &str) -> Raised {
    let message = string(text);
    if !message.is_null() {
        PyErr_SetObject(kind, message);
        Py_DECREF(message);
    }
    Raised
}

/// Sets an ImportError whose `name` and `path` say what could not be imported.
pub unsafe fn import_error(name: &str, path: *mut PyObject, text: &str) -> Raised {
    let message = string(text);
    let name = string(name);
    if !message.is_null() && !name.is_null() {
        PyErr_SetImportError(message, name, path);
    }
    Py_XDECREF(message);
    Py_XDECREF(name);
    Raised
}

/// A new `str`; null with an exception if there is no memory.
pub unsafe fn string(text: &str) -> *mut PyObject {
    PyUnicode_DecodeUTF8(
        text.as_ptr().cast::<c_char>(),
        text.len() as Py_ssize_t,
        c"surrogateescape".as_ptr(),
    )
}

/// The text of a `str`; surrogates become escapes. Err if it is no `str`.
pub unsafe fn text_of(object: *mut PyObject, what: &str) -> Result<String, Raised> {
    if PyUnicode_Check(object) == 0 {
        let kind = std::ffi::CStr::from_ptr((*Py_TYPE(object)).tp_name).to_string_lossy();
        return Err(raise(PyExc_TypeError, &format!("{what} must be str, not {kind}")));
    }
    let bytes = PyUnicode_AsEncodedString(object, c"utf-8".as_ptr(), c"backslashreplace".as_ptr());
    if bytes.is_null() {
        return Err(Raised);
    }
    let text = bytes_of(bytes).map(|text| String::from_utf8_lossy(text).into_owned());
    Py_DECREF(bytes);
    text
}

/// The content of a `bytes` object.
pub unsafe fn bytes_of<'a>(object: *mut PyObject) -> Result<&'a [u8], Raised> {
    let (mut start, mut length) = (std::ptr::null_mut(), 0);
    if PyBytes_AsStringAndSize(object, &mut start, &mut length) < 0 {
        return Err(Raised);
    }
    // SAFETY: the object has `length` bytes there, and the caller holds it.
    Ok(std::slice::from_raw_parts(start.cast::<u8>(), length as usize))
}
