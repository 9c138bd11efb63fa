//! An instance's own struct, and making instances.

use crate::handle::{handle, object};
use crate::type_::{alloc, shape};
use core::ffi::c_void;
use hpy_sys::*;

pub unsafe extern "C" fn _HPy_AsStruct_Object(_ctx: *mut HPyContext, h: HPy) -> *mut c_void {
    object(h).byte_add(shape::OBJECT_OFFSET).cast()
}

pub unsafe extern "C" fn _HPy_AsStruct_Legacy(_ctx: *mut HPyContext, h: HPy) -> *mut c_void {
    object(h).cast()
}

pub unsafe extern "C" fn _HPy_AsStruct_Type(_ctx: *mut HPyContext, h: HPy) -> *mut c_void {
    object(h).byte_add(shape::TYPE_OFFSET).cast()
}

pub unsafe extern "C" fn _HPy_AsStruct_Long(_ctx: *mut HPyContext, h: HPy) -> *mut c_void {
    object(h).byte_add(shape::long_offset(object(h))).cast()
}

pub unsafe extern "C" fn _HPy_AsStruct_Float(_ctx: *mut HPyContext, h: HPy) -> *mut c_void {
    object(h).byte_add(shape::FLOAT_OFFSET).cast()
}

pub unsafe extern "C" fn _HPy_AsStruct_Unicode(_ctx: *mut HPyContext, h: HPy) -> *mut c_void {
    object(h).byte_add(shape::UNICODE_OFFSET).cast()
}

pub unsafe extern "C" fn _HPy_AsStruct_Tuple(_ctx: *mut HPyContext, h: HPy) -> *mut c_void {
    object(h).byte_add(shape::tuple_offset(object(h))).cast()
}

pub unsafe extern "C" fn _HPy_AsStruct_List(_ctx: *mut HPyContext, h: HPy) -> *mut c_void {
    object(h).byte_add(shape::LIST_OFFSET).cast()
}

pub unsafe extern "C" fn _HPy_AsStruct_Dict(_ctx: *mut HPyContext, h: HPy) -> *mut c_void {
    object(h).byte_add(shape::DICT_OFFSET).cast()
}

/// `HPy_New`: an instance of a type, its struct all zero, and where the struct is. Null with a TypeError if
/// `h_type` is no type or its instances cannot be made without arguments.
pub unsafe extern "C" fn _HPy_New(
    _ctx: *mut HPyContext,
    h_type: HPy,
    data: *mut *mut c_void,
) -> HPy {
    handle(alloc::new_instance(object(h_type), data))
}
