use hpy::prelude::*;

#[hpy::function]
fn twice(x: Ref<'_>) -> PyResult<'_, usize> {
    let owned = x.to_owned();
    drop(owned);
    owned.len()
}

fn main() {}
