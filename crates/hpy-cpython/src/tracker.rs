//! Trackers: handles to be closed together.

use crate::handle::HPy_Close;
use core::ffi::c_int;
use core::ptr;
use hpy_sys::{HPy, HPy_ssize_t, HPyContext, HPyTracker};
use pyo3_ffi::*;

/// Room for handles where `HPyTracker_New` is asked for none in particular.
const DEFAULT_CAPACITY: usize = 5;

/// There is always room for one handle more: `Add` tracks the handle it is given even where making room
/// for the next one fails.
struct Tracker {
    handles: *mut HPy,
    length: usize,
    capacity: usize,
}

fn tracker(ht: HPyTracker) -> *mut Tracker {
    ht._i as *mut Tracker
}

/// Memory for `capacity` handles in place of `old`; null on failure, `old` then stays.
unsafe fn allocate(old: *mut HPy, capacity: usize) -> *mut HPy {
    match capacity.checked_mul(size_of::<HPy>()) {
        Some(size) if size <= isize::MAX as usize => PyMem_RawRealloc(old.cast(), size).cast(),
        _ => ptr::null_mut(),
    }
}

/// `size` handles can be added without a failure.
pub unsafe extern "C" fn HPyTracker_New(_ctx: *mut HPyContext, size: HPy_ssize_t) -> HPyTracker {
    let capacity = match usize::try_from(size) {
        Ok(0) => DEFAULT_CAPACITY + 1,
        Ok(size) => size + 1,
        Err(_) => {
            PyErr_Format(PyExc_ValueError, c"HPyTracker_New: size %zd is negative".as_ptr(), size);
            return HPyTracker::NULL;
        }
    };
    let made: *mut Tracker = PyMem_RawMalloc(size_of::<Tracker>()).cast();
    let handles = allocate(ptr::null_mut(), capacity);
    if made.is_null() || handles.is_null() {
        PyMem_RawFree(made.cast());
        PyMem_RawFree(handles.cast());
        PyErr_NoMemory();
        return HPyTracker::NULL;
    }
    made.write(Tracker { handles, length: 0, capacity });
    HPyTracker { _i: made as isize }
}

pub unsafe extern "C" fn HPyTracker_Add(_ctx: *mut HPyContext, ht: HPyTracker, h: HPy) -> c_int {
    let t = tracker(ht);
    if (*t).length == (*t).capacity {
        // The last Add used the spare room and failed; only Close may follow.
        return no_room();
    }
    *(*t).handles.add((*t).length) = h;
    (*t).length += 1;
    if (*t).length < (*t).capacity { 0 } else { grow(t) }
}

#[cold]
unsafe fn no_room() -> c_int {
    PyErr_NoMemory();
    -1
}

#[cold]
unsafe fn grow(t: *mut Tracker) -> c_int {
    let capacity = (*t).capacity.saturating_mul(2);
    let handles = allocate((*t).handles, capacity);
    if handles.is_null() {
        return no_room();
    }
    (*t).handles = handles;
    (*t).capacity = capacity;
    0
}

/// The handles stay open; the tracker forgets them.
pub unsafe extern "C" fn HPyTracker_ForgetAll(_ctx: *mut HPyContext, ht: HPyTracker) {
    if !ht.is_null() {
        (*tracker(ht)).length = 0;
    }
}

/// Closes the handles and the tracker.
pub unsafe extern "C" fn HPyTracker_Close(ctx: *mut HPyContext, ht: HPyTracker) {
    if ht.is_null() {
        return;
    }
    let Tracker { handles, length, .. } = tracker(ht).read();
    for index in 0..length {
        HPy_Close(ctx, *handles.add(index));
    }
    PyMem_RawFree(handles.cast());
    PyMem_RawFree(tracker(ht).cast());
}
