//! The functions that Python sees.

use crate::environ;
use crate::load::load;
use crate::modes::{self, Mode};
use crate::raise::{Raised, raise, string, text_of};
use pyo3_ffi::*;
use std::ffi::{CStr, c_char, c_int};
use std::ptr;

#[repr(transparent)]
pub struct Methods(pub [PyMethodDef; 5]);
// SAFETY: nothing writes to the table.
unsafe impl Sync for Methods {}

pub static METHODS: Methods = Methods([
    PyMethodDef {
        ml_name: c"load".as_ptr(),
        ml_meth: PyMethodDefPointer { PyCFunctionWithKeywords: load_function },
        ml_flags: METH_VARARGS | METH_KEYWORDS,
        ml_doc: c"load(name, path, spec, debug=False, mode=-1)\n--\n\n\
            Loads the module `name` from the universal binary at `path`.\n\n\
            `spec` is the module spec to make it from; it is not added to sys.modules. `mode` is one of the\n\
            MODE_ constants, -1 means MODE_DEBUG if `debug` is true and MODE_UNIVERSAL otherwise."
            .as_ptr(),
    },
    PyMethodDef {
        ml_name: c"_load_bootstrap".as_ptr(),
        ml_meth: PyMethodDefPointer { PyCFunctionWithKeywords: load_bootstrap },
        ml_flags: METH_VARARGS | METH_KEYWORDS,
        ml_doc: c"_load_bootstrap(name, ext_name, package, file, loader, spec, env)\n--\n\n\
            What a stub file calls: loads in the mode that env['HPY'] says and gives the module its\n\
            attributes."
            .as_ptr(),
    },
    PyMethodDef {
        ml_name: c"get_version".as_ptr(),
        ml_meth: PyMethodDefPointer { PyCFunction: get_version },
        ml_flags: METH_NOARGS,
        ml_doc: c"get_version()\n--\n\n\
            The version of hpy-rs and its git revision ('' if it is not known), as two strings."
            .as_ptr(),
    },
    PyMethodDef {
        ml_name: c"__getattr__".as_ptr(),
        ml_meth: PyMethodDefPointer { PyCFunction: get_attribute },
        ml_flags: METH_O,
        ml_doc: c"The modules _debug and _trace, made when they are asked for.".as_ptr(),
    },
    PyMethodDef::zeroed(),
]);

/// Adds what is not a function.
pub unsafe fn fill(module: *mut PyObject) -> c_int {
    for (name, mode) in [
        (c"MODE_UNIVERSAL", Mode::Universal),
        (c"MODE_DEBUG", Mode::Debug),
        (c"MODE_TRACE", Mode::Trace),
        (c"MODE_DEBUG_ON_TRACE", Mode::DebugOnTrace),
        (c"MODE_TRACE_ON_DEBUG", Mode::TraceOnDebug),
    ] {
        if PyModule_AddIntConstant(module, name.as_ptr(), mode as _) < 0 {
            return -1;
        }
    }
    crate::direct::add_capsule(module)
}

fn returned(result: Result<*mut PyObject, Raised>) -> *mut PyObject {
    result.unwrap_or(ptr::null_mut())
}

/// A NULL-terminated list of parameter names.
struct Names<const N: usize>([*const c_char; N]);

unsafe extern "C" fn load_function(
    _module: *mut PyObject,
    args: *mut PyObject,
    kwargs: *mut PyObject,
) -> *mut PyObject {
    let names = Names([
        c"name".as_ptr(),
        c"path".as_ptr(),
        c"spec".as_ptr(),
        c"debug".as_ptr(),
        c"mode".as_ptr(),
        ptr::null(),
    ]);
    let (mut name, mut path, mut spec) = (ptr::null_mut(), ptr::null_mut(), ptr::null_mut());
    let (mut debug, mut mode): (c_int, c_int) = (0, -1);
    if PyArg_ParseTupleAndKeywords(
        args,
        kwargs,
        c"UOO|pi:load".as_ptr(),
        names.0.as_ptr().cast_mut().cast(),
        &raw mut name,
        &raw mut path,
        &raw mut spec,
        &raw mut debug,
        &raw mut mode,
    ) == 0
    {
        return ptr::null_mut();
    }
    returned(load_with_numbers(name, path, spec, debug != 0, mode))
}

unsafe fn load_with_numbers(
    name: *mut PyObject,
    path: *mut PyObject,
    spec: *mut PyObject,
    debug: bool,
    mode: c_int,
) -> Result<*mut PyObject, Raised> {
    let mode = match mode {
        -1 if debug => Mode::Debug,
        -1 => Mode::Universal,
        // 0 is MODE_UNIVERSAL, but a caller that says debug=True means it.
        0 if debug => Mode::Debug,
        number => Mode::from_number(number).ok_or_else(|| {
            raise(
                PyExc_ValueError,
                &format!(
                    "invalid HPy mode: {number}. Give one of MODE_UNIVERSAL, MODE_DEBUG, MODE_TRACE"
                ),
            )
        })?,
    };
    let path = PyOS_FSPath(path);
    if path.is_null() {
        return Err(Raised);
    }
    let mut decoded: *mut PyObject = ptr::null_mut();
    let done = PyUnicode_FSDecoder(path, (&raw mut decoded).cast());
    Py_DECREF(path);
    if done == 0 {
        return Err(Raised);
    }
    let module = load(name, decoded, spec, mode);
    Py_DECREF(decoded);
    module
}

unsafe extern "C" fn load_bootstrap(
    _module: *mut PyObject,
    args: *mut PyObject,
    kwargs: *mut PyObject,
) -> *mut PyObject {
    let names = Names([
        c"name".as_ptr(),
        c"ext_name".as_ptr(),
        c"package".as_ptr(),
        c"file".as_ptr(),
        c"loader".as_ptr(),
        c"spec".as_ptr(),
        c"env".as_ptr(),
        ptr::null(),
    ]);
    let mut stub = Stub::default();
    let mut env = ptr::null_mut();
    if PyArg_ParseTupleAndKeywords(
        args,
        kwargs,
        c"UUOOOOO:_load_bootstrap".as_ptr(),
        names.0.as_ptr().cast_mut().cast(),
        &raw mut stub.name,
        &raw mut stub.ext_name,
        &raw mut stub.package,
        &raw mut stub.file,
        &raw mut stub.loader,
        &raw mut stub.spec,
        &raw mut env,
    ) == 0
    {
        return ptr::null_mut();
    }
    returned(stub.load(env))
}

/// What a stub file says about the module.
struct Stub {
    name: *mut PyObject,
    ext_name: *mut PyObject,
    package: *mut PyObject,
    file: *mut PyObject,
    loader: *mut PyObject,
    spec: *mut PyObject,
}

impl Default for Stub {
    fn default() -> Self {
        Stub {
            name: ptr::null_mut(),
            ext_name: ptr::null_mut(),
            package: ptr::null_mut(),
            file: ptr::null_mut(),
            loader: ptr::null_mut(),
            spec: ptr::null_mut(),
        }
    }
}

impl Stub {
    unsafe fn load(&self, env: *mut PyObject) -> Result<*mut PyObject, Raised> {
        let name = text_of(self.name, "name")?;
        let full = text_of(self.ext_name, "ext_name")?;
        let mode = environ::mode_for(&[&full, &name], env)?;
        environ::log(&name, mode, env)?;
        let module = load(self.name, self.file, self.spec, mode)?;
        match self.set_attributes(module) {
            Ok(()) => Ok(module),
            Err(raised) => {
                Py_DECREF(module);
                Err(raised)
            }
        }
    }

    unsafe fn set_attributes(&self, module: *mut PyObject) -> Result<(), Raised> {
        set(self.spec, c"origin", self.file)?;
        set(module, c"__file__", self.file)?;
        set(module, c"__loader__", self.loader)?;
        set(module, c"__name__", self.ext_name)?;
        set(module, c"__package__", self.package)?;
        set(module, c"__spec__", self.spec)
    }
}

/// Sets an attribute; like `importlib`, accepts that a module that is no module object cannot have it.
unsafe fn set(object: *mut PyObject, name: &CStr, value: *mut PyObject) -> Result<(), Raised> {
    if PyObject_SetAttrString(object, name.as_ptr(), value) == 0 {
        return Ok(());
    }
    if PyErr_ExceptionMatches(PyExc_AttributeError) == 0 {
        return Err(Raised);
    }
    PyErr_Clear();
    Ok(())
}

/// For attributes that are not there: makes `_debug` and `_trace` at first use.
unsafe extern "C" fn get_attribute(module: *mut PyObject, name: *mut PyObject) -> *mut PyObject {
    returned(make_attribute(module, name))
}

unsafe fn make_attribute(
    module: *mut PyObject,
    name: *mut PyObject,
) -> Result<*mut PyObject, Raised> {
    let text = text_of(name, "the attribute's name")?;
    match modes::control_module(&text)? {
        Some(made) if PyObject_SetAttr(module, name, made) == 0 => Ok(made),
        Some(made) => {
            Py_DECREF(made);
            Err(Raised)
        }
        None => Err(raise(
            PyExc_AttributeError,
            &format!("module 'hpy.universal' has no attribute '{text}'"),
        )),
    }
}

unsafe extern "C" fn get_version(_module: *mut PyObject, _: *mut PyObject) -> *mut PyObject {
    let pair = PyTuple_New(2);
    if pair.is_null() {
        return pair;
    }
    let revision = option_env!("HPY_RS_REVISION").unwrap_or_default();
    for (index, text) in [env!("CARGO_PKG_VERSION"), revision].into_iter().enumerate() {
        let text = string(text);
        if text.is_null() || PyTuple_SetItem(pair, index as Py_ssize_t, text) < 0 {
            Py_DECREF(pair);
            return ptr::null_mut();
        }
    }
    pair
}
