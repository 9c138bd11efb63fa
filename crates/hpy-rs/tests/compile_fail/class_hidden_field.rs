use hpy::prelude::*;

struct Inner {
    field: Field<Any>,
}

#[hpy::class]
struct Outer {
    inner: Box<Inner>,
}

fn main() {}
