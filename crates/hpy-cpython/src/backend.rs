//! What contexts that wrap the base context call: see `hpy_sys::backend`.

use core::ffi::c_int;
use hpy_sys::HPyContext;
use hpy_sys::backend::Backend;
use pyo3_ffi::*;

/// The backend of every base context of this crate.
pub static BACKEND: Backend = Backend {
    type_from_spec: crate::type_::from_spec,
    set_call_function: crate::call::set_call_function,
    module_create: crate::module::create,
    module_exec: crate::module::exec,
    is_attached,
};

unsafe extern "C" fn is_attached(ctx: *mut HPyContext) -> c_int {
    if PyGILState_GetThisThreadState().is_null() && PyThreadState_GetUnchecked().is_null() {
        return 0;
    }
    let current = PyThreadState_GetUnchecked();
    if current.is_null() {
        return 0;
    }
    (PyThreadState_GetInterpreter(current) == (*crate::state::of(ctx)).interpreter) as c_int
}

/// `PyThreadState_GetUnchecked`, under the name it had before 3.13.
#[cfg(not(Py_3_13))]
#[allow(non_snake_case)]
unsafe fn PyThreadState_GetUnchecked() -> *mut PyThreadState {
    unsafe extern "C" {
        fn _PyThreadState_UncheckedGet() -> *mut PyThreadState;
    }
    _PyThreadState_UncheckedGet()
}
