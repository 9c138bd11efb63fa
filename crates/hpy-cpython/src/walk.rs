//! Objects read with all that is in them, a few hundred at a time: see `walk_next` in `hpy_sys::ext`.
//!
//! A walk is a stack of the containers it is in. While `walk_next` runs, no code of Python's does, so that the
//! stack borrows the containers it gets to; it takes references to those that it is still in before it
//! returns, and before it makes an object of a kind whose making may start the garbage collector.

mod dicts;
mod read;

use crate::err::{null_argument, wrong_type};
use crate::handle::object;
use crate::stack::Stack;
use crate::{contents, layout};
use core::ffi::{c_int, c_void};
use core::ptr;
use dicts::settle;
use hpy_sys::ext::*;
use hpy_sys::{HPy, HPy_ssize_t, HPyContext};
use pyo3_ffi::*;
use read::{read, read_dict, read_kept};

/// A container that the walk is in.
#[derive(Clone, Copy)]
struct Frame {
    /// What the items are from; null where the caller said nothing.
    container: *mut PyObject,
    /// What is read: the container itself, or what stands for it.
    items: *mut PyObject,
    /// The next index, or where `PyDict_Next` is.
    place: Py_ssize_t,
    kind: Kind,
}

#[derive(Clone, Copy, PartialEq)]
enum Kind {
    List,
    Tuple,
    Dict,
    /// Keys and values in turn, in a list.
    ListOfPairs,
    TupleOfPairs,
    /// The same, in memory of the walk's own: `items` is a [`Kept`].
    Kept,
}

/// Keys and values that were left in a dict when the walk stopped in it, each with a reference. Not an object of
/// Python's: making one may start the garbage collector.
#[repr(C)]
struct Kept {
    count: usize,
    entries: [*mut PyObject; 0],
}

struct Walk {
    frames: Stack<Frame>,
    /// So many frames, from the outermost on, own references to their objects.
    owned: usize,
    /// Frames that were left while texts are borrowed: giving up their objects may run code of Python's.
    left: Stack<Frame>,
    flags: u64,
}

/// Where `walk_next` writes.
struct Out {
    start: *mut HPyContent,
    count: usize,
    /// From here on there is not room for all that one step may write.
    limit: usize,
}

impl Out {
    #[inline(always)]
    unsafe fn push(&mut self, content: HPyContent) {
        self.start.add(self.count).write(content);
        self.count += 1;
    }

    #[inline(always)]
    unsafe fn mark(&mut self, tag: u64, count: Py_ssize_t) {
        self.push(HPyContent { tag: tag | (count as u64) << 8, value: 0, handle: HPy::NULL });
    }

    #[inline(always)]
    fn is_full(&self) -> bool {
        self.count > self.limit
    }
}

/// Why a frame was left.
enum Left {
    /// Nothing more is in it.
    Ended,
    /// There is another one on top of it.
    Entered,
    /// No room for more nodes.
    Full,
    /// The last node is of an object that the caller may put something in the place of.
    Other,
    Failed,
}

impl Walk {
    /// Takes the references that are borrowed.
    unsafe fn own_all(&mut self) {
        while self.owned < self.frames.length {
            let frame = &*self.frames.start.add(self.owned);
            own(frame);
            self.owned += 1;
        }
    }

    /// Leaves the top frame. With `BORROWED` there is room in `left`.
    #[inline(always)]
    unsafe fn pop<const BORROWED: bool>(&mut self) {
        self.frames.length -= 1;
        let frame = *self.frames.start.add(self.frames.length);
        if self.owned > self.frames.length {
            self.owned = self.frames.length;
            if BORROWED {
                self.left.push(frame);
            } else {
                // All frames below are owned: code of Python's that runs now may do what it wants.
                disown(&frame);
            }
        }
    }

    /// Gives up the objects of frames that were left.
    unsafe fn give_up_left(&mut self) {
        while self.left.length > 0 {
            self.left.length -= 1;
            let frame = *self.left.start.add(self.left.length);
            disown(&frame);
        }
    }

    #[inline(always)]
    unsafe fn is_inside(&self, container: *mut PyObject) -> bool {
        let mut index = self.frames.length;
        while index > 0 {
            index -= 1;
            if (*self.frames.start.add(index)).container == container {
                return true;
            }
        }
        false
    }

    /// Enters a container that the top frame holds. False, with an exception, where there is no memory.
    #[inline(always)]
    unsafe fn enter(&mut self, container: *mut PyObject, kind: Kind) -> bool {
        if !self.frames.reserve(1) {
            return false;
        }
        self.frames.push(Frame { container, items: container, place: 0, kind });
        // Other threads may take it from where it is at any time.
        #[cfg(Py_GIL_DISABLED)]
        self.own_all();
        true
    }

    /// The same with items that stand for it, of which a reference is given away.
    unsafe fn enter_with(
        &mut self,
        container: *mut PyObject,
        items: *mut PyObject,
        kind: Kind,
    ) -> bool {
        if items.is_null() || !self.frames.reserve(1) {
            Py_XDECREF(items);
            return false;
        }
        self.own_all();
        Py_XINCREF(container);
        self.frames.push(Frame { container, items, place: 0, kind });
        self.owned += 1;
        true
    }
}

/// Frames of kept items are owned from the start.
unsafe fn own(frame: &Frame) {
    layout::incref(frame.items);
    Py_XINCREF(frame.container);
}

unsafe fn disown(frame: &Frame) {
    if frame.kind == Kind::Kept {
        dicts::free_kept(frame.items.cast());
    } else {
        layout::decref(frame.items);
    }
    Py_XDECREF(frame.container);
}

pub unsafe extern "C" fn walk_new(_ctx: *mut HPyContext, flags: u64) -> *mut c_void {
    let walk: *mut Walk = PyMem_RawMalloc(size_of::<Walk>()).cast();
    if walk.is_null() {
        PyErr_NoMemory();
        return ptr::null_mut();
    }
    walk.write(Walk { frames: Stack::EMPTY, owned: 0, left: Stack::EMPTY, flags });
    walk.cast()
}

pub unsafe extern "C" fn walk_free(_ctx: *mut HPyContext, walk: *mut c_void) {
    let walk = walk.cast::<Walk>();
    if walk.is_null() {
        return;
    }
    while (*walk).frames.length > 0 {
        (*walk).pop::<false>();
    }
    (*walk).give_up_left();
    (*walk).frames.free();
    (*walk).left.free();
    PyMem_RawFree(walk.cast());
}

pub unsafe extern "C" fn walk_enter(
    _ctx: *mut HPyContext,
    walk: *mut c_void,
    stands_for: HPy,
    items: HPy,
    pairs: c_int,
) -> c_int {
    if walk.is_null() || items.is_null() {
        null_argument(c"walk_enter", if walk.is_null() { c"walk" } else { c"items" });
        return -1;
    }
    let items = object(items);
    let kind = match (PyTuple_Check(items) != 0, PyList_Check(items) != 0, pairs != 0) {
        (true, _, false) => Kind::Tuple,
        (true, _, true) => Kind::TupleOfPairs,
        (_, true, false) => Kind::List,
        (_, true, true) => Kind::ListOfPairs,
        _ => {
            wrong_type(c"walk_enter", c"a list or a tuple", items);
            return -1;
        }
    };
    let container = if stands_for.is_null() { ptr::null_mut() } else { object(stands_for) };
    layout::incref(items);
    if (*walk.cast::<Walk>()).enter_with(container, items, kind) { 0 } else { -1 }
}

pub unsafe extern "C" fn walk_next(
    ctx: *mut HPyContext,
    walk: *mut c_void,
    out: *mut HPyContent,
    capacity: HPy_ssize_t,
) -> HPy_ssize_t {
    if walk.is_null() || out.is_null() {
        null_argument(c"walk_next", if walk.is_null() { c"walk" } else { c"out" });
        return -1;
    }
    if capacity < HPY_WALK_ROOM {
        PyErr_Format(
            PyExc_SystemError,
            c"walk_next: room for at least %zd nodes was expected, %zd given".as_ptr(),
            HPY_WALK_ROOM,
            capacity,
        );
        return -1;
    }
    let walk = &mut *walk.cast::<Walk>();
    walk.give_up_left();
    // Other threads may take a str from where it is at any time; sorting makes lists, for which the garbage
    // collector may run.
    let borrowed = walk.flags & (HPY_WALK_BORROWED | HPY_WALK_SORTED) == HPY_WALK_BORROWED;
    if borrowed && cfg!(not(Py_GIL_DISABLED)) {
        // Frames that are entered in this call and left in it too are not owned.
        if !walk.left.reserve(walk.frames.length) {
            return -1;
        }
        go_on::<true>(ctx, walk, out, capacity)
    } else {
        go_on::<false>(ctx, walk, out, capacity)
    }
}

#[inline(always)]
unsafe fn go_on<const BORROWED: bool>(
    ctx: *mut HPyContext,
    walk: &mut Walk,
    out: *mut HPyContent,
    capacity: HPy_ssize_t,
) -> HPy_ssize_t {
    let mut out = Out { start: out, count: 0, limit: (capacity - HPY_WALK_ROOM) as usize };
    while walk.frames.length > 0 && !out.is_full() {
        let frame = walk.frames.start.add(walk.frames.length - 1);
        let left = match (*frame).kind {
            Kind::List => read::<false, false, BORROWED>(walk, frame, &mut out),
            Kind::Tuple => read::<true, false, BORROWED>(walk, frame, &mut out),
            Kind::Dict => read_dict::<BORROWED>(walk, frame, &mut out),
            Kind::ListOfPairs => read::<false, true, BORROWED>(walk, frame, &mut out),
            Kind::TupleOfPairs => read::<true, true, BORROWED>(walk, frame, &mut out),
            Kind::Kept => read_kept::<BORROWED>(walk, frame, &mut out),
        };
        match left {
            Left::Ended => {
                out.mark(HPY_CONTENT_END, 0);
                walk.pop::<BORROWED>();
            }
            Left::Entered => {}
            Left::Full => break,
            Left::Other => {
                walk.own_all();
                if settle(walk) {
                    break;
                }
                contents::contents_close(ctx, out.start, out.count);
                return -1;
            }
            Left::Failed => {
                walk.own_all();
                contents::contents_close(ctx, out.start, out.count);
                return -1;
            }
        }
    }
    walk.own_all();
    out.count as HPy_ssize_t
}
