//! `repr`.

use crate::view::View;

/// Longer arrays are shown by their ends.
const SHOWN: usize = 1000;
const ENDS: usize = 3;
/// Places behind the point.
const PLACES: usize = 8;

/// `array([1., 2.5])`
pub fn repr(view: &View) -> String {
    if view.len() == 0 {
        let shape: Vec<String> = view.shape.iter().map(usize::to_string).collect();
        return match shape.as_slice() {
            [_] => "array([])".to_owned(),
            _ => format!("array([], shape=({}))", shape.join(", ")),
        };
    }
    let is_long = view.len() > SHOWN;
    let mut values = Vec::new();
    each_shown(view, is_long, &mut vec![0; view.dimensions()], 0, &mut |value| values.push(value));
    let form = Form::of(&values);
    let mut text = "array(".to_owned();
    write(&mut text, view, is_long, &mut vec![0; view.dimensions()], 0, &form);
    text.push(')');
    text
}

/// Which places of an axis are shown; None stands for those that are not.
fn shown(size: usize, is_long: bool) -> Vec<Option<usize>> {
    if is_long && size > 2 * ENDS {
        (0..ENDS).map(Some).chain([None]).chain((size - ENDS..size).map(Some)).collect()
    } else {
        (0..size).map(Some).collect()
    }
}

fn each_shown(
    view: &View,
    is_long: bool,
    index: &mut Vec<usize>,
    axis: usize,
    f: &mut impl FnMut(f64),
) {
    if axis == view.dimensions() {
        return f(view.get(index));
    }
    for place in shown(view.shape[axis], is_long).into_iter().flatten() {
        index[axis] = place;
        each_shown(view, is_long, index, axis + 1, f);
    }
}

fn write(
    text: &mut String,
    view: &View,
    is_long: bool,
    index: &mut Vec<usize>,
    axis: usize,
    form: &Form,
) {
    if axis == view.dimensions() {
        return text.push_str(&form.text(view.get(index)));
    }
    let is_last = axis + 1 == view.dimensions();
    text.push('[');
    for (count, place) in shown(view.shape[axis], is_long).into_iter().enumerate() {
        if count > 0 {
            text.push(',');
            if is_last {
                text.push(' ');
            } else {
                text.push_str(&"\n".repeat(view.dimensions() - 1 - axis));
                text.push_str(&" ".repeat("array(".len() + axis + 1));
            }
        }
        match place {
            Some(place) => {
                index[axis] = place;
                write(text, view, is_long, index, axis + 1, form);
            }
            None => text.push_str("..."),
        }
    }
    text.push(']');
}

/// How the numbers of an array are written, so that they stand under each other.
struct Form {
    with_exponent: bool,
    before: usize,
    behind: usize,
}

impl Form {
    fn of(values: &[f64]) -> Form {
        let finite = || values.iter().filter(|value| value.is_finite() && **value != 0.0);
        let largest = finite().fold(0.0f64, |largest, value| largest.max(value.abs()));
        let smallest = finite().fold(f64::INFINITY, |smallest, value| smallest.min(value.abs()));
        let with_exponent =
            largest >= 1e8 || smallest < 1e-4 || (smallest > 0.0 && largest / smallest > 1e6);
        let mut form = Form { with_exponent, before: 0, behind: 0 };
        let (words, numbers): (Vec<_>, Vec<_>) =
            values.iter().map(|value| form.plain(*value)).partition(|text| !text.contains('.'));
        for text in numbers {
            let (before, behind) = parts(&text);
            form.before = form.before.max(before);
            form.behind = form.behind.max(behind);
        }
        // "nan" and "inf" stand at the right end.
        let longest = words.iter().map(String::len).max().unwrap_or(0);
        form.before = form.before.max(longest.saturating_sub(form.behind));
        form
    }

    /// The shortest text of up to eight places.
    fn plain(&self, value: f64) -> String {
        if value.is_nan() {
            return "nan".to_owned();
        }
        if value.is_infinite() {
            return if value > 0.0 { "inf" } else { "-inf" }.to_owned();
        }
        let trimmed = |text: &str| text.trim_end_matches('0').to_owned();
        if !self.with_exponent {
            return trimmed(&format!("{value:.PLACES$}"));
        }
        let text = format!("{value:.PLACES$e}");
        let (digits, exponent) = text.split_once('e').unwrap_or((&text, "0"));
        let (sign, exponent) = match exponent.strip_prefix('-') {
            Some(exponent) => ('-', exponent),
            None => ('+', exponent),
        };
        format!("{}e{sign}{exponent:0>2}", trimmed(digits))
    }

    fn text(&self, value: f64) -> String {
        let plain = self.plain(value);
        if !plain.contains('.') {
            return format!("{plain:>width$}", width = self.before + self.behind);
        }
        let (before, behind) = parts(&plain);
        format!("{}{plain}{}", " ".repeat(self.before - before), " ".repeat(self.behind - behind))
    }
}

/// How many characters stand before the point and from it on.
fn parts(text: &str) -> (usize, usize) {
    match text.find('.') {
        Some(point) => (point, text.len() - point),
        None => (text.len(), 0),
    }
}
