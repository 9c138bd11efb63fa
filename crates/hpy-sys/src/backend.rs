//! The contract between a runtime's base context and the contexts that wrap it (debug, trace).
//!
//! A base context (hpy-cpython's, say) turns definitions into Python types and functions. What a call of
//! such a function reaches is a [`CallTarget`]: the context that the binary's implementation gets as its
//! first argument and, for a wrapping context, the [`EntryTable`] through which the call goes first.
//! Wrapping contexts never see the interpreter: they hand a `CallTarget` to the [`Backend`] below them.
//!
//! Handles that cross this contract are handles of the context below (the one whose `Backend` it is).

use crate::*;
use core::ffi::{CStr, c_char, c_int, c_void};
use core::fmt::{self, Write};

/// Where a call from Python goes.
#[repr(C)]
#[derive(Debug)]
pub struct CallTarget {
    /// The context that implementations get as their first argument.
    pub ctx: *mut HPyContext,
    /// Null: the base context calls implementations directly, `imp(ctx, args...)`.
    /// Otherwise it calls `entries.by_signature[sig](entry, args...)`.
    pub entries: *const EntryTable,
}

/// One bound definition of a binary, alive as long as the type or module it belongs to.
#[repr(C)]
#[derive(Debug)]
pub struct Entry {
    pub target: *const CallTarget,
    /// The implementation in the binary, of signature `sig`.
    pub imp: *const c_void,
    pub sig: HPyFunc_Signature,
    pub name: Name,
    /// For the wrapping context; starts as null, the base context does not look at it.
    pub data: *mut c_void,
}

/// What a person calls a definition, in two parts that are put together where it is shown: making a type names each of
/// its definitions, and few names are ever read. The parts live as long as the [`Entry`].
#[repr(C)]
#[derive(Debug, Clone, Copy)]
pub struct Name {
    /// The type or the module; null: there is none.
    pub owner: *const c_char,
    /// The function, the method or the slot. Never null.
    pub part: *const c_char,
}

impl Name {
    /// The name as text: `module.function`, `Type.method`, `Type.tp_repr`. Bytes that are not UTF-8 are replaced.
    ///
    /// # Safety
    /// The entry that the name is of is alive.
    pub unsafe fn shown(&self) -> impl fmt::Display {
        // SAFETY: the caller's promise; the parts are null or end with a NUL.
        unsafe { Shown { owner: text(self.owner), part: text(self.part) } }
    }
}

struct Shown<'a> {
    owner: &'a [u8],
    part: &'a [u8],
}

impl fmt::Display for Shown<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let dot: &[u8] = if self.owner.is_empty() { b"" } else { b"." };
        for chunk in [self.owner, dot, self.part].iter().flat_map(|part| part.utf8_chunks()) {
            f.write_str(chunk.valid())?;
            if !chunk.invalid().is_empty() {
                f.write_char(char::REPLACEMENT_CHARACTER)?;
            }
        }
        Ok(())
    }
}

/// # Safety
/// `start` is null or a string that ends with a NUL and outlives the result.
unsafe fn text<'a>(start: *const c_char) -> &'a [u8] {
    // SAFETY: the caller's promise.
    if start.is_null() { b"" } else { unsafe { CStr::from_ptr(start) }.to_bytes() }
}

/// One function per [`HPyFunc_Signature`], indexed by its number.
///
/// Each has the signature's own parameters with `*const Entry` in place of the context. Null entries and
/// the signatures without a context (DESTROYFUNC, TRAVERSEPROC, CAPSULE_DESTRUCTOR) are called directly.
#[repr(C)]
pub struct EntryTable {
    pub by_signature: [*const c_void; abi::SIGNATURES],
    /// Whether a field that is not null holds an object: asked before what it holds is shown to the garbage collector, read
    /// as a member or given up. 0: the extension has put there what is none, and the field is passed over. May not run Python.
    pub holds_object: Option<FieldQuestion>,
}

/// See [`EntryTable::holds_object`]. `offset` is that of the field in the struct of the type `name`; `target` the type's own.
pub type FieldQuestion = unsafe extern "C" fn(
    target: *const CallTarget,
    field: *const HPyField,
    name: *const c_char,
    offset: usize,
) -> c_int;

// SAFETY: the table holds code addresses only; nothing is reached through them but calls.
unsafe impl Sync for EntryTable {}

/// What a context offers to the context that wraps it, beyond the public ABI.
///
/// `ctx` is the context whose backend this is. `target` outlives every object made with it.
#[repr(C)]
pub struct Backend {
    /// As `HPyType_FromSpec`, for definitions whose calls go to `target`.
    pub type_from_spec: unsafe extern "C" fn(
        ctx: *mut HPyContext,
        target: *const CallTarget,
        spec: *mut HPyType_Spec,
        params: *mut HPyType_SpecParam,
    ) -> HPy,
    /// As `HPy_SetCallFunction`.
    pub set_call_function: unsafe extern "C" fn(
        ctx: *mut HPyContext,
        target: *const CallTarget,
        h: HPy,
        func: *mut HPyCallFunction,
    ) -> c_int,
    /// Makes the module object that `def` describes from the `importlib` module spec `spec`; runs
    /// `HPy_mod_create` if there is one. Null with an exception on failure.
    pub module_create: unsafe extern "C" fn(
        ctx: *mut HPyContext,
        target: *const CallTarget,
        def: *mut HPyModuleDef,
        spec: HPy,
    ) -> HPy,
    /// Runs every `HPy_mod_exec` of `def` on `module`. -1 with an exception on failure.
    pub module_exec: unsafe extern "C" fn(
        ctx: *mut HPyContext,
        target: *const CallTarget,
        def: *mut HPyModuleDef,
        module: HPy,
    ) -> c_int,
    /// 1 if the calling thread may call Python in `ctx`'s interpreter now (it is attached to it), else 0.
    /// The one function of the table that any thread may call at any time.
    pub is_attached: unsafe extern "C" fn(ctx: *mut HPyContext) -> c_int,
    /// As `_HPy_CallRealFunctionFromTrampoline`, for a call that goes to `target`: where there are no
    /// thunks, calls come through the binary's trampolines and the wrapping context hands them down.
    pub call_from_trampoline: unsafe extern "C" fn(
        ctx: *mut HPyContext,
        target: *const CallTarget,
        sig: HPyFunc_Signature,
        func: HPyCFunction,
        args: *mut c_void,
    ),
    /// Takes the pending exception away: a new handle of the exception instance with its traceback, null
    /// if none is pending. What runs Python on its own account (hooks, reports) brackets it with this pair.
    pub error_take: unsafe extern "C" fn(ctx: *mut HPyContext) -> HPy,
    /// Sets an exception that `error_take` returned, in place of any pending one. Takes over the handle.
    pub error_give: unsafe extern "C" fn(ctx: *mut HPyContext, exception: HPy),
    /// 1 if attached threads of `ctx`'s interpreter run at the same time (a free-threaded build), 0 if they take
    /// turns: then data that only attached threads touch needs no lock of its own.
    pub parallel: unsafe extern "C" fn(ctx: *mut HPyContext) -> c_int,
    /// The shape of the type of `h`, as `_HPyType_GetBuiltinShape` says it.
    pub shape_of: unsafe extern "C" fn(ctx: *mut HPyContext, h: HPy) -> HPyType_BuiltinShape,
    /// Fills in what is known of the struct of `h`. 0 if no spec made the type of `h` or one it extends.
    pub struct_facts:
        unsafe extern "C" fn(ctx: *mut HPyContext, h: HPy, facts: *mut StructFacts) -> c_int,
    /// Calls `visit` with each field of the struct of `h` that the garbage collector is shown.
    pub visit_fields: unsafe extern "C" fn(
        ctx: *mut HPyContext,
        h: HPy,
        visit: HPyFunc_visitproc,
        arg: *mut c_void,
    ),
    /// Has `watcher` called with `data` and the capsule's name after each capsule destructor that left an exception
    /// set, which is still set then. Null ends it.
    pub watch_destructors: unsafe extern "C" fn(
        ctx: *mut HPyContext,
        watcher: Option<DestructorWatcher>,
        data: *mut c_void,
    ),
}

/// See [`Backend::watch_destructors`].
pub type DestructorWatcher = unsafe extern "C" fn(data: *mut c_void, name: *const c_char);

/// What a context knows of the native struct of an object.
#[repr(C)]
#[derive(Debug)]
pub struct StructFacts {
    /// The name of the type from whose spec the struct is, alive as long as the type.
    pub name: *const c_char,
    /// Where the struct is.
    pub start: *mut c_void,
    /// Its size in bytes, with what is inherited.
    pub size: usize,
    /// Whether the garbage collector looks at objects of this type.
    pub collected: c_int,
    /// The type's own `HPy_tp_traverse`.
    pub traverse: Option<signature::TRAVERSEPROC>,
}
