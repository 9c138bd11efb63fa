//! Memory lent to an extension for as long as a handle is open: what the `char *` of a string points to.
//!
//! The extension gets a copy on pages of its own that end where the copy ends: writing to it, and reading it
//! after its handle was closed or past its end, stops the program there and then. Where pages cannot be
//! protected (or the environment variable `_HPY_DEBUG_FORCE_DEFAULT_MEM_PROTECT` is set) the copy lies on
//! the heap: it is compared with the original when the handle is closed and overwritten with bytes that are
//! neither text nor a pointer.

use core::ffi::{c_char, c_void};
use core::ptr;
#[cfg(unix)]
use core::sync::atomic::{AtomicUsize, Ordering::Relaxed};
use std::sync::{Mutex, OnceLock};

/// Copies on mappings of the smallest size that are kept to be used again, unreadable meanwhile: making one takes longer than
/// all the rest.
#[derive(Default)]
pub struct Pages(Mutex<Spare>);

#[derive(Default)]
struct Spare(Vec<*mut Raw>);

// SAFETY: the copies belong to whoever takes them out.
unsafe impl Send for Spare {}

/// A copy lent to the extension.
pub struct Raw {
    data: *mut u8,
    size: usize,
    /// The pages the copy is on; null if it is on the heap.
    pages: *mut c_void,
    pages_size: usize,
    /// Sum of the bytes, to notice writes; of those on the heap, since others cannot be written to.
    checksum: u64,
    /// Whether its handle was closed.
    protected: bool,
    /// Another copy lent for the same handle, with other contents.
    pub next: *mut Raw,
}

/// What a byte becomes when its copy is taken back without protection.
const DEAD: u8 = 0xDB;

fn checksum(bytes: &[u8]) -> u64 {
    bytes.iter().fold(14_695_981_039_346_656_037, |sum, &byte| {
        (sum ^ u64::from(byte)).wrapping_mul(1_099_511_628_211)
    })
}

impl Raw {
    /// Copies `size` bytes; `None` if there is no memory.
    ///
    /// # Safety
    /// `source` is readable for `size` bytes.
    pub unsafe fn copy(source: *const c_char, size: usize, spare: &Pages) -> Option<*mut Raw> {
        let bytes = core::slice::from_raw_parts(source.cast::<u8>(), size);
        if let Some(raw) = spare.take(size) {
            (*raw).data = fill(bytes, (*raw).pages, (*raw).pages_size);
            (*raw).size = size;
            (*raw).protected = false;
            return Some(raw);
        }
        let (data, pages, pages_size) = match map(bytes) {
            Some((data, pages, pages_size)) => (data, pages, pages_size),
            None => {
                let mut copy = Vec::new();
                copy.try_reserve_exact(size).ok()?;
                copy.extend_from_slice(bytes);
                let copy = Box::into_raw(copy.into_boxed_slice());
                (copy.cast::<u8>(), ptr::null_mut(), 0)
            }
        };
        Some(Box::into_raw(Box::new(Raw {
            data,
            size,
            pages,
            pages_size,
            checksum: if pages.is_null() { checksum(bytes) } else { 0 },
            protected: false,
            next: ptr::null_mut(),
        })))
    }

    pub fn pointer(&self) -> *const c_char {
        self.data.cast_const().cast()
    }

    /// The number of bytes lent, with the terminating NUL.
    pub fn size(&self) -> usize {
        self.size
    }

    /// Whether the copy still holds exactly these bytes.
    ///
    /// # Safety
    /// The copy is readable: its handle is open. `source` is readable for `size` bytes.
    pub unsafe fn equals(&self, source: *const c_char, size: usize) -> bool {
        self.size == size
            && core::slice::from_raw_parts(self.data, size)
                == core::slice::from_raw_parts(source.cast::<u8>(), size)
    }

    /// Makes the copy unusable and keeps it. False if the extension had written to it.
    ///
    /// # Safety
    /// The copy is readable: this is called once, when its handle is closed.
    pub unsafe fn protect(&mut self) -> bool {
        self.protected = true;
        if !self.pages.is_null() {
            forbid(self.pages, self.pages_size);
            return true;
        }
        let bytes = core::slice::from_raw_parts_mut(self.data, self.size);
        let intact = checksum(bytes) == self.checksum;
        bytes.fill(DEAD);
        intact
    }

    /// Gives the memory of this copy and of all behind it back.
    ///
    /// # Safety
    /// `raw` is null or came from [`Raw::copy`], and nothing else frees it.
    pub unsafe fn free(mut raw: *mut Raw, spare: &Pages) {
        while !raw.is_null() {
            let this = raw;
            raw = (*this).next;
            if (*this).protected && spare.keep(this) {
                continue;
            }
            let owned = Box::from_raw(this);
            if owned.pages.is_null() {
                let slice = ptr::slice_from_raw_parts_mut(owned.data, owned.size);
                // The bytes may still be read by mistake: leave nothing there that looks right.
                (&mut *slice).fill(DEAD);
                drop(Box::from_raw(slice));
            } else {
                unmap(owned.pages, owned.pages_size);
            }
        }
    }

    /// The bytes lent in this copy and all behind it.
    ///
    /// # Safety
    /// `raw` is null or a live copy.
    pub unsafe fn total(mut raw: *const Raw) -> usize {
        let mut total = 0;
        while let Some(copy) = raw.as_ref() {
            total += copy.size;
            raw = copy.next;
        }
        total
    }
}

/// Whether there is memory at an address, of whatever kind. True where the system does not tell.
#[cfg(unix)]
pub fn is_mapped(address: usize) -> bool {
    let page = page_size();
    let mut resident = 0;
    let start = core::ptr::without_provenance_mut(address & !(page - 1));
    // SAFETY: the call reads and writes nothing but the one byte of its result.
    unsafe { libc::mincore(start, page, (&raw mut resident).cast()) == 0 }
}

#[cfg(not(unix))]
pub fn is_mapped(_address: usize) -> bool {
    true
}

fn protection_is_off() -> bool {
    static OFF: OnceLock<bool> = OnceLock::new();
    *OFF.get_or_init(|| std::env::var_os("_HPY_DEBUG_FORCE_DEFAULT_MEM_PROTECT").is_some())
}

#[cfg(unix)]
fn page_size() -> usize {
    static SIZE: AtomicUsize = AtomicUsize::new(0);
    let known = SIZE.load(Relaxed);
    if known != 0 {
        return known;
    }
    // SAFETY: sysconf has no preconditions.
    let size = usize::try_from(unsafe { libc::sysconf(libc::_SC_PAGESIZE) }).unwrap_or(4096);
    SIZE.store(size, Relaxed);
    size
}

/// Puts the bytes at the very end of the readable part of a mapping of [`map`], all of it unreadable.
///
/// # Safety
/// Nothing uses the mapping, which has room for them.
#[cfg(unix)]
unsafe fn fill(bytes: &[u8], pages: *mut c_void, size: usize) -> *mut u8 {
    let readable = size - page_size();
    libc::mprotect(pages, readable, libc::PROT_READ | libc::PROT_WRITE);
    let data = pages.cast::<u8>().add(readable - bytes.len());
    ptr::copy_nonoverlapping(bytes.as_ptr(), data, bytes.len());
    libc::mprotect(pages, readable, libc::PROT_READ);
    data
}

/// Read-only pages that hold the bytes at their very end, and an unreadable one behind them.
#[cfg(unix)]
fn map(bytes: &[u8]) -> Option<(*mut u8, *mut c_void, usize)> {
    if protection_is_off() {
        return None;
    }
    let page = page_size();
    let readable = bytes.len().checked_next_multiple_of(page)?.max(page);
    let size = readable.checked_add(page)?;
    // SAFETY: an anonymous private mapping touches nothing that exists; all that follows stays inside it.
    unsafe {
        let pages = libc::mmap(
            ptr::null_mut(),
            size,
            libc::PROT_READ | libc::PROT_WRITE,
            libc::MAP_PRIVATE | libc::MAP_ANON,
            -1,
            0,
        );
        if pages == libc::MAP_FAILED {
            return None;
        }
        let data = pages.cast::<u8>().add(readable - bytes.len());
        ptr::copy_nonoverlapping(bytes.as_ptr(), data, bytes.len());
        libc::mprotect(pages, readable, libc::PROT_READ);
        let behind = pages.cast::<u8>().add(readable).cast();
        libc::mprotect(behind, page, libc::PROT_NONE);
        tell_apart(behind, page);
        Some((data, pages, size))
    }
}

/// Marks the page behind a copy as one of another kind. The kernel would join it with the copy's pages whenever these are
/// unreadable too, and part them again for the next copy, which takes longer than all the rest. Where it refuses it does just that.
///
/// # Safety
/// The page is part of a mapping of [`map`].
#[cfg(any(target_os = "linux", target_os = "android"))]
unsafe fn tell_apart(behind: *mut c_void, page: usize) {
    // There is nothing on it that a core dump could show.
    libc::madvise(behind, page, libc::MADV_DONTDUMP);
}

#[cfg(all(unix, not(any(target_os = "linux", target_os = "android"))))]
unsafe fn tell_apart(_behind: *mut c_void, _page: usize) {}

/// Makes a mapping of [`map`] unreadable; the page at its end is so already.
#[cfg(unix)]
fn forbid(pages: *mut c_void, size: usize) {
    let readable = size - page_size();
    // SAFETY: the range is a mapping of `map`.
    unsafe {
        libc::mprotect(pages, readable, libc::PROT_NONE);
        if readable > page_size() {
            libc::madvise(pages, readable, libc::MADV_DONTNEED);
        }
    }
}

#[cfg(unix)]
fn unmap(pages: *mut c_void, size: usize) {
    // SAFETY: the range is a mapping of `map` that nothing uses any more.
    unsafe { libc::munmap(pages, size) };
}

/// Mappings kept at most.
#[cfg(unix)]
const MOST_SPARE: usize = 256;

#[cfg(unix)]
impl Pages {
    /// A copy with room for so many bytes.
    fn take(&self, size: usize) -> Option<*mut Raw> {
        if size > page_size() {
            return None;
        }
        crate::state::lock(&self.0).0.pop()
    }

    /// Keeps a copy that is unreadable; false if it has to be freed.
    unsafe fn keep(&self, raw: *mut Raw) -> bool {
        if (*raw).pages.is_null() || (*raw).pages_size != 2 * page_size() {
            return false;
        }
        let mut spare = crate::state::lock(&self.0);
        let kept = spare.0.len() < MOST_SPARE && spare.0.try_reserve(1).is_ok();
        if kept {
            (*raw).next = ptr::null_mut();
            spare.0.push(raw);
        }
        kept
    }
}

#[cfg(unix)]
impl Drop for Pages {
    fn drop(&mut self) {
        for raw in crate::state::lock(&self.0).0.drain(..) {
            // SAFETY: `keep` was handed it, and nothing else has it.
            let owned = unsafe { Box::from_raw(raw) };
            unmap(owned.pages, owned.pages_size);
        }
    }
}

#[cfg(not(unix))]
fn map(_bytes: &[u8]) -> Option<(*mut u8, *mut c_void, usize)> {
    let _ = protection_is_off();
    None
}

#[cfg(not(unix))]
unsafe fn fill(_bytes: &[u8], _pages: *mut c_void, _size: usize) -> *mut u8 {
    ptr::null_mut()
}

#[cfg(not(unix))]
impl Pages {
    fn take(&self, _size: usize) -> Option<*mut Raw> {
        None
    }

    unsafe fn keep(&self, _raw: *mut Raw) -> bool {
        false
    }
}

#[cfg(not(unix))]
fn forbid(_pages: *mut c_void, _size: usize) {}

#[cfg(not(unix))]
fn unmap(_pages: *mut c_void, _size: usize) {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_copy_holds_the_bytes_and_nothing_behind_them() {
        let text = c"hello";
        // SAFETY: the literal is six bytes long, the copy is freed once.
        unsafe {
            let spare = Pages::default();
            let raw = Raw::copy(text.as_ptr(), 6, &spare).unwrap();
            assert_eq!(std::ffi::CStr::from_ptr((*raw).pointer()), text);
            assert!((*raw).equals(text.as_ptr(), 6));
            assert!(!(*raw).equals(c"hallo".as_ptr(), 6));
            assert_eq!(((*raw).pointer() as usize + 6) % page_size(), 0);
            assert!((*raw).protect());
            let pages = (*raw).pages;
            Raw::free(raw, &spare);
            let again = Raw::copy(c"hi".as_ptr(), 3, &spare).unwrap();
            assert_eq!((*again).pages, pages);
            assert!((*again).equals(c"hi".as_ptr(), 3));
            Raw::free(again, &spare);
        }
    }
}
