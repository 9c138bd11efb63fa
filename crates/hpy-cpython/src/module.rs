//! Modules from an `HPyModuleDef`: multi-phase initialisation.
//!
//! Each module has a [`Record`]: the `PyModuleDef` that CPython makes the module of and everything that it
//! points to. The module's own `m_free` frees it: functions of a module hold the module, so nothing can
//! call a thunk of the record any more. (A direct module has the `PyModuleDef` of its binary in place of
//! the record's, because CPython replaces it. There the loader keeps the record: see [`record_of`].)
//!
//! `HPy_mod_create` and `HPy_mod_exec` are called from here rather than through `PyModuleDef` slots: they
//! then need no thunk, and the errors are the same on every version.

use crate::backend::BACKEND;
use crate::bind::{Bindings, of_module};
use crate::handle::{handle, object};
use crate::{global, state};
use alloc::boxed::Box;
use alloc::ffi::CString;
use alloc::vec::Vec;
use core::ffi::{CStr, c_char, c_int, c_void};
use core::ptr;
use hpy_sys::backend::CallTarget;
use hpy_sys::*;
use pyo3_ffi::*;

/// What a module is made of. CPython gets `pydef`, so it comes first.
#[repr(C)]
pub struct Record {
    pydef: PyModuleDef,
    bindings: Bindings,
    methods: Vec<PyMethodDef>,
    slots: [PyModuleDef_Slot; 2],
    name: CString,
    /// Each `HPy_mod_exec`: what to call, and its first argument.
    execs: Vec<(*const c_void, *const c_void)>,
}

type ExecFunction = unsafe extern "C" fn(*const c_void, HPy) -> c_int;
type CreateFunction = unsafe extern "C" fn(*const c_void, HPy) -> HPy;

const ONLY_CREATE: &str = "HPy_mod_create makes an object that is not a module, which cannot use them: \
    let HPyModuleDef have the HPy_mod_create slot alone, or leave that slot out and the interpreter \
    makes the module.";

/// See [`backend::Backend::module_create`].
pub unsafe extern "C" fn create(
    ctx: *mut HPyContext,
    target: *const CallTarget,
    def: *mut HPyModuleDef,
    spec: HPy,
) -> HPy {
    let spec = object(spec);
    let Some(name) = spec_name(spec) else { return HPy::NULL };
    let Some(def) = def.as_ref() else {
        PyErr_SetString(PyExc_SystemError, c"HPyModuleDef is NULL".as_ptr());
        return HPy::NULL;
    };
    if !check_size(def) {
        return HPy::NULL;
    }
    let methods = defines(def).filter(|one| one.kind == HPyDef_Kind_Meth).count();
    let mut record = Box::new(Record {
        pydef: PyModuleDef {
            m_base: PyModuleDef_HEAD_INIT,
            m_name: name.as_ptr(),
            m_doc: ptr::null(),
            m_size: 0,
            m_methods: ptr::null_mut(),
            m_slots: ptr::null_mut(),
            m_traverse: None,
            m_clear: None,
            m_free: Some(free_module),
        },
        bindings: Bindings::new(state::of(ctx), target),
        methods: Vec::with_capacity(methods + 1),
        slots: [PyModuleDef_Slot::default(); 2],
        name,
        execs: Vec::new(),
    });
    if !record.add_methods(def) {
        return HPy::NULL;
    }
    let creator = match record.add_slots(def) {
        Ok(creator) => creator,
        Err(()) => return HPy::NULL,
    };
    if let Some((first, function)) = creator {
        // SAFETY: the definition says that this is an HPy_mod_create; with an entry it is the entry table's
        // function of that signature.
        let function: CreateFunction = core::mem::transmute(function);
        return handle(checked_created(&record.name, object(function(first, handle(spec)))));
    }
    global::register(def.globals);
    record.pydef.m_slots = record.slots.as_mut_ptr();
    let record = Box::into_raw(record);
    let module = PyModule_FromDefAndSpec(&raw mut (*record).pydef, spec);
    if module.is_null() {
        free_record(record);
        return HPy::NULL;
    }
    // From here on the module frees the record. Methods and text are added now and not by the definition: a failure of
    // CPython in the middle would leave a module in a cycle with its functions, and nobody could tell that it exists.
    let methods = (*record).methods.as_mut_ptr();
    if PyModule_AddFunctions(module, methods) < 0
        || !def.doc.is_null() && PyModule_SetDocString(module, def.doc) < 0
    {
        Py_DECREF(module);
        return HPy::NULL;
    }
    handle(module)
}

/// See [`backend::Backend::module_exec`].
pub unsafe extern "C" fn exec(
    _ctx: *mut HPyContext,
    _target: *const CallTarget,
    _def: *mut HPyModuleDef,
    module: HPy,
) -> c_int {
    let record = record_of(object(module));
    if record.is_null() {
        PyErr_SetString(
            PyExc_SystemError,
            c"hpy: cannot execute a module that was not made from an HPyModuleDef".as_ptr(),
        );
        return -1;
    }
    exec_record(record, object(module))
}

/// The record of a module that [`create`] made; null, without an exception, of any other object.
///
/// # Safety
/// `module` is an object; the calling thread is attached.
pub unsafe fn record_of(module: *mut PyObject) -> *mut Record {
    if PyModule_Check(module) == 0 {
        return ptr::null_mut();
    }
    let def = PyModule_GetDef(module);
    match def.as_ref().and_then(|def| def.m_free) {
        Some(free) if ptr::fn_addr_eq(free, free_module as freefunc) => def.cast(),
        _ => ptr::null_mut(),
    }
}

/// Runs the module's `HPy_mod_exec` functions in order. -1 with an exception on failure.
///
/// # Safety
/// `record` is the record of `module`, live; the calling thread is attached to its interpreter.
pub unsafe fn exec_record(record: *const Record, module: *mut PyObject) -> c_int {
    let name = (*record).name.as_ptr();
    for &(function, first) in &(*record).execs {
        // SAFETY: the definition says that this is an HPy_mod_exec; see `create`.
        let function: ExecFunction = core::mem::transmute(function);
        let result = function(first, handle(module));
        let raised = !PyErr_Occurred().is_null();
        if result != 0 {
            if !raised {
                PyErr_Format(
                    PyExc_SystemError,
                    c"execution of module %s failed without setting an exception".as_ptr(),
                    name,
                );
            }
            return -1;
        }
        if raised {
            system_error_from_current(c"execution of module %s raised unreported exception", name);
            return -1;
        }
    }
    0
}

/// Frees the record of a module that is gone.
///
/// # Safety
/// Nothing can call the module's functions any more; the calling thread is attached to its interpreter.
pub unsafe fn free_record(record: *mut Record) {
    drop(Box::from_raw(record));
}

unsafe extern "C" fn free_module(module: *mut c_void) {
    let record = record_of(module.cast());
    if !record.is_null() {
        free_record(record);
    }
}

/// `spec.name`; None with an exception set.
unsafe fn spec_name(spec: *mut PyObject) -> Option<CString> {
    let name = PyObject_GetAttrString(spec, c"name".as_ptr());
    if name.is_null() {
        return None;
    }
    let text = PyUnicode_AsUTF8(name);
    let copy = (!text.is_null()).then(|| CString::from(CStr::from_ptr(text)));
    Py_DECREF(name);
    copy
}

unsafe fn check_size(def: &HPyModuleDef) -> bool {
    let problem = match def.size {
        0 => return true,
        ..0 => c"HPy does not permit HPyModuleDef.size < 0",
        _ => {
            c"HPy has no module state yet: HPyModuleDef.size must be 0 (keep state in an HPyGlobal or in \
              an attribute of the module)"
        }
    };
    PyErr_SetString(PyExc_SystemError, problem.as_ptr());
    false
}

/// The definitions of a module, without the NULL at their end.
unsafe fn defines(def: &HPyModuleDef) -> impl Iterator<Item = &HPyDef> {
    let mut next = def.defines;
    core::iter::from_fn(move || {
        // SAFETY: `defines` is null or a NULL-terminated array of definitions.
        let found = unsafe { next.as_ref()?.as_ref()? };
        // SAFETY: the array goes on to its NULL.
        next = unsafe { next.add(1) };
        Some(found)
    })
}

impl Record {
    /// Binds the methods and appends the legacy ones; false with an exception set.
    unsafe fn add_methods(&mut self, def: &HPyModuleDef) -> bool {
        for one in defines(def).filter(|one| one.kind == HPyDef_Kind_Meth) {
            let meth = one.u.meth;
            let Some(flags) = method_flags(meth.signature) else {
                PyErr_SetString(PyExc_ValueError, c"Unsupported HPyMeth signature".as_ptr());
                return false;
            };
            if meth.name.is_null() || meth.imp.is_null() {
                let text = c"module '%s': an HPyMeth has no name or no implementation";
                PyErr_Format(PyExc_SystemError, text.as_ptr(), self.name.as_ptr());
                return false;
            }
            let module = &self.name;
            let code = self.bindings.bind(
                meth.signature,
                meth.imp,
                meth.cpy_trampoline.cast_const(),
                of_module(module, meth.name),
            );
            if code.is_null() {
                let text = c"module '%s': thunks are off and the method '%s' has no cpy_trampoline";
                PyErr_Format(PyExc_SystemError, text.as_ptr(), module.as_ptr(), meth.name);
                return false;
            }
            self.methods.push(PyMethodDef {
                ml_name: meth.name,
                // SAFETY: the flags say how CPython calls it, and the code takes just that.
                ml_meth: core::mem::transmute::<*const c_void, PyMethodDefPointer>(code),
                ml_flags: flags,
                ml_doc: meth.doc,
            });
        }
        let mut legacy = def.legacy_methods.cast::<PyMethodDef>();
        while let Some(method) = legacy.as_ref()
            && !method.ml_name.is_null()
        {
            self.methods.push(*method);
            legacy = legacy.add(1);
        }
        self.methods.push(PyMethodDef::zeroed());
        true
    }

    /// Binds the slots. The `HPy_mod_create` and its first argument, if there is one; Err with an exception.
    unsafe fn add_slots(
        &mut self,
        def: &HPyModuleDef,
    ) -> Result<Option<(*const c_void, *const c_void)>, ()> {
        let mut creator = None;
        let mut others = false;
        for one in defines(def) {
            if one.kind != HPyDef_Kind_Slot {
                others = true;
                if one.kind != HPyDef_Kind_Meth {
                    let text = c"module '%s': HPyModuleDef.defines has a definition of kind %d, which only \
                                 types can have";
                    PyErr_Format(PyExc_SystemError, text.as_ptr(), self.name.as_ptr(), one.kind);
                    return Err(());
                }
                continue;
            }
            let slot = one.u.slot;
            let (sig, what) = match slot.slot {
                HPy_mod_create => (HPyFunc_MOD_CREATE, c"HPy_mod_create"),
                HPy_mod_exec => (HPyFunc_INQUIRY, c"HPy_mod_exec"),
                other => {
                    let text = c"Unsupported slot in HPyModuleDef.defines (value: %d).";
                    PyErr_Format(PyExc_SystemError, text.as_ptr(), other as c_int);
                    return Err(());
                }
            };
            if slot.imp.is_null() {
                let text = c"module '%s': the slot %s has no implementation";
                PyErr_Format(PyExc_SystemError, text.as_ptr(), self.name.as_ptr(), what.as_ptr());
                return Err(());
            }
            let name = &self.name;
            let (first, function) =
                self.bindings.destination(sig, slot.imp, of_module(name, what.as_ptr()));
            if slot.slot == HPy_mod_exec {
                others = true;
                if self.execs.is_empty() {
                    self.execs.reserve_exact(1);
                }
                self.execs.push((function, first));
            } else if creator.replace((first, function)).is_some() {
                let text =
                    c"Multiple definitions of the HPy_mod_create slot in HPyModuleDef.defines.";
                PyErr_SetString(PyExc_SystemError, text.as_ptr());
                return Err(());
            }
        }
        if creator.is_some() {
            let what = if others {
                "other slots or methods"
            } else if !def.doc.is_null() || !def.legacy_methods.is_null() || !def.globals.is_null()
            {
                "other fields that are not NULL"
            } else {
                return Ok(creator);
            };
            let text = alloc::format!(
                "HPyModuleDef defines a HPy_mod_create slot and {what}. {ONLY_CREATE}"
            );
            let text = CString::new(text).unwrap_or_default();
            PyErr_SetString(PyExc_SystemError, text.as_ptr());
            return Err(());
        }
        // A binary without legacy code shares no objects between interpreters. One with legacy code may, so
        // CPython's own rule for such extensions holds for it.
        #[cfg(Py_3_12)]
        if def.legacy_methods.is_null() {
            // The other one ends the array.
            self.slots[0] = PyModuleDef_Slot {
                slot: Py_mod_multiple_interpreters,
                value: Py_MOD_PER_INTERPRETER_GIL_SUPPORTED,
            };
        }
        Ok(None)
    }
}

/// CPython's flags for the methods a module can have.
fn method_flags(signature: HPyFunc_Signature) -> Option<c_int> {
    match signature {
        HPyFunc_VARARGS => Some(METH_FASTCALL),
        HPyFunc_KEYWORDS => Some(METH_FASTCALL | METH_KEYWORDS),
        HPyFunc_NOARGS => Some(METH_NOARGS),
        HPyFunc_O => Some(METH_O),
        _ => None,
    }
}

/// What `HPy_mod_create` returned, if it keeps the rules; else null with an exception.
unsafe fn checked_created(name: &CStr, created: *mut PyObject) -> *mut PyObject {
    let raised = !PyErr_Occurred().is_null();
    if created.is_null() {
        if !raised {
            let text = c"creation of module %s failed without setting an exception";
            PyErr_Format(PyExc_SystemError, text.as_ptr(), name.as_ptr());
        }
        return created;
    }
    if raised {
        system_error_from_current(
            c"creation of module %s raised unreported exception",
            name.as_ptr(),
        );
    } else if PyModule_Check(created) != 0 {
        let text = c"HPy_mod_create slot returned a builtin module object. This is currently not supported.";
        PyErr_SetString(PyExc_SystemError, text.as_ptr());
    } else {
        return created;
    }
    Py_DECREF(created);
    ptr::null_mut()
}

/// Raises a SystemError whose cause is the exception that is set.
unsafe fn system_error_from_current(text: &CStr, name: *const c_char) {
    let (take, give) = (BACKEND.error_take, BACKEND.error_give);
    let cause = object(take(ptr::null_mut()));
    PyErr_Format(PyExc_SystemError, text.as_ptr(), name);
    let error = take(ptr::null_mut());
    if error.is_null() || cause.is_null() {
        Py_XDECREF(cause);
    } else {
        // Both setters take over a reference.
        Py_INCREF(cause);
        PyException_SetCause(object(error), cause);
        PyException_SetContext(object(error), cause);
    }
    give(ptr::null_mut(), error);
}
