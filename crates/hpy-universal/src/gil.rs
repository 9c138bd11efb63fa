//! Free-threaded CPython: a module that does not declare `HPY_MODULE_GIL_NOT_USED` gets the GIL.
//!
//! CPython turns the GIL on when *it* imports an extension that does not say it can do without. Binaries in
//! the direct form are such extensions. Those that come through `hpy.universal.load` are none, and there is
//! no function to turn the GIL on with, so for their sake CPython imports one: this library once more, by
//! [`PyInit_uses_the_gil`], whose definition says nothing of the GIL. CPython's warning names it after the module.

use crate::raise::Raised;
use core::cell::UnsafeCell;
use hpy_sys::ext::HPY_MODULE_GIL_NOT_USED;
use pyo3_ffi::*;
use std::ffi::{CStr, c_void};
use std::ptr;

/// Notes what the module `name` said and, if need be, turns the GIL on before any of its code runs.
pub unsafe fn prepare(name: *mut PyObject, flags: u32) -> Result<(), Raised> {
    if flags & HPY_MODULE_GIL_NOT_USED != 0 || is_enabled()? {
        return Ok(());
    }
    let module = import_one_that_uses_it(name);
    if module.is_null() {
        return Err(Raised);
    }
    Py_DECREF(module);
    Ok(())
}

/// `sys._is_gil_enabled()`.
unsafe fn is_enabled() -> Result<bool, Raised> {
    let function = PySys_GetObject(c"_is_gil_enabled".as_ptr());
    if function.is_null() {
        return Ok(true);
    }
    let answer = PyObject_CallNoArgs(function);
    if answer.is_null() {
        return Err(Raised);
    }
    let enabled = PyObject_IsTrue(answer) != 0;
    Py_DECREF(answer);
    Ok(enabled)
}

/// Calls what an `ExtensionFileLoader` calls, for the file of `hpy.universal`; a new reference, or null.
unsafe fn import_one_that_uses_it(for_module: *mut PyObject) -> *mut PyObject {
    let file = own_file();
    if file.is_null() {
        return file;
    }
    let name = PyUnicode_FromFormat(c"%U.uses_the_gil".as_ptr(), for_module);
    let spec = match attribute_of(c"importlib.util", c"spec_from_file_location") {
        Some(function) if !name.is_null() => {
            let spec =
                PyObject_CallFunctionObjArgs(function, name, file, ptr::null_mut::<PyObject>());
            Py_DECREF(function);
            spec
        }
        _ => ptr::null_mut(),
    };
    Py_XDECREF(name);
    Py_DECREF(file);
    if spec.is_null() {
        return spec;
    }
    let module = match attribute_of(c"importlib.util", c"module_from_spec") {
        Some(function) => {
            let module = PyObject_CallFunctionObjArgs(function, spec, ptr::null_mut::<PyObject>());
            Py_DECREF(function);
            module
        }
        None => ptr::null_mut(),
    };
    Py_DECREF(spec);
    module
}

/// The path of this library, a new str: not every module that has it is `hpy.universal` in `sys.modules`.
#[cfg(unix)]
unsafe fn own_file() -> *mut PyObject {
    let mut found: libc::Dl_info = core::mem::zeroed();
    if libc::dladdr(PyInit_uses_the_gil as *const c_void, &raw mut found) == 0 {
        PyErr_SetString(PyExc_ImportError, c"hpy.universal: its own file was not found".as_ptr());
        return ptr::null_mut();
    }
    PyUnicode_DecodeFSDefault(found.dli_fname)
}

#[cfg(not(unix))]
unsafe fn own_file() -> *mut PyObject {
    attribute_of(c"hpy.universal", c"__file__").unwrap_or(ptr::null_mut())
}

unsafe fn attribute_of(module: &CStr, name: &CStr) -> Option<*mut PyObject> {
    let module = PyImport_ImportModule(module.as_ptr());
    if module.is_null() {
        return None;
    }
    let found = PyObject_GetAttrString(module, name.as_ptr());
    Py_DECREF(module);
    (!found.is_null()).then_some(found)
}

#[repr(transparent)]
struct Shared<T>(UnsafeCell<T>);
// SAFETY: only CPython writes to what is in here, under its own locks.
unsafe impl<T> Sync for Shared<T> {}

static SLOTS: Shared<[PyModuleDef_Slot; 2]> = Shared(UnsafeCell::new([
    PyModuleDef_Slot {
        slot: Py_mod_multiple_interpreters,
        value: Py_MOD_PER_INTERPRETER_GIL_SUPPORTED,
    },
    PyModuleDef_Slot { slot: 0, value: ptr::null_mut() },
]));

static DEF: Shared<PyModuleDef> = Shared(UnsafeCell::new(PyModuleDef {
    m_base: PyModuleDef_HEAD_INIT,
    m_name: c"uses_the_gil".as_ptr(),
    m_doc: ptr::null(),
    m_size: 0,
    m_methods: ptr::null_mut(),
    m_slots: SLOTS.0.get().cast(),
    m_traverse: None,
    m_clear: None,
    m_free: None,
}));

/// What CPython calls to import it.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn PyInit_uses_the_gil() -> *mut PyObject {
    PyModuleDef_Init(DEF.0.get())
}
