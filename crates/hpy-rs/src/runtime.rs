//! What the binary knows of the runtime that loaded it.

use crate::handle::Handle;
use crate::kinds::Type;
use crate::{Ctx, PyErr, PyResult};
use core::ffi::{CStr, c_void};
use core::ptr;
use core::sync::atomic::{AtomicBool, AtomicPtr, AtomicU32, Ordering};
use hpy_sys::ext::{HPyBinary, HPyContextExt, HPyExtensions};
use hpy_sys::{HPyContext, HPyFunc_Signature};

/// The context that trampolines use: the runtime's last word through `HPyInitGlobalContext_NAME`.
static TRAMPOLINE_CONTEXT: AtomicPtr<HPyContext> = AtomicPtr::new(ptr::null_mut());

/// The version that the runtime gave to `HPyInitExtensions_NAME`; 0 where it knows no extensions.
static EXTENSIONS: AtomicU32 = AtomicU32::new(0);

/// Whether the runtime is PyPy's, where some things are to be defined in another way.
static IS_PYPY: AtomicBool = AtomicBool::new(false);

/// `HPyInitGlobalContext_NAME`.
///
/// # Safety
/// `ctx` is a context that a runtime gives the binary to use.
pub unsafe fn set_trampoline_context(ctx: *mut HPyContext) {
    // SAFETY: as the caller says.
    unsafe { hpy_sys::places::learn(ctx) };
    // SAFETY: as the caller says; a name that is not null ends with a NUL.
    let is_pypy = unsafe {
        let name = (*ctx).name;
        !name.is_null() && CStr::from_ptr(name).to_bytes().windows(4).any(|word| word == b"PyPy")
    };
    IS_PYPY.store(is_pypy, Ordering::Relaxed);
    TRAMPOLINE_CONTEXT.store(ctx, Ordering::Release);
}

/// The context that trampolines use.
pub(crate) fn trampoline_context() -> *mut HPyContext {
    straight_context().unwrap_or_else(|| TRAMPOLINE_CONTEXT.load(Ordering::Acquire))
}

/// The context that trampolines call implementations with, straight: see `HPyBinary::straight`.
static STRAIGHT: AtomicPtr<HPyContext> = AtomicPtr::new(ptr::null_mut());

/// The context with which a trampoline may call its implementation itself; None where the runtime is to do it.
#[cfg(not(feature = "cpython"))]
#[inline(always)]
pub fn straight_context() -> Option<*mut HPyContext> {
    let ctx = STRAIGHT.load(Ordering::Relaxed);
    (!ctx.is_null()).then_some(ctx)
}

/// In an ordinary extension trampolines are for the one interpreter that has them.
#[cfg(feature = "cpython")]
#[inline(always)]
pub fn straight_context() -> Option<*mut HPyContext> {
    Some(STRAIGHT.load(Ordering::Relaxed))
}

/// `HPyInitExtensions_NAME`.
///
/// # Safety
/// The runtime calls it before the binary gets a context, in one thread at a time; since version 2 `binary` is
/// what it wants to know.
pub unsafe fn set_extensions(version: u32, binary: *mut HPyBinary) {
    if version != 0 {
        // SAFETY: as the caller says.
        unsafe { crate::shortcuts::contexts_are_extended() };
    }
    // SAFETY: as the caller says.
    if let Some(binary) = (version >= 2).then(|| unsafe { &mut *binary })
        && binary.size >= size_of::<HPyBinary>()
    {
        binary.straight = STRAIGHT.as_ptr();
    }
    EXTENSIONS.store(version, Ordering::Release);
}

/// Whether this Python's integer conversions take floats and cut them off (CPython before 3.10, with a
/// DeprecationWarning). The SDK then looks at the type first, so that a binary does the same everywhere.
static CUTS_FLOATS: AtomicBool = AtomicBool::new(false);

/// Whether the binary knows which Python it is in: a process has one.
static KNOWS_VERSION: AtomicBool = AtomicBool::new(false);

/// Asks the interpreter which Python it is, once; modules do so when they are executed.
pub(crate) fn learn_version(ctx: Ctx<'_>) -> PyResult<'_> {
    if KNOWS_VERSION.load(Ordering::Relaxed) {
        return Ok(());
    }
    let version: i64 = ctx.import(c"sys")?.getattr(c"hexversion")?.extract()?;
    CUTS_FLOATS.store(version < 0x030A_0000, Ordering::Relaxed);
    KNOWS_VERSION.store(true, Ordering::Relaxed);
    Ok(())
}

#[inline(always)]
pub(crate) fn cuts_floats() -> bool {
    CUTS_FLOATS.load(Ordering::Relaxed)
}

/// Calls an implementation from its trampoline.
///
/// # Safety
/// `args` is the argument struct of `signature`, `imp` has that signature.
pub unsafe fn call_from_trampoline<A>(
    signature: HPyFunc_Signature,
    imp: *mut c_void,
    args: &mut A,
) {
    let ctx = trampoline_context();
    // SAFETY: a runtime that uses trampolines has set the context before; the rest the caller keeps.
    unsafe {
        hpy_sys::api::_HPy_CallRealFunctionFromTrampoline(
            ctx,
            signature,
            imp,
            (&raw mut *args).cast(),
        )
    }
}

/// The runtime's extension table, where it has one.
#[inline]
pub(crate) fn extensions(ctx: Ctx<'_>) -> Option<&HPyExtensions> {
    if EXTENSIONS.load(Ordering::Relaxed) == 0 {
        return None;
    }
    // SAFETY: the runtime promised, by calling HPyInitExtensions, that its contexts are extended ones.
    unsafe { (*ctx.as_raw().cast::<HPyContextExt>()).extensions.as_ref() }
}

/// The function of the extension table that takes exceptions, where the runtime has it.
#[cold]
pub(crate) fn error_take(
    ctx: Ctx<'_>,
) -> Option<unsafe extern "C" fn(*mut HPyContext) -> hpy_sys::HPy> {
    let table = extensions(ctx)?;
    let needed = core::mem::offset_of!(HPyExtensions, error_take) + size_of::<usize>();
    // A runtime of an earlier version has a shorter table.
    if table.size < needed {
        return None;
    }
    Some(table.error_take)
}

/// Gives a new type a constructor (null: none) where the runtime can: calls of the type are then spared a tuple
/// and a dict of their arguments.
pub(crate) fn set_constructor<'ctx>(kind: &Handle<'ctx, Type>, imp: *mut c_void) -> PyResult<'ctx> {
    let ctx = kind.ctx();
    let reach = core::mem::offset_of!(HPyExtensions, type_set_constructor) + size_of::<usize>();
    match extensions(ctx) {
        Some(table) if !imp.is_null() && table.size >= reach => {
            // SAFETY: the handle is an open type that was just made; the macros give both constructors.
            let done = unsafe { (table.type_set_constructor)(ctx.as_raw(), kind.as_raw(), imp) };
            if done < 0 { Err(PyErr::pending(ctx)) } else { Ok(()) }
        }
        _ => Ok(()),
    }
}

/// Whether the context has the members that PyPI's hpy 0.9.0 lacks (`HPy_GetIter` and others). Nothing in
/// the ABI tells; runtimes known to have them are hpy-rs and PyPy.
#[inline]
pub(crate) fn has_newer_functions() -> bool {
    EXTENSIONS.load(Ordering::Relaxed) != 0 || is_pypy()
}

/// Whether the runtime takes a signature out of a class's docstring, as CPython does.
pub(crate) fn reads_signatures() -> bool {
    EXTENSIONS.load(Ordering::Relaxed) != 0
}

/// Whether the runtime has no room for the struct of a class that derives from the built-in type of a shape. PyPy's process
/// ends when it looks for the struct behind any of them. PyPI's hpy 0.9.0 puts the struct behind an `int` or a `tuple` where
/// the digits and items are, and has no shape for `dict`.
pub(crate) fn refuses_shape(shape: hpy_sys::HPyType_BuiltinShape) -> bool {
    use hpy_sys::{
        HPyType_BuiltinShape_Dict, HPyType_BuiltinShape_Long, HPyType_BuiltinShape_Object,
        HPyType_BuiltinShape_Tuple,
    };
    let newer = [HPyType_BuiltinShape_Long, HPyType_BuiltinShape_Tuple, HPyType_BuiltinShape_Dict];
    if is_pypy() {
        shape != HPyType_BuiltinShape_Object
    } else {
        // The first two are of variable size; the last is newer, as its constant in the context is.
        newer.contains(&shape) && !has_newer_functions()
    }
}

/// Whether the runtime is PyPy's.
#[cold]
pub(crate) fn is_pypy() -> bool {
    IS_PYPY.load(Ordering::Relaxed)
}

/// The extension table, where it has trees and contents.
#[inline]
pub(crate) fn bulk_extensions(ctx: Ctx<'_>) -> Option<&HPyExtensions> {
    const NEEDED: usize = core::mem::offset_of!(HPyExtensions, contents_close) + size_of::<usize>();
    extensions(ctx).filter(|table| table.size >= NEEDED)
}

/// The extension table, where it says how to read objects in place.
pub(crate) fn in_place_extensions(ctx: Ctx<'_>) -> Option<&HPyExtensions> {
    const NEEDED: usize = core::mem::offset_of!(HPyExtensions, read_in_place) + size_of::<usize>();
    extensions(ctx).filter(|table| table.size >= NEEDED)
}

/// The extension table, where it has walks.
#[inline]
pub(crate) fn walk_extensions(ctx: Ctx<'_>) -> Option<&HPyExtensions> {
    const NEEDED: usize = core::mem::offset_of!(HPyExtensions, walk_free) + size_of::<usize>();
    extensions(ctx).filter(|table| table.size >= NEEDED)
}
