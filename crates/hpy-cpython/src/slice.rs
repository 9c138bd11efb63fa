use core::ffi::{c_char, c_int, c_void};
use hpy_sys::*;

pub unsafe extern "C" fn HPySlice_Unpack(
    ctx: *mut HPyContext,
    slice: HPy,
    start: *mut HPy_ssize_t,
    stop: *mut HPy_ssize_t,
    step: *mut HPy_ssize_t,
) -> c_int {
    crate::stub(c"HPySlice_Unpack")
}

pub unsafe extern "C" fn HPy_GetSlice(
    ctx: *mut HPyContext,
    obj: HPy,
    start: HPy_ssize_t,
    end: HPy_ssize_t,
) -> HPy {
    crate::stub(c"HPy_GetSlice")
}

pub unsafe extern "C" fn HPy_SetSlice(
    ctx: *mut HPyContext,
    obj: HPy,
    start: HPy_ssize_t,
    end: HPy_ssize_t,
    value: HPy,
) -> c_int {
    crate::stub(c"HPy_SetSlice")
}

pub unsafe extern "C" fn HPy_DelSlice(
    ctx: *mut HPyContext,
    obj: HPy,
    start: HPy_ssize_t,
    end: HPy_ssize_t,
) -> c_int {
    crate::stub(c"HPy_DelSlice")
}

pub unsafe extern "C" fn HPySlice_New(
    ctx: *mut HPyContext,
    start: HPy,
    stop: HPy,
    step: HPy,
) -> HPy {
    crate::stub(c"HPySlice_New")
}
