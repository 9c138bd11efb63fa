use core::ffi::{c_char, c_int, c_void};
use hpy_sys::*;

pub unsafe extern "C" fn HPy_Compile_s(
    ctx: *mut HPyContext,
    utf8_source: *const c_char,
    utf8_filename: *const c_char,
    kind: HPy_SourceKind,
) -> HPy {
    crate::stub(c"HPy_Compile_s")
}

pub unsafe extern "C" fn HPy_EvalCode(
    ctx: *mut HPyContext,
    code: HPy,
    globals: HPy,
    locals: HPy,
) -> HPy {
    crate::stub(c"HPy_EvalCode")
}
