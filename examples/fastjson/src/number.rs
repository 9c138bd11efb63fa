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

/// Two digits for each number below 100.
static PAIRS: [u8; 200] = {
    let mut pairs = [0; 200];
    let mut number = 0;
    while number < 100 {
        pairs[2 * number] = b'0' + (number / 10) as u8;
        pairs[2 * number + 1] = b'0' + (number % 10) as u8;
        number += 1;
    }
    pairs
};

/// Writes an int in decimals to `to`; returns its length.
///
/// # Safety
/// There is room for [`LONGEST`] bytes.
#[inline(always)]
pub unsafe fn write_int(to: *mut u8, value: i64) -> usize {
    let sign = usize::from(value < 0);
    let mut rest = value.unsigned_abs();
    let length = sign + rest.checked_ilog10().map_or(1, |log| log as usize + 1);
    let mut at = length;
    // SAFETY: an int has at most 19 digits; `at` counts those that are still to be written.
    unsafe {
        to.write(b'-');
        while rest >= 100 {
            let pair = 2 * (rest % 100) as usize;
            rest /= 100;
            at -= 2;
            to.add(at).copy_from_nonoverlapping(PAIRS.as_ptr().add(pair), 2);
        }
        if rest >= 10 {
            to.add(at - 2).copy_from_nonoverlapping(PAIRS.as_ptr().add(2 * rest as usize), 2);
        } else {
            to.add(at - 1).write(b'0' + rest as u8);
        }
    }
    length
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
