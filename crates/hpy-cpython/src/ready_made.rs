//! A few thunks that are compiled in, for where none can be made and a definition has no trampoline.
//!
//! Binaries carry trampolines; the runtime's own modules (`hpy.universal._debug`, say) do not. Where
//! [`crate::thunk`] makes none, their definitions get one of these. It does what a made one does, with a
//! slower way to its first argument and its destination: a static table, which the whole process shares.
//! Each entry is taken by one [`crate::bind::Bindings`] at a time.

use crate::layout::{TUPLE_ITEMS, VAR_SIZE};
use crate::thunk::Kind;
use core::ffi::c_void;
use core::ptr;
use core::sync::atomic::{AtomicBool, AtomicPtr, Ordering};

/// One ready-made thunk.
pub struct ReadyMade {
    used: AtomicBool,
    first: AtomicPtr<c_void>,
    destination: AtomicPtr<c_void>,
}

const COUNT: usize = 128;
type Table = [ReadyMade; COUNT];

const fn unused() -> Table {
    [const {
        ReadyMade {
            used: AtomicBool::new(false),
            first: AtomicPtr::new(ptr::null_mut()),
            destination: AtomicPtr::new(ptr::null_mut()),
        }
    }; COUNT]
}

static SHIFT: Table = unused();
static VECTORCALL: Table = unused();
static UNPACK: Table = unused();

/// All arguments are words, and so is what comes back: a handle, an int (in the lower bits) or nothing.
type Function = unsafe extern "C" fn(*mut c_void, usize, usize, usize, usize) -> usize;
type Code = unsafe extern "C" fn(usize, usize, usize, usize) -> usize;

unsafe fn call(entry: Option<&ReadyMade>, [a, b, c, d]: [usize; 4]) -> usize {
    let Some(entry) = entry else { return 0 };
    let destination = entry.destination.load(Ordering::Relaxed);
    // SAFETY: who has the thunk has been given it by `take`, with a destination that takes these arguments.
    let function = unsafe { core::mem::transmute::<*mut c_void, Function>(destination) };
    function(entry.first.load(Ordering::Relaxed), a, b, c, d)
}

unsafe extern "C" fn shift<const N: usize>(a: usize, b: usize, c: usize, d: usize) -> usize {
    call(SHIFT.get(N), [a, b, c, d])
}

unsafe extern "C" fn vectorcall<const N: usize>(a: usize, b: usize, c: usize, d: usize) -> usize {
    call(VECTORCALL.get(N), [a, b, c & (usize::MAX >> 1), d])
}

unsafe extern "C" fn unpack<const N: usize>(a: usize, tuple: usize, kw: usize, _: usize) -> usize {
    let count = ((tuple + VAR_SIZE) as *const usize).read();
    call(UNPACK.get(N), [a, tuple + TUPLE_ITEMS, count, kw])
}

macro_rules! row {
    ($code:ident, $start:expr) => {
        [
            $code::<{ $start }> as Code,
            $code::<{ $start + 1 }>,
            $code::<{ $start + 2 }>,
            $code::<{ $start + 3 }>,
            $code::<{ $start + 4 }>,
            $code::<{ $start + 5 }>,
            $code::<{ $start + 6 }>,
            $code::<{ $start + 7 }>,
        ]
    };
}

macro_rules! codes {
    ($code:ident) => {
        [
            row!($code, 0),
            row!($code, 8),
            row!($code, 16),
            row!($code, 24),
            row!($code, 32),
            row!($code, 40),
            row!($code, 48),
            row!($code, 56),
            row!($code, 64),
            row!($code, 72),
            row!($code, 80),
            row!($code, 88),
            row!($code, 96),
            row!($code, 104),
            row!($code, 112),
            row!($code, 120),
        ]
    };
}

static SHIFT_CODES: [[Code; 8]; COUNT / 8] = codes!(shift);
static VECTORCALL_CODES: [[Code; 8]; COUNT / 8] = codes!(vectorcall);
static UNPACK_CODES: [[Code; 8]; COUNT / 8] = codes!(unpack);

/// Takes a free thunk: itself, for [`give_back`], and its address. None if all are in use.
pub fn take(
    kind: Kind,
    first: *const c_void,
    destination: *const c_void,
) -> Option<(&'static ReadyMade, *const c_void)> {
    let (table, codes) = match kind {
        Kind::Shift | Kind::Shift1 | Kind::Shift2 => (&SHIFT, &SHIFT_CODES),
        Kind::Vectorcall => (&VECTORCALL, &VECTORCALL_CODES),
        Kind::Unpack => (&UNPACK, &UNPACK_CODES),
    };
    let free = |entry: &ReadyMade| !entry.used.swap(true, Ordering::AcqRel);
    let (entry, code) = table.iter().zip(codes.iter().flatten()).find(|(entry, _)| free(entry))?;
    entry.first.store(first.cast_mut(), Ordering::Relaxed);
    entry.destination.store(destination.cast_mut(), Ordering::Release);
    Some((entry, *code as *const c_void))
}

/// Gives a thunk back that nothing calls any more.
pub fn give_back(entry: &ReadyMade) {
    entry.used.store(false, Ordering::Release);
}

#[cfg(test)]
mod tests {
    extern crate std;

    use super::*;
    use core::mem::transmute;
    use std::vec::Vec;

    unsafe extern "C" fn sum(first: *mut c_void, a: usize, b: usize, c: usize, d: usize) -> usize {
        first as usize + 10 * a + 100 * b + 1000 * c + 10_000 * d
    }

    #[test]
    fn each_calls_its_own_destination() {
        let mut taken = Vec::new();
        for first in 0..COUNT {
            let (entry, code) =
                take(Kind::Vectorcall, first as *const c_void, sum as *const c_void).unwrap();
            taken.push((entry, code, first));
        }
        assert!(take(Kind::Vectorcall, ptr::null(), ptr::null()).is_none());
        for &(_, code, first) in &taken {
            // SAFETY: a ready-made thunk takes four words.
            let call: Code = unsafe { transmute(code) };
            // SAFETY: as above.
            let result = unsafe { call(1, 2, 3 | (1 << (usize::BITS - 1)), 4) };
            assert_eq!(result, first + 43_210);
        }
        for (entry, ..) in taken {
            give_back(entry);
        }
        let (entry, _) = take(Kind::Vectorcall, ptr::null(), ptr::null()).unwrap();
        give_back(entry);
    }
}
