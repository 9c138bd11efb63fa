//! Trampolines: how a runtime that cannot make calls of its own into a binary reaches it.
//!
//! A trampoline has CPython's signature. It packs its arguments in a struct, `result` last, and has the
//! context call the implementation (`_HPy_CallRealFunctionFromTrampoline`). Objects are `PyObject *` here.
//!
//! Where the runtime has stored a context for it, it calls the implementation straight instead, which costs
//! less than any way through the runtime: see `HPyBinary::straight`.

/// The trampoline of `$imp`, a function of a signature of the ABI.
#[doc(hidden)]
#[macro_export]
macro_rules! __trampoline {
    (NOARGS $imp:expr) => {{
        #[cold]
        #[inline(never)]
        unsafe extern "C" fn packing(object: $crate::impl_::packed::P) -> $crate::impl_::packed::P {
            #[repr(C)]
            struct Packed([$crate::impl_::packed::P; 2]);
            let mut packed = Packed([object, 0]);
            // SAFETY: the struct is the one of the signature.
            unsafe {
                $crate::impl_::call_from_trampoline(
                    $crate::impl_::sys::HPyFunc_NOARGS,
                    $imp as *mut ::core::ffi::c_void,
                    &mut packed,
                )
            };
            packed.0[1]
        }
        unsafe extern "C" fn trampoline(
            object: $crate::impl_::packed::P,
            _none: $crate::impl_::packed::P,
        ) -> $crate::impl_::packed::P {
            use $crate::impl_::packed::pass;
            // SAFETY: the runtime's context, and the arguments of the signature.
            unsafe {
                match $crate::impl_::straight_context() {
                    Some(ctx) => pass($imp(ctx, pass(object))),
                    None => packing(object),
                }
            }
        }
        trampoline as *mut ::core::ffi::c_void
    }};
    (DESTRUCTOR $imp:expr) => { $crate::__trampoline!(void HPyFunc_DESTRUCTOR $imp, a: P) };
    (RELEASEBUFFERPROC $imp:expr) => { $crate::__trampoline!(void HPyFunc_RELEASEBUFFERPROC $imp, a: P, b: P) };
    (KEYWORDS $imp:expr) => {{
        #[cold]
        #[inline(never)]
        unsafe extern "C" fn packing(
            object: $crate::impl_::packed::P,
            args: $crate::impl_::packed::P,
            count: usize,
            names: $crate::impl_::packed::P,
        ) -> $crate::impl_::packed::P {
            #[repr(C)]
            struct Packed([$crate::impl_::packed::P; 5]);
            let mut packed = Packed([object, args, count as _, names, 0]);
            // SAFETY: the struct is the one of the signature, whose members are all words.
            unsafe {
                $crate::impl_::call_from_trampoline(
                    $crate::impl_::sys::HPyFunc_KEYWORDS,
                    $imp as *mut ::core::ffi::c_void,
                    &mut packed,
                )
            };
            packed.0[4]
        }
        unsafe extern "C" fn trampoline(
            object: $crate::impl_::packed::P,
            args: $crate::impl_::packed::P,
            count: usize,
            names: $crate::impl_::packed::P,
        ) -> $crate::impl_::packed::P {
            use $crate::impl_::packed::pass;
            // SAFETY: the runtime's context, and the arguments of the signature.
            unsafe {
                match $crate::impl_::straight_context() {
                    // The bit above the count is CPython's own.
                    Some(ctx) => pass($imp(
                        ctx, pass(object), pass(args), count & (usize::MAX >> 1), pass(names),
                    )),
                    None => packing(object, args, count, names),
                }
            }
        }
        trampoline as *mut ::core::ffi::c_void
    }};
    (VARARGS $imp:expr) => { $crate::__trampoline!(@ VARARGS HPyFunc_VARARGS $imp, a: P, b: P, c: I => P) };
    (O $imp:expr) => { $crate::__trampoline!(@ O HPyFunc_O $imp, a: P, b: P => P) };
    (NEWFUNC $imp:expr) => { $crate::__trampoline!(packing NEWFUNC HPyFunc_NEWFUNC $imp, a: P, b: P, c: P => P) };
    (INITPROC $imp:expr) => { $crate::__trampoline!(packing INITPROC HPyFunc_INITPROC $imp, a: P, b: P, c: P => N) };
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
    (TRAVERSEPROC $imp:expr) => { $crate::__trampoline!(packing TRAVERSEPROC HPyFunc_TRAVERSEPROC $imp, a: P, b: P, c: P => N) };
    // Signatures of which the trampoline's arguments are those of the implementation.
    (@ $name:ident $signature:ident $imp:expr, $($arg:ident: $kind:ident),* => $result:ident) => {{
        $crate::__trampoline!(function packing [#[cold] #[inline(never)]] $signature $imp, $($arg: $kind),* => $result);
        unsafe extern "C" fn trampoline(
            $($arg: $crate::impl_::packed::$kind),*
        ) -> $crate::impl_::packed::$result {
            use $crate::impl_::packed::pass;
            // SAFETY: the runtime's context, and the arguments of the signature.
            unsafe {
                match $crate::impl_::straight_context() {
                    Some(ctx) => pass($imp(ctx, $(pass($arg)),*)),
                    None => packing($($arg),*),
                }
            }
        }
        trampoline as *mut ::core::ffi::c_void
    }};
    // The others.
    (packing $name:ident $signature:ident $imp:expr, $($arg:ident: $kind:ident),* => $result:ident) => {{
        $crate::__trampoline!(function trampoline [] $signature $imp, $($arg: $kind),* => $result);
        trampoline as *mut ::core::ffi::c_void
    }};
    (function $function:ident [$($attributes:tt)*] $signature:ident $imp:expr, $($arg:ident: $kind:ident),* => $result:ident) => {
        $($attributes)*
        unsafe extern "C" fn $function(
            $($arg: $crate::impl_::packed::$kind),*
        ) -> $crate::impl_::packed::$result {
            #[repr(C)]
            struct Packed {
                $($arg: $crate::impl_::packed::$kind,)*
                result: $crate::impl_::packed::$result,
            }
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
    };
    (void $signature:ident $imp:expr, $($arg:ident: P),*) => {{
        unsafe extern "C" fn trampoline($($arg: $crate::impl_::packed::P),*) {
            #[repr(C)]
            struct Packed {
                $($arg: $crate::impl_::packed::P,)*
            }
            if let Some(ctx) = $crate::impl_::straight_context() {
                // SAFETY: the runtime's context, and the arguments of the signature.
                return unsafe { $imp(ctx, $($crate::impl_::packed::pass($arg)),*) };
            }
            let mut packed = Packed { $($arg),* };
            // SAFETY: the struct is the one of the signature.
            unsafe {
                $crate::impl_::call_from_trampoline(
                    $crate::impl_::sys::$signature,
                    $imp as *mut ::core::ffi::c_void,
                    &mut packed,
                )
            };
        }
        trampoline as *mut ::core::ffi::c_void
    }};
}

/// The types that trampolines pack.
pub mod packed {
    /// A pointer, as a number: what an implementation returns then is what its trampoline returns, and the last call of
    /// an implementation that is inlined there can be a jump. Both are passed in the same registers.
    pub type P = isize;
    /// A size.
    pub type I = isize;
    /// An int.
    pub type N = core::ffi::c_int;

    /// What CPython passes as what an implementation takes, or the other way round.
    pub trait Pass<T> {
        fn pass(self) -> T;
    }

    #[inline(always)]
    pub fn pass<T>(value: impl Pass<T>) -> T {
        value.pass()
    }

    impl Pass<hpy_sys::HPy> for P {
        #[inline(always)]
        fn pass(self) -> hpy_sys::HPy {
            hpy_sys::HPy { _i: self }
        }
    }

    impl Pass<P> for hpy_sys::HPy {
        #[inline(always)]
        fn pass(self) -> P {
            self._i
        }
    }

    macro_rules! pass {
        ($($from:ty => $to:ty;)*) => {$(
            impl Pass<$to> for $from {
                #[inline(always)]
                fn pass(self) -> $to {
                    self as $to
                }
            }
        )*};
    }

    pass! {
        isize => isize;
        isize => usize;
        N => N;
    }

    macro_rules! pass_pointer {
        ($($to:ty)*) => {$(
            impl Pass<*mut $to> for P {
                #[inline(always)]
                fn pass(self) -> *mut $to {
                    core::ptr::with_exposed_provenance_mut(self as usize)
                }
            }
        )*};
    }

    pass_pointer!(core::ffi::c_void hpy_sys::HPy_buffer);

    impl Pass<*const hpy_sys::HPy> for P {
        #[inline(always)]
        fn pass(self) -> *const hpy_sys::HPy {
            core::ptr::with_exposed_provenance(self as usize)
        }
    }

    #[allow(non_upper_case_globals)]
    pub mod zero {
        pub const P: super::P = 0;
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
