//! Dicts in a walk: in the order of their keys, and from copies where they may change.

use super::{Kept, Kind, Walk};
use crate::layout;
use core::ptr;
use pyo3_ffi::*;

#[cfg(not(Py_GIL_DISABLED))]
#[inline(always)]
pub(super) unsafe fn enter_dict(walk: &mut Walk, dict: *mut PyObject) -> bool {
    walk.enter(dict, Kind::Dict)
}

/// A dict that other threads may be changing is read from a copy.
#[cfg(Py_GIL_DISABLED)]
pub(super) unsafe fn enter_dict(walk: &mut Walk, dict: *mut PyObject) -> bool {
    let copy = PyDict_Copy(dict);
    walk.enter_with(dict, copy, Kind::Dict)
}

/// None where not all keys are strs.
#[inline(never)]
pub(super) unsafe fn enter_sorted(walk: &mut Walk, dict: *mut PyObject) -> Option<bool> {
    walk.own_all();
    #[cfg(Py_GIL_DISABLED)]
    let source = PyDict_Copy(dict);
    #[cfg(not(Py_GIL_DISABLED))]
    let source = dict;
    if source.is_null() {
        return Some(false);
    }
    // The dict too could go while the pairs are made.
    layout::incref(dict);
    let entered = if has_str_keys(source) {
        let pairs = sorted_pairs(source);
        Some(walk.enter_with(dict, pairs, Kind::ListOfPairs))
    } else {
        None
    };
    layout::decref(dict);
    #[cfg(Py_GIL_DISABLED)]
    layout::decref(source);
    entered
}

unsafe fn has_str_keys(dict: *mut PyObject) -> bool {
    let mut place = 0;
    let mut key = ptr::null_mut();
    let mut value = ptr::null_mut();
    while PyDict_Next(dict, &raw mut place, &raw mut key, &raw mut value) != 0 {
        if !layout::is_exactly(key, &raw mut PyUnicode_Type) {
            return false;
        }
    }
    true
}

/// A list of a dict's keys, which are strs, in their order, each followed by its value. Null with an exception
/// on failure.
unsafe fn sorted_pairs(dict: *mut PyObject) -> *mut PyObject {
    let keys = PyDict_Keys(dict);
    if keys.is_null() {
        return ptr::null_mut();
    }
    let pairs = PyList_New(0);
    let mut made = !pairs.is_null() && PyList_Sort(keys) == 0;
    let mut index = 0;
    while made && index < layout::var_size(keys) {
        let key = *layout::list_items(keys).offset(index);
        let value = PyDict_GetItemWithError(dict, key);
        // The garbage collector may have run something that changes the dict.
        if value.is_null() && PyErr_Occurred().is_null() {
            PyErr_SetString(
                PyExc_RuntimeError,
                c"dictionary changed size during iteration".as_ptr(),
            );
        }
        made = !value.is_null() && append_both(pairs, key, value);
        index += 1;
    }
    layout::decref(keys);
    if !made {
        Py_XDECREF(pairs);
        return ptr::null_mut();
    }
    pairs
}

/// False with an exception where there is no memory.
unsafe fn append_both(list: *mut PyObject, key: *mut PyObject, value: *mut PyObject) -> bool {
    PyList_Append(list, key) == 0 && PyList_Append(list, value) == 0
}

/// The caller is about to run code of Python's: dicts that the walk is in are read from now on from what is kept of
/// them. All frames are owned. False, with an exception, where there is no memory.
pub(super) unsafe fn settle(walk: &mut Walk) -> bool {
    for index in 0..walk.frames.length {
        let frame = &mut *walk.frames.start.add(index);
        // A copy changes no more.
        if frame.kind != Kind::Dict || frame.items != frame.container {
            continue;
        }
        let kept = keep_rest(frame.items, frame.place);
        if kept.is_null() {
            return false;
        }
        let dict = frame.items;
        frame.items = kept.cast();
        frame.place = 0;
        frame.kind = Kind::Kept;
        // The container's own reference stays.
        layout::decref(dict);
    }
    true
}

/// What comes in a dict from `place` on. Null with MemoryError where there is no memory.
unsafe fn keep_rest(dict: *mut PyObject, mut place: Py_ssize_t) -> *mut Kept {
    let room = 2 * layout::var_size(dict) as usize;
    let kept: *mut Kept =
        PyMem_RawMalloc(size_of::<Kept>() + room * size_of::<*mut PyObject>()).cast();
    if kept.is_null() {
        PyErr_NoMemory();
        return kept;
    }
    let entries = (&raw mut (*kept).entries).cast::<*mut PyObject>();
    let mut count = 0;
    let mut key = ptr::null_mut();
    let mut value = ptr::null_mut();
    while count < room && PyDict_Next(dict, &raw mut place, &raw mut key, &raw mut value) != 0 {
        layout::incref(key);
        layout::incref(value);
        entries.add(count).write(key);
        entries.add(count + 1).write(value);
        count += 2;
    }
    (*kept).count = count;
    kept
}

pub(super) unsafe fn free_kept(kept: *mut Kept) {
    let entries = (&raw mut (*kept).entries).cast::<*mut PyObject>();
    for index in 0..(*kept).count {
        layout::decref(*entries.add(index));
    }
    PyMem_RawFree(kept.cast());
}
