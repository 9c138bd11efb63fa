//! Opening and closing handles: which record a new handle gets, and how long a closed one is remembered.
//!
//! Closed handles wait in a queue. A new handle takes the oldest of a queue that is nearly full, else a record that was
//! thrown out of it, else one that was never used. Threads that are attached to one interpreter take turns
//! (under a GIL) and need no lock for this; where they do not, and where memory is limited by a test or traces are
//! taken, the slow ways are taken, which lock.

use crate::frame::Frame;
use crate::raw::Raw;
use crate::records::{RAW_COUNTED, Record, salt};
use crate::report::Finding;
use crate::state::{Shared, lock};
use core::cell::UnsafeCell;
use core::ptr;
use core::sync::atomic::{AtomicU32, Ordering::Relaxed};
use hpy_sys::{HPy, api};
use std::sync::{Mutex, MutexGuard};

/// Why the slow ways are taken; 0: they are not.
#[derive(Default)]
pub struct Slow(AtomicU32);

/// Attached threads run at the same time.
pub const PARALLEL: u32 = 1;
/// Traces are taken of handles.
pub const TRACES: u32 = 2;
/// Allocations fail after a while.
pub const BUDGET: u32 = 4;

impl Slow {
    #[inline(always)]
    pub fn any(&self) -> bool {
        self.0.load(Relaxed) != 0
    }

    #[inline(always)]
    pub fn has(&self, reason: u32) -> bool {
        self.0.load(Relaxed) & reason != 0
    }

    pub fn set(&self, reason: u32, on: bool) {
        if on {
            self.0.fetch_or(reason, Relaxed);
        } else {
            self.0.fetch_and(!reason, Relaxed);
        }
    }
}

/// The shelf and the lock for where attached threads do not take turns.
pub struct Shelf {
    mutex: Mutex<()>,
    inside: UnsafeCell<Inside>,
}

// SAFETY: `Inside` is used by attached threads, which take turns or lock the mutex.
unsafe impl Sync for Shelf {}
// SAFETY: as above.
unsafe impl Send for Shelf {}

struct Inside {
    /// Offsets of closed handles' records from `head` to `tail`; its length is a power of two.
    queue: Vec<u32>,
    /// Its length less one.
    mask: usize,
    head: usize,
    tail: usize,
    /// At more closed handles than this a new one takes the oldest.
    floor: usize,
    /// At more than this one is thrown out, or the queue grows.
    limit: usize,
    /// How many may wait.
    most: usize,
    /// Records that were thrown out.
    free: Vec<u32>,
    sequence: u64,
    /// Bytes lent for handles that are closed and remembered.
    raw: usize,
}

impl Inside {
    #[inline(always)]
    fn len(&self) -> usize {
        self.tail.wrapping_sub(self.head)
    }

    fn set_most(&mut self, most: usize) {
        self.most = most;
        // Of many an eighth serves as a store that calls take from and give back to.
        let store = if most < 1000 { 0 } else { most / 8 };
        self.floor = most.saturating_sub(1 + store);
        self.limit = most.min(self.queue.len());
        self.mask = self.queue.len().wrapping_sub(1);
    }

    #[inline(always)]
    fn pop(&mut self) -> u32 {
        let offset = self.queue.get(self.head & self.mask).copied().unwrap_or(0);
        self.head = self.head.wrapping_add(1);
        offset
    }

    /// Makes room for more; false if there is no memory.
    #[cold]
    fn grow(&mut self) -> bool {
        let more = (self.queue.len() * 2).max(64);
        let mut queue = Vec::new();
        if queue.try_reserve_exact(more).is_err() {
            return false;
        }
        let len = self.len();
        while self.len() > 0 {
            queue.push(self.pop());
        }
        queue.resize(more, 0);
        self.queue = queue;
        self.head = 0;
        self.tail = len;
        self.set_most(self.most);
        true
    }
}

impl Shelf {
    pub fn new(most: usize) -> Shelf {
        let mut inside = Inside {
            queue: Vec::new(),
            mask: 0,
            head: 0,
            tail: 0,
            floor: 0,
            limit: 0,
            most: 0,
            free: Vec::new(),
            sequence: 0,
            raw: 0,
        };
        inside.set_most(most);
        Shelf { mutex: Mutex::default(), inside: UnsafeCell::new(inside) }
    }
}

impl Shared {
    fn shelf_lock(&self) -> Option<MutexGuard<'_, ()>> {
        self.slow.has(PARALLEL).then(|| lock(&self.shelf.mutex))
    }

    /// Lets `count` more allocations succeed, or all of them if it is negative.
    pub fn set_budget(&self, count: i64) {
        self.budget.set(count);
        self.slow.set(BUDGET, count >= 0);
    }

    /// How many closed handles are remembered at most.
    ///
    /// # Safety
    /// The calling thread is attached.
    pub unsafe fn set_closed_max(&self, most: usize) {
        let _guard = self.shelf_lock();
        (*self.shelf.inside.get()).set_most(most);
    }

    /// The number that [`Shared::set_closed_max`] has set.
    ///
    /// # Safety
    /// The calling thread is attached.
    pub unsafe fn closed_max(&self) -> usize {
        let _guard = self.shelf_lock();
        (*self.shelf.inside.get()).most
    }

    /// Opens a handle for `inner` in a call; null if there is no memory. Does not touch `inner`.
    ///
    /// # Safety
    /// The calling thread is attached.
    #[inline(always)]
    pub unsafe fn open_in(&self, frame: &Frame, inner: HPy, flags: u32) -> HPy {
        let h = self.open_at_once(frame, inner, flags);
        if h.is_null() { self.open_slowly(inner, flags, frame.call.get()) } else { h }
    }

    /// The same in the usual case; null where it is another: the closed handles are fewer than are remembered, the
    /// oldest has something to be freed, or the slow ways are taken.
    ///
    /// # Safety
    /// The calling thread is attached.
    #[inline(always)]
    pub unsafe fn open_at_once(&self, frame: &Frame, inner: HPy, flags: u32) -> HPy {
        let shelf = &mut *self.shelf.inside.get();
        if self.slow.any() || shelf.len() <= shelf.floor {
            return HPy::NULL;
        }
        // Not empty: the place in the queue is one, and holds the offset of a record.
        let offset = *shelf.queue.as_ptr().add(shelf.head & shelf.mask);
        let record = self.records.known(offset);
        if !record.has_nothing() {
            return HPy::NULL;
        }
        shelf.head = shelf.head.wrapping_add(1);
        shelf.sequence += 1;
        let generation = self.settings.generation.load(Relaxed) as u32;
        record.open(inner, flags, generation, shelf.sequence, frame.call.get(), frame.salt.get())
    }

    /// Opens a handle that belongs to the call of this number, 0: to none. Null if there is no memory.
    ///
    /// # Safety
    /// The calling thread is attached.
    pub unsafe fn open(&self, inner: HPy, flags: u32, call: u64) -> HPy {
        self.open_slowly(inner, flags, call)
    }

    unsafe fn open_now(&self, inner: HPy, flags: u32, call: u64, salt: usize) -> HPy {
        let shelf = &mut *self.shelf.inside.get();
        let offset = if shelf.len() > shelf.floor {
            shelf.pop()
        } else {
            let offset = self.unused(shelf);
            if offset == 0 {
                return HPy::NULL;
            }
            offset
        };
        let record = self.records.known(offset);
        if !record.has_nothing() {
            self.forget(shelf, record);
        }
        shelf.sequence += 1;
        let generation = self.settings.generation.load(Relaxed) as u32;
        record.open(inner, flags, generation, shelf.sequence, call, salt)
    }

    /// A record that nobody has; 0 if there is no memory.
    #[inline(never)]
    unsafe fn unused(&self, shelf: &mut Inside) -> u32 {
        match shelf.free.pop() {
            Some(offset) => offset,
            None => self.records.grow().unwrap_or(0),
        }
    }

    /// Drops what a record remembers of its closed handle.
    #[cold]
    unsafe fn forget(&self, shelf: &mut Inside, record: &Record) {
        let raw = record.forget();
        if record.has(RAW_COUNTED) {
            shelf.raw = shelf.raw.saturating_sub(Raw::total(raw));
        }
        Raw::free(raw, &self.pages);
    }

    #[cold]
    #[inline(never)]
    unsafe fn open_slowly(&self, inner: HPy, flags: u32, call: u64) -> HPy {
        if !self.budget.take() {
            return HPy::NULL;
        }
        let h = {
            let _guard = self.shelf_lock();
            self.open_now(inner, flags, call, salt(call))
        };
        if !h.is_null() && self.slow.has(TRACES) {
            self.records.at(h).trace(Some(self.trace()), None);
        }
        h
    }

    /// Closes the handle of a record and remembers it. Gives up nothing of the context below.
    ///
    /// # Safety
    /// The calling thread is attached; the record's handle is open.
    #[inline(always)]
    pub unsafe fn close(&self, record: &Record) {
        if !self.close_at_once(record) {
            self.close_slowly(record);
        }
    }

    /// The same in the usual case; false where it is another: see [`Shared::open_at_once`].
    ///
    /// # Safety
    /// As [`Shared::close`].
    #[inline(always)]
    pub unsafe fn close_at_once(&self, record: &Record) -> bool {
        let shelf = &mut *self.shelf.inside.get();
        if self.slow.any() || shelf.len() >= shelf.limit || !record.has_nothing() {
            return false;
        }
        record.close();
        // There are as many places as the limit, or more.
        *shelf.queue.as_mut_ptr().add(shelf.tail & shelf.mask) = self.records.offset(record);
        shelf.tail = shelf.tail.wrapping_add(1);
        true
    }

    unsafe fn close_now(&self, record: &Record) {
        record.close();
        let shelf = &mut *self.shelf.inside.get();
        if shelf.len() >= shelf.limit {
            self.make_room(shelf);
        }
        match shelf.queue.get_mut(shelf.tail & shelf.mask) {
            Some(place) if shelf.most > 0 => {
                *place = self.records.offset(record);
                shelf.tail = shelf.tail.wrapping_add(1);
            }
            // Nothing is remembered, or there is no memory for the queue.
            _ => self.throw_out(shelf, record),
        }
    }

    #[cold]
    unsafe fn make_room(&self, shelf: &mut Inside) {
        // One for one: after the limit was lowered the queue gets shorter with every handle that is opened.
        if shelf.len() >= shelf.most.max(1) {
            let oldest = self.records.known(shelf.pop());
            self.throw_out(shelf, oldest);
        }
        if shelf.len() >= shelf.queue.len() && !shelf.grow() && shelf.len() > 0 {
            let oldest = self.records.known(shelf.pop());
            self.throw_out(shelf, oldest);
        }
    }

    #[cold]
    unsafe fn throw_out(&self, shelf: &mut Inside, record: &Record) {
        self.forget(shelf, record);
        // Without memory for the list the record is lost.
        if shelf.free.try_reserve(1).is_ok() {
            shelf.free.push(self.records.offset(record));
        }
    }

    #[cold]
    #[inline(never)]
    unsafe fn close_slowly(&self, record: &Record) {
        if self.slow.has(TRACES) {
            record.trace(None, Some(self.trace()));
        }
        let mut written = false;
        {
            let _guard = self.shelf_lock();
            let raw = record.raw.load(Relaxed);
            if !raw.is_null() {
                let shelf = &mut *self.shelf.inside.get();
                let mut copy = raw;
                while let Some(each) = copy.as_mut() {
                    written |= !each.protect();
                    copy = each.next;
                }
                let total = shelf.raw + Raw::total(raw);
                if total > self.settings.raw_max.load(Relaxed) {
                    Raw::free(record.raw.swap(ptr::null_mut(), Relaxed), &self.pages);
                } else {
                    shelf.raw = total;
                    record.set(RAW_COUNTED);
                }
            }
            self.close_now(record);
        }
        if written {
            self.written_to(record);
        }
    }

    #[cold]
    unsafe fn written_to(&self, record: &Record) {
        let top = crate::frame::top().as_ref();
        let Some(frame) = top else { return };
        let function = frame.name();
        let message = format!("{function} wrote to memory that was lent to it for reading");
        let finding = Finding::new("written-text", message, function).about(self, record);
        crate::report::found(self, finding);
    }

    /// Runs `f` while what records remember stays, which other threads would drop otherwise. `f` must not open or
    /// close handles and must not call Python.
    ///
    /// # Safety
    /// The calling thread is attached.
    pub unsafe fn while_kept<R>(&self, f: impl FnOnce() -> R) -> R {
        let _guard = self.shelf_lock();
        f()
    }

    /// A reference of the caller's own to what the handle of a record stands for, if it is open.
    ///
    /// # Safety
    /// The calling thread is attached.
    pub unsafe fn inner_if_open(&self, record: &Record) -> Option<HPy> {
        self.while_kept(|| record.is_open().then(|| api::HPy_Dup(self.base, record.inner())))
    }

    /// The records of the closed handles that are remembered, oldest first.
    ///
    /// # Safety
    /// The calling thread is attached.
    pub unsafe fn closed(&self) -> Vec<u32> {
        let _guard = self.shelf_lock();
        let shelf = &*self.shelf.inside.get();
        (0..shelf.len())
            .filter_map(|index| {
                shelf.queue.get(shelf.head.wrapping_add(index) & shelf.mask).copied()
            })
            .collect()
    }
}
