//! Exceptions as objects: what was raised, its cause and its context.

use crate::exc::{BaseException, ExceptionFields, ExceptionType, RuntimeError};
use crate::global::GlobalCell;
use crate::handle::Handle;
use crate::kinds::{Any, Kind, List, Tuple};
use crate::{Ctx, PyErr, PyResult, runtime};
use hpy_sys::api;

impl<'ctx> PyErr<'ctx> {
    /// The exception object: `except BaseException as value`. The error is no longer set; it is raised again by
    /// returning [`PyErr::from_value`] of the object.
    ///
    /// RuntimeError where an HPy runtime has neither a function for this nor `sys.unraisablehook`.
    ///
    /// ```
    /// use hpy::exc::UnicodeDecodeError;
    /// use hpy::prelude::*;
    ///
    /// /// Where the decoding of `data` fails.
    /// #[hpy::function]
    /// fn bad_byte<'ctx>(ctx: Ctx<'ctx>, data: Ref<'ctx, Bytes>) -> PyResult<'ctx, Option<usize>> {
    ///     match data.call_method(c"decode", ()) {
    ///         Ok(_) => Ok(None),
    ///         Err(error) if error.is::<UnicodeDecodeError>(ctx) => {
    ///             error.into_value(ctx)?.getattr(c"start")?.extract()
    ///         }
    ///         Err(error) => Err(error),
    ///     }
    /// }
    /// ```
    #[cold]
    pub fn into_value(self, ctx: Ctx<'ctx>) -> PyResult<'ctx, Handle<'ctx, BaseException>> {
        self.raise(ctx);
        let taken = match runtime::error_take(ctx) {
            // SAFETY: an exception is set; what is taken is an exception object.
            Some(take) => unsafe { Handle::from_raw_or_null(ctx, take(ctx.as_raw())) },
            None => by_hook(ctx)?,
        };
        let Some(value) = taken else {
            return Err(RuntimeError::new("an exception was to be taken that is not there"));
        };
        value.cast()
    }

    /// `except E as value`: the exception object where the error is one of this kind; any other stays what it is and is
    /// passed on by `?`.
    ///
    /// ```
    /// use hpy::prelude::*;
    ///
    /// /// The value of an item, or what KeyError says of it.
    /// #[hpy::function]
    /// fn look<'ctx>(ctx: Ctx<'ctx>, items: Ref<'ctx>, key: &str) -> PyResult<'ctx, Handle<'ctx>> {
    ///     match items.get_item(key) {
    ///         Ok(item) => Ok(item),
    ///         Err(error) => error.catch::<KeyError>(ctx)?.message()?.into_py(ctx),
    ///     }
    /// }
    /// ```
    #[cold]
    pub fn catch<E: ExceptionType + Kind>(self, ctx: Ctx<'ctx>) -> PyResult<'ctx, Handle<'ctx, E>> {
        if self.is::<E>(ctx) { self.into_value(ctx)?.cast() } else { Err(self) }
    }

    /// The same error as one that `cause` led to: `raise ... from cause`.
    ///
    /// ```
    /// use hpy::prelude::*;
    ///
    /// #[hpy::function]
    /// fn read_port<'ctx>(ctx: Ctx<'ctx>, config: Ref<'ctx, Dict>) -> PyResult<'ctx, Handle<'ctx>> {
    ///     config.get_item_str(c"port").map_err(|error| {
    ///         ValueError::new("the configuration names no port").caused_by(ctx, error)
    ///     })
    /// }
    /// ```
    #[cold]
    pub fn caused_by(self, ctx: Ctx<'ctx>, cause: PyErr<'ctx>) -> PyErr<'ctx> {
        // The one that is pending is taken first: the other is set in its place.
        let linked = (|| {
            let (value, cause) = if self.is_pending() {
                let value = self.into_value(ctx)?;
                (value, cause.into_value(ctx)?)
            } else {
                let cause = cause.into_value(ctx)?;
                (self.into_value(ctx)?, cause)
            };
            value.set_cause(Some(&cause))?;
            Ok(PyErr::from_value(&value))
        })();
        match linked {
            Ok(error) | Err(error) => error,
        }
    }
}

/// An exception object to be raised.
impl<'ctx, E: ExceptionType> From<Handle<'ctx, E>> for PyErr<'ctx> {
    fn from(value: Handle<'ctx, E>) -> Self {
        PyErr::from_value(&value)
    }
}

impl<'ctx, E: ExceptionFields> Handle<'ctx, E> {
    /// The fields, from the attributes of the exception object: for types with `#[hpy::exception]` that have some.
    ///
    /// AttributeError where Python code made the exception and set no such attribute, TypeError where its value is of
    /// another type.
    ///
    /// ```
    /// #[hpy::module]
    /// mod lines {
    ///     use hpy::prelude::*;
    ///
    ///     #[hpy::exception(extends = ValueError, message = "line {line} is empty")]
    ///     struct Empty {
    ///         line: usize,
    ///     }
    ///
    ///     /// The line that `read(text)` complains of.
    ///     #[hpy::function]
    ///     fn first_empty<'ctx>(ctx: Ctx<'ctx>, read: Ref<'ctx>, text: &str) -> PyResult<'ctx, Option<usize>> {
    ///         let Err(error) = read.call((text,)) else { return Ok(None) };
    ///         let Empty { line } = error.catch::<Empty>(ctx)?.fields()?;
    ///         Ok(Some(line))
    ///     }
    /// }
    /// ```
    pub fn fields(&self) -> PyResult<'ctx, E> {
        E::take(&self.clone().into_any())
    }
}

/// What exception objects have.
impl<'ctx, E: ExceptionType> Handle<'ctx, E> {
    /// `str(exception)`, the message.
    ///
    /// ```
    /// # use hpy::prelude::*;
    /// # fn example<'ctx>(ctx: Ctx<'ctx>, object: Ref<'ctx>) -> PyResult<'ctx> {
    /// if let Err(error) = object.call0() {
    ///     println!("{}", error.into_value(ctx)?.message()?);
    /// }
    /// # Ok(())
    /// # }
    /// ```
    pub fn message(&self) -> PyResult<'ctx, String> {
        self.str()?.extract()
    }

    /// `exception.args`
    ///
    /// ```
    /// # use hpy::prelude::*;
    /// # fn example<'ctx>(ctx: Ctx<'ctx>, object: Ref<'ctx>) -> PyResult<'ctx> {
    /// if let Err(error) = object.call0() {
    ///     let arguments: Handle<'_, Tuple> = error.into_value(ctx)?.args()?;
    ///     println!("{}", arguments.len()?);
    /// }
    /// # Ok(())
    /// # }
    /// ```
    pub fn args(&self) -> PyResult<'ctx, Handle<'ctx, Tuple>> {
        self.getattr(c"args")?.cast()
    }

    /// `exception.__cause__`: what it was raised from.
    ///
    /// ```
    /// # use hpy::prelude::*;
    /// # fn example<'ctx>(ctx: Ctx<'ctx>, object: Ref<'ctx>) -> PyResult<'ctx> {
    /// if let Err(error) = object.call0() {
    ///     let mut error = error.into_value(ctx)?;
    ///     while let Some(cause) = error.cause()? {
    ///         error = cause;
    ///     }
    ///     println!("it began with {}", error.type_name());
    /// }
    /// # Ok(())
    /// # }
    /// ```
    pub fn cause(&self) -> PyResult<'ctx, Option<Handle<'ctx, BaseException>>> {
        self.linked(c"__cause__")
    }

    /// `exception.__context__`: what was being handled when it was raised.
    ///
    /// ```
    /// # use hpy::prelude::*;
    /// # fn example<'ctx>(ctx: Ctx<'ctx>, object: Ref<'ctx>) -> PyResult<'ctx> {
    /// if let Err(error) = object.call0() {
    ///     let error = error.into_value(ctx)?;
    ///     if let Some(before) = error.context()? {
    ///         println!("{} while {} was handled", error.type_name(), before.type_name());
    ///     }
    /// }
    /// # Ok(())
    /// # }
    /// ```
    pub fn context(&self) -> PyResult<'ctx, Option<Handle<'ctx, BaseException>>> {
        self.linked(c"__context__")
    }

    /// `exception.__traceback__`, None where it was never raised.
    ///
    /// ```
    /// # use hpy::prelude::*;
    /// # fn example<'ctx>(ctx: Ctx<'ctx>, object: Ref<'ctx>) -> PyResult<'ctx> {
    /// if let Err(error) = object.call0() {
    ///     let error = error.into_value(ctx)?;
    ///     if let Some(traceback) = error.traceback()? {
    ///         ctx.import(c"traceback")?.call_method(c"print_tb", (&traceback,))?;
    ///     }
    /// }
    /// # Ok(())
    /// # }
    /// ```
    pub fn traceback(&self) -> PyResult<'ctx, Option<Handle<'ctx, Any>>> {
        let traceback = self.getattr(c"__traceback__")?;
        Ok((!traceback.is_none()).then_some(traceback))
    }

    /// `exception.__cause__ = cause`, as `raise ... from` does.
    ///
    /// ```
    /// # use hpy::prelude::*;
    /// # fn example<'ctx>(ctx: Ctx<'ctx>, object: Ref<'ctx>) -> PyResult<'ctx> {
    /// if let Err(error) = object.call0() {
    ///     let cause = error.into_value(ctx)?;
    ///     let error = RuntimeError::new("the plug-in failed").into_value(ctx)?;
    ///     error.set_cause(Some(&cause))?;
    ///     return Err(error.into());
    /// }
    /// # Ok(())
    /// # }
    /// ```
    pub fn set_cause<F: ExceptionType>(&self, cause: Option<&Handle<'ctx, F>>) -> PyResult<'ctx> {
        match cause {
            Some(cause) => self.setattr(c"__cause__", cause.clone().into_any()),
            None => self.setattr(c"__cause__", self.ctx().none()),
        }
    }

    fn linked(
        &self,
        name: &core::ffi::CStr,
    ) -> PyResult<'ctx, Option<Handle<'ctx, BaseException>>> {
        let value = self.getattr(name)?;
        if value.is_none() { Ok(None) } else { value.cast().map(Some) }
    }
}

impl<'ctx> Handle<'ctx, Any> {
    /// # Safety
    /// As `Handle::from_raw`, but null is allowed.
    unsafe fn from_raw_or_null(ctx: Ctx<'ctx>, raw: hpy_sys::HPy) -> Option<Self> {
        // SAFETY: as the caller says.
        (!raw.is_null()).then(|| unsafe { Handle::from_raw(ctx, raw) })
    }
}

/// What [`by_hook`] needs, made while no exception is set: `vars(sys)`, a list, and its method `append`.
pub(crate) static CATCHER: GlobalCell = GlobalCell::new();

/// Prepares for exceptions to be taken in this interpreter.
pub(crate) fn prepare(ctx: Ctx<'_>) -> PyResult<'_> {
    if runtime::error_take(ctx).is_none() {
        let sys = ctx.import(c"sys")?.getattr(c"__dict__")?;
        let caught = List::new(ctx)?.into_any();
        let append = caught.getattr(c"append")?;
        CATCHER.store(&Tuple::from_handles(ctx, &[sys, caught, append])?);
    }
    Ok(())
}

/// The pending exception by way of `sys.unraisablehook`, for runtimes without the extension table: a list takes
/// the hook's place for a moment and what it is given. Until then only items of dicts and tuples are asked for: an
/// import or a look for an attribute would lose the exception.
#[cold]
fn by_hook(ctx: Ctx<'_>) -> PyResult<'_, Option<Handle<'_, Any>>> {
    let Some(catcher) = CATCHER.load::<Tuple>(ctx) else { return Ok(None) };
    let (sys, caught, append) =
        (catcher.get_index(0)?, catcher.get_index(1)?, catcher.get_index(2)?);
    let hook = sys.get_item_str(c"unraisablehook")?;
    let name = crate::text::new_str(ctx, "unraisablehook")?;
    sys.set_item(&name, append)?;
    // SAFETY: an exception is set; None is open.
    unsafe { api::HPyErr_WriteUnraisable(ctx.as_raw(), ctx.table().h_None) };
    sys.set_item(&name, hook)?;
    match caught.len()? {
        0 => Ok(None),
        _ => caught.call_method(c"pop", ())?.getattr(c"exc_value").map(Some),
    }
}
