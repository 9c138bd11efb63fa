//! Access to an object's native struct, which must be of the shape the function is for.

#![allow(non_upper_case_globals)] // The ABI's own names.

use crate::backend::index;
use crate::call::Call;
use crate::frame;
use crate::report::{self, Finding};
use core::ffi::c_void;
use hpy_sys::*;

fn shape_name(shape: HPyType_BuiltinShape) -> &'static str {
    match shape {
        HPyType_BuiltinShape_Legacy => "HPyType_BuiltinShape_Legacy",
        HPyType_BuiltinShape_Object => "HPyType_BuiltinShape_Object",
        HPyType_BuiltinShape_Type => "HPyType_BuiltinShape_Type",
        HPyType_BuiltinShape_Long => "HPyType_BuiltinShape_Long",
        HPyType_BuiltinShape_Float => "HPyType_BuiltinShape_Float",
        HPyType_BuiltinShape_Unicode => "HPyType_BuiltinShape_Unicode",
        HPyType_BuiltinShape_Tuple => "HPyType_BuiltinShape_Tuple",
        HPyType_BuiltinShape_List => "HPyType_BuiltinShape_List",
        HPyType_BuiltinShape_Dict => "HPyType_BuiltinShape_Dict",
        _ => "an unknown shape",
    }
}

/// Ends the process unless the object's type has the shape `expected`.
#[inline(always)]
unsafe fn require_shape(call: &Call, inner: HPy, expected: HPyType_BuiltinShape) {
    let actual = ((*call.state().backend).shape_of)(call.base, inner);
    if actual != expected {
        wrong_shape(call, inner, actual, expected);
    }
}

#[cold]
unsafe fn wrong_shape(
    call: &Call,
    inner: HPy,
    actual: HPyType_BuiltinShape,
    expected: HPyType_BuiltinShape,
) {
    let function = call.frame.name();
    let fault = format!(
        "Invalid usage of {}: the type has the shape {}, not {}",
        call.name(),
        shape_name(actual),
        shape_name(expected)
    );
    let text = std::ffi::CString::new(fault.clone()).unwrap_or_default();
    let found = crate::workshop::repr_of(call.shared(), inner);
    let message = format!("{function}: {fault}, for {found}");
    report::fatal(call.shared(), Finding::new("wrong-struct", message, function), &text);
}

macro_rules! as_struct {
    ($($name:ident, $field:ident, $shape:ident;)*) => {$(
        pub unsafe extern "C" fn $name(ctx: *mut HPyContext, h: HPy) -> *mut c_void {
            const FUNCTION: u16 = index(stringify!($name));
            let frame = frame::of(ctx);
            let record = frame.record(h);
            if record.is(h, frame.pass()) {
                let inner = record.inner();
                let actual = ((*(*frame.state).backend).shape_of)(frame.base, inner);
                if actual == $shape {
                    return ((*frame.base).$field)(frame.base, inner);
                }
            }
            let call = Call::begin(ctx, FUNCTION);
            let Some(inner) = call.handle(h, "h") else { return core::ptr::null_mut() };
            require_shape(&call, inner, $shape);
            ((*call.base).$field)(call.base, inner)
        }
    )*};
}

as_struct! {
    _HPy_AsStruct_Object, ctx_AsStruct_Object, HPyType_BuiltinShape_Object;
    _HPy_AsStruct_Legacy, ctx_AsStruct_Legacy, HPyType_BuiltinShape_Legacy;
    _HPy_AsStruct_Type, ctx_AsStruct_Type, HPyType_BuiltinShape_Type;
    _HPy_AsStruct_Long, ctx_AsStruct_Long, HPyType_BuiltinShape_Long;
    _HPy_AsStruct_Float, ctx_AsStruct_Float, HPyType_BuiltinShape_Float;
    _HPy_AsStruct_Unicode, ctx_AsStruct_Unicode, HPyType_BuiltinShape_Unicode;
    _HPy_AsStruct_Tuple, ctx_AsStruct_Tuple, HPyType_BuiltinShape_Tuple;
    _HPy_AsStruct_List, ctx_AsStruct_List, HPyType_BuiltinShape_List;
    _HPy_AsStruct_Dict, ctx_AsStruct_Dict, HPyType_BuiltinShape_Dict;
}
