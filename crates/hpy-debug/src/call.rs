//! One call of a context function: the checks before it, the wrapping after it.

use crate::frame::{self, Frame};
use crate::records::{Handle, KEPT_REPORTED};
use crate::report::{self, Finding};
use crate::state::{self, State};
use core::sync::atomic::Ordering::Relaxed;
use hpy_sys::abi::{ErrorConvention, MEMBERS, MemberKind};
use hpy_sys::{HPy, HPyContext, api};

/// A context function that is being called.
pub struct Call {
    /// The context below.
    pub base: *mut HPyContext,
    pub state: &'static State,
    pub frame: &'static Frame,
    /// The function, by its index in the ABI table.
    pub function: u16,
}

impl Call {
    /// Begins a call through `ctx`. Ends the process if the context may not be used here and now.
    #[inline(always)]
    pub unsafe fn begin(ctx: *mut HPyContext, function: u16) -> Call {
        let top = frame::top();
        let frame = if !top.is_null() && (*top).ctx == ctx && !(*top).left.get() {
            &*top
        } else {
            enter(ctx, function)
        };
        let state = &*frame.state;
        Call { base: state.base, state, frame, function }
    }

    /// The same for a function that must not be called while an exception is pending: one that may run
    /// Python code, which would see the exception or lose it.
    #[inline(always)]
    pub unsafe fn begin_clean(ctx: *mut HPyContext, function: u16) -> Call {
        let call = Call::begin(ctx, function);
        if call.frame.pending.get() != 0 {
            call.check_pending();
        }
        call
    }

    #[cold]
    unsafe fn check_pending(&self) {
        if api::HPyErr_Occurred(self.base) == 0 {
            self.frame.pending.set(0);
            return;
        }
        let by = State::function_name(self.frame.pending.get());
        let message = format!(
            "{} called {} while the exception that {by} set is pending: handle it or return first",
            self.frame.name(),
            self.name(),
        );
        report::found(self.state, Finding::new("pending-error", message, self.frame.name()));
    }

    /// The handle below an argument that may not be null. `None`: report made, return the error value.
    #[inline(always)]
    pub unsafe fn handle(&self, h: HPy, argument: &'static str) -> Option<HPy> {
        if let Some(record) = self.state.records.open(h) {
            if record.call.load(Relaxed) != self.frame.call {
                self.check_kept(h, argument);
            }
            return Some(record.inner());
        }
        self.mistaken(h, argument, false)
    }

    /// The same for an argument that may be null.
    #[inline(always)]
    pub unsafe fn handle_or_null(&self, h: HPy, argument: &'static str) -> Option<HPy> {
        if h.is_null() { Some(HPy::NULL) } else { self.handle(h, argument) }
    }

    /// Handles may be used in the call that opened them and in those it makes.
    #[cold]
    #[inline(never)]
    unsafe fn check_kept(&self, h: HPy, argument: &'static str) {
        let Some(record) = self.state.records.open(h) else { return };
        let call = record.call.load(Relaxed);
        if call == 0
            || record.has(KEPT_REPORTED)
            || self.frame.call == 0
            || self.frame.is_within(call)
        {
            return;
        }
        record.set(KEPT_REPORTED);
        let message = format!(
            "{}: argument '{argument}' of {} is a handle from an earlier call: keep objects in an \
             HPyField or an HPyGlobal, a handle is for one call",
            self.frame.name(),
            self.name(),
        );
        let finding = Finding::new("kept-handle", message, self.frame.name()).about(record);
        report::found(self.state, finding);
    }

    /// The word is not an open handle: find out what it is, tell, and see how to go on.
    #[cold]
    #[inline(never)]
    unsafe fn mistaken(&self, h: HPy, argument: &'static str, _retry: bool) -> Option<HPy> {
        let function = self.frame.name();
        let name = self.name();
        if h.is_null() {
            let message = format!("{function}: argument '{argument}' of {name} is HPy_NULL");
            self.bad_argument(Finding::new("null-handle", message, function));
            return None;
        }
        match self.state.records.classify(h) {
            Handle::Open(record) => Some(record.inner()),
            Handle::Closed(record) => {
                let message =
                    format!("{function}: argument '{argument}' of {name} is a closed handle");
                let finding = Finding::new("closed-handle", message, function).about(record);
                report::invalid_handle(self.state, finding);
                // A hook let the program go on. On CPython the object may well be alive.
                Some(record.inner())
            }
            Handle::Gone => {
                let message = format!(
                    "{function}: argument '{argument}' of {name} is a handle closed long ago"
                );
                let finding = Finding::new("closed-handle", message, function);
                report::invalid_handle(self.state, finding);
                self.raise(c"hpy.debug: a handle closed long ago was used");
                None
            }
            Handle::Foreign => {
                let message = format!(
                    "{function}: argument '{argument}' of {name} is {:#x}, which is not a handle",
                    h._i
                );
                report::invalid_handle(self.state, Finding::new("not-a-handle", message, function));
                self.raise(c"hpy.debug: a value that is not a handle was used as one");
                None
            }
        }
    }

    /// Reports a bad argument as a SystemError where the function can fail, else ends the process.
    pub unsafe fn bad_argument(&self, finding: Finding) {
        let message = std::ffi::CString::new(finding.message.clone()).unwrap_or_default();
        report::found(self.state, finding);
        self.raise(&message);
    }

    /// Sets a SystemError where the function can fail; where it cannot, ends the process.
    unsafe fn raise(&self, message: &core::ffi::CStr) {
        if self.can_fail() {
            api::HPyErr_SetString(self.base, (*self.base).h_SystemError, message.as_ptr());
            self.frame.pending.set(self.function);
        } else {
            api::HPy_FatalError(self.base, message.as_ptr());
        }
    }

    fn can_fail(&self) -> bool {
        MEMBERS.get(self.function as usize).is_some_and(|member| {
            matches!(member.kind, MemberKind::Function(how) if how != ErrorConvention::Never)
        })
    }

    /// The API name of the function.
    pub fn name(&self) -> &'static str {
        State::function_name(self.function)
    }

    /// Wraps a result of the context below; null is a failure of the function, null if there is no memory.
    #[inline(always)]
    pub unsafe fn new_handle(&self, inner: HPy) -> HPy {
        if inner.is_null() {
            self.frame.pending.set(self.function);
            return HPy::NULL;
        }
        match self.state.open(inner, 0, self.frame.call) {
            Some(h) => h,
            None => self.no_memory(inner),
        }
    }

    #[cold]
    unsafe fn no_memory(&self, inner: HPy) -> HPy {
        api::HPy_Close(self.base, inner);
        self.frame.pending.set(self.function);
        api::HPyErr_NoMemory(self.base)
    }

    /// Remembers that the function has failed with an exception.
    #[inline(always)]
    pub fn failed(&self) {
        self.frame.pending.set(self.function);
    }

    /// The handles below an array of arguments, none of which may be null.
    pub unsafe fn handles(
        &self,
        array: *const HPy,
        count: usize,
        argument: &'static str,
    ) -> Option<Handles> {
        let Some(mut inner) = Handles::new(count) else {
            self.failed();
            api::HPyErr_NoMemory(self.base);
            return None;
        };
        for index in 0..count {
            inner.push(self.handle(array.add(index).read(), argument)?);
        }
        Some(inner)
    }
}

/// A few handles without an allocation, many with one.
pub struct Handles {
    few: [HPy; 8],
    many: Vec<HPy>,
    count: usize,
}

impl Handles {
    /// Room for `count`; `None` if there is no memory for it.
    pub fn new(count: usize) -> Option<Self> {
        let mut many = Vec::new();
        if count > 8 {
            many.try_reserve_exact(count).ok()?;
        }
        Some(Handles { few: [HPy::NULL; 8], many, count: 0 })
    }

    /// No handles.
    pub const fn none() -> Self {
        Handles { few: [HPy::NULL; 8], many: Vec::new(), count: 0 }
    }

    pub fn push(&mut self, h: HPy) {
        if self.many.capacity() > 0 {
            self.many.push(h);
        } else if let Some(slot) = self.few.get_mut(self.count) {
            *slot = h;
        }
        self.count += 1;
    }

    pub fn as_ptr(&self) -> *const HPy {
        self.as_slice().as_ptr()
    }

    pub fn as_slice(&self) -> &[HPy] {
        if self.many.capacity() > 0 {
            &self.many
        } else {
            self.few.get(..self.count).unwrap_or(&[])
        }
    }
}

/// The frame of a call through a context that is not simply the one of the running call.
#[cold]
#[inline(never)]
unsafe fn enter(ctx: *mut HPyContext, function: u16) -> &'static Frame {
    let state = state::of(ctx);
    if ctx == state.main && ((*state.backend).is_attached)(state.base) != 0 {
        return &state.root;
    }
    report::wrong_context(state, ctx, function)
}
