//! What a universal binary exports, and every check before its code runs.

use crate::image;
use crate::library::Library;
use crate::raise::{Raised, bytes_of, import_error, raise, text_of};
use hpy_sys::ext::{HPyBinary, InitExtensions};
use hpy_sys::{HPY_ABI_VERSION, HPY_ABI_VERSION_MINOR, HPyContext, HPyModuleDef};
use pyo3_ffi::*;
use std::ffi::{CString, OsString, c_void};

/// The entry points of one module of a checked binary.
#[derive(Clone, Copy)]
pub struct Entries {
    pub init: unsafe extern "C" fn() -> *mut HPyModuleDef,
    pub init_global_context: unsafe extern "C" fn(*mut HPyContext),
    pub init_extensions: Option<InitExtensions>,
    /// `HPY_MODULE_*`.
    pub flags: u32,
}

/// Where a module is said to be.
pub struct Place {
    /// The module's name as `import` has it.
    pub full_name: String,
    /// The last part of the module's name, as its symbols have it.
    pub name: String,
    /// The path as a Python object; owned.
    pub path: *mut PyObject,
    /// The path for people.
    pub shown: String,
    pub file: OsString,
}

impl Place {
    /// From the arguments of `load`. `path` is a `str`.
    pub unsafe fn new(name: *mut PyObject, path: *mut PyObject) -> Result<Place, Raised> {
        let full = text_of(name, "the module's name")?;
        let last = full.rsplit('.').next().unwrap_or_default();
        let shown = text_of(path, "the path")?;
        if last.is_empty() || !last.is_ascii() || last.contains('\0') {
            return Err(import_error(
                &full,
                path,
                &format!(
                    "HPy extension module '{full}' at path '{shown}': the name of an HPy module must be \
                     ASCII letters, digits and '_', because its symbols contain it"
                ),
            ));
        }
        let (name, file) = (last.replace('-', "_"), file_of(path)?);
        Py_INCREF(path);
        Ok(Place { full_name: full, name, path, shown, file })
    }

    /// From a module spec.
    pub unsafe fn from_spec(spec: *mut PyObject) -> Result<Place, Raised> {
        let name = PyObject_GetAttrString(spec, c"name".as_ptr());
        let path = PyObject_GetAttrString(spec, c"origin".as_ptr());
        let place =
            if name.is_null() || path.is_null() { Err(Raised) } else { Place::new(name, path) };
        Py_XDECREF(name);
        Py_XDECREF(path);
        place
    }

    /// Raises an ImportError about this place.
    pub unsafe fn import_error(&self, text: &str) -> Raised {
        import_error(
            &self.name,
            self.path,
            &format!("HPy extension module '{}' at path '{}': {text}", self.name, self.shown),
        )
    }

    /// Raises a RuntimeError about this place.
    pub unsafe fn runtime_error(&self, text: &str) -> Raised {
        raise(
            PyExc_RuntimeError,
            &format!("HPy extension module '{}' at path '{}': {text}", self.name, self.shown),
        )
    }

    fn symbol_name(&self, prefix: &str) -> CString {
        CString::new(format!("{prefix}_{}", self.name)).unwrap_or_default()
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        // SAFETY: the place owns its path, and is dropped in the call that made it.
        unsafe { Py_DECREF(self.path) };
    }
}

#[cfg(unix)]
unsafe fn file_of(path: *mut PyObject) -> Result<OsString, Raised> {
    use std::os::unix::ffi::OsStringExt;
    let bytes = PyUnicode_EncodeFSDefault(path);
    if bytes.is_null() {
        return Err(Raised);
    }
    let file = bytes_of(bytes).map(|bytes| OsString::from_vec(bytes.to_vec()));
    Py_DECREF(bytes);
    file
}

#[cfg(windows)]
unsafe fn file_of(path: *mut PyObject) -> Result<OsString, Raised> {
    use std::os::windows::ffi::OsStringExt;
    let mut length = 0;
    let wide = PyUnicode_AsWideCharString(path, &mut length);
    if wide.is_null() {
        return Err(Raised);
    }
    // SAFETY: the string has `length` characters.
    let file = OsString::from_wide(std::slice::from_raw_parts(wide.cast::<u16>(), length as usize));
    PyMem_Free(wide.cast());
    Ok(file)
}

/// Opens and checks the binary. A binary that is refused is closed again.
pub unsafe fn open(place: &Place) -> Result<Entries, Raised> {
    match std::fs::metadata(&place.file) {
        Err(error) => {
            return Err(place.import_error(&format!(
                "cannot read the file ({error}). Check the path, or build the extension again."
            )));
        }
        Ok(found) if !found.is_file() => {
            return Err(place.import_error("this is not a file but a folder or device."));
        }
        Ok(_) => {}
    }
    let library = match image::check(&place.file).and_then(|()| Library::open(&place.file)) {
        Ok(library) => library,
        Err(reason) => {
            return Err(place.import_error(&format!(
                "the system cannot load it as a shared library: {reason}. Build the extension for this \
                 platform, or install what it needs."
            )));
        }
    };
    let entries = check(place, &library);
    if entries.is_err() {
        library.close();
    }
    entries
}

unsafe fn check(place: &Place, library: &Library) -> Result<Entries, Raised> {
    let find = |prefix: &str| -> Result<*mut c_void, Raised> {
        let symbol = place.symbol_name(prefix);
        // SAFETY: raising needs an attached thread, as all of this module.
        library.symbol(&symbol).ok_or_else(|| unsafe {
            place.import_error(&format!(
                "it does not export '{}', as every universal HPy module of that name does. Is the file's \
                 name the module's name, does the source have HPy_MODINIT({}, ...), and is it built with \
                 the universal HPy ABI?",
                symbol.to_string_lossy(),
                place.name
            ))
        })
    };
    type Version = unsafe extern "C" fn() -> u32;
    // SAFETY: the ABI says what these symbols are.
    let major =
        core::mem::transmute::<*mut c_void, Version>(find("get_required_hpy_major_version")?)();
    let minor =
        core::mem::transmute::<*mut c_void, Version>(find("get_required_hpy_minor_version")?)();
    check_version(&place.name, major, minor)?;
    check_tag(place, major, minor)?;
    let entries = Entries {
        init_global_context: core::mem::transmute::<
            *mut c_void,
            unsafe extern "C" fn(*mut HPyContext),
        >(find("HPyInitGlobalContext")?),
        init: core::mem::transmute::<*mut c_void, unsafe extern "C" fn() -> *mut HPyModuleDef>(
            find("HPyInit")?,
        ),
        init_extensions: library
            .symbol(&place.symbol_name("HPyInitExtensions"))
            .map(|address| core::mem::transmute::<*mut c_void, InitExtensions>(address)),
        flags: library
            .symbol(&place.symbol_name("hpy_module_flags"))
            .map_or(0, |address| *address.cast::<u32>()),
    };
    Ok(entries)
}

/// Whether the runtime has the version that a binary asks for.
// The newest minor version is 0 today and any older one would do.
#[allow(clippy::absurd_extreme_comparisons)]
pub fn is_supported(major: u32, minor: u32) -> bool {
    major == HPY_ABI_VERSION && minor <= HPY_ABI_VERSION_MINOR
}

/// Raises if the runtime has not the version that a binary asks for.
pub unsafe fn check_version(name: &str, major: u32, minor: u32) -> Result<(), Raised> {
    if is_supported(major, minor) {
        return Ok(());
    }
    Err(raise(
        PyExc_RuntimeError,
        &format!(
            "HPy extension module '{name}' requires unsupported version of the HPy runtime. Requested \
             version: {major}.{minor}. Current HPy version: {HPY_ABI_VERSION}.{HPY_ABI_VERSION_MINOR}."
        ),
    ))
}

/// Raises if the file's name has no ABI tag, or another one than the binary's version.
unsafe fn check_tag(place: &Place, major: u32, minor: u32) -> Result<(), Raised> {
    let file = std::path::Path::new(&place.shown);
    let file_name = file.file_name().map(|name| name.to_string_lossy()).unwrap_or_default();
    match tag_in(&file_name) {
        Some(tag) if tag == u64::from(major) => Ok(()),
        Some(tag) => Err(place.runtime_error(&format!(
            "mismatch between the HPy ABI tag encoded in the filename and the major version requested by \
             the HPy extension itself. Major version tag parsed from filename: {tag}. Requested version: \
             {major}.{minor}."
        ))),
        None => Err(place.runtime_error(&format!(
            "could not find HPy ABI tag encoded in the filename. The extension claims to be compiled with \
             HPy ABI version: {major}.{minor}."
        ))),
    }
}

/// The number in the first `.hpyNUMBER` of a file name.
fn tag_in(file_name: &str) -> Option<u64> {
    let mut rest = file_name;
    while let Some((_, after)) = rest.split_once(".hpy") {
        let digits = after.find(|c: char| !c.is_ascii_digit()).unwrap_or(after.len());
        if let Some(tag) = after.get(..digits).and_then(|digits| digits.parse().ok()) {
            return Some(tag);
        }
        rest = after;
    }
    None
}

impl Entries {
    /// Promises extensions to the binary; what it says of itself.
    pub unsafe fn extend(&self) -> HPyBinary {
        self.init_extensions.map_or(HPyBinary::new(), |init| hpy_cpython::straight::describe(init))
    }

    /// The module's definition, never null. The trampolines have their context already.
    pub unsafe fn definition(&self, place: &Place) -> Result<*mut HPyModuleDef, Raised> {
        let def = (self.init)();
        if def.is_null() {
            return Err(place.runtime_error(&format!(
                "'HPyInit_{}' returned NULL instead of a module definition. This is an error in the \
                 extension.",
                place.name
            )));
        }
        Ok(def)
    }
}
