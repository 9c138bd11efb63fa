use core::ffi::{c_char, c_int, c_void};
use hpy_sys::*;

pub unsafe extern "C" fn HPy_Length(ctx: *mut HPyContext, h: HPy) -> HPy_ssize_t {
    crate::stub(c"HPy_Length")
}

pub unsafe extern "C" fn HPy_IsTrue(ctx: *mut HPyContext, h: HPy) -> c_int {
    crate::stub(c"HPy_IsTrue")
}

pub unsafe extern "C" fn HPy_GetAttr(ctx: *mut HPyContext, obj: HPy, name: HPy) -> HPy {
    crate::stub(c"HPy_GetAttr")
}

pub unsafe extern "C" fn HPy_GetAttr_s(
    ctx: *mut HPyContext,
    obj: HPy,
    utf8_name: *const c_char,
) -> HPy {
    crate::stub(c"HPy_GetAttr_s")
}

pub unsafe extern "C" fn HPy_HasAttr(ctx: *mut HPyContext, obj: HPy, name: HPy) -> c_int {
    crate::stub(c"HPy_HasAttr")
}

pub unsafe extern "C" fn HPy_HasAttr_s(
    ctx: *mut HPyContext,
    obj: HPy,
    utf8_name: *const c_char,
) -> c_int {
    crate::stub(c"HPy_HasAttr_s")
}

pub unsafe extern "C" fn HPy_SetAttr(
    ctx: *mut HPyContext,
    obj: HPy,
    name: HPy,
    value: HPy,
) -> c_int {
    crate::stub(c"HPy_SetAttr")
}

pub unsafe extern "C" fn HPy_SetAttr_s(
    ctx: *mut HPyContext,
    obj: HPy,
    utf8_name: *const c_char,
    value: HPy,
) -> c_int {
    crate::stub(c"HPy_SetAttr_s")
}

pub unsafe extern "C" fn HPy_GetItem(ctx: *mut HPyContext, obj: HPy, key: HPy) -> HPy {
    crate::stub(c"HPy_GetItem")
}

pub unsafe extern "C" fn HPy_GetItem_i(ctx: *mut HPyContext, obj: HPy, idx: HPy_ssize_t) -> HPy {
    crate::stub(c"HPy_GetItem_i")
}

pub unsafe extern "C" fn HPy_GetItem_s(
    ctx: *mut HPyContext,
    obj: HPy,
    utf8_key: *const c_char,
) -> HPy {
    crate::stub(c"HPy_GetItem_s")
}

pub unsafe extern "C" fn HPy_Contains(ctx: *mut HPyContext, container: HPy, key: HPy) -> c_int {
    crate::stub(c"HPy_Contains")
}

pub unsafe extern "C" fn HPy_SetItem(
    ctx: *mut HPyContext,
    obj: HPy,
    key: HPy,
    value: HPy,
) -> c_int {
    crate::stub(c"HPy_SetItem")
}

pub unsafe extern "C" fn HPy_SetItem_i(
    ctx: *mut HPyContext,
    obj: HPy,
    idx: HPy_ssize_t,
    value: HPy,
) -> c_int {
    crate::stub(c"HPy_SetItem_i")
}

pub unsafe extern "C" fn HPy_SetItem_s(
    ctx: *mut HPyContext,
    obj: HPy,
    utf8_key: *const c_char,
    value: HPy,
) -> c_int {
    crate::stub(c"HPy_SetItem_s")
}

pub unsafe extern "C" fn HPy_Type(ctx: *mut HPyContext, obj: HPy) -> HPy {
    crate::stub(c"HPy_Type")
}

pub unsafe extern "C" fn HPy_TypeCheck(ctx: *mut HPyContext, obj: HPy, r#type: HPy) -> c_int {
    crate::stub(c"HPy_TypeCheck")
}

pub unsafe extern "C" fn HPy_Is(ctx: *mut HPyContext, obj: HPy, other: HPy) -> c_int {
    crate::stub(c"HPy_Is")
}

pub unsafe extern "C" fn HPy_Repr(ctx: *mut HPyContext, obj: HPy) -> HPy {
    crate::stub(c"HPy_Repr")
}

pub unsafe extern "C" fn HPy_Str(ctx: *mut HPyContext, obj: HPy) -> HPy {
    crate::stub(c"HPy_Str")
}

pub unsafe extern "C" fn HPy_ASCII(ctx: *mut HPyContext, obj: HPy) -> HPy {
    crate::stub(c"HPy_ASCII")
}

pub unsafe extern "C" fn HPy_Bytes(ctx: *mut HPyContext, obj: HPy) -> HPy {
    crate::stub(c"HPy_Bytes")
}

pub unsafe extern "C" fn HPy_RichCompare(ctx: *mut HPyContext, v: HPy, w: HPy, op: c_int) -> HPy {
    crate::stub(c"HPy_RichCompare")
}

pub unsafe extern "C" fn HPy_RichCompareBool(
    ctx: *mut HPyContext,
    v: HPy,
    w: HPy,
    op: c_int,
) -> c_int {
    crate::stub(c"HPy_RichCompareBool")
}

pub unsafe extern "C" fn HPy_Hash(ctx: *mut HPyContext, obj: HPy) -> HPy_hash_t {
    crate::stub(c"HPy_Hash")
}

pub unsafe extern "C" fn _HPy_Dump(ctx: *mut HPyContext, h: HPy) {
    crate::stub(c"_HPy_Dump")
}

pub unsafe extern "C" fn HPy_DelItem(ctx: *mut HPyContext, obj: HPy, key: HPy) -> c_int {
    crate::stub(c"HPy_DelItem")
}

pub unsafe extern "C" fn HPy_DelItem_i(ctx: *mut HPyContext, obj: HPy, idx: HPy_ssize_t) -> c_int {
    crate::stub(c"HPy_DelItem_i")
}

pub unsafe extern "C" fn HPy_DelItem_s(
    ctx: *mut HPyContext,
    obj: HPy,
    utf8_key: *const c_char,
) -> c_int {
    crate::stub(c"HPy_DelItem_s")
}
