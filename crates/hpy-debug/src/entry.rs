//! Calls from Python into an extension: the frame around them, their arguments and results.

use crate::backend::Target;
use crate::call::Handles;
use crate::frame::Frame;
use crate::records::{ARGUMENT, Handle};
use crate::report::{self, Finding};
use crate::state::State;
use crate::workshop::Tool;
use core::cell::Cell;
use core::ffi::{c_int, c_void};
use core::sync::atomic::Ordering::Relaxed;
use core::{mem, ptr};
use hpy_sys::backend::Entry;
use hpy_sys::*;

/// One call from Python.
pub struct Upcall {
    frame: Frame,
    state: &'static State,
    /// The entry for the context above, if there is one.
    upper: Entry,
    upper_imp: *const c_void,
    /// Whether the context goes back to the state's contexts afterwards.
    pooled: bool,
    /// Whether there was no memory for an argument's handle: MemoryError is set, the call is not made.
    pub starved: Cell<bool>,
}

impl Upcall {
    #[inline(always)]
    pub unsafe fn new(entry: *const Entry) -> Upcall {
        let target = (*entry).target.cast::<Target>();
        let state = &*(*target).state;
        let mut upper_imp = ptr::null();
        let upper_target = (*target).upper;
        let ctx = if upper_target.is_null() {
            state.contexts.take(state)
        } else {
            // The context above calls through this one's main context.
            if let Some(table) = (*upper_target).entries.as_ref() {
                let sig = (*entry).sig as usize;
                upper_imp = table.by_signature.get(sig).copied().unwrap_or(ptr::null());
            }
            if upper_imp.is_null() { (*upper_target).ctx } else { state.main }
        };
        let number = state.calls.fetch_add(1, Relaxed) + 1;
        Upcall {
            frame: Frame::new(ctx, state, entry, number),
            state,
            upper: Entry {
                target: upper_target,
                imp: (*entry).imp,
                sig: (*entry).sig,
                name: (*entry).name,
                data: ptr::null_mut(),
            },
            upper_imp,
            pooled: upper_target.is_null(),
            starved: Cell::new(false),
        }
    }

    /// Puts the frame on the stack: from here on the call does not move.
    #[inline(always)]
    pub unsafe fn begin(&mut self) {
        self.frame.push();
    }

    /// The context that the extension gets.
    #[inline(always)]
    pub fn ctx(&self) -> *mut HPyContext {
        self.frame.ctx
    }

    /// The function of the context above and its entry, if the call goes there.
    #[inline(always)]
    pub fn upper(&self) -> Option<(*const c_void, *const Entry)> {
        (!self.upper_imp.is_null()).then_some((self.upper_imp, &raw const self.upper))
    }

    /// A handle for an argument, borrowed from the caller. Null stays null.
    #[inline(always)]
    pub unsafe fn argument(&self, inner: HPy) -> HPy {
        if inner.is_null() {
            return HPy::NULL;
        }
        match self.state.open(inner, ARGUMENT, self.frame.call) {
            Some(h) => h,
            None => self.no_memory(),
        }
    }

    #[cold]
    unsafe fn no_memory(&self) -> HPy {
        api::HPyErr_NoMemory(self.state.base);
        self.starved.set(true);
        HPy::NULL
    }

    /// The extension has returned: from here on Python is asked again.
    #[inline(always)]
    pub unsafe fn returned(&self) {
        if self.frame.left.get() {
            self.still_left();
        }
    }

    /// Ends an argument's handle. If the extension closed it, that was reported when it did.
    #[inline(always)]
    pub unsafe fn end_argument(&self, h: HPy) {
        if !h.is_null() {
            self.state.close(h);
        }
    }

    /// Handles for an array of arguments.
    pub unsafe fn arguments(&self, array: *const HPy, count: usize) -> Handles {
        let Some(mut handles) = Handles::new(count) else {
            self.no_memory();
            return Handles::none();
        };
        for index in 0..count {
            handles.push(self.argument(array.add(index).read()));
        }
        handles
    }

    pub unsafe fn end_arguments(&self, handles: &Handles) {
        for &h in handles.as_slice() {
            self.end_argument(h);
        }
    }

    /// The handle below a result that the extension gives away; ends the call.
    #[inline(always)]
    pub unsafe fn handle_result(&self, h: HPy) -> HPy {
        let inner = if h.is_null() {
            self.check_missing_error();
            HPy::NULL
        } else {
            let inner = self.give_away(h);
            self.check_unexpected_error(inner)
        };
        self.end();
        inner
    }

    /// The same where null without an exception means the end of the iteration.
    pub unsafe fn iternext_result(&self, h: HPy) -> HPy {
        let inner = if h.is_null() {
            HPy::NULL
        } else {
            let inner = self.give_away(h);
            self.check_unexpected_error(inner)
        };
        self.end();
        inner
    }

    /// Checks a result that is -1 where there is an exception; ends the call.
    #[inline(always)]
    pub unsafe fn number_result(&self, result: isize) {
        if result == -1 {
            self.check_missing_error();
        } else if self.frame.pending.get() != 0 {
            self.unexpected_error();
        }
        self.end();
    }

    pub unsafe fn hash_result(&self, result: HPy_hash_t) {
        if result != -1 && self.frame.pending.get() != 0 {
            self.unexpected_error();
        }
        self.end();
    }

    pub unsafe fn no_result(&self, _nothing: ()) {
        self.end();
    }

    #[inline(always)]
    unsafe fn end(&self) {
        if self.frame.stores.get() {
            crate::types::check(self.state, self.frame.call);
        }
        if self.frame.tools.get() != 0 {
            self.unfinished_tools();
        }
        self.frame.pop();
        if self.pooled {
            self.state.contexts.give(self.frame.ctx);
        }
    }

    /// Takes over what a handle stands for, as the result of the call.
    #[inline(always)]
    unsafe fn give_away(&self, h: HPy) -> HPy {
        match self.state.records.open(h) {
            Some(record) if !record.has(crate::records::IMMORTAL | ARGUMENT) => {
                let inner = record.inner();
                self.state.close(h);
                inner
            }
            _ => self.mistaken_result(h),
        }
    }

    #[cold]
    unsafe fn mistaken_result(&self, h: HPy) -> HPy {
        let name = self.frame.name();
        let base = self.state.base;
        match self.state.records.classify(h) {
            Handle::Open(record) | Handle::Closed(record) => {
                let what = if record.has(crate::records::IMMORTAL) {
                    "a constant of the context without HPy_Dup"
                } else if record.has(ARGUMENT) {
                    "an argument without HPy_Dup"
                } else {
                    "a closed handle"
                };
                let message = format!("{name} returned {what}");
                let finding = Finding::new("closed-handle", message, name).about(record);
                report::invalid_handle(self.state, finding);
                // The hook let the program go on: the caller gets a reference of its own.
                api::HPy_Dup(base, record.inner())
            }
            Handle::Gone | Handle::Foreign => {
                let message = format!("{name} returned {:#x}, which is not a handle", h._i);
                report::invalid_handle(self.state, Finding::new("not-a-handle", message, name));
                api::HPyErr_SetString(
                    base,
                    (*base).h_SystemError,
                    c"hpy.debug: a function returned a value that is not a handle".as_ptr(),
                );
                HPy::NULL
            }
        }
    }

    #[inline(always)]
    unsafe fn check_missing_error(&self) {
        if api::HPyErr_Occurred(self.state.base) == 0 {
            self.missing_error();
        }
    }

    #[cold]
    unsafe fn missing_error(&self) {
        let name = self.frame.name();
        let message = format!("{name} returned an error without setting an exception");
        let text = std::ffi::CString::new(message.clone()).unwrap_or_default();
        report::found(self.state, Finding::new("missing-error", message, name));
        let base = self.state.base;
        api::HPyErr_SetString(base, (*base).h_SystemError, text.as_ptr());
    }

    #[inline(always)]
    unsafe fn check_unexpected_error(&self, inner: HPy) -> HPy {
        if self.frame.pending.get() != 0 && self.unexpected_error() {
            api::HPy_Close(self.state.base, inner);
            return HPy::NULL;
        }
        inner
    }

    /// Whether an exception is pending although the call has succeeded.
    #[cold]
    unsafe fn unexpected_error(&self) -> bool {
        if api::HPyErr_Occurred(self.state.base) == 0 {
            return false;
        }
        let name = self.frame.name();
        let by = State::function_name(self.frame.pending.get());
        let message = format!("{name} returned a result with an exception set, by {by}");
        report::found(self.state, Finding::new("unexpected-error", message, name));
        true
    }

    #[cold]
    unsafe fn still_left(&self) {
        let base = self.state.base;
        api::HPy_ReenterPythonExecution(base, self.frame.left_state.get());
        self.frame.left.set(false);
        let name = self.frame.name();
        let message = format!(
            "{name} returned without HPy_ReenterPythonExecution after HPy_LeavePythonExecution"
        );
        report::found(self.state, Finding::new("unbalanced-leave", message, name));
    }

    #[cold]
    unsafe fn unfinished_tools(&self) {
        let left = crate::state::lock(&self.state.tools).take_of(self.frame.call);
        for tool in left {
            let name = self.frame.name();
            let (kind, message) = match tool {
                Tool::List(builder) => {
                    api::HPyListBuilder_Cancel(self.state.base, builder);
                    (
                        "leaked-builder",
                        format!("{name} neither built nor cancelled an HPyListBuilder"),
                    )
                }
                Tool::Tuple(builder) => {
                    api::HPyTupleBuilder_Cancel(self.state.base, builder);
                    (
                        "leaked-builder",
                        format!("{name} neither built nor cancelled an HPyTupleBuilder"),
                    )
                }
                Tool::Tracker(_) => {
                    ("leaked-tracker", format!("{name} did not close an HPyTracker"))
                }
            };
            report::found(self.state, Finding::new(kind, message, name));
        }
    }
}

type Args = unsafe extern "C" fn(*mut HPyContext, HPy, *const HPy, usize) -> HPy;
type UpperArgs = unsafe extern "C" fn(*const Entry, HPy, *const HPy, usize) -> HPy;
type ArgsKw = unsafe extern "C" fn(*mut HPyContext, HPy, *const HPy, usize, HPy) -> HPy;
type UpperArgsKw = unsafe extern "C" fn(*const Entry, HPy, *const HPy, usize, HPy) -> HPy;
type Init = unsafe extern "C" fn(*mut HPyContext, HPy, *const HPy, HPy_ssize_t, HPy) -> c_int;
type UpperInit = unsafe extern "C" fn(*const Entry, HPy, *const HPy, HPy_ssize_t, HPy) -> c_int;
type New = unsafe extern "C" fn(*mut HPyContext, HPy, *const HPy, HPy_ssize_t, HPy) -> HPy;
type UpperNew = unsafe extern "C" fn(*const Entry, HPy, *const HPy, HPy_ssize_t, HPy) -> HPy;
type GetBuffer = unsafe extern "C" fn(*mut HPyContext, HPy, *mut HPy_buffer, c_int) -> c_int;
type UpperGetBuffer = unsafe extern "C" fn(*const Entry, HPy, *mut HPy_buffer, c_int) -> c_int;
type ReleaseBuffer = unsafe extern "C" fn(*mut HPyContext, HPy, *mut HPy_buffer);
type UpperReleaseBuffer = unsafe extern "C" fn(*const Entry, HPy, *mut HPy_buffer);

pub unsafe extern "C" fn VARARGS(
    entry: *const Entry,
    h_self: HPy,
    args: *const HPy,
    nargs: usize,
) -> HPy {
    let mut up = Upcall::new(entry);
    up.begin();
    let h = up.argument(h_self);
    let handles = up.arguments(args, nargs);
    let result = match up.upper() {
        _ if up.starved.get() => HPy::NULL,
        None => mem::transmute::<*const c_void, Args>((*entry).imp)(
            up.ctx(),
            h,
            handles.as_ptr(),
            nargs,
        ),
        Some((imp, upper)) => {
            mem::transmute::<*const c_void, UpperArgs>(imp)(upper, h, handles.as_ptr(), nargs)
        }
    };
    up.returned();
    up.end_argument(h);
    up.end_arguments(&handles);
    up.handle_result(result)
}

pub unsafe extern "C" fn KEYWORDS(
    entry: *const Entry,
    h_self: HPy,
    args: *const HPy,
    nargs: usize,
    kwnames: HPy,
) -> HPy {
    let mut up = Upcall::new(entry);
    up.begin();
    let base = up.state.base;
    let keywords =
        if kwnames.is_null() { 0 } else { api::HPy_Length(base, kwnames).max(0) as usize };
    let h = up.argument(h_self);
    let handles = up.arguments(args, nargs + keywords);
    let kw = up.argument(kwnames);
    let result = match up.upper() {
        _ if up.starved.get() => HPy::NULL,
        None => mem::transmute::<*const c_void, ArgsKw>((*entry).imp)(
            up.ctx(),
            h,
            handles.as_ptr(),
            nargs,
            kw,
        ),
        Some((imp, upper)) => {
            mem::transmute::<*const c_void, UpperArgsKw>(imp)(upper, h, handles.as_ptr(), nargs, kw)
        }
    };
    up.returned();
    up.end_argument(h);
    up.end_arguments(&handles);
    up.end_argument(kw);
    up.handle_result(result)
}

pub unsafe extern "C" fn INITPROC(
    entry: *const Entry,
    h_self: HPy,
    args: *const HPy,
    nargs: HPy_ssize_t,
    kw: HPy,
) -> c_int {
    let mut up = Upcall::new(entry);
    up.begin();
    let h = up.argument(h_self);
    let handles = up.arguments(args, nargs.max(0) as usize);
    let kw = up.argument(kw);
    let result = match up.upper() {
        _ if up.starved.get() => -1,
        None => mem::transmute::<*const c_void, Init>((*entry).imp)(
            up.ctx(),
            h,
            handles.as_ptr(),
            nargs,
            kw,
        ),
        Some((imp, upper)) => {
            mem::transmute::<*const c_void, UpperInit>(imp)(upper, h, handles.as_ptr(), nargs, kw)
        }
    };
    up.returned();
    up.end_argument(h);
    up.end_arguments(&handles);
    up.end_argument(kw);
    up.number_result(result as isize);
    result
}

pub unsafe extern "C" fn NEWFUNC(
    entry: *const Entry,
    h_type: HPy,
    args: *const HPy,
    nargs: HPy_ssize_t,
    kw: HPy,
) -> HPy {
    let mut up = Upcall::new(entry);
    up.begin();
    let h = up.argument(h_type);
    let handles = up.arguments(args, nargs.max(0) as usize);
    let kw = up.argument(kw);
    let result = match up.upper() {
        _ if up.starved.get() => HPy::NULL,
        None => mem::transmute::<*const c_void, New>((*entry).imp)(
            up.ctx(),
            h,
            handles.as_ptr(),
            nargs,
            kw,
        ),
        Some((imp, upper)) => {
            mem::transmute::<*const c_void, UpperNew>(imp)(upper, h, handles.as_ptr(), nargs, kw)
        }
    };
    up.returned();
    up.end_argument(h);
    up.end_arguments(&handles);
    up.end_argument(kw);
    up.handle_result(result)
}

pub unsafe extern "C" fn GETBUFFERPROC(
    entry: *const Entry,
    h_self: HPy,
    view: *mut HPy_buffer,
    flags: c_int,
) -> c_int {
    let mut up = Upcall::new(entry);
    up.begin();
    let h = up.argument(h_self);
    let result = match up.upper() {
        _ if up.starved.get() => -1,
        None => mem::transmute::<*const c_void, GetBuffer>((*entry).imp)(up.ctx(), h, view, flags),
        Some((imp, upper)) => {
            mem::transmute::<*const c_void, UpperGetBuffer>(imp)(upper, h, view, flags)
        }
    };
    up.returned();
    if !view.is_null() {
        // The view owns its object: the handle goes, the reference stays.
        let exporter = (*view).obj;
        (*view).obj =
            if result < 0 || exporter.is_null() { HPy::NULL } else { up.give_away(exporter) };
    }
    up.end_argument(h);
    up.number_result(result as isize);
    result
}

pub unsafe extern "C" fn RELEASEBUFFERPROC(
    entry: *const Entry,
    h_self: HPy,
    view: *mut HPy_buffer,
) {
    let mut up = Upcall::new(entry);
    up.begin();
    let h = up.argument(h_self);
    let inner = if view.is_null() { HPy::NULL } else { (*view).obj };
    let exporter = up.argument(inner);
    if !view.is_null() {
        (*view).obj = exporter;
    }
    match up.upper() {
        _ if up.starved.get() => {}
        None => mem::transmute::<*const c_void, ReleaseBuffer>((*entry).imp)(up.ctx(), h, view),
        Some((imp, upper)) => {
            mem::transmute::<*const c_void, UpperReleaseBuffer>(imp)(upper, h, view)
        }
    }
    up.returned();
    if !view.is_null() {
        (*view).obj = inner;
    }
    up.end_argument(exporter);
    up.end_argument(h);
    up.no_result(());
}
