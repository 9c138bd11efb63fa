use core::ffi::{c_char, c_int, c_void};
use hpy_sys::*;

pub unsafe extern "C" fn _HPy_AsStruct_Object(ctx: *mut HPyContext, h: HPy) -> *mut c_void {
    crate::stub(c"_HPy_AsStruct_Object")
}

pub unsafe extern "C" fn _HPy_AsStruct_Legacy(ctx: *mut HPyContext, h: HPy) -> *mut c_void {
    crate::stub(c"_HPy_AsStruct_Legacy")
}

pub unsafe extern "C" fn _HPy_New(
    ctx: *mut HPyContext,
    h_type: HPy,
    data: *mut *mut c_void,
) -> HPy {
    crate::stub(c"_HPy_New")
}

pub unsafe extern "C" fn _HPy_AsStruct_Type(ctx: *mut HPyContext, h: HPy) -> *mut c_void {
    crate::stub(c"_HPy_AsStruct_Type")
}

pub unsafe extern "C" fn _HPy_AsStruct_Long(ctx: *mut HPyContext, h: HPy) -> *mut c_void {
    crate::stub(c"_HPy_AsStruct_Long")
}

pub unsafe extern "C" fn _HPy_AsStruct_Float(ctx: *mut HPyContext, h: HPy) -> *mut c_void {
    crate::stub(c"_HPy_AsStruct_Float")
}

pub unsafe extern "C" fn _HPy_AsStruct_Unicode(ctx: *mut HPyContext, h: HPy) -> *mut c_void {
    crate::stub(c"_HPy_AsStruct_Unicode")
}

pub unsafe extern "C" fn _HPy_AsStruct_Tuple(ctx: *mut HPyContext, h: HPy) -> *mut c_void {
    crate::stub(c"_HPy_AsStruct_Tuple")
}

pub unsafe extern "C" fn _HPy_AsStruct_List(ctx: *mut HPyContext, h: HPy) -> *mut c_void {
    crate::stub(c"_HPy_AsStruct_List")
}

pub unsafe extern "C" fn _HPy_AsStruct_Dict(ctx: *mut HPyContext, h: HPy) -> *mut c_void {
    crate::stub(c"_HPy_AsStruct_Dict")
}
