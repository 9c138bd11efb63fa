//! Calls.

use crate::handle::Handle;
use crate::kinds::{Any, Dict, Tuple};
use crate::name::Name;
use crate::{Ctx, IntoPy, PyResult, text};
use hpy_sys::{HPy, api};

/// One argument of a call from Rust: borrowed where the caller has a handle, else made for the call.
#[doc(hidden)]
pub struct Arg<'ctx> {
    pub(crate) raw: HPy,
    pub(crate) _owner: Option<Handle<'ctx, Any>>,
}

impl<'ctx> Arg<'ctx> {
    pub(crate) fn owned(handle: Handle<'ctx, Any>) -> Self {
        Arg { raw: handle.as_raw(), _owner: Some(handle) }
    }
}

/// The positional arguments of a call: a tuple of up to eight convertible values, or a Python tuple.
///
/// ```
/// # use hpy::prelude::*;
/// # fn example<'ctx>(ctx: Ctx<'ctx>, object: Ref<'ctx>) -> PyResult<'ctx> {
/// object.call(())?;
/// object.call((1, "two", [3.0, 4.0]))?;
/// # Ok(())
/// # }
/// ```
pub trait CallArgs<'ctx> {
    /// Calls `f` with the handles, of which the first place is free for a receiver.
    #[doc(hidden)]
    fn with_handles<R>(
        self,
        ctx: Ctx<'ctx>,
        f: impl FnOnce(&mut [HPy]) -> PyResult<'ctx, R>,
    ) -> PyResult<'ctx, R>;
}

macro_rules! call_args {
    ($count:literal: $($name:ident $index:tt),*) => {
        impl<'ctx, $($name: IntoPy<'ctx>),*> CallArgs<'ctx> for ($($name,)*) {
            #[inline]
            #[allow(unused_variables, unused_unsafe)]
            fn with_handles<R>(
                self,
                ctx: Ctx<'ctx>,
                f: impl FnOnce(&mut [HPy]) -> PyResult<'ctx, R>,
            ) -> PyResult<'ctx, R> {
                // SAFETY: what the arguments borrow lives in the caller of this function.
                let args: [Arg<'ctx>; $count] = unsafe { [$(self.$index.into_arg(ctx)?),*] };
                let mut handles = [HPy::NULL; $count + 1];
                for (place, arg) in handles[1..].iter_mut().zip(&args) {
                    *place = arg.raw;
                }
                f(&mut handles)
            }
        }
    };
}

call_args!(0:);
call_args!(1: A 0);
call_args!(2: A 0, B 1);
call_args!(3: A 0, B 1, C 2);
call_args!(4: A 0, B 1, C 2, D 3);
call_args!(5: A 0, B 1, C 2, D 3, E 4);
call_args!(6: A 0, B 1, C 2, D 3, E 4, F 5);
call_args!(7: A 0, B 1, C 2, D 3, E 4, F 5, G 6);
call_args!(8: A 0, B 1, C 2, D 3, E 4, F 5, G 6, H 7);

impl<'ctx> CallArgs<'ctx> for &[Handle<'ctx, Any>] {
    fn with_handles<R>(
        self,
        _ctx: Ctx<'ctx>,
        f: impl FnOnce(&mut [HPy]) -> PyResult<'ctx, R>,
    ) -> PyResult<'ctx, R> {
        let mut handles = Vec::with_capacity(self.len() + 1);
        handles.push(HPy::NULL);
        handles.extend(self.iter().map(Handle::as_raw));
        f(&mut handles)
    }
}

/// Keyword arguments of a call: pairs of a name and a convertible value.
///
/// ```
/// # use hpy::prelude::*;
/// # fn example<'ctx>(ctx: Ctx<'ctx>, object: Ref<'ctx>) -> PyResult<'ctx> {
/// let sorted = ctx.builtin(c"sorted")?.call_kw((object,), &[("reverse", true)])?;
/// # Ok(())
/// # }
/// ```
pub type KwArgs<'k, V> = &'k [(&'k str, V)];

impl<'ctx, T> Handle<'ctx, T> {
    /// `object()`
    ///
    /// ```
    /// # use hpy::prelude::*;
    /// # fn example<'ctx>(ctx: Ctx<'ctx>, object: Ref<'ctx>) -> PyResult<'ctx> {
    /// let made = ctx.builtin(c"dict")?.call0()?;
    /// # Ok(())
    /// # }
    /// ```
    #[inline]
    pub fn call0(&self) -> PyResult<'ctx, Handle<'ctx, Any>> {
        let ctx = self.ctx();
        // SAFETY: the handle is open; there are no arguments to read.
        unsafe {
            Handle::from_new(
                ctx,
                api::HPy_Call(ctx.as_raw(), self.as_raw(), core::ptr::null(), 0, HPy::NULL),
            )
        }
    }

    /// `object(*args)`: `f.call((1, "two"))`. `PyObject_Vectorcall`.
    ///
    /// ```
    /// # use hpy::prelude::*;
    /// # fn example<'ctx>(ctx: Ctx<'ctx>, object: Ref<'ctx>) -> PyResult<'ctx> {
    /// let largest = ctx.builtin(c"max")?.call((1, object))?;
    /// # Ok(())
    /// # }
    /// ```
    #[inline]
    pub fn call(&self, args: impl CallArgs<'ctx>) -> PyResult<'ctx, Handle<'ctx, Any>> {
        let ctx = self.ctx();
        args.with_handles(ctx, |handles| {
            let args = &handles[1..];
            // SAFETY: the handles are open for the call.
            unsafe { self.call_raw(args, args.len(), HPy::NULL) }
        })
    }

    /// Calls with the positional arguments first, then the values of the names in a tuple, or in none.
    ///
    /// # Safety
    /// The handles are open, the first `positional` are positional arguments; `names` is null or a tuple with the names of the others.
    #[inline]
    unsafe fn call_raw(
        &self,
        args: &[HPy],
        positional: usize,
        names: HPy,
    ) -> PyResult<'ctx, Handle<'ctx, Any>> {
        let ctx = self.ctx();
        // SAFETY: as the caller says.
        unsafe {
            let result =
                api::HPy_Call(ctx.as_raw(), self.as_raw(), args.as_ptr(), positional, names);
            Handle::from_new(ctx, result)
        }
    }

    /// `object(*args, **kwargs)`: `f.call_kw((1,), &[("key", 2)])`.
    ///
    /// ```
    /// # use hpy::prelude::*;
    /// # fn example<'ctx>(ctx: Ctx<'ctx>, object: Ref<'ctx>) -> PyResult<'ctx> {
    /// let sorted = ctx.builtin(c"sorted")?.call_kw((object,), &[("reverse", true)])?;
    /// # Ok(())
    /// # }
    /// ```
    pub fn call_kw<V: IntoPy<'ctx> + Clone>(
        &self,
        args: impl CallArgs<'ctx>,
        kwargs: KwArgs<'_, V>,
    ) -> PyResult<'ctx, Handle<'ctx, Any>> {
        let ctx = self.ctx();
        let names = kwargs
            .iter()
            .map(|(name, _)| Ok(text::new_str(ctx, name)?.into_any()))
            .collect::<PyResult<'ctx, Vec<_>>>()?;
        let names = Tuple::from_handles(ctx, &names)?;
        let values = kwargs
            .iter()
            .map(|(_, value)| value.clone().into_py(ctx))
            .collect::<PyResult<'ctx, Vec<_>>>()?;
        args.with_handles(ctx, |handles| {
            let mut all = handles[1..].to_vec();
            let positional = all.len();
            all.extend(values.iter().map(Handle::as_raw));
            // SAFETY: the handles are open for the call; the values of the names follow the others.
            unsafe { self.call_raw(&all, positional, names.as_raw()) }
        })
    }

    /// `object(*args, **kwargs)` with a Python tuple and dict. `PyObject_Call`.
    ///
    /// ```
    /// # use hpy::prelude::*;
    /// # fn example<'ctx>(ctx: Ctx<'ctx>, object: Ref<'ctx>) -> PyResult<'ctx> {
    /// let arguments = Tuple::from_handles(ctx, &[object.to_owned()])?;
    /// let made = ctx.builtin(c"list")?.call_tuple_dict(&arguments, None)?;
    /// # Ok(())
    /// # }
    /// ```
    pub fn call_tuple_dict(
        &self,
        args: &Handle<'ctx, Tuple>,
        kwargs: Option<&Handle<'ctx, Dict>>,
    ) -> PyResult<'ctx, Handle<'ctx, Any>> {
        let ctx = self.ctx();
        let kwargs = kwargs.map_or(HPy::NULL, Handle::as_raw);
        // SAFETY: the handles are open.
        unsafe {
            Handle::from_new(
                ctx,
                api::HPy_CallTupleDict(ctx.as_raw(), self.as_raw(), args.as_raw(), kwargs),
            )
        }
    }

    /// `object.name(*args)`: `list.call_method(c"append", (1,))`. `PyObject_VectorcallMethod`.
    ///
    /// ```
    /// # use hpy::prelude::*;
    /// # fn example<'ctx>(ctx: Ctx<'ctx>, object: Ref<'ctx>) -> PyResult<'ctx> {
    /// object.call_method(c"append", (1,))?;
    /// # Ok(())
    /// # }
    /// ```
    pub fn call_method(
        &self,
        name: impl Name,
        args: impl CallArgs<'ctx>,
    ) -> PyResult<'ctx, Handle<'ctx, Any>> {
        let ctx = self.ctx();
        let made;
        let name = match name.as_handle() {
            Some(name) => name,
            None => {
                made = name.with_c_str(ctx, |name| crate::kinds::Str::from_c_str(ctx, name))?;
                made.as_raw()
            }
        };
        args.with_handles(ctx, |handles| {
            handles[0] = self.as_raw();
            // SAFETY: the handles are open for the call; the first is the receiver.
            unsafe {
                Handle::from_new(
                    ctx,
                    api::HPy_CallMethod(
                        ctx.as_raw(),
                        name,
                        handles.as_ptr(),
                        handles.len(),
                        HPy::NULL,
                    ),
                )
            }
        })
    }

    /// `callable(object)`
    ///
    /// ```
    /// # use hpy::prelude::*;
    /// # fn example<'ctx>(ctx: Ctx<'ctx>, object: Ref<'ctx>) -> PyResult<'ctx> {
    /// if object.is_callable() {
    ///     object.call0()?;
    /// }
    /// # Ok(())
    /// # }
    /// ```
    pub fn is_callable(&self) -> bool {
        // SAFETY: the handle is open.
        unsafe { api::HPyCallable_Check(self.ctx().as_raw(), self.as_raw()) != 0 }
    }
}
