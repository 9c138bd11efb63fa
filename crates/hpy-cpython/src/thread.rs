use core::ffi::{c_char, c_int, c_void};
use hpy_sys::*;

pub unsafe extern "C" fn HPy_ReenterPythonExecution(ctx: *mut HPyContext, state: HPyThreadState) {
    crate::stub(c"HPy_ReenterPythonExecution")
}

pub unsafe extern "C" fn HPy_LeavePythonExecution(ctx: *mut HPyContext) -> HPyThreadState {
    crate::stub(c"HPy_LeavePythonExecution")
}
