//! The entries of calls from Python.
//!
//! A call whose arguments are the parameters in order copies nothing: the function reads them where Python put
//! them. All others are [sorted](super::sorted) out of line, and the function is then called with the sorted
//! array, so that its own code has one way in.

use super::sorted::{Keywords, Rest, keywords_of, place, sort};
use super::{Args, Signature};
use crate::entry::{self, number};
use crate::exc::TypeError;
use crate::handle::{Handle, Ref};
use crate::kinds::{Any, Dict};
use crate::{Ctx, PyErr, PyResult};
use core::ffi::c_int;
use hpy_sys::{HPy, HPyContext};

/// The values of one call, one place per parameter.
pub struct Arguments<'s, 'ctx, const N: usize> {
    ctx: Ctx<'ctx>,
    values: &'s [HPy; N],
    rest: Option<&'s Rest<'ctx>>,
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
