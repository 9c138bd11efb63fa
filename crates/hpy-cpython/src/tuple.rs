use core::ffi::{c_char, c_int, c_void};
use hpy_sys::*;

pub unsafe extern "C" fn HPyTuple_Check(ctx: *mut HPyContext, h: HPy) -> c_int {
    crate::stub(c"HPyTuple_Check")
}

pub unsafe extern "C" fn HPyTuple_FromArray(
    ctx: *mut HPyContext,
    items: *const HPy,
    n: HPy_ssize_t,
) -> HPy {
    crate::stub(c"HPyTuple_FromArray")
}
