//! Modules that CPython imports itself: the `PyModuleDef` that `PyInit_NAME` hands out.
//!
//! Both the runtime (binaries in the direct form, see [`hpy_sys::direct`]) and C extensions of the cpython
//! ABI are imported this way; they differ in how a module is made, which [`Maker`] says.
//!
//! CPython asks a binary for the `PyModuleDef` and may do so in another interpreter than the one that
//! imports (3.13 does, and does not survive an exception that is raised there). So there is one
//! [`Definition`] per module of a binary, for the whole process, whose create slot does everything that
//! can fail. Only there the interpreter is known, and there the module is made as any other, with a
//! [`Record`] of its own. CPython then puts the `Definition` in place of the record's `PyModuleDef`; the
//! `Definition` therefore keeps the records and frees each with its module.

use crate::module::{self, Record};
use crate::spin::Spin;
use alloc::boxed::Box;
use alloc::vec::Vec;
use core::ffi::{c_int, c_void};
use core::ptr;
use hpy_sys::direct::HPyDirectModule;
use hpy_sys::{HPy_mod_create, HPyDef_Kind_Slot, HPyModuleDef};
use pyo3_ffi::*;

/// How modules are made of a description.
#[derive(Clone, Copy)]
pub struct Maker {
    /// What the binary says of the module, asked for once; null if it cannot be used, which `make` then
    /// raises. Sets no exception.
    pub definition: unsafe fn(*const HPyDirectModule) -> *const HPyModuleDef,
    /// The module for a module spec, not executed yet; a new reference, or null with an exception.
    pub make: unsafe fn(*const HPyDirectModule, *mut PyObject) -> *mut PyObject,
}

/// What CPython gets for one module of a binary: `pydef`, so it comes first. Lives as long as the process,
/// as the binary does.
#[repr(C)]
struct Definition {
    pydef: PyModuleDef,
    slots: [PyModuleDef_Slot; 5],
    module: *const HPyDirectModule,
    make: unsafe fn(*const HPyDirectModule, *mut PyObject) -> *mut PyObject,
    /// The modules made of it, by address, with their records.
    made: Spin<Vec<(usize, *mut Record)>>,
}

/// The definition of each module that was seen, by the address of its description.
static KNOWN: Spin<Vec<(usize, usize)>> = Spin::new(Vec::new());

/// The definition of a module, made at first use, as CPython's object; borrowed. Does not fail.
///
/// # Safety
/// The calling thread is attached; `module` is null or constant data of a binary that stays loaded.
pub unsafe fn definition(module: *const HPyDirectModule, maker: Maker) -> *mut PyObject {
    let known = match KNOWN.with(|all| find_known(all, module)) {
        Some(known) => known,
        None => {
            let made = Box::into_raw(Box::new(Definition::new(module, maker)));
            (*made).pydef.m_slots = (&raw mut (*made).slots).cast();
            // Another thread, or another interpreter with a GIL of its own, may have been first.
            let known = KNOWN.with(|all| {
                find_known(all, module).unwrap_or_else(|| {
                    // Numbers the module: under the lock, so that it has one number.
                    PyModuleDef_Init(made.cast());
                    all.push((module as usize, made as usize));
                    made
                })
            });
            if known != made {
                drop(Box::from_raw(made));
            }
            known
        }
    };
    // CPython alone writes to the PyModuleDef, and the same each time.
    PyModuleDef_Init(known.cast())
}

fn find_known(all: &[(usize, usize)], module: *const HPyDirectModule) -> Option<*mut Definition> {
    all.iter().find(|one| one.0 == module as usize).map(|one| one.1 as *mut Definition)
}

fn slot(slot: c_int, value: *mut c_void) -> PyModuleDef_Slot {
    PyModuleDef_Slot { slot, value }
}

impl Definition {
    unsafe fn new(module: *const HPyDirectModule, maker: Maker) -> Definition {
        let def = (maker.definition)(module).as_ref();
        #[cfg(Py_3_12)]
        let flags = if def.is_some() { (*module).flags } else { 0 };
        let mut wanted = Vec::with_capacity(4);
        wanted.push(slot(Py_mod_create, create as *mut c_void));
        // CPython refuses an object that is no module from a definition with an exec slot or m_free.
        let makes_modules = !def.is_some_and(|def| has_create(def));
        if makes_modules {
            wanted.push(slot(Py_mod_exec, exec as *mut c_void));
        }
        #[cfg(Py_3_12)]
        {
            let support = if flags & hpy_sys::ext::HPY_MODULE_MAIN_INTERPRETER_ONLY != 0 {
                Py_MOD_MULTIPLE_INTERPRETERS_NOT_SUPPORTED
            } else if def.is_some_and(|def| !def.legacy_methods.is_null()) {
                // Legacy code may share objects between interpreters: CPython's rule for such extensions.
                Py_MOD_MULTIPLE_INTERPRETERS_SUPPORTED
            } else {
                Py_MOD_PER_INTERPRETER_GIL_SUPPORTED
            };
            wanted.push(slot(Py_mod_multiple_interpreters, support));
        }
        #[cfg(Py_3_13)]
        if flags & hpy_sys::ext::HPY_MODULE_GIL_NOT_USED != 0 {
            wanted.push(slot(Py_mod_gil, Py_MOD_GIL_NOT_USED));
        }
        let mut slots = [PyModuleDef_Slot::default(); 5];
        for (to, from) in slots.iter_mut().zip(wanted) {
            *to = from;
        }
        Definition {
            pydef: PyModuleDef {
                m_base: PyModuleDef_HEAD_INIT,
                m_name: if def.is_some() { (*module).name } else { ptr::null() },
                m_doc: ptr::null(),
                m_size: 0,
                m_methods: ptr::null_mut(),
                m_slots: ptr::null_mut(),
                m_traverse: None,
                m_clear: None,
                m_free: if makes_modules { Some(free) } else { None },
            },
            slots,
            module,
            make: maker.make,
            made: Spin::new(Vec::new()),
        }
    }

    fn record(&self, module: *mut PyObject) -> *mut Record {
        // The last one is what is asked for most, to be executed.
        self.made.with(|made| {
            let found = made.iter().rev().find(|one| one.0 == module as usize);
            found.map_or(ptr::null_mut(), |one| one.1)
        })
    }

    fn forget(&self, module: *mut PyObject) {
        self.made.with(|made| {
            if let Some(place) = made.iter().rposition(|one| one.0 == module as usize) {
                made.swap_remove(place);
            }
        });
    }
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
    let definition = &*pydef.cast::<Definition>();
    let module = (definition.make)(definition.module, spec);
    if !module.is_null() {
        let record = module::record_of(module);
        if !record.is_null() {
            // Whatever was there before was forgotten when it was freed.
            definition.made.with(|made| made.push((module as usize, record)));
        }
    }
    module
}

/// `Py_mod_exec`.
unsafe extern "C" fn exec(module: *mut PyObject) -> c_int {
    let Some(definition) = PyModule_GetDef(module).cast::<Definition>().as_ref() else { return -1 };
    let record = definition.record(module);
    if record.is_null() {
        let text = c"hpy: the module was not made by its own definition";
        PyErr_SetString(PyExc_SystemError, text.as_ptr());
        return -1;
    }
    module::exec_record(record, module)
}

/// `m_free`.
unsafe extern "C" fn free(module: *mut c_void) {
    let Some(definition) = PyModule_GetDef(module.cast()).cast::<Definition>().as_ref() else {
        return;
    };
    let record = definition.record(module.cast());
    if !record.is_null() {
        definition.forget(module.cast());
        // Not under the lock: freeing may run Python code.
        module::free_record(record);
    }
}
