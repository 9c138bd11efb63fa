use core::ffi::{c_char, c_int, c_void};
use hpy_sys::*;

pub unsafe extern "C" fn HPyGlobal_Store(ctx: *mut HPyContext, global: *mut HPyGlobal, h: HPy) {
    crate::stub(c"HPyGlobal_Store")
}

pub unsafe extern "C" fn HPyGlobal_Load(ctx: *mut HPyContext, global: HPyGlobal) -> HPy {
    crate::stub(c"HPyGlobal_Load")
}

/// The values of one interpreter's globals.
pub struct Table {}
impl Table {
    pub fn new() -> Self {
        Table {}
    }
    pub unsafe fn clear(&mut self) {}
}
