//! Thunks are called, used again, and looked at.

extern crate std;

use super::*;
use core::mem::transmute;
use std::vec::Vec;
use std::{format, fs};

type Seen = [usize; 6];

unsafe extern "C" fn five(first: &mut Seen, a: usize, b: usize, c: usize, d: usize) -> usize {
    *first = [1, a, b, c, d, 0];
    a ^ b ^ c ^ d
}

fn arena() -> Arena {
    let arena = Arena::new();
    // SAFETY: the test's own arena is used by this thread only.
    assert!(unsafe { arena.available() }, "this system makes no thunks");
    arena
}

fn made(arena: &Arena, kind: Kind, first: &mut Seen) -> Thunk {
    // SAFETY: as above.
    unsafe { arena.make(kind, (&raw mut *first).cast(), five as *const c_void) }.unwrap()
}

#[test]
fn shift_passes_four_arguments_on() {
    let (arena, mut seen) = (arena(), Seen::default());
    let thunk = made(&arena, Kind::Shift, &mut seen);
    // SAFETY: a shift thunk takes the destination's arguments but the first.
    let call: unsafe extern "C" fn(usize, usize, usize, usize) -> usize =
        unsafe { transmute(thunk.code()) };
    let big = usize::MAX - 7;
    // SAFETY: as above.
    assert_eq!(unsafe { call(big, 2, 3, 4) }, big ^ 2 ^ 3 ^ 4);
    assert_eq!(seen, [1, big, 2, 3, 4, 0]);
}

#[test]
fn the_short_shifts_pass_what_they_say() {
    let (arena, mut seen) = (arena(), Seen::default());
    for (kind, count) in [(Kind::Shift1, 1), (Kind::Shift2, 2)] {
        let thunk = made(&arena, kind, &mut seen);
        // SAFETY: as above.
        let call: unsafe extern "C" fn(usize, usize) -> usize = unsafe { transmute(thunk.code()) };
        // SAFETY: as above; what else the destination takes is whatever the registers hold.
        unsafe { call(usize::MAX - 7, 22) };
        assert_eq!(seen[..=count], [1, usize::MAX - 7, 22][..=count], "{kind:?}");
    }
}

#[test]
fn vectorcall_takes_the_offset_bit_away() {
    let (arena, mut seen) = (arena(), Seen::default());
    let thunk = made(&arena, Kind::Vectorcall, &mut seen);
    // SAFETY: a vectorcall thunk is a vectorcallfunc.
    let call: unsafe extern "C" fn(usize, usize, usize, usize) -> usize =
        unsafe { transmute(thunk.code()) };
    for count in [0, 1, 12345] {
        for bit in [0, 1 << (usize::BITS - 1)] {
            // SAFETY: as above.
            unsafe { call(11, 22, count | bit, 44) };
            assert_eq!(seen, [1, 11, 22, count, 44, 0]);
        }
    }
}

#[test]
fn unpack_hands_out_the_items_of_a_tuple() {
    let (arena, mut seen) = (arena(), Seen::default());
    let thunk = made(&arena, Kind::Unpack, &mut seen);
    // SAFETY: an unpack thunk takes (self, tuple, kw).
    let call: unsafe extern "C" fn(usize, *const u8, usize) -> usize =
        unsafe { transmute(thunk.code()) };
    let mut tuple = [0usize; 16];
    tuple[VAR_SIZE / size_of::<usize>()] = 3;
    let address = tuple.as_ptr() as usize;
    // SAFETY: as above; the thunk reads the size only.
    unsafe { call(5, tuple.as_ptr().cast(), 7) };
    assert_eq!(seen, [1, 5, address + TUPLE_ITEMS, 3, 7, 0]);
}

#[test]
fn thunks_are_used_again() {
    let (arena, mut seen) = (arena(), Seen::default());
    let all: Vec<Thunk> = (0..10_000).map(|_| made(&arena, Kind::Shift, &mut seen)).collect();
    let mut addresses: Vec<usize> = all.iter().map(|thunk| thunk.code() as usize).collect();
    addresses.sort_unstable();
    addresses.dedup();
    assert_eq!(addresses.len(), 10_000);
    // SAFETY: as in `arena`.
    let mappings = || unsafe { arena.pages.with(|pages| pages.mappings.len()) };
    let before = mappings();
    for _ in 0..100 {
        for &thunk in &all {
            // SAFETY: as above, and nothing calls the thunk any more.
            unsafe { arena.free(Kind::Shift, thunk) };
        }
        for _ in &all {
            made(&arena, Kind::Shift, &mut seen);
        }
    }
    assert_eq!(mappings(), before);
}

/// What GNU as makes of the instructions in the comments, with 32 bytes of code and data 4096 bytes on.
#[test]
fn aarch64_code_is_what_an_assembler_makes() {
    const BR: u32 = 0xD61F_0200; // br x16
    const BRK: u32 = 0xD420_0000; // brk #0
    let end = [
        0x5800_7F80, // ldr x0, .+4080
        0x5800_7FB0, // ldr x16, .+4084
        BR,
        BRK,
    ];
    let expected: [(Kind, [u32; 4]); 3] = [
        (
            Kind::Shift,
            [
                0xAA03_03E4, // mov x4, x3
                0xAA02_03E3, // mov x3, x2
                0xAA01_03E2, // mov x2, x1
                0xAA00_03E1, // mov x1, x0
            ],
        ),
        (
            Kind::Vectorcall,
            [
                0xAA03_03E4, // mov x4, x3
                0x9240_F843, // and x3, x2, #0x7fffffffffffffff
                0xAA01_03E2, // mov x2, x1
                0xAA00_03E1, // mov x1, x0
            ],
        ),
        (
            Kind::Unpack,
            [
                0xAA02_03E4,                               // mov x4, x2
                0x9100_0022 | (TUPLE_ITEMS as u32) << 10,  // add x2, x1, #items
                0xF940_0023 | (VAR_SIZE as u32 / 8) << 10, // ldr x3, [x1, #size]
                0xAA00_03E1,                               // mov x1, x0
            ],
        ),
    ];
    let words = |kind| -> Vec<u32> {
        let code = aarch64::code(kind, 4096);
        code.chunks(4).map(|word| u32::from_le_bytes(word.try_into().unwrap())).collect()
    };
    for (kind, start) in expected {
        assert_eq!(words(kind), [start, end].concat(), "{kind:?}");
    }
    // mov x2, x1; mov x1, x0; ldr x0, .+4088; ldr x16, .+4092
    assert_eq!(
        words(Kind::Shift2),
        [0xAA01_03E2, 0xAA00_03E1, 0x5800_7FC0, 0x5800_7FF0, BR, BRK, BRK, BRK]
    );
    // mov x1, x0; ldr x0, .+4092; ldr x16, .+4096
    assert_eq!(
        words(Kind::Shift1),
        [0xAA00_03E1, 0x5800_7FE0, 0x5800_8010, BR, BRK, BRK, BRK, BRK]
    );
}

#[test]
fn a_thunk_has_64_bytes_at_most() {
    assert!(CODE + size_of::<Data>() <= 64);
}

#[test]
#[cfg(target_os = "linux")]
fn no_page_is_writable_and_executable() {
    let (arena, mut seen) = (arena(), Seen::default());
    let thunk = made(&arena, Kind::Unpack, &mut seen).code() as usize;
    let mut found = false;
    for line in fs::read_to_string("/proc/self/maps").unwrap().lines() {
        let (range, rest) = line.split_once(' ').unwrap();
        let (start, end) = range.split_once('-').unwrap();
        let parse = |text| usize::from_str_radix(text, 16).unwrap();
        let rights = rest.get(..4).unwrap();
        assert!(!(rights.contains('w') && rights.contains('x')), "{line}");
        if (parse(start)..parse(end)).contains(&thunk) {
            assert!(rights.starts_with("r-x"), "{line}");
            found = true;
        }
    }
    assert!(found, "{}", format!("no mapping holds {thunk:#x}"));
}
