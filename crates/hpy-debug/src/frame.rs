//! The calls that are running: which context is whose, on which thread.
//!
//! Every call from Python into an extension takes a context that belongs to this call alone until it returns, and
//! puts the context's [`Frame`] on the calling thread's stack. A context may be used while its frame is the top of the
//! calling thread's stack, and only then: not in a later call, not in the call that this one makes, not on
//! another thread, not without the GIL. [`Frame::gate`] says so in one word.

use crate::queue::AtOnce;
use crate::records::{self, NEXT_CALL, Record};
use crate::shelf::PARALLEL;
use crate::state::{Shared, State, lock};
use crate::thread;
use core::cell::{Cell, UnsafeCell};
use core::ptr;
use core::sync::atomic::{AtomicUsize, Ordering::Relaxed};
use hpy_sys::backend::Entry;
use hpy_sys::ext::{HPyContextExt, HPyShortcuts};
use hpy_sys::{HPy, HPyContext, HPyThreadState};
use std::sync::Mutex;

/// One running call, or the place for one.
pub struct Frame {
    /// The number of the thread that may use the context now, xor that of the call; [`NOBODY`]: none may. A thread that takes
    /// its own number off gets that of the call, and from what is another's something that no key of a handle is
    /// mixed with: so the check of a handle is one of the context too.
    pub gate: AtomicUsize,
    /// Where the records are, and what masks a handle to a place there: see [`crate::records::at`].
    pub records: *const u8,
    pub mask: usize,
    /// The number of the call, which the keys of its handles are mixed with; 0 is no call.
    pub call: Cell<usize>,
    /// The context below.
    pub base: *mut HPyContext,
    pub shared: *const Shared,
    pub state: *const State,
    /// Where handles are opened and closed at once.
    pub shelf: *mut AtOnce,
    /// The context that the call got.
    pub ctx: Cell<*mut HPyContext>,
    /// What is running; null for the main context and for threads that attached themselves.
    pub entry: Cell<*const Entry>,
    /// The call below it on this thread, of whichever debug context, and who might use its context.
    previous: Cell<*const Frame>,
    previous_gate: Cell<usize>,
    /// Where the thread keeps the top of its stack.
    top: Cell<*const Cell<*const Frame>>,
    pub left_state: Cell<HPyThreadState>,
    /// The builder that the call used last; 0: none.
    pub builder: Cell<isize>,
    /// That of the context below.
    pub builder_below: Cell<isize>,
    pub marks: Marks,
}

/// What happened in a call, all zero at its start.
#[derive(Default)]
#[repr(C, align(8))]
pub struct Marks {
    /// The context function that last set an exception, by its index; 0: none has (0 is a constant).
    pub pending: Cell<u16>,
    /// Whether the extension is between HPy_LeavePythonExecution and HPy_ReenterPythonExecution.
    pub left: Cell<bool>,
    /// Whether the call stored to fields that have to be looked at.
    pub stores: Cell<bool>,
    /// Whether there was no memory for an argument's handle.
    pub starved: Cell<bool>,
    _unused: Cell<u8>,
    /// Builders and trackers that the call made and has not finished.
    pub tools: Cell<u16>,
}

const _: () = assert!(size_of::<Marks>() == size_of::<u64>());

impl Marks {
    #[inline(always)]
    fn clear(&self) {
        // SAFETY: they are one word, and all zero is what each is at first.
        unsafe { (*ptr::from_ref(self).cast::<Cell<u64>>()).set(0) }
    }

    /// Whether there is something to be looked at when the call ends.
    #[inline(always)]
    pub fn any(&self) -> bool {
        // SAFETY: they are one word without padding.
        unsafe { (*ptr::from_ref(self).cast::<Cell<u64>>()).get() != 0 }
    }
}

/// What is in the gate of a frame that nobody may use: the lowest bits of threads' numbers and of calls' are 0.
pub const NOBODY: usize = 3;

// SAFETY: a frame is one thread's while it runs; the main context's holds nothing but hints for messages.
unsafe impl Sync for Frame {}
// SAFETY: as above.
unsafe impl Send for Frame {}

thread_local! {
    static TOP: Cell<*const Frame> = const { Cell::new(ptr::null()) };
}

/// The frame on top of this thread's stack; null if no call is running.
pub fn top() -> *const Frame {
    // A thread that is being torn down has no frames any more.
    TOP.try_with(Cell::get).unwrap_or(ptr::null())
}

impl Frame {
    /// A frame that nobody runs, of calls through `state`.
    ///
    /// # Safety
    /// `state` is live.
    pub unsafe fn new(state: *const State) -> Self {
        let state = &*state;
        let shared: &Shared = &state.shared;
        let (records, mask) = shared.records.place();
        Frame {
            gate: AtomicUsize::new(NOBODY),
            records,
            mask,
            call: Cell::new(0),
            base: state.base,
            shared,
            state,
            shelf: shared.at_once(),
            ctx: Cell::new(ptr::null_mut()),
            entry: Cell::new(ptr::null()),
            previous: Cell::new(ptr::null()),
            previous_gate: Cell::new(NOBODY),
            top: Cell::new(ptr::null()),
            left_state: Cell::new(HPyThreadState::NULL),
            builder: Cell::new(0),
            builder_below: Cell::new(0),
            marks: Marks::default(),
        }
    }

    /// Puts the frame of a call through `self.ctx` on top of the stack. The context of the call below cannot be used
    /// meanwhile.
    ///
    /// # Safety
    /// The frame stays where it is until it is popped, by the same thread; nothing else runs in it.
    #[inline(always)]
    pub unsafe fn push(&self, entry: *const Entry, call: usize) {
        self.entry.set(entry);
        self.call.set(call);
        self.marks.clear();
        let top = TOP.try_with(ptr::from_ref).unwrap_or(ptr::null());
        let previous = top.as_ref().map_or(ptr::null(), Cell::get);
        self.top.set(top);
        self.previous.set(previous);
        if let Some(previous) = previous.as_ref() {
            self.previous_gate.set(previous.gate.load(Relaxed));
            previous.gate.store(NOBODY, Relaxed);
        }
        if let Some(top) = top.as_ref() {
            top.set(self);
        }
        self.gate.store(thread::id() ^ call, Relaxed);
    }

    /// Takes the frame off the stack, where it is the top.
    #[inline(always)]
    pub unsafe fn pop(&self) {
        self.gate.store(NOBODY, Relaxed);
        if let Some(top) = self.top.get().as_ref() {
            top.set(self.previous.get());
        }
        if let Some(previous) = self.previous.get().as_ref() {
            previous.gate.store(self.previous_gate.get(), Relaxed);
        }
    }

    /// Takes the frame out of the stack, wherever in it it is.
    ///
    /// # Safety
    /// The frame is in the calling thread's stack.
    pub unsafe fn remove(&self) {
        let mut above = top();
        if ptr::eq(above, self) {
            self.pop();
            return;
        }
        self.gate.store(NOBODY, Relaxed);
        while let Some(frame) = above.as_ref() {
            if ptr::eq(frame.previous.get(), self) {
                frame.previous.set(self.previous.get());
                frame.previous_gate.set(self.previous_gate.get());
                return;
            }
            above = frame.previous.get();
        }
    }

    /// Remembers a builder and that of the context below; 0: none.
    pub fn set_builder(&self, builder: isize, below: isize) {
        self.builder.set(builder);
        self.builder_below.set(below);
    }

    /// What is behind the gate: the number of the call if the calling thread may use the frame's context now.
    #[inline(always)]
    pub fn pass(&self) -> usize {
        const BEFORE: usize = core::mem::offset_of!(Context, frame);
        const GATE: usize = BEFORE + core::mem::offset_of!(Frame, gate);
        // SAFETY: the offset is counted from the frame again.
        unsafe {
            let context = ptr::from_ref(self).wrapping_byte_sub(BEFORE);
            thread::through::<GATE>(context.cast())
        }
    }

    /// Whether the calling thread may use the frame's context now.
    #[inline(always)]
    pub fn is_running(&self) -> bool {
        self.pass() == self.call.get()
    }

    /// Whether the extension has seen no exception.
    #[inline(always)]
    pub fn is_clean(&self) -> bool {
        self.marks.pending.get() == 0
    }

    /// The record that a word names, whatever the word is.
    #[inline(always)]
    pub unsafe fn record(&self, h: HPy) -> &'static Record {
        records::at(self.records, self.mask, h)
    }

    /// Whether the calling thread, which has this [`Frame::pass`], may use the context now, and the record is that of
    /// an open handle `h` which the call may use: one of its own, or a constant.
    #[inline(always)]
    pub fn may_use(&self, record: &Record, h: HPy, pass: usize) -> bool {
        record.is(h, pass) || record.is(h, 0) && pass == self.call.get()
    }

    /// The call has re-entered Python.
    pub fn back(&self) {
        self.marks.left.set(false);
        self.gate.store(thread::id() ^ self.call.get(), Relaxed);
    }

    /// The name of what is running, for messages.
    pub fn name(&self) -> String {
        // SAFETY: an entry lives as long as the function or type whose call this is.
        unsafe {
            match self.entry.get().as_ref() {
                Some(entry) => entry.name.shown().to_string(),
                None => String::from("the extension"),
            }
        }
    }

    /// Whether `call` is this call or one that it runs inside of.
    ///
    /// # Safety
    /// The frame is in the calling thread's stack.
    pub unsafe fn is_within(&self, call: usize) -> bool {
        let mut frame: *const Frame = self;
        while let Some(each) = frame.as_ref() {
            if each.call.get() == call {
                return true;
            }
            frame = each.previous.get();
        }
        false
    }
}

/// A context to hand out, with the frame of the call that has it.
#[repr(C)]
pub struct Context {
    ext: HPyContextExt,
    pub frame: Frame,
    link: Link,
}

/// What contexts that no call has are lined up by; null: the last.
struct Link(Cell<*const Link>);

/// Contexts kept for calls, at least: a context comes round again after as many calls as there are.
const LEAST: usize = 16;

/// The contexts of one state, for calls.
pub struct Contexts {
    line: UnsafeCell<Line>,
    /// Held where attached threads do not take turns.
    turns: Mutex<()>,
}

/// The contexts that no call has, in the order in which their calls have returned.
pub struct Line {
    head: *const Link,
    tail: *const Link,
}

/// A line that ends at once, and is never changed.
struct NoLine {
    end: Link,
    line: UnsafeCell<Line>,
}

static NO_LINE: NoLine = NoLine {
    end: Link(Cell::new(ptr::null())),
    line: UnsafeCell::new(Line { head: &raw const NO_LINE.end, tail: &raw const NO_LINE.end }),
};

// SAFETY: it is never changed.
unsafe impl Sync for NoLine {}

// SAFETY: a context is used by the one call that has taken it.
unsafe impl Send for Contexts {}
// SAFETY: as above; taking and giving is done by attached threads, which take turns or lock `turns`.
unsafe impl Sync for Contexts {}

/// The frame in a context.
///
/// # Safety
/// `ctx` came from [`make_context`].
#[inline(always)]
pub unsafe fn of<'a>(ctx: *mut HPyContext) -> &'a Frame {
    &(*ctx.cast::<Context>()).frame
}

/// The context that a frame is in.
///
/// # Safety
/// The frame is that of a call from Python, which are all in contexts.
#[inline(always)]
pub unsafe fn context_of(frame: &'static Frame) -> &'static Context {
    &*ptr::from_ref(frame).byte_sub(core::mem::offset_of!(Context, frame)).cast::<Context>()
}

/// A new context of `state`; the first is the main one, the others are copies of it.
///
/// # Safety
/// `state` is live, with its base and, but for the first, its main context.
pub unsafe fn make_context(state: *const State) -> *mut HPyContext {
    make(state).cast()
}

unsafe fn make(state: *const State) -> *mut Context {
    let extensions = &raw const crate::ext::EXTENSIONS;
    let private = state.cast_mut().cast();
    let mut base = crate::wrappers::template(c"HPy Debug Mode ABI (hpy-rs)".as_ptr(), private);
    match (*state).main.as_ref() {
        Some(main) => crate::wrappers::copy_constants(main, &mut base),
        None => crate::wrappers::wrap_constants(&*state, &*(*state).base, &mut base),
    }
    let shared: &Shared = &*state;
    if shared.slow.has(PARALLEL) {
        base.ctx_Close = crate::special::handles::slow_close;
    }
    if !ptr::eq((*state).base, shared.base) {
        base.ctx_Is = crate::special::handles::HPy_Is_below;
    }
    // Every call is to be seen.
    let shortcuts = HPyShortcuts::NONE;
    let context = Box::into_raw(Box::new(Context {
        ext: HPyContextExt { base, extensions, shortcuts },
        frame: Frame::new(state),
        link: Link(Cell::new(ptr::null())),
    }));
    (*context).frame.ctx.set(context.cast());
    context
}

/// The context that a link is in.
#[inline(always)]
unsafe fn context_at(link: *const Link) -> *const Context {
    link.byte_sub(core::mem::offset_of!(Context, link)).cast()
}

impl Contexts {
    pub fn new() -> Self {
        let line = Line { head: &raw const NO_LINE.end, tail: ptr::null() };
        Contexts { line: UnsafeCell::new(line), turns: Mutex::default() }
    }

    /// Where calls take their contexts from at once.
    pub fn at_once(&self, shared: &Shared) -> *mut Line {
        if shared.slow.has(PARALLEL) { NO_LINE.line.get() } else { self.line.get() }
    }

    #[cold]
    #[inline(never)]
    unsafe fn take_slowly(&self, state: &State) -> (&'static Context, usize) {
        let parallel = state.slow.has(PARALLEL);
        let _turn = parallel.then(|| lock(&self.turns));
        let line = &mut *self.line.get();
        if line.tail.is_null() {
            for _ in 0..=LEAST {
                self.give_now(&*make(state));
            }
        }
        let next = (*line.head).0.get();
        let context = if next.is_null() {
            // The last stays: more calls run inside of each other than there are contexts.
            make(state).cast_const()
        } else {
            context_at(core::mem::replace(&mut line.head, next))
        };
        let call = state.calls.fetch_add(NEXT_CALL, Relaxed).wrapping_add(NEXT_CALL);
        (&*context, call)
    }

    unsafe fn give_now(&self, context: &Context) {
        let line = &mut *self.line.get();
        let link = &raw const context.link;
        context.link.0.set(ptr::null());
        match line.tail.as_ref() {
            Some(tail) => tail.0.set(link),
            None => line.head = link,
        }
        line.tail = link;
    }

    #[cold]
    #[inline(never)]
    unsafe fn give_slowly(&self, context: &Context) {
        let _turn = lock(&self.turns);
        self.give_now(context);
    }

    /// Frees all contexts.
    ///
    /// # Safety
    /// Nothing uses them any more.
    pub unsafe fn free(&self) {
        let line = &mut *self.line.get();
        let mut link = if line.tail.is_null() { ptr::null() } else { line.head };
        while let Some(each) = link.as_ref() {
            let context = context_at(link).cast_mut();
            link = each.0.get();
            drop(Box::from_raw(context));
        }
    }
}

/// A context that no call has, and the number of the call that gets it.
///
/// # Safety
/// `state` is live; the calling thread is attached.
#[inline(always)]
pub unsafe fn take(state: &State) -> (&'static Context, usize) {
    let line = state.line;
    let head = (*line).head;
    let next = (*head).0.get();
    if next.is_null() {
        return state.contexts.take_slowly(state);
    }
    (*line).head = next;
    let call = state.calls.load(Relaxed).wrapping_add(NEXT_CALL);
    state.calls.store(call, Relaxed);
    (&*context_at(head), call)
}

/// Takes a context back.
///
/// # Safety
/// It came from [`take`], and its call has returned; the calling thread is attached.
#[inline(always)]
pub unsafe fn give(state: &State, context: &Context) {
    let line = state.line;
    if ptr::eq(line, NO_LINE.line.get()) {
        return state.contexts.give_slowly(context);
    }
    // Something was taken: there is a tail.
    context.link.0.set(ptr::null());
    (*(*line).tail).0.set(&raw const context.link);
    (*line).tail = &raw const context.link;
}

/// Frees a context of [`make_context`].
///
/// # Safety
/// Nothing uses it any more.
pub unsafe fn free_context(ctx: *mut HPyContext) {
    drop(Box::from_raw(ctx.cast::<Context>()));
}

impl Default for Contexts {
    fn default() -> Self {
        Self::new()
    }
}
