use core::ffi::{c_char, c_int, c_void};
use hpy_sys::*;

pub unsafe extern "C" fn HPy_GetIter(ctx: *mut HPyContext, obj: HPy) -> HPy {
    crate::stub(c"HPy_GetIter")
}

pub unsafe extern "C" fn HPyIter_Next(ctx: *mut HPyContext, obj: HPy) -> HPy {
    crate::stub(c"HPyIter_Next")
}

pub unsafe extern "C" fn HPyIter_Check(ctx: *mut HPyContext, obj: HPy) -> c_int {
    crate::stub(c"HPyIter_Check")
}
