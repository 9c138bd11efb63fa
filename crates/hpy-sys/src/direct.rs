//! The direct form: a universal binary that CPython imports itself, without a stub file.
//!
//! Such a binary also exports `PyInit_NAME`. Called by CPython, it finds the interpreter's functions at run
//! time, imports `hpy.universal`, takes the pointer to [`HPyDirect`] out of the capsule
//! [`DIRECT_ATTRIBUTE`] (capsule name [`DIRECT_CAPSULE`]) and returns what [`HPyDirect::init`] returns: a
//! `PyModuleDef` for CPython's multi-phase import. A failed import of `hpy.universal` becomes an ImportError
//! that says `pip install hpy-rs`.

use crate::*;
use core::ffi::{c_char, c_void};

/// Attribute of `hpy.universal` that holds the capsule.
pub const DIRECT_ATTRIBUTE: &core::ffi::CStr = c"_direct";
/// Name of the capsule.
pub const DIRECT_CAPSULE: &core::ffi::CStr = c"hpy.universal._direct";

/// What the runtime offers to direct binaries.
#[repr(C)]
pub struct HPyDirect {
    /// Size of this struct in bytes, as the runtime has it.
    pub size: usize,
    /// Describes the module to the runtime; returns a borrowed `PyModuleDef *`, or null with an exception.
    /// `module` lives as long as the binary is loaded.
    pub init: unsafe extern "C" fn(module: *const HPyDirectModule) -> *mut c_void,
}

/// What a direct binary tells the runtime about one module in it.
#[repr(C)]
pub struct HPyDirectModule {
    /// Size of this struct in bytes, as the binary has it.
    pub size: usize,
    /// The last part of the module's name, the `NAME` of its symbols.
    pub name: *const c_char,
    pub abi_major: u32,
    pub abi_minor: u32,
    /// `HPyInit_NAME`.
    pub init: unsafe extern "C" fn() -> *mut HPyModuleDef,
    /// `HPyInitGlobalContext_NAME`.
    pub init_global_context: unsafe extern "C" fn(*mut HPyContext),
    /// `HPyInitExtensions_NAME`, or null.
    pub init_extensions: Option<crate::ext::InitExtensions>,
    /// `HPY_MODULE_*` flags.
    pub flags: u32,
}

// SAFETY: the struct is constant data of a binary: pointers to code and to a literal.
unsafe impl Sync for HPyDirectModule {}
