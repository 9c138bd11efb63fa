//! From the arguments of a call to one value per parameter, for calls whose arguments are not simply the parameters in order.

use super::Signature;
use crate::exc::TypeError;
use crate::handle::{Handle, Ref};
use crate::kinds::{Any, Dict, Str, Tuple};
use crate::{Ctx, PyErr, PyResult, runtime};
use hpy_sys::{HPy, api};

/// What is left for `*args` and `**kwargs`.
pub struct Rest<'ctx> {
    pub(super) extra: &'ctx [HPy],
    pub(super) kwargs: Option<Handle<'ctx, Dict>>,
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

/// Puts the arguments of a call in their places where that is all there is to do; false where it is not: there is
/// something wrong with them, or something left for `*args` or `**kwargs`.
///
/// # Safety
/// As [`vector_call`](super::vector_call); `values` has one null per parameter.
pub(super) unsafe fn place(
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

/// The keyword arguments of a call.
#[derive(Clone, Copy)]
pub(super) enum Keywords {
    Names(HPy),
    Dict(HPy),
}

/// What a constructor gets: a dict, but on PyPy the names, their values behind the positional arguments.
pub(super) fn keywords_of(kwargs: HPy) -> Keywords {
    if crate::runtime::is_pypy() { Keywords::Names(kwargs) } else { Keywords::Dict(kwargs) }
}

/// The values of a call whose arguments are not simply the parameters in order.
pub(super) struct Sorted<'v, 'ctx> {
    ctx: Ctx<'ctx>,
    pub(super) values: &'v mut [HPy],
    /// Which values are handles of our own, to be closed.
    owned: u64,
    pub(super) rest: Rest<'ctx>,
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
pub(super) unsafe fn sort<'v, 'ctx>(
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
