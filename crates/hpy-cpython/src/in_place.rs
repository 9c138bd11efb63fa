//! How binaries may read objects in place on this build of CPython: see `hpy_sys::ext::HPyInPlace`.

use crate::handle::object;
use crate::{contents, layout};
use core::ffi::c_int;
use core::mem::transmute;
use hpy_sys::ext::*;
use hpy_sys::{HPy, HPy_ssize_t, HPyContext};
use pyo3_ffi::*;

/// How ints are laid out, where that is known and they lie where binaries read them: builds without a GIL, and those that list
/// all objects, have more before it.
const INTS: Option<u32> = if cfg!(any(GraalPy, not(target_pointer_width = "64")))
    || layout::VAR_SIZE != HPY_INT_SIZE_AT
    || size_of::<PyVarObject>() != HPY_INT_DIGIT_AT
{
    None
} else if cfg!(Py_3_12) {
    Some(HPY_INTS_BY_TAG)
} else {
    Some(HPY_INTS_BY_SIZE)
};

/// `PyDict_Next` with handles, which are what they stand for.
fn dict_next() -> unsafe extern "C" fn(HPy, *mut HPy_ssize_t, *mut HPy, *mut HPy) -> c_int {
    type OfObjects = unsafe extern "C" fn(
        *mut PyObject,
        *mut Py_ssize_t,
        *mut *mut PyObject,
        *mut *mut PyObject,
    ) -> c_int;
    let function: OfObjects = PyDict_Next;
    // SAFETY: a handle is a struct of one word, the address of the object: they are passed alike.
    unsafe { transmute(function) }
}

pub unsafe extern "C" fn read_in_place(_ctx: *mut HPyContext, out: *mut HPyInPlace) -> c_int {
    let (Some(ints), Some((text_flags_at, text_flags))) = (INTS, layout::ASCII_FLAGS) else {
        return 0;
    };
    // Other threads may change and free what is read.
    if cfg!(Py_GIL_DISABLED) || !layout::ITEMS_READ_IN_PLACE || out.is_null() {
        return 0;
    }
    let size = (*out).size;
    // Later members are for binaries that know of them.
    if size < size_of::<HPyInPlace>() {
        return 0;
    }
    out.write(HPyInPlace {
        size,
        text_flags_at: text_flags_at as u32,
        text_flags,
        text_at: layout::ASCII_TEXT as u32,
        tuple_items_at: layout::TUPLE_ITEMS as u32,
        ints,
        dict_next: dict_next(),
        leaf,
    });
    1
}

unsafe extern "C" fn leaf(_ctx: *mut HPyContext, h: HPy, out: *mut HPyContent) -> c_int {
    let item = object(h);
    let Some(found) = contents::leaf::<true, true>(item, Py_TYPE(item)) else { return 0 };
    if !found.handle.is_null() {
        layout::decref(object(found.handle));
        return 0;
    }
    out.write(found);
    1
}
