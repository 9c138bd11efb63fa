//! Reading on in a container: its nodes, up to the next container in it.

use super::dicts::{enter_dict, enter_sorted};
use super::{Frame, Kept, Kind, Left, Out, Walk};
use crate::handle::handle;
use crate::{contents, layout};
use core::ptr;
use hpy_sys::ext::*;
use pyo3_ffi::*;

/// What was done with a value.
enum Put {
    Written,
    Left(Left),
}

/// The item of a list or a tuple, null behind the last one. Borrowed, but where there is no GIL: there a list's
/// is a new reference.
#[inline(always)]
unsafe fn item<const TUPLE: bool>(items: *mut PyObject, index: Py_ssize_t) -> *mut PyObject {
    if TUPLE {
        return if layout::in_range(index, layout::var_size(items)) {
            *layout::tuple_items(items).offset(index)
        } else {
            ptr::null_mut()
        };
    }
    #[cfg(not(Py_GIL_DISABLED))]
    if layout::in_range(index, layout::var_size(items)) {
        return *layout::list_items(items).offset(index);
    }
    #[cfg(Py_GIL_DISABLED)]
    return layout::list_item(items, index);
    #[cfg(not(Py_GIL_DISABLED))]
    ptr::null_mut()
}

/// How many items ahead the processor is told what will be read.
const AHEAD: Py_ssize_t = 4;

/// Has the processor fetch an item that will soon be read, if there is one. Where other threads may be changing a
/// list its items are not looked at.
#[inline(always)]
unsafe fn fetch_item<const TUPLE: bool>(items: *mut PyObject, index: Py_ssize_t) {
    #[cfg(target_arch = "x86_64")]
    if (TUPLE || cfg!(not(Py_GIL_DISABLED))) && layout::in_range(index, layout::var_size(items)) {
        use core::arch::x86_64::{_MM_HINT_T0, _mm_prefetch};
        let slots = if TUPLE { layout::tuple_items(items) } else { layout::list_items(items) };
        _mm_prefetch::<_MM_HINT_T0>((*slots.offset(index)).cast());
    }
    #[cfg(not(target_arch = "x86_64"))]
    let _ = (items, index);
}

/// Gives up what [`item`] took.
#[inline(always)]
unsafe fn done<const TUPLE: bool>(_item: *mut PyObject) {
    #[cfg(Py_GIL_DISABLED)]
    if !TUPLE {
        layout::decref(_item);
    }
}

/// Reads on in a list or a tuple.
#[inline(always)]
pub(super) unsafe fn read<const TUPLE: bool, const PAIRS: bool, const BORROWED: bool>(
    walk: &mut Walk,
    frame: *mut Frame,
    out: &mut Out,
) -> Left {
    let items = (*frame).items;
    let mut index = (*frame).place;
    let mut runs_code = false;
    for near in 1..AHEAD {
        fetch_item::<TUPLE>(items, index + near);
    }
    while !out.is_full() || runs_code {
        let found = item::<TUPLE>(items, index);
        if found.is_null() {
            return Left::Ended;
        }
        fetch_item::<TUPLE>(items, index + AHEAD);
        index += 1;
        if PAIRS && index & 1 == 1 {
            runs_code = put_key::<BORROWED>(found, out);
            done::<TUPLE>(found);
            continue;
        }
        // Before a frame is put on top, which may move this one.
        (*frame).place = index;
        let put = if BORROWED && runs_code {
            put::<false>(walk, found, out)
        } else {
            put::<BORROWED>(walk, found, out)
        };
        runs_code = false;
        done::<TUPLE>(found);
        if let Put::Left(left) = put {
            return left;
        }
    }
    (*frame).place = index;
    Left::Full
}

/// Reads on in a dict.
#[inline(always)]
pub(super) unsafe fn read_dict<const BORROWED: bool>(
    walk: &mut Walk,
    frame: *mut Frame,
    out: &mut Out,
) -> Left {
    let dict = (*frame).items;
    let mut place = (*frame).place;
    let mut key = ptr::null_mut();
    let mut value = ptr::null_mut();
    while !out.is_full() {
        if PyDict_Next(dict, &raw mut place, &raw mut key, &raw mut value) == 0 {
            return Left::Ended;
        }
        (*frame).place = place;
        let put = if put_key::<BORROWED>(key, out) {
            put::<false>(walk, value, out)
        } else {
            put::<BORROWED>(walk, value, out)
        };
        if let Put::Left(left) = put {
            return left;
        }
    }
    Left::Full
}

/// Reads on in what was left of a dict.
pub(super) unsafe fn read_kept<const BORROWED: bool>(
    walk: &mut Walk,
    frame: *mut Frame,
    out: &mut Out,
) -> Left {
    let kept = (*frame).items.cast::<Kept>();
    while !out.is_full() {
        let index = (*frame).place as usize;
        if index >= (*kept).count {
            return Left::Ended;
        }
        (*frame).place += 2;
        let entry = (&raw mut (*kept).entries).cast::<*mut PyObject>().add(index);
        let put = if put_key::<BORROWED>(*entry, out) {
            put::<false>(walk, *entry.add(1), out)
        } else {
            put::<BORROWED>(walk, *entry.add(1), out)
        };
        if let Put::Left(left) = put {
            return left;
        }
    }
    Left::Full
}

#[inline(always)]
unsafe fn other(item: *mut PyObject) -> HPyContent {
    layout::incref(item);
    HPyContent { tag: HPY_CONTENT_OTHER, value: 0, handle: handle(item) }
}

/// Writes a key. True where its value has to be given with a reference to it: what the caller does with the key
/// may run code of Python's, while a text is borrowed only as long as none runs.
#[inline(always)]
unsafe fn put_key<const BORROWED: bool>(key: *mut PyObject, out: &mut Out) -> bool {
    let node = match contents::leaf::<true, BORROWED>(key, Py_TYPE(key)) {
        Some(leaf) => leaf,
        None => other(key),
    };
    out.push(node);
    BORROWED && stops(&node, out)
}

/// Writes a value; of a container the first node, and enters it.
#[inline(always)]
unsafe fn put<const BORROWED: bool>(walk: &mut Walk, item: *mut PyObject, out: &mut Out) -> Put {
    let ty = Py_TYPE(item);
    if let Some(leaf) = contents::leaf::<true, BORROWED>(item, ty) {
        out.push(leaf);
        if BORROWED {
            stops(&leaf, out);
        }
        return Put::Written;
    }
    put_container(walk, item, ty, out)
}

/// Whether the caller may run code of Python's for a node, one that comes with a handle: then none is to be read
/// behind it in this call, but the value of a key.
#[inline(always)]
fn stops(node: &HPyContent, out: &mut Out) -> bool {
    if node.handle.is_null() {
        return false;
    }
    out.limit = 0;
    true
}

#[inline(never)]
unsafe fn put_container(
    walk: &mut Walk,
    item: *mut PyObject,
    ty: *mut PyTypeObject,
    out: &mut Out,
) -> Put {
    if walk.flags & HPY_WALK_CHECKED != 0 && walk.is_inside(item) {
        out.mark(HPY_CONTENT_CIRCULAR, 0);
        return Put::Written;
    }
    let (tag, kind) = if ty == &raw mut PyDict_Type {
        (HPY_CONTENT_DICT, Kind::Dict)
    } else if ty == &raw mut PyList_Type {
        (HPY_CONTENT_LIST, Kind::List)
    } else if ty == &raw mut PyTuple_Type {
        (HPY_CONTENT_TUPLE, Kind::Tuple)
    } else {
        out.push(other(item));
        return Put::Left(Left::Other);
    };
    let count = layout::var_size(item);
    if count == 0 {
        out.mark(tag, 0);
        out.mark(HPY_CONTENT_END, 0);
        return Put::Written;
    }
    let entered = if kind != Kind::Dict {
        walk.enter(item, kind)
    } else if walk.flags & HPY_WALK_SORTED != 0 {
        match enter_sorted(walk, item) {
            Some(entered) => entered,
            None => {
                out.push(other(item));
                return Put::Left(Left::Other);
            }
        }
    } else {
        enter_dict(walk, item)
    };
    if !entered {
        return Put::Left(Left::Failed);
    }
    out.mark(tag, count);
    Put::Left(Left::Entered)
}
