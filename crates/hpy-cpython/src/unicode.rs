//! Text.

use crate::err::{null_argument, wrong_type};
use crate::handle::{handle, object};
use core::ffi::{CStr, c_char, c_int};
use hpy_sys::{HPy, HPy_UCS4, HPy_ssize_t, HPyContext, wchar_t};
use pyo3_ffi::*;

pub unsafe extern "C" fn HPyUnicode_FromString(_ctx: *mut HPyContext, utf8: *const c_char) -> HPy {
    if utf8.is_null() {
        return null_argument(c"HPyUnicode_FromString", c"utf8");
    }
    handle(PyUnicode_FromString(utf8))
}

pub unsafe extern "C" fn HPyUnicode_Check(_ctx: *mut HPyContext, h: HPy) -> c_int {
    PyUnicode_Check(object(h))
}

pub unsafe extern "C" fn HPyUnicode_AsASCIIString(_ctx: *mut HPyContext, h: HPy) -> HPy {
    handle(PyUnicode_AsASCIIString(object(h)))
}

pub unsafe extern "C" fn HPyUnicode_AsLatin1String(_ctx: *mut HPyContext, h: HPy) -> HPy {
    handle(PyUnicode_AsLatin1String(object(h)))
}

pub unsafe extern "C" fn HPyUnicode_AsUTF8String(_ctx: *mut HPyContext, h: HPy) -> HPy {
    handle(PyUnicode_AsUTF8String(object(h)))
}

/// The text lives as long as the object; `size` may be null.
pub unsafe extern "C" fn HPyUnicode_AsUTF8AndSize(
    _ctx: *mut HPyContext,
    h: HPy,
    size: *mut HPy_ssize_t,
) -> *const c_char {
    PyUnicode_AsUTF8AndSize(object(h), size)
}

/// Size -1 means up to the NUL.
pub unsafe extern "C" fn HPyUnicode_FromWideChar(
    _ctx: *mut HPyContext,
    w: *const wchar_t,
    size: HPy_ssize_t,
) -> HPy {
    if size < -1 {
        return negative_size(c"HPyUnicode_FromWideChar", size);
    }
    handle(PyUnicode_FromWideChar(w.cast(), size))
}

/// SystemError for a size that no text has.
#[cold]
#[inline(never)]
unsafe fn negative_size(function: &CStr, size: HPy_ssize_t) -> HPy {
    PyErr_Format(PyExc_SystemError, c"%s: size %zd is negative".as_ptr(), function.as_ptr(), size);
    HPy::NULL
}

/// Whether (`text`, `size`) describe memory to read; raises if not.
#[inline(always)]
unsafe fn is_text(function: &CStr, text: *const c_char, size: HPy_ssize_t) -> bool {
    if size < 0 {
        negative_size(function, size);
        return false;
    }
    if text.is_null() && size != 0 {
        null_argument(function, c"text");
        return false;
    }
    true
}

pub unsafe extern "C" fn HPyUnicode_DecodeFSDefault(
    _ctx: *mut HPyContext,
    v: *const c_char,
) -> HPy {
    if v.is_null() {
        return null_argument(c"HPyUnicode_DecodeFSDefault", c"v");
    }
    handle(PyUnicode_DecodeFSDefault(v))
}

pub unsafe extern "C" fn HPyUnicode_DecodeFSDefaultAndSize(
    _ctx: *mut HPyContext,
    v: *const c_char,
    size: HPy_ssize_t,
) -> HPy {
    if !is_text(c"HPyUnicode_DecodeFSDefaultAndSize", v, size) {
        return HPy::NULL;
    }
    handle(PyUnicode_DecodeFSDefaultAndSize(v, size))
}

pub unsafe extern "C" fn HPyUnicode_EncodeFSDefault(_ctx: *mut HPyContext, h: HPy) -> HPy {
    handle(PyUnicode_EncodeFSDefault(object(h)))
}

pub unsafe extern "C" fn HPyUnicode_ReadChar(
    _ctx: *mut HPyContext,
    h: HPy,
    index: HPy_ssize_t,
) -> HPy_UCS4 {
    PyUnicode_ReadChar(object(h), index)
}

pub unsafe extern "C" fn HPyUnicode_DecodeASCII(
    _ctx: *mut HPyContext,
    ascii: *const c_char,
    size: HPy_ssize_t,
    errors: *const c_char,
) -> HPy {
    if !is_text(c"HPyUnicode_DecodeASCII", ascii, size) {
        return HPy::NULL;
    }
    handle(PyUnicode_DecodeASCII(ascii, size, errors))
}

pub unsafe extern "C" fn HPyUnicode_DecodeLatin1(
    _ctx: *mut HPyContext,
    latin1: *const c_char,
    size: HPy_ssize_t,
    errors: *const c_char,
) -> HPy {
    if !is_text(c"HPyUnicode_DecodeLatin1", latin1, size) {
        return HPy::NULL;
    }
    handle(PyUnicode_DecodeLatin1(latin1, size, errors))
}

pub unsafe extern "C" fn HPyUnicode_FromEncodedObject(
    _ctx: *mut HPyContext,
    obj: HPy,
    encoding: *const c_char,
    errors: *const c_char,
) -> HPy {
    handle(PyUnicode_FromEncodedObject(object(obj), encoding, errors))
}

pub unsafe extern "C" fn HPyUnicode_Substring(
    _ctx: *mut HPyContext,
    str: HPy,
    start: HPy_ssize_t,
    end: HPy_ssize_t,
) -> HPy {
    // The C API takes the type for granted.
    if str.is_null() || PyUnicode_Check(object(str)) == 0 {
        return wrong_type(c"HPyUnicode_Substring", c"str", object(str));
    }
    handle(PyUnicode_Substring(object(str), start, end))
}
