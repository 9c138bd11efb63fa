//! Handles: owned and borrowed.

use crate::kinds::Any;
use crate::{Ctx, PyErr, PyResult, shortcuts};
use core::fmt;
use core::marker::PhantomData;
use core::mem::ManuallyDrop;
use core::num::NonZeroIsize;
use core::ops::Deref;
use hpy_sys::HPy;

/// An owned reference to a Python object of kind `T`, closed when it is dropped.
///
/// `T` is a promise that was checked once: `Handle<'_, Str>` is a `str`, `Handle<'_, MyClass>` an instance
/// of the class. [`Any`] promises nothing. A handle belongs to the call it was made in (`'ctx`): it cannot
/// be kept in a static, a class or a closure that outlives the call, and cannot go to another thread. What
/// must live longer is a [`Field`](crate::Field) or a [`Global`](crate::Global).
///
/// ```compile_fail
/// use hpy::prelude::*;
/// // A handle that outlives its call does not compile.
/// fn keep<'ctx>(ctx: Ctx<'ctx>) -> Handle<'static, Any> {
///     1.into_py(ctx).ok().unwrap()
/// }
/// ```
#[repr(C)]
pub struct Handle<'ctx, T = Any> {
    raw: NonZeroIsize,
    ctx: Ctx<'ctx>,
    kind: PhantomData<fn() -> T>,
}

/// A borrowed reference to a Python object of kind `T`, free to copy: the object stays open for `'a`.
///
/// Arguments are borrowed: they are open until the call returns. Everything that can be done with a
/// [`Handle`] can be done with a `Ref`; [`Ref::to_owned`] makes a handle of it.
///
/// ```
/// use hpy::prelude::*;
///
/// #[hpy::function]
/// fn same<'ctx>(object: Ref<'ctx>) -> (Ref<'ctx>, Ref<'ctx>) {
///     (object, object)
/// }
/// ```
#[repr(C)]
pub struct Ref<'a, T = Any> {
    raw: NonZeroIsize,
    ctx: Ctx<'a>,
    kind: PhantomData<fn() -> T>,
}

impl<T> Clone for Ref<'_, T> {
    #[inline(always)]
    fn clone(&self) -> Self {
        *self
    }
}
impl<T> Copy for Ref<'_, T> {}

impl<'a, T> Deref for Ref<'a, T> {
    type Target = Handle<'a, T>;
    #[inline(always)]
    fn deref(&self) -> &Handle<'a, T> {
        // SAFETY: both are repr(C) with the same fields; nobody can move out of the reference, so the
        // handle that is seen here is never closed.
        unsafe { &*(&raw const *self).cast() }
    }
}

impl<'a, T> Ref<'a, T> {
    /// Borrows an open handle.
    ///
    /// # Safety
    /// `raw` is not null, belongs to `ctx`, stays open for `'a`, and is of kind `T`.
    ///
    /// ```
    /// # use hpy::prelude::*;
    /// # fn example<'ctx>(ctx: Ctx<'ctx>, object: Ref<'ctx>) -> PyResult<'ctx> {
    /// // SAFETY: the constant is open as long as its context.
    /// let none: Ref<'_, Any> = unsafe { Ref::from_raw(ctx, ctx.none().as_raw()) };
    /// assert!(none.is_none());
    /// # Ok(())
    /// # }
    /// ```
    #[inline(always)]
    pub unsafe fn from_raw(ctx: Ctx<'a>, raw: HPy) -> Self {
        // SAFETY: not null, says the caller.
        Ref { raw: unsafe { NonZeroIsize::new_unchecked(raw._i) }, ctx, kind: PhantomData }
    }

    /// An owned handle of the same object. `HPy_Dup`.
    ///
    /// ```
    /// # use hpy::prelude::*;
    /// # fn example<'ctx>(ctx: Ctx<'ctx>, object: Ref<'ctx>) -> PyResult<'ctx> {
    /// let kept: Handle<'_, Any> = object.to_owned();
    /// # Ok(())
    /// # }
    /// ```
    #[inline]
    pub fn to_owned(self) -> Handle<'a, T> {
        (*self).clone()
    }

    /// Forgets the kind.
    ///
    /// ```
    /// # use hpy::prelude::*;
    /// # fn example<'ctx>(ctx: Ctx<'ctx>, object: Ref<'ctx>) -> PyResult<'ctx> {
    /// let any: Ref<'_, Any> = object.as_any();
    /// # Ok(())
    /// # }
    /// ```
    #[inline(always)]
    pub fn as_any(self) -> Ref<'a, Any> {
        Ref { raw: self.raw, ctx: self.ctx, kind: PhantomData }
    }

    /// The same reference with another promise.
    ///
    /// # Safety
    /// The object is of kind `U`.
    ///
    /// ```
    /// # use hpy::prelude::*;
    /// # fn example<'ctx>(ctx: Ctx<'ctx>, object: Ref<'ctx>) -> PyResult<'ctx> {
    /// if object.type_name() == "str" {
    ///     // SAFETY: that is the type of strings.
    ///     let text: Ref<'_, Str> = unsafe { object.assume() };
    ///     println!("{}", text.to_str()?);
    /// }
    /// # Ok(())
    /// # }
    /// ```
    #[inline(always)]
    pub unsafe fn assume<U>(self) -> Ref<'a, U> {
        Ref { raw: self.raw, ctx: self.ctx, kind: PhantomData }
    }
}

impl<'ctx, T> Handle<'ctx, T> {
    /// Takes over an open handle.
    ///
    /// # Safety
    /// `raw` is not null, belongs to `ctx`, is of kind `T`, and nobody else closes it.
    ///
    /// ```
    /// # use hpy::prelude::*;
    /// # fn example<'ctx>(ctx: Ctx<'ctx>, object: Ref<'ctx>) -> PyResult<'ctx> {
    /// // SAFETY: the context is live; what is returned is ours to close.
    /// let copy: Handle<'_, Any> = unsafe {
    ///     Handle::from_raw(ctx, hpy_sys::api::HPy_Dup(ctx.as_raw(), object.as_raw()))
    /// };
    /// # Ok(())
    /// # }
    /// ```
    #[inline(always)]
    pub unsafe fn from_raw(ctx: Ctx<'ctx>, raw: HPy) -> Self {
        // SAFETY: not null, says the caller.
        Handle { raw: unsafe { NonZeroIsize::new_unchecked(raw._i) }, ctx, kind: PhantomData }
    }

    /// Takes over what a context function returned: null means that an exception is set.
    ///
    /// # Safety
    /// As [`Handle::from_raw`], but null is allowed where an exception is set.
    ///
    /// ```
    /// # use hpy::prelude::*;
    /// # fn example<'ctx>(ctx: Ctx<'ctx>, object: Ref<'ctx>) -> PyResult<'ctx> {
    /// // SAFETY: the context is live, the handle open; null means that an exception is set.
    /// let text: Handle<'_, Str> = unsafe {
    ///     Handle::from_new(ctx, hpy_sys::api::HPy_ASCII(ctx.as_raw(), object.as_raw()))?
    /// };
    /// # Ok(())
    /// # }
    /// ```
    #[inline(always)]
    pub unsafe fn from_new(ctx: Ctx<'ctx>, raw: HPy) -> PyResult<'ctx, Self> {
        match NonZeroIsize::new(raw._i) {
            Some(raw) => Ok(Handle { raw, ctx, kind: PhantomData }),
            None => Err(PyErr::pending(ctx)),
        }
    }

    /// The bits of the handle, which stays open and owned by `self`.
    ///
    /// ```
    /// # use hpy::prelude::*;
    /// # fn example<'ctx>(ctx: Ctx<'ctx>, object: Ref<'ctx>) -> PyResult<'ctx> {
    /// // SAFETY: the context is live, the handle open for the call.
    /// let callable = unsafe { hpy_sys::api::HPyCallable_Check(ctx.as_raw(), object.as_raw()) } != 0;
    /// # Ok(())
    /// # }
    /// ```
    #[inline(always)]
    pub fn as_raw(&self) -> HPy {
        HPy { _i: self.raw.get() }
    }

    /// Gives the open handle away; who gets it closes it.
    ///
    /// ```
    /// # use hpy::prelude::*;
    /// # fn example<'ctx>(ctx: Ctx<'ctx>, object: Ref<'ctx>) -> PyResult<'ctx> {
    /// let raw = object.to_owned().into_raw();
    /// // SAFETY: the handle is open, and this is who closes it.
    /// unsafe { hpy_sys::api::HPy_Close(ctx.as_raw(), raw) };
    /// # Ok(())
    /// # }
    /// ```
    #[inline(always)]
    pub fn into_raw(self) -> HPy {
        ManuallyDrop::new(self).as_raw()
    }

    /// The token of the call that the handle belongs to.
    ///
    /// ```
    /// # use hpy::prelude::*;
    /// # fn example<'ctx>(ctx: Ctx<'ctx>, object: Ref<'ctx>) -> PyResult<'ctx> {
    /// let nothing = object.ctx().none();
    /// # Ok(())
    /// # }
    /// ```
    #[inline(always)]
    pub fn ctx(&self) -> Ctx<'ctx> {
        self.ctx
    }

    /// Borrows the handle.
    ///
    /// ```
    /// # use hpy::prelude::*;
    /// # fn example<'ctx>(ctx: Ctx<'ctx>, object: Ref<'ctx>) -> PyResult<'ctx> {
    /// let owned = object.to_owned();
    /// let borrowed: Ref<'_, Any> = owned.as_ref();
    /// # Ok(())
    /// # }
    /// ```
    #[inline(always)]
    pub fn as_ref(&self) -> Ref<'_, T> {
        Ref { raw: self.raw, ctx: self.ctx, kind: PhantomData }
    }

    /// Forgets the kind.
    ///
    /// ```
    /// # use hpy::prelude::*;
    /// # fn example<'ctx>(ctx: Ctx<'ctx>, object: Ref<'ctx>) -> PyResult<'ctx> {
    /// let text: Handle<'_, Str> = object.str()?;
    /// let any: Handle<'_, Any> = text.into_any();
    /// # Ok(())
    /// # }
    /// ```
    #[inline(always)]
    pub fn into_any(self) -> Handle<'ctx, Any> {
        // SAFETY: the handle is open and given away; every object is of kind Any.
        unsafe { self.assume() }
    }

    /// The same handle with another promise.
    ///
    /// # Safety
    /// The object is of kind `U`.
    ///
    /// ```
    /// # use hpy::prelude::*;
    /// # fn example<'ctx>(ctx: Ctx<'ctx>, object: Ref<'ctx>) -> PyResult<'ctx> {
    /// let names = ctx.builtin(c"sorted")?.call((object,))?;
    /// // SAFETY: sorted() returns a list.
    /// let names: Handle<'_, List> = unsafe { names.assume() };
    /// println!("{}", names.len()?);
    /// # Ok(())
    /// # }
    /// ```
    #[inline(always)]
    pub unsafe fn assume<U>(self) -> Handle<'ctx, U> {
        let this = ManuallyDrop::new(self);
        Handle { raw: this.raw, ctx: this.ctx, kind: PhantomData }
    }
}

impl<T> Drop for Handle<'_, T> {
    #[inline(always)]
    fn drop(&mut self) {
        // SAFETY: the handle is open and owned, its call has not ended.
        unsafe { shortcuts::close(self.ctx, self.as_raw()) }
    }
}

/// Another handle of the same object. `HPy_Dup`.
impl<T> Clone for Handle<'_, T> {
    #[inline]
    fn clone(&self) -> Self {
        // SAFETY: the handle is open; duplicating cannot fail.
        unsafe { Handle::from_raw(self.ctx, shortcuts::dup(self.ctx, self.as_raw())) }
    }
}

/// As `repr()` in Python; an object whose `repr` fails is shown by its handle.
impl<T> fmt::Debug for Handle<'_, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let repr = self.repr();
        match repr.as_ref().map(|repr| repr.to_str()) {
            Ok(Ok(text)) => f.write_str(text),
            _ => write!(f, "<handle {:#x}>", self.raw),
        }
    }
}

impl<T> fmt::Debug for Ref<'_, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(&**self, f)
    }
}
