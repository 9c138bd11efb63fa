//! Calls, whose arguments come in arrays, and the ways a call can come back.

use crate::backend::{self, index};
use crate::call::{Call, Handles};
use crate::report::{self, Finding};
use crate::state;
use core::ffi::{c_int, c_void};
use hpy_sys::backend::CallTarget;
use hpy_sys::*;

const CALL: u16 = index("HPy_Call");
const CALL_METHOD: u16 = index("HPy_CallMethod");
const GENERIC_NEW: u16 = index("HPyType_GenericNew");

/// How many arguments an array has with the keyword arguments that `kwnames`, a handle below, names.
#[cold]
unsafe fn with_keywords(call: &Call, nargs: usize, kwnames: HPy) -> Option<usize> {
    if api::HPyTuple_Check(call.base, kwnames) == 0 {
        let name = call.name();
        let message = format!("{name} arg 'kwnames' must be a tuple object or HPy_NULL");
        let text = std::ffi::CString::new(message.clone()).unwrap_or_default();
        let finding = Finding::new("wrong-argument", message, call.frame.name());
        report::fatal(call.shared(), finding, &text);
        return None;
    }
    let names = api::HPy_Length(call.base, kwnames);
    if names < 0 {
        call.failed();
        return None;
    }
    Some(nargs + names as usize)
}

macro_rules! call {
    ($name:ident, $field:ident, $function:ident, $first:ident) => {
        pub unsafe extern "C" fn $name(
            ctx: *mut HPyContext,
            $first: HPy,
            args: *const HPy,
            nargs: usize,
            kwnames: HPy,
        ) -> HPy {
            let call = Call::begin_clean(ctx, $function);
            let Some($first) = call.handle($first, stringify!($first)) else { return HPy::NULL };
            let Some(kwnames) = call.handle_or_null(kwnames, "kwnames") else { return HPy::NULL };
            let mut count = nargs;
            if !kwnames.is_null() {
                let Some(all) = with_keywords(&call, nargs, kwnames) else { return HPy::NULL };
                count = all;
            }
            let mut inner = Handles::empty();
            if !call.handles(&mut inner, args, count, "args") {
                return HPy::NULL;
            }
            call.new_handle(((*call.base).$field)(
                call.base,
                $first,
                inner.as_ptr(),
                nargs,
                kwnames,
            ))
        }
    };
}

call!(HPy_Call, ctx_Call, CALL, callable);
call!(HPy_CallMethod, ctx_CallMethod, CALL_METHOD, name);

pub unsafe extern "C" fn HPyType_GenericNew(
    ctx: *mut HPyContext,
    h_type: HPy,
    args: *const HPy,
    nargs: HPy_ssize_t,
    kw: HPy,
) -> HPy {
    let call = Call::begin(ctx, GENERIC_NEW);
    let Some(h_type) = call.handle(h_type, "type") else { return HPy::NULL };
    let mut inner = Handles::empty();
    if !call.handles(&mut inner, args, nargs.max(0) as usize, "args") {
        return HPy::NULL;
    }
    let Some(kw) = call.handle_or_null(kw, "kw") else { return HPy::NULL };
    call.new_handle(((*call.base).ctx_Type_GenericNew)(
        call.base,
        h_type,
        inner.as_ptr(),
        nargs,
        kw,
    ))
}

pub unsafe extern "C" fn HPy_SetCallFunction(
    ctx: *mut HPyContext,
    h: HPy,
    func: *mut HPyCallFunction,
) -> c_int {
    let state = state::of(ctx);
    let direct = CallTarget { ctx: state.main, entries: core::ptr::null() };
    backend::set_call_function(ctx, &direct, h, func)
}

/// Through the binary's trampolines, which know the main context only: no call is running yet.
pub unsafe extern "C" fn _HPy_CallRealFunctionFromTrampoline(
    ctx: *mut HPyContext,
    sig: HPyFunc_Signature,
    func: HPyCFunction,
    args: *mut c_void,
) {
    let state = state::of(ctx);
    let direct = CallTarget { ctx: state.main, entries: core::ptr::null() };
    backend::call_from_trampoline(ctx, &direct, sig, func, args);
}
