//! Making the type object, per version of CPython.
//!
//! From 3.12 `PyType_FromMetaclass` does it all. Before, `PyType_FromSpecWithBases` makes types whose
//! metaclass is `type`; for other metaclasses we fill in the heap type ourselves, as that function does.

use crate::layout::borrowed_tuple_item;
use core::ptr;
use pyo3_ffi::*;

/// A new type; null with an exception set on failure. `bases` is null or a tuple of types, `metaclass` is
/// the one that [`metaclass_of`] found.
///
/// # Safety
/// `spec` is as CPython asks for, with bases in `bases` only.
#[cfg(Py_3_12)]
pub unsafe fn make(
    metaclass: *mut PyTypeObject,
    spec: *mut PyType_Spec,
    bases: *mut PyObject,
) -> *mut PyObject {
    PyType_FromMetaclass(metaclass, ptr::null_mut(), spec, bases)
}

/// A new type; null with an exception set on failure. `bases` is null or a tuple of types, `metaclass` is
/// the one that [`metaclass_of`] found.
///
/// # Safety
/// `spec` is as CPython asks for, with bases in `bases` only.
#[cfg(not(Py_3_12))]
pub unsafe fn make(
    metaclass: *mut PyTypeObject,
    spec: *mut PyType_Spec,
    bases: *mut PyObject,
) -> *mut PyObject {
    if ptr::eq(metaclass, &raw const PyType_Type) {
        let made = PyType_FromSpecWithBases(spec, bases);
        #[cfg(not(Py_3_10))]
        if !made.is_null() && !super::heap_type::keep_signature(made.cast(), &*spec) {
            Py_DECREF(made);
            return ptr::null_mut();
        }
        return made;
    }
    super::heap_type::make(metaclass, spec, bases)
}

/// The metaclass of a type with these bases: the given one (null: `type`) or the most derived among those
/// of the bases. Null with a TypeError where there is none, or where it has a `__new__` of its own, which
/// making a type from a spec does not call.
///
/// # Safety
/// `bases` is null or a tuple of types, `name` a string.
pub unsafe fn metaclass_of(
    given: *mut PyTypeObject,
    bases: *mut PyObject,
    name: *const core::ffi::c_char,
) -> *mut PyTypeObject {
    let mut winner = if given.is_null() { &raw mut PyType_Type } else { given };
    let count = if bases.is_null() { 0 } else { PyTuple_GET_SIZE(bases) };
    for index in 0..count {
        let candidate = Py_TYPE(borrowed_tuple_item(bases, index));
        if PyType_IsSubtype(winner, candidate) != 0 {
            continue;
        }
        if PyType_IsSubtype(candidate, winner) == 0 {
            crate::raise::raise!(
                PyExc_TypeError,
                c"type '%.200s': metaclass conflict: the metaclass '%.200s' must be a subtype of that of base %zd, \
                  '%.200s'",
                name,
                (*winner).tp_name,
                index,
                (*candidate).tp_name
            );
            return ptr::null_mut();
        }
        winner = candidate;
    }
    let new = |tp: *mut PyTypeObject| (*tp).tp_new.map(|function| function as *const u8);
    if new(winner) != new(&raw mut PyType_Type) {
        crate::raise::raise!(
            PyExc_TypeError,
            c"Metaclasses with custom tp_new are not supported (metaclass '%.200s' of type '%.200s')",
            (*winner).tp_name,
            name
        );
        return ptr::null_mut();
    }
    winner
}

/// The one of `bases` whose instances a type with these bases extends (`tp_base`); null with an exception
/// set if they do not go together. The reference is borrowed from the tuple.
///
/// # Safety
/// As [`make`].
pub unsafe fn best_base(
    metaclass: *mut PyTypeObject,
    bases: *mut PyObject,
    name: *const core::ffi::c_char,
) -> *mut PyTypeObject {
    let count = if bases.is_null() { 0 } else { PyTuple_GET_SIZE(bases) };
    match count {
        0 => &raw mut PyBaseObject_Type,
        1 => borrowed_tuple_item(bases, 0).cast(),
        _ => {
            // CPython knows, and asking it is the one way that holds for every version: it lays out a type
            // that adds nothing.
            let mut end = [PyType_Slot { slot: 0, pfunc: ptr::null_mut() }];
            let mut spec = PyType_Spec {
                name,
                basicsize: 0,
                itemsize: 0,
                flags: Py_TPFLAGS_DEFAULT as _,
                slots: end.as_mut_ptr(),
            };
            let probe = make(metaclass, &mut spec, bases);
            if probe.is_null() {
                return ptr::null_mut();
            }
            let best = (*probe.cast::<PyTypeObject>()).tp_base;
            Py_DECREF(probe);
            best
        }
    }
}
