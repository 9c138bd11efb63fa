//! The token of a call.

use crate::handle::{Handle, Ref};
use crate::kinds::{Any, Dict, Type};
use crate::name::Name;
use crate::{PyErr, PyResult};
use core::ffi::CStr;
use core::marker::PhantomData;
use core::ptr::NonNull;
use hpy_sys::{HPy, HPyContext, api};

/// Permission to use Python, for the length of one call from it.
///
/// A function that Python calls gets one (declare a parameter of type `Ctx<'_>` anywhere in its list); every
/// handle made in the call carries it. It is a copy of one pointer, the `HPyContext *` of C. It cannot leave
/// the call (`'ctx`) and cannot go to another thread, and neither can anything made with it.
///
/// ```
/// use hpy::prelude::*;
///
/// #[hpy::function]
/// fn answer(ctx: Ctx<'_>) -> PyResult<'_, Handle<'_, Any>> {
///     42.into_py(ctx)
/// }
/// ```
#[derive(Clone, Copy)]
#[repr(transparent)]
pub struct Ctx<'ctx> {
    raw: NonNull<HPyContext>,
    /// The raw pointer keeps the token on its thread.
    _call: PhantomData<(&'ctx (), *mut ())>,
}

impl<'ctx> Ctx<'ctx> {
    /// The token of a call that a runtime made with `raw`.
    ///
    /// # Safety
    /// `raw` is a live context, and the calling thread may use it for all of `'ctx`.
    ///
    /// ```
    /// use hpy::prelude::*;
    ///
    /// /// A function with the ABI's own signature.
    /// unsafe extern "C" fn answer(ctx: *mut hpy_sys::HPyContext, _slf: hpy_sys::HPy) -> hpy_sys::HPy {
    ///     // SAFETY: the runtime calls with a context that lives for the call.
    ///     let ctx = unsafe { Ctx::from_raw(ctx) };
    ///     match 42.into_py(ctx) {
    ///         Ok(answer) => answer.into_raw(),
    ///         Err(error) => {
    ///             error.raise(ctx);
    ///             hpy_sys::HPy::NULL
    ///         }
    ///     }
    /// }
    /// ```
    #[inline(always)]
    pub unsafe fn from_raw(raw: *mut HPyContext) -> Self {
        // SAFETY: a live context is not null.
        Ctx { raw: unsafe { NonNull::new_unchecked(raw) }, _call: PhantomData }
    }

    /// The context, for calls of [`hpy_sys::api`].
    ///
    /// ```
    /// # use hpy::prelude::*;
    /// # fn example<'ctx>(ctx: Ctx<'ctx>, object: Ref<'ctx>) -> PyResult<'ctx> {
    /// // SAFETY: the context is live, the handle open.
    /// let hash = unsafe { hpy_sys::api::HPy_Hash(ctx.as_raw(), object.as_raw()) };
    /// if hash == -1 {
    ///     return Err(PyErr::pending(ctx));
    /// }
    /// # Ok(())
    /// # }
    /// ```
    #[inline(always)]
    pub fn as_raw(self) -> *mut HPyContext {
        self.raw.as_ptr()
    }

    /// The members of the context.
    #[inline(always)]
    pub(crate) fn table(self) -> &'ctx HPyContext {
        // SAFETY: the context lives for 'ctx, and its members do not change while it is in use.
        unsafe { self.raw.as_ref() }
    }

    #[inline(always)]
    fn constant<T>(self, raw: HPy) -> Ref<'ctx, T> {
        // SAFETY: the context's constants are open as long as the context lives.
        unsafe { Ref::from_raw(self, raw) }
    }

    /// `None`.
    ///
    /// ```
    /// # use hpy::prelude::*;
    /// # fn example<'ctx>(ctx: Ctx<'ctx>) -> PyResult<'ctx> {
    /// let nothing = ctx.none().to_owned();
    /// # Ok(())
    /// # }
    /// ```
    #[inline]
    pub fn none(self) -> Ref<'ctx, Any> {
        self.constant(self.table().h_None)
    }

    /// `NotImplemented`, what a binary operator returns for an operand that it does not know.
    ///
    /// ```
    /// # use hpy::prelude::*;
    /// # fn example<'ctx>(ctx: Ctx<'ctx>) -> PyResult<'ctx> {
    /// let result = ctx.not_implemented().to_owned();
    /// # Ok(())
    /// # }
    /// ```
    #[inline]
    pub fn not_implemented(self) -> Ref<'ctx, Any> {
        self.constant(self.table().h_NotImplemented)
    }

    /// `...`
    ///
    /// ```
    /// # use hpy::prelude::*;
    /// # fn example<'ctx>(ctx: Ctx<'ctx>) -> PyResult<'ctx> {
    /// let all = ctx.ellipsis();
    /// # Ok(())
    /// # }
    /// ```
    #[inline]
    pub fn ellipsis(self) -> Ref<'ctx, Any> {
        self.constant(self.table().h_Ellipsis)
    }

    /// `True` or `False`.
    ///
    /// ```
    /// # use hpy::prelude::*;
    /// # fn example<'ctx>(ctx: Ctx<'ctx>) -> PyResult<'ctx> {
    /// let yes = ctx.bool(true);
    /// # Ok(())
    /// # }
    /// ```
    #[inline]
    pub fn bool(self, value: bool) -> Ref<'ctx, Any> {
        self.constant(if value { self.table().h_True } else { self.table().h_False })
    }

    /// `vars(builtins)`.
    ///
    /// ```
    /// # use hpy::prelude::*;
    /// # fn example<'ctx>(ctx: Ctx<'ctx>) -> PyResult<'ctx> {
    /// let there = ctx.builtins().contains("aiter")?;
    /// # Ok(())
    /// # }
    /// ```
    #[inline]
    pub fn builtins(self) -> Ref<'ctx, Dict> {
        self.constant(self.table().h_Builtins)
    }

    /// A built-in by its name, `ctx.builtin(c"sorted")`. KeyError where there is none.
    ///
    /// ```
    /// # use hpy::prelude::*;
    /// # fn example<'ctx>(ctx: Ctx<'ctx>) -> PyResult<'ctx> {
    /// let largest = ctx.builtin(c"max")?.call((1, 2, 3))?;
    /// # Ok(())
    /// # }
    /// ```
    pub fn builtin(self, name: impl Name) -> PyResult<'ctx, Handle<'ctx, Any>> {
        self.builtins().get_item_str(name)
    }

    /// Imports a module as `import` does and returns it: for `"a.b"` the module `a.b`.
    /// `PyImport_ImportModule`.
    ///
    /// ```
    /// use hpy::prelude::*;
    ///
    /// #[hpy::function]
    /// fn now(ctx: Ctx<'_>) -> PyResult<'_, f64> {
    ///     ctx.import(c"time")?.call_method(c"time", ())?.extract()
    /// }
    /// ```
    pub fn import(self, name: impl Name) -> PyResult<'ctx, Handle<'ctx, Any>> {
        name.with_c_str(self, |name| {
            // SAFETY: the token is a live context; `name` is NUL-terminated.
            unsafe {
                Handle::from_new(self, api::HPyImport_ImportModule(self.as_raw(), name.as_ptr()))
            }
        })
    }

    /// Emits a warning of `category` as `warnings.warn` does. The error is the warning itself where filters
    /// turn it into an exception. `PyErr_WarnEx`.
    ///
    /// ```
    /// # use hpy::prelude::*;
    /// # fn example<'ctx>(ctx: Ctx<'ctx>) -> PyResult<'ctx> {
    /// let category = ctx.type_named(c"DeprecationWarning")?;
    /// ctx.warn(&category, c"use the other one", 1)?;
    /// # Ok(())
    /// # }
    /// ```
    pub fn warn(
        self,
        category: &Handle<'ctx, Type>,
        message: impl Name,
        stack_level: isize,
    ) -> PyResult<'ctx, ()> {
        message.with_c_str(self, |message| {
            // SAFETY: the token is a live context, the handle is open, `message` is NUL-terminated.
            let status = unsafe {
                api::HPyErr_WarnEx(self.as_raw(), category.as_raw(), message.as_ptr(), stack_level)
            };
            if status < 0 { Err(PyErr::pending(self)) } else { Ok(()) }
        })
    }

    /// Runs `work` without holding on to Python: other Python threads run meanwhile.
    ///
    /// `work` can capture nothing that belongs to Python, since handles and tokens are not `Send`.
    ///
    /// ```
    /// use hpy::prelude::*;
    ///
    /// #[hpy::function]
    /// fn checksum(ctx: Ctx<'_>, data: Vec<u8>) -> u64 {
    ///     ctx.allow_threads(|| data.iter().map(|b| u64::from(*b)).sum())
    /// }
    /// ```
    pub fn allow_threads<R: Send>(self, work: impl FnOnce() -> R + Send) -> R {
        struct Reenter<'ctx>(Ctx<'ctx>, hpy_sys::HPyThreadState);
        impl Drop for Reenter<'_> {
            fn drop(&mut self) {
                // SAFETY: the state comes from the leaving below, on this thread.
                unsafe { api::HPy_ReenterPythonExecution(self.0.as_raw(), self.1) }
            }
        }
        // SAFETY: the calling thread may use the context; until the guard is dropped, here or while a
        // panic unwinds, nothing does.
        let _guard = Reenter(self, unsafe { api::HPy_LeavePythonExecution(self.as_raw()) });
        work()
    }

    /// Whether an exception is set.
    #[inline]
    pub(crate) fn error_is_set(self) -> bool {
        // SAFETY: the token is a live context.
        unsafe { api::HPyErr_Occurred(self.as_raw()) != 0 }
    }

    /// The human-readable name of the context: which runtime and which mode this is.
    ///
    /// ```
    /// # use hpy::prelude::*;
    /// # fn example<'ctx>(ctx: Ctx<'ctx>) -> PyResult<'ctx> {
    /// println!("{}", ctx.name().to_string_lossy());
    /// # Ok(())
    /// # }
    /// ```
    pub fn name(self) -> &'ctx CStr {
        // SAFETY: the name is a NUL-terminated string that lives as long as the context.
        unsafe { CStr::from_ptr(self.table().name) }
    }
}
