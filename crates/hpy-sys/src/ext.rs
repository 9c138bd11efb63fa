//! What hpy-rs offers beyond the frozen base ABI, and how a binary asks for it without requiring it.
//!
//! A binary may export, beside the symbols every universal binary has:
//!
//! * `void HPyInitExtensions_NAME(uint32_t version)`: the runtime calls it before `HPyInit_NAME` and thereby
//!   promises that every context the binary gets is an [`HPyContextExt`]. A binary that was not called does
//!   without: PyPy's HPy and the C runtime know nothing of it.
//! * `uint32_t hpy_module_flags_NAME` (data): a combination of the `HPY_MODULE_*` flags.
//!
//! [`HPyExtensions`] grows at its end only; a function is there if the table's `size` reaches past it.

use crate::*;
use core::ffi::{c_int, c_void};

/// The version that the runtime passes to `HPyInitExtensions_NAME`.
pub const HPY_EXTENSIONS_VERSION: u32 = 1;

/// Module flag: the module does not need the GIL (free-threaded CPython keeps it off).
pub const HPY_MODULE_GIL_NOT_USED: u32 = 1;
/// Module flag: the module refuses to be imported in a subinterpreter.
pub const HPY_MODULE_MAIN_INTERPRETER_ONLY: u32 = 2;

/// A context of hpy-rs: the ABI's context and, behind it, the extensions that belong to it.
#[repr(C)]
pub struct HPyContextExt {
    pub base: HPyContext,
    /// Never null.
    pub extensions: *const HPyExtensions,
}

/// Functions beyond the base ABI. Each takes the context whose table this is.
#[repr(C)]
pub struct HPyExtensions {
    /// Size of the table in bytes, as the runtime has it.
    pub size: usize,
    /// Reads a list or tuple of floats (anything `float()` takes by `__float__` or `__index__`) into `out`.
    /// Returns the number of items, -1 with an exception. Writes nothing and returns the number of items
    /// where that is more than `capacity`.
    pub read_f64: unsafe extern "C" fn(
        ctx: *mut HPyContext,
        sequence: HPy,
        out: *mut f64,
        capacity: HPy_ssize_t,
    ) -> HPy_ssize_t,
    /// The same for integers, as `HPyLong_AsInt64_t` reads them.
    pub read_i64: unsafe extern "C" fn(
        ctx: *mut HPyContext,
        sequence: HPy,
        out: *mut i64,
        capacity: HPy_ssize_t,
    ) -> HPy_ssize_t,
    /// A new list of floats. Null with an exception on failure.
    pub list_from_f64:
        unsafe extern "C" fn(ctx: *mut HPyContext, values: *const f64, count: HPy_ssize_t) -> HPy,
    /// A new list of ints.
    pub list_from_i64:
        unsafe extern "C" fn(ctx: *mut HPyContext, values: *const i64, count: HPy_ssize_t) -> HPy,
    /// A new tuple of floats.
    pub tuple_from_f64:
        unsafe extern "C" fn(ctx: *mut HPyContext, values: *const f64, count: HPy_ssize_t) -> HPy,
    /// A new tuple of ints.
    pub tuple_from_i64:
        unsafe extern "C" fn(ctx: *mut HPyContext, values: *const i64, count: HPy_ssize_t) -> HPy,
    /// `PyObject_GetBuffer`: fills `view` with a view of the object's memory; `flags` are `PyBUF_*`.
    /// 0, or -1 with an exception. `view->obj` is owned by the view.
    pub buffer_get: unsafe extern "C" fn(
        ctx: *mut HPyContext,
        h: HPy,
        view: *mut HPy_buffer,
        flags: c_int,
    ) -> c_int,
    /// `PyBuffer_Release`.
    pub buffer_release: unsafe extern "C" fn(ctx: *mut HPyContext, view: *mut HPy_buffer),
    /// `PyGILState_Ensure`, for the interpreter of `ctx`: attaches the calling thread, which may be one that
    /// Python has never seen. The result goes to `thread_detach`; null if the interpreter is shutting down.
    pub thread_attach: unsafe extern "C" fn(ctx: *mut HPyContext) -> *mut c_void,
    /// Undoes `thread_attach`.
    pub thread_detach: unsafe extern "C" fn(ctx: *mut HPyContext, token: *mut c_void),
    /// Takes the pending exception away: a new handle of the exception object with its traceback, null if none
    /// is pending. `PyErr_GetRaisedException`.
    pub error_take: unsafe extern "C" fn(ctx: *mut HPyContext) -> HPy,
}
