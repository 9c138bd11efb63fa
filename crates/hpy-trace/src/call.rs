//! One context call: counted, timed, told to the hooks.

use crate::clock;
use crate::state::{self, State, lock};
use core::cell::Cell;
use core::sync::atomic::Ordering::Relaxed;
use hpy_sys::abi::MEMBERS;
use hpy_sys::{HPy, HPyContext, api};
use std::ffi::CString;

/// A context function that is being called.
pub struct Call {
    /// The context below.
    pub base: *mut HPyContext,
    state: &'static State,
    function: u16,
    started: u64,
}

thread_local! {
    /// Whether this thread runs a hook: what a hook does is counted, but not told to hooks.
    static IN_HOOK: Cell<bool> = const { Cell::new(false) };
}

/// Which of the hooks.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Side {
    Enter,
    Exit,
}

impl Call {
    #[inline(always)]
    pub unsafe fn begin(ctx: *mut HPyContext, function: u16) -> Call {
        let state = state::of(ctx);
        if let Some(counter) = state.counters.get(function as usize) {
            state.add(&counter.calls, 1);
        }
        if state.hooked.load(Relaxed) {
            tell(state, function, Side::Enter);
        }
        Call { base: state.base, state, function, started: clock::now() }
    }

    /// The same for a call that was made already, and took so long.
    pub unsafe fn begin_made(ctx: *mut HPyContext, function: u16, taken: u64) -> Call {
        let call = Call::begin(ctx, function);
        Call { started: call.started.wrapping_sub(taken), ..call }
    }

    /// The same where the thread may not run Python now.
    pub unsafe fn begin_detached(ctx: *mut HPyContext, function: u16) -> Call {
        let state = state::of(ctx);
        if let Some(counter) = state.counters.get(function as usize) {
            counter.calls.fetch_add(1, Relaxed);
        }
        Call { base: state.base, state, function, started: clock::now() }
    }

    #[inline(always)]
    pub unsafe fn end(self) {
        let taken = clock::now().wrapping_sub(self.started);
        if let Some(counter) = self.state.counters.get(self.function as usize) {
            self.state.add(&counter.nanoseconds, taken);
        }
        if self.state.recording.is_on() {
            self.record(taken);
        }
        if self.state.hooked.load(Relaxed) {
            tell(self.state, self.function, Side::Exit);
        }
    }

    /// The same where the thread may not run Python now.
    pub fn end_detached(self) {
        let taken = clock::now().wrapping_sub(self.started);
        if let Some(counter) = self.state.counters.get(self.function as usize) {
            counter.nanoseconds.fetch_add(taken, Relaxed);
        }
        if self.state.recording.is_on() {
            self.record(taken);
        }
    }

    #[cold]
    fn record(&self, nanoseconds: u64) {
        let at = self.started.wrapping_sub(self.state.started);
        self.state.recording.add(u32::from(self.function), at, nanoseconds);
    }

    /// The backend of the context below, for functions that hand down a target.
    pub fn state(&self) -> &'static State {
        self.state
    }
}

/// Calls a hook with the function's name. What it raises is printed as unraisable; an exception that is
/// pending in the extension is put aside meanwhile.
#[cold]
unsafe fn tell(state: &State, function: u16, side: Side) {
    let Ok(false) = IN_HOOK.try_with(|in_hook| in_hook.replace(true)) else { return };
    let hook = {
        let hooks = lock(&state.hooks);
        let hook = if side == Side::Enter { hooks.on_enter } else { hooks.on_exit };
        // A reference of our own: the hook may replace itself while it runs.
        if hook.is_null() { hook } else { api::HPy_Dup(state.hook_base, hook) }
    };
    if !hook.is_null() {
        let pending = ((*state.hook_backend).error_take)(state.hook_base);
        let field = MEMBERS.get(function as usize).map_or("", |member| member.field);
        let text = CString::new(field).unwrap_or_default();
        let name = api::HPyUnicode_FromString(state.hook_base, text.as_ptr());
        let result = if name.is_null() {
            name
        } else {
            let args: [HPy; 1] = [name];
            api::HPy_Call(state.hook_base, hook, args.as_ptr(), 1, HPy::NULL)
        };
        if result.is_null() {
            api::HPyErr_WriteUnraisable(state.hook_base, hook);
        }
        api::HPy_Close(state.hook_base, result);
        api::HPy_Close(state.hook_base, name);
        api::HPy_Close(state.hook_base, hook);
        if !pending.is_null() {
            ((*state.hook_backend).error_give)(state.hook_base, pending);
        }
    }
    let _ = IN_HOOK.try_with(|in_hook| in_hook.set(false));
}
