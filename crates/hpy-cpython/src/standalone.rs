//! An ordinary extension with this crate linked in: how a module of it is made of its description. C
//! extensions of the cpython ABI come here through hpy-static, Rust ones through hpy-rs with its feature
//! `cpython`.

use crate::direct::{self, Maker};
use crate::module;
use crate::{state, straight};
use core::ptr;
use hpy_sys::direct::HPyDirectModule;
use hpy_sys::ext::{HPY_MODULE_MAIN_INTERPRETER_ONLY, HPyBinary};
use hpy_sys::{HPy, HPyModuleDef};
use pyo3_ffi::*;

/// The definition of a module, as CPython's object. Never fails: see [`direct::definition`].
///
/// # Safety
/// The calling thread is attached; `module` is constant data of the binary.
pub unsafe fn definition_of(module: *const HPyDirectModule) -> *mut PyObject {
    direct::definition(module, Maker { definition, make })
}

unsafe fn definition(direct: *const HPyDirectModule) -> *const HPyModuleDef {
    init_extensions(&*direct);
    ((*direct).init)()
}

/// Promises extensions; what the binary says of itself.
unsafe fn init_extensions(direct: &HPyDirectModule) -> HPyBinary {
    direct.init_extensions.map_or(HPyBinary::new(), |init| straight::describe(init))
}

unsafe fn make(direct: *const HPyDirectModule, spec: *mut PyObject) -> *mut PyObject {
    let direct = &*direct;
    if direct.flags & HPY_MODULE_MAIN_INTERPRETER_ONLY != 0
        && PyInterpreterState_Get() != PyInterpreterState_Main()
    {
        let text = c"module '%s' does not support subinterpreters";
        PyErr_Format(PyExc_ImportError, text.as_ptr(), direct.name);
        return ptr::null_mut();
    }
    let state = state::current();
    if state.is_null() {
        return ptr::null_mut();
    }
    let ctx = (*state).direct.ctx;
    (*ctx).name = c"HPy CPython ABI".as_ptr();
    // This copy of the crate is part of the one binary that calls come to.
    let straight = straight::take(state, init_extensions(direct).straight, 0..usize::MAX);
    if !straight && !(*state).thunks.available() {
        let text = c"module '%s' is imported in another interpreter already. Without thunks, which are off \
                     (HPY_RS_THUNKS=0) or cannot be made on this system, an extension serves one interpreter";
        PyErr_Format(PyExc_ImportError, text.as_ptr(), direct.name);
        return ptr::null_mut();
    }
    if straight {
        (direct.init_global_context)(ctx);
    }
    let spec = HPy { _i: spec as isize };
    module::create(ctx, &raw const (*state).direct, (direct.init)(), spec)._i as *mut PyObject
}
