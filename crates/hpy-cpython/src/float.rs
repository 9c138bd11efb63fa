use core::ffi::{c_char, c_int, c_void};
use hpy_sys::*;

pub unsafe extern "C" fn HPyFloat_FromDouble(ctx: *mut HPyContext, v: f64) -> HPy {
    crate::stub(c"HPyFloat_FromDouble")
}

pub unsafe extern "C" fn HPyFloat_AsDouble(ctx: *mut HPyContext, h: HPy) -> f64 {
    crate::stub(c"HPyFloat_AsDouble")
}
