//! One call from Python into an extension: the frame around it, its arguments and its result.

use crate::backend::Target;
use crate::call::{Filled, Handles};
use crate::frame::{self, Frame};
use crate::records::{ARGUMENT, Handle, IMMORTAL, Record};
use crate::report::{self, Finding};
use crate::shelf::{close_at_once, open_at_once};
use crate::state::{Shared, State};
use crate::workshop::Tool;
use core::ffi::c_void;
use core::ptr;
use hpy_sys::backend::{CallTarget, Entry};
use hpy_sys::*;

/// One call from Python: its frame, which knows all the rest. (One word: what is larger would be kept in memory for the
/// functions below that are called out of line.)
///
/// With STACKED it may go on to a context above.
#[derive(Clone, Copy)]
pub struct Upcall<const STACKED: bool> {
    pub frame: &'static Frame,
}

/// An argument: the handle that the extension gets, and its record.
#[derive(Clone, Copy)]
pub struct Argument {
    pub h: HPy,
    record: &'static Record,
}

impl<const STACKED: bool> Upcall<STACKED> {
    /// Takes a context for the call and puts its frame on the stack.
    #[inline(always)]
    pub unsafe fn begin(entry: *const Entry) -> Self {
        let target = (*entry).target.cast::<Target>();
        let state = &*(*target).state;
        let (context, call) = frame::take(state);
        if STACKED {
            // The context above calls through this one's main context.
            context.frame.ctx.set(state.main);
        }
        context.frame.push(entry, call);
        Upcall { frame: &context.frame }
    }

    #[inline(always)]
    fn state(self) -> &'static State {
        // SAFETY: a frame's state is live while its call runs.
        unsafe { &*self.frame.state }
    }

    #[inline(always)]
    fn shared(self) -> &'static Shared {
        // SAFETY: as in `state`.
        unsafe { &*self.frame.shared }
    }

    /// What was called.
    #[inline(always)]
    unsafe fn entry(self) -> &'static Entry {
        &*self.frame.entry.get()
    }

    /// Where the call goes from here; null: to the extension.
    #[inline(always)]
    unsafe fn upper_target(self) -> *const CallTarget {
        (*self.entry().target.cast::<Target>()).upper
    }

    /// The context of the call itself.
    #[inline(always)]
    unsafe fn own_ctx(self) -> *mut HPyContext {
        ptr::from_ref(frame::context_of(self.frame)).cast_mut().cast()
    }

    /// The context that the extension gets.
    #[inline(always)]
    pub unsafe fn ctx(self) -> *mut HPyContext {
        if STACKED { (*self.upper_target()).ctx } else { self.own_ctx() }
    }

    /// The function of the context above, if the call goes there.
    #[inline(always)]
    pub unsafe fn upper(self) -> Option<*const c_void> {
        if !STACKED {
            return None;
        }
        let table = self.upper_target().as_ref()?.entries.as_ref()?;
        let function = table.by_signature.get(self.entry().sig as usize).copied()?;
        (!function.is_null()).then_some(function)
    }

    /// The entry for the context above.
    #[inline(always)]
    pub unsafe fn upper_entry(self) -> Entry {
        Entry {
            target: self.upper_target(),
            imp: self.entry().imp,
            sig: self.entry().sig,
            name: self.entry().name,
            data: ptr::null_mut(),
        }
    }

    /// A handle for an argument, borrowed from the caller. Null stays null.
    #[inline(always)]
    pub unsafe fn argument(self, inner: HPy) -> Argument {
        if !inner.is_null()
            && let Some((record, h)) = open_at_once(self.frame, inner, ARGUMENT)
        {
            return Argument { h, record };
        }
        self.argument_slowly(inner)
    }

    #[cold]
    #[inline(never)]
    unsafe fn argument_slowly(self, inner: HPy) -> Argument {
        let mut h = HPy::NULL;
        if !inner.is_null() {
            h = self.shared().open(inner, ARGUMENT, self.frame.call.get());
            if h.is_null() {
                self.no_memory();
            }
        }
        // That of null is no handle's.
        Argument { h, record: self.frame.record(h) }
    }

    #[cold]
    unsafe fn no_memory(self) {
        api::HPyErr_NoMemory(self.frame.base);
        self.frame.marks.starved.set(true);
    }

    /// Whether there was no memory for an argument's handle: MemoryError is set, the call is not made.
    #[inline(always)]
    pub fn is_starved(self) -> bool {
        self.frame.marks.starved.get()
    }

    /// The extension has returned: from here on Python is asked again.
    #[inline(always)]
    pub unsafe fn returned(self) {
        if self.frame.marks.left.get() {
            self.still_left();
        }
    }

    /// Ends an argument's handle. If the extension closed it, that was reported when it did.
    #[inline(always)]
    pub unsafe fn end_argument(self, argument: Argument) {
        let Argument { h, record } = argument;
        if !record.is(h, self.frame.call.get()) || !close_at_once(self.frame, record) {
            self.end_argument_slowly(h);
        }
    }

    #[cold]
    #[inline(never)]
    unsafe fn end_argument_slowly(self, h: HPy) {
        if let Some(record) = self.shared().records.open(h) {
            self.shared().close(record);
        }
    }

    /// Fills in handles for an array of arguments.
    #[inline(always)]
    pub unsafe fn arguments(self, handles: &mut Handles, array: *const HPy, count: usize) {
        let filled = handles.fill(count, |index| Some(self.argument(array.add(index).read()).h));
        if filled == Filled::NoMemory {
            self.no_memory();
        }
    }

    #[inline(always)]
    pub unsafe fn end_arguments(self, handles: &Handles) {
        for &h in handles.as_slice() {
            self.end_argument(Argument { h, record: self.frame.record(h) });
        }
    }

    /// The handle below a result that the extension gives away; ends the call.
    #[inline(always)]
    pub unsafe fn handle_result(self, h: HPy) -> HPy {
        let inner = if h.is_null() {
            self.check_missing_error();
            HPy::NULL
        } else {
            self.give_away(h)
        };
        self.end_with(inner)
    }

    /// The same where null without an exception means the end of the iteration.
    pub unsafe fn iternext_result(self, h: HPy) -> HPy {
        let inner = if h.is_null() { HPy::NULL } else { self.give_away(h) };
        self.end_with(inner)
    }

    /// Ends the call with a result of the context below, which is null where an exception was found with it.
    #[inline(always)]
    unsafe fn end_with(self, mut inner: HPy) -> HPy {
        if self.frame.marks.any() {
            inner = self.look_back_at(inner);
        }
        self.end();
        inner
    }

    /// Checks a result that is -1 where there is an exception; ends the call.
    #[inline(always)]
    pub unsafe fn number_result(self, result: isize) {
        if result == -1 {
            self.check_missing_error();
        }
        self.end_of_number(result);
    }

    pub unsafe fn hash_result(self, result: HPy_hash_t) {
        self.end_of_number(result);
    }

    #[inline(always)]
    unsafe fn end_of_number(self, result: isize) {
        if self.frame.marks.any() {
            if result != -1 && !self.frame.is_clean() {
                self.unexpected_error();
            }
            self.look_back();
        }
        self.end();
    }

    pub unsafe fn no_result(self, _nothing: ()) {
        if self.frame.marks.any() {
            self.look_back();
        }
        self.end();
    }

    #[inline(always)]
    unsafe fn end(self) {
        self.frame.pop();
        if STACKED {
            self.frame.ctx.set(self.own_ctx());
        }
        frame::give(self.state(), frame::context_of(self.frame));
    }

    #[cold]
    #[inline(never)]
    unsafe fn look_back_at(self, mut inner: HPy) -> HPy {
        if !inner.is_null() && !self.frame.is_clean() && self.unexpected_error() {
            api::HPy_Close(self.frame.base, inner);
            inner = HPy::NULL;
        }
        self.look_back();
        inner
    }

    /// Checks what the call has left behind.
    #[inline(never)]
    unsafe fn look_back(self) {
        if self.frame.marks.stores.get() {
            crate::types::check(self.state(), self.frame.call.get());
        }
        if self.frame.marks.tools.get() != 0 {
            self.unfinished_tools();
        }
    }

    /// Takes over what a handle stands for, as the result of the call.
    #[inline(always)]
    pub unsafe fn give_away(self, h: HPy) -> HPy {
        let record = self.frame.record(h);
        if record.is(h, self.frame.call.get())
            && !record.is_argument(h)
            && close_at_once(self.frame, record)
        {
            return record.inner();
        }
        self.mistaken_result(h)
    }

    #[cold]
    #[inline(never)]
    unsafe fn mistaken_result(self, h: HPy) -> HPy {
        let name = self.frame.name();
        let base = self.frame.base;
        match self.shared().records.classify(h) {
            Handle::Open(record) if !record.has(IMMORTAL | ARGUMENT) => {
                // Of an earlier call, of one that this one runs inside of, or with something to take back.
                let inner = record.inner();
                self.shared().close(record);
                inner
            }
            Handle::Open(record) | Handle::Closed(record) => {
                let what = if record.has(IMMORTAL) {
                    "a constant of the context without HPy_Dup"
                } else if record.has(ARGUMENT) {
                    "an argument without HPy_Dup"
                } else {
                    "a closed handle"
                };
                let message = format!("{name} returned {what}");
                let finding =
                    Finding::new("closed-handle", message, name).about(self.shared(), record);
                report::invalid_handle(self.shared(), finding);
                // The hook let the program go on: the caller gets a reference of its own.
                api::HPy_Dup(base, record.inner())
            }
            Handle::Gone | Handle::Foreign => {
                let message = format!("{name} returned {:#x}, which is not a handle", h._i);
                report::invalid_handle(self.shared(), Finding::new("not-a-handle", message, name));
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
    unsafe fn check_missing_error(self) {
        if api::HPyErr_Occurred(self.frame.base) == 0 {
            self.missing_error();
        }
    }

    #[cold]
    unsafe fn missing_error(self) {
        let name = self.frame.name();
        let message = format!("{name} returned an error without setting an exception");
        let text = std::ffi::CString::new(message.clone()).unwrap_or_default();
        report::found(self.shared(), Finding::new("missing-error", message, name));
        let base = self.frame.base;
        api::HPyErr_SetString(base, (*base).h_SystemError, text.as_ptr());
    }

    /// Whether an exception is pending although the call has succeeded.
    #[cold]
    unsafe fn unexpected_error(self) -> bool {
        if api::HPyErr_Occurred(self.frame.base) == 0 {
            return false;
        }
        let name = self.frame.name();
        let by = State::function_name(self.frame.marks.pending.get());
        let message = format!("{name} returned a result with an exception set, by {by}");
        report::found(self.shared(), Finding::new("unexpected-error", message, name));
        true
    }

    #[cold]
    #[inline(never)]
    unsafe fn still_left(self) {
        let base = self.frame.base;
        api::HPy_ReenterPythonExecution(base, self.frame.left_state.get());
        self.frame.back();
        let name = self.frame.name();
        let message = format!(
            "{name} returned without HPy_ReenterPythonExecution after HPy_LeavePythonExecution"
        );
        report::found(self.shared(), Finding::new("unbalanced-leave", message, name));
    }

    #[cold]
    unsafe fn unfinished_tools(self) {
        self.frame.set_builder(0, 0);
        let left = crate::state::lock(&self.shared().tools).take_of(self.frame.call.get());
        for tool in left {
            let name = self.frame.name();
            let (kind, message) = match tool {
                Tool::List(builder) => {
                    api::HPyListBuilder_Cancel(self.frame.base, builder);
                    (
                        "leaked-builder",
                        format!("{name} neither built nor cancelled an HPyListBuilder"),
                    )
                }
                Tool::Tuple(builder) => {
                    api::HPyTupleBuilder_Cancel(self.frame.base, builder);
                    (
                        "leaked-builder",
                        format!("{name} neither built nor cancelled an HPyTupleBuilder"),
                    )
                }
                Tool::Tracker(_) => {
                    ("leaked-tracker", format!("{name} did not close an HPyTracker"))
                }
            };
            report::found(self.shared(), Finding::new(kind, message, name));
        }
    }
}
