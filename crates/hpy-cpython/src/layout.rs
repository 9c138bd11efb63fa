//! Everything we know about the layout of CPython's structs that its headers inline too.
//!
//! One place, per version. Each assumption has a test in `tests/` that fails on a version where it changes.

use core::mem::offset_of;
use pyo3_ffi::PyTupleObject;

/// Offset of a tuple's first item.
pub const TUPLE_ITEMS: usize = offset_of!(PyTupleObject, ob_item);
/// Offset of the number of items of a variable-sized object.
pub const VAR_SIZE: usize = offset_of!(pyo3_ffi::PyVarObject, ob_size);
