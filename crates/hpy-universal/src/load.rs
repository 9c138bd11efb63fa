//! From a checked binary to a Python module.

use crate::binary::{self, Place};
use crate::modes::{self, Mode};
use crate::raise::Raised;
use hpy_cpython::handle::{handle, object};
use hpy_cpython::{module, state};
use pyo3_ffi::*;

/// The module `name` of the binary at `path`, made from the module spec `spec` and executed; a new
/// reference.
pub unsafe fn load(
    name: *mut PyObject,
    path: *mut PyObject,
    spec: *mut PyObject,
    mode: Mode,
) -> Result<*mut PyObject, Raised> {
    let place = Place::new(name, path)?;
    let state = state::current();
    if state.is_null() {
        return Err(Raised);
    }
    let target = modes::target(state, mode)?;
    let entries = binary::open(&place)?;
    let def = entries.definition(&place, (*target).ctx)?;
    let base = (*state).direct.ctx;
    let module = object(module::create(base, target, def, handle(spec)));
    if module.is_null() {
        return Err(Raised);
    }
    if PyModule_Check(module) != 0 && module::exec(base, target, def, handle(module)) < 0 {
        Py_DECREF(module);
        return Err(Raised);
    }
    Ok(module)
}
