//! What the binary does itself where the context offers it: see `hpy_sys::ext::HPyShortcuts`.

use crate::Ctx;
use core::cell::UnsafeCell;
use core::ffi::c_void;
use core::hint::assert_unchecked;
use core::mem::offset_of;
use core::ptr::with_exposed_provenance_mut;
/// In an ordinary extension they are part of it.
pub(crate) use hpy_sys::api::{HPyFloat_FromDouble, HPyLong_AsInt64_t, HPyLong_FromInt64_t};
use hpy_sys::ext::*;
use hpy_sys::{HPy, HPyContext, HPyType_BuiltinShape, HPyType_BuiltinShape_Object, api};

/// Where a context has its offers, in bytes from its start. That of a runtime without extensions has a 0 there.
static OFFERS_AT: Place = Place(UnsafeCell::new(offset_of!(HPyContext, abi_version)));
const _: () = assert!(hpy_sys::HPY_ABI_VERSION == 0);

/// No atomic: then the compiler knows that it need not read it twice.
struct Place(UnsafeCell<usize>);
// SAFETY: it is written where `contexts_are_extended` says.
unsafe impl Sync for Place {}

/// The runtime has promised, by calling `HPyInitExtensions_NAME`, that its contexts are extended ones.
///
/// # Safety
/// The runtime calls it before the binary gets a context, in one thread at a time.
pub(crate) unsafe fn contexts_are_extended() {
    // Of two constants the compiler would make a condition, wherever it is read.
    let extended = core::hint::black_box(offset_of!(HPyContextExt, shortcuts));
    // SAFETY: as the caller says; who reads it at the same time, with a context of an earlier call, has what is
    // written already, and then nothing is.
    unsafe {
        if *OFFERS_AT.0.get() != extended {
            *OFFERS_AT.0.get() = extended;
        }
    }
}

#[inline(always)]
fn offers(ctx: Ctx<'_>) -> u32 {
    // SAFETY: the place lies in the context, and is written before the context is given out.
    unsafe { ctx.as_raw().byte_add(*OFFERS_AT.0.get()).cast::<u32>().read() }
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
        if offers & COUNTS != 0 {
            count_one_more(offers, h);
            return h;
        }
        api::HPy_Dup(ctx.as_raw(), h)
    }
}

/// Either offer to count.
const COUNTS: u32 = HPY_MAY_COUNT_WORDS | HPY_MAY_COUNT_I32;

/// # Safety
/// `h` is an open handle of a context that offers to count.
#[inline(always)]
unsafe fn count_one_more(offers: u32, h: HPy) {
    // SAFETY: the offer says what the handle is the address of; the count is that of an open handle.
    unsafe {
        if offers & HPY_MAY_COUNT_I32 != 0 {
            let count = with_exposed_provenance_mut::<i32>(h._i as usize);
            if *count >= 0 {
                *count = (*count).wrapping_add(1);
            }
        } else {
            *with_exposed_provenance_mut::<isize>(h._i as usize) += 1;
        }
    }
}

/// `HPy_GetItem_i`: null with an exception where there is no such item.
///
/// # Safety
/// `h` is an open handle of `ctx`.
#[inline(always)]
pub(crate) unsafe fn item(ctx: Ctx<'_>, h: HPy, index: isize) -> HPy {
    let offers = offers(ctx);
    // SAFETY: the offer says where a list has what, handles that are open; it comes with one to count.
    unsafe {
        if offers & HPY_MAY_READ_ITEMS != 0
            && read_at::<isize>(h, HPY_TYPE_AT) == ctx.table().h_ListType._i
            && (index as usize) < read_at::<usize>(h, HPY_LENGTH_AT)
        {
            let item = *read_at::<*const HPy>(h, HPY_ITEMS_AT).offset(index);
            assert_unchecked(!item.is_null());
            count_one_more(offers, item);
            return item;
        }
        api::HPy_GetItem_i(ctx.as_raw(), h, index)
    }
}

/// The same of what is most likely a tuple.
///
/// # Safety
/// `h` is an open handle of `ctx`.
#[inline(always)]
pub(crate) unsafe fn tuple_item(ctx: Ctx<'_>, h: HPy, index: isize) -> HPy {
    let offers = offers(ctx);
    // SAFETY: the offer says where a tuple has what, handles that are open; it comes with one to count.
    unsafe {
        if offers & HPY_MAY_READ_ITEMS != 0
            && read_at::<isize>(h, HPY_TYPE_AT) == ctx.table().h_TupleType._i
            && (index as usize) < read_at::<usize>(h, HPY_LENGTH_AT)
        {
            let at = extended(ctx).tuple_items_at as usize + index as usize * size_of::<HPy>();
            let item = read_at::<HPy>(h, at);
            assert_unchecked(!item.is_null());
            count_one_more(offers, item);
            return item;
        }
        api::HPy_GetItem_i(ctx.as_raw(), h, index)
    }
}

/// `HPyFloat_AsDouble`: -1 with an exception for what is no float.
///
/// # Safety
/// `h` is an open handle of `ctx`.
#[inline(always)]
pub(crate) unsafe fn float_value(ctx: Ctx<'_>, h: HPy) -> f64 {
    // SAFETY: the offer says where a float has what.
    unsafe {
        if offers(ctx) & HPY_MAY_READ_ITEMS != 0
            && read_at::<isize>(h, HPY_TYPE_AT) == ctx.table().h_FloatType._i
        {
            return read_at::<f64>(h, HPY_FLOAT_AT);
        }
        api::HPyFloat_AsDouble(ctx.as_raw(), h)
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
        if offers & HPY_MAY_COUNT_I32 != 0 {
            let count = with_exposed_provenance_mut::<i32>(h._i as usize);
            if *count != 1 {
                if *count >= 0 {
                    *count -= 1;
                }
                return;
            }
        } else if offers & HPY_MAY_COUNT_WORDS != 0 {
            let count = with_exposed_provenance_mut::<isize>(h._i as usize);
            if *count != 1 {
                *count -= 1;
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
    let offers = offers(ctx);
    if place < HPY_SMALL_INTS as u64 && offers & HPY_MAY_TAKE_INTS != 0 {
        // SAFETY: the offer comes with the ints, whose handles are open; the place is one of them. They are
        // counted by words or not at all.
        unsafe {
            let int = *extended(ctx).small_ints.add(place as usize);
            if offers & HPY_MAY_COUNT_WORDS != 0 {
                *with_exposed_provenance_mut::<isize>(int._i as usize) += 1;
            }
            return Some(int);
        }
    }
    None
}

/// Whether the object's type is exactly `kind`, a constant of the context; false also where the runtime is to be
/// asked.
///
/// # Safety
/// `h` is an open handle of `ctx`.
#[inline(always)]
pub(crate) unsafe fn is_exactly(ctx: Ctx<'_>, h: HPy, kind: HPy) -> bool {
    if offers(ctx) & HPY_MAY_READ_LENGTHS == 0 {
        return false;
    }
    // SAFETY: the offer says where an object has its type.
    unsafe { read_at::<isize>(h, extended(ctx).type_at as usize) == kind._i }
}

/// The length of a str, list or tuple; None where the runtime is to be asked.
///
/// # Safety
/// `h` is an open handle of `ctx`.
#[inline(always)]
pub(crate) unsafe fn length(ctx: Ctx<'_>, h: HPy) -> Option<isize> {
    let table = ctx.table();
    // SAFETY: the caller's; the offer says where objects of these types have their length.
    unsafe {
        if is_exactly(ctx, h, table.h_UnicodeType)
            || is_exactly(ctx, h, table.h_ListType)
            || is_exactly(ctx, h, table.h_TupleType)
        {
            return Some(read_at::<isize>(h, extended(ctx).length_at as usize));
        }
    }
    None
}

/// # Safety
/// There is a `T` so many bytes from the address that the handle is.
#[inline(always)]
unsafe fn read_at<T>(h: HPy, at: usize) -> T {
    // SAFETY: as the caller says.
    unsafe { with_exposed_provenance_mut::<T>(h._i as usize).byte_add(at).read() }
}

/// The struct of an instance whose type has this shape; None where the runtime is to be asked.
///
/// # Safety
/// `h` is an open handle of `ctx`, of such an instance.
#[inline(always)]
pub(crate) unsafe fn struct_of(
    ctx: Ctx<'_>,
    h: HPy,
    shape: HPyType_BuiltinShape,
) -> Option<*mut c_void> {
    if shape != HPyType_BuiltinShape_Object || offers(ctx) & HPY_MAY_REACH_STRUCTS == 0 {
        return None;
    }
    // SAFETY: the offer says where the struct is.
    unsafe {
        let object = with_exposed_provenance_mut::<c_void>(h._i as usize);
        Some(object.byte_add(HPY_STRUCT_AT))
    }
}
