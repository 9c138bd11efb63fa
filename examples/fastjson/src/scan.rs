//! Reading strings.

use core::cell::{Cell, OnceCell, UnsafeCell};
use core::mem::MaybeUninit;

/// A string of a document.
pub enum Text<'t> {
    Ascii(&'t str),
    /// Not all of it is ASCII.
    Wide(&'t str),
}

/// Memory for strings without their escapes. Together they are not longer than the document they are in, and do not
/// move: what was given out stays.
pub struct Arena {
    room: usize,
    memory: OnceCell<Box<[UnsafeCell<MaybeUninit<u8>>]>>,
    used: Cell<usize>,
}

impl Arena {
    /// For a document of so many bytes.
    pub fn new(room: usize) -> Self {
        Arena { room, memory: OnceCell::new(), used: Cell::new(0) }
    }

    /// Adds bytes to the string that is being made; false where there is no room, which is never so.
    fn push(&self, bytes: &[u8]) -> bool {
        let memory = self.memory.get_or_init(|| {
            // SAFETY: any bytes are cells of what need not be initialised.
            unsafe { Box::new_uninit_slice(self.room).assume_init() }
        });
        let used = self.used.get();
        let Some(cells) = memory.get(used..).and_then(|free| free.get(..bytes.len())) else {
            return false;
        };
        // SAFETY: the cells lie behind all that was given out.
        unsafe {
            let start = UnsafeCell::raw_get(cells.as_ptr());
            start.cast::<u8>().copy_from_nonoverlapping(bytes.as_ptr(), bytes.len());
        }
        self.used.set(used + bytes.len());
        true
    }

    /// What was added since `start`.
    fn since(&self, start: usize) -> &[u8] {
        let cells = self.memory.get().and_then(|memory| memory.get(start..self.used.get()));
        match cells {
            // SAFETY: all up to there was written, and will not be again.
            Some(cells) => unsafe {
                core::slice::from_raw_parts(cells.as_ptr().cast::<u8>(), cells.len())
            },
            None => &[],
        }
    }
}

/// What is next in a string.
struct Stop {
    /// Where a byte is that is a quote, a backslash or a control character; the end of the text if there is none.
    at: usize,
    /// Whether all before is ASCII.
    is_ascii: bool,
}

const BLOCK: usize = if cfg!(target_arch = "x86_64") { 16 } else { 8 };

/// Marks of a block: which bytes a string stops at, right as far as the first one, and which are beyond ASCII. One
/// bit for each.
#[cfg(target_arch = "x86_64")]
#[inline(always)]
fn marks(block: &[u8; BLOCK]) -> (u32, u32) {
    use core::arch::x86_64::*;
    // SAFETY: every x86-64 has SSE2; the load is of the whole block.
    unsafe {
        let bytes = _mm_loadu_si128(block.as_ptr().cast());
        let is = |byte: u8| _mm_cmpeq_epi8(bytes, _mm_set1_epi8(byte as i8));
        let largest_control = _mm_set1_epi8(0x1f);
        let control = _mm_cmpeq_epi8(_mm_max_epu8(bytes, largest_control), largest_control);
        let stops = _mm_or_si128(control, _mm_or_si128(is(b'"'), is(b'\\')));
        (_mm_movemask_epi8(stops) as u32, _mm_movemask_epi8(bytes) as u32)
    }
}

/// The same with eight bits for each byte.
#[cfg(not(target_arch = "x86_64"))]
#[inline(always)]
fn marks(block: &[u8; BLOCK]) -> (u64, u64) {
    const LOW: u64 = 0x0101_0101_0101_0101;
    const HIGH: u64 = 0x8080_8080_8080_8080;
    let bytes = u64::from_le_bytes(*block);
    let is = |byte: u8| {
        let differs = bytes ^ (LOW * u64::from(byte));
        differs.wrapping_sub(LOW) & !differs
    };
    let control = bytes.wrapping_sub(LOW * 0x20) & !bytes;
    ((is(b'"') | is(b'\\') | control) & HIGH, bytes & HIGH)
}

const BITS_PER_BYTE: u32 = if cfg!(target_arch = "x86_64") { 1 } else { 8 };

#[inline(always)]
fn stop(text: &[u8], mut at: usize) -> Stop {
    let mut beyond_ascii = 0;
    while let Some(block) = text.get(at..).and_then(<[u8]>::first_chunk::<BLOCK>) {
        let (stops, beyond) = marks(block);
        if stops != 0 {
            // Only what is before the stop counts: bits below its lowest one.
            beyond_ascii |= beyond & (stops & stops.wrapping_neg()).wrapping_sub(1);
            at += (stops.trailing_zeros() / BITS_PER_BYTE) as usize;
            return Stop { at, is_ascii: beyond_ascii == 0 };
        }
        beyond_ascii |= beyond;
        at += BLOCK;
    }
    let mut is_ascii = beyond_ascii == 0;
    while let Some(byte) = text.get(at) {
        if *byte < 0x20 || *byte == b'"' || *byte == b'\\' {
            break;
        }
        is_ascii &= byte.is_ascii();
        at += 1;
    }
    Stop { at, is_ascii }
}

/// The string whose quote is at `at`, which moves on behind it. None where it is not one, or has a lone surrogate.
#[inline(always)]
pub fn string<'t>(text: &'t str, at: &mut usize, arena: &'t Arena) -> Option<Text<'t>> {
    let start = *at + 1;
    let stop = stop(text.as_bytes(), start);
    if text.as_bytes().get(stop.at) != Some(&b'"') {
        return with_escapes(text, at, stop.at, arena);
    }
    *at = stop.at + 1;
    // SAFETY: it is between two quotes.
    let found = unsafe { text.get_unchecked(start..stop.at) };
    Some(if stop.is_ascii { Text::Ascii(found) } else { Text::Wide(found) })
}

/// The same of a string whose first stop is at `stop`, and not its end.
#[inline(never)]
fn with_escapes<'t>(
    text: &'t str,
    at: &mut usize,
    mut stop: usize,
    arena: &'t Arena,
) -> Option<Text<'t>> {
    let bytes = text.as_bytes();
    let made = arena.used.get();
    let mut plain = *at + 1;
    loop {
        if !arena.push(&bytes[plain..stop]) {
            return None;
        }
        match bytes.get(stop)? {
            b'"' => break,
            b'\\' => {}
            _ => return None,
        }
        plain = stop + 2;
        let character = match bytes.get(stop + 1)? {
            b'n' => b'\n',
            b't' => b'\t',
            b'r' => b'\r',
            b'b' => 8,
            b'f' => 12,
            same @ (b'"' | b'\\' | b'/') => *same,
            b'u' => {
                let character = character(bytes, &mut plain)?;
                arena.push(character.encode_utf8(&mut [0; 4]).as_bytes()).then_some(())?;
                stop = self::stop(bytes, plain).at;
                continue;
            }
            _ => return None,
        };
        arena.push(&[character]).then_some(())?;
        stop = self::stop(bytes, plain).at;
    }
    *at = stop + 1;
    let made = arena.since(made);
    // SAFETY: whole characters were put together: escapes are ASCII, and so is what is around them.
    let found = unsafe { core::str::from_utf8_unchecked(made) };
    Some(if found.is_ascii() { Text::Ascii(found) } else { Text::Wide(found) })
}

/// The character of an escape whose four digits are at `at`; of two where the first is a surrogate.
fn character(text: &[u8], at: &mut usize) -> Option<char> {
    let first = unit(text, at)?;
    if first & 0xfc00 != 0xd800 {
        return char::from_u32(first);
    }
    if text.get(*at..*at + 2) != Some(br"\u") {
        return None;
    }
    *at += 2;
    let second = unit(text, at)?;
    if second & 0xfc00 != 0xdc00 {
        return None;
    }
    char::from_u32(0x1_0000 + ((first & 0x3ff) << 10 | (second & 0x3ff)))
}

fn unit(text: &[u8], at: &mut usize) -> Option<u32> {
    let digits = text.get(*at..*at + 4)?;
    *at += 4;
    digits.iter().try_fold(0, |unit, digit| Some(unit << 4 | char::from(*digit).to_digit(16)?))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Option<(String, bool)> {
        let arena = Arena::new(text.len());
        let mut at = 0;
        let (found, is_ascii) = match string(text, &mut at, &arena)? {
            Text::Ascii(found) => (found, true),
            Text::Wide(found) => (found, false),
        };
        assert_eq!(text.as_bytes()[at - 1], b'"');
        Some((found.to_owned(), is_ascii))
    }

    #[test]
    fn every_place_of_every_length() {
        for length in 0..50 {
            let plain = "x".repeat(length);
            for behind in ["", ", and more than a block of text"] {
                let quoted = format!("\"{plain}\"{behind}");
                assert_eq!(read(&quoted), Some((plain.clone(), true)));
                for place in 0..length {
                    let put =
                        |what: &str| format!("{}{what}{}", &plain[..place], &plain[place + 1..]);
                    let quoted = |what: &str| format!("\"{}\"é{behind}", put(what));
                    assert_eq!(read(&quoted("é")), Some((put("é"), false)));
                    assert_eq!(read(&quoted("\\n")), Some((put("\n"), true)));
                    assert_eq!(read(&quoted("\\ud83d\\ude00")), Some((put("\u{1f600}"), false)));
                    assert_eq!(read(&quoted("\x7f")), Some((put("\x7f"), true)));
                    assert_eq!(read(&quoted("\x1f")), None);
                    assert_eq!(read(&quoted("\\ud83d")), None);
                    assert_eq!(read(&quoted("\\udc00")), None);
                    assert_eq!(read(&quoted("\\x")), None);
                }
            }
        }
    }

    #[test]
    fn many_with_escapes() {
        let text = r#""\"\\\/\b\f\n\r\t\u0041""\u00e9""#;
        let arena = Arena::new(text.len());
        let mut at = 0;
        let Some(Text::Ascii(first)) = string(text, &mut at, &arena) else { panic!() };
        let Some(Text::Wide(second)) = string(text, &mut at, &arena) else { panic!() };
        assert_eq!((first, second), ("\"\\/\u{8}\u{c}\n\r\tA", "é"));
    }

    #[test]
    fn without_an_end() {
        for text in ["\"", "\"a", "\"\\", "\"\\u", "\"\\u00", "\"\\ud83d\\u", "\"\\ud83d\\ude0"] {
            assert_eq!(read(text), None, "{text}");
        }
    }
}
