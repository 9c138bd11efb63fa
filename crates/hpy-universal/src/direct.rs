//! The runtime's side of binaries that CPython imports itself: see `hpy_sys::direct`.
//!
//! CPython asks a binary for a `PyModuleDef` and may do so in another interpreter than the one that imports
//! (3.13 does), so there is one [`DirectDef`] per module of a binary, for the whole process, with a create
//! and an exec slot. Only in the create slot the interpreter is known, and there the module is made as any
//! other, with a [`Record`] of its own. CPython then puts the `DirectDef` in place of the record's
//! `PyModuleDef`; the `DirectDef` therefore keeps the records and frees each with its module.

use crate::binary::{Entries, Place, check_version, is_supported};
use crate::environ;
use crate::load::{make, refuse_subinterpreter};
use crate::raise::{Raised, import_error, raise};
use hpy_cpython::module::{self, Record};
use hpy_sys::direct::{DIRECT_ATTRIBUTE, DIRECT_CAPSULE, HPyDirect, HPyDirectModule};
use hpy_sys::ext::HPY_EXTENSIONS_VERSION;
use hpy_sys::{HPy_mod_create, HPyDef_Kind_Slot, HPyModuleDef};
use pyo3_ffi::*;
use std::ffi::{CStr, c_int, c_void};
use std::ptr;
use std::sync::{Mutex, MutexGuard, PoisonError};

static DIRECT: HPyDirect = HPyDirect { size: size_of::<HPyDirect>(), init };

/// What CPython gets for one module of a binary. Lives as long as the process, as the binary does.
#[repr(C)]
struct DirectDef {
    pydef: PyModuleDef,
    slots: [PyModuleDef_Slot; 5],
    module: *const HPyDirectModule,
    /// The modules made of it, by address, with their records.
    made: Mutex<Vec<(usize, *mut Record)>>,
}

/// The `DirectDef` of each `HPyDirectModule` that was seen, by address.
static KNOWN: Mutex<Vec<(usize, usize)>> = Mutex::new(Vec::new());

fn locked<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

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

/// Never fails: what is wrong with a binary is raised by the create slot, in the interpreter that imports it.
/// (3.13 takes an exception that is raised here from one interpreter to another, which it does not survive.)
unsafe extern "C" fn init(direct: *const HPyDirectModule) -> *mut c_void {
    // SAFETY: a DirectDef is never freed; CPython alone writes to its PyModuleDef.
    PyModuleDef_Init(known(direct).cast()).cast()
}

/// The `DirectDef` of a module, made at first use.
unsafe fn known(direct: *const HPyDirectModule) -> *mut DirectDef {
    if let Some(&(_, def)) = locked(&KNOWN).iter().find(|one| one.0 == direct as usize) {
        return def as *mut DirectDef;
    }
    let made = Box::into_raw(Box::new(DirectDef::new(direct)));
    (*made).pydef.m_slots = (&raw mut (*made).slots).cast();
    let mut all = locked(&KNOWN);
    // Another thread, or another interpreter with a GIL of its own, may have been first.
    let def = match all.iter().find(|one| one.0 == direct as usize) {
        Some(&(_, def)) => {
            drop(Box::from_raw(made));
            def as *mut DirectDef
        }
        None => {
            all.push((direct as usize, made as usize));
            made
        }
    };
    // Under the lock: the first call numbers the module.
    PyModuleDef_Init(def.cast());
    def
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

/// The definition of a module whose version is right; None if there is none.
unsafe fn definition<'a>(direct: *const HPyDirectModule) -> Option<&'a HPyModuleDef> {
    if direct.is_null()
        || (*direct).size < size_of::<HPyDirectModule>()
        || !is_supported((*direct).abi_major, (*direct).abi_minor)
    {
        return None;
    }
    // As in load.rs: extensions are promised before the definition is asked for.
    if let Some(init_extensions) = (*direct).init_extensions {
        init_extensions(HPY_EXTENSIONS_VERSION);
    }
    ((*direct).init)().as_ref()
}

impl DirectDef {
    unsafe fn new(direct: *const HPyDirectModule) -> DirectDef {
        let module_def = definition(direct);
        #[cfg(Py_3_12)]
        let flags = if module_def.is_some() { (*direct).flags } else { 0 };
        let mut slots = Vec::with_capacity(4);
        slots.push(slot(Py_mod_create, create as *mut c_void));
        // CPython refuses an object that is no module from a definition with an exec slot or m_free.
        let makes_modules = !module_def.is_some_and(|def| has_create(def));
        if makes_modules {
            slots.push(slot(Py_mod_exec, exec as *mut c_void));
        }
        #[cfg(Py_3_12)]
        {
            let support = if flags & hpy_sys::ext::HPY_MODULE_MAIN_INTERPRETER_ONLY != 0 {
                Py_MOD_MULTIPLE_INTERPRETERS_NOT_SUPPORTED
            } else if module_def.is_some_and(|def| !def.legacy_methods.is_null()) {
                // Legacy code may share objects between interpreters: CPython's rule for such extensions.
                Py_MOD_MULTIPLE_INTERPRETERS_SUPPORTED
            } else {
                Py_MOD_PER_INTERPRETER_GIL_SUPPORTED
            };
            slots.push(slot(Py_mod_multiple_interpreters, support));
        }
        #[cfg(Py_3_13)]
        if flags & hpy_sys::ext::HPY_MODULE_GIL_NOT_USED != 0 {
            slots.push(slot(Py_mod_gil, Py_MOD_GIL_NOT_USED));
        }
        let mut filled = [PyModuleDef_Slot::default(); 5];
        for (to, from) in filled.iter_mut().zip(slots) {
            *to = from;
        }
        DirectDef {
            pydef: PyModuleDef {
                m_base: PyModuleDef_HEAD_INIT,
                m_name: if module_def.is_some() { (*direct).name } else { ptr::null() },
                m_doc: ptr::null(),
                m_size: 0,
                m_methods: ptr::null_mut(),
                m_slots: ptr::null_mut(),
                m_traverse: None,
                m_clear: None,
                m_free: if makes_modules { Some(free) } else { None },
            },
            slots: filled,
            module: direct,
            made: Mutex::new(Vec::new()),
        }
    }
}

fn slot(slot: c_int, value: *mut c_void) -> PyModuleDef_Slot {
    PyModuleDef_Slot { slot, value }
}

unsafe fn has_create(def: &HPyModuleDef) -> bool {
    let mut next = def.defines;
    while let Some(one) = next.as_ref().and_then(|one| one.as_ref()) {
        if one.kind == HPyDef_Kind_Slot && one.u.slot.slot == HPy_mod_create {
            return true;
        }
        next = next.add(1);
    }
    false
}

/// `Py_mod_create`.
unsafe extern "C" fn create(spec: *mut PyObject, pydef: *mut PyModuleDef) -> *mut PyObject {
    create_module(spec, pydef.cast()).unwrap_or(ptr::null_mut())
}

unsafe fn create_module(
    spec: *mut PyObject,
    def: *const DirectDef,
) -> Result<*mut PyObject, Raised> {
    let place = Place::from_spec(spec)?;
    let direct = checked((*def).module)?;
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
    let env = environ::of_process()?;
    let mode = environ::mode_for(&[&place.full_name, &place.name], env);
    let logged = match mode {
        Ok(mode) => environ::log(&place.name, mode, env),
        Err(Raised) => Err(Raised),
    };
    Py_DECREF(env);
    logged?;
    let module = make(&place, &entries, mode?, spec)?;
    let record = module::record_of(module);
    if !record.is_null() {
        let mut made = locked(&(*def).made);
        made.retain(|one| one.0 != module as usize);
        made.push((module as usize, record));
    }
    Ok(module)
}

/// `Py_mod_exec`.
unsafe extern "C" fn exec(module: *mut PyObject) -> c_int {
    let def = PyModule_GetDef(module).cast::<DirectDef>();
    if def.is_null() {
        return -1;
    }
    let record = find(&*def, module);
    if record.is_null() {
        raise(PyExc_SystemError, "hpy: the module was not made by its own definition");
        return -1;
    }
    module::exec_record(record, module)
}

unsafe fn find(def: &DirectDef, module: *mut PyObject) -> *mut Record {
    let made = locked(&def.made);
    made.iter().find(|one| one.0 == module as usize).map_or(ptr::null_mut(), |one| one.1)
}

/// `m_free`.
unsafe extern "C" fn free(module: *mut c_void) {
    let def = PyModule_GetDef(module.cast()).cast::<DirectDef>();
    if def.is_null() {
        return;
    }
    let record = find(&*def, module.cast());
    if !record.is_null() {
        locked(&(*def).made).retain(|one| one.0 != module as usize);
        // Not under the lock: freeing may run Python code.
        module::free_record(record);
    }
}
