use core::ffi::{c_char, c_int, c_void};
use hpy_sys::*;

pub unsafe extern "C" fn HPyNumber_Check(ctx: *mut HPyContext, h: HPy) -> c_int {
    crate::stub(c"HPyNumber_Check")
}

pub unsafe extern "C" fn HPy_Add(ctx: *mut HPyContext, h1: HPy, h2: HPy) -> HPy {
    crate::stub(c"HPy_Add")
}

pub unsafe extern "C" fn HPy_Subtract(ctx: *mut HPyContext, h1: HPy, h2: HPy) -> HPy {
    crate::stub(c"HPy_Subtract")
}

pub unsafe extern "C" fn HPy_Multiply(ctx: *mut HPyContext, h1: HPy, h2: HPy) -> HPy {
    crate::stub(c"HPy_Multiply")
}

pub unsafe extern "C" fn HPy_MatrixMultiply(ctx: *mut HPyContext, h1: HPy, h2: HPy) -> HPy {
    crate::stub(c"HPy_MatrixMultiply")
}

pub unsafe extern "C" fn HPy_FloorDivide(ctx: *mut HPyContext, h1: HPy, h2: HPy) -> HPy {
    crate::stub(c"HPy_FloorDivide")
}

pub unsafe extern "C" fn HPy_TrueDivide(ctx: *mut HPyContext, h1: HPy, h2: HPy) -> HPy {
    crate::stub(c"HPy_TrueDivide")
}

pub unsafe extern "C" fn HPy_Remainder(ctx: *mut HPyContext, h1: HPy, h2: HPy) -> HPy {
    crate::stub(c"HPy_Remainder")
}

pub unsafe extern "C" fn HPy_Divmod(ctx: *mut HPyContext, h1: HPy, h2: HPy) -> HPy {
    crate::stub(c"HPy_Divmod")
}

pub unsafe extern "C" fn HPy_Power(ctx: *mut HPyContext, h1: HPy, h2: HPy, h3: HPy) -> HPy {
    crate::stub(c"HPy_Power")
}

pub unsafe extern "C" fn HPy_Negative(ctx: *mut HPyContext, h1: HPy) -> HPy {
    crate::stub(c"HPy_Negative")
}

pub unsafe extern "C" fn HPy_Positive(ctx: *mut HPyContext, h1: HPy) -> HPy {
    crate::stub(c"HPy_Positive")
}

pub unsafe extern "C" fn HPy_Absolute(ctx: *mut HPyContext, h1: HPy) -> HPy {
    crate::stub(c"HPy_Absolute")
}

pub unsafe extern "C" fn HPy_Invert(ctx: *mut HPyContext, h1: HPy) -> HPy {
    crate::stub(c"HPy_Invert")
}

pub unsafe extern "C" fn HPy_Lshift(ctx: *mut HPyContext, h1: HPy, h2: HPy) -> HPy {
    crate::stub(c"HPy_Lshift")
}

pub unsafe extern "C" fn HPy_Rshift(ctx: *mut HPyContext, h1: HPy, h2: HPy) -> HPy {
    crate::stub(c"HPy_Rshift")
}

pub unsafe extern "C" fn HPy_And(ctx: *mut HPyContext, h1: HPy, h2: HPy) -> HPy {
    crate::stub(c"HPy_And")
}

pub unsafe extern "C" fn HPy_Xor(ctx: *mut HPyContext, h1: HPy, h2: HPy) -> HPy {
    crate::stub(c"HPy_Xor")
}

pub unsafe extern "C" fn HPy_Or(ctx: *mut HPyContext, h1: HPy, h2: HPy) -> HPy {
    crate::stub(c"HPy_Or")
}

pub unsafe extern "C" fn HPy_Index(ctx: *mut HPyContext, h1: HPy) -> HPy {
    crate::stub(c"HPy_Index")
}

pub unsafe extern "C" fn HPy_Long(ctx: *mut HPyContext, h1: HPy) -> HPy {
    crate::stub(c"HPy_Long")
}

pub unsafe extern "C" fn HPy_Float(ctx: *mut HPyContext, h1: HPy) -> HPy {
    crate::stub(c"HPy_Float")
}

pub unsafe extern "C" fn HPy_InPlaceAdd(ctx: *mut HPyContext, h1: HPy, h2: HPy) -> HPy {
    crate::stub(c"HPy_InPlaceAdd")
}

pub unsafe extern "C" fn HPy_InPlaceSubtract(ctx: *mut HPyContext, h1: HPy, h2: HPy) -> HPy {
    crate::stub(c"HPy_InPlaceSubtract")
}

pub unsafe extern "C" fn HPy_InPlaceMultiply(ctx: *mut HPyContext, h1: HPy, h2: HPy) -> HPy {
    crate::stub(c"HPy_InPlaceMultiply")
}

pub unsafe extern "C" fn HPy_InPlaceMatrixMultiply(ctx: *mut HPyContext, h1: HPy, h2: HPy) -> HPy {
    crate::stub(c"HPy_InPlaceMatrixMultiply")
}

pub unsafe extern "C" fn HPy_InPlaceFloorDivide(ctx: *mut HPyContext, h1: HPy, h2: HPy) -> HPy {
    crate::stub(c"HPy_InPlaceFloorDivide")
}

pub unsafe extern "C" fn HPy_InPlaceTrueDivide(ctx: *mut HPyContext, h1: HPy, h2: HPy) -> HPy {
    crate::stub(c"HPy_InPlaceTrueDivide")
}

pub unsafe extern "C" fn HPy_InPlaceRemainder(ctx: *mut HPyContext, h1: HPy, h2: HPy) -> HPy {
    crate::stub(c"HPy_InPlaceRemainder")
}

pub unsafe extern "C" fn HPy_InPlacePower(ctx: *mut HPyContext, h1: HPy, h2: HPy, h3: HPy) -> HPy {
    crate::stub(c"HPy_InPlacePower")
}

pub unsafe extern "C" fn HPy_InPlaceLshift(ctx: *mut HPyContext, h1: HPy, h2: HPy) -> HPy {
    crate::stub(c"HPy_InPlaceLshift")
}

pub unsafe extern "C" fn HPy_InPlaceRshift(ctx: *mut HPyContext, h1: HPy, h2: HPy) -> HPy {
    crate::stub(c"HPy_InPlaceRshift")
}

pub unsafe extern "C" fn HPy_InPlaceAnd(ctx: *mut HPyContext, h1: HPy, h2: HPy) -> HPy {
    crate::stub(c"HPy_InPlaceAnd")
}

pub unsafe extern "C" fn HPy_InPlaceXor(ctx: *mut HPyContext, h1: HPy, h2: HPy) -> HPy {
    crate::stub(c"HPy_InPlaceXor")
}

pub unsafe extern "C" fn HPy_InPlaceOr(ctx: *mut HPyContext, h1: HPy, h2: HPy) -> HPy {
    crate::stub(c"HPy_InPlaceOr")
}
