use core::ffi::{c_char, c_int, c_void};
use hpy_sys::*;

pub unsafe extern "C" fn HPyList_Check(ctx: *mut HPyContext, h: HPy) -> c_int {
    crate::stub(c"HPyList_Check")
}

pub unsafe extern "C" fn HPyList_New(ctx: *mut HPyContext, len: HPy_ssize_t) -> HPy {
    crate::stub(c"HPyList_New")
}

pub unsafe extern "C" fn HPyList_Append(ctx: *mut HPyContext, h_list: HPy, h_item: HPy) -> c_int {
    crate::stub(c"HPyList_Append")
}

pub unsafe extern "C" fn HPyList_Insert(
    ctx: *mut HPyContext,
    h_list: HPy,
    index: HPy_ssize_t,
    h_item: HPy,
) -> c_int {
    crate::stub(c"HPyList_Insert")
}
