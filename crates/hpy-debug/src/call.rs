//! One call of a context function: the checks before it, the wrapping after it.

use crate::frame::{self, Frame};
use crate::records::{Handle, KEPT_REPORTED, Record};
use crate::report::{self, Finding};
use crate::shelf;
use crate::state::{self, Shared, State};
use core::mem::MaybeUninit;
use hpy_sys::abi::{ErrorConvention, MEMBERS, MemberKind};
use hpy_sys::{HPy, HPyContext, api};

/// A context function that is being called.
#[derive(Clone, Copy)]
pub struct Call {
    /// The context below.
    pub base: *mut HPyContext,
    pub frame: &'static Frame,
    /// The function, by its index in the ABI table.
    pub function: u16,
}

impl Call {
    /// Begins a call through `ctx`. Ends the process if the context may not be used here and now.
    #[inline(always)]
    pub unsafe fn begin(ctx: *mut HPyContext, function: u16) -> Call {
        let mut frame = frame::of(ctx);
        if !frame.is_running() {
            frame = enter(ctx, function);
        }
        Call { base: frame.base, frame, function }
    }

    /// The call of a function in a frame that is running.
    #[inline(always)]
    pub fn of(frame: &'static Frame, function: u16) -> Call {
        Call { base: frame.base, frame, function }
    }

    /// The state of the context.
    #[inline(always)]
    pub fn state(&self) -> &'static State {
        // SAFETY: a frame's state is live as long as its contexts are used.
        unsafe { &*self.frame.state }
    }

    #[inline(always)]
    pub fn shared(&self) -> &'static Shared {
        // SAFETY: as in `state`.
        unsafe { &*self.frame.shared }
    }

    /// The same for a function that must not be called while an exception is pending: one that may run
    /// Python code, which would see the exception or lose it.
    #[inline(always)]
    pub unsafe fn begin_clean(ctx: *mut HPyContext, function: u16) -> Call {
        let call = Call::begin(ctx, function);
        if call.frame.marks.pending.get() != 0 {
            call.check_pending();
        }
        call
    }

    #[cold]
    unsafe fn check_pending(&self) {
        if api::HPyErr_Occurred(self.base) == 0 {
            self.frame.marks.pending.set(0);
            return;
        }
        let by = State::function_name(self.frame.marks.pending.get());
        let message = format!(
            "{} called {} while the exception that {by} set is pending: handle it or return first",
            self.frame.name(),
            self.name(),
        );
        report::found(self.shared(), Finding::new("pending-error", message, self.frame.name()));
    }

    /// The handle below an argument that may not be null. `None`: report made, return the error value.
    #[inline(always)]
    pub unsafe fn handle(&self, h: HPy, argument: &'static str) -> Option<HPy> {
        let record = self.frame.record(h);
        if record.is(h, self.frame.call.get()) || record.is(h, 0) {
            return Some(record.inner());
        }
        // By value: what a reference is made of lives in memory.
        let inner = look_closer(self.frame, self.function, h, argument);
        (!inner.is_null()).then_some(inner)
    }

    /// The same for an argument that may be null.
    #[inline(always)]
    pub unsafe fn handle_or_null(&self, h: HPy, argument: &'static str) -> Option<HPy> {
        if h.is_null() { Some(HPy::NULL) } else { self.handle(h, argument) }
    }

    /// Handles may be used in the call that opened them and in those it makes.
    #[cold]
    unsafe fn check_kept(&self, record: &Record, argument: &'static str) {
        let call = record.call();
        if call == 0
            || record.has(KEPT_REPORTED)
            || self.frame.call.get() == 0
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
        let finding =
            Finding::new("kept-handle", message, self.frame.name()).about(self.shared(), record);
        report::found(self.shared(), finding);
    }

    /// The word is not an open handle: find out what it is, tell, and see how to go on.
    #[cold]
    #[inline(never)]
    unsafe fn mistaken(&self, h: HPy, argument: &'static str) -> Option<HPy> {
        let function = self.frame.name();
        let name = self.name();
        if h.is_null() {
            let message = format!("{function}: argument '{argument}' of {name} is HPy_NULL");
            self.bad_argument(Finding::new("null-handle", message, function));
            return None;
        }
        let argument = format!("{function}: argument '{argument}' of {name}");
        match self.shared().records.classify(h) {
            Handle::Open(record) => Some(record.inner()),
            Handle::Closed(record) => {
                let message = format!("{argument} is a closed handle");
                let finding =
                    Finding::new("closed-handle", message, function).about(self.shared(), record);
                report::invalid_handle(self.shared(), finding);
                // A hook let the program go on. On CPython the object may well be alive.
                Some(record.inner())
            }
            Handle::Gone => {
                let message = format!("{argument} is a handle closed long ago");
                let finding = Finding::new("closed-handle", message, function);
                report::invalid_handle(self.shared(), finding);
                self.raise(c"hpy.debug: a handle closed long ago was used");
                None
            }
            Handle::Foreign => {
                let message = format!("{argument} is {:#x}, which is not a handle", h._i);
                report::invalid_handle(
                    self.shared(),
                    Finding::new("not-a-handle", message, function),
                );
                self.raise(c"hpy.debug: a value that is not a handle was used as one");
                None
            }
        }
    }

    /// Reports a bad argument as a SystemError where the function can fail, else ends the process.
    pub unsafe fn bad_argument(&self, finding: Finding) {
        let message = std::ffi::CString::new(finding.message.clone()).unwrap_or_default();
        report::found(self.shared(), finding);
        self.raise(&message);
    }

    /// Sets a SystemError where the function can fail; where it cannot, ends the process.
    unsafe fn raise(&self, message: &core::ffi::CStr) {
        if self.can_fail() {
            api::HPyErr_SetString(self.base, (*self.base).h_SystemError, message.as_ptr());
            self.frame.marks.pending.set(self.function);
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
            self.frame.marks.pending.set(self.function);
            return HPy::NULL;
        }
        match shelf::open_at_once(self.frame, inner, 0) {
            Some((_, h)) => h,
            None => new_handle_slowly(self.frame, self.function, inner),
        }
    }

    /// Remembers that the function has failed with an exception.
    #[inline(always)]
    pub fn failed(&self) {
        self.frame.marks.pending.set(self.function);
    }

    /// Fills in the handles below an array of arguments, none of which may be null. False: report made.
    #[inline(always)]
    pub unsafe fn handles(
        &self,
        inner: &mut Handles,
        array: *const HPy,
        count: usize,
        argument: &'static str,
    ) -> bool {
        let filled = inner.fill(count, |index| self.handle(array.add(index).read(), argument));
        if filled == Filled::NoMemory {
            self.failed();
            api::HPyErr_NoMemory(self.base);
        }
        filled == Filled::All
    }
}

/// The handle below a handle that is not one which this call has opened: a constant, one of a call that this one
/// runs inside of, or a mistake. Null: a report was made.
#[inline(never)]
unsafe fn look_closer(frame: &'static Frame, function: u16, h: HPy, argument: &'static str) -> HPy {
    let call = Call::of(frame, function);
    if let Some(record) = call.shared().records.open(h) {
        call.check_kept(record, argument);
        return record.inner();
    }
    call.mistaken(h, argument).unwrap_or(HPy::NULL)
}

/// A handle for a result where something is in the way of the short way; null with MemoryError without memory.
#[inline(never)]
unsafe fn new_handle_slowly(frame: &'static Frame, function: u16, inner: HPy) -> HPy {
    let h = (*frame.shared).open(inner, 0, frame.call.get());
    if !h.is_null() {
        return h;
    }
    api::HPy_Close(frame.base, inner);
    frame.marks.pending.set(function);
    api::HPyErr_NoMemory(frame.base)
}

/// A few handles without an allocation, many with one.
pub struct Handles {
    few: [MaybeUninit<HPy>; FEW],
    many: Vec<HPy>,
    count: usize,
}

const FEW: usize = 8;

/// How filling [`Handles`] went.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Filled {
    All,
    NoMemory,
    /// One of them was none; what there is to say was said.
    Refused,
}

impl Handles {
    #[inline(always)]
    pub const fn empty() -> Self {
        Handles { few: [const { MaybeUninit::uninit() }; FEW], many: Vec::new(), count: 0 }
    }

    /// Fills in the handles that `make` gives for 0 to `count`.
    #[inline(always)]
    pub fn fill(&mut self, count: usize, make: impl FnMut(usize) -> Option<HPy>) -> Filled {
        if count > FEW { self.fill_many(count, make) } else { self.fill_few(count, make) }
    }

    #[inline(always)]
    fn fill_few(&mut self, count: usize, mut make: impl FnMut(usize) -> Option<HPy>) -> Filled {
        for (index, place) in self.few.iter_mut().enumerate().take(count) {
            let Some(h) = make(index) else { return Filled::Refused };
            place.write(h);
            self.count = index + 1;
        }
        Filled::All
    }

    #[cold]
    fn fill_many(&mut self, count: usize, mut make: impl FnMut(usize) -> Option<HPy>) -> Filled {
        if self.many.try_reserve_exact(count).is_err() {
            return Filled::NoMemory;
        }
        for index in 0..count {
            let Some(h) = make(index) else { return Filled::Refused };
            self.many.push(h);
            self.count = index + 1;
        }
        Filled::All
    }

    #[inline(always)]
    pub fn as_ptr(&self) -> *const HPy {
        if self.many.capacity() > 0 { self.many.as_ptr() } else { self.few.as_ptr().cast() }
    }

    #[inline(always)]
    pub fn as_slice(&self) -> &[HPy] {
        // SAFETY: `count` of them have been written.
        unsafe { core::slice::from_raw_parts(self.as_ptr(), self.count) }
    }
}

/// The frame of a call through a context that is not simply the one of the running call.
#[cold]
#[inline(never)]
unsafe fn enter(ctx: *mut HPyContext, function: u16) -> &'static Frame {
    if let Some(top) = frame::top().as_ref()
        && top.ctx.get() == ctx
        && !top.marks.left.get()
    {
        // The main context of a stacked one, or that of a thread which attached itself.
        return top;
    }
    let state = state::of(ctx);
    if ctx == state.main && ((*state.backend).is_attached)(state.base) != 0 {
        return frame::of(ctx);
    }
    report::wrong_context(state, ctx, function)
}
