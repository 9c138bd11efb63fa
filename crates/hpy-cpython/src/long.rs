use core::ffi::{c_char, c_int, c_void};
use hpy_sys::*;

pub unsafe extern "C" fn HPyLong_FromInt32_t(ctx: *mut HPyContext, value: i32) -> HPy {
    crate::stub(c"HPyLong_FromInt32_t")
}

pub unsafe extern "C" fn HPyLong_FromUInt32_t(ctx: *mut HPyContext, value: u32) -> HPy {
    crate::stub(c"HPyLong_FromUInt32_t")
}

pub unsafe extern "C" fn HPyLong_FromInt64_t(ctx: *mut HPyContext, v: i64) -> HPy {
    crate::stub(c"HPyLong_FromInt64_t")
}

pub unsafe extern "C" fn HPyLong_FromUInt64_t(ctx: *mut HPyContext, v: u64) -> HPy {
    crate::stub(c"HPyLong_FromUInt64_t")
}

pub unsafe extern "C" fn HPyLong_FromSize_t(ctx: *mut HPyContext, value: usize) -> HPy {
    crate::stub(c"HPyLong_FromSize_t")
}

pub unsafe extern "C" fn HPyLong_FromSsize_t(ctx: *mut HPyContext, value: HPy_ssize_t) -> HPy {
    crate::stub(c"HPyLong_FromSsize_t")
}

pub unsafe extern "C" fn HPyLong_AsInt32_t(ctx: *mut HPyContext, h: HPy) -> i32 {
    crate::stub(c"HPyLong_AsInt32_t")
}

pub unsafe extern "C" fn HPyLong_AsUInt32_t(ctx: *mut HPyContext, h: HPy) -> u32 {
    crate::stub(c"HPyLong_AsUInt32_t")
}

pub unsafe extern "C" fn HPyLong_AsUInt32_tMask(ctx: *mut HPyContext, h: HPy) -> u32 {
    crate::stub(c"HPyLong_AsUInt32_tMask")
}

pub unsafe extern "C" fn HPyLong_AsInt64_t(ctx: *mut HPyContext, h: HPy) -> i64 {
    crate::stub(c"HPyLong_AsInt64_t")
}

pub unsafe extern "C" fn HPyLong_AsUInt64_t(ctx: *mut HPyContext, h: HPy) -> u64 {
    crate::stub(c"HPyLong_AsUInt64_t")
}

pub unsafe extern "C" fn HPyLong_AsUInt64_tMask(ctx: *mut HPyContext, h: HPy) -> u64 {
    crate::stub(c"HPyLong_AsUInt64_tMask")
}

pub unsafe extern "C" fn HPyLong_AsSize_t(ctx: *mut HPyContext, h: HPy) -> usize {
    crate::stub(c"HPyLong_AsSize_t")
}

pub unsafe extern "C" fn HPyLong_AsSsize_t(ctx: *mut HPyContext, h: HPy) -> HPy_ssize_t {
    crate::stub(c"HPyLong_AsSsize_t")
}

pub unsafe extern "C" fn HPyLong_AsVoidPtr(ctx: *mut HPyContext, h: HPy) -> *mut c_void {
    crate::stub(c"HPyLong_AsVoidPtr")
}

pub unsafe extern "C" fn HPyLong_AsDouble(ctx: *mut HPyContext, h: HPy) -> f64 {
    crate::stub(c"HPyLong_AsDouble")
}
