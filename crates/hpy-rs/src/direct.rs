//! `PyInit_NAME`: the binary imported by CPython itself. See `hpy_sys::direct`.
//!
//! With the feature `cpython` the runtime is in the binary: see [`crate::standalone`]. Without it a universal binary links against no Python. Once CPython has called `PyInit_NAME`, its functions are in
//! the process: they are looked up by name.

use core::ffi::{CStr, c_char, c_int, c_void};
use core::mem::transmute;
use core::ptr;
use hpy_sys::direct::{DIRECT_ATTRIBUTE, DIRECT_CAPSULE, HPyDirect, HPyDirectModule};

type Object = *mut c_void;

#[cfg(unix)]
fn symbol(name: &CStr) -> *mut c_void {
    unsafe extern "C" {
        fn dlsym(handle: *mut c_void, name: *const c_char) -> *mut c_void;
    }
    /// `RTLD_DEFAULT`: search what is loaded.
    const DEFAULT: *mut c_void = if cfg!(target_vendor = "apple") {
        ptr::without_provenance_mut(usize::MAX - 1)
    } else {
        ptr::null_mut()
    };
    // SAFETY: the name ends with a NUL; a symbol that is not there is null.
    unsafe { dlsym(DEFAULT, name.as_ptr()) }
}

#[cfg(windows)]
fn symbol(name: &CStr) -> *mut c_void {
    #[link(name = "kernel32")]
    unsafe extern "system" {
        fn GetModuleHandleA(name: *const c_char) -> *mut c_void;
        fn GetProcAddress(module: *mut c_void, name: *const c_char) -> *mut c_void;
    }
    // python3.dll forwards the stable functions to the interpreter's own library.
    // SAFETY: the names end with a NUL; what is not there is null.
    unsafe {
        let module = GetModuleHandleA(c"python3.dll".as_ptr());
        if module.is_null() { ptr::null_mut() } else { GetProcAddress(module, name.as_ptr()) }
    }
}

macro_rules! python {
    ($($field:ident: $type:ty = $name:literal;)*) => {
        /// The functions of CPython that an import needs.
        #[allow(non_snake_case)]
        struct Python { $($field: $type,)* }

        impl Python {
            fn find() -> Option<Self> {
                Some(Python {$(
                    $field: {
                        let address = symbol($name);
                        if address.is_null() {
                            return None;
                        }
                        // SAFETY: CPython's stable ABI has the symbol with this type.
                        #[allow(clippy::transmute_ptr_to_ptr, clippy::crosspointer_transmute)]
                        unsafe { transmute::<*mut c_void, $type>(address) }
                    },
                )*})
            }
        }
    };
}

python! {
    import: unsafe extern "C" fn(*const c_char) -> Object = c"PyImport_ImportModule";
    get_attr: unsafe extern "C" fn(Object, *const c_char) -> Object = c"PyObject_GetAttrString";
    capsule_pointer: unsafe extern "C" fn(Object, *const c_char) -> *mut c_void = c"PyCapsule_GetPointer";
    decref: unsafe extern "C" fn(Object) = c"Py_DecRef";
    set_error: unsafe extern "C" fn(Object, *const c_char) = c"PyErr_SetString";
    matches: unsafe extern "C" fn(Object) -> c_int = c"PyErr_ExceptionMatches";
    import_error: *const Object = c"PyExc_ImportError";
    not_found: *const Object = c"PyExc_ModuleNotFoundError";
    attribute_error: *const Object = c"PyExc_AttributeError";
}

/// Imports the module that `module` describes: what `PyInit_NAME` returns.
///
/// # Safety
/// CPython calls it to import the module.
pub unsafe fn init(module: &'static HPyDirectModule) -> *mut c_void {
    let Some(python) = Python::find() else { return ptr::null_mut() };
    // SAFETY: the thread is attached, as CPython calls; objects are released once; the errors are constants.
    unsafe {
        let universal = (python.import)(c"hpy.universal".as_ptr());
        if universal.is_null() {
            if (python.matches)(*python.not_found) != 0 {
                return refuse(&python, module, "no package hpy is installed here");
            }
            return ptr::null_mut();
        }
        let capsule = (python.get_attr)(universal, DIRECT_ATTRIBUTE.as_ptr());
        (python.decref)(universal);
        if capsule.is_null() {
            if (python.matches)(*python.attribute_error) != 0 {
                return refuse(
                    &python,
                    module,
                    "the hpy package that is installed here is not hpy-rs",
                );
            }
            return ptr::null_mut();
        }
        // The runtime lives as long as the interpreter's modules; its table is a static of it.
        let direct = (python.capsule_pointer)(capsule, DIRECT_CAPSULE.as_ptr()).cast::<HPyDirect>();
        (python.decref)(capsule);
        if direct.is_null() {
            return ptr::null_mut();
        }
        ((*direct).init)(module)
    }
}

/// # Safety
/// As [`init`].
unsafe fn refuse(python: &Python, module: &HPyDirectModule, why: &str) -> *mut c_void {
    // SAFETY: the name is a literal of the binary; the exception type is a constant.
    unsafe {
        let name = CStr::from_ptr(module.name).to_string_lossy();
        let message = format!("{name} needs the HPy runtime, and {why}: pip install hpy-rs\0");
        (python.set_error)(*python.import_error, message.as_ptr().cast());
    }
    ptr::null_mut()
}
