//! Leaving Python and coming back.

use alloc::boxed::Box;
use core::ffi::c_void;
use core::ptr;
use hpy_sys::{HPyContext, HPyThreadState};
use pyo3_ffi::*;

pub unsafe extern "C" fn HPy_ReenterPythonExecution(_ctx: *mut HPyContext, state: HPyThreadState) {
    PyEval_RestoreThread(state._i as *mut PyThreadState)
}

pub unsafe extern "C" fn HPy_LeavePythonExecution(_ctx: *mut HPyContext) -> HPyThreadState {
    HPyThreadState { _i: PyEval_SaveThread() as isize }
}

/// How a thread got attached, and what to do to undo it.
enum Attached {
    /// It was attached already.
    Already,
    /// By CPython's own bookkeeping, which knows the main interpreter only.
    Main(PyGILState_STATE),
    /// With a thread state of its own; `before` is the one (of another interpreter) it had.
    Own { own: *mut PyThreadState, before: *mut PyThreadState },
}

/// Attaches the calling thread, which Python may never have seen, to `interpreter`. What it returns goes to
/// [`detach`]; null where the interpreter is shutting down.
///
/// # Safety
/// The interpreter is alive.
pub unsafe fn attach(interpreter: *mut PyInterpreterState) -> *mut c_void {
    let before = current();
    let attached = if !before.is_null() && PyThreadState_GetInterpreter(before) == interpreter {
        Attached::Already
    } else if is_finalizing() {
        return ptr::null_mut();
    } else if before.is_null() && interpreter == PyInterpreterState_Main() {
        Attached::Main(PyGILState_Ensure())
    } else {
        let own = PyThreadState_New(interpreter);
        if own.is_null() {
            return ptr::null_mut();
        }
        if before.is_null() {
            PyEval_RestoreThread(own);
        } else {
            PyThreadState_Swap(own);
        }
        Attached::Own { own, before }
    };
    Box::into_raw(Box::new(attached)).cast()
}

/// Undoes [`attach`]; null is ignored.
///
/// # Safety
/// `token` came from `attach` on this thread and was not used yet.
pub unsafe fn detach(token: *mut c_void) {
    if token.is_null() {
        return;
    }
    match *Box::from_raw(token.cast::<Attached>()) {
        Attached::Already => {}
        Attached::Main(state) => PyGILState_Release(state),
        Attached::Own { own, before } => {
            PyThreadState_Clear(own);
            if before.is_null() {
                PyThreadState_DeleteCurrent();
            } else {
                PyThreadState_Swap(before);
                PyThreadState_Delete(own);
            }
        }
    }
}

/// The calling thread's state if it is attached to some interpreter, else null.
#[cfg(Py_3_12)]
pub(crate) unsafe fn current() -> *mut PyThreadState {
    #[cfg(Py_3_13)]
    return PyThreadState_GetUnchecked();
    #[cfg(not(Py_3_13))]
    unchecked()
}

/// The calling thread's state if it is attached to some interpreter, else null.
///
/// Before 3.12 CPython has one current thread state in the process, that of whichever thread holds the GIL:
/// it is the caller's if it is the one that CPython keeps per thread. A thread that runs a subinterpreter
/// has another one current than that, so the state of a subinterpreter is taken for the caller's wherever
/// the caller is a thread that Python knows.
#[cfg(not(Py_3_12))]
pub(crate) unsafe fn current() -> *mut PyThreadState {
    let running = unchecked();
    let own = PyGILState_GetThisThreadState();
    if running.is_null() || own.is_null() {
        return ptr::null_mut();
    }
    if running == own || PyThreadState_GetInterpreter(running) != PyInterpreterState_Main() {
        return running;
    }
    ptr::null_mut()
}

/// `PyThreadState_GetUnchecked`, under the name it had before 3.13.
#[cfg(not(Py_3_13))]
unsafe fn unchecked() -> *mut PyThreadState {
    unsafe extern "C" {
        fn _PyThreadState_UncheckedGet() -> *mut PyThreadState;
    }
    _PyThreadState_UncheckedGet()
}

unsafe fn is_finalizing() -> bool {
    #[cfg(Py_3_13)]
    return Py_IsFinalizing() != 0;
    #[cfg(not(Py_3_13))]
    {
        unsafe extern "C" {
            fn _Py_IsFinalizing() -> core::ffi::c_int;
        }
        _Py_IsFinalizing() != 0
    }
}
