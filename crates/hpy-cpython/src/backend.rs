//! What contexts that wrap the base context call: see `hpy_sys::backend`.

use crate::handle::{handle, object};
use core::ffi::c_int;
#[cfg(not(Py_3_12))]
use core::ptr;
use hpy_sys::backend::Backend;
use hpy_sys::{HPy, HPyContext};
use pyo3_ffi::*;

/// The backend of every base context of this crate.
pub static BACKEND: Backend = Backend {
    type_from_spec: crate::type_::from_spec,
    set_call_function: crate::call::set_call_function,
    module_create: crate::module::create,
    module_exec: crate::module::exec,
    is_attached,
    call_from_trampoline: crate::trampoline::call_to,
    error_take,
    error_give,
    parallel,
    shape_of: crate::type_::shape_of,
    struct_facts: crate::type_::struct_facts,
    visit_fields: crate::type_::lifecycle::visit_fields,
    watch_destructors: crate::capsule::watch,
};

unsafe extern "C" fn parallel(_ctx: *mut HPyContext) -> c_int {
    cfg!(Py_GIL_DISABLED) as c_int
}

#[cfg(Py_3_12)]
pub unsafe extern "C" fn error_take(_ctx: *mut HPyContext) -> HPy {
    handle(PyErr_GetRaisedException())
}

#[cfg(Py_3_12)]
unsafe extern "C" fn error_give(_ctx: *mut HPyContext, exception: HPy) {
    PyErr_SetRaisedException(object(exception));
}

#[cfg(not(Py_3_12))]
pub unsafe extern "C" fn error_take(_ctx: *mut HPyContext) -> HPy {
    let (mut kind, mut value, mut traceback) = (ptr::null_mut(), ptr::null_mut(), ptr::null_mut());
    PyErr_Fetch(&mut kind, &mut value, &mut traceback);
    if kind.is_null() {
        return HPy::NULL;
    }
    PyErr_NormalizeException(&mut kind, &mut value, &mut traceback);
    if !traceback.is_null() {
        PyException_SetTraceback(value, traceback);
        Py_DECREF(traceback);
    }
    Py_DECREF(kind);
    handle(value)
}

#[cfg(not(Py_3_12))]
unsafe extern "C" fn error_give(_ctx: *mut HPyContext, exception: HPy) {
    let value = object(exception);
    if value.is_null() {
        PyErr_Clear();
        return;
    }
    let kind = Py_TYPE(value).cast::<PyObject>();
    Py_INCREF(kind);
    PyErr_Restore(kind, value, PyException_GetTraceback(value));
}

unsafe extern "C" fn is_attached(ctx: *mut HPyContext) -> c_int {
    let current = crate::thread::current();
    if current.is_null() {
        return 0;
    }
    (PyThreadState_GetInterpreter(current) == (*crate::state::of(ctx)).interpreter) as c_int
}
