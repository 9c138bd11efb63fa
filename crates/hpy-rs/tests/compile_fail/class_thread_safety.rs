use hpy::prelude::*;

#[hpy::class]
struct Shared {
    x: std::rc::Rc<i64>,
}

fn main() {}
