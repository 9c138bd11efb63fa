use hpy::prelude::*;

#[hpy::class(subclass)]
struct Animal {
    name: String,
}

#[hpy::class(extends = Animal)]
struct Dog {}

#[hpy::methods]
impl Dog {
    #[new]
    fn new(name: String) -> Self {
        Dog {}
    }
}

#[hpy::class(extends = Float)]
struct Length {}

#[hpy::methods]
impl Length {
    #[new]
    fn new(value: f64) -> PyResult<'static, Self> {
        Ok(Length {})
    }
}

#[hpy::function]
fn make(ctx: Ctx<'_>) -> PyResult<'_, Handle<'_, Dog>> {
    Handle::instance(ctx, Dog {})
}

#[hpy::class]
struct Final {}

#[hpy::class(extends = Final)]
struct Derived {}

fn main() {}
