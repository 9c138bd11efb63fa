use core::ffi::{c_char, c_int, c_void};
use hpy_sys::*;

pub unsafe extern "C" fn HPyDict_Check(ctx: *mut HPyContext, h: HPy) -> c_int {
    crate::stub(c"HPyDict_Check")
}

pub unsafe extern "C" fn HPyDict_New(ctx: *mut HPyContext) -> HPy {
    crate::stub(c"HPyDict_New")
}

pub unsafe extern "C" fn HPyDict_Keys(ctx: *mut HPyContext, h: HPy) -> HPy {
    crate::stub(c"HPyDict_Keys")
}

pub unsafe extern "C" fn HPyDict_Copy(ctx: *mut HPyContext, h: HPy) -> HPy {
    crate::stub(c"HPyDict_Copy")
}
