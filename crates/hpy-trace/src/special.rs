//! The wrappers whose behaviour is special; the table in `xtask/src/codegen/trace.rs` names them.

use crate::call::Call;
use crate::clock;
use crate::state::{self, lock};
use core::ffi::{c_char, c_int, c_void};
use core::sync::atomic::Ordering::Relaxed;
use hpy_sys::abi::MEMBERS;
use hpy_sys::*;

/// The index of a context function, found by name at compile time.
#[allow(clippy::indexing_slicing)] // Evaluated by the compiler, which rejects a bad index.
const fn index(name: &str) -> u16 {
    let mut at = 0;
    while at < MEMBERS.len() {
        let (a, b) = (MEMBERS[at].name.as_bytes(), name.as_bytes());
        let mut same = a.len() == b.len();
        let mut byte = 0;
        while same && byte < a.len() {
            same = a[byte] == b[byte];
            byte += 1;
        }
        if same {
            return at as u16;
        }
        at += 1;
    }
    0
}

const FATAL: u16 = index("HPy_FatalError");
const FROM_SPEC: u16 = index("HPyType_FromSpec");
const SET_CALL: u16 = index("HPy_SetCallFunction");
const GLOBAL_STORE: u16 = index("HPyGlobal_Store");
const GLOBAL_LOAD: u16 = index("HPyGlobal_Load");
const FIELD_LOAD: u16 = index("HPyField_Load");
const LEAVE: u16 = index("HPy_LeavePythonExecution");
const REENTER: u16 = index("HPy_ReenterPythonExecution");

/// The field comes by value. While a hook runs, the extension's field may get another object, also by another thread,
/// and the one that was in it may go: it is taken before the hook is told.
pub unsafe extern "C" fn HPyField_Load(
    ctx: *mut HPyContext,
    source_object: HPy,
    source_field: HPyField,
) -> HPy {
    let state = state::of(ctx);
    let load = (*state.base).ctx_Field_Load;
    if state.hooked.load(Relaxed) {
        let started = clock::now();
        let result = load(state.base, source_object, source_field);
        Call::begin_made(ctx, FIELD_LOAD, clock::now().wrapping_sub(started)).end();
        return result;
    }
    let call = Call::begin(ctx, FIELD_LOAD);
    let result = load(call.base, source_object, source_field);
    call.end();
    result
}

/// It does not come back: there is nothing to time.
pub unsafe extern "C" fn HPy_FatalError(ctx: *mut HPyContext, message: *const c_char) {
    let call = Call::begin(ctx, FATAL);
    ((*call.base).ctx_FatalError)(call.base, message);
    call.end();
}

pub unsafe extern "C" fn HPyType_FromSpec(
    ctx: *mut HPyContext,
    spec: *mut HPyType_Spec,
    params: *mut HPyType_SpecParam,
) -> HPy {
    let call = Call::begin(ctx, FROM_SPEC);
    let state = call.state();
    let target = &raw const state.direct.call;
    let result = ((*state.backend).type_from_spec)(call.base, target, spec, params);
    call.end();
    result
}

pub unsafe extern "C" fn HPy_SetCallFunction(
    ctx: *mut HPyContext,
    h: HPy,
    func: *mut HPyCallFunction,
) -> c_int {
    let call = Call::begin(ctx, SET_CALL);
    let state = call.state();
    let target = &raw const state.direct.call;
    let result = ((*state.backend).set_call_function)(call.base, target, h, func);
    call.end();
    result
}

/// Not a call of the extension but one of its functions being called.
pub unsafe extern "C" fn _HPy_CallRealFunctionFromTrampoline(
    ctx: *mut HPyContext,
    sig: HPyFunc_Signature,
    func: HPyCFunction,
    args: *mut c_void,
) {
    let state = state::of(ctx);
    let target = &raw const state.direct.call;
    ((*state.backend).call_from_trampoline)(state.base, target, sig, func, args);
}

/// The values of globals are this mode's own: a binary may be loaded in two modes at once.
pub unsafe extern "C" fn HPyGlobal_Store(ctx: *mut HPyContext, global: *mut HPyGlobal, h: HPy) {
    let call = Call::begin(ctx, GLOBAL_STORE);
    if call.state().stacked {
        ((*call.base).ctx_Global_Store)(call.base, global, h);
        return call.end();
    }
    if (*global).is_null() {
        // The context below gives it its index.
        ((*call.base).ctx_Global_Store)(call.base, global, HPy::NULL);
    }
    let new = if h.is_null() { HPy::NULL } else { api::HPy_Dup(call.base, h) };
    let old = {
        let mut values = lock(&call.state().globals);
        let key = (*global)._i;
        if new.is_null() { values.remove(&key) } else { values.insert(key, new) }
    };
    if let Some(old) = old {
        api::HPy_Close(call.base, old);
    }
    call.end();
}

pub unsafe extern "C" fn HPyGlobal_Load(ctx: *mut HPyContext, global: HPyGlobal) -> HPy {
    let call = Call::begin(ctx, GLOBAL_LOAD);
    if call.state().stacked {
        let value = ((*call.base).ctx_Global_Load)(call.base, global);
        call.end();
        return value;
    }
    let value = {
        let values = lock(&call.state().globals);
        // Inside the lock: another thread may store meanwhile.
        values.get(&global._i).map_or(HPy::NULL, |&value| api::HPy_Dup(call.base, value))
    };
    call.end();
    value
}

/// Afterwards the thread may not run Python: no hook on exit.
pub unsafe extern "C" fn HPy_LeavePythonExecution(ctx: *mut HPyContext) -> HPyThreadState {
    let call = Call::begin(ctx, LEAVE);
    let result = ((*call.base).ctx_LeavePythonExecution)(call.base);
    call.end_detached();
    result
}

/// Before it the thread may not run Python: no hook on enter.
pub unsafe extern "C" fn HPy_ReenterPythonExecution(ctx: *mut HPyContext, state: HPyThreadState) {
    let call = Call::begin_detached(ctx, REENTER);
    ((*call.base).ctx_ReenterPythonExecution)(call.base, state);
    call.end();
}
