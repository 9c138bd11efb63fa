//! What the binary does itself as an ordinary extension of CPython: the runtime is part of it, so it does what the
//! runtime would do, in place of calls through the context.

use crate::Ctx;
use core::ffi::c_void;
use hpy_cpython::float::HPyFloat_AsDouble;
pub(crate) use hpy_cpython::float::HPyFloat_FromDouble;
use hpy_cpython::layout;
pub(crate) use hpy_cpython::long::{HPyLong_AsInt64_t, HPyLong_FromInt64_t};
use hpy_cpython::object::HPy_GetItem_i;
use hpy_cpython::structs::_HPy_AsStruct_Object;
use hpy_sys::ext::{HPY_SMALL_INT_MIN, HPY_SMALL_INTS, HPyContextExt};
use hpy_sys::{HPy, HPyType_BuiltinShape, HPyType_BuiltinShape_Object};
use pyo3_ffi::PyObject;

/// As in universal binaries, where it changes what the binary does.
///
/// # Safety
/// None is needed.
pub(crate) unsafe fn contexts_are_extended() {}

#[inline(always)]
fn object(h: HPy) -> *mut PyObject {
    h._i as *mut PyObject
}

/// `HPy_Dup`.
///
/// # Safety
/// `h` is an open handle of `ctx`.
#[inline(always)]
pub(crate) unsafe fn dup(_ctx: Ctx<'_>, h: HPy) -> HPy {
    // SAFETY: the handle is the object.
    unsafe { layout::incref(object(h)) };
    h
}

/// `HPy_Close`.
///
/// # Safety
/// `h` is an open handle of `ctx`, given up here.
#[inline(always)]
pub(crate) unsafe fn close(_ctx: Ctx<'_>, h: HPy) {
    // SAFETY: the handle is the object.
    unsafe { layout::decref(object(h)) };
}

/// `HPy_GetItem_i`: null with an exception where there is no such item.
///
/// # Safety
/// `h` is an open handle of `ctx`.
#[inline(always)]
pub(crate) unsafe fn item(ctx: Ctx<'_>, h: HPy, index: isize) -> HPy {
    // SAFETY: as the caller says.
    unsafe { HPy_GetItem_i(ctx.as_raw(), h, index) }
}

/// The same of what is most likely a tuple.
///
/// # Safety
/// `h` is an open handle of `ctx`.
#[inline(always)]
pub(crate) unsafe fn tuple_item(ctx: Ctx<'_>, h: HPy, index: isize) -> HPy {
    // SAFETY: as the caller says.
    unsafe { HPy_GetItem_i(ctx.as_raw(), h, index) }
}

/// `HPyFloat_AsDouble`: -1 with an exception for what is no float.
///
/// # Safety
/// `h` is an open handle of `ctx`.
#[inline(always)]
pub(crate) unsafe fn float_value(ctx: Ctx<'_>, h: HPy) -> f64 {
    // SAFETY: as the caller says.
    unsafe { HPyFloat_AsDouble(ctx.as_raw(), h) }
}

/// `HPyLong_FromInt64_t` of a small value; None where it is not small.
#[inline(always)]
pub(crate) fn small_int(ctx: Ctx<'_>, value: i64) -> Option<HPy> {
    let place = value.wrapping_sub(HPY_SMALL_INT_MIN) as u64;
    // SAFETY: the contexts of an ordinary extension are extended ones.
    let ints = unsafe { (*ctx.as_raw().cast::<HPyContextExt>()).shortcuts.small_ints };
    if place < HPY_SMALL_INTS as u64 && !ints.is_null() {
        // SAFETY: the place is one of them; their handles are open.
        unsafe {
            let int = *ints.add(place as usize);
            layout::incref(object(int));
            return Some(int);
        }
    }
    None
}

/// Whether the object's type is exactly `kind`, a constant of the context.
///
/// # Safety
/// `h` is an open handle of `ctx`.
#[inline(always)]
pub(crate) unsafe fn is_exactly(_ctx: Ctx<'_>, h: HPy, kind: HPy) -> bool {
    // SAFETY: the handles are the objects.
    unsafe { layout::is_exactly(object(h), object(kind).cast()) }
}

/// The length of a str, list, tuple, dict or bytes; None for another object.
///
/// # Safety
/// `h` is an open handle of `ctx`.
#[inline(always)]
pub(crate) unsafe fn length(_ctx: Ctx<'_>, h: HPy) -> Option<isize> {
    // SAFETY: the handle is the object.
    unsafe { layout::length(object(h)) }
}

/// The struct of an instance whose type has this shape; None where the runtime is to be asked.
///
/// # Safety
/// `h` is an open handle of `ctx`, of such an instance.
#[inline(always)]
pub(crate) unsafe fn struct_of(
    ctx: Ctx<'_>,
    h: HPy,
    shape: HPyType_BuiltinShape,
) -> Option<*mut c_void> {
    // SAFETY: as the caller says.
    (shape == HPyType_BuiltinShape_Object).then(|| unsafe { _HPy_AsStruct_Object(ctx.as_raw(), h) })
}
