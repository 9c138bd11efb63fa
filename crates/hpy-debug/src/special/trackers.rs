//! Trackers: kept here rather than below, for closing a tracker closes debug handles.

use crate::backend::index;
use crate::call::Call;
use crate::report::{self, Finding};
use crate::state::lock;
use crate::workshop::Tool;
use core::ffi::c_int;
use hpy_sys::*;

const NEW: u16 = index("HPyTracker_New");
const ADD: u16 = index("HPyTracker_Add");
const FORGET: u16 = index("HPyTracker_ForgetAll");
const CLOSE: u16 = index("HPyTracker_Close");

pub unsafe extern "C" fn HPyTracker_New(ctx: *mut HPyContext, size: HPy_ssize_t) -> HPyTracker {
    let call = Call::begin(ctx, NEW);
    if size < 0 {
        let text = std::ffi::CString::new(format!("HPyTracker_New: size {size} is negative"));
        let text = text.unwrap_or_default();
        call.failed();
        api::HPyErr_SetString(call.base, (*call.base).h_ValueError, text.as_ptr());
        return HPyTracker::NULL;
    }
    let mut handles = Vec::new();
    let added = if handles.try_reserve(size.max(0) as usize).is_ok() && call.shared().budget.take()
    {
        lock(&call.shared().tools).add(Tool::Tracker(handles), call.frame.call.get())
    } else {
        None
    };
    match added {
        Some(word) => {
            call.frame.marks.tools.set(call.frame.marks.tools.get() + 1);
            HPyTracker { _i: word }
        }
        None => {
            call.failed();
            api::HPyErr_NoMemory(call.base);
            HPyTracker::NULL
        }
    }
}

unsafe fn mistaken(call: &Call, ht: HPyTracker) {
    let function = call.frame.name();
    let message =
        format!("{function}: {} of {:#x}, which is not an open tracker", call.name(), ht._i);
    report::invalid_builder(call.shared(), Finding::new("closed-tracker", message, function));
}

pub unsafe extern "C" fn HPyTracker_Add(ctx: *mut HPyContext, ht: HPyTracker, h: HPy) -> c_int {
    let call = Call::begin(ctx, ADD);
    let added = match lock(&call.shared().tools).get(ht._i) {
        Some(Tool::Tracker(handles)) => {
            let room = call.shared().budget.take() && handles.try_reserve(1).is_ok();
            if room && !h.is_null() {
                handles.push(h);
            }
            Some(room)
        }
        _ => None,
    };
    match added {
        Some(true) => 0,
        Some(false) => {
            call.failed();
            api::HPyErr_NoMemory(call.base);
            -1
        }
        None => {
            mistaken(&call, ht);
            call.failed();
            api::HPyErr_SetString(
                call.base,
                (*call.base).h_SystemError,
                c"hpy.debug: HPyTracker_Add of a tracker that is not open".as_ptr(),
            );
            -1
        }
    }
}

pub unsafe extern "C" fn HPyTracker_ForgetAll(ctx: *mut HPyContext, ht: HPyTracker) {
    let call = Call::begin(ctx, FORGET);
    let known = match lock(&call.shared().tools).get(ht._i) {
        Some(Tool::Tracker(handles)) => {
            handles.clear();
            true
        }
        _ => false,
    };
    if !known {
        mistaken(&call, ht);
    }
}

pub unsafe extern "C" fn HPyTracker_Close(ctx: *mut HPyContext, ht: HPyTracker) {
    let call = Call::begin(ctx, CLOSE);
    let taken = lock(&call.shared().tools).take(ht._i);
    match taken {
        Some(Tool::Tracker(handles)) => {
            call.frame.marks.tools.set(call.frame.marks.tools.get().saturating_sub(1));
            for h in handles {
                super::handles::HPy_Close(ctx, h);
            }
        }
        _ if ht.is_null() => {}
        _ => mistaken(&call, ht),
    }
}
