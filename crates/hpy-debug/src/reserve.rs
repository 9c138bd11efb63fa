//! A stretch of addresses that is readable from end to end and becomes memory as it is needed.
//!
//! Reading where nothing was written yet gives zeros, so that a word which is no handle can be looked up
//! without asking first whether there is a record.

use core::ptr;
use core::sync::atomic::{AtomicUsize, Ordering::Relaxed};

/// See the module's text.
pub struct Reserve {
    start: *mut u8,
    size: usize,
    /// Bytes from the start that may be written.
    ready: AtomicUsize,
}

// SAFETY: the memory belongs to the value; who reads and writes what in it is its owner's business.
unsafe impl Send for Reserve {}
// SAFETY: as above.
unsafe impl Sync for Reserve {}

/// Made writable at a time.
const STEP: usize = 1 << 20;
/// What there must be at least.
const LEAST: usize = 1 << 22;

impl Reserve {
    /// Addresses for `most` bytes, a power of two, or for less where the system allows no more. They begin at a
    /// multiple of their size.
    pub fn new(most: usize) -> Reserve {
        let mut size = imp::at_most(most);
        while size >= LEAST {
            if let Some(start) = imp::reserve(size) {
                return Reserve { start, size, ready: AtomicUsize::new(0) };
            }
            size /= 2;
        }
        // Nothing at all: each record that is asked for is a MemoryError.
        Reserve { start: nothing(), size: 64, ready: AtomicUsize::new(0) }
    }

    #[inline(always)]
    pub fn start(&self) -> *mut u8 {
        self.start
    }

    pub fn size(&self) -> usize {
        self.size
    }

    /// Whether the first `wanted` bytes may be written, which this sees to. One thread at a time does this.
    pub fn ensure(&self, wanted: usize) -> bool {
        let ready = self.ready.load(Relaxed);
        if wanted <= ready {
            return true;
        }
        if wanted > self.size || self.size < LEAST {
            return false;
        }
        let more = STEP.min(self.size - ready);
        // SAFETY: the range is inside the reservation.
        if !unsafe { imp::allow(self.start.add(ready), more) } {
            return false;
        }
        self.ready.store(ready + more, Relaxed);
        wanted <= ready + more
    }
}

/// A place of one record that matches no handle and is never written.
fn nothing() -> *mut u8 {
    #[repr(align(64))]
    struct Nothing([u8; 64]);
    static NOTHING: Nothing = Nothing([0xFF; 64]);
    ptr::from_ref(&NOTHING.0).cast::<u8>().cast_mut()
}

impl Drop for Reserve {
    fn drop(&mut self) {
        if self.size >= LEAST {
            // SAFETY: it was reserved with this size, and its owner is gone.
            unsafe { imp::release(self.start, self.size) };
        }
    }
}

#[cfg(unix)]
mod imp {
    use core::ptr;

    pub fn at_most(size: usize) -> usize {
        size
    }

    /// Readable pages, which count against no limit of memory: twice as many are asked for, and what is too much at both
    /// ends is given back.
    pub fn reserve(size: usize) -> Option<*mut u8> {
        #[cfg(any(target_os = "linux", target_os = "android"))]
        let flags = libc::MAP_PRIVATE | libc::MAP_ANON | libc::MAP_NORESERVE;
        #[cfg(not(any(target_os = "linux", target_os = "android")))]
        let flags = libc::MAP_PRIVATE | libc::MAP_ANON;
        let all = size.checked_mul(2)?;
        // SAFETY: an anonymous private mapping touches nothing that exists.
        let found = unsafe { libc::mmap(ptr::null_mut(), all, libc::PROT_READ, flags, -1, 0) };
        if found == libc::MAP_FAILED {
            return None;
        }
        let found = found.cast::<u8>();
        let before = found.align_offset(size);
        let start = found.wrapping_add(before);
        // SAFETY: what is before the aligned part and what is behind it are parts of the mapping.
        unsafe {
            if before > 0 {
                libc::munmap(found.cast(), before);
            }
            if before < size {
                libc::munmap(start.add(size).cast(), size - before);
            }
        }
        Some(start)
    }

    pub unsafe fn allow(start: *mut u8, size: usize) -> bool {
        libc::mprotect(start.cast(), size, libc::PROT_READ | libc::PROT_WRITE) == 0
    }

    pub unsafe fn release(start: *mut u8, size: usize) {
        libc::munmap(start.cast(), size);
    }
}

#[cfg(not(unix))]
mod imp {
    use std::alloc::{Layout, alloc_zeroed, dealloc};

    /// Half a million handles that are open or remembered.
    pub fn at_most(size: usize) -> usize {
        size.min(1 << 25)
    }

    fn layout(size: usize) -> Option<Layout> {
        Layout::from_size_align(size, size).ok()
    }

    pub fn reserve(size: usize) -> Option<*mut u8> {
        // SAFETY: the size is not 0.
        let start = unsafe { alloc_zeroed(layout(size)?) };
        (!start.is_null()).then_some(start)
    }

    pub unsafe fn allow(_start: *mut u8, _size: usize) -> bool {
        true
    }

    pub unsafe fn release(start: *mut u8, size: usize) {
        if let Some(layout) = layout(size) {
            dealloc(start, layout);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_reads_as_zero_and_can_be_written_where_it_is_ready() {
        let reserve = Reserve::new(1 << 30);
        assert_eq!(reserve.start().addr() % reserve.size(), 0);
        // SAFETY: the last byte is inside the reservation.
        assert_eq!(unsafe { reserve.start().add(reserve.size() - 1).read() }, 0);
        assert!(reserve.ensure(1) && !reserve.ensure(reserve.size() + 1));
        // SAFETY: the first bytes are ready.
        unsafe { reserve.start().write(1) };
    }
}
