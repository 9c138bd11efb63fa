//! The bug zoo in Rust: what `unsafe` can do in spite of the SDK's types, each mistake made once in a function
//! `..._wrong`, with a twin `..._right` without it. The SAFETY lines say which promise is broken.

/// Mistakes that debug mode finds.
#[hpy::module(gil_used = true)]
mod zoo_rust {
    use core::sync::atomic::{AtomicIsize, AtomicUsize, Ordering::Relaxed};
    use hpy::prelude::*;
    use hpy_sys::{HPy, HPyContext, api};
    use std::mem;

    #[hpy::function]
    fn leaked_handle_wrong<'ctx>(arg: Ref<'ctx>) {
        mem::forget(arg.to_owned());
    }

    #[hpy::function]
    fn leaked_handle_right<'ctx>(arg: Ref<'ctx>) {
        drop(arg.to_owned());
    }

    #[hpy::function]
    fn handle_closed_twice_wrong<'ctx>(arg: Ref<'ctx>) {
        let one = arg.to_owned();
        // SAFETY: broken: `one` closes the handle as well.
        let two = unsafe { Handle::<Any>::from_raw(one.ctx(), one.as_raw()) };
        drop(one);
        drop(two);
    }

    #[hpy::function]
    fn handle_closed_twice_right<'ctx>(arg: Ref<'ctx>) {
        let one = arg.to_owned();
        drop(one.clone());
        drop(one);
    }

    #[hpy::function]
    fn closed_handle_used_wrong<'ctx>(arg: Ref<'ctx>) -> PyResult<'ctx, Handle<'ctx, Str>> {
        let one = arg.to_owned();
        // SAFETY: broken: the handle is closed before its last use.
        let kept: Ref<'ctx> = unsafe { Ref::from_raw(arg.ctx(), one.as_raw()) };
        drop(one);
        kept.repr()
    }

    #[hpy::function]
    fn closed_handle_used_right<'ctx>(arg: Ref<'ctx>) -> PyResult<'ctx, Handle<'ctx, Str>> {
        let one = arg.to_owned();
        one.repr()
    }

    #[hpy::function]
    fn argument_closed_wrong<'ctx>(arg: Ref<'ctx>) {
        // SAFETY: broken: the handle is the caller's.
        drop(unsafe { Handle::<Any>::from_raw(arg.ctx(), arg.as_raw()) });
    }

    #[hpy::function]
    fn argument_closed_right<'ctx>(arg: Ref<'ctx>) {
        drop(arg.to_owned());
    }

    #[hpy::function]
    fn argument_returned_wrong<'ctx>(arg: Ref<'ctx>) -> Handle<'ctx> {
        // SAFETY: broken: as above.
        unsafe { Handle::from_raw(arg.ctx(), arg.as_raw()) }
    }

    #[hpy::function]
    fn argument_returned_right<'ctx>(arg: Ref<'ctx>) -> Handle<'ctx> {
        arg.to_owned()
    }

    #[hpy::function]
    fn constant_closed_wrong<'ctx>(ctx: Ctx<'ctx>, _arg: Ref<'ctx>) {
        // SAFETY: broken: the handle is the context's.
        drop(unsafe { Handle::<Any>::from_raw(ctx, ctx.none().as_raw()) });
    }

    #[hpy::function]
    fn constant_closed_right<'ctx>(ctx: Ctx<'ctx>, _arg: Ref<'ctx>) {
        drop(ctx.none().to_owned());
    }

    #[hpy::function]
    fn not_a_handle_wrong<'ctx>(arg: Ref<'ctx>) -> PyResult<'ctx, Handle<'ctx, Str>> {
        // SAFETY: broken: this is no handle.
        let made: Ref<'ctx> = unsafe { Ref::from_raw(arg.ctx(), HPy { _i: 0x1234 }) };
        made.repr()
    }

    #[hpy::function]
    fn not_a_handle_right<'ctx>(arg: Ref<'ctx>) -> PyResult<'ctx, Handle<'ctx, Str>> {
        arg.repr()
    }

    static KEPT: AtomicIsize = AtomicIsize::new(0);

    /// Called twice: the second call uses a handle of the first.
    #[hpy::function]
    fn handle_kept_wrong<'ctx>(arg: Ref<'ctx>) -> PyResult<'ctx> {
        let ctx = arg.ctx();
        let kept = KEPT.swap(0, Relaxed);
        if kept == 0 {
            KEPT.store(arg.to_owned().into_raw()._i, Relaxed);
            return Ok(());
        }
        // SAFETY: broken: the handle belongs to another call.
        let kept: Handle<'ctx> = unsafe { Handle::from_raw(ctx, HPy { _i: kept }) };
        kept.repr().map(drop)
    }

    static STORED: Global<Any> = Global::new();

    #[hpy::function]
    fn handle_kept_right<'ctx>(arg: Ref<'ctx>) -> PyResult<'ctx> {
        if let Some(stored) = STORED.get(arg.ctx()) {
            stored.repr()?;
        }
        STORED.set(&arg);
        Ok(())
    }

    static CONTEXT: AtomicUsize = AtomicUsize::new(0);

    /// Called twice: the second call uses the context of the first.
    #[hpy::function]
    fn context_kept_wrong<'ctx>(ctx: Ctx<'ctx>, _arg: Ref<'ctx>) {
        let kept = CONTEXT.swap(ctx.as_raw() as usize, Relaxed) as *mut HPyContext;
        if !kept.is_null() {
            // SAFETY: broken: the call of this context has returned.
            drop(unsafe { Ctx::from_raw(kept) }.none().to_owned());
        }
    }

    #[hpy::function]
    fn context_kept_right<'ctx>(ctx: Ctx<'ctx>, _arg: Ref<'ctx>) {
        drop(ctx.none().to_owned());
    }

    #[hpy::function]
    fn wrong_thread_wrong<'ctx>(ctx: Ctx<'ctx>, _arg: Ref<'ctx>) {
        let smuggled = ctx.as_raw() as usize;
        let work = move || {
            // SAFETY: broken: the context belongs to another thread.
            drop(unsafe { Ctx::from_raw(smuggled as *mut HPyContext) }.none().to_owned());
        };
        let _ = std::thread::spawn(work).join();
    }

    #[hpy::function]
    fn wrong_thread_right<'ctx>(ctx: Ctx<'ctx>, _arg: Ref<'ctx>) {
        let _ = std::thread::spawn(|| ()).join();
        drop(ctx.none().to_owned());
    }

    #[hpy::function]
    fn without_the_gil_wrong<'ctx>(ctx: Ctx<'ctx>, _arg: Ref<'ctx>) {
        let smuggled = ctx.as_raw() as usize;
        ctx.allow_threads(move || {
            // SAFETY: broken: the thread may not run Python here.
            drop(unsafe { Ctx::from_raw(smuggled as *mut HPyContext) }.none().to_owned());
        });
    }

    #[hpy::function]
    fn without_the_gil_right<'ctx>(ctx: Ctx<'ctx>, _arg: Ref<'ctx>) {
        ctx.allow_threads(|| ());
        drop(ctx.none().to_owned());
    }

    #[hpy::function]
    fn leave_unbalanced_wrong<'ctx>(ctx: Ctx<'ctx>, arg: Ref<'ctx>) -> Handle<'ctx> {
        let result = arg.to_owned();
        // SAFETY: broken: the call returns without having come back.
        unsafe { api::HPy_LeavePythonExecution(ctx.as_raw()) };
        result
    }

    #[hpy::function]
    fn leave_unbalanced_right<'ctx>(ctx: Ctx<'ctx>, _arg: Ref<'ctx>) -> PyResult<'ctx> {
        // SAFETY: the two belong together.
        unsafe {
            let left = api::HPy_LeavePythonExecution(ctx.as_raw());
            api::HPy_ReenterPythonExecution(ctx.as_raw(), left);
        }
        Ok(())
    }

    #[hpy::function]
    fn error_missing_wrong<'ctx>(ctx: Ctx<'ctx>, arg: Ref<'ctx>) -> PyResult<'ctx, Handle<'ctx>> {
        let result = arg.getattr(c"no_such_attribute");
        // SAFETY: broken: the error in `result` stands for the exception that this takes away.
        unsafe { api::HPyErr_Clear(ctx.as_raw()) };
        result
    }

    #[hpy::function]
    fn error_missing_right<'ctx>(arg: Ref<'ctx>) -> PyResult<'ctx, Handle<'ctx>> {
        match arg.getattr(c"no_such_attribute") {
            Ok(value) => Ok(value),
            Err(_) => Ok(arg.to_owned()),
        }
    }

    #[hpy::function]
    fn error_unexpected_wrong<'ctx>(ctx: Ctx<'ctx>, _arg: Ref<'ctx>) {
        // SAFETY: broken: the exception stays although the function succeeds.
        unsafe {
            let raw = ctx.as_raw();
            api::HPyErr_SetString(raw, (*raw).h_ValueError, c"never mind".as_ptr());
        }
    }

    #[hpy::function]
    fn error_unexpected_right<'ctx>(_arg: Ref<'ctx>) {
        drop(ValueError::new("never mind"));
    }

    #[hpy::function]
    fn null_handle_wrong<'ctx>(ctx: Ctx<'ctx>, _arg: Ref<'ctx>) -> PyResult<'ctx, Handle<'ctx>> {
        // SAFETY: broken: the function wants an object.
        unsafe { Handle::from_new(ctx, api::HPy_Repr(ctx.as_raw(), HPy::NULL)) }
    }

    #[hpy::function]
    fn null_handle_right<'ctx>(ctx: Ctx<'ctx>, arg: Ref<'ctx>) -> PyResult<'ctx, Handle<'ctx>> {
        // SAFETY: the handle is open.
        unsafe { Handle::from_new(ctx, api::HPy_Repr(ctx.as_raw(), arg.as_raw())) }
    }

    #[hpy::function]
    fn wrong_struct_wrong<'ctx>(ctx: Ctx<'ctx>, arg: Ref<'ctx>) -> bool {
        // SAFETY: broken: a str has no struct of ours.
        !unsafe { api::_HPy_AsStruct_Object(ctx.as_raw(), arg.as_raw()) }.is_null()
    }

    #[hpy::function]
    fn wrong_struct_right<'ctx>(ctx: Ctx<'ctx>, _arg: Ref<'ctx>) -> PyResult<'ctx, bool> {
        let pair = Handle::instance(ctx, Seen { value: Field::empty() })?;
        // SAFETY: instances of the class have this shape.
        Ok(!unsafe { api::_HPy_AsStruct_Object(ctx.as_raw(), pair.as_raw()) }.is_null())
    }

    use crate::classes::Hidden;
    #[export]
    use crate::classes::{Seen, Unseen};

    #[hpy::function]
    fn field_not_visited_wrong<'ctx>(ctx: Ctx<'ctx>, arg: Ref<'ctx>) -> PyResult<'ctx> {
        Handle::instance(ctx, Unseen { number: 0, hidden: Hidden(Field::empty()) })?
            .store(|unseen| &unseen.hidden.0, Some(&arg))
    }

    #[hpy::function]
    fn field_not_visited_right<'ctx>(ctx: Ctx<'ctx>, arg: Ref<'ctx>) -> PyResult<'ctx> {
        Handle::instance(ctx, Seen { value: Field::empty() })?.store(|seen| &seen.value, Some(&arg))
    }
}

mod classes {
    use hpy::prelude::*;

    /// Its field is visited.
    #[hpy::class]
    pub struct Seen {
        pub value: Field,
    }

    #[hpy::methods]
    impl Seen {
        #[new]
        fn new() -> Self {
            Seen { value: Field::empty() }
        }
    }

    /// A field that nobody is told of.
    pub struct Hidden(pub Field);

    // The mistake: the field in it is not visited.
    impl Traverse for Hidden {
        fn traverse(&self, _visitor: &mut Visitor) {}
    }

    /// Its field is not visited.
    #[hpy::class]
    pub struct Unseen {
        pub number: u64,
        pub hidden: Hidden,
    }

    #[hpy::methods]
    impl Unseen {
        #[new]
        fn new() -> Self {
            Unseen { number: 0, hidden: Hidden(Field::empty()) }
        }
    }
}
