use hpy::prelude::*;

#[hpy::module]
mod without_default {
    #[hpy::state]
    struct Shared {
        count: u64,
    }
}

#[hpy::module]
mod options {
    #[hpy::state(subclass)]
    #[derive(Default)]
    struct Shared {
        count: u64,
    }
}

#[hpy::class]
struct Plain {}

#[hpy::function]
fn no_state(state: State<'_, Plain>) {}

fn main() {}
