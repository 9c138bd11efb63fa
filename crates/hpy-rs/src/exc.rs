//! Python's built-in exceptions, by their Python names.
//!
//! ```
//! use hpy::prelude::*;
//!
//! #[hpy::function]
//! fn half(x: i64) -> PyResult<'static, i64> {
//!     if x % 2 != 0 {
//!         return Err(ValueError::new(format!("{x} is odd")));
//!     }
//!     Ok(x / 2)
//! }
//! ```

use crate::class::TypeGlobal;
use crate::handle::Handle;
use crate::kinds::{Any, Kind, Type};
use crate::{CallArgs, Ctx, Hint, PyErr, PyResult};
use core::ffi::CStr;
use hpy_sys::{HPy, HPyContext};
use std::borrow::Cow;

/// An exception type: a built-in of this module or one made with `#[hpy::exception]`.
///
/// ```
/// # use hpy::prelude::*;
/// # fn example<'ctx>(ctx: Ctx<'ctx>, object: Ref<'ctx>) -> PyResult<'ctx> {
/// fn fails_with<E: ExceptionType>(object: Ref<'_>) -> bool {
///     object.call0().is_err_and(|error| error.is::<E>(object.ctx()))
/// }
/// let is_missing = fails_with::<KeyError>(object);
/// # Ok(())
/// # }
/// ```
pub trait ExceptionType {
    #[doc(hidden)]
    const TYPE: ExcType;
    /// The type's name in `.pyi` files.
    #[doc(hidden)]
    const HINT: Hint = Hint::Text("Exception");
    /// Whether the Rust struct has fields.
    #[doc(hidden)]
    const HAS_FIELDS: bool = false;

    /// An error with this message. A type with fields is made from its struct instead: see [`ExceptionFields`].
    ///
    /// ```
    /// use hpy::prelude::*;
    ///
    /// fn refuse<E: ExceptionType>(what: &str) -> PyErr<'static> {
    ///     E::new(format!("{what} is refused"))
    /// }
    /// assert_eq!(refuse::<LookupError>("it").to_string(), "it is refused");
    /// ```
    #[allow(clippy::new_ret_no_self)]
    fn new(message: impl Into<Cow<'static, str>>) -> PyErr<'static>
    where
        Self: Sized,
    {
        const { made_without_fields(Self::HAS_FIELDS) };
        PyErr::with_message(Self::TYPE, message.into())
    }

    /// An error that is made as Python makes it: by calling the type.
    ///
    /// ```
    /// use hpy::prelude::*;
    ///
    /// #[hpy::function]
    /// fn missing(ctx: Ctx<'_>) -> PyResult<'_> {
    ///     Err(OSError::with_args(ctx, (2, "no such thing", "thing.txt")))
    /// }
    /// ```
    fn with_args<'ctx>(ctx: Ctx<'ctx>, args: impl CallArgs<'ctx>) -> PyErr<'ctx>
    where
        Self: Sized,
    {
        const { made_without_fields(Self::HAS_FIELDS) };
        match Self::type_object(ctx).call(args) {
            Ok(value) => PyErr::from_value(&value),
            Err(error) => error,
        }
    }

    /// The type, for `isinstance` and the like.
    ///
    /// ```
    /// # use hpy::prelude::*;
    /// # fn example<'ctx>(ctx: Ctx<'ctx>, object: Ref<'ctx>) -> PyResult<'ctx> {
    /// let is_missing = object.is_instance(&KeyError::type_object(ctx));
    /// # Ok(())
    /// # }
    /// ```
    fn type_object(ctx: Ctx<'_>) -> Handle<'_, Type>
    where
        Self: Sized,
    {
        Self::TYPE.with(ctx, |raw| {
            // SAFETY: the handle is open, duplicating makes one of our own; it is a type.
            unsafe { Handle::from_raw(ctx, hpy_sys::api::HPy_Dup(ctx.as_raw(), raw)) }
        })
    }
}

/// Refuses at compile time to make an exception with fields from something else than its struct.
const fn made_without_fields(has_fields: bool) {
    assert!(
        !has_fields,
        "this exception has fields: make its struct and return it with `?` or `into()`"
    );
}

/// An exception type with fields: `#[hpy::exception]` on a struct that has them.
///
/// The struct is an error of Rust's, with `Display` as its message. It becomes an exception with `?` or `into()`, the
/// fields attributes of the exception object; `HPyErr_SetObject`. [`Handle::fields`] reads them.
///
/// ```
/// #[hpy::module]
/// mod reading {
///     use hpy::prelude::*;
///
///     /// The text cannot be read.
///     #[hpy::exception(extends = ValueError, message = "line {line}: {problem}")]
///     struct Unreadable {
///         line: usize,
///         problem: String,
///     }
///
///     fn check(text: &str) -> Result<(), Unreadable> {
///         match text.lines().position(|line| line.contains('\0')) {
///             Some(line) => Err(Unreadable { line: line + 1, problem: "there is a NUL".to_owned() }),
///             None => Ok(()),
///         }
///     }
///
///     #[hpy::function]
///     fn read(text: &str) -> PyResult<'static, usize> {
///         check(text)?;
///         Ok(text.len())
///     }
/// }
/// ```
///
/// A message alone does not make such an exception:
///
/// ```compile_fail
/// use hpy::prelude::*;
///
/// #[hpy::exception(message = "line {line}")]
/// struct Unreadable {
///     line: usize,
/// }
///
/// fn main() {
///     drop(Unreadable::new("a line"));
/// }
/// ```
#[diagnostic::on_unimplemented(
    message = "`{Self}` is no exception with fields",
    note = "a struct becomes one by #[hpy::exception(message = \"...\")]; the built-in ones have none in Rust"
)]
pub trait ExceptionFields: ExceptionType + Kind + Sized + 'static {
    /// The names, as parts of a tuple in a `.pyi` file.
    #[doc(hidden)]
    const NAMES: Hint;
    #[doc(hidden)]
    fn names(list: &mut Vec<&'static CStr>);
    #[doc(hidden)]
    fn put<'ctx>(self, object: &Handle<'ctx, Any>) -> PyResult<'ctx>;
    #[doc(hidden)]
    fn take<'ctx>(object: &Handle<'ctx, Any>) -> PyResult<'ctx, Self>;
}

/// The message of an exception with fields.
#[doc(hidden)]
#[diagnostic::on_unimplemented(
    message = "the exception `{Self}` has no message",
    note = "write one with the fields in it, #[hpy::exception(message = \"line {{line}} is wrong\")], or implement std::fmt::Display"
)]
pub trait Message {
    fn message(&self) -> String;
}

impl<T: std::fmt::Display> Message for T {
    fn message(&self) -> String {
        self.to_string()
    }
}

/// What `?` makes of a struct with fields.
#[doc(hidden)]
#[cold]
pub fn error_with_fields<'ctx, E: ExceptionFields + Message>(error: E) -> PyErr<'ctx> {
    PyErr::with_fields(error.message(), error)
}

/// The value of an attribute that is a field.
#[doc(hidden)]
pub fn field_of<'ctx, T>(
    object: &Handle<'ctx, Any>,
    name: &'static CStr,
    place: &'static str,
) -> PyResult<'ctx, T>
where
    T: for<'a> crate::FromPy<'a>,
{
    object.getattr(name)?.extract().map_err(|error| error.within(&place))
}

/// Where an exception type is found.
#[doc(hidden)]
#[derive(Clone, Copy)]
pub enum ExcType {
    /// A constant of the context.
    Constant(fn(&HPyContext) -> HPy),
    /// A type that the extension made.
    Own(&'static TypeGlobal),
}

impl ExcType {
    /// Calls `f` with an open handle of the type. RuntimeError stands in for a type that this interpreter
    /// has not made (its module was not imported here).
    pub(crate) fn with<R>(self, ctx: Ctx<'_>, f: impl FnOnce(HPy) -> R) -> R {
        match self {
            ExcType::Constant(get) => f(get(ctx.table())),
            ExcType::Own(global) => match global.load::<Type>(ctx) {
                Some(kind) => f(kind.as_raw()),
                None => f(ctx.table().h_RuntimeError),
            },
        }
    }
}

impl ExcType {
    /// Whether this interpreter has the type.
    pub(crate) fn is_made(self, ctx: Ctx<'_>) -> bool {
        match self {
            ExcType::Constant(_) => true,
            ExcType::Own(global) => global.load::<Type>(ctx).is_some(),
        }
    }

    /// Whether an object is an instance of the type.
    #[doc(hidden)]
    pub fn is_instance(self, object: &Handle<'_, Any>) -> bool {
        let ctx = object.ctx();
        match self {
            // SAFETY: the handles are open.
            ExcType::Constant(get) => unsafe {
                let kind = get(ctx.table());
                hpy_sys::api::HPy_TypeCheck(ctx.as_raw(), object.as_raw(), kind) != 0
            },
            ExcType::Own(global) => {
                global.load::<Type>(ctx).is_some_and(|kind| object.is_instance(&kind))
            }
        }
    }
}

impl KeyError {
    /// The KeyError of a key that is not there, which shows the key as `dict` does.
    ///
    /// ```
    /// # use hpy::prelude::*;
    /// # fn example<'ctx>(ctx: Ctx<'ctx>, key: Ref<'ctx, Str>) -> PyResult<'ctx> {
    /// let error = KeyError::with_key(&*key);
    /// drop(error);
    /// # Ok(())
    /// # }
    /// ```
    #[cold]
    pub fn with_key<'ctx, T>(key: &Handle<'ctx, T>) -> PyErr<'ctx> {
        let ctx = key.ctx();
        // SAFETY: the handles are open.
        unsafe {
            hpy_sys::api::HPyErr_SetObject(ctx.as_raw(), ctx.table().h_KeyError, key.as_raw())
        };
        PyErr::pending(ctx)
    }
}

macro_rules! exceptions {
    ($($name:ident $constant:ident;)*) => {$(
        #[doc = concat!(
            "`", stringify!($name), "`\n\n```\n# use hpy::prelude::*;\n# fn example<'ctx>(f: Ref<'ctx>) -> PyResult<'ctx> {\n",
            "// except ", stringify!($name), " as error:\nif let Err(error) = f.call0() {\n",
            "    let error: Handle<'_, hpy::exc::", stringify!($name), "> = error.catch(f.ctx())?;\n",
            "    println!(\"{}\", error.message()?);\n}\n# Ok(())\n# }\n```"
        )]
        #[derive(Clone, Copy, Debug)]
        pub struct $name;

        impl $name {
            /// An error with this message.
            ///
            /// ```
            /// use hpy::prelude::*;
            ///
            /// let error: PyErr<'static> = IndexError::new("no such line");
            /// assert_eq!(error.to_string(), "no such line");
            /// ```
            #[cold]
            #[allow(clippy::new_ret_no_self)]
            pub fn new(message: impl Into<Cow<'static, str>>) -> PyErr<'static> {
                PyErr::with_message(Self::TYPE, message.into())
            }
        }

        impl Kind for $name {
            const NAME: &'static str = stringify!($name);
            fn check(object: &Handle<'_, Any>) -> bool {
                Self::TYPE.is_instance(object)
            }
        }

        impl ExceptionType for $name {
            const TYPE: ExcType = ExcType::Constant(|ctx| ctx.$constant);
            const HINT: Hint = Hint::Text(stringify!($name));
        }
    )*};
}

exceptions! {
    BaseException h_BaseException;
    Exception h_Exception;
    StopAsyncIteration h_StopAsyncIteration;
    StopIteration h_StopIteration;
    GeneratorExit h_GeneratorExit;
    ArithmeticError h_ArithmeticError;
    LookupError h_LookupError;
    AssertionError h_AssertionError;
    AttributeError h_AttributeError;
    BufferError h_BufferError;
    EOFError h_EOFError;
    FloatingPointError h_FloatingPointError;
    OSError h_OSError;
    ImportError h_ImportError;
    ModuleNotFoundError h_ModuleNotFoundError;
    IndexError h_IndexError;
    KeyError h_KeyError;
    KeyboardInterrupt h_KeyboardInterrupt;
    MemoryError h_MemoryError;
    NameError h_NameError;
    OverflowError h_OverflowError;
    RuntimeError h_RuntimeError;
    RecursionError h_RecursionError;
    NotImplementedError h_NotImplementedError;
    SyntaxError h_SyntaxError;
    IndentationError h_IndentationError;
    TabError h_TabError;
    ReferenceError h_ReferenceError;
    SystemError h_SystemError;
    SystemExit h_SystemExit;
    TypeError h_TypeError;
    UnboundLocalError h_UnboundLocalError;
    UnicodeError h_UnicodeError;
    UnicodeEncodeError h_UnicodeEncodeError;
    UnicodeDecodeError h_UnicodeDecodeError;
    UnicodeTranslateError h_UnicodeTranslateError;
    ValueError h_ValueError;
    ZeroDivisionError h_ZeroDivisionError;
    BlockingIOError h_BlockingIOError;
    BrokenPipeError h_BrokenPipeError;
    ChildProcessError h_ChildProcessError;
    ConnectionError h_ConnectionError;
    ConnectionAbortedError h_ConnectionAbortedError;
    ConnectionRefusedError h_ConnectionRefusedError;
    ConnectionResetError h_ConnectionResetError;
    FileExistsError h_FileExistsError;
    FileNotFoundError h_FileNotFoundError;
    InterruptedError h_InterruptedError;
    IsADirectoryError h_IsADirectoryError;
    NotADirectoryError h_NotADirectoryError;
    PermissionError h_PermissionError;
    ProcessLookupError h_ProcessLookupError;
    TimeoutError h_TimeoutError;
    Warning h_Warning;
    UserWarning h_UserWarning;
    DeprecationWarning h_DeprecationWarning;
    PendingDeprecationWarning h_PendingDeprecationWarning;
    SyntaxWarning h_SyntaxWarning;
    RuntimeWarning h_RuntimeWarning;
    FutureWarning h_FutureWarning;
    ImportWarning h_ImportWarning;
    UnicodeWarning h_UnicodeWarning;
    BytesWarning h_BytesWarning;
    ResourceWarning h_ResourceWarning;
}
