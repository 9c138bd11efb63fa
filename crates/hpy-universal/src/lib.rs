//! The Python module `hpy.universal`: finds a binary, negotiates versions, picks the mode.
//!
//! * [`library`]: opening a shared library and finding its symbols, per platform.
//! * [`image`]: whether a file is a whole library.
//! * [`binary`]: what a universal binary exports, and every check before its code runs.
//! * [`modes`]: the contexts a module can be loaded with, per interpreter.
//! * [`environ`]: what `HPY` and `HPY_LOG` say.
//! * [`load`]: from a checked binary to a Python module.
//! * [`direct`]: binaries that CPython imports itself.
//! * [`trampolines`]: which context a binary's own trampolines use, where there are no thunks.
//! * `gil`: turns the GIL of a free-threaded CPython on for modules that need it.
//! * [`python`]: the functions that Python sees.
//! * [`raise`]: Python exceptions from Rust text.
//!
//! # Safety
//!
//! Every `unsafe fn` here is called by a thread that is attached to a Python interpreter, with pointers to
//! live objects. Functions that raise return null, -1 or [`raise::Raised`] and leave the exception set.
#![allow(clippy::missing_safety_doc, unsafe_op_in_unsafe_fn)]
#![deny(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

mod binary;
mod direct;
mod environ;
#[cfg(Py_GIL_DISABLED)]
mod gil;
mod image;
mod library;
mod load;
mod modes;
mod python;
mod raise;
mod trampolines;

use core::ffi::c_int;
use pyo3_ffi::*;

/// A `PyModuleDef` that CPython may write to: it counts references and numbers the module.
#[repr(transparent)]
struct SharedDef(core::cell::UnsafeCell<PyModuleDef>);
// SAFETY: only CPython writes to the definition, under its own locks.
unsafe impl Sync for SharedDef {}

#[repr(transparent)]
struct Slots<const N: usize>([PyModuleDef_Slot; N]);
// SAFETY: nothing writes to the slots.
unsafe impl<const N: usize> Sync for Slots<N> {}

static SLOTS: Slots<{ 2 + cfg!(Py_3_12) as usize + cfg!(Py_3_13) as usize }> = Slots([
    PyModuleDef_Slot { slot: Py_mod_exec, value: exec as *mut core::ffi::c_void },
    #[cfg(Py_3_12)]
    PyModuleDef_Slot {
        slot: Py_mod_multiple_interpreters,
        value: Py_MOD_PER_INTERPRETER_GIL_SUPPORTED,
    },
    #[cfg(Py_3_13)]
    PyModuleDef_Slot { slot: Py_mod_gil, value: Py_MOD_GIL_NOT_USED },
    PyModuleDef_Slot { slot: 0, value: core::ptr::null_mut() },
]);

static DEF: SharedDef = SharedDef(core::cell::UnsafeCell::new(PyModuleDef {
    m_base: PyModuleDef_HEAD_INIT,
    m_name: c"hpy.universal".as_ptr(),
    m_doc: c"Loads universal HPy binaries: one file for every Python.".as_ptr(),
    m_size: 0,
    m_methods: python::METHODS.0.as_ptr().cast_mut(),
    m_slots: SLOTS.0.as_ptr().cast_mut(),
    m_traverse: None,
    m_clear: None,
    m_free: None,
}));

unsafe extern "C" fn exec(module: *mut PyObject) -> c_int {
    python::fill(module)
}

/// What CPython calls to import `hpy.universal`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn PyInit_universal() -> *mut PyObject {
    PyModuleDef_Init(DEF.0.get())
}
