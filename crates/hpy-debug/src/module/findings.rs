//! Findings and traces as Python objects: dicts and lists of plain values, ready for JSON.

use crate::report::Finding;
use crate::stack::Trace;
use crate::state::lock;
use core::ffi::CStr;
use hpy_sys::*;
use std::ffi::CString;

unsafe fn text(ctx: *mut HPyContext, text: &str) -> HPy {
    // Nothing here holds a NUL but by mistake: cut there.
    let clean: String = text.chars().filter(|&c| c != '\0').collect();
    let text = CString::new(clean).unwrap_or_default();
    api::HPyUnicode_FromString(ctx, text.as_ptr())
}

/// Sets a key to a value that it takes over; false with an exception on failure.
unsafe fn set(ctx: *mut HPyContext, dict: HPy, key: &CStr, value: HPy) -> bool {
    let done = !value.is_null() && api::HPy_SetItem_s(ctx, dict, key.as_ptr(), value) == 0;
    api::HPy_Close(ctx, value);
    done
}

/// A trace as `{"native": [{function, file, line, object}], "python": [line], "text": str}`.
pub unsafe fn trace_object(ctx: *mut HPyContext, trace: &Trace) -> HPy {
    let dict = api::HPyDict_New(ctx);
    if dict.is_null() {
        return dict;
    }
    let native = api::HPyList_New(ctx, 0);
    let python = api::HPyList_New(ctx, 0);
    let mut done = !native.is_null() && !python.is_null();
    for frame in trace.native() {
        let entry = api::HPyDict_New(ctx);
        done = done
            && !entry.is_null()
            && set(ctx, entry, c"function", text(ctx, &frame.function))
            && set(ctx, entry, c"file", text(ctx, &frame.file))
            && set(ctx, entry, c"line", api::HPyLong_FromUInt32_t(ctx, frame.line))
            && set(ctx, entry, c"object", text(ctx, &frame.object))
            && api::HPyList_Append(ctx, native, entry) == 0;
        api::HPy_Close(ctx, entry);
    }
    for line in trace.python().lines() {
        let line = text(ctx, line);
        done = done && !line.is_null() && api::HPyList_Append(ctx, python, line) == 0;
        api::HPy_Close(ctx, line);
    }
    done = set(ctx, dict, c"native", native) && done;
    done = set(ctx, dict, c"python", python) && done;
    done = done && set(ctx, dict, c"text", text(ctx, &trace.text("    ")));
    if done {
        return dict;
    }
    api::HPy_Close(ctx, dict);
    HPy::NULL
}

unsafe fn trace_or_none(ctx: *mut HPyContext, trace: Option<&Trace>) -> HPy {
    match trace {
        Some(trace) => trace_object(ctx, trace),
        None => super::none(ctx),
    }
}

/// A finding as a dict; null with an exception on failure.
///
/// # Safety
/// `ctx` is the context below a debug context, no exception is pending.
pub unsafe fn finding_object(ctx: *mut HPyContext, finding: Finding) -> HPy {
    let dict = api::HPyDict_New(ctx);
    if dict.is_null() {
        return dict;
    }
    let done = set(ctx, dict, c"kind", text(ctx, finding.kind))
        && set(ctx, dict, c"message", text(ctx, &finding.message))
        && set(ctx, dict, c"function", text(ctx, &finding.function))
        && set(ctx, dict, c"count", api::HPyLong_FromUInt64_t(ctx, finding.count))
        && set(ctx, dict, c"here", trace_object(ctx, &finding.here))
        && set(ctx, dict, c"opened", trace_or_none(ctx, finding.opened.as_ref()))
        && set(ctx, dict, c"closed", trace_or_none(ctx, finding.closed.as_ref()));
    if done {
        return dict;
    }
    api::HPy_Close(ctx, dict);
    HPy::NULL
}

pub unsafe extern "C" fn get_findings(ctx: *mut HPyContext, module: HPy) -> HPy {
    let Some(state) = super::state(ctx, module) else { return HPy::NULL };
    crate::assigned::tell(state);
    let list = api::HPyList_New(ctx, 0);
    if list.is_null() {
        return list;
    }
    // Copied out: making Python objects may run code that comes back here.
    let findings = lock(&state.findings).list.clone();
    for finding in findings {
        let finding = finding_object(ctx, finding);
        let done = !finding.is_null() && api::HPyList_Append(ctx, list, finding) == 0;
        api::HPy_Close(ctx, finding);
        if !done {
            api::HPy_Close(ctx, list);
            return HPy::NULL;
        }
    }
    list
}

pub unsafe extern "C" fn clear_findings(ctx: *mut HPyContext, module: HPy) -> HPy {
    let Some(state) = super::state(ctx, module) else { return HPy::NULL };
    lock(&state.findings).list.clear();
    super::none(ctx)
}

pub unsafe extern "C" fn get_unreleased(ctx: *mut HPyContext, module: HPy) -> HPy {
    let Some(state) = super::state(ctx, module) else { return HPy::NULL };
    let list = api::HPyList_New(ctx, 0);
    let mut done = !list.is_null();
    for each in crate::globals::unreleased(state) {
        let pair = [text(ctx, &each.module), each.value];
        if done && !pair[0].is_null() {
            let tuple = api::HPyTuple_FromArray(ctx, pair.as_ptr(), 2);
            done = !tuple.is_null() && api::HPyList_Append(ctx, list, tuple) == 0;
            api::HPy_Close(ctx, tuple);
        } else {
            done = false;
        }
        for h in pair {
            api::HPy_Close(ctx, h);
        }
    }
    if done {
        return list;
    }
    api::HPy_Close(ctx, list);
    HPy::NULL
}
