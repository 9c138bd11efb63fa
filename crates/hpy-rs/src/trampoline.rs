//! Trampolines: how a runtime that cannot make calls of its own into a binary reaches it.
//!
//! A trampoline has CPython's signature. It packs its arguments in a struct, `result` last, and has the
//! context call the implementation (`_HPy_CallRealFunctionFromTrampoline`). Objects are `PyObject *` here.

/// The trampoline of `$imp`, a `*mut c_void`; for a signature of the ABI.
#[doc(hidden)]
#[macro_export]
macro_rules! __trampoline {
    (NOARGS $imp:expr) => {{
        #[repr(C)]
        struct Packed {
            object: *mut ::core::ffi::c_void,
            result: *mut ::core::ffi::c_void,
        }
        unsafe extern "C" fn trampoline(
            object: *mut ::core::ffi::c_void,
            _none: *mut ::core::ffi::c_void,
        ) -> *mut ::core::ffi::c_void {
            let mut packed = Packed { object, result: ::core::ptr::null_mut() };
            // SAFETY: the struct is the one of the signature.
            unsafe {
                $crate::impl_::call_from_trampoline(
                    $crate::impl_::sys::HPyFunc_NOARGS,
                    $imp as *mut ::core::ffi::c_void,
                    &mut packed,
                )
            };
            packed.result
        }
        trampoline as *mut ::core::ffi::c_void
    }};
    (DESTRUCTOR $imp:expr) => {{
        #[repr(C)]
        struct Packed {
            object: *mut ::core::ffi::c_void,
        }
        unsafe extern "C" fn trampoline(object: *mut ::core::ffi::c_void) {
            let mut packed = Packed { object };
            // SAFETY: the struct is the one of the signature.
            unsafe {
                $crate::impl_::call_from_trampoline(
                    $crate::impl_::sys::HPyFunc_DESTRUCTOR,
                    $imp as *mut ::core::ffi::c_void,
                    &mut packed,
                )
            };
        }
        trampoline as *mut ::core::ffi::c_void
    }};
    (RELEASEBUFFERPROC $imp:expr) => {{
        #[repr(C)]
        struct Packed {
            object: *mut ::core::ffi::c_void,
            view: *mut ::core::ffi::c_void,
        }
        unsafe extern "C" fn trampoline(
            object: *mut ::core::ffi::c_void,
            view: *mut ::core::ffi::c_void,
        ) {
            let mut packed = Packed { object, view };
            // SAFETY: the struct is the one of the signature.
            unsafe {
                $crate::impl_::call_from_trampoline(
                    $crate::impl_::sys::HPyFunc_RELEASEBUFFERPROC,
                    $imp as *mut ::core::ffi::c_void,
                    &mut packed,
                )
            };
        }
        trampoline as *mut ::core::ffi::c_void
    }};
    (VARARGS $imp:expr) => { $crate::__trampoline!(@ VARARGS HPyFunc_VARARGS $imp, a: P, b: P, c: I => P) };
    (KEYWORDS $imp:expr) => { $crate::__trampoline!(@ KEYWORDS HPyFunc_KEYWORDS $imp, a: P, b: P, c: I, d: P => P) };
    (O $imp:expr) => { $crate::__trampoline!(@ O HPyFunc_O $imp, a: P, b: P => P) };
    (NEWFUNC $imp:expr) => { $crate::__trampoline!(@ NEWFUNC HPyFunc_NEWFUNC $imp, a: P, b: P, c: P => P) };
    (INITPROC $imp:expr) => { $crate::__trampoline!(@ INITPROC HPyFunc_INITPROC $imp, a: P, b: P, c: P => N) };
    (UNARYFUNC $imp:expr) => { $crate::__trampoline!(@ UNARYFUNC HPyFunc_UNARYFUNC $imp, a: P => P) };
    (REPRFUNC $imp:expr) => { $crate::__trampoline!(@ REPRFUNC HPyFunc_REPRFUNC $imp, a: P => P) };
    (BINARYFUNC $imp:expr) => { $crate::__trampoline!(@ BINARYFUNC HPyFunc_BINARYFUNC $imp, a: P, b: P => P) };
    (TERNARYFUNC $imp:expr) => { $crate::__trampoline!(@ TERNARYFUNC HPyFunc_TERNARYFUNC $imp, a: P, b: P, c: P => P) };
    (INQUIRY $imp:expr) => { $crate::__trampoline!(@ INQUIRY HPyFunc_INQUIRY $imp, a: P => N) };
    (LENFUNC $imp:expr) => { $crate::__trampoline!(@ LENFUNC HPyFunc_LENFUNC $imp, a: P => I) };
    (HASHFUNC $imp:expr) => { $crate::__trampoline!(@ HASHFUNC HPyFunc_HASHFUNC $imp, a: P => I) };
    (SSIZEARGFUNC $imp:expr) => { $crate::__trampoline!(@ SSIZEARGFUNC HPyFunc_SSIZEARGFUNC $imp, a: P, b: I => P) };
    (SSIZEOBJARGPROC $imp:expr) => { $crate::__trampoline!(@ SSIZEOBJARGPROC HPyFunc_SSIZEOBJARGPROC $imp, a: P, b: I, c: P => N) };
    (OBJOBJARGPROC $imp:expr) => { $crate::__trampoline!(@ OBJOBJARGPROC HPyFunc_OBJOBJARGPROC $imp, a: P, b: P, c: P => N) };
    (OBJOBJPROC $imp:expr) => { $crate::__trampoline!(@ OBJOBJPROC HPyFunc_OBJOBJPROC $imp, a: P, b: P => N) };
    (RICHCMPFUNC $imp:expr) => { $crate::__trampoline!(@ RICHCMPFUNC HPyFunc_RICHCMPFUNC $imp, a: P, b: P, c: N => P) };
    (GETTER $imp:expr) => { $crate::__trampoline!(@ GETTER HPyFunc_GETTER $imp, a: P, b: P => P) };
    (SETTER $imp:expr) => { $crate::__trampoline!(@ SETTER HPyFunc_SETTER $imp, a: P, b: P, c: P => N) };
    (GETBUFFERPROC $imp:expr) => { $crate::__trampoline!(@ GETBUFFERPROC HPyFunc_GETBUFFERPROC $imp, a: P, b: P, c: N => N) };
    (TRAVERSEPROC $imp:expr) => { $crate::__trampoline!(@ TRAVERSEPROC HPyFunc_TRAVERSEPROC $imp, a: P, b: P, c: P => N) };
    (@ $name:ident $signature:ident $imp:expr, $($arg:ident: $kind:ident),* => $result:ident) => {{
        #[repr(C)]
        struct Packed {
            $($arg: $crate::impl_::packed::$kind,)*
            result: $crate::impl_::packed::$result,
        }
        unsafe extern "C" fn trampoline(
            $($arg: $crate::impl_::packed::$kind),*
        ) -> $crate::impl_::packed::$result {
            let mut packed = Packed { $($arg,)* result: $crate::impl_::packed::zero::$result };
            // SAFETY: the struct is the one of the signature.
            unsafe {
                $crate::impl_::call_from_trampoline(
                    $crate::impl_::sys::$signature,
                    $imp as *mut ::core::ffi::c_void,
                    &mut packed,
                )
            };
            packed.result
        }
        trampoline as *mut ::core::ffi::c_void
    }};
}

/// The types that trampolines pack.
pub mod packed {
    /// A pointer.
    pub type P = *mut core::ffi::c_void;
    /// A size.
    pub type I = isize;
    /// An int.
    pub type N = core::ffi::c_int;
    #[allow(non_upper_case_globals)]
    pub mod zero {
        pub const P: super::P = core::ptr::null_mut();
        pub const I: super::I = 0;
        pub const N: super::N = 0;
    }
}

/// The symbols by which an HPy runtime finds a module in a binary.
#[cfg(not(feature = "cpython"))]
#[doc(hidden)]
#[macro_export]
macro_rules! __for_runtimes {
    ($($item:item)*) => { $(#[unsafe(no_mangle)] $item)* };
}

/// An ordinary extension is for CPython alone: no runtime may take it for a universal binary.
#[cfg(feature = "cpython")]
#[doc(hidden)]
#[macro_export]
macro_rules! __for_runtimes {
    ($($item:item)*) => { $($item)* };
}
