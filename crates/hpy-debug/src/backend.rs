//! What this context offers to a context that wraps it in turn, and how calls find their way up.
//!
//! A call from Python reaches the base context first. Each wrapping context put a [`CallTarget`] of its own
//! in place of the one it was handed: [`Target`] remembers the one above. Handles that cross this table are
//! handles of this context.

use crate::call::Call;
use crate::generated_entries::{STACKED_TABLE, TABLE};
use crate::state::{self, State, lock};
use core::ffi::{c_int, c_void};
use core::ptr;
use hpy_sys::backend::{Backend, CallTarget, DestructorWatcher, StructFacts};
use hpy_sys::*;

/// The backend of every debug context.
pub static BACKEND: Backend = Backend {
    type_from_spec,
    set_call_function,
    module_create,
    module_exec,
    is_attached,
    call_from_trampoline,
    error_take,
    error_give,
    parallel,
    shape_of,
    struct_facts,
    visit_fields,
    watch_destructors,
};

/// A target of this context, and the target that calls go on to.
#[repr(C)]
pub struct Target {
    /// What the context below gets: this must stay the first field.
    pub call: CallTarget,
    /// Where a call goes from here; null: to the extension, with a context of this state.
    pub upper: *const CallTarget,
    pub state: *const State,
}

// SAFETY: a target is constant once it is attached.
unsafe impl Send for Target {}
// SAFETY: as above.
unsafe impl Sync for Target {}

impl Target {
    pub const fn direct() -> Self {
        Target {
            call: CallTarget { ctx: ptr::null_mut(), entries: &raw const TABLE },
            upper: ptr::null(),
            state: ptr::null(),
        }
    }

    /// # Safety
    /// `state` is live and has its main context.
    pub unsafe fn attach(&mut self, state: *const State) {
        self.state = state;
        self.call.ctx = (*state).main;
    }
}

/// The target to hand down for calls that go on to `upper`.
pub unsafe fn target_for(state: &State, upper: *const CallTarget) -> *const CallTarget {
    if (*upper).ctx == state.main && (*upper).entries.is_null() {
        return &raw const state.direct.call;
    }
    let mut targets = lock(&state.targets);
    if let Some(known) = targets.iter().find(|target| target.upper == upper) {
        return &raw const known.call;
    }
    let mut target = Box::new(Target::direct());
    target.attach(state);
    target.upper = upper;
    target.call.entries = &raw const STACKED_TABLE;
    let call: *const CallTarget = &raw const target.call;
    targets.push(target);
    call
}

const FROM_SPEC: u16 = index("HPyType_FromSpec");
const SET_CALL: u16 = index("HPy_SetCallFunction");
const NO_FUNCTION: u16 = index("HPyImport_ImportModule");

/// The index of a context function, found by name at compile time.
#[allow(clippy::indexing_slicing)] // Evaluated by the compiler, which rejects a bad index.
pub const fn index(name: &str) -> u16 {
    let mut at = 0;
    while at < abi::MEMBERS.len() {
        if same(abi::MEMBERS[at].name.as_bytes(), name.as_bytes()) {
            return at as u16;
        }
        at += 1;
    }
    0
}

#[allow(clippy::indexing_slicing)] // As above.
const fn same(a: &[u8], b: &[u8]) -> bool {
    if a.len() != b.len() {
        return false;
    }
    let mut at = 0;
    while at < a.len() {
        if a[at] != b[at] {
            return false;
        }
        at += 1;
    }
    true
}

pub unsafe extern "C" fn type_from_spec(
    ctx: *mut HPyContext,
    target: *const CallTarget,
    spec: *mut HPyType_Spec,
    params: *mut HPyType_SpecParam,
) -> HPy {
    let call = Call::begin(ctx, FROM_SPEC);
    let target = target_for(call.state(), target);
    crate::special::types::from_spec(&call, target, spec, params)
}

pub unsafe extern "C" fn set_call_function(
    ctx: *mut HPyContext,
    target: *const CallTarget,
    h: HPy,
    func: *mut HPyCallFunction,
) -> c_int {
    let call = Call::begin(ctx, SET_CALL);
    let Some(h) = call.handle(h, "h") else { return -1 };
    let target = target_for(call.state(), target);
    let result = ((*call.state().backend).set_call_function)(call.base, target, h, func);
    if result < 0 {
        call.failed();
    }
    result
}

unsafe extern "C" fn module_create(
    ctx: *mut HPyContext,
    target: *const CallTarget,
    def: *mut HPyModuleDef,
    spec: HPy,
) -> HPy {
    let call = Call::begin(ctx, NO_FUNCTION);
    let Some(spec) = call.handle(spec, "spec") else { return HPy::NULL };
    let target = target_for(call.state(), target);
    crate::globals::announce(call.shared(), def);
    let made = ((*call.state().backend).module_create)(call.base, target, def, spec);
    crate::globals::made(call.shared(), def, made);
    call.new_handle(made)
}

unsafe extern "C" fn module_exec(
    ctx: *mut HPyContext,
    target: *const CallTarget,
    def: *mut HPyModuleDef,
    module: HPy,
) -> c_int {
    let call = Call::begin(ctx, NO_FUNCTION);
    let Some(module) = call.handle(module, "module") else { return -1 };
    let target = target_for(call.state(), target);
    ((*call.state().backend).module_exec)(call.base, target, def, module)
}

unsafe extern "C" fn is_attached(ctx: *mut HPyContext) -> c_int {
    let state = state::of(ctx);
    ((*state.backend).is_attached)(state.base)
}

pub unsafe extern "C" fn call_from_trampoline(
    ctx: *mut HPyContext,
    target: *const CallTarget,
    sig: HPyFunc_Signature,
    func: HPyCFunction,
    args: *mut c_void,
) {
    let state = state::of(ctx);
    let target = target_for(state, target);
    ((*state.backend).call_from_trampoline)(state.base, target, sig, func, args);
}

unsafe extern "C" fn error_take(ctx: *mut HPyContext) -> HPy {
    let state = state::of(ctx);
    let taken = ((*state.backend).error_take)(state.base);
    if taken.is_null() {
        return HPy::NULL;
    }
    // Kept by the context above, not by the extension: not a handle that could leak.
    state.open(taken, crate::records::IMMORTAL, 0)
}

unsafe extern "C" fn error_give(ctx: *mut HPyContext, exception: HPy) {
    let state = state::of(ctx);
    let mut inner = HPy::NULL;
    if let Some(record) = state.records.open(exception) {
        inner = record.inner();
        state.close(record);
    }
    ((*state.backend).error_give)(state.base, inner);
}

unsafe extern "C" fn parallel(ctx: *mut HPyContext) -> c_int {
    let state = state::of(ctx);
    ((*state.backend).parallel)(state.base)
}

/// The handle below one that the context above holds; null if it is not open.
unsafe fn inner(state: &State, h: HPy) -> HPy {
    state.records.open(h).map_or(HPy::NULL, |record| record.inner())
}

unsafe extern "C" fn shape_of(ctx: *mut HPyContext, h: HPy) -> HPyType_BuiltinShape {
    let state = state::of(ctx);
    ((*state.backend).shape_of)(state.base, inner(state, h))
}

unsafe extern "C" fn struct_facts(ctx: *mut HPyContext, h: HPy, facts: *mut StructFacts) -> c_int {
    let state = state::of(ctx);
    ((*state.backend).struct_facts)(state.base, inner(state, h), facts)
}

unsafe extern "C" fn visit_fields(
    ctx: *mut HPyContext,
    h: HPy,
    visit: HPyFunc_visitproc,
    arg: *mut c_void,
) {
    let state = state::of(ctx);
    ((*state.backend).visit_fields)(state.base, inner(state, h), visit, arg);
}

unsafe extern "C" fn watch_destructors(
    ctx: *mut HPyContext,
    watcher: Option<DestructorWatcher>,
    data: *mut c_void,
) {
    let state = state::of(ctx);
    ((*state.backend).watch_destructors)(state.base, watcher, data);
}
