//! Closing, and results that come through arrays and pointers.

use crate::backend::index;
use crate::call::{Call, Handles};
use crate::frame;
use crate::records::{ARGUMENT, IMMORTAL};
use crate::report::{self, Finding};
use crate::shelf::close_at_once;
use hpy_sys::*;

const CLOSE: u16 = index("HPy_Close");
const FROM_ARRAY: u16 = index("HPyTuple_FromArray");
const VAR_GET: u16 = index("HPyContextVar_Get");

pub unsafe extern "C" fn HPy_Close(ctx: *mut HPyContext, h: HPy) {
    let frame = frame::of(ctx);
    let record = frame.record(h);
    if record.is(h, frame.pass()) && !record.has(ARGUMENT) && close_at_once(frame, record) {
        return ((*frame.base).ctx_Close)(frame.base, record.inner());
    }
    slow_close(ctx, h)
}

#[cold]
unsafe extern "C" fn slow_close(ctx: *mut HPyContext, h: HPy) {
    let call = Call::begin(ctx, CLOSE);
    if !h.is_null() {
        close(&call, h);
    }
}

/// Closes a handle of the extension, which is told where it may not.
pub unsafe fn close(call: &Call, h: HPy) {
    match call.shared().records.open(h) {
        Some(record) if !record.has(IMMORTAL | ARGUMENT) => {
            let inner = record.inner();
            call.shared().close(record);
            api::HPy_Close(call.base, inner);
        }
        Some(record) => {
            let name = call.frame.name();
            let (kind, what) = if record.has(IMMORTAL) {
                ("constant-closed", "a constant of the context")
            } else {
                ("argument-closed", "an argument, which belongs to the caller")
            };
            let message = format!("{name} closed {what}");
            let finding = Finding::new(kind, message, name).about(call.shared(), record);
            report::invalid_handle(call.shared(), finding);
            // A hook let the program go on. The reference below was never the extension's: it stays.
            if !record.has(IMMORTAL) && record.is_open() {
                call.shared().close(record);
            }
        }
        None => {
            // Closed twice, or never a handle: told there; there is nothing to close.
            call.handle(h, "h");
        }
    }
}

pub unsafe extern "C" fn HPyTuple_FromArray(
    ctx: *mut HPyContext,
    items: *const HPy,
    n: HPy_ssize_t,
) -> HPy {
    let call = Call::begin(ctx, FROM_ARRAY);
    let mut inner = Handles::empty();
    if !call.handles(&mut inner, items, n.max(0) as usize, "items") {
        return HPy::NULL;
    }
    call.new_handle(((*call.base).ctx_Tuple_FromArray)(call.base, inner.as_ptr(), n))
}

pub unsafe extern "C" fn HPyContextVar_Get(
    ctx: *mut HPyContext,
    context_var: HPy,
    default_value: HPy,
    result: *mut HPy,
) -> i32 {
    let call = Call::begin(ctx, VAR_GET);
    result.write(HPy::NULL);
    let Some(context_var) = call.handle(context_var, "context_var") else { return -1 };
    let Some(default_value) = call.handle_or_null(default_value, "default_value") else {
        return -1;
    };
    let mut inner = HPy::NULL;
    let status =
        ((*call.base).ctx_ContextVar_Get)(call.base, context_var, default_value, &mut inner);
    if status < 0 {
        call.failed();
        return status;
    }
    if !inner.is_null() {
        result.write(call.new_handle(inner));
        if (*result).is_null() {
            return -1;
        }
    }
    status
}
