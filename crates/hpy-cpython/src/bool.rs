use core::ffi::{c_char, c_int, c_void};
use hpy_sys::*;

pub unsafe extern "C" fn HPyBool_FromBool(ctx: *mut HPyContext, v: bool) -> HPy {
    crate::stub(c"HPyBool_FromBool")
}
