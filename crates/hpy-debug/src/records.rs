//! The debug handles of one context: what each stands for and whether it is open.
//!
//! A debug handle is one word: in its lower half the place of a [`Record`], in its upper half a serial number, the number of
//! handles opened before it, and a bit that no address of a program's memory has ([`MARK`]). The record says what the handle stands for and, in [`Record::key`], whether it is
//! open: the word itself, mixed with a number of the call that opened it. So one comparison tells that a word is a
//! handle, that it is open and that it belongs to the running call. What fails it is looked at more closely
//! ([`Records::classify`]).
//!
//! No bit pattern is dereferenced: the places of all records are in one reserved stretch of addresses
//! ([`crate::reserve`]), which begins at a multiple of its size, and a word is masked to lie in it.

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
/// How far the place is shifted to be an offset in bytes. The lowest bit of a place is 0.
const PLACE_SHIFT: u32 = if usize::BITS == 64 { 0 } else { 5 };
/// The bits of a word that are the place.
const PLACE: usize = (1 << PLACE_BITS) - 1;
/// Set in every handle, and in no address: the handles of most contexts below are addresses, and what a field holds may be one.
/// Without a bit to spare it is 0.
const MARK: usize = if usize::BITS == 64 { 1 << (usize::BITS - 1) } else { 0 };
/// The most serials there are at a time.
const SERIALS: usize = 1 << (usize::BITS - PLACE_BITS - MARK.count_ones());

/// The record of one handle at a time.
#[repr(C, align(64))]
pub struct Record {
    /// While the handle is open its word xor the call that opened it, and with [`MORE`] the lowest bit; else 0.
    key: AtomicUsize,
    /// The handle of the context below.
    inner: AtomicIsize,
    /// How many handles had been opened when this one was, itself among them.
    pub sequence: AtomicU64,
    /// What was closed after this, while it waits to be opened again: see [`crate::shelf`].
    pub next: AtomicPtr<Record>,
    flags: AtomicU32,
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
/// What the word of an argument has, where there is a bit to spare.
const ARGUMENT_MARK: usize = if usize::BITS == 64 { 2 } else { 0 };
/// Its use in a later call has been reported.
pub const KEPT_REPORTED: u32 = 4;
/// Its record's raw memory counts towards the limit of protected memory.
pub const RAW_COUNTED: u32 = 8;
/// There is raw memory or a history. The key of an open handle says so too: what compares it at once finds it different.
pub const MORE: u32 = 32;
/// It is the exporter in a buffer view that the extension asked for.
pub const VIEW: u32 = 16;

/// The number that tells a call from others, added to for the next: what the keys of its handles are mixed with. The bits of
/// the place are 0; numbers come round after as many calls as there are serials, 0 (no call) among them.
pub const NEXT_CALL: usize = (0x9E37_79B9_7F4A_7C15_u64 as usize) << PLACE_BITS;

impl Record {
    #[inline(always)]
    pub fn inner(&self) -> HPy {
        HPy { _i: self.inner.load(Relaxed) }
    }

    pub fn is_open(&self) -> bool {
        self.key.load(Acquire) != 0
    }

    /// Whether the record is that of an open handle `h` that this call has opened, and has nothing but the record.
    #[inline(always)]
    pub fn is(&self, h: HPy, call: usize) -> bool {
        self.key.load(Acquire) == h._i as usize ^ call
    }

    /// The call that opened the handle, which is open; 0 if none did.
    pub fn call(&self) -> usize {
        (self.key.load(Relaxed) ^ self.word()._i as usize) & !PLACE
    }

    #[inline(always)]
    pub fn has(&self, flag: u32) -> bool {
        self.flags.load(Relaxed) & flag != 0
    }

    pub fn set(&self, flag: u32) {
        self.flags.fetch_or(flag, Relaxed);
    }

    /// The handle that was opened last.
    pub fn word(&self) -> HPy {
        let mark = if self.has(ARGUMENT) { ARGUMENT_MARK } else { 0 };
        HPy { _i: (self.word_of(self.sequence.load(Relaxed)) | mark) as isize }
    }

    /// Whether `h`, which the record is that of, is an argument.
    #[inline(always)]
    pub fn is_argument(&self, h: HPy) -> bool {
        if ARGUMENT_MARK == 0 { self.has(ARGUMENT) } else { h._i as usize & ARGUMENT_MARK != 0 }
    }

    #[inline(always)]
    fn word_of(&self, sequence: u64) -> usize {
        // The place is never 0: no handle is, not even where serials come round.
        let serial = (sequence as usize) << PLACE_BITS;
        // With the whole address in it the serials of a record begin anywhere; it saves two instructions.
        let word = if PLACE_SHIFT == 0 {
            serial.wrapping_add(self.address())
        } else {
            serial | self.place()
        };
        word | MARK
    }

    fn address(&self) -> usize {
        ptr::from_ref(self).addr()
    }

    /// The serial in a word with the record's place: how many handles had been opened, as far as it goes.
    fn serial_in(&self, word: usize) -> usize {
        let word = if PLACE_SHIFT == 0 { word.wrapping_sub(self.address()) } else { word };
        (word >> PLACE_BITS) & (SERIALS - 1)
    }

    #[inline(always)]
    fn place(&self) -> usize {
        (self.address() >> PLACE_SHIFT) & PLACE
    }

    /// Makes the record that of a new open handle of `inner`.
    ///
    /// The record is not open, and nobody else has it.
    #[inline(always)]
    pub fn open(&self, inner: HPy, flags: u32, sequence: u64, call: usize) -> HPy {
        self.inner.store(inner._i, Relaxed);
        self.sequence.store(sequence, Relaxed);
        self.flags.store(flags, Relaxed);
        let mark = if flags & ARGUMENT == 0 { 0 } else { ARGUMENT_MARK };
        let word = self.word_of(sequence) | mark;
        self.key.store(word ^ call, Release);
        HPy { _i: word as isize }
    }

    /// Closes the handle, which is open.
    #[inline(always)]
    pub fn close(&self) {
        self.key.store(0, Relaxed);
    }

    /// Keeps raw memory for the handle, which is open.
    pub fn keep(&self, raw: *mut Raw) {
        self.raw.store(raw, Release);
        self.set_more();
    }

    fn set_more(&self) {
        self.set(MORE);
        if self.is_open() {
            self.key.fetch_or(1, Relaxed);
        }
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
                self.set_more();
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

    /// Whether a word with the record's place was a handle before the last one was.
    fn had(&self, word: usize) -> bool {
        let serial = self.serial_in(word);
        let now = self.sequence.load(Relaxed);
        if now < SERIALS as u64 {
            serial > 0 && (serial as u64) < now
        } else {
            // They have come round.
            (now as usize).wrapping_sub(serial) & (SERIALS - 1) < SERIALS / 2
        }
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
        let memory = Reserve::new((PLACE + 1) << PLACE_SHIFT);
        let mask = memory.size().saturating_sub(1) & !(SIZE - 1);
        if memory.ensure(SIZE) {
            // No handle has this place: HPy_NULL finds here what it does not match, as every word with this place.
            // SAFETY: the memory is there and nobody else knows of it.
            unsafe {
                let first = &*memory.start().cast::<Record>();
                first.key.store(usize::MAX, Relaxed);
                first.sequence.store(u64::MAX, Relaxed);
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

    /// The offset of a record.
    #[inline(always)]
    pub fn offset(&self, record: &Record) -> u32 {
        (ptr::from_ref(record) as usize).wrapping_sub(self.memory.start() as usize) as u32
    }

    /// The record of an open handle.
    pub fn open(&self, h: HPy) -> Option<&Record> {
        let record = self.at(h);
        (record.is_open() && record.word() == h && self.offset(record) != 0).then_some(record)
    }

    /// Whether a word has the mark of a handle or, where handles have none, a place that a record has been given out for.
    #[inline(always)]
    pub fn may_be(&self, h: HPy) -> bool {
        if MARK == 0 {
            ((h._i as usize) << PLACE_SHIFT) & self.mask < self.used.load(Relaxed)
        } else {
            h._i as usize & MARK != 0
        }
    }

    /// Whether a handle that is gone may be an address too, which has to be asked about.
    pub const GONE_MAY_BE_ADDRESS: bool = MARK == 0;

    /// What a word is, for when it is not an open handle of the running call.
    pub fn classify(&self, h: HPy) -> Handle<'_> {
        let word = h._i as usize;
        let record = self.at(h);
        let offset = self.offset(record) as usize;
        if word & MARK != MARK
            || word & PLACE & !ARGUMENT_MARK != record.place()
            || offset < SIZE
            || offset >= self.used.load(Relaxed)
        {
            return Handle::Foreign;
        }
        if record.word() == h {
            if record.is_open() { Handle::Open(record) } else { Handle::Closed(record) }
        } else if record.had(word) {
            Handle::Gone
        } else {
            Handle::Foreign
        }
    }

    /// A record that has never been used; `None` if there is no memory for it. One thread at a time does this.
    #[cold]
    pub fn grow(&self) -> Option<&Record> {
        let offset = self.used.load(Relaxed);
        if !self.memory.ensure(offset + SIZE) {
            return None;
        }
        self.used.store(offset + SIZE, Relaxed);
        // SAFETY: the memory is there, writable and zero: a closed record with nothing in it.
        Some(unsafe { &*self.memory.start().add(offset).cast::<Record>() })
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

    const CALL: usize = NEXT_CALL.wrapping_mul(3);

    fn opened(records: &Records, call: usize) -> (&Record, HPy) {
        let record = records.grow().unwrap();
        let h = record.open(HPy { _i: 7 }, 0, 5, call);
        (record, h)
    }

    #[test]
    fn a_handle_is_open_closed_then_gone() {
        let records = Records::new();
        let (record, h) = opened(&records, CALL);
        assert!(!h.is_null());
        assert!(record.is(h, CALL) && !record.is(h, CALL.wrapping_add(NEXT_CALL)));
        assert!(!record.is(h, 0) && record.call() == CALL);
        assert_eq!(records.open(h).unwrap().inner(), HPy { _i: 7 });
        assert!(matches!(records.classify(h), Handle::Open(_)));
        record.close();
        assert!(records.open(h).is_none() && !record.is(h, CALL));
        assert!(matches!(records.classify(h), Handle::Closed(_)));
        let next = record.open(HPy { _i: 8 }, 0, 6, CALL);
        assert!(!record.is(h, CALL) && record.is(next, CALL));
        assert!(matches!(records.classify(h), Handle::Gone));
    }

    #[test]
    fn what_is_kept_for_a_handle_is_seen_in_its_key() {
        let records = Records::new();
        let (record, h) = opened(&records, CALL);
        record.keep(ptr::null_mut());
        assert!(!record.is(h, CALL) && record.call() == CALL && record.has(MORE));
        assert!(matches!(records.classify(h), Handle::Open(_)));
    }

    #[test]
    fn other_words_are_foreign() {
        let records = Records::new();
        opened(&records, 0);
        for word in [1, 0x1234, 0x7f12_3456_7890, -1, 2 << 32, 64, isize::MIN] {
            let h = HPy { _i: word };
            assert!(matches!(records.classify(h), Handle::Foreign), "{word:#x}");
            assert!(records.open(h).is_none() && !records.at(h).is(h, NEXT_CALL));
        }
    }

    #[test]
    #[cfg(target_pointer_width = "64")]
    fn no_address_is_a_handle() {
        let records = Records::new();
        for sequence in [1, 5, 1 << 31, (1 << 40) + 7] {
            let record = records.grow().unwrap();
            let h = record.open(HPy { _i: 7 }, 0, sequence, CALL);
            assert!(h._i < 0 && records.may_be(h));
            // The same bits in memory behind the records, as far as they go.
            let address = HPy { _i: h._i & isize::MAX };
            assert!(!records.may_be(address));
            assert!(matches!(records.classify(address), Handle::Foreign));
            assert!(records.open(address).is_none());
            record.close();
            assert!(matches!(records.classify(h), Handle::Closed(_)));
            record.open(HPy { _i: 7 }, 0, sequence.wrapping_add(1), CALL);
            assert!(matches!(records.classify(h), Handle::Gone));
        }
    }

    #[test]
    fn there_is_room_for_many() {
        let records = Records::new();
        let last = (0..100_000).map(|_| records.grow().unwrap()).last().unwrap();
        assert_eq!(records.offset(last) as usize, 100_000 * SIZE);
        assert_eq!(records.iter().count(), 100_000);
    }
}
