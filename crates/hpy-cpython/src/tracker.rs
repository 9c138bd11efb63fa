//! Trackers: handles to be closed together.

use crate::handle::HPy_Close;
use core::ffi::c_int;
use core::ptr;
use hpy_sys::{HPy, HPy_ssize_t, HPyContext, HPyTracker};
use pyo3_ffi::*;

/// Room for handles where `HPyTracker_New` is asked for none in particular.
const DEFAULT_CAPACITY: usize = 5;

/// There is always room for one handle more: `Add` tracks the handle it is given even where making room
/// for the next one fails. Room for the first handles lies behind the tracker, in the same piece of memory.
struct Tracker {
    handles: *mut HPy,
    length: usize,
    capacity: usize,
}

fn tracker(ht: HPyTracker) -> *mut Tracker {
    ht._i as *mut Tracker
}

/// The room behind the tracker.
fn first_room(t: *mut Tracker) -> *mut HPy {
    t.wrapping_add(1).cast()
}
const _: () = assert!(align_of::<HPy>() <= align_of::<Tracker>());

/// The size of `capacity` handles behind `head` bytes; None where that is more than an object can have.
fn size_of_handles(head: usize, capacity: usize) -> Option<usize> {
    let size = capacity.checked_mul(size_of::<HPy>())?.checked_add(head)?;
    (size <= isize::MAX as usize).then_some(size)
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
    let made: *mut Tracker = match size_of_handles(size_of::<Tracker>(), capacity) {
        Some(size) => PyMem_RawMalloc(size).cast(),
        None => ptr::null_mut(),
    };
    if made.is_null() {
        PyErr_NoMemory();
        return HPyTracker::NULL;
    }
    made.write(Tracker { handles: first_room(made), length: 0, capacity });
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
    let Some(size) = size_of_handles(0, capacity) else {
        return no_room();
    };
    let old = (*t).handles;
    let is_first = old == first_room(t);
    let kept = if is_first { ptr::null_mut() } else { old };
    let handles: *mut HPy = PyMem_RawRealloc(kept.cast(), size).cast();
    if handles.is_null() {
        return no_room();
    }
    if is_first {
        handles.copy_from_nonoverlapping(old, (*t).length);
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
    if handles != first_room(tracker(ht)) {
        PyMem_RawFree(handles.cast());
    }
    PyMem_RawFree(tracker(ht).cast());
}
