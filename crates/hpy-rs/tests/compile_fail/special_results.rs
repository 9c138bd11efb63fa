use hpy::prelude::*;

#[hpy::class]
struct Thing {
    x: i64,
}

#[hpy::methods]
impl Thing {
    #[new]
    fn new() -> i64 {
        1
    }

    fn __len__(&self) -> i64 {
        self.x
    }

    fn __bool__(&self) -> i64 {
        self.x
    }

    fn __next__(&self) -> i64 {
        self.x
    }
}

fn main() {}
