//! Numbers: the `PyNumber_*` functions under their HPy names.

use crate::handle::{handle, object};
use core::ffi::c_int;
use hpy_sys::{HPy, HPyContext};
use pyo3_ffi::*;

pub unsafe extern "C" fn HPyNumber_Check(_ctx: *mut HPyContext, h: HPy) -> c_int {
    PyNumber_Check(object(h))
}

macro_rules! unary {
    ($($name:ident = $function:ident;)*) => {$(
        pub unsafe extern "C" fn $name(_ctx: *mut HPyContext, h1: HPy) -> HPy {
            handle($function(object(h1)))
        }
    )*};
}

macro_rules! binary {
    ($($name:ident = $function:ident;)*) => {$(
        pub unsafe extern "C" fn $name(_ctx: *mut HPyContext, h1: HPy, h2: HPy) -> HPy {
            handle($function(object(h1), object(h2)))
        }
    )*};
}

macro_rules! ternary {
    ($($name:ident = $function:ident;)*) => {$(
        pub unsafe extern "C" fn $name(_ctx: *mut HPyContext, h1: HPy, h2: HPy, h3: HPy) -> HPy {
            handle($function(object(h1), object(h2), object(h3)))
        }
    )*};
}

unary! {
    HPy_Negative = PyNumber_Negative;
    HPy_Positive = PyNumber_Positive;
    HPy_Absolute = PyNumber_Absolute;
    HPy_Invert = PyNumber_Invert;
    HPy_Index = PyNumber_Index;
    HPy_Long = PyNumber_Long;
    HPy_Float = PyNumber_Float;
}

binary! {
    HPy_Add = PyNumber_Add;
    HPy_Subtract = PyNumber_Subtract;
    HPy_Multiply = PyNumber_Multiply;
    HPy_MatrixMultiply = PyNumber_MatrixMultiply;
    HPy_FloorDivide = PyNumber_FloorDivide;
    HPy_TrueDivide = PyNumber_TrueDivide;
    HPy_Remainder = PyNumber_Remainder;
    HPy_Divmod = PyNumber_Divmod;
    HPy_Lshift = PyNumber_Lshift;
    HPy_Rshift = PyNumber_Rshift;
    HPy_And = PyNumber_And;
    HPy_Xor = PyNumber_Xor;
    HPy_Or = PyNumber_Or;
    HPy_InPlaceAdd = PyNumber_InPlaceAdd;
    HPy_InPlaceSubtract = PyNumber_InPlaceSubtract;
    HPy_InPlaceMultiply = PyNumber_InPlaceMultiply;
    HPy_InPlaceMatrixMultiply = PyNumber_InPlaceMatrixMultiply;
    HPy_InPlaceFloorDivide = PyNumber_InPlaceFloorDivide;
    HPy_InPlaceTrueDivide = PyNumber_InPlaceTrueDivide;
    HPy_InPlaceRemainder = PyNumber_InPlaceRemainder;
    HPy_InPlaceLshift = PyNumber_InPlaceLshift;
    HPy_InPlaceRshift = PyNumber_InPlaceRshift;
    HPy_InPlaceAnd = PyNumber_InPlaceAnd;
    HPy_InPlaceXor = PyNumber_InPlaceXor;
    HPy_InPlaceOr = PyNumber_InPlaceOr;
}

ternary! {
    HPy_Power = PyNumber_Power;
    HPy_InPlacePower = PyNumber_InPlacePower;
}
