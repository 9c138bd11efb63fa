//! Classes written in Python, as subtypes and as bases of types made from specs.
//!
//! CPython's functions for them (`subtype_dealloc`, `subtype_traverse`, `subtype_clear`) start at an
//! instance's own type, do what the slots and the dict of each class need, stop at the first type that has
//! another function and call that. Ours must know them to tell what is left to do.

use core::ffi::c_void;
use core::ptr;
use core::sync::atomic::{AtomicPtr, Ordering};
use pyo3_ffi::*;

/// The address of CPython's `subtype_traverse`, which has no name outside of it: a constant that is found
/// by looking at a class.
static SUBTYPE_TRAVERSE: AtomicPtr<c_void> = AtomicPtr::new(ptr::null_mut());

/// The same for `subtype_dealloc`.
static SUBTYPE_DEALLOC: AtomicPtr<c_void> = AtomicPtr::new(ptr::null_mut());

/// Finds the addresses of CPython's functions for classes. False with an exception set on failure.
///
/// # Safety
/// The calling thread is attached.
pub unsafe fn look_up() -> bool {
    if !SUBTYPE_TRAVERSE.load(Ordering::Acquire).is_null() {
        return true;
    }
    let class = PyObject_CallFunction(
        (&raw mut PyType_Type).cast(),
        c"s(){}".as_ptr(),
        c"hpy_probe".as_ptr(),
    );
    if class.is_null() {
        return false;
    }
    let tp = class.cast::<PyTypeObject>();
    let dealloc = (*tp).tp_dealloc.map_or(ptr::null_mut(), |function| function as *mut c_void);
    SUBTYPE_DEALLOC.store(dealloc, Ordering::Relaxed);
    let traverse = (*tp).tp_traverse.map_or(ptr::null_mut(), |function| function as *mut c_void);
    SUBTYPE_TRAVERSE.store(traverse, Ordering::Release);
    Py_DECREF(class);
    true
}

/// CPython's `subtype_dealloc`; None before [`look_up`].
#[cfg(not(Py_3_12))]
pub fn subtype_dealloc() -> Option<destructor> {
    let address = SUBTYPE_DEALLOC.load(Ordering::Relaxed);
    // SAFETY: null or the `tp_dealloc` of a class.
    unsafe { core::mem::transmute::<*mut c_void, Option<destructor>>(address) }
}

/// Whether a type's instances are traversed as CPython does it for classes written in Python.
///
/// # Safety
/// `tp` is a type.
pub unsafe fn is_class(tp: *mut PyTypeObject) -> bool {
    let known = SUBTYPE_TRAVERSE.load(Ordering::Acquire).cast_const();
    let traverse = (*tp).tp_traverse.map(|function| function as *const c_void);
    PyType_HasFeature(tp, Py_TPFLAGS_HEAPTYPE) != 0 && traverse == Some(known)
}

/// Whether a type's instances are deallocated as CPython does it for classes written in Python.
///
/// # Safety
/// `tp` is a type.
pub unsafe fn ends_as_class(tp: *mut PyTypeObject) -> bool {
    let known = SUBTYPE_DEALLOC.load(Ordering::Relaxed).cast_const();
    (*tp).tp_dealloc.map(|function| function as *const c_void) == Some(known)
}

/// Gives up an instance's dict.
///
/// # Safety
/// `slf` is an object whose dict lies at the end of it.
pub unsafe fn clear_dict(slf: *mut PyObject) {
    unsafe extern "C" {
        /// Where an instance keeps its dict; null if it has none.
        fn _PyObject_GetDictPtr(object: *mut PyObject) -> *mut *mut PyObject;
    }
    let dict = _PyObject_GetDictPtr(slf);
    if !dict.is_null() {
        let old = *dict;
        *dict = ptr::null_mut();
        Py_XDECREF(old);
    }
}
