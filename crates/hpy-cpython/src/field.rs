//! Fields: references that objects hold in their own structs.
//!
//! Under a GIL a field holds the object pointer. Without one it holds a cell (`field_cell.rs`): `HPyField_Load`
//! gets the field by value, and an object pointer read by one thread may be stale by the time that thread
//! takes its reference. Code of the runtime that meets fields elsewhere (garbage collection, members) goes
//! through [`peek`], [`load`], [`store`] and [`clear`].

use crate::handle::{handle, object};
use hpy_sys::{HPy, HPyContext, HPyField};
use pyo3_ffi::*;

#[cfg(Py_GIL_DISABLED)]
#[path = "field_cell.rs"]
pub mod cell;

/// The object in a field, borrowed; for the garbage collector and for destruction, when no other thread can
/// change the field.
///
/// # Safety
/// The field is null or was stored to.
#[inline(always)]
pub unsafe fn peek(field: HPyField) -> *mut PyObject {
    #[cfg(Py_GIL_DISABLED)]
    return cell::peek(field);
    #[cfg(not(Py_GIL_DISABLED))]
    {
        field._i as *mut PyObject
    }
}

/// A new reference to the object in a field; null for an empty one.
///
/// # Safety
/// The field is null or was stored to; the object it is in is alive.
#[inline(always)]
pub unsafe fn load(field: HPyField) -> *mut PyObject {
    #[cfg(Py_GIL_DISABLED)]
    return cell::load(field);
    #[cfg(not(Py_GIL_DISABLED))]
    {
        let object = field._i as *mut PyObject;
        Py_XINCREF(object);
        object
    }
}

/// Stores an object, of which the field takes its own reference, or null; gives up the one before.
///
/// # Safety
/// As [`load`]; `ctx` is a base context of the interpreter the calling thread is attached to.
#[inline(always)]
pub unsafe fn store(ctx: *mut HPyContext, field: *mut HPyField, object: *mut PyObject) {
    Py_XINCREF(object);
    #[cfg(Py_GIL_DISABLED)]
    cell::store(&(*crate::state::of(ctx)).fields, field, object);
    #[cfg(not(Py_GIL_DISABLED))]
    {
        let _ = ctx;
        // The old object's finalizer may look at the field: it must hold the new one by then.
        let old = core::mem::replace(&mut (*field)._i, object as isize);
        Py_XDECREF(old as *mut PyObject);
    }
}

/// Empties a field.
///
/// # Safety
/// As [`load`].
#[inline(always)]
pub unsafe fn clear(field: *mut HPyField) {
    #[cfg(Py_GIL_DISABLED)]
    cell::clear(field);
    #[cfg(not(Py_GIL_DISABLED))]
    {
        let old = core::mem::replace(&mut (*field)._i, 0);
        Py_XDECREF(old as *mut PyObject);
    }
}

/// A null handle empties the field.
pub unsafe extern "C" fn HPyField_Store(
    ctx: *mut HPyContext,
    _target_object: HPy,
    target_field: *mut HPyField,
    h: HPy,
) {
    store(ctx, target_field, object(h))
}

/// Null for an empty field.
pub unsafe extern "C" fn HPyField_Load(
    _ctx: *mut HPyContext,
    _source_object: HPy,
    source_field: HPyField,
) -> HPy {
    handle(load(source_field))
}
