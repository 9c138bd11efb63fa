use hpy::prelude::*;

struct Unknown;

#[hpy::function]
fn f(x: Unknown) {
    let _ = x;
}

#[hpy::function]
fn g(x: &Unknown) {
    let _ = x;
}

#[hpy::function]
fn h() -> Unknown {
    Unknown
}

fn main() {}
