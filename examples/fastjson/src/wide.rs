//! Strings that are not all ASCII, by their code points.

use crate::text::{IS_PLAIN, push_unit, write_short};

/// A code point as CPython keeps it: one, two or four bytes for each of a string.
pub trait Unit: Copy {
    fn point(self) -> u32;
}
impl Unit for u8 {
    #[inline(always)]
    fn point(self) -> u32 {
        u32::from(self)
    }
}
impl Unit for u16 {
    #[inline(always)]
    fn point(self) -> u32 {
        u32::from(self)
    }
}
impl Unit for u32 {
    #[inline(always)]
    fn point(self) -> u32 {
        self
    }
}

/// So many code points are written between looks at how much room there is.
const BLOCK: usize = 256;
/// So many are looked at in one go, whether they are all of one kind.
const RUN: usize = 8;
/// What one code point takes at most: two escapes.
const LONGEST: usize = 12;

/// Whether all of a run are written as they are.
#[inline(always)]
fn are_plain<U: Unit>(run: &[U; RUN]) -> bool {
    run.iter().fold(true, |all, unit| {
        let point = unit.point();
        all & (point.wrapping_sub(0x20) < 0x5f) & (point != 0x22) & (point != 0x5c)
    })
}

/// Whether all of a run are characters of three bytes in UTF-8.
#[inline(always)]
fn are_three_bytes<U: Unit>(run: &[U; RUN]) -> bool {
    run.iter().fold(true, |all, unit| {
        let point = unit.point();
        all & (point.wrapping_sub(0x800) < 0xf800) & (point & 0xffff_f800 != 0xd800)
    })
}

/// Adds a string in quotes, with `ascii` all of it in ASCII. Whether there are lone surrogates in what was added,
/// encoded as if they were characters.
pub fn write_wide<U: Unit>(out: &mut Vec<u8>, text: &[U], ascii: bool) -> bool {
    out.push(b'"');
    let mut is_wtf8 = false;
    for block in text.chunks(BLOCK) {
        out.reserve(LONGEST * BLOCK);
        for run in block.chunks(RUN) {
            if let Some(run) = run.first_chunk::<RUN>() {
                if are_plain(run) {
                    // SAFETY: there is room for the whole block.
                    unsafe { push(out, run.map(|unit| unit.point() as u8)) };
                    continue;
                }
                if !ascii && are_three_bytes(run) {
                    for unit in run {
                        // SAFETY: as above.
                        unsafe { push_three(out, unit.point()) };
                    }
                    continue;
                }
            }
            is_wtf8 |= write_each(out, run, ascii);
        }
    }
    out.push(b'"');
    is_wtf8
}

/// The same for a few code points, without quotes. There is room for them.
#[inline(always)]
fn write_each<U: Unit>(out: &mut Vec<u8>, run: &[U], ascii: bool) -> bool {
    let mut is_wtf8 = false;
    for unit in run {
        let point = unit.point();
        if point < 0x80 {
            if IS_PLAIN[point as usize] {
                // SAFETY: there is room for the whole block.
                unsafe { push(out, [point as u8]) };
            } else {
                write_short(out, point as u8, ascii);
            }
        } else if ascii {
            escape(out, point);
        } else {
            // SAFETY: as above.
            is_wtf8 |= unsafe { encode(out, point) };
        }
    }
    is_wtf8
}

/// Adds a code point that has three bytes in UTF-8.
///
/// # Safety
/// There is room for four bytes.
#[inline(always)]
unsafe fn push_three(out: &mut Vec<u8>, point: u32) {
    let bytes = 0x80_80e0 | point >> 12 | (point >> 6 & 0x3f) << 8 | (point & 0x3f) << 16;
    // SAFETY: as the caller says; three of the bytes count.
    unsafe {
        out.as_mut_ptr().add(out.len()).cast::<[u8; 4]>().write_unaligned(bytes.to_le_bytes());
        out.set_len(out.len() + 3);
    }
}

/// # Safety
/// There is room.
#[inline(always)]
unsafe fn push<const N: usize>(out: &mut Vec<u8>, bytes: [u8; N]) {
    // SAFETY: as the caller says.
    unsafe {
        out.as_mut_ptr().add(out.len()).cast::<[u8; N]>().write_unaligned(bytes);
        out.set_len(out.len() + N);
    }
}

#[inline(always)]
fn escape(out: &mut Vec<u8>, point: u32) {
    if point < 0x1_0000 {
        push_unit(out, point);
    } else {
        let beyond = point - 0x1_0000;
        push_unit(out, 0xd800 | beyond >> 10);
        push_unit(out, 0xdc00 | (beyond & 0x3ff));
    }
}

/// Adds a code point beyond ASCII in UTF-8; whether it is a surrogate.
///
/// # Safety
/// There is room for four bytes.
#[inline(always)]
unsafe fn encode(out: &mut Vec<u8>, point: u32) -> bool {
    let last = |shift: u32| (0x80 | (point >> shift & 0x3f)) as u8;
    // SAFETY: as the caller says.
    unsafe {
        if point < 0x800 {
            push(out, [(0xc0 | point >> 6) as u8, last(0)]);
        } else if point < 0x1_0000 {
            push_three(out, point);
        } else {
            push(out, [(0xf0 | point >> 18) as u8, last(12), last(6), last(0)]);
        }
    }
    point & 0xffff_f800 == 0xd800
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn as_utf8_or_escaped() {
        let text = "é \"\u{7f}\u{7ff}\u{800}漢\u{ffff}\u{1f600}\u{10ffff}".repeat(BLOCK);
        let units: Vec<u32> = text.chars().map(u32::from).collect();
        for ascii in [false, true] {
            let mut out = Vec::new();
            assert!(!write_wide(&mut out, &units, ascii));
            let mut expected = Vec::new();
            crate::text::write_quoted(&mut expected, text.as_bytes(), ascii);
            assert_eq!(out, expected);
        }
    }

    #[test]
    fn runs_of_each_kind() {
        for size in 0..40 {
            for place in 0..size {
                for (around, other) in
                    [('a', '"'), ('a', '漢'), ('漢', 'a'), ('漢', '\u{1f600}'), ('é', '漢')]
                {
                    let text: String =
                        (0..size).map(|at| if at == place { other } else { around }).collect();
                    for ascii in [false, true] {
                        let units: Vec<u32> = text.chars().map(u32::from).collect();
                        let (mut out, mut expected) = (Vec::new(), Vec::new());
                        assert!(!write_wide(&mut out, &units, ascii));
                        crate::text::write_quoted(&mut expected, text.as_bytes(), ascii);
                        assert_eq!(out, expected);
                        if let Ok(units) = units
                            .iter()
                            .map(|unit| u16::try_from(*unit))
                            .collect::<Result<Vec<_>, _>>()
                        {
                            out.clear();
                            assert!(!write_wide(&mut out, &units, ascii));
                            assert_eq!(out, expected);
                        }
                    }
                }
            }
        }
    }

    #[test]
    fn surrogates_are_told_of() {
        let mut out = Vec::new();
        assert!(write_wide(&mut out, &[0xd83du16, 0xde00], false));
        assert_eq!(out, b"\"\xed\xa0\xbd\xed\xb8\x80\"");
        for place in 0..16 {
            let mut text = [0x6f22u16; 16];
            text[place] = 0xdfff;
            assert!(write_wide(&mut Vec::new(), &text, false));
            text[place] = 0xe000;
            assert!(!write_wide(&mut Vec::new(), &text, false));
        }
        out.clear();
        assert!(!write_wide(&mut out, &[0xd83du16, 0xde00], true));
        assert_eq!(out, br#""\ud83d\ude00""#);
        out.clear();
        assert!(!write_wide(&mut out, b"\xe9\n", false));
        assert_eq!(out, "\"é\\n\"".as_bytes());
    }
}
