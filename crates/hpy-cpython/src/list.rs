//! Lists.

use crate::handle::{handle, object};
use crate::layout;
use core::ffi::c_int;
use hpy_sys::{HPy, HPy_ssize_t, HPyContext};
use pyo3_ffi::*;

pub unsafe extern "C" fn HPyList_Check(_ctx: *mut HPyContext, h: HPy) -> c_int {
    PyList_Check(object(h))
}

/// `PyList_New`, for a number of items that a binary has chosen.
#[inline(always)]
pub unsafe fn new(size: Py_ssize_t) -> *mut PyObject {
    #[cfg(Py_GIL_DISABLED)]
    if size > UNTRIED && !has_memory(size) {
        return PyErr_NoMemory();
    }
    PyList_New(size)
}

/// Items of a list for which there is memory, or nothing goes on anyway.
#[cfg(Py_GIL_DISABLED)]
const UNTRIED: Py_ssize_t = 1 << 16;

/// Whether there is memory for so many items. Where CPython 3.13 without a GIL finds none, `PyList_New` gives up the
/// items of the list that was at the same address before, which are gone.
#[cfg(Py_GIL_DISABLED)]
#[cold]
unsafe fn has_memory(size: Py_ssize_t) -> bool {
    // In front of the items is their number.
    let Some(bytes) = (size as usize + 1).checked_mul(size_of::<*mut PyObject>()) else {
        return false;
    };
    let tried = PyMem_Malloc(bytes);
    PyMem_Free(tried);
    !tried.is_null()
}

/// The items are None until they are set: a binary may hand the list out before that.
pub unsafe extern "C" fn HPyList_New(_ctx: *mut HPyContext, len: HPy_ssize_t) -> HPy {
    let list = new(len);
    if !list.is_null() {
        for index in 0..len {
            Py_INCREF(Py_None());
            *layout::list_items(list).offset(index) = Py_None();
        }
    }
    handle(list)
}

pub unsafe extern "C" fn HPyList_Append(_ctx: *mut HPyContext, h_list: HPy, h_item: HPy) -> c_int {
    #[cfg(not(any(Py_GIL_DISABLED, GraalPy)))]
    if layout::is_exactly(object(h_list), &raw mut PyList_Type) {
        let list = object(h_list).cast::<PyListObject>();
        let size = (*list).ob_base.ob_size;
        if size < (*list).allocated {
            if h_item.is_null() {
                return PyList_Append(object(h_list), object(h_item));
            }
            layout::incref(object(h_item));
            *(*list).ob_item.offset(size) = object(h_item);
            (*list).ob_base.ob_size = size + 1;
            return 0;
        }
    }
    PyList_Append(object(h_list), object(h_item))
}

pub unsafe extern "C" fn HPyList_Insert(
    _ctx: *mut HPyContext,
    h_list: HPy,
    index: HPy_ssize_t,
    h_item: HPy,
) -> c_int {
    PyList_Insert(object(h_list), index, object(h_item))
}
