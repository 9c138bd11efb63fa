//! Bases written in Python: what CPython's own `subtype_traverse` and `subtype_clear` do for the slots and
//! the dict of a class. Those functions start at an instance's own type and go along the bases as long as
//! these have them too, so they cannot be called for a base of a type that has functions of its own.

use core::ffi::{c_int, c_void};
use core::ptr;
use core::sync::atomic::{AtomicPtr, Ordering};
use hpy_sys::HPyMember_OBJECT_EX;
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

/// Visits what a class adds to an instance: its `__slots__` and its dict.
///
/// # Safety
/// `tp` is a base of the instance's type and [`is_class`].
pub unsafe fn traverse_class(
    tp: *mut PyTypeObject,
    slf: *mut PyObject,
    visit: visitproc,
    arg: *mut c_void,
) -> c_int {
    let mut result = 0;
    each_slot(tp, slf, |slot| {
        let value = *slot;
        if result == 0 && !value.is_null() {
            result = visit(value, arg);
        }
    });
    if result != 0 || !adds_dict(tp) {
        return result;
    }
    dict::visit(slf, visit, arg)
}

/// Gives up what a class adds to an instance.
///
/// # Safety
/// As [`traverse_class`].
pub unsafe fn clear_class(tp: *mut PyTypeObject, slf: *mut PyObject) {
    each_slot(tp, slf, |slot| {
        let old = *slot;
        *slot = ptr::null_mut();
        Py_XDECREF(old);
    });
    if adds_dict(tp) {
        clear_dict(slf);
    }
}

/// Gives up an instance's dict.
///
/// # Safety
/// `slf` is an object whose type has a dict.
pub unsafe fn clear_dict(slf: *mut PyObject) {
    dict::clear(slf);
}

/// Whether instances have a dict because of this class and not because of its base.
unsafe fn adds_dict(tp: *mut PyTypeObject) -> bool {
    let base = (*tp).tp_base;
    (*tp).tp_dictoffset != 0 && (base.is_null() || (*base).tp_dictoffset == 0)
}

/// Calls `f` with each place of a class's `__slots__` in an instance.
unsafe fn each_slot(
    tp: *mut PyTypeObject,
    slf: *mut PyObject,
    mut f: impl FnMut(*mut *mut PyObject),
) {
    // The descriptors of slots lie behind the class object itself.
    let members = tp.byte_offset((*Py_TYPE(tp.cast())).tp_basicsize).cast::<PyMemberDef>();
    for index in 0..(*tp.cast::<PyVarObject>()).ob_size {
        let member = &*members.offset(index);
        if member.type_code == HPyMember_OBJECT_EX && member.flags & 1 == 0 {
            f(slf.byte_offset(member.offset).cast());
        }
    }
}

#[cfg(Py_3_13)]
mod dict {
    use super::*;

    unsafe extern "C" {
        fn PyObject_VisitManagedDict(
            object: *mut PyObject,
            visit: visitproc,
            arg: *mut c_void,
        ) -> c_int;
        fn PyObject_ClearManagedDict(object: *mut PyObject);
    }

    pub unsafe fn visit(slf: *mut PyObject, visit: visitproc, arg: *mut c_void) -> c_int {
        if PyType_HasFeature(Py_TYPE(slf), MANAGED_DICT) != 0 {
            return PyObject_VisitManagedDict(slf, visit, arg);
        }
        super::pointer_visit(slf, visit, arg)
    }

    pub unsafe fn clear(slf: *mut PyObject) {
        if PyType_HasFeature(Py_TYPE(slf), MANAGED_DICT) != 0 {
            return PyObject_ClearManagedDict(slf);
        }
        super::pointer_clear(slf);
    }
}

#[cfg(all(Py_3_12, not(Py_3_13)))]
mod dict {
    use super::*;

    unsafe extern "C" {
        fn _PyObject_VisitManagedDict(
            object: *mut PyObject,
            visit: visitproc,
            arg: *mut c_void,
        ) -> c_int;
        fn _PyObject_ClearManagedDict(object: *mut PyObject);
    }

    pub unsafe fn visit(slf: *mut PyObject, visit: visitproc, arg: *mut c_void) -> c_int {
        if PyType_HasFeature(Py_TYPE(slf), MANAGED_DICT) != 0 {
            return _PyObject_VisitManagedDict(slf, visit, arg);
        }
        super::pointer_visit(slf, visit, arg)
    }

    pub unsafe fn clear(slf: *mut PyObject) {
        if PyType_HasFeature(Py_TYPE(slf), MANAGED_DICT) != 0 {
            return _PyObject_ClearManagedDict(slf);
        }
        super::pointer_clear(slf);
    }
}

#[cfg(not(Py_3_12))]
mod dict {
    pub(super) use super::{pointer_clear as clear, pointer_visit as visit};
}

/// `Py_TPFLAGS_MANAGED_DICT`: the dict lies before the object, possibly as values only.
#[cfg(Py_3_12)]
const MANAGED_DICT: core::ffi::c_ulong = 1 << 4;

unsafe extern "C" {
    /// Where an instance keeps its dict; null if it has none. In 3.11 it makes the dict of values.
    fn _PyObject_GetDictPtr(object: *mut PyObject) -> *mut *mut PyObject;
}

pub(super) unsafe fn pointer_visit(
    slf: *mut PyObject,
    visit: visitproc,
    arg: *mut c_void,
) -> c_int {
    let dict = _PyObject_GetDictPtr(slf);
    if dict.is_null() || (*dict).is_null() { 0 } else { visit(*dict, arg) }
}

pub(super) unsafe fn pointer_clear(slf: *mut PyObject) {
    let dict = _PyObject_GetDictPtr(slf);
    if !dict.is_null() {
        let old = *dict;
        *dict = ptr::null_mut();
        Py_XDECREF(old);
    }
}
