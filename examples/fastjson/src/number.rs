//! Numbers as Python's `repr` writes them.

/// The shortest text that reads back as `value`, which is finite.
#[inline]
pub fn write_float(out: &mut Vec<u8>, value: f64) {
    let mut buffer = zmij::Buffer::new();
    let text = buffer.format_finite(value);
    // Python writes small numbers in another way: with an exponent of two digits, from 1e-05 on.
    if value.abs() < 1e-4 && value != 0.0 {
        return write_small(out, text);
    }
    out.extend_from_slice(text.as_bytes());
}

/// `0.00001234` as `1.234e-05`, `1e-6` as `1e-06`.
#[cold]
fn write_small(out: &mut Vec<u8>, text: &str) {
    let Some((digits, exponent)) = text.split_once("e-") else {
        let (sign, text) = text.strip_prefix('-').map_or(("", text), |text| ("-", text));
        let (zeros, digits) = text.split_at(text.len() - text.trim_start_matches(['0', '.']).len());
        let (first, rest) = digits.split_at(digits.len().min(1));
        out.extend_from_slice(sign.as_bytes());
        out.extend_from_slice(first.as_bytes());
        if !rest.is_empty() {
            out.push(b'.');
            out.extend_from_slice(rest.as_bytes());
        }
        // The zero before the point is one of the places.
        out.extend_from_slice(format!("e-{:02}", zeros.len() - 1).as_bytes());
        return;
    };
    out.extend_from_slice(digits.as_bytes());
    out.extend_from_slice(b"e-");
    if exponent.len() < 2 {
        out.push(b'0');
    }
    out.extend_from_slice(exponent.as_bytes());
}

#[cfg(test)]
mod tests {
    use super::write_float;

    fn text(value: f64) -> String {
        let mut out = Vec::new();
        write_float(&mut out, value);
        String::from_utf8(out).unwrap()
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
