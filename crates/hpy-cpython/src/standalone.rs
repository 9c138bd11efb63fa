//! An ordinary extension with this crate linked in: how a module of it is made of its description. C
//! extensions of the cpython ABI come here through hpy-static, Rust ones through hpy-rs with its feature
//! `cpython`.

use crate::direct::{self, Maker};
use crate::module;
use crate::spin::Spin;
use crate::state::{self, InterpreterState};
use alloc::vec::Vec;
use core::ptr;
use hpy_sys::direct::HPyDirectModule;
use hpy_sys::ext::{HPY_EXTENSIONS_VERSION, HPY_MODULE_MAIN_INTERPRETER_ONLY};
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
    if let Some(init_extensions) = (*direct).init_extensions {
        init_extensions(HPY_EXTENSIONS_VERSION);
    }
    ((*direct).init)()
}

/// Which context the trampolines of a module use, known by its `init_global_context`: they find it in a
/// variable of the binary. Without thunks calls go through them, so they serve one interpreter.
static TAKEN: Spin<Vec<(usize, usize)>> = Spin::new(Vec::new());

/// Lets a module's trampolines serve an interpreter; false if they are needed and serve another one.
unsafe fn take_trampolines(module: usize, state: *mut InterpreterState) -> bool {
    if (*state).thunks.available() {
        return true;
    }
    let ctx = (*state).direct.ctx as usize;
    TAKEN.with(|all| match all.iter().find(|one| one.0 == module) {
        Some(one) => one.1 == ctx,
        None => {
            all.push((module, ctx));
            true
        }
    })
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
    if !take_trampolines(direct.init_global_context as usize, state) {
        let text = c"module '%s' is imported in another interpreter already. Without thunks, which are off \
                     (HPY_RS_THUNKS=0) or cannot be made on this system, an extension serves one interpreter";
        PyErr_Format(PyExc_ImportError, text.as_ptr(), direct.name);
        return ptr::null_mut();
    }
    (direct.init_global_context)(ctx);
    let spec = HPy { _i: spec as isize };
    module::create(ctx, &raw const (*state).direct, (direct.init)(), spec)._i as *mut PyObject
}
