use core::ffi::{c_char, c_int, c_void};
use hpy_sys::*;

pub unsafe extern "C" fn HPyUnicode_FromString(ctx: *mut HPyContext, utf8: *const c_char) -> HPy {
    crate::stub(c"HPyUnicode_FromString")
}

pub unsafe extern "C" fn HPyUnicode_Check(ctx: *mut HPyContext, h: HPy) -> c_int {
    crate::stub(c"HPyUnicode_Check")
}

pub unsafe extern "C" fn HPyUnicode_AsASCIIString(ctx: *mut HPyContext, h: HPy) -> HPy {
    crate::stub(c"HPyUnicode_AsASCIIString")
}

pub unsafe extern "C" fn HPyUnicode_AsLatin1String(ctx: *mut HPyContext, h: HPy) -> HPy {
    crate::stub(c"HPyUnicode_AsLatin1String")
}

pub unsafe extern "C" fn HPyUnicode_AsUTF8String(ctx: *mut HPyContext, h: HPy) -> HPy {
    crate::stub(c"HPyUnicode_AsUTF8String")
}

pub unsafe extern "C" fn HPyUnicode_AsUTF8AndSize(
    ctx: *mut HPyContext,
    h: HPy,
    size: *mut HPy_ssize_t,
) -> *const c_char {
    crate::stub(c"HPyUnicode_AsUTF8AndSize")
}

pub unsafe extern "C" fn HPyUnicode_FromWideChar(
    ctx: *mut HPyContext,
    w: *const wchar_t,
    size: HPy_ssize_t,
) -> HPy {
    crate::stub(c"HPyUnicode_FromWideChar")
}

pub unsafe extern "C" fn HPyUnicode_DecodeFSDefault(ctx: *mut HPyContext, v: *const c_char) -> HPy {
    crate::stub(c"HPyUnicode_DecodeFSDefault")
}

pub unsafe extern "C" fn HPyUnicode_DecodeFSDefaultAndSize(
    ctx: *mut HPyContext,
    v: *const c_char,
    size: HPy_ssize_t,
) -> HPy {
    crate::stub(c"HPyUnicode_DecodeFSDefaultAndSize")
}

pub unsafe extern "C" fn HPyUnicode_EncodeFSDefault(ctx: *mut HPyContext, h: HPy) -> HPy {
    crate::stub(c"HPyUnicode_EncodeFSDefault")
}

pub unsafe extern "C" fn HPyUnicode_ReadChar(
    ctx: *mut HPyContext,
    h: HPy,
    index: HPy_ssize_t,
) -> HPy_UCS4 {
    crate::stub(c"HPyUnicode_ReadChar")
}

pub unsafe extern "C" fn HPyUnicode_DecodeASCII(
    ctx: *mut HPyContext,
    ascii: *const c_char,
    size: HPy_ssize_t,
    errors: *const c_char,
) -> HPy {
    crate::stub(c"HPyUnicode_DecodeASCII")
}

pub unsafe extern "C" fn HPyUnicode_DecodeLatin1(
    ctx: *mut HPyContext,
    latin1: *const c_char,
    size: HPy_ssize_t,
    errors: *const c_char,
) -> HPy {
    crate::stub(c"HPyUnicode_DecodeLatin1")
}

pub unsafe extern "C" fn HPyUnicode_FromEncodedObject(
    ctx: *mut HPyContext,
    obj: HPy,
    encoding: *const c_char,
    errors: *const c_char,
) -> HPy {
    crate::stub(c"HPyUnicode_FromEncodedObject")
}

pub unsafe extern "C" fn HPyUnicode_Substring(
    ctx: *mut HPyContext,
    str: HPy,
    start: HPy_ssize_t,
    end: HPy_ssize_t,
) -> HPy {
    crate::stub(c"HPyUnicode_Substring")
}
