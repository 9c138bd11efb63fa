//! The end of instances, and what the garbage collector sees of them.
//!
//! One set of functions serves all types made from specs. Each goes along `tp_base` from the instance's own
//! type and does what every type made from a spec asks for. Classes written in Python may lie before the
//! type that has our function (then CPython's function has called ours, and has done what those classes
//! need) or behind it. The rest is left to the first base of another kind.

use super::info;
use super::shape::struct_of;
use super::{python, referents, trash};
use crate::field;
use crate::state::InterpreterState;
use alloc::vec::Vec;
use core::ffi::{c_int, c_void};
use core::ptr;
use hpy_sys::{HPy, HPyContext, HPyField, HPyFunc_visitproc, signature};
use pyo3_ffi::*;

/// Whether `tp` itself has our `tp_dealloc`; false for subtypes written in Python, whose own comes first.
unsafe fn is_ours(tp: *mut PyTypeObject) -> bool {
    let address = (*tp).tp_dealloc.map(|function| function as *const c_void);
    address == Some(dealloc as *const c_void) || address == Some(dealloc_plain as *const c_void)
}

/// Whether instances of `base` hold nothing that their end has to see to.
///
/// # Safety
/// `base` is a type.
pub unsafe fn ends_plainly(base: *mut PyTypeObject) -> bool {
    let address = (*base).tp_dealloc.map(|function| function as *const c_void);
    ptr::eq(base, &raw const PyBaseObject_Type) || address == Some(dealloc_plain as *const c_void)
}

/// `tp_dealloc` of types that ask for nothing: their instances are memory and a reference to the type.
pub unsafe extern "C" fn dealloc_plain(slf: *mut PyObject) {
    let tp = Py_TYPE(slf);
    if (*tp).tp_finalize.is_some() {
        // Python code has set `__del__`.
        return dealloc(slf);
    }
    if let Some(free) = (*tp).tp_free {
        free(slf.cast());
    }
    Py_DECREF(tp.cast());
}

/// Whether `tp` or a type along its `tp_base` has our `tp_dealloc`.
///
/// # Safety
/// `tp` is a type.
pub unsafe fn ends_below(mut tp: *mut PyTypeObject) -> bool {
    while !tp.is_null() && !is_ours(tp) {
        tp = (*tp).tp_base;
    }
    !tp.is_null()
}

/// `tp_dealloc`.
pub unsafe extern "C" fn dealloc(slf: *mut PyObject) {
    let tp = Py_TYPE(slf);
    let gc = PyType_IS_GC(tp) != 0;
    if gc {
        PyObject_GC_UnTrack(slf.cast());
    }
    if !is_ours(tp) {
        // CPython's own function for classes called us, and has done the rest.
        return release(slf, tp, ptr::null_mut());
    }
    if !gc {
        if finalize(slf, tp, false) {
            release(slf, tp, ptr::null_mut());
        }
        return;
    }
    let (_, info) = info::nearest(tp);
    let Some(info) = info.as_ref() else { return };
    let state = info.state;
    if trash::enter(info, slf) {
        if finalize(slf, tp, true) {
            release(slf, tp, state);
        } else {
            trash::leave(state);
        }
    }
}

/// Releases an instance that [`trash`] had put aside.
///
/// # Safety
/// `slf` is one that [`dealloc`] was called for.
pub unsafe fn release_aside(slf: *mut PyObject) {
    let tp = Py_TYPE(slf);
    if finalize(slf, tp, true) {
        release(slf, tp, ptr::null_mut());
    }
}

/// Runs `tp_finalize`; false if the object lives on.
#[inline]
unsafe fn finalize(slf: *mut PyObject, tp: *mut PyTypeObject, gc: bool) -> bool {
    if (*tp).tp_finalize.is_none() {
        return true;
    }
    if gc {
        PyObject_GC_Track(slf.cast());
    }
    if PyObject_CallFinalizerFromDealloc(slf) < 0 {
        return false;
    }
    if gc {
        PyObject_GC_UnTrack(slf.cast());
    }
    true
}

/// Gives up what the instance holds, its memory and its type. `state` is where its release is counted; null
/// if it is not.
unsafe fn release(slf: *mut PyObject, tp: *mut PyTypeObject, state: *mut InterpreterState) {
    release_memory(slf, tp);
    if !state.is_null() {
        // Before the type goes: it may be the last that keeps the state.
        trash::leave(state);
    }
    Py_DECREF(tp.cast());
}

unsafe fn release_memory(slf: *mut PyObject, tp: *mut PyTypeObject) {
    if (*tp).tp_weaklistoffset != 0 {
        PyObject_ClearWeakRefs(slf);
    }
    let (mut level, mut reached) = (tp, false);
    loop {
        if let Some(info) = info::own(level).as_ref() {
            release_struct(info, slf);
        } else if reached || !python::ends_as_class(level) {
            break;
        }
        reached |= is_ours(level);
        level = (*level).tp_base;
    }
    if PyType_HasFeature(level, Py_TPFLAGS_HEAPTYPE) != 0 {
        return release_as(slf, tp, level);
    }
    if ptr::eq(level, &raw const PyBaseObject_Type) {
        if let Some(free) = (*tp).tp_free {
            free(slf.cast());
        }
    } else {
        if PyType_IS_GC(level) != 0 {
            // CPython's own deallocators untrack, some without looking whether there is something to do.
            PyObject_GC_Track(slf.cast());
        }
        if let Some(dealloc) = (*level).tp_dealloc {
            dealloc(slf);
        }
    }
}

/// What one type asks for: its fields and its `HPy_tp_destroy`.
unsafe fn release_struct(info: &info::TypeInfo, slf: *mut PyObject) {
    clear_fields(info, slf);
    for &offset in &info.fields {
        clear_one(info, slf, struct_of(info.shape, slf).byte_add(offset).cast());
    }
    if let Some(destroy) = info.destroy {
        destroy(struct_of(info.shape, slf));
    }
}

/// Hands the rest of an instance to a base that is a class of its own, written in Python, say. Its
/// deallocator looks at the instance's type for what there is to give up, so the instance becomes one of
/// that class: what our types added is gone.
#[cold]
unsafe fn release_as(slf: *mut PyObject, tp: *mut PyTypeObject, base: *mut PyTypeObject) {
    if (*base).tp_dictoffset < -1 {
        // The dict lies at the end of the instance, and the end of a shorter one is in our struct.
        let (_, info) = info::nearest(tp);
        python::clear_dict(slf);
        if let Some(info) = info.as_ref() {
            ptr::write_bytes(struct_of(info.shape, slf).cast::<u8>(), 0, info.struct_size);
        }
    }
    Py_INCREF(base.cast());
    (*slf).ob_type = base;
    if PyType_IS_GC(base) != 0 {
        PyObject_GC_Track(slf.cast());
    }
    if let Some(dealloc) = (*base).tp_dealloc {
        dealloc(slf);
    }
}

/// What a visit of fields carries.
struct Visit {
    visit: visitproc,
    arg: *mut c_void,
    /// The type whose fields are being visited, and where the struct is.
    info: *const info::TypeInfo,
    start: *mut c_void,
    /// The fields visited, where several types visit: one of them may visit those of the type it extends,
    /// and the garbage collector counts what it is shown.
    seen: Option<Vec<*mut HPyField>>,
}

unsafe extern "C" fn visit_field(field: *mut HPyField, arg: *mut c_void) -> c_int {
    let Visit { visit, arg, info, start, seen } = &mut *arg.cast::<Visit>();
    if let Some(seen) = seen {
        if seen.contains(&field) {
            return 0;
        }
        seen.push(field);
    }
    if !(**info).holds_object(field, *start) {
        return 0;
    }
    let object = field::peek(*field);
    if object.is_null() { 0 } else { visit(object, *arg) }
}

/// Whose fields are being emptied.
struct Clear<'a> {
    info: &'a info::TypeInfo,
    slf: *mut PyObject,
}

unsafe extern "C" fn clear_field(field: *mut HPyField, arg: *mut c_void) -> c_int {
    let Clear { info, slf } = &*arg.cast::<Clear>();
    clear_one(info, *slf, field);
    0
}

unsafe fn clear_one(info: &info::TypeInfo, slf: *mut PyObject, field: *mut HPyField) {
    if info.holds_object(field, struct_of(info.shape, slf)) {
        field::clear(field);
    } else {
        field.write(HPyField::NULL);
    }
}

unsafe fn clear_fields(info: &info::TypeInfo, slf: *mut PyObject) {
    if let Some(traverse) = info.traverse {
        let mut data = Clear { info, slf };
        traverse(struct_of(info.shape, slf), clear_field, (&raw mut data).cast());
    }
}

/// Calls an `HPy_tp_traverse` for the struct of `object` with one of CPython's visitors.
///
/// # Safety
/// `object` is an instance of the type whose traverse function this is.
pub unsafe fn traverse_struct(
    object: *mut PyObject,
    traverse: signature::TRAVERSEPROC,
    visit: visitproc,
    arg: *mut c_void,
) -> c_int {
    let (_, info) = info::nearest(Py_TYPE(object));
    let Some(info) = info.as_ref() else { return 0 };
    let start = struct_of(info.shape, object);
    let mut data = Visit { visit, arg, info, start, seen: None };
    traverse(start, visit_field, (&raw mut data).cast())
}

/// Whether more than one type of an instance has an `HPy_tp_traverse`.
unsafe fn several_visit(mut tp: *mut PyTypeObject) -> bool {
    let mut visiting = 0;
    while !tp.is_null() {
        visiting += info::own(tp).as_ref().is_some_and(|info| info.traverse.is_some()) as usize;
        tp = (*tp).tp_base;
    }
    visiting > 1
}

/// `tp_traverse`.
pub unsafe extern "C" fn traverse(slf: *mut PyObject, visit: visitproc, arg: *mut c_void) -> c_int {
    let tp = Py_TYPE(slf);
    // Instances of heap types hold their type.
    if !referents::is_listing(visit) {
        let result = visit(tp.cast(), arg);
        if result != 0 {
            return result;
        }
    }
    let seen = several_visit(tp).then(Vec::new);
    let mut data = Visit { visit, arg, info: ptr::null(), start: ptr::null_mut(), seen };
    let mut level = tp;
    while !level.is_null() {
        if let Some(info) = info::own(level).as_ref() {
            if let Some(traverse) = info.traverse {
                data.info = info;
                data.start = struct_of(info.shape, slf);
                let result = traverse(data.start, visit_field, (&raw mut data).cast());
                if result != 0 {
                    return result;
                }
            }
        } else if !python::is_class(level) {
            let Some(traverse) = (*level).tp_traverse else { return 0 };
            return traverse(slf, visit, arg);
        }
        level = (*level).tp_base;
    }
    0
}

/// `tp_clear`: breaks the cycles that an instance is in.
pub unsafe extern "C" fn clear(slf: *mut PyObject) -> c_int {
    let mut level = Py_TYPE(slf);
    while !level.is_null() {
        if let Some(info) = info::own(level).as_ref() {
            clear_fields(info, slf);
        } else if !python::is_class(level) {
            let Some(clear) = (*level).tp_clear else { return 0 };
            return clear(slf);
        }
        level = (*level).tp_base;
    }
    0
}

/// Calls `visit` with each field that the types of an instance visit: see `hpy_sys::backend`.
pub unsafe extern "C" fn visit_fields(
    _ctx: *mut HPyContext,
    h: HPy,
    visit: HPyFunc_visitproc,
    arg: *mut c_void,
) {
    let slf = crate::handle::object(h);
    let mut level = Py_TYPE(slf);
    while !level.is_null() {
        if let Some(info) = info::own(level).as_ref()
            && let Some(traverse) = info.traverse
        {
            traverse(struct_of(info.shape, slf), visit, arg);
        }
        level = (*level).tp_base;
    }
}
