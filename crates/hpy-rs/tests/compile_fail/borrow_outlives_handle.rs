use hpy::prelude::*;

#[hpy::function]
fn text<'ctx>(x: Ref<'ctx>) -> PyResult<'ctx, &'ctx str> {
    let made = x.str()?;
    made.to_str()
}

fn main() {}
