//! Numbers as Python's `repr` writes them.

/// The room that [`write_float`] and [`write_int`] ask for.
pub const LONGEST: usize = 32;
const _: () = assert!(size_of::<zmij::Buffer>() <= LONGEST && align_of::<zmij::Buffer>() == 1);

/// Writes the shortest text that reads back as `value`, which is finite, to `to`; returns its length.
///
/// # Safety
/// There is room for [`LONGEST`] bytes.
#[inline(always)]
pub unsafe fn write_float(to: *mut u8, value: f64) -> usize {
    // SAFETY: the room is large enough for a buffer, which lives there as long as its text is looked at.
    let text = unsafe {
        to.cast::<zmij::Buffer>().write(zmij::Buffer::new());
        (*to.cast::<zmij::Buffer>()).format_finite(value)
    };
    let (start, length) = (text.as_ptr(), text.len());
    // Python writes small numbers in another way: with an exponent of two digits, from 1e-05 on.
    if value.abs() < 1e-4 && value != 0.0 {
        let text = small(text);
        // SAFETY: the text is shorter than the room.
        unsafe { to.copy_from_nonoverlapping(text.as_ptr(), text.len()) };
        return text.len();
    }
    if start != to {
        // SAFETY: both are in the room.
        unsafe { to.copy_from(start, length) };
    }
    length
}

/// So many numbers have at most eight digits.
const EIGHT: u64 = 100_000_000;

/// The eight digits of a number below [`EIGHT`], as numbers, the first in the lowest byte.
#[inline(always)]
fn eight_digits(number: u64) -> u64 {
    // Each half into halves, by products that are exact for so few digits.
    let fours = (number / 10_000) | ((number % 10_000) << 32);
    let hundreds = ((fours * 10_486) >> 20) & 0x7f_0000_007f;
    let twos = hundreds | ((fours - 100 * hundreds) << 16);
    let tens = ((twos * 103) >> 10) & 0xf_000f_000f_000f;
    tens | ((twos - 10 * tens) << 8)
}

const ZEROS: u64 = 0x3030_3030_3030_3030;

/// Writes a number below [`EIGHT`] without zeros before it; returns its length.
///
/// # Safety
/// There is room for eight bytes.
#[inline(always)]
unsafe fn write_first(to: *mut u8, number: u64) -> usize {
    let digits = eight_digits(number);
    // The last one is written even of 0.
    let skipped = (digits | 1 << 56).trailing_zeros() / 8;
    // SAFETY: as the caller says.
    unsafe { to.cast::<u64>().write_unaligned(((digits | ZEROS) >> (8 * skipped)).to_le()) };
    8 - skipped as usize
}

/// Writes a number below [`EIGHT`] with all of its eight digits.
///
/// # Safety
/// There is room for eight bytes.
#[inline(always)]
unsafe fn write_eight(to: *mut u8, number: u64) {
    // SAFETY: as the caller says.
    unsafe { to.cast::<u64>().write_unaligned((eight_digits(number) | ZEROS).to_le()) }
}

/// Writes an int in decimals to `to`; returns its length.
///
/// # Safety
/// There is room for [`LONGEST`] bytes.
#[inline(always)]
pub unsafe fn write_int(to: *mut u8, value: i64) -> usize {
    let mut length = usize::from(value < 0);
    let number = value.unsigned_abs();
    // SAFETY: a sign and three times eight bytes are less than the room.
    unsafe {
        to.write(b'-');
        if number < EIGHT {
            return length + write_first(to.add(length), number);
        }
        let high = number / EIGHT;
        if high < EIGHT {
            length += write_first(to.add(length), high);
        } else {
            length += write_first(to.add(length), high / EIGHT);
            write_eight(to.add(length), high % EIGHT);
            length += 8;
        }
        write_eight(to.add(length), number % EIGHT);
    }
    length + 8
}

/// `0.00001234` as `1.234e-05`, `1e-6` as `1e-06`.
#[cold]
fn small(text: &str) -> String {
    let (sign, text) = text.strip_prefix('-').map_or(("", text), |text| ("-", text));
    if let Some((digits, exponent)) = text.split_once("e-") {
        return format!("{sign}{digits}e-{exponent:0>2}");
    }
    let (zeros, digits) = text.split_at(text.len() - text.trim_start_matches(['0', '.']).len());
    let (first, rest) = digits.split_at(digits.len().min(1));
    let point = if rest.is_empty() { "" } else { "." };
    // The zero before the point is one of the places.
    format!("{sign}{first}{point}{rest}e-{:02}", zeros.len() - 1)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text(value: f64) -> String {
        let mut room = [0; LONGEST];
        // SAFETY: the room is that large.
        let length = unsafe { write_float(room.as_mut_ptr(), value) };
        String::from_utf8(room[..length].to_vec()).unwrap()
    }

    #[test]
    fn ints() {
        let mut values = vec![0, 1, -1, i64::MAX, i64::MIN];
        let mut power = 1i64;
        while let Some(next) = power.checked_mul(10) {
            values.extend([next - 1, next, next + 1, -next, 1 - next, next / 7]);
            power = next;
        }
        values.extend((0..EIGHT as i64).step_by(997));
        for value in values {
            let mut room = [0; LONGEST];
            // SAFETY: the room is that large.
            let length = unsafe { write_int(room.as_mut_ptr(), value) };
            assert_eq!(room[..length], *value.to_string().as_bytes());
        }
    }

    #[test]
    fn as_repr_does() {
        for expected in [
            "0.0",
            "-0.0",
            "1.0",
            "0.1",
            "-2.5",
            "0.0001",
            "1e-05",
            "1.234e-05",
            "-9.87e-05",
            "1e-06",
            "1e+16",
            "1234567890123456.0",
            "1.5e+300",
            "5e-324",
            "123456789.125",
            "1.7976931348623157e+308",
            "9007199254740993.0",
            "1e-300",
            "1.5e-07",
        ] {
            let value: f64 = expected.parse().unwrap();
            let expected =
                if expected == "9007199254740993.0" { "9007199254740992.0" } else { expected };
            assert_eq!(text(value), expected);
        }
    }
}
