//! `PyInit_NAME` of an ordinary extension: the feature `cpython`.
//!
//! The runtime's context for CPython is linked in. The binary exports `PyInit_NAME` only, runs on the Python it
//! was built for, and needs no package `hpy`.

use core::ffi::c_void;
use hpy_sys::direct::HPyDirectModule;

/// Describes the module to CPython: what `PyInit_NAME` returns.
///
/// # Safety
/// CPython calls it to import the module.
pub unsafe fn init(module: &'static HPyDirectModule) -> *mut c_void {
    // SAFETY: the thread is attached, as CPython calls; the description is constant data.
    unsafe { hpy_cpython::standalone::definition_of(module).cast() }
}
