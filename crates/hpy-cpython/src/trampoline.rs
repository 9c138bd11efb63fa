//! Calls that arrive through the trampolines a binary carries.
//!
//! Where there are no thunks ([`crate::thunk`]) CPython calls a definition's `cpy_trampoline`. That packs
//! its arguments, in order and followed by room for the result, into a struct and calls
//! `_HPy_CallRealFunctionFromTrampoline` of the binary's context. Objects in the struct are `PyObject *`,
//! which handles are too: nothing is converted but what the signatures of implementations differ in.

use crate::handle::handles;
use crate::layout::{TUPLE_ITEMS, VAR_SIZE};
use core::ffi::{c_char, c_int, c_void};
use core::{mem, ptr};
use hpy_sys::backend::{CallTarget, Entry, Name};
use hpy_sys::*;
use pyo3_ffi::*;

pub unsafe extern "C" fn _HPy_CallRealFunctionFromTrampoline(
    ctx: *mut HPyContext,
    sig: HPyFunc_Signature,
    func: HPyCFunction,
    args: *mut c_void,
) {
    call(ctx, sig, func, args);
}

/// The same for a call whose way leads through a wrapping context: see `Backend::call_from_trampoline`.
pub unsafe extern "C" fn call_to(
    _ctx: *mut HPyContext,
    target: *const CallTarget,
    sig: HPyFunc_Signature,
    func: HPyCFunction,
    args: *mut c_void,
) {
    let entry_function = match (*target).entries.as_ref() {
        Some(table) => table.by_signature.get(sig as usize).copied().unwrap_or(ptr::null()),
        None => ptr::null(),
    };
    if entry_function.is_null() {
        return call((*target).ctx, sig, func, args);
    }
    // A trampoline tells nothing but the implementation, so the entry lives for this call only.
    let entry = Entry {
        target,
        imp: func,
        sig,
        name: Name {
            owner: ptr::null(),
            part: c"(a function called through its trampoline)".as_ptr(),
        },
        data: ptr::null_mut(),
    };
    call((&raw const entry).cast_mut().cast(), sig, entry_function.cast_mut(), args);
}

/// A function of the signature `$sig`, from its address.
macro_rules! function {
    ($sig:ident, $func:expr) => {
        // SAFETY: the trampoline names the signature of the implementation it belongs to.
        unsafe { mem::transmute::<HPyCFunction, signature::$sig>($func) }
    };
}

/// The arguments of a trampoline, where they are those of the implementation. The same order, then the
/// result.
macro_rules! pass {
    ($sig:ident, $first:ident, $func:ident, $args:ident, ($($arg:ident: $ty:ty),*) -> $result:ty) => {{
        #[repr(C)]
        struct Arguments {
            $($arg: $ty,)*
            result: $result,
        }
        let a = $args.cast::<Arguments>();
        (*a).result = function!($sig, $func)($first, $((*a).$arg),*);
    }};
}

/// Calls `func(first, arguments...)`, where `first` stands where the signature has the context.
///
/// # Safety
/// `func` has the signature `sig` and `args` points to that signature's argument struct.
unsafe fn call(
    first: *mut HPyContext,
    sig: HPyFunc_Signature,
    func: HPyCFunction,
    args: *mut c_void,
) {
    match sig {
        HPyFunc_VARARGS => {
            pass!(VARARGS, first, func, args, (slf: HPy, array: *const HPy, nargs: usize) -> HPy)
        }
        HPyFunc_KEYWORDS | HPyFunc_VECTORCALLFUNC => {
            #[repr(C)]
            struct Arguments {
                slf: HPy,
                array: *const HPy,
                nargsf: usize,
                kwnames: HPy,
                result: HPy,
            }
            let a = args.cast::<Arguments>();
            let nargs = (*a).nargsf & !PY_VECTORCALL_ARGUMENTS_OFFSET;
            (*a).result =
                function!(KEYWORDS, func)(first, (*a).slf, (*a).array, nargs, (*a).kwnames);
        }
        HPyFunc_NOARGS => pass!(NOARGS, first, func, args, (slf: HPy) -> HPy),
        HPyFunc_O => pass!(O, first, func, args, (slf: HPy, arg: HPy) -> HPy),
        HPyFunc_GETBUFFERPROC => pass!(
            GETBUFFERPROC, first, func, args, (slf: HPy, view: *mut HPy_buffer, flags: c_int) -> c_int
        ),
        HPyFunc_RELEASEBUFFERPROC => {
            #[repr(C)]
            struct Arguments {
                slf: HPy,
                view: *mut HPy_buffer,
            }
            let a = args.cast::<Arguments>();
            function!(RELEASEBUFFERPROC, func)(first, (*a).slf, (*a).view);
        }
        HPyFunc_UNARYFUNC => pass!(UNARYFUNC, first, func, args, (a: HPy) -> HPy),
        HPyFunc_REPRFUNC => pass!(REPRFUNC, first, func, args, (a: HPy) -> HPy),
        HPyFunc_GETITERFUNC => pass!(GETITERFUNC, first, func, args, (a: HPy) -> HPy),
        HPyFunc_ITERNEXTFUNC => pass!(ITERNEXTFUNC, first, func, args, (a: HPy) -> HPy),
        HPyFunc_MOD_CREATE => pass!(MOD_CREATE, first, func, args, (a: HPy) -> HPy),
        HPyFunc_BINARYFUNC => pass!(BINARYFUNC, first, func, args, (a: HPy, b: HPy) -> HPy),
        HPyFunc_GETATTROFUNC => pass!(GETATTROFUNC, first, func, args, (a: HPy, b: HPy) -> HPy),
        HPyFunc_TERNARYFUNC => {
            pass!(TERNARYFUNC, first, func, args, (a: HPy, b: HPy, c: HPy) -> HPy)
        }
        HPyFunc_DESCRGETFUNC => {
            pass!(DESCRGETFUNC, first, func, args, (a: HPy, b: HPy, c: HPy) -> HPy)
        }
        HPyFunc_INQUIRY => pass!(INQUIRY, first, func, args, (a: HPy) -> c_int),
        HPyFunc_LENFUNC => pass!(LENFUNC, first, func, args, (a: HPy) -> HPy_ssize_t),
        HPyFunc_HASHFUNC => pass!(HASHFUNC, first, func, args, (a: HPy) -> HPy_hash_t),
        HPyFunc_SSIZEARGFUNC => {
            pass!(SSIZEARGFUNC, first, func, args, (a: HPy, b: HPy_ssize_t) -> HPy)
        }
        HPyFunc_SSIZESSIZEARGFUNC => pass!(
            SSIZESSIZEARGFUNC, first, func, args, (a: HPy, b: HPy_ssize_t, c: HPy_ssize_t) -> HPy
        ),
        HPyFunc_SSIZEOBJARGPROC => {
            pass!(SSIZEOBJARGPROC, first, func, args, (a: HPy, b: HPy_ssize_t, c: HPy) -> c_int)
        }
        HPyFunc_SSIZESSIZEOBJARGPROC => pass!(
            SSIZESSIZEOBJARGPROC, first, func, args,
            (a: HPy, b: HPy_ssize_t, c: HPy_ssize_t, d: HPy) -> c_int
        ),
        HPyFunc_OBJOBJARGPROC => {
            pass!(OBJOBJARGPROC, first, func, args, (a: HPy, b: HPy, c: HPy) -> c_int)
        }
        HPyFunc_SETATTROFUNC => {
            pass!(SETATTROFUNC, first, func, args, (a: HPy, b: HPy, c: HPy) -> c_int)
        }
        HPyFunc_DESCRSETFUNC => {
            pass!(DESCRSETFUNC, first, func, args, (a: HPy, b: HPy, c: HPy) -> c_int)
        }
        HPyFunc_OBJOBJPROC => pass!(OBJOBJPROC, first, func, args, (a: HPy, b: HPy) -> c_int),
        HPyFunc_GETATTRFUNC => {
            pass!(GETATTRFUNC, first, func, args, (a: HPy, name: *mut c_char) -> HPy)
        }
        HPyFunc_SETATTRFUNC => {
            pass!(SETATTRFUNC, first, func, args, (a: HPy, name: *mut c_char, value: HPy) -> c_int)
        }
        HPyFunc_RICHCMPFUNC => {
            pass!(RICHCMPFUNC, first, func, args, (a: HPy, b: HPy, op: c_int) -> HPy)
        }
        HPyFunc_GETTER => {
            pass!(GETTER, first, func, args, (a: HPy, closure: *mut c_void) -> HPy)
        }
        HPyFunc_SETTER => {
            pass!(SETTER, first, func, args, (a: HPy, value: HPy, closure: *mut c_void) -> c_int)
        }
        HPyFunc_NEWFUNC => {
            let a = args.cast::<Unpacked<HPy>>();
            let (items, nargs) = items((*a).tuple);
            (*a).result = function!(NEWFUNC, func)(first, (*a).slf, items, nargs, (*a).kw);
        }
        HPyFunc_INITPROC => {
            let a = args.cast::<Unpacked<c_int>>();
            let (items, nargs) = items((*a).tuple);
            (*a).result = function!(INITPROC, func)(first, (*a).slf, items, nargs, (*a).kw);
        }
        HPyFunc_DESTRUCTOR => {
            #[repr(C)]
            struct Arguments {
                slf: HPy,
            }
            function!(DESTRUCTOR, func)(first, (*args.cast::<Arguments>()).slf);
        }
        HPyFunc_FREEFUNC => {
            #[repr(C)]
            struct Arguments {
                pointer: *mut c_void,
            }
            function!(FREEFUNC, func)(first, (*args.cast::<Arguments>()).pointer);
        }
        HPyFunc_DESTROYFUNC => {
            #[repr(C)]
            struct Arguments {
                pointer: *mut c_void,
            }
            function!(DESTROYFUNC, func)((*args.cast::<Arguments>()).pointer);
        }
        HPyFunc_TRAVERSEPROC => {
            #[repr(C)]
            struct Arguments {
                object: *mut PyObject,
                visit: visitproc,
                arg: *mut c_void,
                result: c_int,
            }
            let a = args.cast::<Arguments>();
            let traverse = function!(TRAVERSEPROC, func);
            (*a).result =
                crate::type_::traverse_struct((*a).object, traverse, (*a).visit, (*a).arg);
        }
        // The one trampoline whose argument is no struct but the capsule.
        HPyFunc_CAPSULE_DESTRUCTOR => {
            let capsule = args.cast::<PyObject>();
            let name = PyCapsule_GetName(capsule);
            let pointer = PyCapsule_GetPointer(capsule, name);
            function!(CAPSULE_DESTRUCTOR, func)(name, pointer, PyCapsule_GetContext(capsule));
        }
        _ => Py_FatalError(c"hpy: a trampoline with an unknown HPyFunc_Signature".as_ptr()),
    }
}

/// What the trampolines of NEWFUNC and INITPROC pass.
#[repr(C)]
struct Unpacked<R> {
    slf: HPy,
    tuple: *mut PyObject,
    kw: HPy,
    result: R,
}

/// The items of a tuple where they lie.
unsafe fn items(tuple: *mut PyObject) -> (*const HPy, HPy_ssize_t) {
    let items = tuple.byte_add(TUPLE_ITEMS).cast::<*mut PyObject>();
    let count = tuple.byte_add(VAR_SIZE).cast::<Py_ssize_t>();
    (handles(items), *count)
}
