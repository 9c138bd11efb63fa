//! Reading numbers.

use core::ops::Neg;

/// What a number is.
#[derive(Debug, PartialEq)]
pub enum Number {
    Int(i64),
    Uint(u64),
    Float(f64),
}

/// So many digits fit in 64 bits, whatever they are.
const DIGITS: usize = 19;

/// Reads the number that starts at `at`, and moves on behind it. None where there is none, or an int of more than 64
/// bits.
#[inline(always)]
pub fn number(text: &[u8], at: &mut usize) -> Option<Number> {
    let start = *at;
    let is_negative = text.get(start) == Some(&b'-');
    let first = start + usize::from(is_negative);
    let mut value = 0;
    let mut end = first;
    match text.get(first)? {
        b'0' => end += 1,
        b'1'..=b'9' => digits(text, &mut end, &mut value),
        _ => return None,
    }
    let mut count = end - first;
    let mut next = text.get(end).copied().unwrap_or(0);
    if next != b'.' && next | 0x20 != b'e' {
        *at = end;
        if count < DIGITS {
            let value = value as i64;
            return Some(Number::Int(if is_negative { value.wrapping_neg() } else { value }));
        }
        return large(&text[start..end]);
    }
    let mut exponent = 0;
    if next == b'.' {
        let point = end + 1;
        end = point;
        digits(text, &mut end, &mut value);
        let places = end - point;
        if places == 0 {
            return None;
        }
        count += places;
        exponent = -(places.min(1 << 20) as i64);
        next = text.get(end).copied().unwrap_or(0);
    }
    if next | 0x20 == b'e' {
        exponent += read_exponent(text, &mut end)?;
    }
    *at = end;
    let float = if count <= DIGITS { scaled(value, exponent) } else { None };
    Some(Number::Float(match float {
        Some(float) if is_negative => float.neg(),
        Some(float) => float,
        None => by_text(&text[start..end])?,
    }))
}

/// Reads digits and adds them to those of `value`, which wraps where they are too many.
#[inline(always)]
fn digits(text: &[u8], at: &mut usize, value: &mut u64) {
    /// By how much the value grows, and how far the last byte is moved, for so many digits.
    const POWERS: [u64; 9] =
        [1, 10, 100, 1000, 10_000, 100_000, 1_000_000, 10_000_000, 100_000_000];
    while let Some(block) = text.get(*at..).and_then(<[u8]>::first_chunk::<8>) {
        // Digits become 0 to 9, in all other bytes the sum's high bit is set, as far as the first of them.
        let bytes = u64::from_le_bytes(*block) ^ 0x3030_3030_3030_3030;
        let others = (bytes | bytes.wrapping_add(0x7676_7676_7676_7676)) & 0x8080_8080_8080_8080;
        if others == 0 {
            *value = value.wrapping_mul(POWERS[8]).wrapping_add(eight(bytes));
            *at += 8;
            continue;
        }
        let count = (others.trailing_zeros() / 8) as usize;
        if count > 0 {
            // Zeros come before them.
            let moved = bytes << (64 - 8 * count);
            *value = value.wrapping_mul(POWERS[count]).wrapping_add(eight(moved));
            *at += count;
        }
        return;
    }
    while let Some(digit @ b'0'..=b'9') = text.get(*at) {
        *value = value.wrapping_mul(10).wrapping_add(u64::from(digit - b'0'));
        *at += 1;
    }
}

/// The number of eight digits, the first in the lowest byte: pairs are put together, then pairs of pairs.
#[inline(always)]
fn eight(bytes: u64) -> u64 {
    let pairs = bytes.wrapping_mul(10).wrapping_add(bytes >> 8);
    let odd = (pairs & 0xff_0000_00ff).wrapping_mul(100 + (1_000_000 << 32));
    let even = (pairs >> 16 & 0xff_0000_00ff).wrapping_mul(1 + (10_000 << 32));
    odd.wrapping_add(even) >> 32
}

/// The exponent behind an `e`, cut off where it makes no difference any more.
#[inline(never)]
fn read_exponent(text: &[u8], at: &mut usize) -> Option<i64> {
    let mut end = *at + 1;
    let sign = text.get(end).copied();
    end += usize::from(matches!(sign, Some(b'+' | b'-')));
    let first = end;
    let mut value = 0i64;
    while let Some(digit @ b'0'..=b'9') = text.get(end) {
        value = (value * 10 + i64::from(digit - b'0')).min(1 << 30);
        end += 1;
    }
    *at = end;
    (end > first).then_some(if sign == Some(b'-') { -value } else { value })
}

/// Ints of 19 and more digits.
#[cold]
fn large(text: &[u8]) -> Option<Number> {
    let text = core::str::from_utf8(text).ok()?;
    if let Ok(value) = text.parse() {
        return Some(Number::Int(value));
    }
    text.parse().ok().map(Number::Uint)
}

#[cold]
fn by_text(text: &[u8]) -> Option<f64> {
    core::str::from_utf8(text).ok()?.parse().ok()
}

/// `value * 10**exponent`, correctly rounded; None where that takes more than one division.
#[inline(always)]
fn scaled(value: u64, exponent: i64) -> Option<f64> {
    // Powers that are floats without rounding.
    const EXACT: [f64; 23] = {
        let mut powers = [1.0; 23];
        let mut index = 1;
        while index < 23 {
            powers[index] = powers[index - 1] * 10.0;
            index += 1;
        }
        powers
    };
    let power = exponent.unsigned_abs() as usize;
    if value < 1 << 53 && power < EXACT.len() {
        // Both are exact, so the one operation rounds correctly.
        let value = value as f64;
        return Some(if exponent < 0 { value / EXACT[power] } else { value * EXACT[power] });
    }
    let can_be = value != 0 && exponent < 0 && power < FIVES.len();
    can_be.then(|| divided(value, power))
}

/// Powers of five that fit in 64 bits, with their highest bit moved to the top.
const FIVES: [u64; 28] = {
    let mut powers = [1u64 << 63; 28];
    let mut power = 1u64;
    let mut index = 1;
    while index < 28 {
        power *= 5;
        powers[index] = power << power.leading_zeros();
        index += 1;
    }
    powers
};

/// `value / 10**power`, where `value` is not 0: the quotient of integers, whose remainder says how to round.
#[inline(always)]
fn divided(value: u64, power: usize) -> f64 {
    let divisor = FIVES[power];
    let moved = value.leading_zeros();
    // Half of the value, so that the quotient has no more than 64 bits: 63 or 64, for both have their highest bit.
    let dividend = u128::from(value << moved) << 63;
    let quotient = (dividend / u128::from(divisor)) as u64;
    let rest = (dividend as u64).wrapping_sub(quotient.wrapping_mul(divisor));
    // Five to the power was moved by 64 less its bits.
    let bits = FIVE_BITS[power];
    // value / 5**power / 2**power = quotient * 2**(moves).
    let twos = (64 - bits as i32) - 63 - moved as i32 - power as i32;
    let spare = 11 - quotient.leading_zeros();
    let kept = quotient >> spare;
    let cut = quotient & ((1 << spare) - 1);
    let half = 1 << (spare - 1);
    let up = cut > half || (cut == half && (rest != 0 || kept & 1 == 1));
    // A carry out of the 53 bits is a power of two, and moves into the exponent.
    let mantissa = kept + u64::from(up);
    let exponent = (1023 + 52 + twos + spare as i32) as u64;
    f64::from_bits(((exponent - 1) << 52) + mantissa)
}

/// How many bits the powers of five have.
const FIVE_BITS: [u32; 28] = {
    let mut bits = [1; 28];
    let mut power = 1u64;
    let mut index = 1;
    while index < 28 {
        power *= 5;
        bits[index] = 64 - power.leading_zeros();
        index += 1;
    }
    bits
};

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Option<Number> {
        // With and without something behind it, which is read eight bytes at a time.
        let mut at = 0;
        let alone = number(text.as_bytes(), &mut at);
        if alone.is_some() {
            assert_eq!(at, text.len(), "{text}");
            at = 0;
            assert_eq!(number(format!("{text}, 1234567").as_bytes(), &mut at), alone);
            assert_eq!(at, text.len(), "{text}");
        }
        alone
    }

    #[test]
    fn floats() {
        let mut state = 1u64;
        let mut random = || {
            state ^= state << 13;
            state ^= state >> 7;
            state ^= state << 17;
            state
        };
        for round in 0..200_000 {
            let value = random() >> (random() % 60);
            let power = random() % 30;
            let text = match round % 4 {
                0 => format!("-{value}e-{power}"),
                1 => format!("{value}E+{power}"),
                2 => {
                    let digits = format!("{value:030}");
                    let (whole, part) = digits.split_at(30 - power as usize % 29);
                    format!("{}.{part}0", whole.trim_start_matches('0').parse().unwrap_or(0u64))
                }
                _ => match f64::from_bits(random()) {
                    float if float.is_finite() => format!("{float:e}"),
                    _ => continue,
                },
            };
            assert_eq!(read(&text), Some(Number::Float(text.parse().unwrap())), "{text}");
        }
    }

    #[test]
    fn halves() {
        // Between two floats, and one beside that.
        for bits in [53, 54, 60, 63] {
            for below in 0..3000u64 {
                let odd = (1u64 << bits) + below;
                for power in [1, 2, 11, 22, 27] {
                    let text = format!("{odd}e-{power}");
                    assert_eq!(read(&text), Some(Number::Float(text.parse().unwrap())), "{text}");
                    let text = format!("{}e-{power}", u64::MAX / 10 - below);
                    assert_eq!(read(&text), Some(Number::Float(text.parse().unwrap())), "{text}");
                }
            }
        }
    }

    #[test]
    fn ints() {
        for value in [0, 1, 9, 10, 99_999_999, 100_000_000, 123_456_789_012_345_678, i64::MAX] {
            assert_eq!(read(&value.to_string()), Some(Number::Int(value)));
            assert_eq!(read(&(-value).to_string()), Some(Number::Int(-value)));
        }
        assert_eq!(read("-9223372036854775808"), Some(Number::Int(i64::MIN)));
        assert_eq!(read("18446744073709551615"), Some(Number::Uint(u64::MAX)));
        assert_eq!(read("18446744073709551616"), None);
        assert_eq!(read("-9223372036854775809"), None);
    }

    #[test]
    fn others() {
        for text in ["", "-", "-a", "1.", "1.e5", "1e", "1e+", "-.5", ".5", "+1", "1.5e-"] {
            assert_eq!(read(text), None, "{text}");
        }
        assert_eq!(read("1e999"), Some(Number::Float(f64::INFINITY)));
        assert_eq!(read("1e-99999999999999999999"), Some(Number::Float(0.0)));
        assert_eq!(read("0.0"), Some(Number::Float(0.0)));
        let mut at = 0;
        assert_eq!(number(b"01", &mut at), Some(Number::Int(0)));
        assert_eq!(at, 1);
        let Some(Number::Float(zero)) = read("-0.0e5") else { panic!() };
        assert!(zero == 0.0 && zero.is_sign_negative());
    }
}
