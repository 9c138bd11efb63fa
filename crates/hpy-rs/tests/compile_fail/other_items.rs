use hpy::prelude::*;

#[hpy::function]
const LIMIT: i64 = 3;

#[hpy::class]
impl Thing {}

#[hpy::methods]
struct Thing {}

#[hpy::module]
mod elsewhere;

#[derive(FromPy)]
#[hpy(list)]
struct AsList {
    x: i64,
}

#[hpy::exception]
struct Wrong {
    #[hpy(get)]
    place: usize,
}

fn main() {}
