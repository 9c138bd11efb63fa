//! Classes with derived special methods, and enumerations.

/// A point.
#[hpy::class(frozen, repr, eq, ord, hash, match_args, subclass)]
#[derive(PartialEq, PartialOrd, Hash)]
pub struct Point {
    #[hpy(get)]
    x: i64,
    #[hpy(get, name = "why")]
    y: i64,
    tag: u8,
}

#[hpy::methods]
impl Point {
    #[new]
    #[hpy(signature = (x, y = 0, *, tag = 0))]
    fn new(x: i64, y: i64, tag: u8) -> Self {
        Point { x, y, tag }
    }
}

/// Equal or not, and nothing else.
#[hpy::class(repr, eq)]
#[derive(PartialEq)]
pub struct Reading {
    #[hpy(get, set)]
    value: f64,
    #[hpy(get, set)]
    labels: Vec<String>,
}

#[hpy::methods]
impl Reading {
    #[new]
    fn new(value: f64, labels: Vec<String>) -> Self {
        Reading { value, labels }
    }
}

/// Ordered where its numbers are.
#[hpy::class(ord)]
#[derive(PartialEq, PartialOrd)]
pub struct Measure {
    value: f64,
}

#[hpy::methods]
impl Measure {
    #[new]
    fn new(value: f64) -> Self {
        Measure { value }
    }
}

/// The colours.
#[hpy::enumeration]
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Color {
    #[hpy(name = "RED")]
    Red = 1,
    #[hpy(name = "GREEN")]
    Green,
    #[hpy(name = "BLUE")]
    Blue = 10,
}

#[hpy::enumeration(int)]
#[derive(Clone, Copy)]
pub enum Level {
    Low = -5,
    High = 1 << 20,
}

#[hpy::enumeration(int_flag, name = "Access")]
#[derive(Clone, Copy)]
#[allow(clippy::enum_variant_names)]
pub enum Permission {
    Read = 1,
    Write = 2,
}

#[hpy::function(signature = (color = None))]
pub fn next_color(color: Option<Color>) -> Color {
    match color {
        None | Some(Color::Blue) => Color::Red,
        Some(Color::Red) => Color::Green,
        Some(Color::Green) => Color::Blue,
    }
}

#[hpy::function]
pub fn level_name(level: Level) -> (&'static str, Level) {
    match level {
        Level::Low => ("low", Level::High),
        Level::High => ("high", Level::Low),
    }
}

#[hpy::function]
pub fn can_write(access: Permission) -> bool {
    matches!(access, Permission::Write)
}

#[hpy::function]
pub fn colors(names: Vec<Color>) -> Vec<Color> {
    names.into_iter().rev().collect()
}

/// A sequence by its items alone.
#[hpy::class(frozen)]
pub struct Squares {
    count: i64,
}

#[hpy::methods]
impl Squares {
    #[new]
    fn new(count: i64) -> Self {
        Squares { count }
    }

    fn __len__(&self) -> usize {
        self.count as usize
    }

    fn __getitem__(&self, index: i64) -> hpy::PyResult<'static, i64> {
        if !(0..self.count).contains(&index) {
            return Err(hpy::exc::IndexError::new("no such square"));
        }
        Ok(index * index)
    }
}
