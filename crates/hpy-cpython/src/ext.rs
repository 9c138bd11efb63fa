//! The extensions of the base context: see `hpy_sys::ext`.

use core::ffi::{c_int, c_void};
use hpy_sys::ext::HPyExtensions;
use hpy_sys::*;

/// The extension table of every base context.
pub static EXTENSIONS: HPyExtensions = HPyExtensions {
    size: size_of::<HPyExtensions>(),
    read_f64,
    read_i64,
    list_from_f64,
    list_from_i64,
    tuple_from_f64,
    tuple_from_i64,
    buffer_get,
    buffer_release,
    thread_attach,
    thread_detach,
};

unsafe extern "C" fn read_f64(
    _: *mut HPyContext,
    _: HPy,
    _: *mut f64,
    _: HPy_ssize_t,
) -> HPy_ssize_t {
    crate::stub(c"read_f64")
}
unsafe extern "C" fn read_i64(
    _: *mut HPyContext,
    _: HPy,
    _: *mut i64,
    _: HPy_ssize_t,
) -> HPy_ssize_t {
    crate::stub(c"read_i64")
}
unsafe extern "C" fn list_from_f64(_: *mut HPyContext, _: *const f64, _: HPy_ssize_t) -> HPy {
    crate::stub(c"list_from_f64")
}
unsafe extern "C" fn list_from_i64(_: *mut HPyContext, _: *const i64, _: HPy_ssize_t) -> HPy {
    crate::stub(c"list_from_i64")
}
unsafe extern "C" fn tuple_from_f64(_: *mut HPyContext, _: *const f64, _: HPy_ssize_t) -> HPy {
    crate::stub(c"tuple_from_f64")
}
unsafe extern "C" fn tuple_from_i64(_: *mut HPyContext, _: *const i64, _: HPy_ssize_t) -> HPy {
    crate::stub(c"tuple_from_i64")
}
unsafe extern "C" fn buffer_get(_: *mut HPyContext, _: HPy, _: *mut HPy_buffer, _: c_int) -> c_int {
    crate::stub(c"buffer_get")
}
unsafe extern "C" fn buffer_release(_: *mut HPyContext, _: *mut HPy_buffer) {
    crate::stub(c"buffer_release")
}
unsafe extern "C" fn thread_attach(_: *mut HPyContext) -> *mut c_void {
    crate::stub(c"thread_attach")
}
unsafe extern "C" fn thread_detach(_: *mut HPyContext, _: *mut c_void) {
    crate::stub(c"thread_detach")
}
