use core::ffi::{c_char, c_int, c_void};
use hpy_sys::*;

pub unsafe extern "C" fn HPyCapsule_New(
    ctx: *mut HPyContext,
    pointer: *mut c_void,
    utf8_name: *const c_char,
    destructor: *mut HPyCapsule_Destructor,
) -> HPy {
    crate::stub(c"HPyCapsule_New")
}

pub unsafe extern "C" fn HPyCapsule_Get(
    ctx: *mut HPyContext,
    capsule: HPy,
    key: HPyCapsule_key,
    utf8_name: *const c_char,
) -> *mut c_void {
    crate::stub(c"HPyCapsule_Get")
}

pub unsafe extern "C" fn HPyCapsule_IsValid(
    ctx: *mut HPyContext,
    capsule: HPy,
    utf8_name: *const c_char,
) -> c_int {
    crate::stub(c"HPyCapsule_IsValid")
}

pub unsafe extern "C" fn HPyCapsule_Set(
    ctx: *mut HPyContext,
    capsule: HPy,
    key: HPyCapsule_key,
    value: *mut c_void,
) -> c_int {
    crate::stub(c"HPyCapsule_Set")
}
