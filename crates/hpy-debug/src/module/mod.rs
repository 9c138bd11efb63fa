//! The Python module `hpy.universal._debug`, made of the ABI's own definitions.
//!
//! It runs in the context below the debug context and finds its [`State`] through a capsule among its own
//! attributes, so every interpreter's module controls that interpreter's debug mode. Names, arguments and
//! results are those of HPy 0.9.0's module; what is new is named in [`findings`].

mod findings;
mod handle;
mod trampoline;

use crate::shelf::TRACES;
use crate::state::{Hook, Hooks, State, Wrapped, lock};
use core::ffi::{CStr, c_int, c_void};
use core::ptr;
use core::sync::atomic::Ordering::Relaxed;
pub use findings::finding_object;
use hpy_sys::backend::{Backend, CallTarget};
use hpy_sys::*;
use trampoline::{Object, one, trampoline, two, var};

const STATE_ATTRIBUTE: &CStr = c"_state";
const STATE_CAPSULE: &CStr = c"hpy.universal._debug._state";

/// A definition: constant, though the ABI has it behind a mutable pointer.
#[repr(transparent)]
pub(crate) struct Def(HPyDef);
// SAFETY: nothing writes to a definition.
unsafe impl Sync for Def {}

/// A null-terminated list of definitions.
#[repr(transparent)]
pub(crate) struct Defs<const N: usize>(pub [*const Def; N]);
// SAFETY: as above.
unsafe impl<const N: usize> Sync for Defs<N> {}

pub(crate) const fn meth(
    name: &'static CStr,
    signature: HPyFunc_Signature,
    imp: *const c_void,
    trampoline: *const c_void,
    doc: &'static CStr,
) -> Def {
    Def(HPyDef {
        kind: HPyDef_Kind_Meth,
        u: HPyDef_Union {
            meth: HPyMeth {
                name: name.as_ptr(),
                imp: imp.cast_mut(),
                cpy_trampoline: trampoline.cast_mut(),
                signature,
                doc: doc.as_ptr(),
            },
        },
    })
}

pub(crate) const fn slot(slot: HPySlot_Slot, imp: *const c_void, trampoline: *const c_void) -> Def {
    Def(HPyDef {
        kind: HPyDef_Kind_Slot,
        u: HPyDef_Union {
            slot: HPySlot { slot, imp: imp.cast_mut(), cpy_trampoline: trampoline.cast_mut() },
        },
    })
}

pub(crate) const fn getter(
    name: &'static CStr,
    imp: *const c_void,
    trampoline: *const c_void,
    doc: &'static CStr,
) -> Def {
    Def(HPyDef {
        kind: HPyDef_Kind_GetSet,
        u: HPyDef_Union {
            getset: HPyGetSet {
                name: name.as_ptr(),
                getter_imp: imp.cast_mut(),
                setter_imp: ptr::null_mut(),
                getter_cpy_trampoline: trampoline.cast_mut(),
                setter_cpy_trampoline: ptr::null_mut(),
                doc: doc.as_ptr(),
                closure: ptr::null_mut(),
            },
        },
    })
}

pub(crate) type NoArgs = unsafe extern "C" fn(*mut HPyContext, HPy) -> HPy;
pub(crate) type OneArg = unsafe extern "C" fn(*mut HPyContext, HPy, HPy) -> HPy;
type VarArgs = unsafe extern "C" fn(*mut HPyContext, HPy, *const HPy, usize) -> HPy;
type Inquiry = unsafe extern "C" fn(*mut HPyContext, HPy) -> c_int;

macro_rules! functions {
    ($($def:ident: $kind:tt $ty:ty = $name:literal $imp:path, $doc:literal;)*) => {
        $(static $def: Def =
            meth($name, $kind, $imp as $ty as *const c_void, trampoline!($kind, $ty, $imp), $doc);)*
        static EXEC: Def = slot(HPy_mod_exec, exec as Inquiry as *const c_void, ptr::null());
        static DEFINES: Defs<{ [$(stringify!($def)),*].len() + 2 }> =
            Defs([$(&raw const $def,)* &raw const EXEC, ptr::null()]);
    };
}

functions! {
    NEW_GENERATION: HPyFunc_NOARGS NoArgs = c"new_generation" new_generation,
        c"Begin a new generation of handles and return its number.";
    OPEN_HANDLES: HPyFunc_O OneArg = c"get_open_handles" get_open_handles,
        c"The open handles of the given generation and of later ones, oldest first.";
    CLOSED_HANDLES: HPyFunc_VARARGS VarArgs = c"get_closed_handles" get_closed_handles,
        c"The closed handles still remembered, oldest first; with an argument, from that generation on.";
    GET_QUEUE: HPyFunc_NOARGS NoArgs =
        c"get_closed_handles_queue_max_size" get_queue_size,
        c"How many closed handles are remembered at most.";
    SET_QUEUE: HPyFunc_O OneArg = c"set_closed_handles_queue_max_size" set_queue_size,
        c"Set how many closed handles are remembered at most.";
    GET_RAW: HPyFunc_NOARGS NoArgs = c"get_protected_raw_data_max_size" get_raw_size,
        c"How many bytes lent for handles closed since are kept unreadable at most.";
    SET_RAW: HPyFunc_O OneArg = c"set_protected_raw_data_max_size" set_raw_size,
        c"Set how many bytes lent for handles closed since are kept unreadable at most.";
    SET_HANDLE_HOOK: HPyFunc_O OneArg = c"set_on_invalid_handle" set_on_invalid_handle,
        c"Set what is called, without arguments, when a closed handle is used; None: end the process.";
    SET_BUILDER_HOOK: HPyFunc_O OneArg =
        c"set_on_invalid_builder_handle" set_on_invalid_builder_handle,
        c"Set what is called, without arguments, when a finished builder is used; None: end the process.";
    SET_TRACES: HPyFunc_O OneArg = c"set_handle_stack_trace_limit" set_trace_limit,
        c"Record where handles are opened, at most so many frames deep; None: do not.";
    GET_TRACES: HPyFunc_NOARGS NoArgs = c"get_handle_stack_trace_limit" get_trace_limit,
        c"How many frames are recorded where handles are opened; None: none.";
    SET_FINDING_HOOK: HPyFunc_O OneArg = c"set_on_finding" set_on_finding,
        c"Set what is called with each new finding, a dict; None: findings are printed to stderr.";
    GET_FINDINGS: HPyFunc_NOARGS NoArgs = c"get_findings" findings::get_findings,
        c"What was found so far, a list of dicts.";
    UNRELEASED: HPyFunc_NOARGS NoArgs = c"get_unreleased_globals" findings::get_unreleased,
        c"Pairs of a module that is gone and an object that a global of it still holds.";
    CLEAR_FINDINGS: HPyFunc_NOARGS NoArgs = c"clear_findings" findings::clear_findings,
        c"Forget what was found so far.";
    SET_PRINT: HPyFunc_O OneArg = c"set_print_findings" set_print,
        c"Whether findings that no hook takes are printed to stderr.";
    SET_BUDGET: HPyFunc_O OneArg = c"_set_allocation_budget" set_budget,
        c"FOR TESTS ONLY: let so many more allocations of the debug context succeed; -1: all.";
}

struct Module(HPyModuleDef);
// SAFETY: nothing writes to the definition.
unsafe impl Sync for Module {}

static MODULE: Module = Module(HPyModuleDef {
    doc: c"Controls HPy's debug mode and tells what it found.".as_ptr(),
    size: 0,
    legacy_methods: ptr::null_mut(),
    defines: (&raw const DEFINES).cast_mut().cast(),
    globals: ptr::null_mut(),
});

/// The definition of `hpy.universal._debug`, for the context below the debug context.
pub fn module_def() -> *mut HPyModuleDef {
    (&raw const MODULE.0).cast_mut()
}

/// Makes the module for `wrapped`, in the context `base` below it, from an `importlib` module spec.
/// Null with an exception on failure.
///
/// # Safety
/// `base` and `backend` are those `wrapped` was made of; `direct` is the target that calls implementations
/// with `base` directly and lives as long as the interpreter; `thunks` says whether calls can come through
/// thunks; the calling thread is attached.
pub unsafe fn make_module(
    base: *mut HPyContext,
    backend: *const Backend,
    direct: *const CallTarget,
    wrapped: &Wrapped,
    spec: HPy,
    thunks: bool,
) -> HPy {
    let module = ((*backend).module_create)(base, direct, module_def(), spec);
    if module.is_null() {
        return module;
    }
    if !trampoline::claim(base) && !thunks {
        api::HPy_Close(base, module);
        return api::HPyErr_SetString(
            base,
            (*base).h_RuntimeError,
            c"without thunks hpy.universal._debug serves one interpreter, and another has it"
                .as_ptr(),
        );
    }
    let state: *const State = wrapped.state();
    let capsule =
        api::HPyCapsule_New(base, state.cast_mut().cast(), STATE_CAPSULE.as_ptr(), ptr::null_mut());
    let done = !capsule.is_null()
        && api::HPy_SetAttr_s(base, module, STATE_ATTRIBUTE.as_ptr(), capsule) == 0
        && ((*backend).module_exec)(base, direct, module_def(), module) == 0;
    api::HPy_Close(base, capsule);
    if !done {
        api::HPy_Close(base, module);
        return HPy::NULL;
    }
    module
}

/// The state that a module controls; `None` with an exception if its capsule is gone.
pub(crate) unsafe fn state(ctx: *mut HPyContext, module: HPy) -> Option<&'static State> {
    let capsule = api::HPy_GetAttr_s(ctx, module, STATE_ATTRIBUTE.as_ptr());
    if capsule.is_null() {
        return None;
    }
    let state = api::HPyCapsule_Get(ctx, capsule, HPyCapsule_key_Pointer, STATE_CAPSULE.as_ptr());
    api::HPy_Close(ctx, capsule);
    state.cast::<State>().as_ref()
}

pub(crate) unsafe fn none(ctx: *mut HPyContext) -> HPy {
    api::HPy_Dup(ctx, (*ctx).h_None)
}

unsafe extern "C" fn exec(ctx: *mut HPyContext, module: HPy) -> c_int {
    let handle_type = handle::make_type(ctx);
    if handle_type.is_null() {
        return -1;
    }
    let done = api::HPy_SetAttr_s(ctx, module, c"DebugHandle".as_ptr(), handle_type);
    api::HPy_Close(ctx, handle_type);
    done
}

unsafe extern "C" fn new_generation(ctx: *mut HPyContext, module: HPy) -> HPy {
    let Some(state) = state(ctx, module) else { return HPy::NULL };
    api::HPyLong_FromSize_t(ctx, state.new_generation())
}

unsafe extern "C" fn get_open_handles(ctx: *mut HPyContext, module: HPy, generation: HPy) -> HPy {
    let Some(state) = state(ctx, module) else { return HPy::NULL };
    let generation = api::HPyLong_AsInt64_t(ctx, generation);
    if generation == -1 && api::HPyErr_Occurred(ctx) != 0 {
        return HPy::NULL;
    }
    handle::list(ctx, module, state, &state.opened(generation))
}

unsafe extern "C" fn get_closed_handles(
    ctx: *mut HPyContext,
    module: HPy,
    args: *const HPy,
    nargs: usize,
) -> HPy {
    let Some(state) = state(ctx, module) else { return HPy::NULL };
    let mut from = i64::MIN;
    if nargs > 1 {
        return api::HPyErr_SetString(
            ctx,
            (*ctx).h_TypeError,
            c"get_closed_handles() takes no argument or the generation".as_ptr(),
        );
    }
    if nargs == 1 {
        from = api::HPyLong_AsInt64_t(ctx, args.read());
        if from == -1 && api::HPyErr_Occurred(ctx) != 0 {
            return HPy::NULL;
        }
    }
    let began = state.began(from);
    let closed: Vec<u32> = state
        .closed()
        .into_iter()
        .filter(|&index| {
            state.records.get(index).is_some_and(|record| record.sequence.load(Relaxed) > began)
        })
        .collect();
    handle::list(ctx, module, state, &closed)
}

/// A size from Python; `None` with an exception if it is none.
unsafe fn size_of_argument(ctx: *mut HPyContext, arg: HPy) -> Option<usize> {
    let size = api::HPyLong_AsSsize_t(ctx, arg);
    if size == -1 && api::HPyErr_Occurred(ctx) != 0 {
        return None;
    }
    match usize::try_from(size) {
        Ok(size) => Some(size),
        Err(_) => {
            api::HPyErr_SetString(ctx, (*ctx).h_ValueError, c"a size cannot be negative".as_ptr());
            None
        }
    }
}

unsafe extern "C" fn get_queue_size(ctx: *mut HPyContext, module: HPy) -> HPy {
    let Some(state) = state(ctx, module) else { return HPy::NULL };
    api::HPyLong_FromSize_t(ctx, state.closed_max())
}

unsafe extern "C" fn set_queue_size(ctx: *mut HPyContext, module: HPy, arg: HPy) -> HPy {
    let Some(state) = state(ctx, module) else { return HPy::NULL };
    let Some(size) = size_of_argument(ctx, arg) else { return HPy::NULL };
    state.set_closed_max(size);
    none(ctx)
}

unsafe extern "C" fn get_raw_size(ctx: *mut HPyContext, module: HPy) -> HPy {
    let Some(state) = state(ctx, module) else { return HPy::NULL };
    api::HPyLong_FromSize_t(ctx, state.settings.raw_max.load(Relaxed))
}

unsafe extern "C" fn set_raw_size(ctx: *mut HPyContext, module: HPy, arg: HPy) -> HPy {
    let Some(state) = state(ctx, module) else { return HPy::NULL };
    let Some(size) = size_of_argument(ctx, arg) else { return HPy::NULL };
    state.settings.raw_max.store(size, Relaxed);
    none(ctx)
}

/// Sets one of the hooks to a callable or, for None, to nothing.
unsafe fn set_hook(
    ctx: *mut HPyContext,
    module: HPy,
    arg: HPy,
    which: fn(&mut Hooks) -> &mut Hook,
) -> HPy {
    let Some(state) = state(ctx, module) else { return HPy::NULL };
    let mut new = HPy::NULL;
    if api::HPy_Is(ctx, arg, (*ctx).h_None) == 0 {
        if api::HPyCallable_Check(ctx, arg) == 0 {
            return api::HPyErr_SetString(
                ctx,
                (*ctx).h_TypeError,
                c"expected a callable object or None".as_ptr(),
            );
        }
        new = api::HPy_Dup(ctx, arg);
    }
    let old = core::mem::replace(which(&mut lock(&state.hooks)), Hook(new));
    // After the lock: closing may run a finalizer.
    api::HPy_Close(ctx, old.0);
    none(ctx)
}

unsafe extern "C" fn set_on_invalid_handle(ctx: *mut HPyContext, module: HPy, arg: HPy) -> HPy {
    set_hook(ctx, module, arg, |hooks| &mut hooks.invalid_handle)
}

unsafe extern "C" fn set_on_invalid_builder_handle(
    ctx: *mut HPyContext,
    module: HPy,
    arg: HPy,
) -> HPy {
    set_hook(ctx, module, arg, |hooks| &mut hooks.invalid_builder)
}

unsafe extern "C" fn set_on_finding(ctx: *mut HPyContext, module: HPy, arg: HPy) -> HPy {
    set_hook(ctx, module, arg, |hooks| &mut hooks.finding)
}

unsafe extern "C" fn set_trace_limit(ctx: *mut HPyContext, module: HPy, arg: HPy) -> HPy {
    let Some(state) = state(ctx, module) else { return HPy::NULL };
    let mut limit = 0;
    if api::HPy_Is(ctx, arg, (*ctx).h_None) == 0 {
        limit = match size_of_argument(ctx, arg) {
            Some(limit) => limit,
            None => return HPy::NULL,
        };
    }
    state.settings.trace_limit.store(limit, Relaxed);
    state.set_slow(TRACES, limit > 0);
    none(ctx)
}

unsafe extern "C" fn get_trace_limit(ctx: *mut HPyContext, module: HPy) -> HPy {
    let Some(state) = state(ctx, module) else { return HPy::NULL };
    match state.settings.trace_limit.load(Relaxed) {
        0 => none(ctx),
        limit => api::HPyLong_FromSize_t(ctx, limit),
    }
}

unsafe extern "C" fn set_print(ctx: *mut HPyContext, module: HPy, arg: HPy) -> HPy {
    let Some(state) = state(ctx, module) else { return HPy::NULL };
    let print = api::HPy_IsTrue(ctx, arg);
    if print < 0 {
        return HPy::NULL;
    }
    state.settings.print.store(print != 0, Relaxed);
    none(ctx)
}

unsafe extern "C" fn set_budget(ctx: *mut HPyContext, module: HPy, arg: HPy) -> HPy {
    let Some(state) = state(ctx, module) else { return HPy::NULL };
    let count = api::HPyLong_AsInt64_t(ctx, arg);
    if count == -1 && api::HPyErr_Occurred(ctx) != 0 {
        return HPy::NULL;
    }
    state.set_budget(count);
    none(ctx)
}
