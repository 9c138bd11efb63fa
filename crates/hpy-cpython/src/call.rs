//! Calls of Python objects.

use crate::err::{null_argument, wrong_type};
use crate::handle::{handle, object, objects};
use core::ffi::c_int;
use hpy_sys::{HPy, HPyCallFunction, HPyContext};
use pyo3_ffi::*;

pub unsafe extern "C" fn HPyCallable_Check(_ctx: *mut HPyContext, h: HPy) -> c_int {
    PyCallable_Check(object(h))
}

/// Null stands for no positional or no keyword arguments.
pub unsafe extern "C" fn HPy_CallTupleDict(
    _ctx: *mut HPyContext,
    callable: HPy,
    args: HPy,
    kw: HPy,
) -> HPy {
    if callable.is_null() {
        return null_argument(c"HPy_CallTupleDict", c"callable");
    }
    if !args.is_null() && PyTuple_Check(object(args)) == 0 {
        PyErr_SetString(
            PyExc_TypeError,
            c"HPy_CallTupleDict requires args to be a tuple or null handle".as_ptr(),
        );
        return HPy::NULL;
    }
    if !kw.is_null() && PyDict_Check(object(kw)) == 0 {
        PyErr_SetString(
            PyExc_TypeError,
            c"HPy_CallTupleDict requires kw to be a dict or null handle".as_ptr(),
        );
        return HPy::NULL;
    }
    if !args.is_null() {
        return handle(PyObject_Call(object(callable), object(args), object(kw)));
    }
    let empty = PyTuple_New(0);
    if empty.is_null() {
        return HPy::NULL;
    }
    let result = PyObject_Call(object(callable), empty, object(kw));
    Py_DECREF(empty);
    handle(result)
}

/// `kwnames`, a tuple of the names of the last arguments, or null; `nargs` counts the others.
pub unsafe extern "C" fn HPy_Call(
    _ctx: *mut HPyContext,
    callable: HPy,
    args: *const HPy,
    nargs: usize,
    kwnames: HPy,
) -> HPy {
    if !kwnames.is_null() && PyTuple_Check(object(kwnames)) == 0 {
        return wrong_type(c"HPy_Call", c"kwnames as tuple", object(kwnames));
    }
    handle(vectorcall(object(callable), objects(args), nargs, object(kwnames)))
}

/// As `HPy_Call`, of the method `name` of `args[0]`, which `nargs` counts.
pub unsafe extern "C" fn HPy_CallMethod(
    _ctx: *mut HPyContext,
    name: HPy,
    args: *const HPy,
    nargs: usize,
    kwnames: HPy,
) -> HPy {
    if nargs == 0 || args.is_null() {
        return no_receiver();
    }
    if !kwnames.is_null() && PyTuple_Check(object(kwnames)) == 0 {
        return wrong_type(c"HPy_CallMethod", c"kwnames as tuple", object(kwnames));
    }
    handle(PyObject_VectorcallMethod(object(name), objects(args), nargs, object(kwnames)))
}

#[cold]
#[inline(never)]
unsafe fn no_receiver() -> HPy {
    handle(PyErr_Format(
        PyExc_TypeError,
        c"HPy_CallMethod: the first argument must be the object whose method is called".as_ptr(),
    ))
}

#[cfg(Py_3_11)]
use pyo3_ffi::PyObject_Vectorcall as vectorcall;

/// `PyObject_Vectorcall`, which is a function since 3.11.
#[cfg(not(Py_3_11))]
#[inline(always)]
unsafe fn vectorcall(
    callable: *mut PyObject,
    args: *const *mut PyObject,
    nargs: usize,
    kwnames: *mut PyObject,
) -> *mut PyObject {
    unsafe extern "C" {
        fn _PyObject_MakeTpCall(
            tstate: *mut PyThreadState,
            callable: *mut PyObject,
            args: *const *mut PyObject,
            nargs: Py_ssize_t,
            keywords: *mut PyObject,
        ) -> *mut PyObject;
        fn _Py_CheckFunctionResult(
            tstate: *mut PyThreadState,
            callable: *mut PyObject,
            result: *mut PyObject,
            place: *const core::ffi::c_char,
        ) -> *mut PyObject;
    }
    let thread = PyThreadState_Get();
    let ty = Py_TYPE(callable);
    let mut function: Option<vectorcallfunc> = None;
    if PyType_HasFeature(ty, Py_TPFLAGS_HAVE_VECTORCALL) != 0 {
        function = *callable.byte_offset((*ty).tp_vectorcall_offset).cast();
    }
    match function {
        Some(function) => {
            let result = function(callable, args, nargs, kwnames);
            _Py_CheckFunctionResult(thread, callable, result, core::ptr::null())
        }
        None => _PyObject_MakeTpCall(thread, callable, args, nargs as Py_ssize_t, kwnames),
    }
}

/// Replaces what a call of one object runs. 0, or -1 with a TypeError where the object's type has no call
/// functions.
pub unsafe extern "C" fn HPy_SetCallFunction(
    ctx: *mut HPyContext,
    h: HPy,
    func: *mut HPyCallFunction,
) -> c_int {
    let target = &raw const (*crate::state::of(ctx)).direct;
    crate::type_::call::set_call_function(target, h, func)
}

/// As [`HPy_SetCallFunction`], for a call function whose calls go to `target`.
pub unsafe extern "C" fn set_call_function(
    _ctx: *mut HPyContext,
    target: *const hpy_sys::backend::CallTarget,
    h: HPy,
    func: *mut HPyCallFunction,
) -> c_int {
    crate::type_::call::set_call_function(target, h, func)
}
