//! Exceptions set and cleared: who set the pending one is remembered for messages.

use crate::backend::index;
use crate::call::Call;
use core::ffi::c_char;
use hpy_sys::*;

const CLEAR: u16 = index("HPyErr_Clear");
const UNRAISABLE: u16 = index("HPyErr_WriteUnraisable");
const SET_STRING: u16 = index("HPyErr_SetString");
const SET_OBJECT: u16 = index("HPyErr_SetObject");

pub unsafe extern "C" fn HPyErr_Clear(ctx: *mut HPyContext) {
    let call = Call::begin(ctx, CLEAR);
    ((*call.base).ctx_Err_Clear)(call.base);
    call.frame.marks.pending.set(0);
}

pub unsafe extern "C" fn HPyErr_WriteUnraisable(ctx: *mut HPyContext, obj: HPy) {
    let call = Call::begin(ctx, UNRAISABLE);
    let Some(obj) = call.handle_or_null(obj, "obj") else { return };
    ((*call.base).ctx_Err_WriteUnraisable)(call.base, obj);
    call.frame.marks.pending.set(0);
}

pub unsafe extern "C" fn HPyErr_SetString(
    ctx: *mut HPyContext,
    h_type: HPy,
    utf8_message: *const c_char,
) -> HPy {
    let call = Call::begin(ctx, SET_STRING);
    let Some(h_type) = call.handle(h_type, "h_type") else { return HPy::NULL };
    call.failed();
    ((*call.base).ctx_Err_SetString)(call.base, h_type, utf8_message)
}

pub unsafe extern "C" fn HPyErr_SetObject(ctx: *mut HPyContext, h_type: HPy, h_value: HPy) -> HPy {
    let call = Call::begin(ctx, SET_OBJECT);
    let Some(h_type) = call.handle(h_type, "h_type") else { return HPy::NULL };
    let Some(h_value) = call.handle_or_null(h_value, "h_value") else { return HPy::NULL };
    call.failed();
    ((*call.base).ctx_Err_SetObject)(call.base, h_type, h_value)
}
