//! The extensions of the base context: see `hpy_sys::ext`.

use crate::err::null_argument;
use crate::handle::{handle, object};
use crate::{contents, in_place, layout, long, object as items, state, thread, tree, walk};
use core::ffi::{CStr, c_int, c_void};
use hpy_sys::ext::HPyExtensions;
use hpy_sys::{HPy, HPy_buffer, HPy_ssize_t, HPyContext};
use pyo3_ffi::*;

/// The extension table of every base context.
pub static EXTENSIONS: HPyExtensions = HPyExtensions {
    size: size_of::<HPyExtensions>(),
    read_f64,
    read_i64,
    list_from_f64,
    list_from_i64,
    tuple_from_f64,
    tuple_from_i64,
    buffer_get,
    buffer_release,
    thread_attach,
    thread_detach,
    error_take: crate::backend::error_take,
    tree_new: tree::tree_new,
    tree_feed: tree::tree_feed,
    tree_push: tree::tree_push,
    tree_pop: tree::tree_pop,
    tree_free: tree::tree_free,
    contents_read: contents::contents_read,
    contents_close: contents::contents_close,
    type_set_constructor: crate::type_::construct::type_set_constructor,
    walk_new: walk::walk_new,
    walk_enter: walk::walk_enter,
    walk_next: walk::walk_next,
    walk_free: walk::walk_free,
    read_in_place: in_place::read_in_place,
};

/// A number that is read in bulk: at once if its object is of the plain kind, else by the function that
/// reads one.
trait Number: Copy + PartialEq {
    /// What the function returns on failure, and for some objects without one.
    const FAILURE: Self;
    unsafe fn at_once(object: *mut PyObject) -> Option<Self>;
    unsafe fn read(ctx: *mut HPyContext, h: HPy) -> Self;
    unsafe fn make(self, ctx: *mut HPyContext) -> *mut PyObject;
}

impl Number for f64 {
    const FAILURE: Self = -1.0;

    #[inline(always)]
    unsafe fn at_once(object: *mut PyObject) -> Option<Self> {
        layout::is_exactly(object, &raw mut PyFloat_Type).then(|| layout::float_value(object))
    }

    unsafe fn read(ctx: *mut HPyContext, h: HPy) -> Self {
        crate::float::HPyFloat_AsDouble(ctx, h)
    }

    #[inline(always)]
    unsafe fn make(self, _ctx: *mut HPyContext) -> *mut PyObject {
        PyFloat_FromDouble(self)
    }
}

impl Number for i64 {
    const FAILURE: Self = -1;

    #[inline(always)]
    unsafe fn at_once(object: *mut PyObject) -> Option<Self> {
        layout::small_int(object).map(|value| value as i64)
    }

    unsafe fn read(ctx: *mut HPyContext, h: HPy) -> Self {
        long::HPyLong_AsInt64_t(ctx, h)
    }

    #[inline(always)]
    unsafe fn make(self, ctx: *mut HPyContext) -> *mut PyObject {
        match long::small(ctx, self) {
            Some(int) => int,
            None => PyLong_FromLongLong(self),
        }
    }
}

/// Reads a sequence as its length and `HPy_GetItem_i` do, one after the other.
///
/// Objects of the plain kind are read in place: no code of Python's runs meanwhile. For any other one code
/// may run that changes the sequence, so its bounds are looked at anew for each item.
#[inline(always)]
unsafe fn read<T: Number>(
    ctx: *mut HPyContext,
    sequence: HPy,
    out: *mut T,
    capacity: HPy_ssize_t,
    function: &CStr,
) -> HPy_ssize_t {
    if sequence.is_null() {
        null_argument(function, c"sequence");
        return -1;
    }
    let count = items::HPy_Length(ctx, sequence);
    if count < 0 || count > capacity {
        return count;
    }
    if out.is_null() && count > 0 {
        null_argument(function, c"out");
        return -1;
    }
    let mut index = 0;
    while index < count {
        index = read_plain(object(sequence), out, index, count);
        if index < count {
            match read_any(ctx, sequence, index) {
                Some(value) => out.offset(index).write(value),
                None => return -1,
            }
            index += 1;
        }
    }
    count
}

/// Reads the items of an exact list or tuple from `index` on, up to the first that is not of the plain
/// kind; returns that one's index.
#[cfg(not(Py_GIL_DISABLED))]
#[inline(always)]
unsafe fn read_plain<T: Number>(
    sequence: *mut PyObject,
    out: *mut T,
    mut index: HPy_ssize_t,
    count: HPy_ssize_t,
) -> HPy_ssize_t {
    let slots = if layout::is_exactly(sequence, &raw mut PyList_Type) {
        layout::list_items(sequence)
    } else if layout::is_exactly(sequence, &raw mut PyTuple_Type) {
        layout::tuple_items(sequence)
    } else {
        return index;
    };
    let end = count.min(layout::var_size(sequence));
    // Four at a time: the loop itself is a good part of what there is to do.
    while end - index >= 4 {
        for _ in 0..4 {
            let Some(value) = T::at_once(*slots.offset(index)) else { return index };
            out.offset(index).write(value);
            index += 1;
        }
    }
    while index < end {
        let Some(value) = T::at_once(*slots.offset(index)) else { break };
        out.offset(index).write(value);
        index += 1;
    }
    index
}

/// Without a GIL another thread may change a list at any time: only tuples are read in place.
#[cfg(Py_GIL_DISABLED)]
#[inline(always)]
unsafe fn read_plain<T: Number>(
    sequence: *mut PyObject,
    out: *mut T,
    mut index: HPy_ssize_t,
    count: HPy_ssize_t,
) -> HPy_ssize_t {
    let in_place = layout::is_exactly(sequence, &raw mut PyTuple_Type);
    if !in_place && !layout::is_exactly(sequence, &raw mut PyList_Type) {
        return index;
    }
    while index < count {
        let value = if in_place {
            T::at_once(*layout::tuple_items(sequence).offset(index))
        } else {
            let item = layout::list_item(sequence, index);
            if item.is_null() {
                break;
            }
            let value = T::at_once(item);
            Py_DECREF(item);
            value
        };
        let Some(value) = value else { break };
        out.offset(index).write(value);
        index += 1;
    }
    index
}

#[cold]
#[inline(never)]
unsafe fn read_any<T: Number>(
    ctx: *mut HPyContext,
    sequence: HPy,
    index: HPy_ssize_t,
) -> Option<T> {
    let item = items::HPy_GetItem_i(ctx, sequence, index);
    if item.is_null() {
        return None;
    }
    let value = T::read(ctx, item);
    Py_DECREF(object(item));
    if value == T::FAILURE && !PyErr_Occurred().is_null() { None } else { Some(value) }
}

/// Fills a new list or tuple.
#[inline(always)]
unsafe fn fill<T: Number>(
    ctx: *mut HPyContext,
    made: *mut PyObject,
    slots: *mut *mut PyObject,
    values: *const T,
    count: HPy_ssize_t,
) -> HPy {
    for index in 0..count {
        let item = (*values.offset(index)).make(ctx);
        if item.is_null() {
            Py_DECREF(made);
            return HPy::NULL;
        }
        *slots.offset(index) = item;
    }
    handle(made)
}

#[inline(always)]
unsafe fn list_from<T: Number>(
    ctx: *mut HPyContext,
    values: *const T,
    count: HPy_ssize_t,
    function: &CStr,
) -> HPy {
    if values.is_null() && count > 0 {
        return null_argument(function, c"values");
    }
    let list = crate::list::new(count);
    if list.is_null() {
        return HPy::NULL;
    }
    fill(ctx, list, layout::list_items(list), values, count)
}

#[inline(always)]
unsafe fn tuple_from<T: Number>(
    ctx: *mut HPyContext,
    values: *const T,
    count: HPy_ssize_t,
    function: &CStr,
) -> HPy {
    if values.is_null() && count > 0 {
        return null_argument(function, c"values");
    }
    let tuple = PyTuple_New(count);
    if tuple.is_null() {
        return HPy::NULL;
    }
    fill(ctx, tuple, layout::tuple_items(tuple), values, count)
}

unsafe extern "C" fn read_f64(
    ctx: *mut HPyContext,
    sequence: HPy,
    out: *mut f64,
    capacity: HPy_ssize_t,
) -> HPy_ssize_t {
    read(ctx, sequence, out, capacity, c"read_f64")
}

unsafe extern "C" fn read_i64(
    ctx: *mut HPyContext,
    sequence: HPy,
    out: *mut i64,
    capacity: HPy_ssize_t,
) -> HPy_ssize_t {
    read(ctx, sequence, out, capacity, c"read_i64")
}

unsafe extern "C" fn list_from_f64(
    ctx: *mut HPyContext,
    values: *const f64,
    count: HPy_ssize_t,
) -> HPy {
    list_from(ctx, values, count, c"list_from_f64")
}

unsafe extern "C" fn list_from_i64(
    ctx: *mut HPyContext,
    values: *const i64,
    count: HPy_ssize_t,
) -> HPy {
    list_from(ctx, values, count, c"list_from_i64")
}

unsafe extern "C" fn tuple_from_f64(
    ctx: *mut HPyContext,
    values: *const f64,
    count: HPy_ssize_t,
) -> HPy {
    tuple_from(ctx, values, count, c"tuple_from_f64")
}

unsafe extern "C" fn tuple_from_i64(
    ctx: *mut HPyContext,
    values: *const i64,
    count: HPy_ssize_t,
) -> HPy {
    tuple_from(ctx, values, count, c"tuple_from_i64")
}

const _: () = assert!(size_of::<HPy_buffer>() == size_of::<Py_buffer>());
const _: () = assert!(
    core::mem::offset_of!(HPy_buffer, internal) == core::mem::offset_of!(Py_buffer, internal)
);

unsafe extern "C" fn buffer_get(
    _ctx: *mut HPyContext,
    h: HPy,
    view: *mut HPy_buffer,
    flags: c_int,
) -> c_int {
    if h.is_null() || view.is_null() {
        null_argument(c"buffer_get", if h.is_null() { c"h" } else { c"view" });
        return -1;
    }
    PyObject_GetBuffer(object(h), view.cast(), flags)
}

unsafe extern "C" fn buffer_release(_ctx: *mut HPyContext, view: *mut HPy_buffer) {
    if !view.is_null() {
        PyBuffer_Release(view.cast());
    }
}

unsafe extern "C" fn thread_attach(ctx: *mut HPyContext) -> *mut c_void {
    thread::attach((*state::of(ctx)).interpreter)
}

unsafe extern "C" fn thread_detach(_ctx: *mut HPyContext, token: *mut c_void) {
    thread::detach(token)
}
