//! Calling instances: `HPy_tp_call` and `HPy_SetCallFunction`.
//!
//! An instance of a callable type has a call function of its own, a `vectorcallfunc` behind its struct. It
//! starts as the type's `HPy_tp_call`; `HPy_SetCallFunction` replaces it. Instances of subtypes written in
//! Python start with null there, which CPython takes for "use `tp_call`": ours then fills it in. Where the
//! size of instances varies there is no place for it, and `tp_call` calls the type's function directly.

use super::info::{self, TypeInfo};
use crate::bind::of_type;
use crate::handle::object;
use crate::layout::{TUPLE_ITEMS, set_tuple_item};
use crate::lock::Locked;
use crate::raise::raise;
use alloc::vec::Vec;
use core::ffi::{c_int, c_void};
use core::sync::atomic::{AtomicPtr, Ordering::Relaxed};
use core::{mem, ptr};
use hpy_sys::backend::CallTarget;
use hpy_sys::*;
use pyo3_ffi::*;

/// The bound call functions of a type's instances, by target and implementation.
pub struct CallCache(Locked<Vec<Bound>>);

impl Default for CallCache {
    fn default() -> Self {
        CallCache(Locked::new(Vec::new()))
    }
}

struct Bound {
    target: *const CallTarget,
    imp: *const c_void,
    code: *const c_void,
}

/// `tp_call` of types whose instances have a call function.
pub unsafe extern "C" fn call_function(
    callable: *mut PyObject,
    args: *mut PyObject,
    kw: *mut PyObject,
) -> *mut PyObject {
    let tp = Py_TYPE(callable);
    let field = callable.byte_offset((*tp).tp_vectorcall_offset).cast::<*const c_void>();
    if field.read().is_null() {
        let (_, info) = info::nearest(tp);
        let code = info.as_ref().map_or(ptr::null(), |info| info.call);
        if code.is_null() {
            raise!(
                PyExc_TypeError,
                c"this '%.200s' object has no call function: see HPy_SetCallFunction",
                (*tp).tp_name
            );
            return ptr::null_mut();
        }
        // Unless another thread has just set one.
        let (null, place) = (ptr::null_mut(), AtomicPtr::from_ptr(field.cast_mut().cast()));
        let _ = place.compare_exchange(null, code.cast_mut(), Relaxed, Relaxed);
    }
    PyVectorcall_Call(callable, args, kw)
}

/// `tp_call` of types whose instances have no room for a call function.
pub unsafe extern "C" fn call_type_function(
    callable: *mut PyObject,
    args: *mut PyObject,
    kw: *mut PyObject,
) -> *mut PyObject {
    let (_, info) = info::nearest(Py_TYPE(callable));
    let code = info.as_ref().map_or(ptr::null(), |info| info.call);
    if code.is_null() {
        raise!(PyExc_TypeError, c"'%.200s' object is not callable", (*Py_TYPE(callable)).tp_name);
        return ptr::null_mut();
    }
    // SAFETY: `call` is null or the address of a `vectorcallfunc`.
    let function = mem::transmute::<*const c_void, vectorcallfunc>(code);
    let items = args.byte_add(TUPLE_ITEMS).cast::<*mut PyObject>().cast_const();
    let count = PyTuple_GET_SIZE(args);
    if kw.is_null() || PyDict_Size(kw) == 0 {
        return function(callable, items, count as usize, ptr::null_mut());
    }
    let names = PyTuple_New(PyDict_Size(kw));
    if names.is_null() {
        return ptr::null_mut();
    }
    let mut values = Vec::with_capacity((count + PyDict_Size(kw)) as usize);
    for index in 0..count {
        values.push(*items.offset(index));
    }
    let (mut position, mut index) = (0, 0);
    let (mut name, mut value) = (ptr::null_mut(), ptr::null_mut());
    while PyDict_Next(kw, &mut position, &mut name, &mut value) != 0 {
        Py_INCREF(name);
        set_tuple_item(names, index, name);
        // The callee may change the dict.
        Py_INCREF(value);
        values.push(value);
        index += 1;
    }
    let result = function(callable, values.as_ptr(), count as usize, names);
    for &value in values.iter().skip(count as usize) {
        Py_DECREF(value);
    }
    Py_DECREF(names);
    result
}

/// Replaces the call function of one object. 0, or -1 with a TypeError where the object's type has none.
///
/// # Safety
/// The calling thread is attached; `target` outlives the object's type.
pub unsafe fn set_call_function(
    target: *const CallTarget,
    h: HPy,
    func: *mut HPyCallFunction,
) -> c_int {
    let callable = object(h);
    let tp = Py_TYPE(callable);
    let (_, info) = info::nearest(tp);
    let offset = (*tp).tp_vectorcall_offset;
    let Some(info) = info.as_ref().filter(|_| offset > 0) else {
        raise!(
            PyExc_TypeError,
            c"HPy_SetCallFunction: '%.200s' objects have no call function of their own; the type needs \
              the slot HPy_tp_call or a member __vectorcalloffset__",
            (*tp).tp_name
        );
        return -1;
    };
    let Some(func) = func.as_ref() else {
        PyErr_SetString(
            PyExc_ValueError,
            c"HPy_SetCallFunction: the call function is NULL".as_ptr(),
        );
        return -1;
    };
    let code = bound(info, target, func, (*tp).tp_name);
    if code.is_null() {
        return -1;
    }
    callable.byte_offset(offset).cast::<*const c_void>().write(code);
    0
}

/// The address of a bound call function; null with an exception set on failure.
unsafe fn bound(
    info: &TypeInfo,
    target: *const CallTarget,
    func: &HPyCallFunction,
    type_name: *const core::ffi::c_char,
) -> *const c_void {
    let imp = func.imp.cast_const();
    let found = info.calls.0.with(|calls| {
        calls.iter().find(|one| one.imp == imp && one.target == target).map(|one| one.code)
    });
    if let Some(code) = found {
        return code;
    }
    let name = of_type(&info.tables.name, c"(call function)".as_ptr());
    let code = info.bindings.with(|bindings| {
        if bindings.target() == target {
            bindings.bind(HPyFunc_VECTORCALLFUNC, imp, func.cpy_trampoline, name)
        } else {
            bindings.bind_for(target, HPyFunc_VECTORCALLFUNC, imp, func.cpy_trampoline, name)
        }
    });
    if code.is_null() {
        raise!(
            PyExc_SystemError,
            c"HPy_SetCallFunction: the call function for '%.200s' has no implementation, or thunks are off \
              and it has no cpy_trampoline",
            type_name
        );
        return code;
    }
    info.calls.0.with(|calls| calls.push(Bound { target, imp, code }));
    code
}
