use core::ffi::{c_char, c_int, c_void};
use hpy_sys::*;

pub unsafe extern "C" fn HPy_FromPyObject(ctx: *mut HPyContext, obj: *mut cpy_PyObject) -> HPy {
    crate::stub(c"HPy_FromPyObject")
}

pub unsafe extern "C" fn HPy_AsPyObject(ctx: *mut HPyContext, h: HPy) -> *mut cpy_PyObject {
    crate::stub(c"HPy_AsPyObject")
}
