//! Errors: the exception that is set, or one that is yet to be made.

mod standard;

use crate::exc::{ExcType, ExceptionFields, ExceptionType};
use crate::handle::{Handle, Ref};
use crate::kinds::{Any, Type};
use crate::{Ctx, text};
use core::fmt;
use core::marker::PhantomData;
use core::mem::ManuallyDrop;
use core::ptr::NonNull;
use hpy_sys::{HPyContext, api};
use std::borrow::Cow;

/// The result of what can raise.
///
/// A function without a `Ctx` or handle parameter has no `'ctx` to name: its errors are
/// `PyResult<'static, T>`, which fits wherever a shorter life is asked for.
///
/// ```
/// use hpy::prelude::*;
///
/// fn half(n: i64) -> PyResult<'static, i64> {
///     if n % 2 == 0 { Ok(n / 2) } else { Err(ValueError::new("odd")) }
/// }
/// ```
pub type PyResult<'ctx, T = ()> = Result<T, PyErr<'ctx>>;

/// A Python exception on its way to Python.
///
/// It is one word and has two forms. *Pending*: Python's own error indicator is set and the value only
/// stands for it, so that `?` costs nothing; dropping it clears the indicator. *Lazy*: made by Rust code
/// (`ValueError::new("...")`), an exception object comes to be only when the error reaches Python.
///
/// While a pending error is held, Python's indicator is set: handle it or pass it on before doing more with
/// Python. [`PyErr::is`] asks for its type, [`PyErr::into_value`] takes the exception object.
///
/// ```
/// use hpy::prelude::*;
///
/// #[hpy::function]
/// fn get_or_none<'ctx>(ctx: Ctx<'ctx>, o: Ref<'ctx>, name: Ref<'ctx, Str>) -> PyResult<'ctx, Handle<'ctx>> {
///     match o.getattr(&*name) {
///         Err(error) if error.is::<AttributeError>(ctx) => Ok(ctx.none().to_owned()),
///         other => other,
///     }
/// }
/// ```
#[must_use = "dropping the error clears the exception"]
pub struct PyErr<'ctx> {
    /// A context, or with [`LAZY`] set a boxed [`Lazy`].
    word: NonNull<u8>,
    _owns: PhantomData<(Ctx<'ctx>, Box<Lazy>)>,
}

const LAZY: usize = 1;
const _: () = assert!(align_of::<HPyContext>() > LAZY && align_of::<Lazy>() > LAZY);

/// An exception that is not an object yet.
enum Lazy {
    Message {
        kind: ExcType,
        message: Cow<'static, str>,
    },
    /// TypeError for a value of the wrong type; who knows the argument says which it was.
    WrongType {
        expected: Cow<'static, str>,
        given: String,
    },
    /// OSError with a number, of which Python makes the subclass.
    Os {
        kind: ExcType,
        number: i32,
        message: String,
    },
    /// An exception with fields.
    Fields {
        kind: ExcType,
        message: String,
        fields: Box<dyn PutFields>,
    },
    /// An operand that an operator does not know; never seen by Python unless in plain calls.
    Unsupported {
        message: String,
    },
}

/// # Safety
/// The box is the caller's, who gives it up.
#[cold]
#[inline(never)]
unsafe fn raise_lazy(lazy: NonNull<Lazy>, ctx: Ctx<'_>) {
    // SAFETY: as the caller says.
    unsafe { Box::from_raw(lazy.as_ptr()) }.set(ctx);
}

/// The fields of an exception that is yet to be made.
trait PutFields {
    fn put<'ctx>(self: Box<Self>, object: &Handle<'ctx, Any>) -> PyResult<'ctx>;
}

impl<E: ExceptionFields> PutFields for E {
    fn put<'ctx>(self: Box<Self>, object: &Handle<'ctx, Any>) -> PyResult<'ctx> {
        E::put(*self, object)
    }
}

enum Form<'a, 'ctx> {
    Pending(Ctx<'ctx>),
    Lazy(&'a Lazy),
}

impl<'ctx> PyErr<'ctx> {
    /// Stands for the exception that a context function has set.
    ///
    /// ```
    /// # use hpy::prelude::*;
    /// # fn example<'ctx>(ctx: Ctx<'ctx>, object: Ref<'ctx>) -> PyResult<'ctx> {
    /// // SAFETY: the context is live, the handle open.
    /// let length = unsafe { hpy_sys::api::HPy_Length(ctx.as_raw(), object.as_raw()) };
    /// if length < 0 {
    ///     return Err(PyErr::pending(ctx));
    /// }
    /// # Ok(())
    /// # }
    /// ```
    #[inline(always)]
    pub fn pending(ctx: Ctx<'ctx>) -> Self {
        // Lets the compiler see that there is nothing to raise where a pending error reaches Python.
        // SAFETY: a live context is aligned.
        unsafe { core::hint::assert_unchecked(ctx.as_raw().addr() & LAZY == 0) };
        // SAFETY: a token's pointer is not null.
        PyErr { word: unsafe { NonNull::new_unchecked(ctx.as_raw().cast()) }, _owns: PhantomData }
    }

    /// `raise value`: `value` is an exception object or a type. `PyErr_SetObject`.
    ///
    /// ```
    /// # use hpy::prelude::*;
    /// # fn example<'ctx>(ctx: Ctx<'ctx>, object: Ref<'ctx>) -> PyResult<'ctx> {
    /// let error = ctx.builtin(c"ValueError")?.call(("no good",))?;
    /// let raised: PyErr<'_> = PyErr::from_value(&error);
    /// drop(raised);
    /// # Ok(())
    /// # }
    /// ```
    pub fn from_value<T>(value: &Handle<'ctx, T>) -> Self {
        let ctx = value.ctx();
        let kind = value.type_();
        // SAFETY: the handles are open.
        unsafe { api::HPyErr_SetObject(ctx.as_raw(), kind.as_raw(), value.as_raw()) };
        PyErr::pending(ctx)
    }

    #[cold]
    fn lazy(lazy: Lazy) -> Self {
        let word: NonNull<u8> = NonNull::from(Box::leak(Box::new(lazy))).cast();
        PyErr { word: word.map_addr(|address| address | LAZY), _owns: PhantomData }
    }

    /// An exception with fields.
    #[cold]
    pub(crate) fn with_fields<E: ExceptionFields>(message: String, error: E) -> Self {
        PyErr::lazy(Lazy::Fields { kind: E::TYPE, message, fields: Box::new(error) })
    }

    #[cold]
    pub(crate) fn with_message(kind: ExcType, message: Cow<'static, str>) -> Self {
        PyErr::lazy(Lazy::Message { kind, message })
    }

    /// The error of a conversion that got an object of the wrong type: `expected` is what it takes, in the
    /// words of a Python programmer (`"int"`, `"a dict of str"`).
    ///
    /// ```
    /// # use hpy::prelude::*;
    /// # fn example<'ctx>(ctx: Ctx<'ctx>, object: Ref<'ctx>) -> PyResult<'ctx> {
    /// if !object.is_kind::<Str>() {
    ///     return Err(PyErr::wrong_type("str", &*object));
    /// }
    /// # Ok(())
    /// # }
    /// ```
    #[cold]
    pub fn wrong_type<T>(expected: impl Into<Cow<'static, str>>, given: &Handle<'ctx, T>) -> Self {
        let given = given.type_name();
        PyErr::lazy(Lazy::WrongType { expected: expected.into(), given })
    }

    #[inline]
    fn form(&self) -> Form<'_, 'ctx> {
        if self.word.addr().get() & LAZY != 0 {
            // SAFETY: with the tag the word is the box that `lazy` leaked; `self` owns it.
            Form::Lazy(unsafe { self.lazy_box().as_ref() })
        } else {
            // SAFETY: without the tag the word is the context of 'ctx.
            Form::Pending(unsafe { Ctx::from_raw(self.word.as_ptr().cast()) })
        }
    }

    /// Whether the error is Python's already.
    pub(crate) fn is_pending(&self) -> bool {
        matches!(self.form(), Form::Pending(_))
    }

    fn lazy_box(&self) -> NonNull<Lazy> {
        // SAFETY: a tagged box is not null without its tag either.
        unsafe { NonNull::new_unchecked(self.word.as_ptr().map_addr(|a| a & !LAZY)) }.cast()
    }

    /// Makes the error Python's: sets the exception, unless it is set already.
    ///
    /// ```
    /// # use hpy::prelude::*;
    /// # fn example<'ctx>(ctx: Ctx<'ctx>, object: Ref<'ctx>) -> PyResult<'ctx> {
    /// ValueError::new("no good").raise(ctx);
    /// return Err(PyErr::pending(ctx));
    /// # }
    /// ```
    #[inline(always)]
    pub fn raise(self, ctx: Ctx<'_>) {
        let this = ManuallyDrop::new(self);
        if this.word.addr().get() & LAZY != 0 {
            // SAFETY: the box is owned by `this`, which is not dropped.
            unsafe { raise_lazy(this.lazy_box(), ctx) };
        }
    }

    /// Whether `except E` would catch it.
    ///
    /// ```
    /// # use hpy::prelude::*;
    /// # fn example<'ctx>(ctx: Ctx<'ctx>, object: Ref<'ctx>) -> PyResult<'ctx> {
    /// if let Err(error) = object.call0() {
    ///     assert!(error.is::<Exception>(ctx));
    /// }
    /// # Ok(())
    /// # }
    /// ```
    pub fn is<E: ExceptionType>(&self, ctx: Ctx<'_>) -> bool {
        match self.form() {
            Form::Pending(ctx) => E::TYPE.with(ctx, |kind| {
                // SAFETY: an exception is set and `kind` is open.
                unsafe { api::HPyErr_ExceptionMatches(ctx.as_raw(), kind) != 0 }
            }),
            Form::Lazy(lazy) => lazy.kind().with(ctx, |own| {
                E::TYPE.with(ctx, |wanted| {
                    // SAFETY: both types are open.
                    unsafe { api::HPyType_IsSubtype(ctx.as_raw(), own, wanted) != 0 }
                })
            }),
        }
    }

    /// Whether `except kind` would catch it. `PyErr_ExceptionMatches`.
    ///
    /// ```
    /// # use hpy::prelude::*;
    /// # fn example<'ctx>(ctx: Ctx<'ctx>, object: Ref<'ctx>) -> PyResult<'ctx> {
    /// if let Err(error) = object.call0() {
    ///     let kind = ctx.type_named(c"StopIteration")?;
    ///     println!("{}", error.matches(&kind));
    /// }
    /// # Ok(())
    /// # }
    /// ```
    pub fn matches(&self, kind: &Handle<'_, Type>) -> bool {
        let raw = kind.ctx().as_raw();
        // SAFETY: the handles are open; where the error is pending, an exception is set.
        unsafe {
            match self.form() {
                Form::Pending(_) => api::HPyErr_ExceptionMatches(raw, kind.as_raw()) != 0,
                Form::Lazy(lazy) => lazy
                    .kind()
                    .with(kind.ctx(), |own| api::HPyType_IsSubtype(raw, own, kind.as_raw()) != 0),
            }
        }
    }

    /// Prints the exception to `sys.unraisablehook` with `object` as where it happened, and forgets it.
    /// For errors that nobody can be told of.
    ///
    /// ```
    /// # use hpy::prelude::*;
    /// # fn example<'ctx>(ctx: Ctx<'ctx>, object: Ref<'ctx>) -> PyResult<'ctx> {
    /// if let Err(error) = object.call0() {
    ///     error.write_unraisable(&object);
    /// }
    /// # Ok(())
    /// # }
    /// ```
    pub fn write_unraisable(self, object: &Handle<'_, Any>) {
        let ctx = object.ctx();
        self.raise(ctx);
        // SAFETY: an exception is set, the handle is open.
        unsafe { api::HPyErr_WriteUnraisable(ctx.as_raw(), object.as_raw()) }
    }

    /// The same error with the lifetime of `ctx`, where what it came from was borrowed for less than the call.
    ///
    /// ```
    /// use hpy::prelude::*;
    ///
    /// #[hpy::function]
    /// fn first_length<'ctx>(ctx: Ctx<'ctx>, items: Ref<'ctx, List>) -> PyResult<'ctx, usize> {
    ///     let first = items.get_index(0)?;
    ///     // `view` borrows from `first`, which is closed when the function returns.
    ///     let text: &str = first.view().map_err(|error| error.rebind(ctx))?;
    ///     Ok(text.len())
    /// }
    /// ```
    pub fn rebind<'call>(self, ctx: Ctx<'call>) -> PyErr<'call> {
        let this = ManuallyDrop::new(self);
        match this.form() {
            Form::Pending(_) => PyErr::pending(ctx),
            Form::Lazy(_) => PyErr { word: this.word, _owns: PhantomData },
        }
    }

    /// The same error with what is known of the argument: `f() argument 'x' must be int, not str`.
    #[cold]
    pub(crate) fn for_argument(self, function: &str, argument: &str) -> Self {
        let Form::Lazy(lazy) = self.form() else { return self };
        match lazy {
            Lazy::WrongType { expected, given } => PyErr::lazy(Lazy::Message {
                kind: crate::exc::TypeError::TYPE,
                message: format!(
                    "{function}() argument '{argument}' must be {expected}, not {given}"
                )
                .into(),
            }),
            Lazy::Message { kind, message } => PyErr::lazy(Lazy::Message {
                kind: *kind,
                message: format!("{function}() argument '{argument}': {message}").into(),
            }),
            Lazy::Os { .. } | Lazy::Fields { .. } | Lazy::Unsupported { .. } => self,
        }
    }

    /// Marks an operand of the wrong type. Other errors stay what they are.
    #[cold]
    pub(crate) fn into_unsupported(self) -> Self {
        match self.form() {
            Form::Lazy(lazy @ Lazy::WrongType { .. }) => {
                PyErr::lazy(Lazy::Unsupported { message: lazy.message().into_owned() })
            }
            _ => self,
        }
    }

    pub(crate) fn is_unsupported(&self) -> bool {
        matches!(self.form(), Form::Lazy(Lazy::Unsupported { .. }))
    }

    /// The same error with where in a compound value it was: `item 3`, `key`.
    #[cold]
    pub(crate) fn within(self, place: &dyn fmt::Display) -> Self {
        let Form::Lazy(lazy) = self.form() else { return self };
        match lazy {
            Lazy::WrongType { expected, given } => PyErr::lazy(Lazy::Message {
                kind: crate::exc::TypeError::TYPE,
                message: format!("{place} must be {expected}, not {given}").into(),
            }),
            Lazy::Message { kind, message } => PyErr::lazy(Lazy::Message {
                kind: *kind,
                message: format!("{place}: {message}").into(),
            }),
            Lazy::Os { .. } | Lazy::Fields { .. } | Lazy::Unsupported { .. } => self,
        }
    }
}

impl Lazy {
    fn kind(&self) -> ExcType {
        match self {
            Lazy::Message { kind, .. } | Lazy::Os { kind, .. } | Lazy::Fields { kind, .. } => *kind,
            Lazy::WrongType { .. } | Lazy::Unsupported { .. } => crate::exc::TypeError::TYPE,
        }
    }

    fn message(&self) -> Cow<'_, str> {
        match self {
            Lazy::Message { message, .. } => Cow::Borrowed(message),
            Lazy::WrongType { expected, given } => {
                format!("expected {expected}, got {given}").into()
            }
            Lazy::Os { number, message, .. } => format!("[Errno {number}] {message}").into(),
            Lazy::Fields { message, .. } | Lazy::Unsupported { message } => Cow::Borrowed(message),
        }
    }

    fn set(self, ctx: Ctx<'_>) {
        if let Lazy::Fields { kind, message, fields } = self {
            let made = kind.with(ctx, |raw| {
                // SAFETY: the handle is open for the length of the closure; it is a type.
                let kind: Ref<'_, Type> = unsafe { Ref::from_raw(ctx, raw) };
                let value = kind.call((message.as_str(),))?;
                fields.put(&value).map(|()| PyErr::from_value(&value))
            });
            core::mem::forget(made.unwrap_or_else(|error| error));
            return;
        }
        if let Lazy::Os { number, message, .. } = &self {
            let kind = crate::exc::OSError::type_object(ctx);
            let message = message.as_str();
            // Windows' own numbers go into the fourth argument, and Python makes the first of them.
            let made = if cfg!(windows) {
                kind.call((0, message, None::<&str>, *number))
            } else {
                kind.call((*number, message))
            };
            core::mem::forget(match made {
                Ok(value) => PyErr::from_value(&value),
                Err(error) => error,
            });
            return;
        }
        self.kind().with(ctx, |kind| {
            match text::new_str(ctx, &self.message()) {
                // SAFETY: both handles are open.
                Ok(value) => unsafe {
                    api::HPyErr_SetObject(ctx.as_raw(), kind, value.as_raw());
                },
                // No memory for the text: that exception is set and says what matters.
                Err(error) => core::mem::forget(error),
            }
        });
    }
}

impl Drop for PyErr<'_> {
    fn drop(&mut self) {
        match self.form() {
            // SAFETY: the context is live for 'ctx.
            Form::Pending(ctx) => unsafe { api::HPyErr_Clear(ctx.as_raw()) },
            // SAFETY: the box is owned by `self`.
            Form::Lazy(_) => drop(unsafe { Box::from_raw(self.lazy_box().as_ptr()) }),
        }
    }
}

impl fmt::Debug for PyErr<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl fmt::Display for PyErr<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.form() {
            Form::Pending(_) => f.write_str("a Python exception is set"),
            Form::Lazy(lazy) => f.write_str(&lazy.message()),
        }
    }
}
