//! Special methods that a class gets from what its struct can do in Rust: `#[hpy::class(repr, eq, ord, hash,
//! match_args)]`.

use super::{Class, borrow_for, is_instance, receiver};
use crate::def::{Item, slot};
use crate::handle::{Handle, Ref};
use crate::kinds::{Any, Str, Tuple};
use crate::trampoline::packed::{P, pass};
use crate::{Compare, Ctx, PyResult};
use core::ffi::{c_int, c_void};
use core::hash::{Hash, Hasher};
use hpy_sys::*;

/// The trampoline of a generic implementation, whose parameter the macro for plain ones does not see.
macro_rules! generic_trampoline {
    ($imp:ident [$t:ident: $($bound:tt)+] $signature:ident ($($arg:ident: $ty:ty),*) -> $result:ty = $zero:expr) => {{
        #[repr(C)]
        struct Packed {
            $($arg: $ty,)*
            result: $result,
        }
        unsafe extern "C" fn trampoline<$t: $($bound)+>($($arg: $ty),*) -> $result {
            if let Some(ctx) = crate::runtime::straight_context() {
                // SAFETY: the runtime's context, and the arguments of the signature.
                return unsafe { pass($imp::<$t>(ctx, $(pass($arg)),*)) };
            }
            let mut packed = Packed { $($arg,)* result: $zero };
            let imp = $imp::<$t> as *mut c_void;
            // SAFETY: the struct is the one of the signature.
            unsafe { crate::runtime::call_from_trampoline($signature, imp, &mut packed) };
            packed.result
        }
        trampoline::<$t> as *mut c_void
    }};
}

/// `Name(field=value, ...)` of the fields that have a getter.
pub fn push_repr<T: Class>(items: &mut Vec<Item>) {
    unsafe extern "C" fn repr<T: Class>(ctx: *mut HPyContext, object: HPy) -> HPy {
        // SAFETY: the arguments are those of the call.
        unsafe {
            crate::entry::object(ctx, |ctx| {
                let object = receiver::<T>(ctx, object);
                let mut text = object.type_name();
                text.push('(');
                for (index, name) in T::definition().shown.iter().enumerate() {
                    if index > 0 {
                        text.push_str(", ");
                    }
                    text.push_str(&name.to_string_lossy());
                    text.push('=');
                    text.push_str(object.getattr(*name)?.repr()?.to_str()?);
                }
                text.push(')');
                Str::new(ctx, &text).map(Handle::into_any)
            })
        }
    }
    let trampoline = generic_trampoline!(repr [T: Class] HPyFunc_REPRFUNC
        (object: P) -> P = 0);
    items.push(Item::Def(slot(HPy_tp_repr, repr::<T> as *mut c_void, trampoline)));
}

/// What a comparison gives: None where the struct cannot compare in this way.
trait Comparison<T> {
    fn compare(left: &T, right: &T, how: Compare) -> Option<bool>;
}

struct ByEq;
impl<T: PartialEq> Comparison<T> for ByEq {
    fn compare(left: &T, right: &T, how: Compare) -> Option<bool> {
        match how {
            Compare::Eq => Some(left == right),
            Compare::Ne => Some(left != right),
            _ => None,
        }
    }
}

struct ByOrd;
impl<T: PartialOrd> Comparison<T> for ByOrd {
    fn compare(left: &T, right: &T, how: Compare) -> Option<bool> {
        Some(match how {
            Compare::Eq => left == right,
            Compare::Ne => left != right,
            Compare::Lt => left < right,
            Compare::Le => left <= right,
            Compare::Gt => left > right,
            Compare::Ge => left >= right,
        })
    }
}

/// # Safety
/// The arguments are those of a call of `tp_richcompare` of the class.
unsafe fn compared<T: Class, C: Comparison<T>>(
    ctx: *mut HPyContext,
    left: HPy,
    right: HPy,
    operator: c_int,
) -> HPy {
    // SAFETY: as the caller says.
    unsafe {
        crate::entry::object(ctx, |ctx| {
            let other = Ref::<Any>::from_raw(ctx, right);
            let Some(how) = Compare::from_raw(operator) else {
                return Ok(ctx.not_implemented().to_owned());
            };
            if !is_instance::<T>(&other) {
                return Ok(ctx.not_implemented().to_owned());
            }
            let left = borrow_for(receiver::<T>(ctx, left))?;
            let right = borrow_for(receiver::<T>(ctx, right))?;
            Ok(match C::compare(&left, &right, how) {
                Some(answer) => ctx.bool(answer).to_owned(),
                None => ctx.not_implemented().to_owned(),
            })
        })
    }
}

/// `==` and `!=` by `PartialEq`.
pub fn push_eq<T: Class + PartialEq>(items: &mut Vec<Item>) {
    unsafe extern "C" fn compare<T: Class + PartialEq>(
        ctx: *mut HPyContext,
        left: HPy,
        right: HPy,
        operator: c_int,
    ) -> HPy {
        // SAFETY: the arguments are those of the call.
        unsafe { compared::<T, ByEq>(ctx, left, right, operator) }
    }
    let trampoline = generic_trampoline!(compare [T: Class + PartialEq] HPyFunc_RICHCMPFUNC
        (left: P, right: P, operator: c_int) -> P = 0);
    items.push(Item::Def(slot(HPy_tp_richcompare, compare::<T> as *mut c_void, trampoline)));
}

/// All comparisons by `PartialOrd`.
pub fn push_ord<T: Class + PartialOrd>(items: &mut Vec<Item>) {
    unsafe extern "C" fn compare<T: Class + PartialOrd>(
        ctx: *mut HPyContext,
        left: HPy,
        right: HPy,
        operator: c_int,
    ) -> HPy {
        // SAFETY: the arguments are those of the call.
        unsafe { compared::<T, ByOrd>(ctx, left, right, operator) }
    }
    let trampoline = generic_trampoline!(compare [T: Class + PartialOrd] HPyFunc_RICHCMPFUNC
        (left: P, right: P, operator: c_int) -> P = 0);
    items.push(Item::Def(slot(HPy_tp_richcompare, compare::<T> as *mut c_void, trampoline)));
}

/// `hash()` by `Hash`, the same in every process.
pub fn push_hash<T: Class + Hash>(items: &mut Vec<Item>) {
    unsafe extern "C" fn hash<T: Class + Hash>(ctx: *mut HPyContext, object: HPy) -> isize {
        // SAFETY: the arguments are those of the call.
        unsafe {
            crate::entry::number(ctx, |ctx| {
                let mut hasher = std::hash::DefaultHasher::new();
                borrow_for(receiver::<T>(ctx, object))?.hash(&mut hasher);
                // -1 means failure.
                Ok(match hasher.finish() as isize {
                    -1 => -2,
                    hash => hash,
                })
            })
        }
    }
    let trampoline = generic_trampoline!(hash [T: Class + Hash] HPyFunc_HASHFUNC
        (object: P) -> isize = 0);
    items.push(Item::Def(slot(HPy_tp_hash, hash::<T> as *mut c_void, trampoline)));
}

/// `__match_args__`: the fields that have a getter.
pub fn push_match_args<T: Class>(items: &mut Vec<Item>) {
    fn names<T: Class>(ctx: Ctx<'_>) -> PyResult<'_, Handle<'_, Any>> {
        let names = T::definition()
            .shown
            .iter()
            .map(|name| Str::from_c_str(ctx, name).map(Handle::into_any))
            .collect::<PyResult<'_, Vec<_>>>()?;
        Tuple::from_handles(ctx, &names).map(Handle::into_any)
    }
    items.push(Item::Attribute(c"__match_args__", names::<T>));
}
