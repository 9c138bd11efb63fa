//! What a class's struct and its methods tell each other when they are compiled: two macros write them, neither of which
//! sees the other's tokens.

use crate::Hint;

/// What one of the two has of a property.
pub struct Half {
    pub name: &'static str,
    pub getter: bool,
    /// The setter's lines in the `.pyi` file.
    pub setter: Option<Hint>,
}

const fn same(a: &str, b: &str) -> bool {
    let (a, b) = (a.as_bytes(), b.as_bytes());
    if a.len() != b.len() {
        return false;
    }
    let mut index = 0;
    while index < a.len() {
        if a[index] != b[index] {
            return false;
        }
        index += 1;
    }
    true
}

/// Whether one of the names is there.
pub const fn has_one(names: &[&str], wanted: &[&str]) -> bool {
    let mut index = 0;
    while index < names.len() {
        let mut other = 0;
        while other < wanted.len() {
            if same(names[index], wanted[other]) {
                return true;
            }
            other += 1;
        }
        index += 1;
    }
    false
}

const fn find(halves: &'static [Half], name: &str) -> Option<&'static Half> {
    let mut index = 0;
    while index < halves.len() {
        if same(halves[index].name, name) {
            return Some(&halves[index]);
        }
        index += 1;
    }
    None
}

pub const fn has_getter(halves: &'static [Half], name: &str) -> bool {
    matches!(find(halves, name), Some(Half { getter: true, .. }))
}

pub const fn has_setter(halves: &'static [Half], name: &str) -> bool {
    matches!(find(halves, name), Some(Half { setter: Some(_), .. }))
}

/// The lines of the setter that belongs to a getter of the other half.
pub const fn setter_lines(halves: &'static [Half], name: &str) -> Hint {
    match find(halves, name) {
        Some(Half { setter: Some(lines), .. }) => *lines,
        _ => Hint::Text(""),
    }
}

/// The lines of a property without a getter, where the other half has none either.
pub const fn unless_getter(halves: &'static [Half], name: &str, lines: Hint) -> Hint {
    if has_getter(halves, name) { Hint::Text("") } else { lines }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn halves_find_each_other() {
        const HALVES: &[Half] = &[
            Half { name: "x", getter: true, setter: None },
            Half { name: "xy", getter: false, setter: Some(Hint::Text("lines")) },
        ];
        assert!(has_getter(HALVES, "x") && !has_setter(HALVES, "x"));
        assert!(has_setter(HALVES, "xy") && !has_getter(HALVES, "xy"));
        assert!(!has_getter(HALVES, "y") && !has_getter(HALVES, ""));
        assert!(matches!(setter_lines(HALVES, "xy"), Hint::Text("lines")));
        assert!(matches!(unless_getter(HALVES, "x", Hint::ANY), Hint::Text("")));
        assert!(matches!(unless_getter(HALVES, "xy", Hint::Text("all")), Hint::Text("all")));
        assert!(has_one(&["a", "__eq__"], &["__lt__", "__eq__"]) && !has_one(&["a"], &["b"]));
    }
}
