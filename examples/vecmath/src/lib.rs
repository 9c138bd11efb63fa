//! `vecmath`: see ../README.md. This file is the module as Python sees it.

mod array;
mod functions;
mod index;
mod math;
mod operand;
mod rows;
mod show;
mod view;

/// N-dimensional arrays of float64, sharing memory with whatever has a buffer.
#[hpy::module(gil_used = false)]
mod vecmath {
    #[export]
    use crate::array::Array;
    #[export]
    use crate::functions::{
        arange, array, asarray, ceil, choose, concatenate, cos, exp, eye, floor, frombytes, full,
        linspace, log, maximum, minimum, ones, sin, sqrt, tan, zeros,
    };
    #[export]
    use crate::rows::Rows;
}
