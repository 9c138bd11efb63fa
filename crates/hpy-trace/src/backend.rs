//! What this context offers to a context that wraps it in turn, and how calls find their way up.
//!
//! Handles pass through, so most of it hands down; see hpy-debug's module of the same name for the idea.

use crate::generated_entries::TABLE;
use crate::state::{self, State, lock};
use core::ffi::{c_char, c_int, c_void};
use core::ptr;
use hpy_sys::backend::{Backend, CallTarget, DestructorWatcher, StructFacts};
use hpy_sys::*;

/// The backend of every trace context.
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
    /// Where a call goes from here; null: to the extension.
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
    let call: *const CallTarget = &raw const target.call;
    targets.push(target);
    call
}

/// What fields hold is for the context above to say: handles pass through here.
pub unsafe extern "C" fn holds_object(
    target: *const CallTarget,
    field: *const HPyField,
    name: *const c_char,
    offset: usize,
) -> c_int {
    let upper = (*target.cast::<Target>()).upper;
    let table = upper.as_ref().and_then(|upper| upper.entries.as_ref());
    match table.and_then(|table| table.holds_object) {
        Some(ask) => ask(upper, field, name, offset),
        None => 1,
    }
}

unsafe extern "C" fn type_from_spec(
    ctx: *mut HPyContext,
    target: *const CallTarget,
    spec: *mut HPyType_Spec,
    params: *mut HPyType_SpecParam,
) -> HPy {
    let state = state::of(ctx);
    ((*state.backend).type_from_spec)(state.base, target_for(state, target), spec, params)
}

unsafe extern "C" fn set_call_function(
    ctx: *mut HPyContext,
    target: *const CallTarget,
    h: HPy,
    func: *mut HPyCallFunction,
) -> c_int {
    let state = state::of(ctx);
    ((*state.backend).set_call_function)(state.base, target_for(state, target), h, func)
}

unsafe extern "C" fn module_create(
    ctx: *mut HPyContext,
    target: *const CallTarget,
    def: *mut HPyModuleDef,
    spec: HPy,
) -> HPy {
    let state = state::of(ctx);
    ((*state.backend).module_create)(state.base, target_for(state, target), def, spec)
}

unsafe extern "C" fn module_exec(
    ctx: *mut HPyContext,
    target: *const CallTarget,
    def: *mut HPyModuleDef,
    module: HPy,
) -> c_int {
    let state = state::of(ctx);
    ((*state.backend).module_exec)(state.base, target_for(state, target), def, module)
}

unsafe extern "C" fn is_attached(ctx: *mut HPyContext) -> c_int {
    let state = state::of(ctx);
    ((*state.backend).is_attached)(state.base)
}

unsafe extern "C" fn call_from_trampoline(
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
    ((*state.backend).error_take)(state.base)
}

unsafe extern "C" fn error_give(ctx: *mut HPyContext, exception: HPy) {
    let state = state::of(ctx);
    ((*state.backend).error_give)(state.base, exception);
}

unsafe extern "C" fn parallel(ctx: *mut HPyContext) -> c_int {
    let state = state::of(ctx);
    ((*state.backend).parallel)(state.base)
}

unsafe extern "C" fn shape_of(ctx: *mut HPyContext, h: HPy) -> HPyType_BuiltinShape {
    let state = state::of(ctx);
    ((*state.backend).shape_of)(state.base, h)
}

unsafe extern "C" fn struct_facts(ctx: *mut HPyContext, h: HPy, facts: *mut StructFacts) -> c_int {
    let state = state::of(ctx);
    ((*state.backend).struct_facts)(state.base, h, facts)
}

unsafe extern "C" fn visit_fields(
    ctx: *mut HPyContext,
    h: HPy,
    visit: HPyFunc_visitproc,
    arg: *mut c_void,
) {
    let state = state::of(ctx);
    ((*state.backend).visit_fields)(state.base, h, visit, arg);
}

unsafe extern "C" fn watch_destructors(
    ctx: *mut HPyContext,
    watcher: Option<DestructorWatcher>,
    data: *mut c_void,
) {
    let state = state::of(ctx);
    ((*state.backend).watch_destructors)(state.base, watcher, data);
}
