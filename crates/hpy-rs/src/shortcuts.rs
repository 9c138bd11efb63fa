//! What the binary does itself where the context offers it: see `hpy_sys::ext::HPyShortcuts`.

use crate::Ctx;
use core::mem::offset_of;
use core::ptr::with_exposed_provenance_mut;
use core::sync::atomic::{AtomicUsize, Ordering};
use hpy_sys::ext::*;
use hpy_sys::{HPy, HPyContext, api};

/// Where a context has its offers, in bytes from its start. That of a runtime without extensions has a 0 there.
static OFFERS_AT: AtomicUsize = AtomicUsize::new(offset_of!(HPyContext, abi_version));
const _: () = assert!(hpy_sys::HPY_ABI_VERSION == 0);

/// The runtime has promised, by calling `HPyInitExtensions_NAME`, that its contexts are extended ones.
pub(crate) fn contexts_are_extended() {
    OFFERS_AT.store(offset_of!(HPyContextExt, shortcuts), Ordering::Relaxed);
}

#[inline(always)]
fn offers(ctx: Ctx<'_>) -> u32 {
    // SAFETY: the place lies in the context, and is written before the context is given out.
    unsafe { ctx.as_raw().byte_add(OFFERS_AT.load(Ordering::Relaxed)).cast::<u32>().read() }
}

/// `HPy_Dup`.
///
/// # Safety
/// `h` is an open handle of `ctx`.
#[inline(always)]
pub(crate) unsafe fn dup(ctx: Ctx<'_>, h: HPy) -> HPy {
    let offers = offers(ctx);
    // SAFETY: the offer says what the handle is the address of; the count is that of an open handle.
    unsafe {
        if offers & HPY_MAY_COUNT_WORDS != 0 {
            *with_exposed_provenance_mut::<isize>(h._i as usize) += 1;
            return h;
        }
        if offers & HPY_MAY_COUNT_I32 != 0 {
            let count = with_exposed_provenance_mut::<i32>(h._i as usize);
            if *count >= 0 {
                *count = (*count).wrapping_add(1);
            }
            return h;
        }
        api::HPy_Dup(ctx.as_raw(), h)
    }
}

/// `HPy_Close`.
///
/// # Safety
/// `h` is an open handle of `ctx`, given up here.
#[inline(always)]
pub(crate) unsafe fn close(ctx: Ctx<'_>, h: HPy) {
    let offers = offers(ctx);
    // SAFETY: the offer says what the handle is the address of; the count is that of an open handle. The last
    // reference is given up by the runtime.
    unsafe {
        if offers & HPY_MAY_COUNT_WORDS != 0 {
            let count = with_exposed_provenance_mut::<isize>(h._i as usize);
            if *count != 1 {
                *count -= 1;
                return;
            }
        } else if offers & HPY_MAY_COUNT_I32 != 0 {
            let count = with_exposed_provenance_mut::<i32>(h._i as usize);
            if *count != 1 {
                if *count >= 0 {
                    *count -= 1;
                }
                return;
            }
        }
        api::HPy_Close(ctx.as_raw(), h);
    }
}

/// The context's offers with what they need.
///
/// # Safety
/// [`offers`] has found one: then the context is an extended one.
#[inline(always)]
unsafe fn extended(ctx: Ctx<'_>) -> &HPyShortcuts {
    // SAFETY: as the caller says.
    unsafe { &(*ctx.as_raw().cast::<HPyContextExt>()).shortcuts }
}

/// `HPyLong_FromInt64_t` of a small value; None where it is not small, or the runtime is to be asked.
#[inline(always)]
pub(crate) fn small_int(ctx: Ctx<'_>, value: i64) -> Option<HPy> {
    let place = value.wrapping_sub(HPY_SMALL_INT_MIN) as u64;
    if place < HPY_SMALL_INTS as u64 && offers(ctx) & HPY_MAY_TAKE_INTS != 0 {
        // SAFETY: the offer comes with the ints, whose handles are open; the place is one of them.
        return Some(unsafe { dup(ctx, *extended(ctx).small_ints.add(place as usize)) });
    }
    None
}
