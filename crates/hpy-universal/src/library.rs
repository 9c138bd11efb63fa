//! Opening a shared library and finding its symbols, per platform.
//!
//! A library whose code has run stays open for the life of the process: types, functions and capsules of
//! it may be anywhere. [`Library::close`] is for one that was refused before.

use std::ffi::{CStr, OsStr, c_void};

/// An open library.
pub struct Library(*mut c_void);

#[cfg(unix)]
mod system {
    use super::*;
    use std::ffi::CString;
    use std::os::unix::ffi::OsStrExt;

    pub fn open(path: &OsStr) -> Result<*mut c_void, String> {
        let path =
            CString::new(path.as_bytes()).map_err(|_| "the path has a NUL in it".to_owned())?;
        // SAFETY: the path is NUL-terminated. The library's constructors run: that is what loading means.
        let handle = unsafe { libc::dlopen(path.as_ptr(), libc::RTLD_NOW | libc::RTLD_LOCAL) };
        if handle.is_null() {
            // SAFETY: dlerror returns null or a NUL-terminated string of this thread.
            let error = unsafe { libc::dlerror() };
            return Err(if error.is_null() {
                "the system gives no reason".to_owned()
            } else {
                // SAFETY: as above.
                unsafe { CStr::from_ptr(error) }.to_string_lossy().into_owned()
            });
        }
        Ok(handle)
    }

    pub fn symbol(handle: *mut c_void, name: &CStr) -> *mut c_void {
        // SAFETY: `handle` is an open library.
        unsafe { libc::dlsym(handle, name.as_ptr()) }
    }

    pub fn close(handle: *mut c_void) {
        // SAFETY: `handle` is an open library and the caller keeps nothing of it.
        unsafe { libc::dlclose(handle) };
    }
}

#[cfg(windows)]
mod system {
    use super::*;
    use std::os::windows::ffi::OsStrExt;

    const LOAD_LIBRARY_SEARCH_DEFAULT_DIRS: u32 = 0x1000;
    const LOAD_LIBRARY_SEARCH_DLL_LOAD_DIR: u32 = 0x100;

    #[link(name = "kernel32")]
    unsafe extern "system" {
        fn LoadLibraryExW(path: *const u16, file: *mut c_void, flags: u32) -> *mut c_void;
        fn GetProcAddress(module: *mut c_void, name: *const std::ffi::c_char) -> *mut c_void;
        fn FreeLibrary(module: *mut c_void) -> i32;
    }

    pub fn open(path: &OsStr) -> Result<*mut c_void, String> {
        let full = std::path::absolute(path).map_err(|error| error.to_string())?;
        let wide: Vec<u16> = full.as_os_str().encode_wide().chain([0]).collect();
        // SAFETY: the path is NUL-terminated. The library's initialisers run: that is what loading means.
        let handle = unsafe {
            LoadLibraryExW(
                wide.as_ptr(),
                std::ptr::null_mut(),
                LOAD_LIBRARY_SEARCH_DEFAULT_DIRS | LOAD_LIBRARY_SEARCH_DLL_LOAD_DIR,
            )
        };
        if handle.is_null() {
            return Err(std::io::Error::last_os_error().to_string());
        }
        Ok(handle)
    }

    pub fn symbol(handle: *mut c_void, name: &CStr) -> *mut c_void {
        // SAFETY: `handle` is an open library.
        unsafe { GetProcAddress(handle, name.as_ptr()) }
    }

    pub fn close(handle: *mut c_void) {
        // SAFETY: `handle` is an open library and the caller keeps nothing of it.
        unsafe { FreeLibrary(handle) };
    }
}

impl Library {
    /// Opens the library, resolving all its symbols now. Err is what the system says.
    pub fn open(path: &OsStr) -> Result<Library, String> {
        system::open(path).map(Library)
    }

    /// The address of a symbol.
    pub fn symbol(&self, name: &CStr) -> Option<*mut c_void> {
        let address = system::symbol(self.0, name);
        (!address.is_null()).then_some(address)
    }

    /// Closes a library of which nothing is kept.
    pub fn close(self) {
        system::close(self.0);
    }
}
