//! The parameters of a function, and what is said of calls that do not fit them.

use crate::PyErr;
use crate::exc::TypeError;
use hpy_sys::HPy;

/// The parameters of a function. The macros write one per function.
#[derive(Debug)]
pub struct Signature {
    /// What messages call the function: `f`, `Class.method`.
    pub function: &'static str,
    /// The parameters but `*args` and `**kwargs`: first positional-only, then positional or keyword, then
    /// keyword-only.
    pub params: &'static [&'static str],
    pub positional_only: usize,
    /// Positional-only ones included.
    pub positional: usize,
    /// Which parameters have no default.
    pub required: &'static [bool],
    pub var_args: bool,
    pub var_kwargs: bool,
}

impl Signature {
    /// How many parameters of a function without names must be given by position.
    #[cold]
    pub(super) fn too_many(&self, given: usize, keywords: usize) -> PyErr<'static> {
        let most = self.positional;
        let least = self.required[..most].iter().filter(|required| **required).count();
        let takes = if least == most {
            format!("{most} positional argument{}", plural(most))
        } else {
            format!("from {least} to {most} positional arguments")
        };
        let keyword_only = keywords.min(self.params.len() - self.positional);
        let were = if given == 1 && keyword_only == 0 { "was" } else { "were" };
        let given = if keyword_only > 0 {
            format!(
                "{given} positional argument{} (and {keyword_only} keyword-only argument{})",
                plural(given),
                plural(keyword_only)
            )
        } else {
            given.to_string()
        };
        TypeError::new(format!("{}() takes {takes} but {given} {were} given", self.function))
    }

    #[cold]
    pub(super) fn missing(&self, values: &[HPy]) -> Option<PyErr<'static>> {
        let absent = |range: core::ops::Range<usize>| -> Vec<&'static str> {
            range
                .filter(|i| self.required[*i] && values[*i].is_null())
                .map(|i| self.params[i])
                .collect()
        };
        let (names, what) = match absent(0..self.positional) {
            names if !names.is_empty() => (names, "positional"),
            _ => (absent(self.positional..self.params.len()), "keyword-only"),
        };
        if names.is_empty() {
            return None;
        }
        let count = names.len();
        let list = match names.as_slice() {
            [one] => format!("'{one}'"),
            [first, second] => format!("'{first}' and '{second}'"),
            [most @ .., last] => {
                let most: Vec<_> = most.iter().map(|name| format!("'{name}'")).collect();
                format!("{}, and '{last}'", most.join(", "))
            }
            [] => return None,
        };
        Some(TypeError::new(format!(
            "{}() missing {count} required {what} argument{}: {list}",
            self.function,
            plural(count)
        )))
    }

    #[cold]
    pub(super) fn twice(&self, name: &str) -> PyErr<'static> {
        TypeError::new(format!("{}() got multiple values for argument '{name}'", self.function))
    }

    /// The error of a keyword argument that no parameter takes.
    #[cold]
    pub(super) fn unexpected(&self, name: &str, given: impl Fn(&str) -> bool) -> PyErr<'static> {
        let by_position = &self.params[..self.positional_only];
        let wrong: Vec<_> = by_position.iter().copied().filter(|param| given(param)).collect();
        if !wrong.is_empty() {
            return TypeError::new(format!(
                "{}() got some positional-only arguments passed as keyword arguments: '{}'",
                self.function,
                wrong.join(", ")
            ));
        }
        TypeError::new(format!("{}() got an unexpected keyword argument '{name}'", self.function))
    }

    /// The error of converting the argument `index`.
    #[cold]
    pub fn bad_argument<'ctx>(&self, error: PyErr<'ctx>, index: usize) -> PyErr<'ctx> {
        error.for_argument(self.function, self.params[index])
    }

    /// The error of converting an argument by its name: `*args`, `**kwargs`.
    #[cold]
    pub fn bad_named<'ctx>(&self, error: PyErr<'ctx>, name: &str) -> PyErr<'ctx> {
        error.for_argument(self.function, name)
    }
}

fn plural(count: usize) -> &'static str {
    if count == 1 { "" } else { "s" }
}
