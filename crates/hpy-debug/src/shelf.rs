//! Opening and closing handles: which record a new handle gets, and how long a closed one is remembered.
//!
//! Closed handles wait in a [`Queue`]; a new handle takes a record that has left it, or one that was never used. Threads
//! that are attached to one interpreter take turns (under a GIL) and need no lock for this. Where they do not the frames
//! of calls have [`NEVER`] in place of the queue; there, and where memory is limited by a test or traces are taken, the
//! slow ways are taken, which lock.

use crate::frame::Frame;
use crate::queue::{AtOnce, Queue};
use crate::raw::Raw;
use crate::records::{MORE, RAW_COUNTED, Record};
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
/// There is something to be told: see [`crate::assigned`].
pub const NOTED: u32 = 8;

impl Slow {
    #[inline(always)]
    pub fn has(&self, reason: u32) -> bool {
        self.0.load(Relaxed) & reason != 0
    }

    fn set(&self, reason: u32, on: bool) -> bool {
        let before = if on {
            self.0.fetch_or(reason, Relaxed) | reason
        } else {
            self.0.fetch_and(!reason, Relaxed) & !reason
        };
        before != 0
    }
}

/// The shelf and the lock for where attached threads do not take turns.
pub struct Shelf {
    mutex: Mutex<()>,
    queue: UnsafeCell<Queue>,
}

// SAFETY: the queue is used by attached threads, which take turns or lock the mutex.
unsafe impl Sync for Shelf {}
// SAFETY: as above.
unsafe impl Send for Shelf {}

/// What frames have where attached threads run at the same time: nothing is opened or closed at once.
pub static NEVER: Shelf = Shelf { mutex: Mutex::new(()), queue: UnsafeCell::new(Queue::never()) };

impl Shelf {
    pub fn new(most: usize) -> Shelf {
        Shelf { mutex: Mutex::default(), queue: UnsafeCell::new(Queue::new(most)) }
    }

    fn at_once(&self) -> *mut AtOnce {
        // SAFETY: only the address is taken, of a part of what is there.
        unsafe { &raw mut (*self.queue.get()).at_once }
    }
}

impl Shared {
    fn shelf_lock(&self) -> Option<MutexGuard<'_, ()>> {
        self.slow.has(PARALLEL).then(|| lock(&self.shelf.mutex))
    }

    /// What frames of calls open and close handles with at once.
    pub fn at_once(&self) -> *mut AtOnce {
        let parallel = self.slow.has(PARALLEL);
        if parallel { NEVER.at_once() } else { self.shelf.at_once() }
    }

    /// Has the slow ways taken for this reason, or no longer for this one.
    ///
    /// # Safety
    /// The calling thread is attached.
    pub unsafe fn set_slow(&self, reason: u32, on: bool) {
        let slow = self.slow.set(reason, on);
        // Where threads do not take turns nothing is done at once anyway.
        if !self.slow.has(PARALLEL) {
            (*self.shelf.queue.get()).set_slow(slow);
        }
    }

    /// Lets `count` more allocations succeed, or all of them if it is negative.
    ///
    /// # Safety
    /// The calling thread is attached.
    pub unsafe fn set_budget(&self, count: i64) {
        self.budget.set(count);
        self.set_slow(BUDGET, count >= 0);
    }

    /// How many handles have been opened.
    ///
    /// # Safety
    /// The calling thread is attached.
    pub unsafe fn opened_so_far(&self) -> u64 {
        let _guard = self.shelf_lock();
        (*self.shelf.queue.get()).at_once.sequence
    }

    /// How many closed handles are remembered at most.
    ///
    /// # Safety
    /// The calling thread is attached.
    pub unsafe fn set_closed_max(&self, most: usize) {
        let _guard = self.shelf_lock();
        (*self.shelf.queue.get()).set_most(most);
    }

    /// The number that [`Shared::set_closed_max`] has set.
    ///
    /// # Safety
    /// The calling thread is attached.
    pub unsafe fn closed_max(&self) -> usize {
        let _guard = self.shelf_lock();
        (*self.shelf.queue.get()).most()
    }

    /// Opens a handle for `inner` in a call; null if there is no memory. Does not touch `inner`.
    ///
    /// # Safety
    /// The calling thread is attached and runs the call.
    #[inline(always)]
    pub unsafe fn open_in(&self, frame: &Frame, inner: HPy, flags: u32) -> HPy {
        match open_at_once(frame, inner, flags) {
            Some((_, h)) => h,
            None => self.open(inner, flags, frame.call.get()),
        }
    }

    unsafe fn open_now(&self, inner: HPy, flags: u32, call: usize) -> Option<(&Record, HPy)> {
        let queue = &mut *self.shelf.queue.get();
        for _ in 0..queue.overdue() {
            if let Some(oldest) = queue.pop().as_ref() {
                self.throw_out(queue, oldest);
            }
        }
        let record = match queue.take().as_ref() {
            Some(record) => record,
            None => self.records.grow()?,
        };
        queue.at_once.sequence += 1;
        let h = record.open(inner, flags, queue.at_once.sequence, call);
        Some((record, h))
    }

    /// Drops what a record remembers of its closed handle.
    #[inline(never)]
    unsafe fn forget(&self, queue: &mut Queue, record: &Record) {
        let raw = record.forget();
        if record.has(RAW_COUNTED) {
            queue.raw = queue.raw.saturating_sub(Raw::total(raw));
        }
        Raw::free(raw, &self.pages);
    }

    /// Opens a handle that belongs to this call, 0: to none. Null if there is no memory.
    ///
    /// # Safety
    /// The calling thread is attached.
    #[inline(never)]
    pub unsafe fn open(&self, inner: HPy, flags: u32, call: usize) -> HPy {
        if !self.budget.take() {
            return HPy::NULL;
        }
        let opened = {
            let _guard = self.shelf_lock();
            self.open_now(inner, flags, call)
        };
        let Some((record, h)) = opened else { return HPy::NULL };
        if self.slow.has(TRACES) {
            record.trace(Some(self.trace()), None);
        }
        if self.slow.has(NOTED) {
            crate::assigned::tell(self);
        }
        h
    }

    unsafe fn close_now(&self, record: &Record) {
        record.close();
        let queue = &mut *self.shelf.queue.get();
        if queue.most() == 0 {
            // Nothing is remembered.
            return self.throw_out(queue, record);
        }
        if queue.add_at_once(record) {
            return;
        }
        for _ in 0..queue.surplus() {
            if let Some(oldest) = queue.pop().as_ref() {
                self.throw_out(queue, oldest);
            }
        }
        queue.push(record);
    }

    unsafe fn throw_out(&self, queue: &mut Queue, record: &Record) {
        if record.has(MORE) {
            self.forget(queue, record);
        }
        queue.give(record);
    }

    /// Closes the handle of a record and remembers it. Gives up nothing of the context below.
    ///
    /// # Safety
    /// The calling thread is attached; the record's handle is open.
    #[inline(never)]
    pub unsafe fn close(&self, record: &Record) {
        if self.slow.has(TRACES) {
            record.trace(None, Some(self.trace()));
        }
        let mut written = false;
        {
            let _guard = self.shelf_lock();
            let raw = record.raw.load(Relaxed);
            if !raw.is_null() {
                let queue = &mut *self.shelf.queue.get();
                let mut copy = raw;
                while let Some(each) = copy.as_mut() {
                    written |= !each.protect();
                    copy = each.next;
                }
                let total = queue.raw + Raw::total(raw);
                if total > self.settings.raw_max.load(Relaxed) {
                    Raw::free(record.raw.swap(ptr::null_mut(), Relaxed), &self.pages);
                } else {
                    queue.raw = total;
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
        let mut found = Vec::new();
        (*self.shelf.queue.get()).each(|record| found.push(self.records.offset(record)));
        found
    }
}

/// Opens a handle for `inner` in a call in the usual case; `None` where it is another: no record is ready, or the slow ways are
/// taken.
///
/// # Safety
/// The calling thread is attached and runs the call.
#[inline(always)]
pub unsafe fn open_at_once(
    frame: &Frame,
    inner: HPy,
    flags: u32,
) -> Option<(&'static Record, HPy)> {
    let at_once = frame.shelf;
    let record = (*at_once).ready.as_ref()?;
    (*at_once).ready = record.next.load(Relaxed);
    let sequence = (*at_once).sequence + 1;
    (*at_once).sequence = sequence;
    Some((record, record.open(inner, flags, sequence, frame.call.get())))
}

/// Closes a handle in the usual case; false where it is another: see [`open_at_once`].
///
/// # Safety
/// As [`Shared::close`], and the thread runs the call; the record has nothing more ([`MORE`]).
#[inline(always)]
pub unsafe fn close_at_once(frame: &Frame, record: &Record) -> bool {
    // Not [`close_in_turn`], which writes: there may be threads that have no turns.
    if (*frame.shelf).room <= 0 {
        return false;
    }
    close_in_turn(frame, record)
}

/// The same where attached threads take turns.
///
/// # Safety
/// As [`close_at_once`]; the interpreter's threads are not [`PARALLEL`].
#[inline(always)]
pub unsafe fn close_in_turn(frame: &Frame, record: &Record) -> bool {
    let at_once = frame.shelf;
    (*at_once).room -= 1;
    if (*at_once).room < 0 {
        return false;
    }
    record.close();
    let record: *mut Record = ptr::from_ref(record).cast_mut();
    // There is room: so there is a tail.
    (*(*at_once).tail).next.store(record, Relaxed);
    (*at_once).tail = record;
    true
}
