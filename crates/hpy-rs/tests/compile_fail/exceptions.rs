use hpy::prelude::*;

#[hpy::exception]
struct Unnamed(i64);

#[hpy::exception]
struct Borrowed<'a> {
    text: &'a str,
}

#[hpy::exception(message = "no fields")]
struct NoFields;

#[hpy::exception(message = 3)]
struct Number {
    line: usize,
}

#[hpy::exception(extends = "ValueError")]
struct Quoted;

#[hpy::exception(message = "{args}")]
struct Taken {
    args: usize,
}

#[hpy::exception(message = "{line}")]
struct TwoBases {
    #[hpy(base)]
    one: Broken,
    #[hpy(base)]
    two: Broken,
    line: usize,
}

#[hpy::exception(extends = ValueError, message = "line {line}")]
struct Broken {
    line: usize,
}

#[hpy::exception(extends = Broken)]
struct WithoutBase;

#[hpy::exception(extends = ValueError, message = "{base}")]
struct NothingToCarry {
    #[hpy(base)]
    base: Broken,
}

#[hpy::exception]
struct NoMessage {
    line: usize,
}

#[hpy::exception(message = "{thread:?}")]
struct NoConversion {
    thread: std::thread::ThreadId,
}

fn main() {}
