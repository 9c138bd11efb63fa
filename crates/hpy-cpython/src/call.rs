use core::ffi::{c_char, c_int, c_void};
use hpy_sys::*;

pub unsafe extern "C" fn HPyCallable_Check(ctx: *mut HPyContext, h: HPy) -> c_int {
    crate::stub(c"HPyCallable_Check")
}

pub unsafe extern "C" fn HPy_CallTupleDict(
    ctx: *mut HPyContext,
    callable: HPy,
    args: HPy,
    kw: HPy,
) -> HPy {
    crate::stub(c"HPy_CallTupleDict")
}

pub unsafe extern "C" fn HPy_SetCallFunction(
    ctx: *mut HPyContext,
    h: HPy,
    func: *mut HPyCallFunction,
) -> c_int {
    crate::stub(c"HPy_SetCallFunction")
}

pub unsafe extern "C" fn HPy_Call(
    ctx: *mut HPyContext,
    callable: HPy,
    args: *const HPy,
    nargs: usize,
    kwnames: HPy,
) -> HPy {
    crate::stub(c"HPy_Call")
}

pub unsafe extern "C" fn HPy_CallMethod(
    ctx: *mut HPyContext,
    name: HPy,
    args: *const HPy,
    nargs: usize,
    kwnames: HPy,
) -> HPy {
    crate::stub(c"HPy_CallMethod")
}

pub unsafe extern "C" fn set_call_function(
    _ctx: *mut HPyContext,
    _target: *const hpy_sys::backend::CallTarget,
    _h: HPy,
    _func: *mut HPyCallFunction,
) -> c_int {
    crate::stub(c"set_call_function")
}
