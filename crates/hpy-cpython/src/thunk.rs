//! Executable thunks: what CPython calls in order to reach an implementation that takes one argument more.
//!
//! CPython calls `f(self, arg)`; a binary's implementation is `impl(ctx, self, arg)`. A thunk is the few
//! instructions between them: it moves the arguments up by one, loads a first argument and jumps. The
//! code of a page of thunks is the same for all of them and never changes: each thunk reads its first
//! argument and its destination from a page of data beside it. A code page is written once, then made
//! executable and read-only: no page is ever writable and executable at once.
//!
//! | kind | CPython calls | reaches |
//! |---|---|---|
//! | shift | `f(a, b, c, d)`, any number of arguments up to four | `dest(first, a, b, c, d)` |
//! | shift 1, shift 2 | `f(a)`, `f(a, b)`; what else it passes gets lost | `dest(first, a)`, `dest(first, a, b)` |
//! | vectorcall | `f(callable, args, nargsf, names)` | `dest(first, callable, args, nargsf without the offset bit, names)` |
//! | unpack | `f(a, tuple, kw)` (`newfunc`, `initproc`) | `dest(first, a, items of tuple, its length, kw)` |
//!
//! Where thunks cannot be made (another architecture, a system that denies executable memory) [`Arena`]
//! returns none and callers use the trampolines that every binary carries, or [`crate::ready_made`] ones.

use crate::layout::{TUPLE_ITEMS, VAR_SIZE};
use crate::lock::Locked;
use alloc::vec::Vec;
use core::ffi::c_void;
use core::ptr;

/// The kinds of thunk, see the module's table.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Kind {
    Shift,
    Shift1,
    Shift2,
    Vectorcall,
    Unpack,
}

const KINDS: usize = Kind::Unpack as usize + 1;

/// Bytes of code per thunk.
const CODE: usize = 32;

/// What a thunk reads when it is called.
#[repr(C)]
struct Data {
    first: *const c_void,
    destination: *const c_void,
}

/// A thunk in use. Its owner returns it with [`Arena::free`].
#[derive(Clone, Copy, Debug)]
pub struct Thunk {
    code: *const c_void,
}

impl Thunk {
    /// The address to give to CPython.
    pub fn code(self) -> *const c_void {
        self.code
    }
}

/// The thunks of one interpreter.
pub struct Arena {
    pages: Locked<Pages>,
}

struct Pages {
    /// Start of each mapping (a page of code, then a page of data), for unmapping.
    mappings: Vec<*mut u8>,
    /// The thunks of each kind that are not in use.
    free: [Vec<*const c_void>; KINDS],
    page_size: usize,
    denied: bool,
}

impl Default for Arena {
    fn default() -> Self {
        Self::new()
    }
}

impl Arena {
    pub fn new() -> Self {
        Arena {
            pages: Locked::new(Pages {
                mappings: Vec::new(),
                free: [const { Vec::new() }; KINDS],
                page_size: memory::page_size(),
                denied: forced_off(),
            }),
        }
    }

    /// A thunk that calls `destination` with `first` before the caller's own arguments.
    /// None where thunks cannot be made.
    ///
    /// # Safety
    /// The calling thread is attached to the arena's interpreter.
    pub unsafe fn make(
        &self,
        kind: Kind,
        first: *const c_void,
        destination: *const c_void,
    ) -> Option<Thunk> {
        self.pages.with(|pages| {
            let code = pages.take(kind)?;
            // SAFETY: a free code address lies in the code page of a live mapping and its data beside it.
            unsafe { pages.data_of(code).write(Data { first, destination }) };
            Some(Thunk { code })
        })
    }

    /// Takes a thunk back.
    ///
    /// # Safety
    /// As [`Arena::make`]; the thunk is one of this arena's, and nothing calls it any more.
    pub unsafe fn free(&self, kind: Kind, thunk: Thunk) {
        self.pages.with(|pages| pages.give_back(kind, thunk.code));
    }

    /// Whether thunks can be made here: tells which of the two ways calls take, for messages and tests.
    ///
    /// # Safety
    /// The calling thread is attached to the arena's interpreter.
    pub unsafe fn available(&self) -> bool {
        self.pages.with(|pages| {
            let Some(code) = pages.take(Kind::Shift) else { return false };
            pages.give_back(Kind::Shift, code);
            true
        })
    }
}

impl Drop for Arena {
    fn drop(&mut self) {
        // SAFETY: the arena is being destroyed, so nothing else reaches it; each mapping came from `map`.
        unsafe {
            let pages = &mut *self.pages.get();
            for &mapping in &pages.mappings {
                memory::unmap(mapping, 2 * pages.page_size);
            }
        }
    }
}

impl Pages {
    fn give_back(&mut self, kind: Kind, code: *const c_void) {
        if let Some(free) = self.free.get_mut(kind as usize) {
            free.push(code);
        }
    }

    fn take(&mut self, kind: Kind) -> Option<*const c_void> {
        if self.denied {
            return None;
        }
        if self.free.get(kind as usize)?.is_empty() && !self.add_mapping(kind) {
            self.denied = true;
            return None;
        }
        self.free.get_mut(kind as usize)?.pop()
    }

    fn data_of(&self, code: *const c_void) -> *mut Data {
        let address = code as usize;
        let page = address & !(self.page_size - 1);
        let index = (address - page) / CODE;
        (page + self.page_size + index * size_of::<Data>()) as *mut Data
    }

    fn add_mapping(&mut self, kind: Kind) -> bool {
        let page_size = self.page_size;
        let Some(start) = memory::map(2 * page_size) else { return false };
        let count = page_size / CODE;
        for index in 0..count {
            let distance = page_size + index * size_of::<Data>() - index * CODE;
            let code = machine::code(kind, distance);
            // SAFETY: `index` is below `count`, so the target lies in the mapping's first page.
            unsafe { ptr::copy_nonoverlapping(code.as_ptr(), start.add(index * CODE), CODE) };
        }
        if !memory::make_executable(start, page_size) {
            memory::unmap(start, 2 * page_size);
            return false;
        }
        self.mappings.push(start);
        for index in (0..count).rev() {
            // SAFETY: as above.
            let code = unsafe { start.add(index * CODE) }.cast_const().cast();
            self.give_back(kind, code);
        }
        true
    }
}

/// `HPY_RS_THUNKS=0` in the environment turns thunks off.
fn forced_off() -> bool {
    #[cfg(unix)]
    // SAFETY: getenv returns null or a NUL-terminated string; it is read before anything can change it.
    unsafe {
        let value = libc::getenv(c"HPY_RS_THUNKS".as_ptr());
        !value.is_null() && core::ffi::CStr::from_ptr(value) == c"0"
    }
    #[cfg(not(unix))]
    false
}

#[cfg(all(unix, target_arch = "x86_64"))]
mod machine {
    use super::*;

    /// The code of one thunk whose data lies `distance` bytes after its start.
    pub fn code(kind: Kind, distance: usize) -> [u8; CODE] {
        let mut code = [0xCC; CODE];
        let mut at = 0;
        let mut emit = |bytes: &[u8]| {
            for (target, byte) in code.iter_mut().skip(at).zip(bytes) {
                *target = *byte;
            }
            at += bytes.len();
            at
        };
        match kind {
            Kind::Shift => {
                emit(&[0x49, 0x89, 0xC8]); // mov r8, rcx
                emit(&[0x48, 0x89, 0xD1]); // mov rcx, rdx
                emit(&[0x48, 0x89, 0xF2]); // mov rdx, rsi
            }
            Kind::Shift2 => {
                emit(&[0x48, 0x89, 0xF2]); // mov rdx, rsi
            }
            Kind::Shift1 => {}
            Kind::Vectorcall => {
                emit(&[0x49, 0x89, 0xC8]); // mov r8, rcx
                emit(&[0x48, 0x89, 0xD1]); // mov rcx, rdx
                emit(&[0x48, 0x0F, 0xBA, 0xF1, 0x3F]); // btr rcx, 63
                emit(&[0x48, 0x89, 0xF2]); // mov rdx, rsi
            }
            Kind::Unpack => {
                emit(&[0x49, 0x89, 0xD0]); // mov r8, rdx
                emit(&[0x48, 0x8D, 0x56, TUPLE_ITEMS as u8]); // lea rdx, [rsi + items]
                emit(&[0x48, 0x8B, 0x4E, VAR_SIZE as u8]); // mov rcx, [rsi + size]
            }
        }
        emit(&[0x48, 0x89, 0xFE]); // mov rsi, rdi
        let at = emit(&[0x48, 0x8B, 0x3D]); // mov rdi, [rip + first]
        let at = emit(&((distance - at - 4) as u32).to_le_bytes());
        emit(&[0xFF, 0x25]); // jmp [rip + destination]
        emit(&((distance + 8 - at - 6) as u32).to_le_bytes());
        code
    }
    const _: () = assert!(TUPLE_ITEMS < 128 && VAR_SIZE < 128);
}

#[cfg(all(unix, target_arch = "aarch64"))]
use aarch64 as machine;

/// Compiled for tests everywhere: they compare it with what an assembler makes.
#[cfg(any(test, all(unix, target_arch = "aarch64")))]
mod aarch64 {
    use super::*;

    /// The code of one thunk whose data lies `distance` bytes after its start.
    pub fn code(kind: Kind, distance: usize) -> [u8; CODE] {
        // mov xd, xs is orr xd, xzr, xs.
        let mov = |d: u32, s: u32| 0xAA00_03E0 | (s << 16) | d;
        // ldr xt, <pc + offset>: imm19 counts words.
        let load =
            |t: u32, at: usize, from: usize| 0x5800_0000 | ((((at - from) / 4) as u32) << 5) | t;
        let (moves, count): ([u32; 4], usize) = match kind {
            Kind::Shift => ([mov(4, 3), mov(3, 2), mov(2, 1), mov(1, 0)], 4),
            Kind::Shift2 => ([mov(2, 1), mov(1, 0), 0, 0], 2),
            Kind::Shift1 => ([mov(1, 0), 0, 0, 0], 1),
            Kind::Vectorcall => (
                // and x3, x2, #0x7fffffffffffffff
                [mov(4, 3), 0x9240_F843, mov(2, 1), mov(1, 0)],
                4,
            ),
            Kind::Unpack => (
                [
                    mov(4, 2),
                    0x9100_0000 | ((TUPLE_ITEMS as u32) << 10) | (1 << 5) | 2, // add x2, x1, #items
                    0xF940_0000 | ((VAR_SIZE as u32 / 8) << 10) | (1 << 5) | 3, // ldr x3, [x1, #size]
                    mov(1, 0),
                ],
                4,
            ),
        };
        let at = 4 * count;
        let jump = [
            load(0, distance, at),
            load(16, distance + 8, at + 4),
            0xD61F_0200, // br x16
        ];
        let words = moves.into_iter().take(count).chain(jump).chain([0xD420_0000; 4]); // brk #0
        let mut code = [0; CODE];
        for (target, word) in code.chunks_exact_mut(4).zip(words) {
            target.copy_from_slice(&word.to_le_bytes());
        }
        code
    }
}

#[cfg(not(all(unix, any(target_arch = "x86_64", target_arch = "aarch64"))))]
mod machine {
    use super::*;

    pub fn code(_kind: Kind, _distance: usize) -> [u8; CODE] {
        [0; CODE]
    }
}

#[cfg(all(unix, any(target_arch = "x86_64", target_arch = "aarch64")))]
mod memory {
    use core::ptr;

    pub fn page_size() -> usize {
        // SAFETY: sysconf has no preconditions.
        let size = unsafe { libc::sysconf(libc::_SC_PAGESIZE) };
        usize::try_from(size).unwrap_or(4096)
    }

    /// `size` bytes of fresh writable memory.
    pub fn map(size: usize) -> Option<*mut u8> {
        // SAFETY: an anonymous private mapping touches nothing that exists.
        let start = unsafe {
            libc::mmap(
                ptr::null_mut(),
                size,
                libc::PROT_READ | libc::PROT_WRITE,
                libc::MAP_PRIVATE | libc::MAP_ANON,
                -1,
                0,
            )
        };
        (start != libc::MAP_FAILED).then_some(start.cast())
    }

    /// Makes a page readable and executable, no longer writable.
    pub fn make_executable(start: *mut u8, size: usize) -> bool {
        // SAFETY: `start` is the start of a mapping from `map`, at least `size` long.
        let done =
            unsafe { libc::mprotect(start.cast(), size, libc::PROT_READ | libc::PROT_EXEC) == 0 };
        #[cfg(target_arch = "aarch64")]
        if done {
            unsafe extern "C" {
                fn __clear_cache(start: *mut u8, end: *mut u8);
            }
            // SAFETY: the range is mapped and readable.
            unsafe { __clear_cache(start, start.add(size)) };
        }
        done
    }

    pub fn unmap(start: *mut u8, size: usize) {
        // SAFETY: the range is a mapping from `map` that nothing uses any more.
        unsafe { libc::munmap(start.cast(), size) };
    }
}

#[cfg(not(all(unix, any(target_arch = "x86_64", target_arch = "aarch64"))))]
mod memory {
    pub fn page_size() -> usize {
        4096
    }
    pub fn map(_size: usize) -> Option<*mut u8> {
        None
    }
    pub fn make_executable(_start: *mut u8, _size: usize) -> bool {
        false
    }
    pub fn unmap(_start: *mut u8, _size: usize) {}
}

#[cfg(all(test, unix, any(target_arch = "x86_64", target_arch = "aarch64")))]
#[path = "thunk_tests.rs"]
mod tests;
