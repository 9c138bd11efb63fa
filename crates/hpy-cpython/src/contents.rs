//! What is in lists, tuples and dicts, read in one call: see `HPyContent` in `hpy_sys::ext`.
//!
//! What serializers do for each object, asking for its type and then for its value, is done here for all
//! items of a container at once.

use crate::err::{null_argument, wrong_type};
use crate::handle::{handle, object};
use crate::layout;
use core::ffi::c_int;
use hpy_sys::ext::*;
use hpy_sys::{HPy, HPy_ssize_t, HPyContext};
use pyo3_ffi::*;

/// What is known of an object that is none of the containers, with a new reference to it where it has a text
/// or is too large; None for objects of other types. With `WIDE` the text of any str is given. With `BORROWED`
/// there is no reference to a str whose text is given.
#[inline(always)]
pub(crate) unsafe fn leaf<const WIDE: bool, const BORROWED: bool>(
    item: *mut PyObject,
    ty: *mut PyTypeObject,
) -> Option<HPyContent> {
    let plain = |tag, value| Some(HPyContent { tag, value, handle: HPy::NULL });
    if ty == &raw mut PyUnicode_Type {
        let (tag, value) = if layout::is_compact_ascii(item) {
            let length = layout::var_size(item) as u64;
            (HPY_CONTENT_ASCII | length << 8, layout::ascii_text(item).addr() as u64)
        } else if WIDE {
            wide(item)
        } else {
            (HPY_CONTENT_STR, 0)
        };
        if BORROWED && tag != HPY_CONTENT_STR {
            return plain(tag, value);
        }
        layout::incref(item);
        return Some(HPyContent { tag, value, handle: handle(item) });
    }
    if ty == &raw mut PyLong_Type {
        if let Some(value) = layout::small_int(item) {
            return plain(HPY_CONTENT_INT, value as i64 as u64);
        }
        let mut overflow: c_int = 0;
        let value = PyLong_AsLongLongAndOverflow(item, &raw mut overflow);
        if overflow == 0 {
            return plain(HPY_CONTENT_INT, value as u64);
        }
        layout::incref(item);
        return Some(HPyContent { tag: HPY_CONTENT_LARGE_INT, value: 0, handle: handle(item) });
    }
    if ty == &raw mut PyFloat_Type {
        return plain(HPY_CONTENT_FLOAT, layout::float_value(item).to_bits());
    }
    if item == Py_None() {
        return plain(HPY_CONTENT_NONE, 0);
    }
    if item == Py_True() {
        return plain(HPY_CONTENT_TRUE, 0);
    }
    if item == Py_False() {
        return plain(HPY_CONTENT_FALSE, 0);
    }
    None
}

/// The tag and the text of a str that is not compact ASCII.
#[inline(never)]
unsafe fn wide(text: *mut PyObject) -> (u64, u64) {
    let Some((size, start, length)) = layout::code_points(text) else {
        return (HPY_CONTENT_STR, 0);
    };
    let kind = match size {
        1 => HPY_CONTENT_LATIN1,
        2 => HPY_CONTENT_UCS2,
        _ => HPY_CONTENT_UCS4,
    };
    (kind | (length as u64) << 8, start.addr() as u64)
}

/// What is known of an object; where that is not all, with a new reference to it.
#[inline(always)]
unsafe fn content(item: *mut PyObject) -> HPyContent {
    let ty = Py_TYPE(item);
    if let Some(leaf) = leaf::<false, false>(item, ty) {
        return leaf;
    }
    let tag = if ty == &raw mut PyDict_Type {
        HPY_CONTENT_DICT
    } else if ty == &raw mut PyList_Type {
        HPY_CONTENT_LIST
    } else if ty == &raw mut PyTuple_Type {
        HPY_CONTENT_TUPLE
    } else {
        HPY_CONTENT_OTHER
    };
    layout::incref(item);
    HPyContent { tag, value: 0, handle: handle(item) }
}

/// No code of Python's runs while a container is read, so it does not change meanwhile; on builds without a
/// GIL it is first copied, which locks it.
pub unsafe extern "C" fn contents_read(
    _ctx: *mut HPyContext,
    container: HPy,
    out: *mut HPyContent,
    capacity: HPy_ssize_t,
) -> HPy_ssize_t {
    if container.is_null() || (out.is_null() && capacity > 0) {
        let argument = if container.is_null() { c"container" } else { c"out" };
        null_argument(c"contents_read", argument);
        return -1;
    }
    let container = object(container);
    if PyDict_Check(container) != 0 {
        read_dict(container, out, capacity)
    } else if PyTuple_Check(container) != 0 {
        read_slots(container, layout::tuple_items(container), out, capacity)
    } else if PyList_Check(container) != 0 {
        read_list(container, out, capacity)
    } else {
        wrong_type(c"contents_read", c"a list, a tuple or a dict", container);
        -1
    }
}

#[inline(always)]
unsafe fn read_slots(
    sequence: *mut PyObject,
    slots: *const *mut PyObject,
    out: *mut HPyContent,
    capacity: HPy_ssize_t,
) -> HPy_ssize_t {
    let count = layout::var_size(sequence);
    if count <= capacity {
        for index in 0..count {
            out.offset(index).write(content(*slots.offset(index)));
        }
    }
    count
}

#[cfg(not(Py_GIL_DISABLED))]
unsafe fn read_list(
    list: *mut PyObject,
    out: *mut HPyContent,
    capacity: HPy_ssize_t,
) -> HPy_ssize_t {
    read_slots(list, layout::list_items(list), out, capacity)
}

#[cfg(Py_GIL_DISABLED)]
unsafe fn read_list(
    list: *mut PyObject,
    out: *mut HPyContent,
    capacity: HPy_ssize_t,
) -> HPy_ssize_t {
    let copy = PyList_AsTuple(list);
    if copy.is_null() {
        return -1;
    }
    let count = read_slots(copy, layout::tuple_items(copy), out, capacity);
    layout::decref(copy);
    count
}

#[cfg(not(Py_GIL_DISABLED))]
unsafe fn read_dict(
    dict: *mut PyObject,
    out: *mut HPyContent,
    capacity: HPy_ssize_t,
) -> HPy_ssize_t {
    read_pairs(dict, out, capacity)
}

#[cfg(Py_GIL_DISABLED)]
unsafe fn read_dict(
    dict: *mut PyObject,
    out: *mut HPyContent,
    capacity: HPy_ssize_t,
) -> HPy_ssize_t {
    let copy = PyDict_Copy(dict);
    if copy.is_null() {
        return -1;
    }
    let count = read_pairs(copy, out, capacity);
    layout::decref(copy);
    count
}

#[inline(always)]
unsafe fn read_pairs(
    dict: *mut PyObject,
    out: *mut HPyContent,
    capacity: HPy_ssize_t,
) -> HPy_ssize_t {
    let count = 2 * layout::var_size(dict);
    if count > capacity {
        return count;
    }
    let mut position = 0;
    let mut key = core::ptr::null_mut();
    let mut value = core::ptr::null_mut();
    let mut index = 0;
    while index < count && PyDict_Next(dict, &raw mut position, &raw mut key, &raw mut value) != 0 {
        out.offset(index).write(content(key));
        out.offset(index + 1).write(content(value));
        index += 2;
    }
    index
}

pub unsafe extern "C" fn contents_close(
    _ctx: *mut HPyContext,
    contents: *const HPyContent,
    count: usize,
) {
    for index in 0..count {
        let h = (*contents.add(index)).handle;
        if !h.is_null() {
            layout::decref(object(h));
        }
    }
}
