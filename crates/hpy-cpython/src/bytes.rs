use core::ffi::{c_char, c_int, c_void};
use hpy_sys::*;

pub unsafe extern "C" fn HPyBytes_Check(ctx: *mut HPyContext, h: HPy) -> c_int {
    crate::stub(c"HPyBytes_Check")
}

pub unsafe extern "C" fn HPyBytes_Size(ctx: *mut HPyContext, h: HPy) -> HPy_ssize_t {
    crate::stub(c"HPyBytes_Size")
}

pub unsafe extern "C" fn HPyBytes_GET_SIZE(ctx: *mut HPyContext, h: HPy) -> HPy_ssize_t {
    crate::stub(c"HPyBytes_GET_SIZE")
}

pub unsafe extern "C" fn HPyBytes_AsString(ctx: *mut HPyContext, h: HPy) -> *const c_char {
    crate::stub(c"HPyBytes_AsString")
}

pub unsafe extern "C" fn HPyBytes_AS_STRING(ctx: *mut HPyContext, h: HPy) -> *const c_char {
    crate::stub(c"HPyBytes_AS_STRING")
}

pub unsafe extern "C" fn HPyBytes_FromString(ctx: *mut HPyContext, bytes: *const c_char) -> HPy {
    crate::stub(c"HPyBytes_FromString")
}

pub unsafe extern "C" fn HPyBytes_FromStringAndSize(
    ctx: *mut HPyContext,
    bytes: *const c_char,
    len: HPy_ssize_t,
) -> HPy {
    crate::stub(c"HPyBytes_FromStringAndSize")
}
