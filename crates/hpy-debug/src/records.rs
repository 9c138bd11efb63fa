//! The debug handles of one context: what each stands for and whether it is open.
//!
//! A debug handle is an index and a serial number in one word. The record at the index says what the handle
//! stands for; its own serial grows by one whenever the handle is opened or closed, so a handle is open
//! exactly while the two serials are equal, and stays recognisable as closed even after its record serves
//! another handle. No bit pattern is dereferenced: what is not a handle is told apart from what was one.
//!
//! Records are never freed, only reused, and are read without a lock. Opening and closing take the lock of
//! the shelf that keeps them.

use crate::raw::Raw;
use crate::stack::Trace;
use core::ptr;
use core::sync::atomic::{
    AtomicI64, AtomicIsize, AtomicPtr, AtomicU32, AtomicU64, AtomicUsize, Ordering::Acquire,
    Ordering::Relaxed, Ordering::Release,
};
use hpy_sys::HPy;
use std::alloc::{Layout, alloc_zeroed};

/// Bits of a handle that are the index of its record.
const INDEX_BITS: u32 = if usize::BITS == 64 { 32 } else { 20 };
/// The bits of a serial that fit in a handle.
const SERIAL_MASK: u32 = if usize::BITS == 64 { u32::MAX } else { (1 << (32 - INDEX_BITS)) - 1 };
/// Records in the first block; each block has twice as many as the one before it.
const FIRST_BLOCK: usize = 1024;
const BLOCKS: usize = 20;

/// The record of one handle at a time.
#[derive(Default)]
pub struct Record {
    /// Odd while the record's handle is open, even while it is not.
    serial: AtomicU32,
    flags: AtomicU32,
    /// The handle of the context below.
    inner: AtomicIsize,
    /// The generation in which the handle was opened.
    pub generation: AtomicI64,
    /// Orders handles by the time they were opened.
    pub sequence: AtomicU64,
    /// The call (see [`crate::frame`]) that opened the handle; 0 if none did.
    pub call: AtomicU64,
    /// Memory lent to the extension until the handle is closed.
    pub raw: AtomicPtr<Raw>,
    /// Where the handle was opened, if traces are on.
    pub opened: AtomicPtr<Trace>,
    /// Where it was closed.
    pub closed: AtomicPtr<Trace>,
}

/// A constant of the context: never closed.
pub const IMMORTAL: u32 = 1;
/// An argument: the reference is the caller's, the extension may not close it.
pub const ARGUMENT: u32 = 2;
/// Its use in a later call has been reported.
pub const KEPT_REPORTED: u32 = 4;
/// It is the exporter in a buffer view that the extension asked for.
pub const VIEW: u32 = 16;
/// Its record's raw memory counts towards the limit of protected memory.
pub const RAW_COUNTED: u32 = 8;

impl Record {
    pub fn inner(&self) -> HPy {
        HPy { _i: self.inner.load(Relaxed) }
    }

    pub fn is_open(&self) -> bool {
        self.serial.load(Acquire) & 1 == 1
    }

    pub fn has(&self, flag: u32) -> bool {
        self.flags.load(Relaxed) & flag != 0
    }

    pub fn set(&self, flag: u32) {
        self.flags.fetch_or(flag, Relaxed);
    }

    /// Makes the record that of a new open handle of `inner`.
    ///
    /// The record is not open, and the caller holds the shelf's lock or has just taken the record from it.
    pub fn open(&self, inner: HPy, flags: u32, generation: i64, sequence: u64, call: u64) -> u32 {
        self.inner.store(inner._i, Relaxed);
        self.flags.store(flags, Relaxed);
        self.generation.store(generation, Relaxed);
        self.sequence.store(sequence, Relaxed);
        self.call.store(call, Relaxed);
        let serial = self.serial.load(Relaxed).wrapping_add(1);
        self.serial.store(serial, Release);
        serial & SERIAL_MASK
    }

    /// Closes the handle with this serial; false if it is not open (any more).
    pub fn close(&self, serial: u32) -> bool {
        let now = self.serial.load(Relaxed);
        now & SERIAL_MASK == serial
            && now & 1 == 1
            && self.serial.compare_exchange(now, now.wrapping_add(1), Acquire, Relaxed).is_ok()
    }

    /// Drops what is kept about the last handle. Returns the raw memory it had.
    pub fn forget(&self) -> *mut Raw {
        for trace in [&self.opened, &self.closed] {
            if !trace.load(Relaxed).is_null() {
                // SAFETY: traces are set from Box::into_raw, and the swap makes this the only owner.
                unsafe { Trace::free(trace.swap(ptr::null_mut(), Acquire)) };
            }
        }
        self.raw.swap(ptr::null_mut(), Acquire)
    }

    fn serial(&self) -> u32 {
        self.serial.load(Acquire) & SERIAL_MASK
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
    blocks: [AtomicPtr<Record>; BLOCKS],
    /// Indices below this have been given out at least once.
    used: AtomicUsize,
}

impl Default for Records {
    fn default() -> Self {
        Self::new()
    }
}

const fn block_of(index: usize) -> (usize, usize) {
    let group = index / FIRST_BLOCK + 1;
    let block = (usize::BITS - 1 - group.leading_zeros()) as usize;
    (block, index - ((1 << block) - 1) * FIRST_BLOCK)
}

impl Records {
    pub fn new() -> Self {
        Records {
            blocks: [const { AtomicPtr::new(ptr::null_mut()) }; BLOCKS],
            used: AtomicUsize::new(0),
        }
    }

    /// The word for the handle of the record at `index` whose serial is `serial`.
    #[inline(always)]
    pub const fn word(index: u32, serial: u32) -> HPy {
        HPy { _i: (((serial as usize) << INDEX_BITS) | index as usize) as isize }
    }

    /// The index and the serial in a word.
    #[inline(always)]
    pub const fn parts(h: HPy) -> (u32, u32) {
        let word = h._i as usize;
        ((word & ((1 << INDEX_BITS) - 1)) as u32, (word >> INDEX_BITS) as u32)
    }

    /// The record at an index, if there is one.
    #[inline(always)]
    pub fn get(&self, index: u32) -> Option<&Record> {
        let (block, offset) = block_of(index as usize);
        let start = self.blocks.get(block)?.load(Acquire);
        if start.is_null() {
            return None;
        }
        // SAFETY: a block that is set holds FIRST_BLOCK << block records and is never freed before `self`;
        // `block_of` keeps the offset below that.
        Some(unsafe { &*start.add(offset) })
    }

    /// The record of an open handle.
    #[inline(always)]
    pub fn open(&self, h: HPy) -> Option<&Record> {
        let (index, serial) = Self::parts(h);
        let record = self.get(index)?;
        (record.serial() == serial && serial & 1 == 1).then_some(record)
    }

    /// What a word is, for when it is not an open handle.
    pub fn classify(&self, h: HPy) -> Handle<'_> {
        let (index, serial) = Self::parts(h);
        let Some(record) = self.get(index) else { return Handle::Foreign };
        let now = record.serial();
        let age = now.wrapping_sub(serial) & SERIAL_MASK;
        if serial & 1 == 0 || index as usize >= self.used.load(Relaxed) {
            Handle::Foreign
        } else if age == 0 {
            Handle::Open(record)
        } else if age == 1 {
            Handle::Closed(record)
        } else if age < now {
            Handle::Gone
        } else {
            Handle::Foreign
        }
    }

    /// A record that has never been used; `None` if there is no memory for it.
    /// The caller holds the shelf's lock.
    pub fn grow(&self) -> Option<u32> {
        let index = self.used.load(Relaxed);
        let (block, _) = block_of(index);
        let slot = self.blocks.get(block)?;
        if slot.load(Relaxed).is_null() {
            let layout = Layout::array::<Record>(FIRST_BLOCK << block).ok()?;
            // SAFETY: the layout has a size; an all-zero Record is a closed one with nothing in it.
            let memory = unsafe { alloc_zeroed(layout) }.cast::<Record>();
            if memory.is_null() {
                return None;
            }
            slot.store(memory, Release);
        }
        self.used.store(index + 1, Relaxed);
        u32::try_from(index).ok()
    }

    /// Every record in use, with its index.
    pub fn iter(&self) -> impl Iterator<Item = (u32, &Record)> {
        let used = self.used.load(Relaxed) as u32;
        (0..used).filter_map(|index| Some((index, self.get(index)?)))
    }

    /// The handle of the record at `index` that was opened last.
    pub fn last_word(&self, index: u32) -> HPy {
        match self.get(index) {
            Some(record) => Self::word(index, record.serial().wrapping_sub(1) | 1),
            None => HPy::NULL,
        }
    }
}

impl Drop for Records {
    fn drop(&mut self) {
        for (block, slot) in self.blocks.iter().enumerate() {
            let memory = slot.load(Relaxed);
            let Ok(layout) = Layout::array::<Record>(FIRST_BLOCK << block) else { continue };
            if !memory.is_null() {
                // SAFETY: `grow` allocated it with this layout.
                unsafe { std::alloc::dealloc(memory.cast(), layout) };
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn blocks_hold_every_index_once() {
        assert_eq!(block_of(0), (0, 0));
        assert_eq!(block_of(1023), (0, 1023));
        assert_eq!(block_of(1024), (1, 0));
        assert_eq!(block_of(3071), (1, 2047));
        assert_eq!(block_of(3072), (2, 0));
    }

    #[test]
    fn a_handle_is_open_closed_then_gone() {
        let records = Records::new();
        let index = records.grow().unwrap();
        let record = records.get(index).unwrap();
        let serial = record.open(HPy { _i: 7 }, 0, 0, 0, 0);
        let h = Records::word(index, serial);
        assert!(!h.is_null());
        assert_eq!(records.open(h).unwrap().inner(), HPy { _i: 7 });
        assert_eq!(records.last_word(index), h);
        assert!(record.close(serial));
        assert!(!record.close(serial));
        assert!(records.open(h).is_none());
        assert!(matches!(records.classify(h), Handle::Closed(_)));
        assert_eq!(records.last_word(index), h);
        record.open(HPy { _i: 8 }, 0, 0, 0, 0);
        assert!(matches!(records.classify(h), Handle::Gone));
    }

    #[test]
    fn other_words_are_foreign() {
        let records = Records::new();
        let index = records.grow().unwrap();
        records.get(index).unwrap().open(HPy { _i: 7 }, 0, 0, 0, 0);
        for word in [1, 0x7f12_3456_7890, -1, 2 << 32] {
            assert!(matches!(records.classify(HPy { _i: word }), Handle::Foreign), "{word:#x}");
        }
    }
}
