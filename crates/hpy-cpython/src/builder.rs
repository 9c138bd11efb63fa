//! Lists and tuples under construction.
//!
//! A builder is the list or tuple itself, which nobody else has yet. Nothing fails before `Build`: what
//! goes wrong earlier is reported there. `New` that fails gives a builder that is one of two numbers that
//! are no address; an index out of range is ignored, and then some item is missing at the end.

use crate::handle::{handle, object};
use crate::layout;
use core::ffi::CStr;
use hpy_sys::{HPy, HPy_ssize_t, HPyContext, HPyListBuilder, HPyTupleBuilder};
use pyo3_ffi::*;

/// A builder that could not be made for want of memory.
const NO_MEMORY: isize = 0;
/// A builder that was asked for with a negative size.
const NEGATIVE_SIZE: isize = 1;

/// The builder for a new list or tuple, or for the failure to make one.
#[inline(always)]
unsafe fn start(made: *mut PyObject, size: HPy_ssize_t) -> isize {
    if made.is_null() {
        return failed(size);
    }
    made as isize
}

#[cold]
unsafe fn failed(size: HPy_ssize_t) -> isize {
    PyErr_Clear();
    if size < 0 { NEGATIVE_SIZE } else { NO_MEMORY }
}

#[inline(always)]
fn is_failure(builder: isize) -> bool {
    builder as usize <= NEGATIVE_SIZE as usize
}

/// Stores an item; whether its slot was empty before.
#[inline(always)]
unsafe fn set(
    builder: isize,
    items: *mut *mut PyObject,
    index: HPy_ssize_t,
    item: *mut PyObject,
) -> bool {
    if !layout::in_range(index, layout::var_size(builder as *mut PyObject)) || item.is_null() {
        return false;
    }
    let slot = items.offset(index);
    let old = *slot;
    layout::incref(item);
    *slot = item;
    if !old.is_null() {
        return replaced(old);
    }
    true
}

#[cold]
#[inline(never)]
unsafe fn replaced(old: *mut PyObject) -> bool {
    Py_DECREF(old);
    false
}

/// Out of line, so that the way of a builder that is none falls through.
#[cold]
#[inline(never)]
fn ignored() {}

#[inline(always)]
unsafe fn build(builder: isize, items: *mut *mut PyObject, function: &CStr) -> HPy {
    let size = layout::var_size(builder as *mut PyObject);
    // Counted rather than searched: that is what compiles to a few instructions for many items.
    let mut missing = 0usize;
    for index in 0..size {
        missing += (*items.offset(index)).is_null() as usize;
    }
    if missing != 0 {
        return incomplete(builder, items, function);
    }
    handle(builder as *mut PyObject)
}

/// SystemError that names the first missing item; a pending exception (the reason why an item could not
/// be made, most likely) stays.
#[cold]
#[inline(never)]
unsafe fn incomplete(builder: isize, items: *mut *mut PyObject, function: &CStr) -> HPy {
    let size = layout::var_size(builder as *mut PyObject);
    let mut index = 0;
    while index < size && !(*items.offset(index)).is_null() {
        index += 1;
    }
    if PyErr_Occurred().is_null() {
        PyErr_Format(
            PyExc_SystemError,
            c"%s: item %zd of %zd was not set".as_ptr(),
            function.as_ptr(),
            index,
            size,
        );
    }
    Py_DECREF(builder as *mut PyObject);
    HPy::NULL
}

/// Reports what went wrong in `New`.
#[cold]
#[inline(never)]
unsafe fn raise(builder: isize, function: &CStr) -> HPy {
    if builder == NEGATIVE_SIZE {
        PyErr_Format(
            PyExc_SystemError,
            c"%s: the builder was made with a negative size".as_ptr(),
            function.as_ptr(),
        );
    } else {
        PyErr_NoMemory();
    }
    HPy::NULL
}

#[inline(always)]
unsafe fn cancel(builder: isize) {
    if !is_failure(builder) {
        Py_DECREF(object(HPy { _i: builder }));
    }
}

pub unsafe extern "C" fn HPyListBuilder_New(
    _ctx: *mut HPyContext,
    size: HPy_ssize_t,
) -> HPyListBuilder {
    HPyListBuilder { _lst: start(crate::list::new(size), size) }
}

pub unsafe extern "C" fn HPyListBuilder_Set(
    _ctx: *mut HPyContext,
    builder: HPyListBuilder,
    index: HPy_ssize_t,
    h_item: HPy,
) {
    if is_failure(builder._lst) {
        return ignored();
    }
    let list = builder._lst as *mut PyListObject;
    if set(builder._lst, (*list).ob_item, index, object(h_item)) {
        (*list).allocated -= 1;
    }
}

/// A new list has as many slots as items. Nobody asks how many there are until it changes its size, so `Set`
/// counts down there how many are empty, which saves looking at all of them.
pub unsafe extern "C" fn HPyListBuilder_Build(
    _ctx: *mut HPyContext,
    builder: HPyListBuilder,
) -> HPy {
    if is_failure(builder._lst) {
        return raise(builder._lst, c"HPyListBuilder_Build");
    }
    let list = builder._lst as *mut PyListObject;
    if (*list).allocated == 0 {
        (*list).allocated = layout::var_size(list.cast());
        return handle(list.cast());
    }
    build_uncounted(list)
}

/// Items are missing, or somebody found the list through the garbage collector and changed its size.
#[cold]
#[inline(never)]
unsafe fn build_uncounted(list: *mut PyListObject) -> HPy {
    if (*list).allocated < layout::var_size(list.cast()) {
        (*list).allocated = layout::var_size(list.cast());
    }
    build(list as isize, (*list).ob_item, c"HPyListBuilder_Build")
}

pub unsafe extern "C" fn HPyListBuilder_Cancel(_ctx: *mut HPyContext, builder: HPyListBuilder) {
    cancel(builder._lst)
}

pub unsafe extern "C" fn HPyTupleBuilder_New(
    _ctx: *mut HPyContext,
    size: HPy_ssize_t,
) -> HPyTupleBuilder {
    HPyTupleBuilder { _tup: start(PyTuple_New(size), size) }
}

pub unsafe extern "C" fn HPyTupleBuilder_Set(
    _ctx: *mut HPyContext,
    builder: HPyTupleBuilder,
    index: HPy_ssize_t,
    h_item: HPy,
) {
    if is_failure(builder._tup) {
        return ignored();
    }
    let items = layout::tuple_items(builder._tup as *mut PyObject);
    set(builder._tup, items, index, object(h_item));
}

pub unsafe extern "C" fn HPyTupleBuilder_Build(
    _ctx: *mut HPyContext,
    builder: HPyTupleBuilder,
) -> HPy {
    if is_failure(builder._tup) {
        return raise(builder._tup, c"HPyTupleBuilder_Build");
    }
    let items = layout::tuple_items(builder._tup as *mut PyObject);
    build(builder._tup, items, c"HPyTupleBuilder_Build")
}

pub unsafe extern "C" fn HPyTupleBuilder_Cancel(_ctx: *mut HPyContext, builder: HPyTupleBuilder) {
    cancel(builder._tup)
}
