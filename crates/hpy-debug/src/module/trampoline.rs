//! What CPython calls to reach the module's functions where there are no thunks: see the ABI's trampolines.
//!
//! A trampoline has nowhere to keep its context but a variable of the process, as in every binary. So
//! without thunks the module serves one interpreter: [`claim`] says whether that is the calling one.

use core::ffi::{c_int, c_void};
use core::ptr;
use core::sync::atomic::{AtomicPtr, Ordering};
use hpy_sys::{HPyContext, HPyFunc_Signature};

static CONTEXT: AtomicPtr<HPyContext> = AtomicPtr::new(ptr::null_mut());

/// Makes `ctx` the context of the trampolines; false if another one is.
pub fn claim(ctx: *mut HPyContext) -> bool {
    match CONTEXT.compare_exchange(ptr::null_mut(), ctx, Ordering::AcqRel, Ordering::Acquire) {
        Ok(_) => true,
        Err(other) => other == ctx,
    }
}

/// An object of the interpreter, opaque here.
pub type Object = *mut c_void;

/// Hands the arguments to the context, which calls `imp`.
unsafe fn forward<A>(sig: HPyFunc_Signature, imp: *const c_void, arguments: &mut A) {
    let ctx = CONTEXT.load(Ordering::Acquire);
    ((*ctx).ctx_CallRealFunctionFromTrampoline)(
        ctx,
        sig,
        imp.cast_mut(),
        ptr::from_mut(arguments).cast(),
    );
}

#[repr(C)]
struct One {
    slf: Object,
    result: Object,
}

#[repr(C)]
struct Two {
    slf: Object,
    other: Object,
    result: Object,
}

#[repr(C)]
struct Compare {
    slf: Object,
    other: Object,
    op: c_int,
    result: Object,
}

#[repr(C)]
struct Var {
    slf: Object,
    args: *const Object,
    nargs: isize,
    result: Object,
}

pub unsafe fn one(sig: HPyFunc_Signature, imp: *const c_void, slf: Object) -> Object {
    let mut arguments = One { slf, result: ptr::null_mut() };
    forward(sig, imp, &mut arguments);
    arguments.result
}

pub unsafe fn two(
    sig: HPyFunc_Signature,
    imp: *const c_void,
    slf: Object,
    other: Object,
) -> Object {
    let mut arguments = Two { slf, other, result: ptr::null_mut() };
    forward(sig, imp, &mut arguments);
    arguments.result
}

pub unsafe fn compare(imp: *const c_void, slf: Object, other: Object, op: c_int) -> Object {
    let mut arguments = Compare { slf, other, op, result: ptr::null_mut() };
    forward(hpy_sys::HPyFunc_RICHCMPFUNC, imp, &mut arguments);
    arguments.result
}

pub unsafe fn var(imp: *const c_void, slf: Object, args: *const Object, nargs: isize) -> Object {
    let mut arguments = Var { slf, args, nargs, result: ptr::null_mut() };
    forward(hpy_sys::HPyFunc_VARARGS, imp, &mut arguments);
    arguments.result
}

/// The trampoline of the function `$imp`, by its kind.
macro_rules! trampoline {
    (HPyFunc_NOARGS, $ty:ty, $imp:path) => {{
        unsafe extern "C" fn enter(slf: Object, _: Object) -> Object {
            one(HPyFunc_NOARGS, $imp as $ty as *const c_void, slf)
        }
        enter as unsafe extern "C" fn(Object, Object) -> Object as *const c_void
    }};
    (HPyFunc_O, $ty:ty, $imp:path) => {{
        unsafe extern "C" fn enter(slf: Object, arg: Object) -> Object {
            two(HPyFunc_O, $imp as $ty as *const c_void, slf, arg)
        }
        enter as unsafe extern "C" fn(Object, Object) -> Object as *const c_void
    }};
    (HPyFunc_VARARGS, $ty:ty, $imp:path) => {{
        unsafe extern "C" fn enter(slf: Object, args: *const Object, nargs: isize) -> Object {
            var($imp as $ty as *const c_void, slf, args, nargs)
        }
        enter as unsafe extern "C" fn(Object, *const Object, isize) -> Object as *const c_void
    }};
    (HPyFunc_GETTER, $ty:ty, $imp:path) => {{
        unsafe extern "C" fn enter(slf: Object, closure: Object) -> Object {
            two(HPyFunc_GETTER, $imp as $ty as *const c_void, slf, closure)
        }
        enter as unsafe extern "C" fn(Object, Object) -> Object as *const c_void
    }};
    (HPyFunc_REPRFUNC, $ty:ty, $imp:path) => {{
        unsafe extern "C" fn enter(slf: Object) -> Object {
            one(HPyFunc_REPRFUNC, $imp as $ty as *const c_void, slf)
        }
        enter as unsafe extern "C" fn(Object) -> Object as *const c_void
    }};
    (HPyFunc_RICHCMPFUNC, $ty:ty, $imp:path) => {{
        unsafe extern "C" fn enter(slf: Object, other: Object, op: c_int) -> Object {
            trampoline::compare($imp as $ty as *const c_void, slf, other, op)
        }
        enter as unsafe extern "C" fn(Object, Object, c_int) -> Object as *const c_void
    }};
}
pub(crate) use trampoline;
