//! Native Python extensions in safe Rust: one binary for every Python.
//!
//! ```
//! use hpy::prelude::*;
//!
//! /// Counting made fast.
//! #[hpy::module]
//! mod counters {
//!     use hpy::prelude::*;
//!
//!     /// The sum of two numbers.
//!     #[hpy::function]
//!     fn add(a: i64, b: i64) -> PyResult<'static, i64> {
//!         a.checked_add(b).ok_or_else(|| OverflowError::new("the sum is too large"))
//!     }
//!
//!     /// Counts up.
//!     #[hpy::class]
//!     struct Counter {
//!         #[hpy(get)]
//!         count: u64,
//!     }
//!
//!     #[hpy::methods]
//!     impl Counter {
//!         #[new]
//!         #[hpy(signature = (start = 0))]
//!         fn new(start: u64) -> Self {
//!             Counter { count: start }
//!         }
//!
//!         fn increment(&mut self) -> u64 {
//!             self.count += 1;
//!             self.count
//!         }
//!     }
//! }
//! ```
//!
//! Build it as a `cdylib` and the file is a module for CPython, PyPy and whatever else has HPy: it links
//! against no Python and uses nothing but the HPy universal ABI.
//!
//! With the feature `cpython` the same source makes an ordinary extension of one CPython, with no runtime
//! dependency.
//!
//! # How it is made
//!
//! **A call is a lifetime.** Python enters through a function that gets a context; [`Ctx<'ctx>`](Ctx) is
//! that context as a value, and `'ctx` is the call. [`Handle`] and [`Ref`] carry it. So the rules of HPy,
//! which its debug mode checks at run time, are checked by the compiler: a handle is closed exactly once,
//! is not used after that, does not outlive its call and stays on its thread. What must live longer has a
//! type of its own that the runtime knows: [`Field`] in a class, [`Global`] in a module.
//!
//! **A handle knows its ABI word and its context**, two words, passed in registers. Without the context in
//! it every method would take one more argument, and closing could not be `Drop`.
//!
//! **Borrowing is a type.** Arguments are [`Ref`]s: the caller keeps them open. A `Ref` derefs to a
//! [`Handle`], so there is one set of methods; it is never the owner, so nothing can be closed twice.
//!
//! **A type parameter is a check that was made.** `Handle<'_, Str>` comes from a cast that looked;
//! [`Handle::to_str`](Handle) then need not look again.
//!
//! **An error is a word.** [`PyErr`] either stands for the exception that Python has set (nothing is
//! allocated and `?` is a null check, like in C) or is a Rust value that becomes an exception when it gets
//! to Python. Dropping a pending one clears it: an ignored error cannot surface in an unrelated call.
//!
//! **Functions are monomorphic.** `#[hpy::function]` writes one `extern "C"` function with the ABI's own
//! signature; arguments are read where CPython put them. No plain call allocates.
//!
//! **Classes own plain Rust structs.** Their borrowing is checked at run time with one atomic word, as a
//! `RefCell` does, and works without a GIL; `frozen` classes skip it.
#![warn(missing_docs)]

extern crate self as hpy;

#[allow(missing_docs)]
mod args;
mod attach;
mod buffer;
#[allow(missing_docs)]
mod class;
mod contents;
mod convert;
mod ctx;
#[allow(missing_docs)]
mod def;
#[cfg(not(feature = "cpython"))]
mod direct;
mod element;
#[allow(missing_docs)]
mod entry;
#[allow(missing_docs)]
mod enumeration;
mod err;
pub mod exc;
mod export;
mod field;
mod global;
mod handle;
#[allow(missing_docs)]
mod hint;
#[doc(hidden)]
pub mod impl_;
mod in_use;
pub mod kinds;
mod name;
mod object;
mod raised;
mod runtime;
#[cfg_attr(feature = "cpython", path = "shortcuts_cpython.rs")]
mod shortcuts;
#[cfg(feature = "cpython")]
mod standalone;
#[allow(missing_docs)]
mod state;
mod text;
#[allow(missing_docs)]
mod trampoline;
mod tree;
mod walk;

pub use args::{Args, BorrowArg, BorrowMutArg, FromArgs, FromKwargs};
pub use attach::{Interpreter, InterpreterGone};
pub use buffer::{Buffer, BufferMut};
pub use class::{BasePart, Builtin, Class, ClassMut, ClassRef, Frozen, Initial, Mutable, Object};
pub use contents::{Content, Contents};
pub use convert::{Date, DateTime, FromItem, FromPy, IntoPy, Time, TimeDelta};
pub use ctx::Ctx;
pub use element::{Element, Item};
pub use err::{PyErr, PyResult};
pub use export::{Export, Memory};
pub use field::{Field, Traverse, Visitor};
pub use global::Global;
pub use handle::{Handle, Ref};
pub use hint::Hint;
/// ```
/// use hpy::prelude::*;
///
/// /// The words of a text, with their lengths where `lengths` is true.
/// #[hpy::function(signature = (text, /, *, sep = " ", lengths = false))]
/// fn words<'ctx>(
///     ctx: Ctx<'ctx>,
///     text: &str,
///     sep: &str,
///     lengths: bool,
/// ) -> PyResult<'ctx, Handle<'ctx, List>> {
///     let words = List::new(ctx)?;
///     for word in text.split(sep) {
///         if lengths {
///             words.append((word, word.len()))?;
///         } else {
///             words.append(word)?;
///         }
///     }
///     Ok(words)
/// }
/// ```
///
#[doc(inline)]
pub use hpy_macros::function;

/// ```
/// use hpy::prelude::*;
///
/// /// A point: equal by value, hashable, and matched by `case Point(x, y)`.
/// #[hpy::class(frozen, repr, eq, hash, match_args)]
/// #[derive(Debug, PartialEq, Hash)]
/// struct Point {
///     #[hpy(get)]
///     x: i64,
///     #[hpy(get)]
///     y: i64,
/// }
///
/// #[hpy::methods]
/// impl Point {
///     #[new]
///     #[hpy(signature = (x = 0, y = 0))]
///     fn new(x: i64, y: i64) -> Self {
///         Point { x, y }
///     }
/// }
/// ```
///
#[doc(inline)]
pub use hpy_macros::class;

/// ```
/// use hpy::prelude::*;
///
/// #[hpy::class]
/// struct Temperature {
///     #[hpy(get, set)]
///     celsius: f64,
/// }
///
/// #[hpy::methods]
/// impl Temperature {
///     #[classattr]
///     const ABSOLUTE_ZERO: f64 = -273.15;
///
///     #[new]
///     fn new(celsius: f64) -> PyResult<'static, Self> {
///         if celsius < Self::ABSOLUTE_ZERO {
///             return Err(ValueError::new(format!("{celsius} is below absolute zero")));
///         }
///         Ok(Temperature { celsius })
///     }
///
///     #[staticmethod]
///     fn to_fahrenheit(celsius: f64) -> f64 {
///         celsius * 1.8 + 32.0
///     }
///
///     #[getter]
///     fn fahrenheit(&self) -> f64 {
///         Self::to_fahrenheit(self.celsius)
///     }
///
///     #[setter]
///     fn set_fahrenheit(&mut self, value: f64) {
///         self.celsius = (value - 32.0) / 1.8;
///     }
///
///     fn __lt__(&self, other: &Temperature) -> bool {
///         self.celsius < other.celsius
///     }
/// }
/// ```
///
#[doc(inline)]
pub use hpy_macros::methods;

/// ```
/// /// Sums of all kinds.
/// #[hpy::module]
/// mod sums {
///     use hpy::prelude::*;
///
///     #[constant]
///     const LARGEST: i64 = i64::MAX;
///
///     #[hpy::function]
///     fn add(a: i64, b: i64) -> PyResult<'static, i64> {
///         a.checked_add(b).ok_or_else(|| OverflowError::new("the sum is too large"))
///     }
///
///     /// A module in the module: `sums.floats`.
///     #[hpy::module]
///     mod floats {
///         #[hpy::function]
///         fn add(a: f64, b: f64) -> f64 {
///             a + b
///         }
///     }
///
///     #[init]
///     fn init<'ctx>(ctx: Ctx<'ctx>, module: Ref<'ctx, Module>) -> PyResult<'ctx> {
///         module.setattr(c"INFINITY", ctx.import(c"math")?.getattr(c"inf")?)
///     }
/// }
/// ```
///
#[doc(inline)]
pub use hpy_macros::module;

/// ```
/// #[hpy::module]
/// mod calling {
///     use hpy::prelude::*;
///     use std::sync::atomic::{AtomicU64, Ordering};
///
///     #[hpy::state(frozen)]
///     #[derive(Default)]
///     struct Calls {
///         count: AtomicU64,
///     }
///
///     /// How often it was called in this interpreter.
///     #[hpy::function]
///     fn call(state: State<'_, Calls>) -> PyResult<'_, u64> {
///         Ok(state.borrow()?.count.fetch_add(1, Ordering::Relaxed) + 1)
///     }
/// }
/// ```
///
#[doc(inline)]
pub use hpy_macros::state;

/// ```
/// use hpy::prelude::*;
///
/// #[hpy::enumeration(int)]
/// #[derive(Clone, Copy)]
/// enum Level {
///     Low = 1,
///     High = 10,
/// }
///
/// #[hpy::function]
/// fn next(level: Level) -> Level {
///     match level {
///         Level::Low => Level::High,
///         Level::High => Level::Low,
///     }
/// }
/// ```
///
#[doc(inline)]
pub use hpy_macros::enumeration;

/// ```
/// use hpy::prelude::*;
///
/// /// The text is no number.
/// #[hpy::exception(extends = ValueError)]
/// struct NoNumber;
///
/// /// The text ends too early.
/// #[hpy::exception(extends = EOFError, message = "{missing} more bytes are needed")]
/// struct TooShort {
///     missing: usize,
/// }
/// # use hpy::exc::EOFError;
///
/// #[hpy::function]
/// fn number(text: &str) -> PyResult<'static, u16> {
///     if text.is_empty() {
///         return Err(TooShort { missing: 1 }.into());
///     }
///     text.parse().map_err(|error| NoNumber::new(format!("{text}: {error}")))
/// }
/// ```
///
#[doc(inline)]
pub use hpy_macros::exception;

/// ```
/// use hpy::prelude::*;
///
/// /// An object with these attributes or a dict with these keys.
/// #[derive(hpy::FromPy)]
/// struct Size {
///     width: u32,
///     height: u32,
/// }
///
/// /// What fits first.
/// #[derive(hpy::FromPy)]
/// enum Scale {
///     By(f64),
///     To(Size),
/// }
///
/// #[hpy::function]
/// fn scaled(size: Size, scale: Scale) -> (f64, f64) {
///     match scale {
///         Scale::By(factor) => (f64::from(size.width) * factor, f64::from(size.height) * factor),
///         Scale::To(size) => (size.width.into(), size.height.into()),
///     }
/// }
/// ```
///
#[doc(inline)]
pub use hpy_macros::FromPy;

/// ```
/// /// Becomes `{"lines": ..., "words": ...}`.
/// #[derive(hpy::IntoPy)]
/// struct Counts {
///     lines: usize,
///     words: usize,
/// }
///
/// #[hpy::function]
/// fn count(text: &str) -> Counts {
///     Counts { lines: text.lines().count(), words: text.split_whitespace().count() }
/// }
/// ```
///
#[doc(inline)]
pub use hpy_macros::IntoPy;
pub use name::Name;
pub use object::{CallArgs, Compare, KwArgs, ListItems, PyIter, SliceIndices, TupleItems};
pub use state::{ModuleState, State};
pub use tree::TreeBuilder;
pub use walk::{Container, Leaf, Step, Visit, Walk, WalkOptions, visit};

/// The pages of the book, so that their snippets are compiled.
#[cfg(doctest)]
mod book {
    #[doc = include_str!("../../../docs/rust.md")]
    struct Guide;
    #[doc = include_str!("../../../docs/quickstart-rust.md")]
    struct Quickstart;
    #[doc = include_str!("../../../docs/packaging.md")]
    struct Packaging;
    #[doc = include_str!("../../../docs/from-pyo3.md")]
    struct FromPyO3;
    #[doc = include_str!("../../../docs/threads.md")]
    struct Threads;
}

/// What nearly every extension uses.
pub mod prelude {
    pub use crate::exc::{
        ArithmeticError, AttributeError, BufferError, Exception, ExceptionType, ImportError,
        IndexError, KeyError, LookupError, MemoryError, NotImplementedError, OSError,
        OverflowError, RuntimeError, StopIteration, TypeError, ValueError, ZeroDivisionError,
    };
    pub use crate::kinds::{
        Any, Bool, Bytes, Complex, Dict, Float, Int, Kind, List, Module, Slice, Str, Tuple, Type,
    };
    pub use crate::{
        Args, Buffer, BufferMut, ClassMut, ClassRef, Compare, Ctx, Field, FromPy, Global, Handle,
        IntoPy, PyErr, PyResult, Ref, State, Traverse, Visitor,
    };
}
