//! Opening and closing handles: which record a new handle gets, and how long a closed one is remembered.
//!
//! Closed handles wait in a queue that goes through their records. A new handle takes the oldest of a queue that is nearly
//! full, else a record that was thrown out of it, else one that was never used. Threads that are attached to one
//! interpreter take turns (under a GIL) and need no lock for this. Where they do not the frames of calls have
//! [`NEVER`] in place of the queue; there, and where memory is limited by a test or traces are taken, the slow ways
//! are taken, which lock.

use crate::frame::Frame;
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
    inside: UnsafeCell<Inside>,
}

// SAFETY: `Inside` is used by attached threads, which take turns or lock the mutex.
unsafe impl Sync for Shelf {}
// SAFETY: as above.
unsafe impl Send for Shelf {}

/// What opening and closing a handle looks at.
pub struct Inside {
    /// The closed handle that has waited longest, and the one that has waited shortest; null: none waits. The link to a record
    /// that has more than itself is one byte further: what takes it has something to free.
    head: *mut Record,
    tail: *mut Record,
    /// How many wait.
    len: usize,
    /// At more closed handles than this a new one takes the oldest at once.
    floor: usize,
    /// One is queued at once where at least one waits, and the others are fewer than this.
    limit: usize,
    /// How many may wait.
    most: usize,
    /// The same as `floor` where no reason speaks against it.
    store: usize,
    slow: bool,
    /// Records that were thrown out.
    free: Vec<*mut Record>,
    sequence: u64,
    /// Bytes lent for handles that are closed and remembered.
    raw: usize,
}

/// What frames have where attached threads run at the same time: nothing is opened or closed at once.
pub static NEVER: Shelf = Shelf { mutex: Mutex::new(()), inside: UnsafeCell::new(Inside::empty()) };

/// Takes the mark off a link.
fn linked(link: *mut Record) -> (*mut Record, bool) {
    let marked = link.addr() & 1 != 0;
    (if marked { link.wrapping_byte_sub(1) } else { link }, marked)
}

impl Inside {
    const fn empty() -> Self {
        Inside {
            head: ptr::null_mut(),
            tail: ptr::null_mut(),
            len: 0,
            floor: usize::MAX,
            limit: 0,
            most: 0,
            store: usize::MAX,
            slow: true,
            free: Vec::new(),
            sequence: 0,
            raw: 0,
        }
    }

    fn set_most(&mut self, most: usize) {
        self.most = most;
        // Of many an eighth serves as a store that calls take from and give back to.
        let store = if most < 1000 { 0 } else { most / 8 };
        self.store = most.saturating_sub(1 + store);
        self.set_slow(self.slow);
    }

    fn set_slow(&mut self, slow: bool) {
        self.slow = slow;
        // One stays: the queue is never empty where records are taken and added at once.
        self.floor = if slow { usize::MAX } else { self.store.max(1) };
        self.limit = if slow { 0 } else { self.most.saturating_sub(1) };
    }

    /// Takes the oldest.
    unsafe fn pop(&mut self) -> *mut Record {
        let (record, _) = linked(self.head);
        if let Some(oldest) = record.as_ref() {
            self.head = oldest.next.load(Relaxed);
            self.len -= 1;
            if self.len == 0 {
                self.head = ptr::null_mut();
                self.tail = ptr::null_mut();
            }
        }
        record
    }

    /// Adds one that was closed just now.
    unsafe fn push(&mut self, record: &Record) {
        let record: *mut Record = ptr::from_ref(record).cast_mut();
        let link = if (*record).has(MORE) { record.wrapping_byte_add(1) } else { record };
        match self.tail.as_ref() {
            Some(last) => last.next.store(link, Relaxed),
            None => self.head = link,
        }
        self.tail = record;
        self.len += 1;
    }
}

impl Shelf {
    pub fn new(most: usize) -> Shelf {
        let mut inside = Inside { slow: false, ..Inside::empty() };
        inside.set_most(most);
        Shelf { mutex: Mutex::default(), inside: UnsafeCell::new(inside) }
    }
}

impl Shared {
    fn shelf_lock(&self) -> Option<MutexGuard<'_, ()>> {
        self.slow.has(PARALLEL).then(|| lock(&self.shelf.mutex))
    }

    /// What frames of calls open and close handles with at once.
    pub fn at_once(&self) -> *mut Inside {
        let parallel = self.slow.has(PARALLEL);
        if parallel { NEVER.inside.get() } else { self.shelf.inside.get() }
    }

    /// Has the slow ways taken for this reason, or no longer for this one.
    ///
    /// # Safety
    /// The calling thread is attached.
    pub unsafe fn set_slow(&self, reason: u32, on: bool) {
        let slow = self.slow.set(reason, on);
        // Where threads do not take turns nothing is done at once anyway.
        if !self.slow.has(PARALLEL) {
            (*self.shelf.inside.get()).set_slow(slow);
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
        (*self.shelf.inside.get()).sequence
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
    /// The calling thread is attached and runs the call.
    #[inline(always)]
    pub unsafe fn open_in(&self, frame: &Frame, inner: HPy, flags: u32) -> HPy {
        match open_at_once(frame, inner, flags) {
            Some((_, h)) => h,
            None => self.open(inner, flags, frame.call.get()),
        }
    }

    unsafe fn open_now(&self, inner: HPy, flags: u32, call: usize) -> Option<(&Record, HPy)> {
        let inside = &mut *self.shelf.inside.get();
        let record = if inside.len > inside.store { &*inside.pop() } else { self.unused(inside)? };
        if record.has(MORE) {
            self.forget(inside, record);
        }
        inside.sequence += 1;
        let h = record.open(inner, flags, inside.sequence, call);
        Some((record, h))
    }

    /// A record that nobody has; `None` if there is no memory.
    #[inline(never)]
    unsafe fn unused(&self, inside: &mut Inside) -> Option<&Record> {
        match inside.free.pop() {
            Some(record) => Some(&*record),
            None => self.records.grow(),
        }
    }

    /// Drops what a record remembers of its closed handle.
    #[cold]
    unsafe fn forget(&self, inside: &mut Inside, record: &Record) {
        let raw = record.forget();
        if record.has(RAW_COUNTED) {
            inside.raw = inside.raw.saturating_sub(Raw::total(raw));
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

    /// Closes the handle of a record in a call and remembers it. Gives up nothing of the context below.
    ///
    /// # Safety
    /// The calling thread is attached and runs the call; the record's handle is open.
    #[inline(always)]
    pub unsafe fn close_in(&self, frame: &Frame, record: &Record) {
        if record.has(MORE) || !close_at_once(frame, record) {
            self.close(record);
        }
    }

    unsafe fn close_now(&self, record: &Record) {
        record.close();
        let inside = &mut *self.shelf.inside.get();
        if inside.most == 0 {
            // Nothing is remembered.
            return self.throw_out(inside, record);
        }
        // One for one: after the limit was lowered the queue gets shorter with every handle that is opened.
        if inside.len >= inside.most {
            let oldest = &*inside.pop();
            self.throw_out(inside, oldest);
        }
        inside.push(record);
    }

    #[cold]
    unsafe fn throw_out(&self, inside: &mut Inside, record: &Record) {
        self.forget(inside, record);
        // Without memory for the list the record is lost.
        if inside.free.try_reserve(1).is_ok() {
            inside.free.push(ptr::from_ref(record).cast_mut());
        }
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
                let inside = &mut *self.shelf.inside.get();
                let mut copy = raw;
                while let Some(each) = copy.as_mut() {
                    written |= !each.protect();
                    copy = each.next;
                }
                let total = inside.raw + Raw::total(raw);
                if total > self.settings.raw_max.load(Relaxed) {
                    Raw::free(record.raw.swap(ptr::null_mut(), Relaxed), &self.pages);
                } else {
                    inside.raw = total;
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
        let inside = &*self.shelf.inside.get();
        let mut link = inside.head;
        let mut found = Vec::new();
        // The link of the last is of an earlier time.
        for _ in 0..inside.len {
            let Some(record) = linked(link).0.as_ref() else { break };
            found.push(self.records.offset(record));
            link = record.next.load(Relaxed);
        }
        found
    }
}

/// Opens a handle for `inner` in a call in the usual case; `None` where it is another: the closed handles are fewer than are
/// remembered, the oldest has something to be freed, or the slow ways are taken.
///
/// # Safety
/// The calling thread is attached and runs the call.
#[inline(always)]
pub unsafe fn open_at_once(
    frame: &Frame,
    inner: HPy,
    flags: u32,
) -> Option<(&'static Record, HPy)> {
    let inside = frame.shelf;
    let len = (*inside).len;
    if len <= (*inside).floor {
        return None;
    }
    let head = (*inside).head;
    if head.addr() & 1 != 0 {
        return None;
    }
    // More than one waits: there is a head, and a next.
    let record = &*head;
    (*inside).head = record.next.load(Relaxed);
    (*inside).len = len - 1;
    let sequence = (*inside).sequence + 1;
    (*inside).sequence = sequence;
    Some((record, record.open(inner, flags, sequence, frame.call.get())))
}

/// Closes a handle in the usual case; false where it is another: see [`open_at_once`].
///
/// # Safety
/// As [`Shared::close_in`]; the record has nothing more ([`MORE`]).
#[inline(always)]
pub unsafe fn close_at_once(frame: &Frame, record: &Record) -> bool {
    let inside = frame.shelf;
    let len = (*inside).len;
    if len.wrapping_sub(1) >= (*inside).limit {
        return false;
    }
    record.close();
    let record: *mut Record = ptr::from_ref(record).cast_mut();
    // At least one waits: there is a tail. What its link says is looked at where more than one waits.
    (*(*inside).tail).next.store(record, Relaxed);
    (*inside).tail = record;
    (*inside).len = len + 1;
    true
}
