//! Leaving and re-entering Python execution.

use crate::backend::index;
use crate::call::Call;
use crate::report::{self, Finding};
use crate::{frame, state};
use core::sync::atomic::Ordering::Relaxed;
use hpy_sys::*;

const LEAVE: u16 = index("HPy_LeavePythonExecution");
const REENTER: u16 = index("HPy_ReenterPythonExecution");

pub unsafe extern "C" fn HPy_LeavePythonExecution(ctx: *mut HPyContext) -> HPyThreadState {
    let call = Call::begin(ctx, LEAVE);
    let frame = call.frame;
    if !core::ptr::eq(frame, frame::top()) {
        // Through the main context, outside of any call.
        return ((*call.base).ctx_LeavePythonExecution)(call.base);
    }
    // Before the thread lets go: afterwards others run.
    frame.marks.left.set(true);
    frame.gate.store(frame::NOBODY, Relaxed);
    let left = ((*call.base).ctx_LeavePythonExecution)(call.base);
    frame.left_state.set(left);
    left
}

pub unsafe extern "C" fn HPy_ReenterPythonExecution(ctx: *mut HPyContext, state: HPyThreadState) {
    if let Some(top) = frame::top().as_ref()
        && top.ctx.get() == ctx
        && top.marks.left.get()
    {
        ((*top.base).ctx_ReenterPythonExecution)(top.base, state);
        top.back();
        return;
    }
    let own = state::of(ctx);
    if ctx == own.main {
        ((*own.base).ctx_ReenterPythonExecution)(own.base, state);
        return;
    }
    let call = Call::begin(ctx, REENTER);
    let function = call.frame.name();
    let message =
        format!("{function} called HPy_ReenterPythonExecution without HPy_LeavePythonExecution");
    report::found(call.shared(), Finding::new("unbalanced-leave", message, function));
}
