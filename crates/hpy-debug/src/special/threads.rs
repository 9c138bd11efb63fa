//! Leaving and re-entering Python execution.

use crate::backend::index;
use crate::call::Call;
use crate::report::{self, Finding};
use crate::{frame, state};
use hpy_sys::*;

const LEAVE: u16 = index("HPy_LeavePythonExecution");
const REENTER: u16 = index("HPy_ReenterPythonExecution");

pub unsafe extern "C" fn HPy_LeavePythonExecution(ctx: *mut HPyContext) -> HPyThreadState {
    let call = Call::begin(ctx, LEAVE);
    // Before the thread lets go: afterwards others run.
    let frame = call.frame;
    frame.left.set(!core::ptr::eq(frame, &call.state.root));
    let left = ((*call.base).ctx_LeavePythonExecution)(call.base);
    if frame.left.get() {
        frame.left_state.set(left);
    }
    left
}

pub unsafe extern "C" fn HPy_ReenterPythonExecution(ctx: *mut HPyContext, state: HPyThreadState) {
    let top = frame::top();
    if !top.is_null() && (*top).ctx == ctx && (*top).left.get() {
        let base = (*(*top).state).base;
        ((*base).ctx_ReenterPythonExecution)(base, state);
        (*top).left.set(false);
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
    report::found(call.state, Finding::new("unbalanced-leave", message, function));
}
