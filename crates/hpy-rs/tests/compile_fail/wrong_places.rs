use hpy::prelude::*;

#[hpy::class]
enum Color {
    Red,
}

#[hpy::enumeration]
struct Level {}

#[hpy::function]
struct NoFunction {}

#[hpy::methods]
fn no_block() {}

#[hpy::exception]
enum Failure {
    Of,
}

#[hpy::state]
type Shared = i64;

#[hpy::module]
fn no_module() {}

#[hpy::module(name = "fast-thing")]
mod named {}

#[hpy::module]
mod strays {
    #[init]
    const INIT: i64 = 1;
}

#[hpy::module]
mod constants {
    #[constant]
    static ANSWER: i64 = 42;
}

#[hpy::module]
mod exports {
    use hpy::prelude::*;

    #[export]
    #[hpy::function]
    fn f() {}
}

#[hpy::class(frozen, frozen)]
struct Twice {}

#[hpy::function(name = "a", name = "b")]
fn two_names() {}

fn main() {}
