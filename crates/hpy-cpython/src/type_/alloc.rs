//! Making instances.

use super::{info, shape};
use crate::raise::raise;
use core::ffi::c_void;
use core::ptr;
use hpy_sys::*;
use pyo3_ffi::*;

/// `HPy_New`: an instance of `h_type` without arguments, its struct all zero; `data` gets the struct's
/// address. Null with an exception set on failure.
///
/// # Safety
/// `h_type` is an object; `data` is null or writable.
pub unsafe fn new_instance(h_type: *mut PyObject, data: *mut *mut c_void) -> *mut PyObject {
    if PyType_Check(h_type) == 0 {
        raise!(
            PyExc_TypeError,
            c"HPy_New: expected a type as second argument, got an object of type '%.200s'",
            (*Py_TYPE(h_type)).tp_name
        );
        return ptr::null_mut();
    }
    let tp = h_type.cast::<PyTypeObject>();
    let (_, info) = info::nearest(tp);
    let (shape, maker) = match info.as_ref() {
        Some(info) => (info.shape, info.maker),
        None => (HPyType_BuiltinShape_Legacy, maker_of(tp)),
    };
    let made = make(tp, maker);
    if !made.is_null() && !data.is_null() {
        *data = shape::struct_of(shape, made);
    }
    made
}

/// `HPyType_GenericNew`, `object.__new__` that takes any arguments. Null with an exception set on failure.
///
/// # Safety
/// As [`new_instance`].
pub unsafe fn generic_new(h_type: *mut PyObject) -> *mut PyObject {
    if PyType_Check(h_type) == 0 {
        raise!(
            PyExc_TypeError,
            c"HPyType_GenericNew: expected a type as second argument, got an object of type '%.200s'",
            (*Py_TYPE(h_type)).tp_name
        );
        return ptr::null_mut();
    }
    let tp = h_type.cast::<PyTypeObject>();
    let (_, info) = info::nearest(tp);
    make(tp, info.as_ref().map_or_else(|| maker_of(tp), |info| info.maker))
}

#[inline(always)]
unsafe fn make(tp: *mut PyTypeObject, maker: *mut PyTypeObject) -> *mut PyObject {
    if !maker.is_null() {
        return make_built_in(tp, maker);
    }
    match (*tp).tp_alloc {
        Some(alloc) => alloc(tp, 0),
        None => PyType_GenericAlloc(tp, 0),
    }
}

/// An instance of a subtype of a built-in type whose struct must not be all zero.
#[cold]
unsafe fn make_built_in(tp: *mut PyTypeObject, maker: *mut PyTypeObject) -> *mut PyObject {
    let Some(new) = (*maker).tp_new else {
        raise!(
            PyExc_TypeError,
            c"HPy_New: cannot create instances of '%.200s': its base '%.200s' has no __new__",
            (*tp).tp_name,
            (*maker).tp_name
        );
        return ptr::null_mut();
    };
    if ptr::eq(maker, &raw const PyType_Type) {
        raise!(
            PyExc_TypeError,
            c"HPy_New: cannot create instances of the metaclass '%.200s'; use HPyType_FromSpec with \
              HPyType_SpecParam_Metaclass",
            (*tp).tp_name
        );
        return ptr::null_mut();
    }
    let none = PyTuple_New(0);
    if none.is_null() {
        return ptr::null_mut();
    }
    let made = new(tp, none, ptr::null_mut());
    Py_DECREF(none);
    made
}

/// The built-in type (or static type of another extension) that `tp` extends, if its instances cannot be
/// made by allocating zeroes; null for `object`.
///
/// # Safety
/// `tp` is a type.
pub unsafe fn maker_of(mut tp: *mut PyTypeObject) -> *mut PyTypeObject {
    while PyType_HasFeature(tp, Py_TPFLAGS_HEAPTYPE) != 0 {
        tp = (*tp).tp_base;
        if tp.is_null() {
            return tp;
        }
    }
    if ptr::eq(tp, &raw const PyBaseObject_Type) { ptr::null_mut() } else { tp }
}

/// `tp_alloc` of types whose instances have a call function: puts the type's own in it, so that calls need
/// no detour. Subtypes written in Python have CPython's `tp_alloc`: see [`super::call`].
pub unsafe extern "C" fn alloc_callable(tp: *mut PyTypeObject, count: Py_ssize_t) -> *mut PyObject {
    let made = PyType_GenericAlloc(tp, count);
    if !made.is_null() {
        let (_, info) = info::nearest(tp);
        let offset = (*tp).tp_vectorcall_offset;
        if let Some(info) = info.as_ref()
            && offset > 0
        {
            made.byte_offset(offset).cast::<*const c_void>().write(info.call);
        }
    }
    made
}
