use core::ffi::{c_char, c_int, c_void};
use hpy_sys::*;

pub unsafe extern "C" fn HPyImport_ImportModule(
    ctx: *mut HPyContext,
    utf8_name: *const c_char,
) -> HPy {
    crate::stub(c"HPyImport_ImportModule")
}
