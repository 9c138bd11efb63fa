//! What one interpreter has of its own: its base context, its globals, its thunks.
//!
//! There is no process-wide mutable state but the counter of `HPyGlobal` indices (see [`crate::global`]).
//! The state is found through the interpreter's own dict, so that several copies of this crate in one
//! process (statically linked extensions) do not see each other.

use crate::{context, ext, global, thunk};
use alloc::boxed::Box;
use core::ffi::c_void;
use core::ptr;
use hpy_sys::HPyContext;
use hpy_sys::backend::CallTarget;
use hpy_sys::ext::HPyContextExt;
use pyo3_ffi::*;

/// The state of one interpreter.
pub struct InterpreterState {
    /// The base context; its `_private` points back here.
    pub base: Box<HPyContextExt>,
    /// The target of calls in universal mode: the base context, directly.
    pub direct: CallTarget,
    /// The values of this interpreter's `HPyGlobal`s.
    pub globals: global::Table,
    /// The executable thunks of this interpreter's definitions.
    pub thunks: thunk::Arena,
    /// The interpreter itself.
    pub interpreter: *mut PyInterpreterState,
}

/// Its address identifies this copy of the crate.
static COPY: u8 = 0;

const CAPSULE_NAME: &core::ffi::CStr = c"hpy_rs.interpreter_state";

/// The state that a base context belongs to.
///
/// # Safety
/// `ctx` is a live base context made by this crate.
#[inline(always)]
pub unsafe fn of(ctx: *mut HPyContext) -> *mut InterpreterState {
    (*ctx)._private.cast()
}

/// The state of the interpreter the calling thread is attached to, made at first use.
/// Null with an exception set on failure.
///
/// # Safety
/// The calling thread is attached.
pub unsafe fn current() -> *mut InterpreterState {
    let interpreter = PyInterpreterState_Get();
    let dict = PyInterpreterState_GetDict(interpreter);
    if dict.is_null() {
        PyErr_SetString(PyExc_RuntimeError, c"hpy: this interpreter has no state dict".as_ptr());
        return ptr::null_mut();
    }
    let key = PyLong_FromVoidPtr((&raw const COPY).cast_mut().cast());
    if key.is_null() {
        return ptr::null_mut();
    }
    let mut capsule = PyDict_GetItemWithError(dict, key);
    if capsule.is_null() && PyErr_Occurred().is_null() {
        // Two threads may get here at once; setdefault decides.
        let made = create(interpreter);
        if !made.is_null() {
            capsule = PyDict_SetDefault(dict, key, made);
            Py_DECREF(made);
        }
    }
    Py_DECREF(key);
    if capsule.is_null() {
        return ptr::null_mut();
    }
    PyCapsule_GetPointer(capsule, CAPSULE_NAME.as_ptr()).cast()
}

/// A new state in a capsule that frees it.
unsafe fn create(interpreter: *mut PyInterpreterState) -> *mut PyObject {
    let mut base = Box::new(HPyContextExt {
        base: context::template(),
        extensions: &raw const ext::EXTENSIONS,
    });
    if !context::fill_constants(&mut base.base) {
        return ptr::null_mut();
    }
    let ctx: *mut HPyContext = (&raw mut *base).cast();
    let state = Box::into_raw(Box::new(InterpreterState {
        base,
        direct: CallTarget { ctx, entries: ptr::null() },
        globals: global::Table::new(),
        thunks: thunk::Arena::new(),
        interpreter,
    }));
    (*ctx)._private = state.cast();
    let capsule = PyCapsule_New(state.cast::<c_void>(), CAPSULE_NAME.as_ptr(), Some(destroy));
    if capsule.is_null() {
        drop(Box::from_raw(state));
    }
    capsule
}

unsafe extern "C" fn destroy(capsule: *mut PyObject) {
    let state = PyCapsule_GetPointer(capsule, CAPSULE_NAME.as_ptr()).cast::<InterpreterState>();
    if !state.is_null() {
        (*state).globals.clear();
        context::drop_constants(&mut (*state).base.base);
        drop(Box::from_raw(state));
    }
}
