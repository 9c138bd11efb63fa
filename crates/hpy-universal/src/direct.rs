//! The runtime's side of binaries that CPython imports itself: see `hpy_sys::direct`.
//!
//! What CPython gets is made by `hpy_cpython::direct`; here is how a module is made of a description, in the
//! mode that `HPY` asks for.

use crate::binary::{Entries, Place, check_version, is_supported};
use crate::environ;
use crate::load::{make, refuse_subinterpreter};
use crate::raise::{Raised, import_error, raise};
use hpy_cpython::direct::{self, Maker};
use hpy_sys::HPyModuleDef;
use hpy_sys::direct::{DIRECT_ATTRIBUTE, DIRECT_CAPSULE, HPyDirect, HPyDirectModule};
use pyo3_ffi::*;
use std::ffi::{CStr, c_int, c_void};
use std::ptr;

static DIRECT: HPyDirect = HPyDirect { size: size_of::<HPyDirect>(), init };

/// Adds the capsule that direct binaries look for.
pub unsafe fn add_capsule(universal: *mut PyObject) -> c_int {
    let table = (&raw const DIRECT).cast_mut().cast::<c_void>();
    let capsule = PyCapsule_New(table, DIRECT_CAPSULE.as_ptr(), None);
    if capsule.is_null() {
        return -1;
    }
    let done = PyObject_SetAttrString(universal, DIRECT_ATTRIBUTE.as_ptr(), capsule);
    Py_DECREF(capsule);
    done
}

/// Never fails: what is wrong with a binary is raised in the interpreter that imports it.
unsafe extern "C" fn init(module: *const HPyDirectModule) -> *mut c_void {
    direct::definition(module, Maker { definition, make: make_module }).cast()
}

/// What a module says of itself; Err if it cannot be used.
unsafe fn checked<'a>(direct: *const HPyDirectModule) -> Result<&'a HPyDirectModule, Raised> {
    // The binary may be of a dev kit that knows more members, never fewer than there are today.
    if direct.is_null() || (*direct).size < size_of::<HPyDirectModule>() {
        return Err(raise(
            PyExc_ImportError,
            "the extension describes itself in a way that this version of hpy-rs does not know: build it \
             again with this version's hpy.devel",
        ));
    }
    let name = CStr::from_ptr((*direct).name).to_string_lossy();
    check_version(&name, (*direct).abi_major, (*direct).abi_minor)?;
    Ok(&*direct)
}

/// The definition of a module whose version is right; null if there is none.
unsafe fn definition(direct: *const HPyDirectModule) -> *const HPyModuleDef {
    if direct.is_null()
        || (*direct).size < size_of::<HPyDirectModule>()
        || !is_supported((*direct).abi_major, (*direct).abi_minor)
    {
        return ptr::null();
    }
    // As in load.rs: extensions are promised before the definition is asked for.
    if let Some(init_extensions) = (*direct).init_extensions {
        hpy_cpython::straight::describe(init_extensions);
    }
    ((*direct).init)()
}

unsafe fn make_module(direct: *const HPyDirectModule, spec: *mut PyObject) -> *mut PyObject {
    try_to_make(direct, spec).unwrap_or(ptr::null_mut())
}

unsafe fn try_to_make(
    direct: *const HPyDirectModule,
    spec: *mut PyObject,
) -> Result<*mut PyObject, Raised> {
    let place = Place::from_spec(spec)?;
    let direct = checked(direct)?;
    let own_name = CStr::from_ptr(direct.name).to_string_lossy();
    if place.name != own_name {
        return Err(import_error(
            &place.name,
            place.path,
            &format!(
                "HPy extension module '{}' at path '{}': the file holds the module '{own_name}'",
                place.name, place.shown
            ),
        ));
    }
    let entries = Entries {
        init: direct.init,
        init_global_context: direct.init_global_context,
        init_extensions: direct.init_extensions,
        flags: direct.flags,
    };
    refuse_subinterpreter(&place, &entries)?;
    let mode = environ::mode_in_process(&place)?;
    make(&place, &entries, mode, spec)
}
