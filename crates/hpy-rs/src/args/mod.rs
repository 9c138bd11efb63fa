//! Arguments of calls from Python: which value goes to which parameter, and what is said where none does.

mod calls;
mod signature;
mod sorted;

pub use calls::{Arguments, class_call, dict_call, init_call, vector_call};
pub use signature::Signature;
pub use sorted::Rest;

use crate::handle::{Handle, Ref};
use crate::kinds::{Any, Dict, Tuple};
use crate::{Ctx, FromItem, FromPy, Hint, PyResult};
use core::marker::PhantomData;
use hpy_sys::HPy;
use std::collections::{BTreeMap, HashMap};
use std::hash::Hash;

/// The arguments that `*args` takes, borrowed: nothing is allocated for them.
///
/// ```
/// use hpy::prelude::*;
///
/// /// The type names of its arguments.
/// #[hpy::function(signature = (*objects))]
/// fn types(objects: Args<'_>) -> Vec<String> {
///     objects.iter().map(|object| object.type_name()).collect()
/// }
/// ```
#[derive(Clone, Copy)]
pub struct Args<'ctx> {
    ctx: Ctx<'ctx>,
    raw: &'ctx [HPy],
}

impl<'ctx> Args<'ctx> {
    /// The arguments of a VARARGS call.
    ///
    /// # Safety
    /// There are `nargs` handles at `args`, open for `'ctx`.
    #[doc(hidden)]
    pub unsafe fn from_raw(ctx: Ctx<'ctx>, args: *const HPy, nargs: usize) -> Self {
        if nargs == 0 {
            return Args { ctx, raw: &[] };
        }
        // SAFETY: as the caller says.
        Args { ctx, raw: unsafe { core::slice::from_raw_parts(args, nargs) } }
    }

    /// How many there are.
    ///
    /// ```
    /// use hpy::prelude::*;
    ///
    /// #[hpy::function(signature = (*args))]
    /// fn count(args: Args<'_>) -> usize {
    ///     args.len()
    /// }
    /// ```
    pub fn len(&self) -> usize {
        self.raw.len()
    }

    /// Whether there are none.
    ///
    /// ```
    /// use hpy::prelude::*;
    ///
    /// #[hpy::function(signature = (*args))]
    /// fn any_given(args: Args<'_>) -> bool {
    ///     !args.is_empty()
    /// }
    /// ```
    pub fn is_empty(&self) -> bool {
        self.raw.is_empty()
    }

    /// One of them.
    ///
    /// ```
    /// use hpy::prelude::*;
    ///
    /// #[hpy::function(signature = (*args))]
    /// fn second<'ctx>(args: Args<'ctx>) -> Option<Ref<'ctx>> {
    ///     args.get(1)
    /// }
    /// ```
    pub fn get(&self, index: usize) -> Option<Ref<'ctx, Any>> {
        // SAFETY: arguments are open until the call returns.
        self.raw.get(index).map(|raw| unsafe { Ref::from_raw(self.ctx, *raw) })
    }

    /// All of them.
    ///
    /// ```
    /// use hpy::prelude::*;
    ///
    /// #[hpy::function(signature = (*numbers))]
    /// fn total<'ctx>(numbers: Args<'ctx>) -> PyResult<'ctx, f64> {
    ///     let mut total = 0.0;
    ///     for number in numbers.iter() {
    ///         total += number.extract::<f64>()?;
    ///     }
    ///     Ok(total)
    /// }
    /// ```
    pub fn iter(&self) -> impl ExactSizeIterator<Item = Ref<'ctx, Any>> + use<'ctx> {
        let ctx = self.ctx;
        // SAFETY: arguments are open until the call returns.
        self.raw.iter().map(move |raw| unsafe { Ref::from_raw(ctx, *raw) })
    }
}

/// What a `*args` parameter can be: [`Args`], `Vec<T>` or a `Handle<'_, Tuple>`.
#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot hold `*args`",
    note = "use `Args<'_>`, `Vec<T>` or `Handle<'_, Tuple>`"
)]
pub trait FromArgs<'ctx>: Sized {
    /// The hint of one of them.
    #[doc(hidden)]
    const HINT: Hint = Hint::ANY;
    #[doc(hidden)]
    fn from_args(args: Args<'ctx>) -> PyResult<'ctx, Self>;
}

impl<'ctx> FromArgs<'ctx> for Args<'ctx> {
    fn from_args(args: Args<'ctx>) -> PyResult<'ctx, Self> {
        Ok(args)
    }
}

impl<'ctx, T: FromPy<'ctx>> FromArgs<'ctx> for Vec<T> {
    const HINT: Hint = T::HINT;
    fn from_args(args: Args<'ctx>) -> PyResult<'ctx, Self> {
        args.iter()
            .enumerate()
            .map(|(index, item)| {
                T::from_py(item).map_err(|error| error.within(&format_args!("item {index}")))
            })
            .collect()
    }
}

impl<'ctx> FromArgs<'ctx> for Handle<'ctx, Tuple> {
    fn from_args(args: Args<'ctx>) -> PyResult<'ctx, Self> {
        Tuple::from_raw_handles(args.ctx, args.raw)
    }
}

/// What a `**kwargs` parameter can be: a `Handle<'_, Dict>` or a map with `String` keys.
#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot hold `**kwargs`",
    note = "use `Handle<'_, Dict>`, `HashMap<String, T>` or `BTreeMap<String, T>`"
)]
pub trait FromKwargs<'ctx>: Sized {
    /// The hint of one value.
    #[doc(hidden)]
    const HINT: Hint = Hint::ANY;
    #[doc(hidden)]
    fn from_kwargs(kwargs: Handle<'ctx, Dict>) -> PyResult<'ctx, Self>;
}

impl<'ctx> FromKwargs<'ctx> for Handle<'ctx, Dict> {
    fn from_kwargs(kwargs: Handle<'ctx, Dict>) -> PyResult<'ctx, Self> {
        Ok(kwargs)
    }
}

impl<'ctx, K, V> FromKwargs<'ctx> for HashMap<K, V>
where
    K: FromItem<'ctx> + Eq + Hash,
    V: FromItem<'ctx>,
{
    const HINT: Hint = <V as FromPy<'ctx>>::HINT;
    fn from_kwargs(kwargs: Handle<'ctx, Dict>) -> PyResult<'ctx, Self> {
        Ok(kwargs.pairs()?.into_iter().collect())
    }
}

impl<'ctx, K, V> FromKwargs<'ctx> for BTreeMap<K, V>
where
    K: FromItem<'ctx> + Ord,
    V: FromItem<'ctx>,
{
    const HINT: Hint = <V as FromPy<'ctx>>::HINT;
    fn from_kwargs(kwargs: Handle<'ctx, Dict>) -> PyResult<'ctx, Self> {
        Ok(kwargs.pairs()?.into_iter().collect())
    }
}

/// A parameter of type `&T`: what holds the value while the function runs.
#[diagnostic::on_unimplemented(
    message = "an argument cannot be borrowed as `&{Self}`",
    note = "`&T` is an instance of a class, `&str`, `&[u8]`, a slice of convertible items or \
            `&Handle<'_, Kind>`; other types are taken by value"
)]
pub trait BorrowArg<'a> {
    #[doc(hidden)]
    const HINT: Hint = Hint::ANY;
    #[doc(hidden)]
    type Guard: core::ops::Deref<Target = Self>;
    #[doc(hidden)]
    fn borrow_arg(object: Ref<'a, Any>) -> PyResult<'a, Self::Guard>;
}

/// A parameter of type `&mut T`.
#[diagnostic::on_unimplemented(
    message = "an argument cannot be borrowed as `&mut {Self}`",
    note = "`&mut T` is an instance of a class that is not `frozen`"
)]
pub trait BorrowMutArg<'a> {
    #[doc(hidden)]
    const HINT: Hint = Hint::ANY;
    #[doc(hidden)]
    type Guard: core::ops::DerefMut<Target = Self>;
    #[doc(hidden)]
    fn borrow_mut_arg(object: Ref<'a, Any>) -> PyResult<'a, Self::Guard>;
}

impl<'a> BorrowArg<'a> for str {
    const HINT: Hint = Hint::Text("str");
    type Guard = &'a str;
    #[inline(always)]
    fn borrow_arg(object: Ref<'a, Any>) -> PyResult<'a, &'a str> {
        <&str>::from_py(object)
    }
}

/// The bytes of a bytes object, or the items of a sequence.
#[doc(hidden)]
pub struct SliceGuard<'a, T>(SliceSource<'a, T>, PhantomData<&'a T>);

enum SliceSource<'a, T> {
    Borrowed(&'a [T]),
    Owned(Vec<T>),
}

impl<T> core::ops::Deref for SliceGuard<'_, T> {
    type Target = [T];
    #[inline]
    fn deref(&self) -> &[T] {
        match &self.0 {
            SliceSource::Borrowed(slice) => slice,
            SliceSource::Owned(vec) => vec,
        }
    }
}

impl<'a, T> BorrowArg<'a> for [T]
where
    T: for<'b> FromPy<'b> + 'static,
{
    const HINT: Hint = <T as FromPy<'a>>::VEC_HINT;
    type Guard = SliceGuard<'a, T>;
    #[inline]
    fn borrow_arg(object: Ref<'a, Any>) -> PyResult<'a, Self::Guard> {
        use core::any::TypeId;
        if TypeId::of::<T>() == TypeId::of::<u8>() && object.is_kind::<crate::kinds::Bytes>() {
            let bytes = <&'a [u8]>::from_py(object)?;
            // SAFETY: T is u8.
            let items =
                unsafe { core::slice::from_raw_parts(bytes.as_ptr().cast::<T>(), bytes.len()) };
            return Ok(SliceGuard(SliceSource::Borrowed(items), PhantomData));
        }
        Ok(SliceGuard(SliceSource::Owned(Vec::<T>::from_py(object)?), PhantomData))
    }
}

impl<'a, T: crate::kinds::Kind> BorrowArg<'a> for Handle<'a, T> {
    const HINT: Hint = T::HINT;
    type Guard = Ref<'a, T>;
    #[inline(always)]
    fn borrow_arg(object: Ref<'a, Any>) -> PyResult<'a, Ref<'a, T>> {
        Ref::from_py(object)
    }
}

impl<'a> BorrowArg<'a> for std::path::Path {
    const HINT: Hint = <std::path::PathBuf as FromPy<'a>>::HINT;
    type Guard = std::path::PathBuf;
    fn borrow_arg(object: Ref<'a, Any>) -> PyResult<'a, Self::Guard> {
        std::path::PathBuf::from_py(object)
    }
}
