//! What `gc.get_referents` sees.
//!
//! An instance holds its type, and the garbage collector has to know, or a class that holds an instance of
//! itself is never collected. `gc.get_referents` calls the same `tp_traverse`, but there programs of HPy's
//! have come to expect what the instance's fields hold, and nothing else. The two are told apart by their
//! visitors: we look once which one `gc.get_referents` passes.

use core::ffi::{c_int, c_void};
use core::ptr;
use core::sync::atomic::{AtomicPtr, Ordering};
use pyo3_ffi::*;

/// The visitor of `gc.get_referents`: a constant of this CPython. Null as long as it is not known.
static VISITOR: AtomicPtr<c_void> = AtomicPtr::new(ptr::null_mut());

/// Whether `visit` is what `gc.get_referents` passes.
#[inline]
pub fn is_listing(visit: visitproc) -> bool {
    ptr::eq(visit as *const c_void, VISITOR.load(Ordering::Relaxed))
}

unsafe extern "C" fn remember(_slf: *mut PyObject, visit: visitproc, _arg: *mut c_void) -> c_int {
    VISITOR.store(visit as *mut c_void, Ordering::Relaxed);
    0
}

/// Finds the visitor. False with an exception set on failure.
///
/// # Safety
/// The calling thread is attached.
pub unsafe fn look_up() -> bool {
    if !VISITOR.load(Ordering::Relaxed).is_null() {
        return true;
    }
    let mut slots = [
        PyType_Slot { slot: Py_tp_traverse, pfunc: remember as *mut c_void },
        PyType_Slot { slot: 0, pfunc: ptr::null_mut() },
    ];
    let mut spec = PyType_Spec {
        name: c"hpy.probe".as_ptr(),
        basicsize: 0,
        itemsize: 0,
        flags: (Py_TPFLAGS_DEFAULT | Py_TPFLAGS_HAVE_GC) as _,
        slots: slots.as_mut_ptr(),
    };
    let tp = PyType_FromSpec(&mut spec);
    if tp.is_null() {
        return false;
    }
    let instance = PyObject_CallObject(tp, ptr::null_mut());
    let gc = PyImport_ImportModule(c"gc".as_ptr());
    let mut listed = ptr::null_mut();
    if !instance.is_null() && !gc.is_null() {
        listed = PyObject_CallMethod(gc, c"get_referents".as_ptr(), c"O".as_ptr(), instance);
    }
    let done = !listed.is_null();
    Py_XDECREF(listed);
    Py_XDECREF(gc);
    Py_XDECREF(instance);
    Py_DECREF(tp);
    done
}
