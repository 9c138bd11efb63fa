//! An ordinary extension with this crate linked in: the `PyModuleDef` of a module of the binary, and the
//! modules made of it. C extensions of the cpython ABI come here through hpy-static, Rust ones through
//! hpy-rs with its feature `cpython`.
//!
//! There is one definition per module for the whole process: CPython may ask for it in one interpreter and
//! import in another. Its create slot makes the module as hpy-cpython makes any, with a [`Record`] of its
//! own; CPython then puts this definition in place of the record's, so the record is kept here and freed
//! with the module.

use crate::module::{self, Record};
use crate::spin::Spin;
use crate::state;
use alloc::boxed::Box;
use alloc::vec::Vec;
use core::ffi::{c_int, c_void};
use core::ptr;
use hpy_sys::direct::HPyDirectModule;
use hpy_sys::ext::{HPY_EXTENSIONS_VERSION, HPY_MODULE_MAIN_INTERPRETER_ONLY};
use hpy_sys::{HPy, HPy_mod_create, HPyDef_Kind_Slot, HPyModuleDef};
use pyo3_ffi::*;

/// CPython gets `pydef`, so it comes first. Never freed: the binary is not unloaded either.
#[repr(C)]
struct Definition {
    pydef: PyModuleDef,
    slots: [PyModuleDef_Slot; 5],
    module: *const HPyDirectModule,
    /// The modules made of it, by address, with their records.
    made: Spin<Vec<(usize, *mut Record)>>,
}

/// The definition of each module of the binary, by the address of its description.
static KNOWN: Spin<Vec<(usize, usize)>> = Spin::new(Vec::new());

/// The definition of a module, made at first use, as CPython's object. Null with an exception on failure.
///
/// # Safety
/// The calling thread is attached; `direct` is constant data of the binary.
pub unsafe fn definition_of(direct: *const HPyDirectModule) -> *mut PyObject {
    if let Some(known) = KNOWN.with(|all| find_known(all, direct)) {
        return PyModuleDef_Init(known.cast());
    }
    if let Some(init_extensions) = (*direct).init_extensions {
        init_extensions(HPY_EXTENSIONS_VERSION);
    }
    let Some(def) = ((*direct).init)().as_ref() else {
        PyErr_SetString(PyExc_SystemError, c"hpy: the module has no HPyModuleDef".as_ptr());
        return ptr::null_mut();
    };
    let made = Box::into_raw(Box::new(Definition::new(direct, def)));
    (*made).pydef.m_slots = (&raw mut (*made).slots).cast();
    // Another interpreter with a GIL of its own may have been first.
    let known = KNOWN.with(|all| {
        find_known(all, direct).unwrap_or_else(|| {
            all.push((direct as usize, made as usize));
            made
        })
    });
    if known != made {
        drop(Box::from_raw(made));
    }
    PyModuleDef_Init(known.cast())
}

fn find_known(all: &[(usize, usize)], direct: *const HPyDirectModule) -> Option<*mut Definition> {
    all.iter().find(|one| one.0 == direct as usize).map(|one| one.1 as *mut Definition)
}

fn slot(slot: c_int, value: *mut c_void) -> PyModuleDef_Slot {
    PyModuleDef_Slot { slot, value }
}

impl Definition {
    unsafe fn new(direct: *const HPyDirectModule, def: &HPyModuleDef) -> Definition {
        let mut wanted = Vec::with_capacity(4);
        wanted.push(slot(Py_mod_create, create as *mut c_void));
        // CPython refuses exec slots and `m_free` in a definition whose create slot makes no module.
        let makes_module = !has_create(def);
        if makes_module {
            wanted.push(slot(Py_mod_exec, exec as *mut c_void));
        }
        #[cfg(Py_3_12)]
        wanted.push(slot(Py_mod_multiple_interpreters, interpreters(&*direct, def)));
        #[cfg(Py_3_13)]
        if (*direct).flags & hpy_sys::ext::HPY_MODULE_GIL_NOT_USED != 0 {
            wanted.push(slot(Py_mod_gil, Py_MOD_GIL_NOT_USED));
        }
        let mut slots = [PyModuleDef_Slot::default(); 5];
        for (to, from) in slots.iter_mut().zip(wanted) {
            *to = from;
        }
        Definition {
            pydef: PyModuleDef {
                m_base: PyModuleDef_HEAD_INIT,
                m_name: (*direct).name,
                m_doc: ptr::null(),
                m_size: 0,
                m_methods: ptr::null_mut(),
                m_slots: ptr::null_mut(),
                m_traverse: None,
                m_clear: None,
                m_free: if makes_module { Some(free) } else { None },
            },
            slots,
            module: direct,
            made: Spin::new(Vec::new()),
        }
    }
}

/// The value of `Py_mod_multiple_interpreters`. Legacy code may share objects between interpreters.
#[cfg(Py_3_12)]
fn interpreters(direct: &HPyDirectModule, def: &HPyModuleDef) -> *mut c_void {
    if direct.flags & HPY_MODULE_MAIN_INTERPRETER_ONLY != 0 {
        Py_MOD_MULTIPLE_INTERPRETERS_NOT_SUPPORTED
    } else if def.legacy_methods.is_null() {
        Py_MOD_PER_INTERPRETER_GIL_SUPPORTED
    } else {
        Py_MOD_MULTIPLE_INTERPRETERS_SUPPORTED
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
    let direct = &*definition.module;
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
    (direct.init_global_context)(ctx);
    let spec = HPy { _i: spec as isize };
    let module = module::create(ctx, &raw const (*state).direct, (direct.init)(), spec);
    let module = module._i as *mut PyObject;
    if module.is_null() {
        return module;
    }
    let record = module::record_of(module);
    if !record.is_null() {
        definition.made.with(|made| {
            made.retain(|one| one.0 != module as usize);
            made.push((module as usize, record));
        });
    }
    module
}

/// `Py_mod_exec`.
unsafe extern "C" fn exec(module: *mut PyObject) -> c_int {
    let record = record_of(module);
    if record.is_null() {
        PyErr_SetString(
            PyExc_SystemError,
            c"hpy: the module was not made by its own definition".as_ptr(),
        );
        return -1;
    }
    module::exec_record(record, module)
}

unsafe fn record_of(module: *mut PyObject) -> *mut Record {
    let Some(definition) = PyModule_GetDef(module).cast::<Definition>().as_ref() else {
        return ptr::null_mut();
    };
    definition.made.with(|made| {
        made.iter().find(|one| one.0 == module as usize).map_or(ptr::null_mut(), |one| one.1)
    })
}

/// `m_free`.
unsafe extern "C" fn free(module: *mut c_void) {
    let record = record_of(module.cast());
    if record.is_null() {
        return;
    }
    let definition = &*PyModule_GetDef(module.cast()).cast::<Definition>();
    definition.made.with(|made| made.retain(|one| one.0 != module as usize));
    // Not under the lock: freeing may run Python code.
    module::free_record(record);
}
