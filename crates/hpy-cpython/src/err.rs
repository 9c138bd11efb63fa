//! Exceptions, warnings, and the end of the process.

use crate::handle::{handle, object};
use core::ffi::{CStr, c_char, c_int};
use hpy_sys::{HPy, HPy_ssize_t, HPyContext};
use pyo3_ffi::*;

/// SystemError: a pointer or handle that must not be null is. Always null, to be returned.
///
/// For the arguments that the C API itself does not check.
#[cold]
#[inline(never)]
pub(crate) unsafe fn null_argument(function: &CStr, parameter: &CStr) -> HPy {
    // The null that PyErr_Format returns, so that callers can leave by a jump.
    handle(PyErr_Format(
        PyExc_SystemError,
        c"%s: argument '%s' must not be NULL".as_ptr(),
        function.as_ptr(),
        parameter.as_ptr(),
    ))
}

/// TypeError: `function` wants `expected`, `given` is something else. Always null, to be returned.
#[cold]
#[inline(never)]
pub(crate) unsafe fn wrong_type(function: &CStr, expected: &CStr, given: *mut PyObject) -> HPy {
    if given.is_null() {
        return null_argument(function, expected);
    }
    handle(PyErr_Format(
        PyExc_TypeError,
        c"%s: expected %s, got '%.200s'".as_ptr(),
        function.as_ptr(),
        expected.as_ptr(),
        (*Py_TYPE(given)).tp_name,
    ))
}

/// The pending exception, put aside while code runs that must not see it.
pub(crate) struct Pending {
    #[cfg(Py_3_12)]
    exception: *mut PyObject,
    #[cfg(not(Py_3_12))]
    parts: [*mut PyObject; 3],
}

impl Pending {
    /// Takes the pending exception, if there is one.
    pub(crate) unsafe fn take() -> Self {
        #[cfg(Py_3_12)]
        return Pending { exception: PyErr_GetRaisedException() };
        #[cfg(not(Py_3_12))]
        {
            let [mut ty, mut value, mut traceback] = [core::ptr::null_mut(); 3];
            PyErr_Fetch(&mut ty, &mut value, &mut traceback);
            Pending { parts: [ty, value, traceback] }
        }
    }

    /// Makes it the pending exception again, in place of any other.
    pub(crate) unsafe fn restore(self) {
        #[cfg(Py_3_12)]
        PyErr_SetRaisedException(self.exception);
        #[cfg(not(Py_3_12))]
        {
            let [ty, value, traceback] = self.parts;
            PyErr_Restore(ty, value, traceback);
        }
    }
}

/// Does not return.
pub unsafe extern "C" fn HPy_FatalError(_ctx: *mut HPyContext, message: *const c_char) {
    Py_FatalError(message)
}

pub unsafe extern "C" fn HPyErr_SetString(
    _ctx: *mut HPyContext,
    h_type: HPy,
    utf8_message: *const c_char,
) -> HPy {
    if h_type.is_null() {
        return null_argument(c"HPyErr_SetString", c"h_type");
    }
    if utf8_message.is_null() {
        return null_argument(c"HPyErr_SetString", c"utf8_message");
    }
    PyErr_SetString(object(h_type), utf8_message);
    HPy::NULL
}

pub unsafe extern "C" fn HPyErr_SetObject(_ctx: *mut HPyContext, h_type: HPy, h_value: HPy) -> HPy {
    if h_type.is_null() {
        return null_argument(c"HPyErr_SetObject", c"h_type");
    }
    PyErr_SetObject(object(h_type), object(h_value));
    HPy::NULL
}

pub unsafe extern "C" fn HPyErr_SetFromErrnoWithFilename(
    _ctx: *mut HPyContext,
    h_type: HPy,
    filename_fsencoded: *const c_char,
) -> HPy {
    if h_type.is_null() {
        return null_argument(c"HPyErr_SetFromErrnoWithFilename", c"h_type");
    }
    handle(PyErr_SetFromErrnoWithFilename(object(h_type), filename_fsencoded))
}

pub unsafe extern "C" fn HPyErr_SetFromErrnoWithFilenameObjects(
    _ctx: *mut HPyContext,
    h_type: HPy,
    filename1: HPy,
    filename2: HPy,
) -> HPy {
    if h_type.is_null() {
        return null_argument(c"HPyErr_SetFromErrnoWithFilenameObjects", c"h_type");
    }
    handle(PyErr_SetFromErrnoWithFilenameObjects(
        object(h_type),
        object(filename1),
        object(filename2),
    ))
}

pub unsafe extern "C" fn HPyErr_Occurred(_ctx: *mut HPyContext) -> c_int {
    !PyErr_Occurred().is_null() as c_int
}

pub unsafe extern "C" fn HPyErr_ExceptionMatches(_ctx: *mut HPyContext, exc: HPy) -> c_int {
    PyErr_ExceptionMatches(object(exc))
}

pub unsafe extern "C" fn HPyErr_NoMemory(_ctx: *mut HPyContext) -> HPy {
    handle(PyErr_NoMemory())
}

pub unsafe extern "C" fn HPyErr_Clear(_ctx: *mut HPyContext) {
    PyErr_Clear()
}

pub unsafe extern "C" fn HPyErr_NewException(
    _ctx: *mut HPyContext,
    utf8_name: *const c_char,
    base: HPy,
    dict: HPy,
) -> HPy {
    if utf8_name.is_null() {
        return null_argument(c"HPyErr_NewException", c"utf8_name");
    }
    handle(PyErr_NewException(utf8_name, object(base), object(dict)))
}

pub unsafe extern "C" fn HPyErr_NewExceptionWithDoc(
    _ctx: *mut HPyContext,
    utf8_name: *const c_char,
    utf8_doc: *const c_char,
    base: HPy,
    dict: HPy,
) -> HPy {
    if utf8_name.is_null() {
        return null_argument(c"HPyErr_NewExceptionWithDoc", c"utf8_name");
    }
    handle(PyErr_NewExceptionWithDoc(utf8_name, utf8_doc, object(base), object(dict)))
}

pub unsafe extern "C" fn HPyErr_WarnEx(
    _ctx: *mut HPyContext,
    category: HPy,
    utf8_message: *const c_char,
    stack_level: HPy_ssize_t,
) -> c_int {
    if utf8_message.is_null() {
        null_argument(c"HPyErr_WarnEx", c"utf8_message");
        return -1;
    }
    PyErr_WarnEx(object(category), utf8_message, stack_level)
}

pub unsafe extern "C" fn HPyErr_WriteUnraisable(_ctx: *mut HPyContext, obj: HPy) {
    PyErr_WriteUnraisable(object(obj))
}
