//! Modules from an `HPyModuleDef`: multi-phase initialisation.

use core::ffi::c_int;
use hpy_sys::backend::CallTarget;
use hpy_sys::*;

pub unsafe extern "C" fn create(
    _ctx: *mut HPyContext,
    _target: *const CallTarget,
    _def: *mut HPyModuleDef,
    _spec: HPy,
) -> HPy {
    crate::stub(c"module create")
}

pub unsafe extern "C" fn exec(
    _ctx: *mut HPyContext,
    _target: *const CallTarget,
    _def: *mut HPyModuleDef,
    _module: HPy,
) -> c_int {
    crate::stub(c"module exec")
}
