use core::ffi::{c_char, c_int, c_void};
use hpy_sys::*;

pub unsafe extern "C" fn HPyType_FromSpec(
    ctx: *mut HPyContext,
    spec: *mut HPyType_Spec,
    params: *mut HPyType_SpecParam,
) -> HPy {
    crate::stub(c"HPyType_FromSpec")
}

pub unsafe extern "C" fn HPyType_GenericNew(
    ctx: *mut HPyContext,
    r#type: HPy,
    args: *const HPy,
    nargs: HPy_ssize_t,
    kw: HPy,
) -> HPy {
    crate::stub(c"HPyType_GenericNew")
}

pub unsafe extern "C" fn _HPyType_GetBuiltinShape(
    ctx: *mut HPyContext,
    h_type: HPy,
) -> HPyType_BuiltinShape {
    crate::stub(c"_HPyType_GetBuiltinShape")
}

pub unsafe extern "C" fn HPyType_GetName(ctx: *mut HPyContext, r#type: HPy) -> *const c_char {
    crate::stub(c"HPyType_GetName")
}

pub unsafe extern "C" fn HPyType_IsSubtype(ctx: *mut HPyContext, sub: HPy, r#type: HPy) -> c_int {
    crate::stub(c"HPyType_IsSubtype")
}

pub unsafe extern "C" fn from_spec(
    _ctx: *mut HPyContext,
    _target: *const hpy_sys::backend::CallTarget,
    _spec: *mut HPyType_Spec,
    _params: *mut HPyType_SpecParam,
) -> HPy {
    crate::stub(c"from_spec")
}
