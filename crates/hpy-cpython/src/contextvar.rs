use core::ffi::{c_char, c_int, c_void};
use hpy_sys::*;

pub unsafe extern "C" fn HPyContextVar_New(
    ctx: *mut HPyContext,
    name: *const c_char,
    default_value: HPy,
) -> HPy {
    crate::stub(c"HPyContextVar_New")
}

pub unsafe extern "C" fn HPyContextVar_Get(
    ctx: *mut HPyContext,
    context_var: HPy,
    default_value: HPy,
    result: *mut HPy,
) -> i32 {
    crate::stub(c"HPyContextVar_Get")
}

pub unsafe extern "C" fn HPyContextVar_Set(
    ctx: *mut HPyContext,
    context_var: HPy,
    value: HPy,
) -> HPy {
    crate::stub(c"HPyContextVar_Set")
}
