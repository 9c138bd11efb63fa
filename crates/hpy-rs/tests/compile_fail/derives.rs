use hpy::prelude::*;
use hpy::{FromPy, IntoPy};

#[derive(FromPy)]
struct Generic<T> {
    x: T,
}

#[derive(IntoPy)]
union Either {
    a: i64,
    b: f64,
}

#[derive(FromPy)]
#[hpy(transparent)]
struct Two {
    a: i64,
    b: i64,
}

#[derive(FromPy)]
#[hpy(attributes)]
struct Option_ {
    a: i64,
}

fn main() {}
