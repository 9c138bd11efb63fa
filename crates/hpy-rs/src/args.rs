//! Arguments of calls from Python: which value goes to which parameter, and what is said where none does.

use crate::exc::TypeError;
use crate::handle::{Handle, Ref};
use crate::kinds::{Any, Dict, List, Str, Tuple};
use crate::{Ctx, FromPy, Hint, PyErr, PyResult};
use core::marker::PhantomData;
use hpy_sys::{HPy, api};
use std::collections::{BTreeMap, HashMap};
use std::hash::Hash;

/// The parameters of a function. The macros write one per function.
#[derive(Debug)]
pub struct Signature {
    /// What messages call the function: `f`, `Class.method`.
    pub function: &'static str,
    /// The parameters but `*args` and `**kwargs`: first positional-only, then positional or keyword, then
    /// keyword-only.
    pub params: &'static [&'static str],
    pub positional_only: usize,
    /// Positional-only ones included.
    pub positional: usize,
    /// Which parameters have no default.
    pub required: &'static [bool],
    pub var_args: bool,
    pub var_kwargs: bool,
}

/// The values of one call, one place per parameter: where CPython put them or, where they had to be sorted, in
/// a [`Sorted`] beside it. A plain call copies nothing.
pub struct Arguments<'s, 'ctx, const N: usize> {
    ctx: Ctx<'ctx>,
    values: &'s [HPy; N],
    sorted: Option<&'s Sorted<'ctx, N>>,
}

/// The values of a call whose arguments are not simply the parameters in order.
pub struct Sorted<'ctx, const N: usize> {
    ctx: Ctx<'ctx>,
    values: [HPy; N],
    /// Which values are handles of our own, to be closed.
    owned: u64,
    extra: &'ctx [HPy],
    kwargs: Option<Handle<'ctx, Dict>>,
}

impl<const N: usize> Drop for Sorted<'_, N> {
    fn drop(&mut self) {
        for (index, value) in self.values.iter().enumerate() {
            if self.owned & (1 << index) != 0 {
                // SAFETY: the handle is ours.
                unsafe { api::HPy_Close(self.ctx.as_raw(), *value) };
            }
        }
    }
}

impl<'s, 'ctx, const N: usize> Arguments<'s, 'ctx, N> {
    /// Sorts the arguments of a KEYWORDS call: `kwnames` is a tuple of names whose values follow the
    /// positional arguments, or null.
    ///
    /// # Safety
    /// The arguments are those of a call with `ctx`.
    #[inline(always)]
    pub unsafe fn from_vectorcall(
        ctx: Ctx<'ctx>,
        signature: &'static Signature,
        args: *const HPy,
        nargs: usize,
        kwnames: HPy,
        sorted: &'s mut Option<Sorted<'ctx, N>>,
    ) -> PyResult<'ctx, Self> {
        // The offset bit of a vector call is no part of the count.
        let nargs = nargs & (isize::MAX as usize);
        if kwnames.is_null() && nargs == N && signature.positional == N {
            // SAFETY: there are N arguments, open until the call returns.
            return Ok(Arguments { ctx, values: unsafe { Self::in_place(args) }, sorted: None });
        }
        // SAFETY: as the caller says.
        let made = unsafe { Sorted::sort(ctx, signature, args, nargs, Keywords::Names(kwnames))? };
        let sorted: &'s Sorted<'ctx, N> = sorted.insert(made);
        Ok(Arguments { ctx, values: &sorted.values, sorted: Some(sorted) })
    }

    /// Sorts the arguments of `tp_new` and `tp_init`: `kwargs` is a dict or null.
    ///
    /// # Safety
    /// The arguments are those of a call with `ctx`.
    #[inline(always)]
    pub unsafe fn from_dict_call(
        ctx: Ctx<'ctx>,
        signature: &'static Signature,
        args: *const HPy,
        nargs: isize,
        kwargs: HPy,
        sorted: &'s mut Option<Sorted<'ctx, N>>,
    ) -> PyResult<'ctx, Self> {
        let nargs = nargs as usize;
        if kwargs.is_null() && nargs == N && signature.positional == N {
            // SAFETY: there are N arguments, open until the call returns.
            return Ok(Arguments { ctx, values: unsafe { Self::in_place(args) }, sorted: None });
        }
        // SAFETY: as the caller says.
        let made = unsafe { Sorted::sort(ctx, signature, args, nargs, Keywords::Dict(kwargs))? };
        let sorted: &'s Sorted<'ctx, N> = sorted.insert(made);
        Ok(Arguments { ctx, values: &sorted.values, sorted: Some(sorted) })
    }

    /// # Safety
    /// There are N arguments at `args`, open for `'s`.
    #[inline(always)]
    unsafe fn in_place(args: *const HPy) -> &'s [HPy; N] {
        if N == 0 {
            // A call without arguments need not have an array.
            return &[HPy::NULL; N];
        }
        // SAFETY: as the caller says.
        unsafe { &*args.cast() }
    }

    /// The value of a parameter, None where it was not given.
    #[inline(always)]
    pub fn get(&self, index: usize) -> Option<Ref<'ctx, Any>> {
        let raw = self.values[index];
        // SAFETY: an argument is open until the call returns. Values of our own live as long as
        // what they are sorted in, which the macros keep until after the function has returned.
        (!raw.is_null()).then(|| unsafe { Ref::from_raw(self.ctx, raw) })
    }

    /// The value of a parameter without a default.
    #[inline(always)]
    pub fn required(&self, index: usize) -> Ref<'ctx, Any> {
        // SAFETY: sorting has refused calls without it; else as `get`.
        unsafe { Ref::from_raw(self.ctx, self.values[index]) }
    }

    /// The positional arguments beyond the parameters.
    #[inline]
    pub fn extra(&self) -> Args<'ctx> {
        Args { ctx: self.ctx, raw: self.sorted.map_or(&[], |sorted| sorted.extra) }
    }

    /// The keyword arguments beyond the parameters.
    pub fn kwargs(&self) -> PyResult<'ctx, Handle<'ctx, Dict>> {
        match self.sorted.and_then(|sorted| sorted.kwargs.as_ref()) {
            Some(kwargs) => Ok(kwargs.clone()),
            None => Dict::new(self.ctx),
        }
    }
}

impl<'ctx, const N: usize> Sorted<'ctx, N> {
    #[inline(never)]
    unsafe fn sort(
        ctx: Ctx<'ctx>,
        signature: &'static Signature,
        args: *const HPy,
        nargs: usize,
        keywords: Keywords,
    ) -> PyResult<'ctx, Self> {
        let mut this = Sorted { ctx, values: [HPy::NULL; N], owned: 0, extra: &[], kwargs: None };
        let given: &'ctx [HPy] = if nargs == 0 {
            &[]
        } else {
            // SAFETY: there are `nargs` arguments, open until the call returns.
            unsafe { core::slice::from_raw_parts(args, nargs) }
        };
        let positional = nargs.min(signature.positional);
        this.values[..positional].copy_from_slice(&given[..positional]);
        if nargs > positional && signature.var_args {
            this.extra = &given[positional..];
        }
        let keyword_count = match keywords {
            Keywords::Names(names) if !names.is_null() => {
                // SAFETY: the names of a call are a tuple, open until it returns.
                let names = unsafe { Ref::<Tuple>::from_raw(ctx, names) };
                let count = names.len()?;
                for index in 0..count {
                    // SAFETY: the values of the names follow the positional arguments.
                    let value = unsafe { *args.add(nargs + index) };
                    let name = names.get_index(index as isize)?;
                    this.keyword(signature, name, value, None)?;
                }
                count
            }
            Keywords::Dict(dict) if !dict.is_null() => {
                // SAFETY: the keywords of a call are a dict, open until it returns.
                let dict = unsafe { Ref::<Dict>::from_raw(ctx, dict) };
                let names: Handle<'_, List> = dict.keys()?;
                for name in names.items() {
                    let name = name?;
                    let value = dict.get_item(&name)?;
                    this.keyword(signature, name, value.as_raw(), Some(value))?;
                }
                names.len()?
            }
            _ => 0,
        };
        if nargs > positional && !signature.var_args {
            return Err(signature.too_many(nargs, keyword_count));
        }
        if let Some(missing) = signature.missing(&this.values) {
            return Err(missing);
        }
        Ok(this)
    }

    /// Puts one keyword argument where it belongs.
    fn keyword(
        &mut self,
        signature: &'static Signature,
        name: Handle<'ctx, Any>,
        value: HPy,
        owner: Option<Handle<'ctx, Any>>,
    ) -> PyResult<'ctx> {
        let ctx = self.ctx;
        if !name.is_kind::<Str>() {
            return Err(TypeError::new("keywords must be strings"));
        }
        // SAFETY: just checked.
        let name: Handle<'_, Str> = unsafe { name.assume() };
        let text = name.to_str()?;
        let named = &signature.params[signature.positional_only..];
        if let Some(index) = named.iter().position(|param| *param == text) {
            let index = index + signature.positional_only;
            if !self.values[index].is_null() {
                return Err(TypeError::new(format!(
                    "{}() got multiple values for argument '{text}'",
                    signature.function
                )));
            }
            self.values[index] = value;
            if let Some(owner) = owner {
                self.owned |= 1 << index;
                let _ = owner.into_raw();
            }
            return Ok(());
        }
        if signature.var_kwargs {
            let kwargs = match &mut self.kwargs {
                Some(kwargs) => kwargs,
                none => none.insert(Dict::new(ctx)?),
            };
            // SAFETY: the value is an open handle of this call.
            let value: Ref<'_, Any> = unsafe { Ref::from_raw(ctx, value) };
            return kwargs.set_item(&name, value);
        }
        if signature.params[..signature.positional_only].contains(&text) {
            return Err(TypeError::new(format!(
                "{}() got some positional-only arguments passed as keyword arguments: '{text}'",
                signature.function
            )));
        }
        Err(TypeError::new(format!(
            "{}() got an unexpected keyword argument '{text}'",
            signature.function
        )))
    }
}

enum Keywords {
    Names(HPy),
    Dict(HPy),
}

impl Signature {
    /// How many parameters of a function without names must be given by position.
    #[cold]
    fn too_many(&self, given: usize, keywords: usize) -> PyErr<'static> {
        let most = self.positional;
        let least = self.required[..most].iter().filter(|required| **required).count();
        let takes = if least == most {
            format!("{most} positional argument{}", plural(most))
        } else {
            format!("from {least} to {most} positional arguments")
        };
        let were = if given == 1 { "was" } else { "were" };
        let keyword_only = keywords.min(self.params.len() - self.positional);
        let given = if keyword_only > 0 {
            format!(
                "{given} positional argument{} (and {keyword_only} keyword-only argument{})",
                plural(given),
                plural(keyword_only)
            )
        } else {
            given.to_string()
        };
        TypeError::new(format!("{}() takes {takes} but {given} {were} given", self.function))
    }

    fn missing(&self, values: &[HPy]) -> Option<PyErr<'static>> {
        let absent = |range: core::ops::Range<usize>| -> Vec<&'static str> {
            range
                .filter(|i| self.required[*i] && values[*i].is_null())
                .map(|i| self.params[i])
                .collect()
        };
        let (names, what) = match absent(0..self.positional) {
            names if !names.is_empty() => (names, "positional"),
            _ => (absent(self.positional..self.params.len()), "keyword-only"),
        };
        if names.is_empty() {
            return None;
        }
        let count = names.len();
        let list = match names.as_slice() {
            [one] => format!("'{one}'"),
            [first, second] => format!("'{first}' and '{second}'"),
            [most @ .., last] => {
                let most: Vec<_> = most.iter().map(|name| format!("'{name}'")).collect();
                format!("{}, and '{last}'", most.join(", "))
            }
            [] => return None,
        };
        Some(TypeError::new(format!(
            "{}() missing {count} required {what} argument{}: {list}",
            self.function,
            plural(count)
        )))
    }

    /// The error of converting the argument `index`.
    #[cold]
    pub fn bad_argument<'ctx>(&self, error: PyErr<'ctx>, index: usize) -> PyErr<'ctx> {
        error.for_argument(self.function, self.params[index])
    }

    /// The error of converting an argument by its name: `*args`, `**kwargs`.
    #[cold]
    pub fn bad_named<'ctx>(&self, error: PyErr<'ctx>, name: &str) -> PyErr<'ctx> {
        error.for_argument(self.function, name)
    }
}

fn plural(count: usize) -> &'static str {
    if count == 1 { "" } else { "s" }
}

/// The arguments that `*args` takes, borrowed: nothing is allocated for them.
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
    pub fn len(&self) -> usize {
        self.raw.len()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.raw.is_empty()
    }

    /// One of them.
    pub fn get(&self, index: usize) -> Option<Ref<'ctx, Any>> {
        // SAFETY: arguments are open until the call returns.
        self.raw.get(index).map(|raw| unsafe { Ref::from_raw(self.ctx, *raw) })
    }

    /// All of them.
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
    K: for<'a> FromPy<'a> + Eq + Hash,
    V: for<'a> FromPy<'a>,
{
    const HINT: Hint = <V as FromPy<'ctx>>::HINT;
    fn from_kwargs(kwargs: Handle<'ctx, Dict>) -> PyResult<'ctx, Self> {
        Ok(kwargs.pairs()?.into_iter().collect())
    }
}

impl<'ctx, K, V> FromKwargs<'ctx> for BTreeMap<K, V>
where
    K: for<'a> FromPy<'a> + Ord,
    V: for<'a> FromPy<'a>,
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
