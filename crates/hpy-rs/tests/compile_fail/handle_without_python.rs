use hpy::prelude::*;

#[hpy::function]
fn leave<'ctx>(ctx: Ctx<'ctx>, x: Ref<'ctx>) -> usize {
    ctx.allow_threads(|| x.len().unwrap_or(0))
}

fn main() {}
