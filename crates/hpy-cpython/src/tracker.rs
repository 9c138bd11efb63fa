use core::ffi::{c_char, c_int, c_void};
use hpy_sys::*;

pub unsafe extern "C" fn HPyTracker_New(ctx: *mut HPyContext, size: HPy_ssize_t) -> HPyTracker {
    crate::stub(c"HPyTracker_New")
}

pub unsafe extern "C" fn HPyTracker_Add(ctx: *mut HPyContext, ht: HPyTracker, h: HPy) -> c_int {
    crate::stub(c"HPyTracker_Add")
}

pub unsafe extern "C" fn HPyTracker_ForgetAll(ctx: *mut HPyContext, ht: HPyTracker) {
    crate::stub(c"HPyTracker_ForgetAll")
}

pub unsafe extern "C" fn HPyTracker_Close(ctx: *mut HPyContext, ht: HPyTracker) {
    crate::stub(c"HPyTracker_Close")
}
