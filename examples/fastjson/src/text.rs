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

/// Which of eight bytes are not plain: the high bit of each such byte is set, as far as the first one (bytes
/// behind it may be marked without being one). The text's first byte is the lowest.
#[inline(always)]
const fn special(bytes: u64) -> u64 {
    const fn is(bytes: u64, byte: u8) -> u64 {
        let differs = bytes ^ (LOW * byte as u64);
        differs.wrapping_sub(LOW) & !differs
    }
    let control = bytes.wrapping_sub(LOW * 0x20) & !bytes;
    let beyond = bytes | bytes.wrapping_add(LOW);
    (is(bytes, b'"') | is(bytes, b'\\') | control | beyond) & HIGH
}

/// Adds the plain bytes at the start of a text; returns the rest, which is empty or starts with a special one.
#[inline(always)]
fn write_plain<'t>(out: &mut Vec<u8>, text: &'t [u8]) -> &'t [u8] {
    out.reserve(text.len() + 8);
    let mut rest = text;
    while let Some((block, behind)) = rest.split_first_chunk::<8>() {
        let marks = special(u64::from_le_bytes(*block));
        let plain = (marks.trailing_zeros() / 8) as usize;
        // SAFETY: there is room for the rest of the text and eight bytes; `plain` is at most 8.
        unsafe {
            out.as_mut_ptr().add(out.len()).cast::<[u8; 8]>().write_unaligned(*block);
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

static IS_PLAIN: [bool; 256] = {
    let mut table = [false; 256];
    let mut byte = 0;
    while byte < 256 {
        table[byte] = is_plain(byte as u8);
        byte += 1;
    }
    table
};

const HEX: &[u8; 16] = b"0123456789abcdef";

fn push_unit(out: &mut Vec<u8>, unit: u32) {
    let digit = |shift: u32| HEX[(unit >> shift & 0xf) as usize];
    out.extend_from_slice(&[b'\\', b'u', digit(12), digit(8), digit(4), digit(0)]);
}

/// Adds a text in quotes. It is UTF-8 in which surrogates may be encoded; with `ascii` everything else than
/// ASCII is escaped.
#[inline]
pub fn write_quoted(out: &mut Vec<u8>, text: &[u8], ascii: bool) {
    out.reserve(text.len() + 10);
    out.push(b'"');
    let mut rest = write_plain(out, text);
    while let Some(first) = rest.first() {
        rest = write_special(out, *first, rest, ascii);
        rest = write_plain(out, rest);
    }
    out.push(b'"');
}

/// Adds what the text starts with, a character that may need an escape; returns what is behind it.
#[inline(never)]
fn write_special<'t>(out: &mut Vec<u8>, first: u8, text: &'t [u8], ascii: bool) -> &'t [u8] {
    let short = match first {
        b'"' => b'"',
        b'\\' => b'\\',
        b'\n' => b'n',
        b'\r' => b'r',
        b'\t' => b't',
        8 => b'b',
        12 => b'f',
        0..0x20 => {
            push_unit(out, u32::from(first));
            return &text[1..];
        }
        0x7f if ascii => {
            push_unit(out, 0x7f);
            return &text[1..];
        }
        0x7f => {
            out.push(0x7f);
            return &text[1..];
        }
        _ => return write_wide(out, text, ascii),
    };
    out.extend_from_slice(&[b'\\', short]);
    &text[1..]
}

/// The same for a run of characters beyond ASCII.
fn write_wide<'t>(out: &mut Vec<u8>, text: &'t [u8], ascii: bool) -> &'t [u8] {
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
