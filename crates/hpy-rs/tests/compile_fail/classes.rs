use hpy::prelude::*;

#[hpy::class]
struct Generic<T> {
    x: T,
}

#[hpy::class(immutable)]
struct Option_ {
    x: i64,
}

#[hpy::class]
struct Part {
    #[hpy(read)]
    x: i64,
}

#[hpy::class]
struct Unnamed(#[hpy(get)] i64);


fn main() {}
