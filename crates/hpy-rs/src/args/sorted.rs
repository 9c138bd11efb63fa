//! From the arguments of a call to one value per parameter.
//!
//! A call whose arguments are the parameters in order copies nothing: the function reads them where Python put
//! them. All others are sorted out of line, and the function is then called with the sorted array, so that
//! its own code has one way in.

use super::{Args, Signature};
use crate::entry::{self, number};
use crate::exc::TypeError;
use crate::handle::{Handle, Ref};
use crate::kinds::{Any, Dict, Str, Tuple};
use crate::{Ctx, PyErr, PyResult, runtime};
use core::ffi::c_int;
use hpy_sys::{HPy, HPyContext, api};

/// The values of one call, one place per parameter.
pub struct Arguments<'s, 'ctx, const N: usize> {
    ctx: Ctx<'ctx>,
    values: &'s [HPy; N],
    rest: Option<&'s Rest<'ctx>>,
}

/// What is left for `*args` and `**kwargs`.
pub struct Rest<'ctx> {
    extra: &'ctx [HPy],
    kwargs: Option<Handle<'ctx, Dict>>,
}

/// A function with its arguments in order: context, receiver, one value per parameter (null where there is
/// none), the rest. Null stands for an empty rest. With the ABI of C, which nothing unwinds through, so that its
/// callers can leave by a jump.
pub type InOrder<R> = unsafe extern "C" fn(*mut HPyContext, HPy, *const HPy, *const Rest<'_>) -> R;

impl<'s, 'ctx, const N: usize> Arguments<'s, 'ctx, N> {
    /// The arguments of an [`InOrder`] function.
    ///
    /// # Safety
    /// There are N values at `values`, open or null, and `rest` is null or points to one, all for `'s`.
    #[inline(always)]
    pub unsafe fn new(ctx: Ctx<'ctx>, values: *const HPy, rest: *const Rest<'_>) -> Self {
        // SAFETY: as the caller says; a call without arguments need not have an array. What the rest has is of this call.
        unsafe {
            let values = if N == 0 { &[HPy::NULL; N] } else { &*values.cast() };
            Arguments { ctx, values, rest: rest.cast::<Rest<'ctx>>().as_ref() }
        }
    }

    /// The value of a parameter, None where it was not given.
    #[inline(always)]
    pub fn get(&self, index: usize) -> Option<Ref<'ctx, Any>> {
        let raw = self.values[index];
        // SAFETY: an argument is open until the call returns; sorted ones live until after the function has returned.
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
        Args { ctx: self.ctx, raw: self.rest.map_or(&[], |rest| rest.extra) }
    }

    /// The keyword arguments beyond the parameters.
    pub fn kwargs(&self) -> PyResult<'ctx, Handle<'ctx, Dict>> {
        match self.rest.and_then(|rest| rest.kwargs.as_ref()) {
            Some(kwargs) => Ok(kwargs.clone()),
            None => Dict::new(self.ctx),
        }
    }
}

/// The entry of a KEYWORDS definition: `names` is a tuple of names whose values follow the positional arguments,
/// or null.
///
/// # Safety
/// The arguments are those of a call that is running; `function` is the one of `signature`, with N parameters.
#[inline(always)]
pub unsafe fn vector_call<const N: usize>(
    ctx: *mut HPyContext,
    slf: HPy,
    args: *const HPy,
    nargs: usize,
    names: HPy,
    signature: &'static Signature,
    function: InOrder<HPy>,
) -> HPy {
    // SAFETY: as the caller says. A count with a bit set that is no part of it is sorted out there.
    unsafe {
        if names.is_null() && nargs == N && signature.positional == N {
            return function(ctx, slf, args, core::ptr::null());
        }
        sort_names::<N>(ctx, slf, args, nargs, names, signature, function)
    }
}

/// The entry of a class method: a KEYWORDS definition whose first argument is the class, which the function gets
/// as its receiver.
///
/// # Safety
/// As [`vector_call`].
#[inline(always)]
pub unsafe fn class_call<const N: usize>(
    ctx: *mut HPyContext,
    args: *const HPy,
    nargs: usize,
    names: HPy,
    signature: &'static Signature,
    function: InOrder<HPy>,
) -> HPy {
    let nargs = nargs & (isize::MAX as usize);
    // SAFETY: as the caller says; there is a first argument, the others follow it.
    unsafe {
        if nargs == 0 {
            return entry::object(ctx, |_ctx| {
                Err(TypeError::new("a class method needs its class"))
            });
        }
        vector_call::<N>(ctx, *args, args.add(1), nargs - 1, names, signature, function)
    }
}

/// The entry of a constructor, which gets the type as its receiver: `kwargs` is a dict or null.
///
/// # Safety
/// As [`vector_call`].
#[inline(always)]
pub unsafe fn dict_call<const N: usize>(
    ctx: *mut HPyContext,
    slf: HPy,
    args: *const HPy,
    nargs: isize,
    kwargs: HPy,
    signature: &'static Signature,
    function: InOrder<HPy>,
) -> HPy {
    // SAFETY: as the caller says.
    unsafe {
        if kwargs.is_null() && nargs as usize == N && signature.positional == N {
            return function(ctx, slf, args, core::ptr::null());
        }
        sort_dict::<N>(ctx, slf, args, nargs as usize, kwargs, signature, function)
    }
}

/// The entry of `__init__`, as [`dict_call`].
///
/// # Safety
/// As [`vector_call`].
#[inline(always)]
pub unsafe fn init_call<const N: usize>(
    ctx: *mut HPyContext,
    slf: HPy,
    args: *const HPy,
    nargs: isize,
    kwargs: HPy,
    signature: &'static Signature,
    function: InOrder<c_int>,
) -> c_int {
    // SAFETY: as the caller says.
    unsafe {
        if kwargs.is_null() && nargs as usize == N && signature.positional == N {
            return function(ctx, slf, args, core::ptr::null());
        }
        sort_init::<N>(ctx, slf, args, nargs as usize, kwargs, signature, function)
    }
}

/// # Safety
/// As [`vector_call`].
#[inline(never)]
unsafe extern "C" fn sort_names<const N: usize>(
    ctx: *mut HPyContext,
    slf: HPy,
    args: *const HPy,
    nargs: usize,
    names: HPy,
    signature: &'static Signature,
    function: InOrder<HPy>,
) -> HPy {
    let nargs = nargs & (isize::MAX as usize);
    let mut values = [HPy::NULL; N];
    // SAFETY: as the caller says.
    unsafe {
        if place(Ctx::from_raw(ctx), signature, args, nargs, names, &mut values) {
            return function(ctx, slf, values.as_ptr(), core::ptr::null());
        }
        sort_object::<N>(ctx, slf, args, nargs, Keywords::Names(names), signature, function)
    }
}

/// # Safety
/// As [`vector_call`].
#[inline(never)]
unsafe extern "C" fn sort_dict<const N: usize>(
    ctx: *mut HPyContext,
    slf: HPy,
    args: *const HPy,
    nargs: usize,
    kwargs: HPy,
    signature: &'static Signature,
    function: InOrder<HPy>,
) -> HPy {
    let mut values = [HPy::NULL; N];
    // SAFETY: as the caller says.
    unsafe {
        if kwargs.is_null()
            && place(Ctx::from_raw(ctx), signature, args, nargs, HPy::NULL, &mut values)
        {
            return function(ctx, slf, values.as_ptr(), core::ptr::null());
        }
        let keywords = keywords_of(kwargs);
        sort_object::<N>(ctx, slf, args, nargs, keywords, signature, function)
    }
}

/// What a constructor gets: a dict, but on PyPy the names, their values behind the positional arguments.
fn keywords_of(kwargs: HPy) -> Keywords {
    if crate::runtime::is_pypy() { Keywords::Names(kwargs) } else { Keywords::Dict(kwargs) }
}

/// # Safety
/// As [`vector_call`].
#[inline(always)]
unsafe fn sort_object<const N: usize>(
    ctx: *mut HPyContext,
    slf: HPy,
    args: *const HPy,
    nargs: usize,
    keywords: Keywords,
    signature: &'static Signature,
    function: InOrder<HPy>,
) -> HPy {
    // SAFETY: as the caller says. The function has raised where it returns null.
    unsafe {
        entry::object(ctx, |token| {
            let mut values = [HPy::NULL; N];
            let sorted = sort(token, signature, args, nargs, keywords, &mut values)?;
            Handle::from_new(
                token,
                function(ctx, slf, sorted.values.as_ptr(), &raw const sorted.rest),
            )
        })
    }
}

/// # Safety
/// As [`vector_call`].
#[inline(never)]
unsafe extern "C" fn sort_init<const N: usize>(
    ctx: *mut HPyContext,
    slf: HPy,
    args: *const HPy,
    nargs: usize,
    kwargs: HPy,
    signature: &'static Signature,
    function: InOrder<c_int>,
) -> c_int {
    // SAFETY: as the caller says. The function has raised where it returns something else than 0.
    unsafe {
        number::<c_int>(ctx, |token| {
            let mut values = [HPy::NULL; N];
            let keywords = keywords_of(kwargs);
            let sorted = sort(token, signature, args, nargs, keywords, &mut values)?;
            match function(ctx, slf, sorted.values.as_ptr(), &raw const sorted.rest) {
                0 => Ok(0),
                _ => Err(PyErr::pending(token)),
            }
        })
    }
}

/// Puts the arguments of a call in their places where that is all there is to do; false where it is not: there is
/// something wrong with them, or something left for `*args` or `**kwargs`.
///
/// # Safety
/// As [`vector_call`]; `values` has one null per parameter.
unsafe fn place(
    ctx: Ctx<'_>,
    signature: &'static Signature,
    args: *const HPy,
    nargs: usize,
    names: HPy,
    values: &mut [HPy],
) -> bool {
    if nargs > signature.positional {
        return false;
    }
    for (index, value) in values.iter_mut().take(nargs).enumerate() {
        // SAFETY: there are `nargs` arguments.
        *value = unsafe { *args.add(index) };
    }
    if !names.is_null() {
        // SAFETY: the names of a call are a tuple, open until it returns.
        let count = unsafe { api::HPy_Length(ctx.as_raw(), names) };
        for index in 0..count {
            // SAFETY: as above; the values of the names follow the positional arguments.
            let (name, value) = unsafe {
                let name = api::HPy_GetItem_i(ctx.as_raw(), names, index);
                (Handle::<Str>::from_new(ctx, name), *args.add(nargs + index as usize))
            };
            // They are usually given in the order of the parameters.
            let guess = nargs + index as usize;
            match name.ok().and_then(|name| parameter_named(&name, signature, guess)) {
                Some(place) if values[place].is_null() => values[place] = value,
                _ => return false,
            }
        }
    }
    signature.required.iter().zip(&*values).all(|(required, value)| !*required || !value.is_null())
}

/// The index of the parameter that callers may give by this name. `guess` is looked at first.
#[inline(always)]
fn parameter_named(
    name: &Handle<'_, Str>,
    signature: &'static Signature,
    guess: usize,
) -> Option<usize> {
    let text = name.to_str().ok()?;
    if guess >= signature.positional_only
        && signature.params.get(guess).is_some_and(|param| *param == text)
    {
        return Some(guess);
    }
    let mut params = signature.params.iter().enumerate().skip(signature.positional_only);
    params.find(|(_, param)| **param == text).map(|(index, _)| index)
}

#[derive(Clone, Copy)]
enum Keywords {
    Names(HPy),
    Dict(HPy),
}

/// The values of a call whose arguments are not simply the parameters in order.
struct Sorted<'v, 'ctx> {
    ctx: Ctx<'ctx>,
    values: &'v mut [HPy],
    /// Which values are handles of our own, to be closed.
    owned: u64,
    rest: Rest<'ctx>,
    /// All keyword arguments, for messages.
    given: Keywords,
}

impl Drop for Sorted<'_, '_> {
    fn drop(&mut self) {
        while self.owned != 0 {
            let index = self.owned.trailing_zeros() as usize;
            self.owned &= self.owned - 1;
            // SAFETY: the handle is ours.
            unsafe { api::HPy_Close(self.ctx.as_raw(), self.values[index]) };
        }
    }
}

/// # Safety
/// The arguments are those of a call with `ctx`; `values` has one null per parameter.
unsafe fn sort<'v, 'ctx>(
    ctx: Ctx<'ctx>,
    signature: &'static Signature,
    args: *const HPy,
    nargs: usize,
    keywords: Keywords,
    values: &'v mut [HPy],
) -> PyResult<'ctx, Sorted<'v, 'ctx>> {
    let rest = Rest { extra: &[], kwargs: None };
    let mut sorted = Sorted { ctx, values, owned: 0, rest, given: keywords };
    let given: &'ctx [HPy] = if nargs == 0 {
        &[]
    } else {
        // SAFETY: there are `nargs` arguments, open until the call returns.
        unsafe { core::slice::from_raw_parts(args, nargs) }
    };
    let positional = nargs.min(signature.positional);
    sorted.values[..positional].copy_from_slice(&given[..positional]);
    if nargs > positional && signature.var_args {
        sorted.rest.extra = &given[positional..];
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
                sorted.keyword(signature, &name, value, None)?;
            }
            count
        }
        Keywords::Dict(dict) if !dict.is_null() => {
            // SAFETY: the keywords of a call are a dict, open until it returns.
            let dict = unsafe { Ref::<Dict>::from_raw(ctx, dict) };
            sorted.keywords_of(signature, dict)?
        }
        _ => 0,
    };
    if nargs > positional && !signature.var_args {
        return Err(signature.too_many(nargs, keyword_count));
    }
    let mut required = signature.required.iter().zip(&*sorted.values);
    if required.any(|(required, value)| *required && value.is_null())
        && let Some(missing) = signature.missing(sorted.values)
    {
        return Err(missing);
    }
    Ok(sorted)
}

impl<'ctx> Sorted<'_, 'ctx> {
    /// Puts the items of a dict where they belong; how many there are.
    fn keywords_of(
        &mut self,
        signature: &'static Signature,
        dict: Ref<'ctx, Dict>,
    ) -> PyResult<'ctx, usize> {
        let names = dict.keys()?;
        for name in names.items() {
            let name = name?;
            let value = dict.get_item(&name)?;
            self.keyword(signature, &name, value.as_raw(), Some(value))?;
        }
        names.len()
    }

    /// Whether there is a keyword argument of this name.
    #[cold]
    fn is_given(&self, name: &str) -> bool {
        let (Keywords::Names(raw) | Keywords::Dict(raw)) = self.given;
        // SAFETY: the names of a call are open until it returns; there are some where one is asked for.
        let all = unsafe { Ref::<Any>::from_raw(self.ctx, raw) };
        all.contains(name).unwrap_or(false)
    }

    /// Puts one keyword argument where it belongs.
    #[inline(always)]
    fn keyword(
        &mut self,
        signature: &'static Signature,
        name: &Handle<'ctx, Any>,
        value: HPy,
        owner: Option<Handle<'ctx, Any>>,
    ) -> PyResult<'ctx> {
        // SAFETY: checked; runtimes with extensions check by themselves, and names are hardly ever something else.
        let text = unsafe {
            if runtime::extensions(self.ctx).is_none() && !name.is_kind::<Str>() {
                return Err(no_text(name));
            }
            match name.as_ref().assume::<Str>().to_str() {
                Ok(text) => &*core::ptr::from_ref(text),
                Err(error) => {
                    drop(error);
                    return Err(no_text(name));
                }
            }
        };
        let named = &signature.params[signature.positional_only..];
        if let Some(index) = named.iter().position(|param| *param == text) {
            let index = index + signature.positional_only;
            if !self.values[index].is_null() {
                return Err(signature.twice(text));
            }
            self.values[index] = value;
            if let Some(owner) = owner {
                self.owned |= 1 << index;
                let _ = owner.into_raw();
            }
            return Ok(());
        }
        if !signature.var_kwargs {
            return Err(signature.unexpected(text, |name| self.is_given(name)));
        }
        // SAFETY: the value is an open handle of this call.
        self.rest.keep(name, unsafe { Ref::from_raw(self.ctx, value) })
    }
}

/// The error of a name that is no str, or is one that has no UTF-8.
#[cold]
fn no_text<'ctx>(name: &Handle<'ctx, Any>) -> PyErr<'ctx> {
    let ctx = name.ctx();
    if name.is_kind::<Str>() {
        // SAFETY: just checked.
        let name: Ref<'_, Str> = unsafe { name.as_ref().assume() };
        if let Err(error) = name.to_str() {
            return error.rebind(ctx);
        }
    }
    TypeError::new("keywords must be strings")
}

impl<'ctx> Rest<'ctx> {
    fn keep(&mut self, name: &Handle<'ctx, Any>, value: Ref<'ctx, Any>) -> PyResult<'ctx> {
        let kwargs = match &mut self.kwargs {
            Some(kwargs) => kwargs,
            none => none.insert(Dict::new(name.ctx())?),
        };
        kwargs.set_item(name, value)
    }
}
