//! Text with lone surrogates, and how JSON quotes text.

/// What was added to a text.
pub enum Unescaped {
    Character,
    Surrogate,
}

/// Adds a code point, a surrogate as if it were a character.
pub fn push_wtf8(out: &mut Vec<u8>, point: u32) -> Unescaped {
    match char::from_u32(point) {
        Some(character) => {
            out.extend_from_slice(character.encode_utf8(&mut [0; 4]).as_bytes());
            Unescaped::Character
        }
        None => {
            let byte = |shift: u32, mask: u32, mark: u32| (mark | (point >> shift & mask)) as u8;
            out.extend_from_slice(&[
                byte(12, 0x0f, 0xe0),
                byte(6, 0x3f, 0x80),
                byte(0, 0x3f, 0x80),
            ]);
            Unescaped::Surrogate
        }
    }
}

/// Whether a byte of ASCII text is written as it is.
const fn is_plain(byte: u8) -> bool {
    byte >= 0x20 && byte != b'"' && byte != b'\\' && byte < 0x7f
}

const LOW: u64 = 0x0101_0101_0101_0101;
const HIGH: u64 = 0x8080_8080_8080_8080;

/// Which of eight bytes are quotes, backslashes or control characters: the high bit of each such byte is set, as
/// far as the first one (bytes behind it may be marked without being one). The text's first byte is the lowest.
#[inline(always)]
pub const fn ends_plain(bytes: u64) -> u64 {
    const fn is(bytes: u64, byte: u8) -> u64 {
        let differs = bytes ^ (LOW * byte as u64);
        differs.wrapping_sub(LOW) & !differs
    }
    let control = bytes.wrapping_sub(LOW * 0x20) & !bytes;
    (is(bytes, b'"') | is(bytes, b'\\') | control) & HIGH
}

/// Which of eight bytes are not plain, in the same way.
#[inline(always)]
const fn special(bytes: u64) -> u64 {
    let beyond = bytes | bytes.wrapping_add(LOW);
    ends_plain(bytes) | (beyond & HIGH)
}

/// How many bytes are looked at in one go.
const BLOCK: usize = 16;

/// Which of the bytes of a block are not plain: one bit for each, as far as the first one.
#[cfg(target_arch = "x86_64")]
#[inline(always)]
fn marks(block: &[u8; BLOCK]) -> u32 {
    use core::arch::x86_64::*;
    // SAFETY: every x86-64 has SSE2; the load is of the whole block.
    unsafe {
        let bytes = _mm_loadu_si128(block.as_ptr().cast());
        let is = |byte: u8| _mm_cmpeq_epi8(bytes, _mm_set1_epi8(byte as i8));
        // As signed numbers bytes beyond ASCII are below all others.
        let outside = _mm_or_si128(_mm_cmplt_epi8(bytes, _mm_set1_epi8(0x20)), is(0x7f));
        _mm_movemask_epi8(_mm_or_si128(outside, _mm_or_si128(is(b'"'), is(b'\\')))) as u32
    }
}

/// The same with eight bits for each byte.
#[cfg(not(target_arch = "x86_64"))]
#[inline(always)]
fn marks(block: &[u8; BLOCK]) -> u128 {
    let [first, second] = [0, 8].map(|start| {
        let mut half = [0; 8];
        half.copy_from_slice(&block[start..start + 8]);
        special(u64::from_le_bytes(half))
    });
    u128::from(first) | u128::from(second) << 64
}

const BITS_PER_BYTE: u32 = if cfg!(target_arch = "x86_64") { 1 } else { 8 };

/// Copies a text; whether all of it is plain. Where it is not, what was written does not count.
///
/// # Safety
/// `to` has room for the text.
#[inline(always)]
pub unsafe fn copy_plain(text: &[u8], to: *mut u8) -> bool {
    // SAFETY: each part is copied from inside the text to the same place of the room for it.
    unsafe {
        if let Some(last) = text.last_chunk::<BLOCK>() {
            let mut rest = text;
            let mut at = to;
            while let Some((block, behind)) = rest.split_first_chunk::<BLOCK>() {
                if marks(block) != 0 {
                    return false;
                }
                at.cast::<[u8; BLOCK]>().write_unaligned(*block);
                at = at.add(BLOCK);
                rest = behind;
            }
            // The last block again, which has the rest at its end.
            to.add(text.len() - BLOCK).cast::<[u8; BLOCK]>().write_unaligned(*last);
            return rest.is_empty() || marks(last) == 0;
        }
        if let (Some(first), Some(last)) = (text.first_chunk::<8>(), text.last_chunk::<8>()) {
            to.cast::<[u8; 8]>().write_unaligned(*first);
            to.add(text.len() - 8).cast::<[u8; 8]>().write_unaligned(*last);
            return special(u64::from_le_bytes(*first)) | special(u64::from_le_bytes(*last)) == 0;
        }
        if let (Some(first), Some(last)) = (text.first_chunk::<4>(), text.last_chunk::<4>()) {
            to.cast::<[u8; 4]>().write_unaligned(*first);
            to.add(text.len() - 4).cast::<[u8; 4]>().write_unaligned(*last);
            let both =
                u64::from(u32::from_le_bytes(*first)) | u64::from(u32::from_le_bytes(*last)) << 32;
            return special(both) == 0;
        }
        let mut all = true;
        for (index, byte) in text.iter().enumerate() {
            to.add(index).write(*byte);
            all &= IS_PLAIN[*byte as usize];
        }
        all
    }
}

/// Adds the plain bytes at the start of a text; returns the rest, which is empty or starts with a special one.
#[inline(always)]
fn write_plain<'t>(out: &mut Vec<u8>, text: &'t [u8]) -> &'t [u8] {
    out.reserve(text.len() + BLOCK);
    let mut rest = text;
    while let Some((block, behind)) = rest.split_first_chunk::<BLOCK>() {
        let marks = marks(block);
        let plain =
            if marks == 0 { BLOCK } else { (marks.trailing_zeros() / BITS_PER_BYTE) as usize };
        // SAFETY: there is room for the rest of the text and a block; `plain` is at most that.
        unsafe {
            out.as_mut_ptr().add(out.len()).cast::<[u8; BLOCK]>().write_unaligned(*block);
            out.set_len(out.len() + plain);
        }
        if marks != 0 {
            return &rest[plain..];
        }
        rest = behind;
    }
    let mut plain = 0;
    while plain < rest.len() && IS_PLAIN[rest[plain] as usize] {
        // SAFETY: as above.
        unsafe { out.as_mut_ptr().add(out.len() + plain).write(rest[plain]) };
        plain += 1;
    }
    // SAFETY: so many bytes were written.
    unsafe { out.set_len(out.len() + plain) };
    &rest[plain..]
}

/// Whether a byte is written as it is.
pub static IS_PLAIN: [bool; 256] = {
    let mut table = [false; 256];
    let mut byte = 0;
    while byte < 256 {
        table[byte] = is_plain(byte as u8);
        byte += 1;
    }
    table
};

const HEX: &[u8; 16] = b"0123456789abcdef";

/// Adds the escape of a UTF-16 unit.
#[inline]
pub fn push_unit(out: &mut Vec<u8>, unit: u32) {
    let digit = |shift: u32| HEX[(unit >> shift & 0xf) as usize];
    out.extend_from_slice(&[b'\\', b'u', digit(12), digit(8), digit(4), digit(0)]);
}

/// Adds a text in quotes. It is UTF-8 in which surrogates may be encoded; with `ascii` everything else than
/// ASCII is escaped.
#[inline(never)]
pub fn write_quoted(out: &mut Vec<u8>, text: &[u8], ascii: bool) {
    out.push(b'"');
    let mut rest = write_plain(out, text);
    while let Some(first) = rest.first() {
        if first.is_ascii() {
            write_short(out, *first, ascii);
            rest = &rest[1..];
        } else {
            rest = write_beyond(out, rest, ascii);
        }
        rest = write_plain(out, rest);
    }
    out.push(b'"');
}

/// Adds an ASCII character that may need an escape.
#[inline(never)]
pub fn write_short(out: &mut Vec<u8>, character: u8, ascii: bool) {
    let short = match character {
        b'"' => b'"',
        b'\\' => b'\\',
        b'\n' => b'n',
        b'\r' => b'r',
        b'\t' => b't',
        8 => b'b',
        12 => b'f',
        0x7f if !ascii => return out.push(0x7f),
        other => return push_unit(out, u32::from(other)),
    };
    out.extend_from_slice(&[b'\\', short]);
}

/// Adds the characters beyond ASCII at the start of a text; returns what is behind them.
fn write_beyond<'t>(out: &mut Vec<u8>, text: &'t [u8], ascii: bool) -> &'t [u8] {
    let end = text.iter().position(u8::is_ascii).unwrap_or(text.len());
    let (wide, rest) = text.split_at(end);
    if !ascii {
        out.extend_from_slice(wide);
        return rest;
    }
    out.reserve(3 * wide.len());
    let mut at = 0;
    while at < wide.len() {
        let lead = wide[at];
        let length = match lead {
            0..0xe0 => 2,
            0xe0..0xf0 => 3,
            _ => 4,
        };
        let bytes = &wide[at..wide.len().min(at + length)];
        let point = bytes[1..].iter().fold(u32::from(lead) & (0x7f >> length), |point, byte| {
            point << 6 | u32::from(byte & 0x3f)
        });
        if point < 0x1_0000 {
            push_unit(out, point);
        } else {
            let beyond = point - 0x1_0000;
            push_unit(out, 0xd800 | beyond >> 10);
            push_unit(out, 0xdc00 | (beyond & 0x3ff));
        }
        at += length;
    }
    rest
}

#[cfg(test)]
mod tests {
    use super::*;

    fn quoted(text: &str, ascii: bool) -> String {
        let mut out = Vec::new();
        write_quoted(&mut out, text.as_bytes(), ascii);
        String::from_utf8(out).unwrap()
    }

    #[test]
    fn special_bytes_are_found() {
        for byte in 0..=255u8 {
            for place in 0..8 {
                let mut block = [b'a'; 8];
                block[place] = byte;
                let found = special(u64::from_le_bytes(block)).trailing_zeros() / 8;
                let expected = if is_plain(byte) { 8 } else { place as u32 };
                assert_eq!(found, expected, "{byte} at {place}");
                block.fill(byte);
                let found = special(u64::from_le_bytes(block)).trailing_zeros() / 8;
                assert_eq!(found, if is_plain(byte) { 8 } else { 0 });
            }
            for place in 0..BLOCK {
                let mut block = [b'a'; BLOCK];
                block[place] = byte;
                let found = marks(&block);
                assert_eq!(found == 0, is_plain(byte));
                if found != 0 {
                    assert_eq!((found.trailing_zeros() / BITS_PER_BYTE) as usize, place);
                }
            }
        }
    }

    #[test]
    fn every_place_of_every_length() {
        for length in 0..70 {
            let plain = "x".repeat(length);
            assert_eq!(quoted(&plain, true), format!("\"{plain}\""));
            for place in 0..length {
                let text = format!("{}\n{}", &plain[..place], &plain[place + 1..]);
                assert_eq!(quoted(&text, true), format!("\"{}\"", text.replace('\n', "\\n")));
            }
        }
    }

    #[test]
    fn quotes() {
        let text = "plain text of more than sixteen bytes \"\\\n\u{1}\u{7f}é漢\u{1f600}";
        assert_eq!(
            quoted(text, true),
            r#""plain text of more than sixteen bytes \"\\\n\u0001\u007f\u00e9\u6f22\ud83d\ude00""#
        );
        assert_eq!(
            quoted(text, false),
            "\"plain text of more than sixteen bytes \\\"\\\\\\n\\u0001\u{7f}é漢\u{1f600}\""
        );
    }
}
