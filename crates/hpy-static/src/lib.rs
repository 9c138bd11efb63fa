//! HPy inside an ordinary CPython extension: what a C source compiled for the cpython ABI links in.
//!
//! It is hpy-cpython itself, and one entry: [`_HPyDirect_Init`], which the extension's `PyInit_NAME` calls. The
//! extension gets a context like any universal binary and calls through it what `hpy.h` does not map to
//! the C API inline. The archive has no other global name; C declares this one hidden, and the linker
//! takes the stricter of the two, so that two extensions in one process do not see each other.
//!
//! Built with `--profile static`: small, and a panic (there should be none) ends the process.
#![allow(unsafe_op_in_unsafe_fn)]
#![cfg_attr(
    not(test),
    deny(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)
)]

mod support;

use hpy_sys::direct::HPyDirectModule;
use pyo3_ffi::PyObject;

/// What `PyInit_NAME` returns: the definition of the module that CPython then makes and executes. Not null.
///
/// # Safety
/// The calling thread is attached to an interpreter; `module` is constant data of the binary.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn _HPyDirect_Init(module: *const HPyDirectModule) -> *mut PyObject {
    hpy_cpython::standalone::definition_of(module)
}
