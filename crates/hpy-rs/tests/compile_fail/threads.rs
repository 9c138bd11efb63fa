use hpy::prelude::*;

fn token_to_a_thread(ctx: Ctx<'_>) {
    std::thread::spawn(move || ctx.none().is_none());
}

fn borrow_without_python<'ctx>(ctx: Ctx<'ctx>, text: Ref<'ctx, Str>) -> usize {
    ctx.allow_threads(|| text.len().unwrap_or(0))
}

fn handle_out_of_attach(ctx: Ctx<'_>) {
    let python = ctx.interpreter().ok().unwrap();
    let _handle = python.attach(|ctx| ctx.none().to_owned());
}

fn handle_into_attach<'ctx>(ctx: Ctx<'ctx>, object: Handle<'ctx>) {
    let python = ctx.interpreter().ok().unwrap();
    std::thread::spawn(move || python.attach(|_| object.is_none()));
}

fn error_out_of_attach(ctx: Ctx<'_>) {
    let python = ctx.interpreter().ok().unwrap();
    let _error = python.attach(|ctx| ctx.import(c"sys").err());
}

fn main() {}
