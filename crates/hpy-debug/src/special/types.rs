//! Types: made from specs, and functions that must be given one.

use crate::backend::index;
use crate::call::Call;
use crate::report::{self, Finding};
use core::ffi::{CStr, c_char, c_int};
use core::ptr;
use hpy_sys::backend::CallTarget;
use hpy_sys::*;

const FROM_SPEC: u16 = index("HPyType_FromSpec");
const TYPE_CHECK: u16 = index("HPy_TypeCheck");
const GET_NAME: u16 = index("HPyType_GetName");
const IS_SUBTYPE: u16 = index("HPyType_IsSubtype");
const SUBSTRING: u16 = index("HPyUnicode_Substring");

pub unsafe extern "C" fn HPyType_FromSpec(
    ctx: *mut HPyContext,
    spec: *mut HPyType_Spec,
    params: *mut HPyType_SpecParam,
) -> HPy {
    let call = Call::begin(ctx, FROM_SPEC);
    from_spec(&call, &raw const call.state().direct.call, spec, params)
}

/// A type whose calls go to `target`, a target of this context.
pub unsafe fn from_spec(
    call: &Call,
    target: *const CallTarget,
    spec: *mut HPyType_Spec,
    params: *mut HPyType_SpecParam,
) -> HPy {
    if !params.is_null() {
        return from_spec_with(call, target, spec, params);
    }
    let made = ((*call.state().backend).type_from_spec)(call.base, target, spec, ptr::null_mut());
    call.new_handle(made)
}

unsafe fn from_spec_with(
    call: &Call,
    target: *const CallTarget,
    spec: *mut HPyType_Spec,
    params: *mut HPyType_SpecParam,
) -> HPy {
    let mut inner = Vec::new();
    let mut param = params;
    while let Some(each) = param.as_ref() {
        if each.kind == 0 {
            break;
        }
        let Some(object) = call.handle(each.object, "params") else { return HPy::NULL };
        inner.push(HPyType_SpecParam { kind: each.kind, object });
        param = param.add(1);
    }
    inner.push(HPyType_SpecParam { kind: 0, object: HPy::NULL });
    let params = inner.as_mut_ptr();
    let made = ((*call.state().backend).type_from_spec)(call.base, target, spec, params);
    call.new_handle(made)
}

/// Ends the process unless `inner` is of the type `expected`: the function below would not notice.
pub unsafe fn require(call: &Call, inner: HPy, expected: HPy, argument: &str, what: &str) {
    if api::HPy_TypeCheck(call.base, inner, expected) != 0 {
        return;
    }
    let function = call.frame.name();
    let fault = format!("{} {argument} must be {what}", call.name());
    let found = crate::workshop::repr_of(call.state(), inner);
    let text = std::ffi::CString::new(fault.clone()).unwrap_or_default();
    let message = format!("{function}: {fault}, got {found}");
    report::fatal(call.shared(), Finding::new("wrong-argument", message, function), &text);
}

unsafe fn require_type(call: &Call, inner: HPy, argument: &str) {
    require(call, inner, (*call.base).h_TypeType, argument, "a type");
}

pub unsafe extern "C" fn HPy_TypeCheck(ctx: *mut HPyContext, obj: HPy, h_type: HPy) -> c_int {
    let call = Call::begin(ctx, TYPE_CHECK);
    let Some(obj) = call.handle(obj, "obj") else { return 0 };
    let Some(h_type) = call.handle(h_type, "type") else { return 0 };
    require_type(&call, h_type, "arg 2");
    ((*call.base).ctx_TypeCheck)(call.base, obj, h_type)
}

pub unsafe extern "C" fn HPyType_GetName(ctx: *mut HPyContext, h_type: HPy) -> *const c_char {
    let call = Call::begin(ctx, GET_NAME);
    let Some(inner) = call.handle(h_type, "type") else { return ptr::null() };
    require_type(&call, inner, "arg");
    let name = ((*call.base).ctx_Type_GetName)(call.base, inner);
    if name.is_null() {
        call.failed();
        return name;
    }
    super::text::lend(&call, h_type, name, CStr::from_ptr(name).count_bytes() + 1)
}

pub unsafe extern "C" fn HPyType_IsSubtype(ctx: *mut HPyContext, sub: HPy, h_type: HPy) -> c_int {
    let call = Call::begin(ctx, IS_SUBTYPE);
    let Some(sub) = call.handle(sub, "sub") else { return 0 };
    let Some(h_type) = call.handle(h_type, "type") else { return 0 };
    require_type(&call, sub, "arg 1");
    require_type(&call, h_type, "arg 2");
    ((*call.base).ctx_Type_IsSubtype)(call.base, sub, h_type)
}

pub unsafe extern "C" fn HPyUnicode_Substring(
    ctx: *mut HPyContext,
    str: HPy,
    start: HPy_ssize_t,
    end: HPy_ssize_t,
) -> HPy {
    let call = Call::begin(ctx, SUBSTRING);
    let Some(str) = call.handle(str, "str") else { return HPy::NULL };
    require(&call, str, (*call.base).h_UnicodeType, "arg 1", "a Unicode object");
    call.new_handle(((*call.base).ctx_Unicode_Substring)(call.base, str, start, end))
}
