use hpy::prelude::*;

#[hpy::class(extends = Bool)]
struct Flag {}

#[hpy::class(extends = Float)]
struct Alone {}

#[hpy::methods]
impl Alone {
    #[new]
    fn new() -> Self {
        Alone {}
    }
}

#[hpy::class(extends = Float)]
struct NoTuple {}

#[hpy::methods]
impl NoTuple {
    #[new]
    fn new() -> (Self, f64) {
        (NoTuple {}, 1.0)
    }
}

#[hpy::class(extends = "list")]
struct Text {}

fn main() {}
