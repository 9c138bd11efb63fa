//! Where Python's calls come in: panics stop here, errors become exceptions.

use crate::convert::Returned;
use crate::exc::{AttributeError, OverflowError, RuntimeError, TypeError};
use crate::global::GlobalCell;
use crate::handle::{Handle, Ref};
use crate::kinds::{Any, Kind, Type};
use crate::{Ctx, Hint, IntoPy, PyErr, PyResult};
use core::any::Any as Payload;
use core::cell::RefCell;
use core::ffi::c_int;
use hpy_sys::{HPy, HPyContext};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Once;

/// Runs the body of a definition that returns an object.
///
/// # Safety
/// `ctx` is the context of the call that is running.
#[inline(always)]
pub unsafe fn object(
    ctx: *mut HPyContext,
    body: impl for<'ctx> FnOnce(Ctx<'ctx>) -> PyResult<'ctx, Handle<'ctx, Any>>,
) -> HPy {
    // SAFETY: the caller says so; the token does not leave the body.
    let ctx = unsafe { Ctx::from_raw(ctx) };
    let result = catch_unwind(AssertUnwindSafe(|| body(ctx)));
    handle_or_null(ctx, result, Handle::into_raw)
}

/// As [`object`], where the body ends with the conversion of what it returns.
///
/// # Safety
/// As [`object`].
#[inline(always)]
pub unsafe fn returning(
    ctx: *mut HPyContext,
    body: impl for<'ctx> FnOnce(Ctx<'ctx>) -> PyResult<'ctx, Returned>,
) -> HPy {
    // SAFETY: the caller says so; the token does not leave the body.
    let ctx = unsafe { Ctx::from_raw(ctx) };
    let result = catch_unwind(AssertUnwindSafe(|| body(ctx)));
    handle_or_null(ctx, result, Returned::into_raw)
}

/// The handle in what a body ended with; null, with an exception, where there is none.
#[inline(always)]
fn handle_or_null<'ctx, T>(
    ctx: Ctx<'ctx>,
    result: std::thread::Result<PyResult<'ctx, T>>,
    into_raw: impl FnOnce(T) -> HPy,
) -> HPy {
    match result {
        Ok(Ok(value)) => into_raw(value),
        Ok(Err(error)) => {
            error.raise(ctx);
            HPy::NULL
        }
        Err(payload) => {
            raise_panic(ctx, payload);
            HPy::NULL
        }
    }
}

/// Runs the body of a definition that returns a number: -1 with an exception on failure.
///
/// # Safety
/// As [`object`].
#[inline(always)]
pub unsafe fn number<N: From<i8>>(
    ctx: *mut HPyContext,
    body: impl for<'ctx> FnOnce(Ctx<'ctx>) -> PyResult<'ctx, N>,
) -> N {
    // SAFETY: the caller says so; the token does not leave the body.
    let ctx = unsafe { Ctx::from_raw(ctx) };
    match catch_unwind(AssertUnwindSafe(|| body(ctx))) {
        Ok(Ok(value)) => value,
        Ok(Err(error)) => {
            error.raise(ctx);
            N::from(-1)
        }
        Err(payload) => {
            raise_panic(ctx, payload);
            N::from(-1)
        }
    }
}

/// [`number`] for definitions whose success is 0.
///
/// # Safety
/// As [`object`].
#[inline(always)]
pub unsafe fn status(
    ctx: *mut HPyContext,
    body: impl for<'ctx> FnOnce(Ctx<'ctx>) -> PyResult<'ctx, ()>,
) -> c_int {
    // SAFETY: as the caller says.
    unsafe { number::<c_int>(ctx, |ctx| body(ctx).map(|()| 0)) }
}

/// Runs the body of a definition that can tell nobody of an error (`__del__`).
///
/// # Safety
/// As [`object`].
pub unsafe fn unraisable(
    ctx: *mut HPyContext,
    body: impl for<'ctx> FnOnce(Ctx<'ctx>) -> PyResult<'ctx, ()>,
) {
    // SAFETY: the caller says so; the token does not leave the body.
    let ctx = unsafe { Ctx::from_raw(ctx) };
    match catch_unwind(AssertUnwindSafe(|| body(ctx))) {
        Ok(Ok(())) => {}
        Ok(Err(error)) => error.write_unraisable(&ctx.none()),
        Err(payload) => {
            raise_panic(ctx, payload);
            PyErr::pending(ctx).write_unraisable(&ctx.none());
        }
    }
}

/// Runs `drop` code of a value; a panic there is reported by its hook and ends here.
pub fn dropping(body: impl FnOnce()) {
    let _ = catch_unwind(AssertUnwindSafe(body));
}

thread_local! {
    /// Where the thread's last panic was.
    static LOCATION: RefCell<Option<String>> = const { RefCell::new(None) };
}

/// Makes panics leave their location for [`raise_panic`]. The hook that was there runs too.
pub fn install_panic_hook() {
    static INSTALLED: Once = Once::new();
    INSTALLED.call_once(|| {
        let previous = std::panic::take_hook();
        std::panic::set_hook(Box::new(move |info| {
            let location = info.location().map(ToString::to_string);
            let _ = LOCATION.try_with(|place| *place.borrow_mut() = location);
            previous(info);
        }));
    });
}

/// Raises a panic as `hpy.PanicException`, or as RuntimeError where not even that can be made.
///
/// With the ABI of C so that its callers need not expect a panic here.
#[cold]
#[inline(never)]
#[allow(improper_ctypes_definitions)]
extern "C" fn raise_panic(ctx: Ctx<'_>, payload: Box<dyn Payload + Send>) {
    let text = match (payload.downcast_ref::<&str>(), payload.downcast_ref::<String>()) {
        (Some(text), _) => text,
        (_, Some(text)) => text.as_str(),
        _ => "a panic with a value that is no text",
    };
    let location = LOCATION.try_with(|place| place.borrow_mut().take()).ok().flatten();
    let message = match location {
        Some(location) => format!("{text} (Rust panic at {location})"),
        None => format!("{text} (Rust panic)"),
    };
    let raised = panic_exception(ctx).and_then(|kind| kind.call((message.as_str(),)));
    match raised {
        Ok(value) => PyErr::from_value(&value).raise(ctx),
        Err(error) => {
            drop(error);
            RuntimeError::new(message).raise(ctx);
        }
    }
}

/// The exception type of panics, where this interpreter has no package `hpy`.
pub(crate) static PANIC: GlobalCell = GlobalCell::new();

/// `hpy.PanicException`; where there is no package `hpy`, a type of the same name.
fn panic_exception(ctx: Ctx<'_>) -> PyResult<'_, Handle<'_, Type>> {
    let shared = ctx.import(c"hpy").and_then(|hpy| hpy.getattr(c"PanicException"));
    match shared {
        Ok(kind) => return kind.cast(),
        Err(error) => drop(error),
    }
    if let Some(kind) = PANIC.load(ctx) {
        return Ok(kind);
    }
    // SAFETY: the strings end with a NUL, the base is open; a new exception is a type.
    let kind: Handle<'_, Type> = unsafe {
        Handle::from_new(
            ctx,
            hpy_sys::api::HPyErr_NewExceptionWithDoc(
                ctx.as_raw(),
                c"hpy.PanicException".as_ptr(),
                c"Rust code panicked.".as_ptr(),
                ctx.table().h_RuntimeError,
                HPy::NULL,
            ),
        )?
    };
    PANIC.store(&kind);
    Ok(kind)
}

/// What a function may return: a convertible value, or a `Result` of one.
#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot be returned to Python",
    label = "neither a convertible value nor a `Result` of one",
    note = "return a type that implements `IntoPy`, or `Result<T, E>` of one where `PyErr: From<E>`",
    note = "an instance of a class that derives from another is made with `Handle::instance(ctx, (value, base))`"
)]
pub trait Output<'ctx> {
    const HINT: Hint = Hint::ANY;
    fn output(self, ctx: Ctx<'ctx>) -> PyResult<'ctx, Handle<'ctx, Any>>;
    fn returned(self, ctx: Ctx<'ctx>) -> PyResult<'ctx, Returned>;
}

impl<'ctx, T: IntoPy<'ctx>> Output<'ctx> for T {
    const HINT: Hint = T::HINT;
    #[inline(always)]
    fn output(self, ctx: Ctx<'ctx>) -> PyResult<'ctx, Handle<'ctx, Any>> {
        self.into_py(ctx)
    }
    #[inline(always)]
    fn returned(self, ctx: Ctx<'ctx>) -> PyResult<'ctx, Returned> {
        self.into_returned(ctx)
    }
}

impl<'ctx, T: IntoPy<'ctx>, E: Into<PyErr<'ctx>>> Output<'ctx> for Result<T, E> {
    const HINT: Hint = T::HINT;
    #[inline(always)]
    fn output(self, ctx: Ctx<'ctx>) -> PyResult<'ctx, Handle<'ctx, Any>> {
        self.map_err(Into::into)?.into_py(ctx)
    }
    #[inline(always)]
    fn returned(self, ctx: Ctx<'ctx>) -> PyResult<'ctx, Returned> {
        self.map_err(Into::into)?.into_returned(ctx)
    }
}

/// What `__next__` may return: `Option` of a convertible value, None ends the iteration; or a `Result`.
#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot be returned by `__next__`",
    note = "return `Option<T>`, None at the end, or `Result<Option<T>, E>`"
)]
pub trait NextOutput<'ctx> {
    const HINT: Hint = Hint::ANY;
    fn next_output(self, ctx: Ctx<'ctx>) -> PyResult<'ctx, Handle<'ctx, Any>>;
    #[inline]
    fn next_returned(self, ctx: Ctx<'ctx>) -> PyResult<'ctx, Returned>
    where
        Self: Sized,
    {
        self.next_output(ctx).map(Returned::handle)
    }
}

impl<'ctx, T: IntoPy<'ctx>> NextOutput<'ctx> for Option<T> {
    const HINT: Hint = T::HINT;
    #[inline]
    fn next_output(self, ctx: Ctx<'ctx>) -> PyResult<'ctx, Handle<'ctx, Any>> {
        match self {
            Some(value) => value.into_py(ctx),
            None => {
                // Set at once: an error that is raised millions of times allocates nothing in Rust.
                // SAFETY: the constants of the context are open.
                unsafe {
                    hpy_sys::api::HPyErr_SetObject(
                        ctx.as_raw(),
                        ctx.table().h_StopIteration,
                        ctx.table().h_None,
                    )
                };
                Err(PyErr::pending(ctx))
            }
        }
    }
}

impl<'ctx, T: IntoPy<'ctx>, E: Into<PyErr<'ctx>>> NextOutput<'ctx> for Result<Option<T>, E> {
    const HINT: Hint = T::HINT;
    #[inline]
    fn next_output(self, ctx: Ctx<'ctx>) -> PyResult<'ctx, Handle<'ctx, Any>> {
        self.map_err(Into::into)?.next_output(ctx)
    }
}

/// What a definition that returns a plain value may return: the value or a `Result` of it.
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not what this special method returns",
    label = "expected `{T}` or `Result<{T}, E>`"
)]
pub trait Plain<'ctx, T> {
    fn plain(self) -> PyResult<'ctx, T>;
}

macro_rules! plain {
    ($($ty:ty)*) => {$(
        impl<'ctx> Plain<'ctx, $ty> for $ty {
            #[inline(always)]
            fn plain(self) -> PyResult<'ctx, $ty> {
                Ok(self)
            }
        }
        impl<'ctx, E: Into<PyErr<'ctx>>> Plain<'ctx, $ty> for Result<$ty, E> {
            #[inline(always)]
            fn plain(self) -> PyResult<'ctx, $ty> {
                self.map_err(Into::into)
            }
        }
    )*};
}

plain!(() bool usize crate::Export);

/// The result of a definition that returns nothing.
#[inline(always)]
pub fn unit<'ctx>(value: impl Plain<'ctx, ()>, _ctx: Ctx<'ctx>) -> PyResult<'ctx> {
    value.plain()
}

/// The result of `__bool__` and `__contains__`.
#[inline(always)]
pub fn truth<'ctx>(value: impl Plain<'ctx, bool>, _ctx: Ctx<'ctx>) -> PyResult<'ctx, c_int> {
    value.plain().map(c_int::from)
}

/// The result of `__len__`.
#[inline(always)]
pub fn length<'ctx>(value: impl Plain<'ctx, usize>, _ctx: Ctx<'ctx>) -> PyResult<'ctx, isize> {
    isize::try_from(value.plain()?)
        .map_err(|_| OverflowError::new("the length does not fit into Python's index type"))
}

/// The result of `__buffer__`.
#[inline(always)]
pub fn exported<'ctx>(
    value: impl Plain<'ctx, crate::Export>,
    _ctx: Ctx<'ctx>,
) -> PyResult<'ctx, crate::Export> {
    value.plain()
}

/// What `__hash__` may return: an integer or a `Result` of one.
pub trait HashOutput<'ctx> {
    fn hash_output(self, ctx: Ctx<'ctx>) -> PyResult<'ctx, isize>;
}

macro_rules! hash_output {
    ($($int:ty)*) => {$(
        impl<'ctx> HashOutput<'ctx> for $int {
            /// -1 means failure, so Python uses -2 for it.
            #[inline(always)]
            fn hash_output(self, _ctx: Ctx<'ctx>) -> PyResult<'ctx, isize> {
                Ok(if self as isize == -1 { -2 } else { self as isize })
            }
        }
    )*};
}

hash_output!(isize i64 u64 usize);

impl<'ctx, T: HashOutput<'ctx>, E: Into<PyErr<'ctx>>> HashOutput<'ctx> for Result<T, E> {
    #[inline(always)]
    fn hash_output(self, ctx: Ctx<'ctx>) -> PyResult<'ctx, isize> {
        self.map_err(Into::into)?.hash_output(ctx)
    }
}

/// Marks the error of an operand that does not convert; [`operand`] makes NotImplemented of it.
#[cold]
pub fn unsupported(error: PyErr<'_>) -> PyErr<'_> {
    error.into_unsupported()
}

/// The result of half an operator: None where the other half, or the other operand, is to be asked.
#[inline]
pub fn operand<'ctx>(
    result: PyResult<'ctx, Handle<'ctx, Any>>,
) -> Option<PyResult<'ctx, Handle<'ctx, Any>>> {
    match result {
        Ok(value) if value.is(&value.ctx().not_implemented()) => None,
        Err(error) if error.is_unsupported() => None,
        other => Some(other),
    }
}

/// An argument that CPython may leave out: None stands for it.
///
/// # Safety
/// `raw` is null or an open handle of the call.
#[inline]
pub unsafe fn or_none<'ctx>(ctx: Ctx<'ctx>, raw: HPy) -> Ref<'ctx, Any> {
    // SAFETY: as the caller says.
    if raw.is_null() { ctx.none() } else { unsafe { Ref::from_raw(ctx, raw) } }
}

/// The value that a setter gets; none means `del`, which properties of this crate refuse.
///
/// # Safety
/// As [`or_none`].
#[inline]
pub unsafe fn set_value<'ctx>(
    ctx: Ctx<'ctx>,
    raw: HPy,
    label: &'static str,
) -> PyResult<'ctx, Ref<'ctx, Any>> {
    if raw.is_null() {
        return Err(AttributeError::new(format!("cannot delete attribute {label}")));
    }
    // SAFETY: as the caller says.
    Ok(unsafe { Ref::from_raw(ctx, raw) })
}

/// The error of converting the value of an attribute.
#[cold]
pub fn bad_attribute<'ctx>(error: PyErr<'ctx>, label: &str) -> PyErr<'ctx> {
    error.within(&format_args!("attribute {label}"))
}

/// The class that a class method is called with.
///
/// # Safety
/// `raw` is an open handle of the call.
#[inline]
pub unsafe fn class_argument<'ctx>(ctx: Ctx<'ctx>, raw: HPy) -> PyResult<'ctx, Ref<'ctx, Type>> {
    use crate::FromPy;
    // SAFETY: as the caller says.
    Ref::<Type>::from_py(unsafe { Ref::from_raw(ctx, raw) })
}

/// `sq_item` by way of `mp_subscript`: C code that asks for an item by its number.
///
/// # Safety
/// The arguments are those of a call with `ctx`; `by_key` is the class's `mp_subscript`.
pub unsafe fn item_by_index(
    ctx: *mut HPyContext,
    slf: HPy,
    index: isize,
    by_key: hpy_sys::signature::BINARYFUNC,
) -> HPy {
    // SAFETY: as the caller says.
    unsafe {
        object(ctx, |ctx| {
            let key = index.into_py(ctx)?;
            Handle::from_new(ctx, by_key(ctx.as_raw(), slf, key.as_raw()))
        })
    }
}

/// `x[k] = v` or `del x[k]` of a class that has only the other.
#[cold]
pub fn no_item_operation<'ctx, T: Kind>(what: &str) -> PyResult<'ctx> {
    Err(TypeError::new(format!("'{}' object does not support item {what}", T::NAME)))
}
