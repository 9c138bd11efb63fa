//! Closing, and results that come through arrays and pointers.

use crate::backend::index;
use crate::call::{Call, Handles};
use crate::frame;
use crate::records::{ARGUMENT, IMMORTAL};
use crate::report::{self, Finding};
use crate::shelf::close_in_turn;
use core::ffi::c_int;
use hpy_sys::*;

const IS: u16 = index("HPy_Is");
const CLOSE: u16 = index("HPy_Close");
const FROM_ARRAY: u16 = index("HPyTuple_FromArray");
const VAR_GET: u16 = index("HPyContextVar_Get");

/// `HPy_Close` where attached threads take turns.
pub unsafe extern "C" fn HPy_Close(ctx: *mut HPyContext, h: HPy) {
    let frame = frame::of(ctx);
    let record = frame.record(h);
    if record.is(h, frame.pass()) && !record.is_argument(h) && close_in_turn(frame, record) {
        return ((*frame.base).ctx_Close)(frame.base, record.inner());
    }
    slow_close(ctx, h)
}

/// `HPy_Close` where nothing can be done at once.
#[cold]
pub unsafe extern "C" fn slow_close(ctx: *mut HPyContext, h: HPy) {
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

/// `HPy_Is` right over a base context: what has the same handle there is the same.
pub unsafe extern "C" fn HPy_Is(ctx: *mut HPyContext, obj: HPy, other: HPy) -> c_int {
    let frame = frame::of(ctx);
    let pass = frame.pass();
    let of_obj = frame.record(obj);
    let of_other = frame.record(other);
    if frame.may_use(of_obj, obj, pass) && frame.may_use(of_other, other, pass) {
        if of_obj.inner() == of_other.inner() {
            return 1;
        }
        return ((*frame.base).ctx_Is)(frame.base, of_obj.inner(), of_other.inner());
    }
    HPy_Is_below(ctx, obj, other)
}

/// `HPy_Is` over a context that is to see every call.
#[inline(never)]
pub unsafe extern "C" fn HPy_Is_below(ctx: *mut HPyContext, obj: HPy, other: HPy) -> c_int {
    let call = Call::begin(ctx, IS);
    let Some(obj) = call.handle_or_null(obj, "obj") else { return -1 };
    let Some(other) = call.handle_or_null(other, "other") else { return -1 };
    ((*call.base).ctx_Is)(call.base, obj, other)
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
