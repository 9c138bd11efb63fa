//! Conversions between Python objects and Rust values.

mod bulk;
mod calendar;
mod collections;
mod numbers;
#[cfg(any(feature = "num-bigint", feature = "num-complex"))]
mod numeric;
mod parts;
mod path;
mod text;
mod time;
mod tuples;

pub use calendar::{Date, DateTime, Time, TimeDelta};
pub use parts::{Parts, named_part, namespace, optional_part};
pub use tuples::{expect_items, item as tuple_item};

use crate::handle::{Handle, Ref};
use crate::kinds::{Any, Kind, List};
use crate::object::Arg;
use crate::{Ctx, Hint, PyErr, PyResult};
use hpy_sys::HPy;

/// A Rust type that Python objects convert to.
///
/// `'a` is how long the object is known to be open: a type may borrow from it (`&'a str`).
///
/// ```
/// use hpy::prelude::*;
///
/// struct Even(i64);
///
/// impl<'a> FromPy<'a> for Even {
///     fn from_py(object: Ref<'a, Any>) -> PyResult<'a, Self> {
///         match i64::from_py(object)? {
///             n if n % 2 == 0 => Ok(Even(n)),
///             n => Err(ValueError::new(format!("{n} is odd"))),
///         }
///     }
/// }
///
/// #[hpy::function]
/// fn half(n: Even) -> i64 {
///     n.0 / 2
/// }
/// ```
#[diagnostic::on_unimplemented(
    message = "a Python object cannot be converted to `{Self}`",
    label = "not a type that an argument can have",
    note = "implement `FromPy` for it, or derive it: #[derive(FromPy)]",
    note = "an instance of a class is taken as `&{Self}`, `&mut {Self}` or `Ref<'_, {Self}>`, as an item of a container as `Handle<'_, {Self}>`"
)]
pub trait FromPy<'a>: Sized {
    /// The type hint of such an argument in `.pyi` files.
    const HINT: Hint = Hint::ANY;

    /// Converts; TypeError where the object is of the wrong type ([`PyErr::wrong_type`]).
    fn from_py(object: Ref<'a, Any>) -> PyResult<'a, Self>;

    /// The hint of a `Vec` of them.
    #[doc(hidden)]
    const VEC_HINT: Hint =
        Hint::Join(&[Hint::Text("collections.abc.Iterable["), Self::HINT, Hint::Text("]")]);

    /// Converts a sequence of them, where the type has a faster way than item by item.
    #[doc(hidden)]
    #[inline(always)]
    fn vec_from_py(_object: Ref<'a, Any>) -> PyResult<'a, Option<Vec<Self>>> {
        Ok(None)
    }
}

/// A Rust type that an item of a container converts to, where nothing but the container keeps the item.
///
/// All types are that convert without borrowing from the object (`for<'b> FromPy<'b>`): numbers, `String`, `Vec<i64>`, yours. So
/// are handles, which keep the item themselves, but `&str` and `Ref<'_, T>` are not. Nobody implements it.
///
/// ```
/// use hpy::prelude::*;
/// use std::collections::HashMap;
///
/// /// Calls each function with its number.
/// #[hpy::function]
/// fn call_all<'ctx>(
///     functions: Vec<Handle<'ctx>>,
///     names: HashMap<String, Handle<'ctx, Str>>,
/// ) -> PyResult<'ctx, usize> {
///     for (number, function) in functions.iter().enumerate() {
///         function.call((number,))?;
///     }
///     Ok(names.len())
/// }
/// ```
#[diagnostic::on_unimplemented(
    message = "an item of a container cannot be converted to `{Self}`",
    label = "not a type that an item can have",
    note = "implement `FromPy` for it, or derive it: #[derive(FromPy)]",
    note = "an instance of a class is taken as `Handle<'_, {Self}>`: nothing but the container keeps an item"
)]
pub trait FromItem<'ctx>: FromPy<'ctx> {
    /// Converts an item; errors as [`FromPy::from_py`].
    #[doc(hidden)]
    fn from_item(item: &Handle<'ctx, Any>) -> PyResult<'ctx, Self>;

    /// What a part of a struct that is not there is made from: None, where the type takes that for nothing.
    #[doc(hidden)]
    fn from_nothing(none: Ref<'ctx, Any>) -> PyResult<'ctx, Self> {
        Self::from_py(none)
    }
}

impl<'ctx, T: for<'b> FromPy<'b>> FromItem<'ctx> for T {
    #[inline(always)]
    fn from_item(item: &Handle<'ctx, Any>) -> PyResult<'ctx, Self> {
        item.extract()
    }
}

impl<'ctx, K: Kind> FromItem<'ctx> for Handle<'ctx, K> {
    #[inline]
    fn from_item(item: &Handle<'ctx, Any>) -> PyResult<'ctx, Self> {
        item.clone().cast()
    }

    fn from_nothing(none: Ref<'ctx, Any>) -> PyResult<'ctx, Self> {
        Err(PyErr::wrong_type(K::NAME, &none))
    }
}

/// A Rust type that converts to a Python object.
///
/// ```
/// use hpy::prelude::*;
///
/// struct Celsius(f64);
///
/// impl<'ctx> IntoPy<'ctx> for Celsius {
///     fn into_py(self, ctx: Ctx<'ctx>) -> PyResult<'ctx, Handle<'ctx, Any>> {
///         self.0.into_py(ctx)
///     }
/// }
///
/// #[hpy::function]
/// fn freezing() -> Celsius {
///     Celsius(0.0)
/// }
/// ```
#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot be converted to a Python object",
    label = "not a type that Python can get",
    note = "implement `IntoPy` for it, or derive it: #[derive(IntoPy)]; an instance of a class that derives \
            from another is made with `Handle::instance(ctx, (value, base))`"
)]
pub trait IntoPy<'ctx>: Sized {
    /// The type hint of such a result in `.pyi` files.
    const HINT: Hint = Hint::ANY;
    /// The hint of a `Vec` of them.
    #[doc(hidden)]
    const VEC_HINT: Hint = Hint::Join(&[Hint::Text("list["), Self::HINT, Hint::Text("]")]);

    /// Converts.
    fn into_py(self, ctx: Ctx<'ctx>) -> PyResult<'ctx, Handle<'ctx, Any>>;

    /// As the result of a function that Python called, where nobody looks at it on the way.
    #[doc(hidden)]
    #[inline(always)]
    fn into_returned(self, ctx: Ctx<'ctx>) -> PyResult<'ctx, Returned> {
        self.into_py(ctx).map(Returned::handle)
    }

    /// As an argument of a call, where a handle that the caller has need not be duplicated.
    ///
    /// # Safety
    /// What `self` borrows outlives the result.
    #[doc(hidden)]
    #[inline(always)]
    unsafe fn into_arg(self, ctx: Ctx<'ctx>) -> PyResult<'ctx, Arg<'ctx>> {
        self.into_py(ctx).map(Arg::owned)
    }

    /// A list of what an iterator gives; types that have a faster way use it.
    #[doc(hidden)]
    #[inline]
    fn list_from_iter<I: ExactSizeIterator<Item = Self>>(
        items: I,
        ctx: Ctx<'ctx>,
    ) -> PyResult<'ctx, Handle<'ctx, List>> {
        List::from_items(ctx, items.len(), core::iter::empty::<Self>(), items)
    }

    /// A list of them; types that have a faster way use it.
    #[doc(hidden)]
    fn vec_into_py(items: Vec<Self>, ctx: Ctx<'ctx>) -> PyResult<'ctx, Handle<'ctx, Any>> {
        List::from_iter(ctx, items).map(Handle::into_any)
    }
}

/// What a function that Python called gives back: a new handle, or null where an exception is set.
#[doc(hidden)]
pub struct Returned(HPy);

impl Returned {
    #[inline(always)]
    pub fn handle(value: Handle<'_, Any>) -> Returned {
        Returned(value.into_raw())
    }

    /// # Safety
    /// `raw` is a new handle of the call's context, or null and then an exception is set.
    #[inline(always)]
    pub(crate) unsafe fn from_raw(raw: HPy) -> Returned {
        Returned(raw)
    }

    #[inline(always)]
    pub(crate) fn into_raw(self) -> HPy {
        self.0
    }
}

impl<'a, T: Kind> FromPy<'a> for Ref<'a, T> {
    const HINT: Hint = T::HINT;
    #[inline(always)]
    fn from_py(object: Ref<'a, Any>) -> PyResult<'a, Self> {
        if T::check(&object) {
            // SAFETY: just checked.
            return Ok(unsafe { object.assume() });
        }
        Err(PyErr::wrong_type(T::NAME, &*object))
    }
}

impl<'a, T: Kind> FromPy<'a> for Handle<'a, T> {
    const HINT: Hint = T::HINT;
    #[inline]
    fn from_py(object: Ref<'a, Any>) -> PyResult<'a, Self> {
        Ref::<'a, T>::from_py(object).map(Ref::to_owned)
    }
}

macro_rules! handles_into {
    ($kind:ty, $hint:expr $(, $t:ident: $bound:ident)?) => {
        impl<'ctx $(, $t: $bound)?> IntoPy<'ctx> for Handle<'ctx, $kind> {
            const HINT: Hint = $hint;
            #[inline(always)]
            fn into_py(self, _ctx: Ctx<'ctx>) -> PyResult<'ctx, Handle<'ctx, Any>> {
                Ok(self.into_any())
            }
        }

        impl<'ctx $(, $t: $bound)?> IntoPy<'ctx> for &Handle<'ctx, $kind> {
            const HINT: Hint = $hint;
            #[inline]
            fn into_py(self, _ctx: Ctx<'ctx>) -> PyResult<'ctx, Handle<'ctx, Any>> {
                Ok(self.clone().into_any())
            }
            #[inline(always)]
            unsafe fn into_arg(self, _ctx: Ctx<'ctx>) -> PyResult<'ctx, Arg<'ctx>> {
                Ok(Arg { raw: self.as_raw(), _owner: None })
            }
        }

        impl<'ctx $(, $t: $bound)?> IntoPy<'ctx> for Ref<'ctx, $kind> {
            const HINT: Hint = $hint;
            #[inline]
            fn into_py(self, _ctx: Ctx<'ctx>) -> PyResult<'ctx, Handle<'ctx, Any>> {
                Ok(self.to_owned().into_any())
            }
            #[inline(always)]
            unsafe fn into_arg(self, _ctx: Ctx<'ctx>) -> PyResult<'ctx, Arg<'ctx>> {
                Ok(Arg { raw: self.as_raw(), _owner: None })
            }
        }
    };
}

handles_into!(T, T::HINT, T: Kind);
handles_into!(crate::kinds::Module, Hint::Text("types.ModuleType"));

/// `None`
impl<'ctx> IntoPy<'ctx> for () {
    const HINT: Hint = Hint::Text("None");
    #[inline]
    fn into_py(self, ctx: Ctx<'ctx>) -> PyResult<'ctx, Handle<'ctx, Any>> {
        Ok(ctx.none().to_owned())
    }
}

/// None is `None`.
impl<'a, T: FromPy<'a>> FromPy<'a> for Option<T> {
    const HINT: Hint = Hint::Join(&[T::HINT, Hint::Text(" | None")]);
    #[inline]
    fn from_py(object: Ref<'a, Any>) -> PyResult<'a, Self> {
        if object.is_none() { Ok(None) } else { T::from_py(object).map(Some) }
    }
}

/// None is `None`.
impl<'ctx, T: IntoPy<'ctx>> IntoPy<'ctx> for Option<T> {
    const HINT: Hint = Hint::Join(&[T::HINT, Hint::Text(" | None")]);
    #[inline]
    fn into_py(self, ctx: Ctx<'ctx>) -> PyResult<'ctx, Handle<'ctx, Any>> {
        match self {
            Some(value) => value.into_py(ctx),
            None => ().into_py(ctx),
        }
    }
}

impl<'ctx, T: IntoPy<'ctx>> IntoPy<'ctx> for Box<T> {
    const HINT: Hint = T::HINT;
    fn into_py(self, ctx: Ctx<'ctx>) -> PyResult<'ctx, Handle<'ctx, Any>> {
        (*self).into_py(ctx)
    }
}
