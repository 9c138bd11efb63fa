//! The debug handles of one context: what each stands for and whether it is open.
//!
//! A debug handle is one word: in its lower half the place of a [`Record`], in its upper half a serial number that
//! grows whenever the record gets another handle. The record says what the handle stands for and, in
//! [`Record::key`], whether it is open: the word itself, mixed with a number of the call that opened it. So one
//! comparison tells that a word is a handle, that it is open and that it belongs to the running call. What fails it
//! is looked at more closely ([`Records::classify`]).
//!
//! No bit pattern is dereferenced: the places of all records are in one reserved stretch of addresses
//! ([`crate::reserve`]), and a word is masked to lie in it.

use crate::raw::Raw;
use crate::reserve::Reserve;
use crate::stack::Trace;
use core::ptr;
use core::sync::atomic::{
    AtomicIsize, AtomicPtr, AtomicU32, AtomicU64, AtomicUsize, Ordering::Acquire,
    Ordering::Relaxed, Ordering::Release,
};
use hpy_sys::HPy;

/// Bits of a handle that say where its record is.
const PLACE_BITS: u32 = if usize::BITS == 64 { 32 } else { 20 };
/// How far the place is shifted to be an offset in bytes.
const PLACE_SHIFT: u32 = if usize::BITS == 64 { 0 } else { 6 };
/// The most serials a record can have at a time.
const SERIALS: usize = 1 << (usize::BITS - PLACE_BITS);

/// The record of one handle at a time.
#[repr(C, align(64))]
pub struct Record {
    /// While the handle is open its word xor the salt of the call that opened it, else 0.
    key: AtomicUsize,
    /// The handle of the context below.
    inner: AtomicIsize,
    /// The word of the handle that was opened last.
    word: AtomicUsize,
    /// The call (see [`crate::frame`]) that opened the handle; 0 if none did.
    pub call: AtomicU64,
    /// Orders handles by the time they were opened.
    pub sequence: AtomicU64,
    flags: AtomicU32,
    /// The generation in which the handle was opened.
    generation: AtomicU32,
    /// Memory lent to the extension until the handle is closed.
    pub raw: AtomicPtr<Raw>,
    /// Where the handle was opened and closed, if traces are on.
    pub history: AtomicPtr<History>,
}

/// See [`Record::history`].
#[derive(Default)]
pub struct History {
    pub opened: Option<Trace>,
    pub closed: Option<Trace>,
}

const SIZE: usize = size_of::<Record>();
const _: () = assert!(SIZE == 64);

/// A constant of the context: never closed.
pub const IMMORTAL: u32 = 1;
/// An argument: the reference is the caller's, the extension may not close it.
pub const ARGUMENT: u32 = 2;
/// Its use in a later call has been reported.
pub const KEPT_REPORTED: u32 = 4;
/// Its record's raw memory counts towards the limit of protected memory.
pub const RAW_COUNTED: u32 = 8;
/// There is raw memory or a history.
pub const MORE: u32 = 32;
/// It is the exporter in a buffer view that the extension asked for.
pub const VIEW: u32 = 16;

/// What a call's number adds to the keys of its handles. The lower half is 0; two calls have different ones.
#[inline(always)]
pub fn salt(call: u64) -> usize {
    ((call as usize).wrapping_mul(0x9E37_79B9_7F4A_7C15_u64 as usize)) << PLACE_BITS
}

impl Record {
    #[inline(always)]
    pub fn inner(&self) -> HPy {
        HPy { _i: self.inner.load(Relaxed) }
    }

    pub fn is_open(&self) -> bool {
        self.key.load(Acquire) != 0
    }

    /// Whether the record is that of an open handle `h` that a call with this salt has opened.
    #[inline(always)]
    pub fn is(&self, h: HPy, salt: usize) -> bool {
        self.key.load(Acquire) == h._i as usize ^ salt
    }

    #[inline(always)]
    pub fn has(&self, flag: u32) -> bool {
        self.flags.load(Relaxed) & flag != 0
    }

    pub fn set(&self, flag: u32) {
        self.flags.fetch_or(flag, Relaxed);
    }

    pub fn generation(&self) -> i64 {
        i64::from(self.generation.load(Relaxed))
    }

    /// The handle that was opened last.
    pub fn word(&self) -> HPy {
        HPy { _i: self.word.load(Relaxed) as isize }
    }

    /// Makes the record that of a new open handle of `inner`.
    ///
    /// The record is not open, and nobody else has it.
    #[inline(always)]
    pub fn open(
        &self,
        inner: HPy,
        flags: u32,
        generation: u32,
        sequence: u64,
        call: u64,
        salt: usize,
    ) -> HPy {
        self.inner.store(inner._i, Relaxed);
        self.call.store(call, Relaxed);
        self.sequence.store(sequence, Relaxed);
        self.flags.store(flags, Relaxed);
        self.generation.store(generation, Relaxed);
        // The place is never 0: no handle is, not even after the last serial.
        let word = self.word.load(Relaxed).wrapping_add(1 << PLACE_BITS);
        self.word.store(word, Relaxed);
        self.key.store(word ^ salt, Release);
        HPy { _i: word as isize }
    }

    /// Closes the handle, which is open.
    #[inline(always)]
    pub fn close(&self) {
        self.key.store(0, Relaxed);
    }

    /// Whether nothing is kept for the handle but the record itself.
    #[inline(always)]
    pub fn has_nothing(&self) -> bool {
        !self.has(MORE)
    }

    /// Keeps raw memory for the handle.
    pub fn keep(&self, raw: *mut Raw) {
        self.raw.store(raw, Release);
        self.set(MORE);
    }

    /// Keeps where the handle was opened, or where it was closed if that is not null.
    ///
    /// # Safety
    /// The calling thread has just opened or closed the handle.
    pub unsafe fn trace(&self, opened: Option<Trace>, closed: Option<Trace>) {
        match self.history.load(Relaxed).as_mut() {
            Some(history) => history.closed = closed,
            None => {
                let history = Box::new(History { opened, closed });
                self.history.store(Box::into_raw(history), Release);
                self.set(MORE);
            }
        }
    }

    /// Drops what is kept about the last handle. Returns the raw memory it had.
    #[inline(always)]
    pub fn forget(&self) -> *mut Raw {
        if !self.history.load(Relaxed).is_null() {
            self.forget_history();
        }
        let raw = self.raw.load(Relaxed);
        if !raw.is_null() {
            self.raw.store(ptr::null_mut(), Relaxed);
        }
        raw
    }

    #[cold]
    fn forget_history(&self) {
        let history = self.history.swap(ptr::null_mut(), Acquire);
        if !history.is_null() {
            // SAFETY: histories are set from Box::into_raw, and the swap makes this the only owner.
            drop(unsafe { Box::from_raw(history) });
        }
    }

    /// Where the handle was opened and closed.
    ///
    /// # Safety
    /// The calling thread is attached and nobody frees the history meanwhile: records are reused by attached threads.
    pub unsafe fn traces(&self) -> (Option<Trace>, Option<Trace>) {
        match self.history.load(Acquire).as_ref() {
            Some(history) => (history.opened.clone(), history.closed.clone()),
            None => (None, None),
        }
    }

    fn serial(&self) -> usize {
        self.word.load(Relaxed) >> PLACE_BITS
    }
}

/// What a word that should be a handle turns out to be.
pub enum Handle<'a> {
    Open(&'a Record),
    /// Closed, and its record still tells about it.
    Closed(&'a Record),
    /// Closed so long ago that its record serves another handle.
    Gone,
    /// Not a handle of this context and never was one.
    Foreign,
}

/// All records of a context.
pub struct Records {
    memory: Reserve,
    /// Masks a word to the offset of a record.
    mask: usize,
    /// Offsets below this have been given out at least once.
    used: AtomicUsize,
}

impl Default for Records {
    fn default() -> Self {
        Self::new()
    }
}

impl Records {
    pub fn new() -> Self {
        let memory = Reserve::new(1 << PLACE_BITS << PLACE_SHIFT);
        let mask = memory.size().saturating_sub(1) & !(SIZE - 1);
        if memory.ensure(SIZE) {
            // No handle has this place: HPy_NULL finds here what it does not match, as every word with this place.
            // SAFETY: the memory is there and nobody else knows of it.
            unsafe {
                let first = &*memory.start().cast::<Record>();
                first.key.store(usize::MAX, Relaxed);
                first.word.store(usize::MAX, Relaxed);
            }
        }
        Records { memory, mask, used: AtomicUsize::new(SIZE) }
    }

    /// Where the records are, and the mask that makes an offset of a handle: for [`at`].
    pub fn place(&self) -> (*const u8, usize) {
        (self.memory.start().cast_const(), self.mask)
    }

    /// The record that a word names, whatever the word is.
    #[inline(always)]
    pub fn at(&self, h: HPy) -> &Record {
        // SAFETY: these are the records' own start and mask.
        unsafe { at(self.memory.start().cast_const(), self.mask, h) }
    }

    /// The record at an offset, if it is one.
    pub fn get(&self, offset: u32) -> Option<&Record> {
        let offset = offset as usize;
        (offset >= SIZE && offset < self.used.load(Relaxed) && offset.is_multiple_of(SIZE))
            // SAFETY: offsets below `used` are of records.
            .then(|| unsafe { &*self.memory.start().add(offset).cast::<Record>() })
    }

    /// The record at an offset that was given out.
    ///
    /// # Safety
    /// `offset` came from [`Records::grow`] of the same records.
    #[inline(always)]
    pub unsafe fn known(&self, offset: u32) -> &Record {
        &*self.memory.start().add(offset as usize).cast::<Record>()
    }

    /// The offset of a record.
    #[inline(always)]
    pub fn offset(&self, record: &Record) -> u32 {
        (ptr::from_ref(record) as usize).wrapping_sub(self.memory.start() as usize) as u32
    }

    /// The record of an open handle.
    pub fn open(&self, h: HPy) -> Option<&Record> {
        let record = self.at(h);
        (record.is_open() && record.word() == h).then_some(record)
    }

    /// What a word is, for when it is not an open handle of the running call.
    pub fn classify(&self, h: HPy) -> Handle<'_> {
        let word = h._i as usize;
        let place = (word & ((1 << PLACE_BITS) - 1)) << PLACE_SHIFT;
        let serial = word >> PLACE_BITS;
        if place & !self.mask != 0 || place < SIZE || place >= self.used.load(Relaxed) {
            return Handle::Foreign;
        }
        let record = self.at(h);
        let now = record.serial();
        if serial == now {
            if record.is_open() { Handle::Open(record) } else { Handle::Closed(record) }
        } else if serial > 0 && serial < now {
            Handle::Gone
        } else {
            Handle::Foreign
        }
    }

    /// The offset of a record that has never been used; `None` if there is no memory for it.
    /// One thread at a time does this.
    #[cold]
    pub fn grow(&self) -> Option<u32> {
        let offset = self.used.load(Relaxed);
        if !self.memory.ensure(offset + SIZE) {
            return None;
        }
        // SAFETY: the memory is there, writable and zero: a closed record with nothing in it.
        unsafe {
            let record = &*self.memory.start().add(offset).cast::<Record>();
            record.word.store(offset >> PLACE_SHIFT, Relaxed);
        }
        self.used.store(offset + SIZE, Relaxed);
        u32::try_from(offset).ok()
    }

    /// Every record in use, with its offset.
    pub fn iter(&self) -> impl Iterator<Item = (u32, &Record)> {
        let used = self.used.load(Relaxed);
        (SIZE..used).step_by(SIZE).filter_map(|offset| {
            let offset = u32::try_from(offset).ok()?;
            Some((offset, self.get(offset)?))
        })
    }
}

/// The record that a word names, whatever the word is.
///
/// # Safety
/// `start` and `mask` are [`Records::place`] of live records.
#[inline(always)]
pub unsafe fn at<'a>(start: *const u8, mask: usize, h: HPy) -> &'a Record {
    &*start.add(((h._i as usize) << PLACE_SHIFT) & mask).cast::<Record>()
}

const _: () = assert!(SERIALS >= 4096);

#[cfg(test)]
mod tests {
    use super::*;

    fn opened(records: &Records, call: u64) -> (&Record, HPy) {
        let record = records.get(records.grow().unwrap()).unwrap();
        let h = record.open(HPy { _i: 7 }, 0, 0, 0, call, salt(call));
        (record, h)
    }

    #[test]
    fn a_handle_is_open_closed_then_gone() {
        let records = Records::new();
        let (record, h) = opened(&records, 3);
        assert!(!h.is_null());
        assert!(record.is(h, salt(3)) && !record.is(h, salt(4)) && !record.is(h, 0));
        assert_eq!(records.open(h).unwrap().inner(), HPy { _i: 7 });
        assert!(matches!(records.classify(h), Handle::Open(_)));
        record.close();
        assert!(records.open(h).is_none() && !record.is(h, salt(3)));
        assert!(matches!(records.classify(h), Handle::Closed(_)));
        let next = record.open(HPy { _i: 8 }, 0, 0, 0, 3, salt(3));
        assert!(!record.is(h, salt(3)) && record.is(next, salt(3)));
        assert!(matches!(records.classify(h), Handle::Gone));
    }

    #[test]
    fn other_words_are_foreign() {
        let records = Records::new();
        opened(&records, 0);
        for word in [1, 0x1234, 0x7f12_3456_7890, -1, 2 << 32, 64, isize::MIN] {
            let h = HPy { _i: word };
            assert!(matches!(records.classify(h), Handle::Foreign), "{word:#x}");
            assert!(records.open(h).is_none() && !records.at(h).is(h, salt(1)));
        }
    }

    #[test]
    fn there_is_room_for_many() {
        let records = Records::new();
        let last = (0..100_000).map(|_| records.grow().unwrap()).last().unwrap();
        assert_eq!(last as usize, 100_000 * SIZE);
        assert_eq!(records.iter().count(), 100_000);
    }
}
