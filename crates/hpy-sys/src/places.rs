//! Where the members of the context are that runtimes have in two places.
//!
//! The HPy in PyPy 7.3.19 has the constant `h_DictType` where the C runtime 0.9.0 and hpy-rs have `ctx_Capsule_New`, and
//! the functions from there on, up to `ctx_CallMethod`, one place later. A binary learns at its initialisation which of the
//! two it was given; [`api`](crate::api) reads these functions, and only these, through [`function`].

use crate::{HPy, HPyContext};
use core::ffi::CStr;
use core::sync::atomic::{AtomicUsize, Ordering};

/// By how many places the functions are later: 0 or 1. Written at most once, before the binary's first call.
static LATER: AtomicUsize = AtomicUsize::new(0);

/// Learns from a context that the runtime gives the binary at its initialisation.
///
/// PyPy's releases with HPy 0.9.0 have the members where this crate has them, so PyPy's name does not suffice. Is the word
/// a constant, like the one before it, or a function, like the one after it? Null, in PyPy's trace mode, is a constant.
///
/// # Safety
/// `ctx` is a context with the members of HPy 0.9.0.
pub unsafe fn learn(ctx: *mut HPyContext) {
    // SAFETY: as the caller says; a name that is not null ends with a NUL.
    let later = unsafe {
        let name = (*ctx).name;
        !name.is_null()
            && CStr::from_ptr(name).to_bytes().windows(4).any(|word| word == b"PyPy")
            && is_constant((*ctx).h_Builtins._i, (&raw const (*ctx).ctx_Capsule_New).cast())
    };
    if later {
        LATER.store(1, Ordering::Relaxed);
    }
}

/// Whether the word at `place` is nearer to `constant` than to the function after it.
///
/// # Safety
/// There are two words at `place`.
unsafe fn is_constant(constant: isize, place: *const isize) -> bool {
    // SAFETY: as the caller says.
    let (word, function) = unsafe { (place.read(), place.add(1).read()) };
    word.abs_diff(constant) < word.abs_diff(function)
}

/// The function whose place in hpy-rs is `place`.
///
/// # Safety
/// `place` is that of a function from `ctx_Capsule_New` to `ctx_CallMethod` in a context.
#[inline(always)]
pub(crate) unsafe fn function<F: Copy>(place: *const F) -> F {
    // SAFETY: `h_DictType` follows the last of these functions: there is one more word. PyPy has the function there.
    unsafe { place.add(LATER.load(Ordering::Relaxed)).read() }
}

/// `ctx->h_DictType`, which PyPI's hpy 0.9.0 lacks.
///
/// # Safety
/// `ctx` is a context with that member, of the kind this binary was initialised with.
pub unsafe fn dict_type(ctx: *const HPyContext) -> HPy {
    // SAFETY: as the caller says; on PyPy a constant is at the first function's place.
    unsafe {
        match LATER.load(Ordering::Relaxed) {
            0 => (*ctx).h_DictType,
            _ => (&raw const (*ctx).ctx_Capsule_New).cast::<HPy>().read(),
        }
    }
}
