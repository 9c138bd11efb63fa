//! The pointer-sized structs that cross the ABI by value.

use core::ffi::{c_int, c_void};

macro_rules! word_struct {
    ($($(#[$doc:meta])* $name:ident . $field:ident;)*) => {$(
        $(#[$doc])*
        #[repr(C)]
        #[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
        pub struct $name {
            pub $field: isize,
        }

        impl $name {
            /// The null value: 0 in every mode.
            pub const NULL: $name = $name { $field: 0 };

            /// Whether this is the null value.
            #[inline(always)]
            pub const fn is_null(self) -> bool {
                self.$field == 0
            }
        }
    )*};
}

word_struct! {
    /// An opaque reference to a Python object, valid until it is closed. On CPython: a `PyObject *`.
    HPy._i;
    /// A reference to a Python object held inside another object's native struct.
    HPyField._i;
    /// A reference to a Python object held in a C global, one value per interpreter.
    HPyGlobal._i;
    /// A list under construction.
    HPyListBuilder._lst;
    /// A tuple under construction.
    HPyTupleBuilder._tup;
    /// A growing set of handles to be closed together.
    HPyTracker._i;
    /// What `HPy_LeavePythonExecution` returns and `HPy_ReenterPythonExecution` takes.
    HPyThreadState._i;
}

/// Signed size, `Py_ssize_t`.
pub type HPy_ssize_t = isize;
/// Hash value, `Py_hash_t`.
pub type HPy_hash_t = isize;
/// A Unicode code point, `Py_UCS4`.
pub type HPy_UCS4 = u32;
/// C's `wchar_t`.
#[cfg(not(windows))]
pub type wchar_t = i32;
/// C's `wchar_t`.
#[cfg(windows)]
pub type wchar_t = u16;

/// CPython's `PyObject`, opaque here. Only legacy code sees it.
#[repr(C)]
pub struct cpy_PyObject {
    _opaque: [u8; 0],
}

/// CPython's `PyMethodDef`, opaque here.
#[repr(C)]
pub struct cpy_PyMethodDef {
    _opaque: [u8; 0],
}

/// A C function of unknown type, as passed to `_HPy_CallRealFunctionFromTrampoline`.
pub type HPyCFunction = *mut c_void;

/// `HPy_RichCmpOp`.
pub mod cmp {
    use super::c_int;
    pub const HPy_LT: c_int = 0;
    pub const HPy_LE: c_int = 1;
    pub const HPy_EQ: c_int = 2;
    pub const HPy_NE: c_int = 3;
    pub const HPy_GT: c_int = 4;
    pub const HPy_GE: c_int = 5;
}

/// `HPy_SourceKind`, the third argument of `HPy_Compile_s`.
pub type HPy_SourceKind = c_int;
pub const HPy_SourceKind_Expr: HPy_SourceKind = 0;
pub const HPy_SourceKind_File: HPy_SourceKind = 1;
pub const HPy_SourceKind_Single: HPy_SourceKind = 2;

/// `_HPyCapsule_key`: what `HPyCapsule_Get` and `HPyCapsule_Set` access.
pub type HPyCapsule_key = c_int;
pub const HPyCapsule_key_Pointer: HPyCapsule_key = 0;
pub const HPyCapsule_key_Name: HPyCapsule_key = 1;
pub const HPyCapsule_key_Context: HPyCapsule_key = 2;
pub const HPyCapsule_key_Destructor: HPyCapsule_key = 3;
