use hpy::prelude::*;

fn keep<'ctx>(ctx: Ctx<'ctx>) -> PyResult<'static, Handle<'static>> {
    1.into_py(ctx)
}

fn main() {}
