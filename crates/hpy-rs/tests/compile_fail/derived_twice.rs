use hpy::prelude::*;

#[hpy::class(frozen, repr, eq, hash, match_args)]
#[derive(Debug, PartialEq, Hash)]
struct Point {
    #[hpy(get)]
    x: i64,
}

#[hpy::methods]
impl Point {
    #[classattr]
    const __match_args__: (&'static str,) = ("x",);

    fn __repr__(&self) -> String {
        String::new()
    }

    fn __eq__(&self, other: &Point) -> bool {
        self.x == other.x
    }

    fn __hash__(&self) -> u64 {
        0
    }

    #[getter]
    fn x(&self) -> i64 {
        self.x
    }
}

fn main() {}
