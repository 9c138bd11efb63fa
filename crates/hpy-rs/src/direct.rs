//! `PyInit_NAME`: the binary imported by CPython itself. See `hpy_sys::direct`.
//!
//! With the feature `cpython` the runtime is in the binary: see `standalone.rs`. Without it a universal binary links against no Python. Once CPython has called `PyInit_NAME`, its functions are in
//! the process: they are looked up by name.
//!
//! Without `hpy.universal` CPython gets a definition whose create slot raises ([`refusal`]), rather than
//! an exception at once: CPython 3.13 calls `PyInit_NAME` in the main interpreter, whichever imports, and
//! does not survive an exception from there.

use core::ffi::{CStr, c_char, c_int, c_ulong, c_void};
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
    ($(#[$doc:meta])* $Python:ident: $($field:ident: $type:ty = $name:literal;)*) => {
        $(#[$doc])*
        struct $Python { $($field: $type,)* }

        impl $Python {
            fn find() -> Option<Self> {
                Some($Python {$(
                    $field: {
                        let address = symbol($name);
                        if address.is_null() {
                            return None;
                        }
                        // SAFETY: CPython's stable ABI has the symbol with this type.
                        #[allow(clippy::transmute_ptr_to_ptr, clippy::crosspointer_transmute, clippy::useless_transmute)]
                        unsafe { transmute::<*mut c_void, $type>(address) }
                    },
                )*})
            }
        }
    };
}

python! {
    /// The functions of CPython that an import needs where the runtime is there.
    Way:
    import: unsafe extern "C" fn(*const c_char) -> Object = c"PyImport_ImportModule";
    get_attr: unsafe extern "C" fn(Object, *const c_char) -> Object = c"PyObject_GetAttrString";
    capsule_pointer: unsafe extern "C" fn(Object, *const c_char) -> *mut c_void = c"PyCapsule_GetPointer";
    decref: unsafe extern "C" fn(Object) = c"Py_DecRef";
}

python! {
    /// Those that a refusal needs.
    Python:
    get_attr: unsafe extern "C" fn(Object, *const c_char) -> Object = c"PyObject_GetAttrString";
    decref: unsafe extern "C" fn(Object) = c"Py_DecRef";
    text: unsafe extern "C" fn(Object, *mut isize) -> *const c_char = c"PyUnicode_AsUTF8AndSize";
    as_size: unsafe extern "C" fn(Object) -> isize = c"PyLong_AsSsize_t";
    def_init: unsafe extern "C" fn(*mut c_void) -> Object = c"PyModuleDef_Init";
    def_type: Object = c"PyModuleDef_Type";
    clear_error: unsafe extern "C" fn() = c"PyErr_Clear";
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
    let Some(way) = Way::find() else { return ptr::null_mut() };
    // SAFETY: the thread is attached, as CPython calls; the name is a literal of the binary.
    unsafe {
        let direct = runtime(&way);
        if !direct.is_null() {
            return ((*direct).init)(module);
        }
        let Some(python) = Python::find() else { return ptr::null_mut() };
        (python.clear_error)();
        let definition = refusal::definition(&python);
        if definition.is_null() {
            raise(&python, &CStr::from_ptr(module.name).to_string_lossy(), "it is not here");
        }
        definition
    }
}

/// What the runtime offers; null with an exception if there is none.
///
/// # Safety
/// The thread is attached.
unsafe fn runtime(python: &Way) -> *const HPyDirect {
    // SAFETY: as said above; objects are released once.
    unsafe {
        let universal = (python.import)(c"hpy.universal".as_ptr());
        if universal.is_null() {
            return ptr::null();
        }
        let capsule = (python.get_attr)(universal, DIRECT_ATTRIBUTE.as_ptr());
        (python.decref)(universal);
        if capsule.is_null() {
            return ptr::null();
        }
        // The runtime lives as long as the interpreter's modules; its table is a static of it.
        let direct = (python.capsule_pointer)(capsule, DIRECT_CAPSULE.as_ptr()).cast::<HPyDirect>();
        (python.decref)(capsule);
        direct
    }
}

/// Raises an ImportError that says what the module `name` lacks.
///
/// # Safety
/// The thread is attached.
unsafe fn raise(python: &Python, name: &str, why: &str) {
    let message = format!("{name} needs the HPy runtime, and {why}: pip install hpy-rs\0");
    // SAFETY: the message ends with a NUL; the exception type is a constant of CPython.
    unsafe { (python.set_error)(*python.import_error, message.as_ptr().cast()) };
}

/// The definition that stands in for the runtime's.
mod refusal {
    use super::*;
    use core::cell::UnsafeCell;

    const WORD: usize = size_of::<usize>();
    /// CPython's `PyModuleDef` behind the head that every object has: as many words in each version.
    const BODY_WORDS: usize = 11;
    /// Which of them is `m_slots`.
    const SLOTS: usize = 7;
    const MAX_HEAD_WORDS: usize = 8;

    /// CPython's `PyModuleDef_Slot`.
    #[repr(C)]
    #[derive(Clone, Copy)]
    struct Slot {
        slot: c_int,
        value: *mut c_void,
    }

    /// Written under the GIL, the same each time.
    struct Memory {
        words: UnsafeCell<[usize; MAX_HEAD_WORDS + BODY_WORDS]>,
        slots: UnsafeCell<[Slot; 3]>,
    }

    // SAFETY: interpreters with a GIL of their own could write at the same time, and write the same.
    unsafe impl Sync for Memory {}

    static MEMORY: Memory = Memory {
        words: UnsafeCell::new([0; MAX_HEAD_WORDS + BODY_WORDS]),
        slots: UnsafeCell::new([Slot { slot: 0, value: ptr::null_mut() }; 3]),
    };

    const MOD_CREATE: c_int = 1;
    const MOD_MULTIPLE_INTERPRETERS: c_int = 3;
    const PER_INTERPRETER_GIL_SUPPORTED: usize = 2;

    /// A definition whose modules cannot be made; null, perhaps with an exception, if this Python has
    /// definitions of another form.
    ///
    /// # Safety
    /// The thread is attached.
    pub(super) unsafe fn definition(python: &Python) -> *mut c_void {
        // SAFETY: objects are released once; the memory is written as its type says.
        unsafe {
            let size = (python.get_attr)(python.def_type, c"__basicsize__".as_ptr());
            if size.is_null() {
                return ptr::null_mut();
            }
            let words = usize::try_from((python.as_size)(size)).unwrap_or(0) / WORD;
            (python.decref)(size);
            let head = words.wrapping_sub(BODY_WORDS);
            if !(2..=MAX_HEAD_WORDS).contains(&head) {
                return ptr::null_mut();
            }
            let slots = MEMORY.slots.get().cast::<Slot>();
            (*slots).value = refuse as *mut c_void;
            (*slots).slot = MOD_CREATE;
            // Without this slot a subinterpreter would not ask us. Before 3.12 there is none.
            let version = symbol(c"Py_Version").cast::<c_ulong>();
            if !version.is_null() && *version >= 0x030C_0000 {
                let second = slots.add(1);
                (*second).value = ptr::without_provenance_mut(PER_INTERPRETER_GIL_SUPPORTED);
                (*second).slot = MOD_MULTIPLE_INTERPRETERS;
            }
            let words = MEMORY.words.get().cast::<usize>();
            words.add(head + SLOTS).cast::<*mut Slot>().write(slots);
            (python.def_init)(words.cast())
        }
    }

    /// `Py_mod_create`.
    unsafe extern "C" fn refuse(spec: Object, _definition: Object) -> Object {
        let Some((way, python)) = Way::find().zip(Python::find()) else { return ptr::null_mut() };
        // SAFETY: CPython calls with the module's spec, attached; objects are released once.
        unsafe {
            let why = if !runtime(&way).is_null() {
                "it was not found at first: it is missing in the main interpreter, or its import was \
                 interrupted"
            } else if (python.matches)(*python.not_found) != 0 {
                "no package hpy is installed here"
            } else if (python.matches)(*python.attribute_error) != 0 {
                "the hpy package that is installed here is not hpy-rs"
            } else {
                return ptr::null_mut();
            };
            (python.clear_error)();
            let name = (python.get_attr)(spec, c"name".as_ptr());
            if name.is_null() {
                return ptr::null_mut();
            }
            let text = (python.text)(name, ptr::null_mut());
            if !text.is_null() {
                raise(&python, &CStr::from_ptr(text).to_string_lossy(), why);
            }
            (python.decref)(name);
            ptr::null_mut()
        }
    }
}
