//! From a checked binary to a Python module.

use crate::binary::{self, Entries, Place};
use crate::modes::{self, Destination, Mode};
use crate::raise::Raised;
use crate::trampolines;
use hpy_cpython::handle::{handle, object};
use hpy_cpython::{module, state};
use hpy_sys::ext::HPY_MODULE_MAIN_INTERPRETER_ONLY;
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
    let entries = binary::open(&place)?;
    refuse_subinterpreter(&place, &entries)?;
    #[cfg(Py_GIL_DISABLED)]
    crate::gil::prepare(name, entries.flags)?;
    let module = make(&place, &entries, mode, spec)?;
    #[cfg(Py_GIL_DISABLED)]
    if PyModule_Check(module) != 0 && entries.flags & hpy_sys::ext::HPY_MODULE_GIL_NOT_USED != 0 {
        PyUnstable_Module_SetGIL(module, Py_MOD_GIL_NOT_USED);
    }
    let record = module::record_of(module);
    if !record.is_null() && module::exec_record(record, module) < 0 {
        Py_DECREF(module);
        return Err(Raised);
    }
    Ok(module)
}

/// The module of a checked binary, not executed yet; a new reference.
pub unsafe fn make(
    place: &Place,
    entries: &Entries,
    mode: Mode,
    spec: *mut PyObject,
) -> Result<*mut PyObject, Raised> {
    let state = state::current();
    if state.is_null() {
        return Err(Raised);
    }
    let Destination { ctx, target } = modes::destination(state, mode);
    let binary = entries.extend();
    trampolines::take(place, entries, binary.straight, state, ctx)?;
    let def = entries.definition(place)?;
    modes::announce(state, mode, def);
    let module = object(module::create((*state).direct.ctx, target, def, handle(spec)));
    if module.is_null() {
        return Err(Raised);
    }
    modes::made(state, mode, def, module);
    Ok(module)
}

/// Raises an ImportError if the module wants the main interpreter and this is another one.
pub unsafe fn refuse_subinterpreter(place: &Place, entries: &Entries) -> Result<(), Raised> {
    if entries.flags & HPY_MODULE_MAIN_INTERPRETER_ONLY == 0
        || PyInterpreterState_Get() == PyInterpreterState_Main()
    {
        return Ok(());
    }
    Err(place.import_error(
        "the module declares that it works in the main interpreter only, and this is a subinterpreter.",
    ))
}
