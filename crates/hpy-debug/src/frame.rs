//! The calls that are running: which context is whose, on which thread.
//!
//! Every call from Python into an extension takes a context that belongs to this call alone until it returns, and
//! puts the context's [`Frame`] on the calling thread's stack. A context may be used while its frame is the top of the
//! calling thread's stack, and only then: not in a later call, not in the call that this one makes, not on
//! another thread, not without the GIL. [`Frame::owner`] says so in one word.

use crate::records::{self, Record, salt};
use crate::shelf::PARALLEL;
use crate::state::{Shared, State, lock};
use crate::thread;
use core::cell::Cell;
use core::ptr;
use core::sync::atomic::{
    AtomicPtr, AtomicUsize, Ordering::Acquire, Ordering::Relaxed, Ordering::Release,
};
use hpy_sys::backend::Entry;
use hpy_sys::ext::{HPyContextExt, HPyShortcuts};
use hpy_sys::{HPy, HPyContext, HPyThreadState};
use std::sync::Mutex;

/// One running call, or the place for one.
pub struct Frame {
    /// The thread that may use the context now; 0: none may.
    pub owner: AtomicUsize,
    /// Where the records are, and what masks a handle to a place there: see [`crate::records::at`].
    pub records: *const u8,
    pub mask: usize,
    /// What the keys of handles of this call are mixed with.
    pub salt: Cell<usize>,
    /// The context below.
    pub base: *mut HPyContext,
    pub shared: *const Shared,
    pub state: *const State,
    /// The number of the call; 0 is no call.
    pub call: Cell<u64>,
    /// The context that the call got.
    pub ctx: Cell<*mut HPyContext>,
    /// What is running; null for the main context and for threads that attached themselves.
    pub entry: Cell<*const Entry>,
    /// The call below it on this thread, of whichever debug context, and who might use its context.
    previous: Cell<*const Frame>,
    previous_owner: Cell<usize>,
    /// Where the thread keeps the top of its stack.
    top: Cell<*const Cell<*const Frame>>,
    pub left_state: Cell<HPyThreadState>,
    /// The builder that the call used last, and that of the context below; 0: none.
    pub builder: Cell<(isize, isize)>,
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
            owner: AtomicUsize::new(0),
            records,
            mask,
            salt: Cell::new(0),
            base: state.base,
            shared,
            state,
            call: Cell::new(0),
            ctx: Cell::new(ptr::null_mut()),
            entry: Cell::new(ptr::null()),
            previous: Cell::new(ptr::null()),
            previous_owner: Cell::new(0),
            top: Cell::new(ptr::null()),
            left_state: Cell::new(HPyThreadState::NULL),
            builder: Cell::new((0, 0)),
            marks: Marks::default(),
        }
    }

    /// Puts the frame of a call on top of the stack. The context of the call below cannot be used meanwhile.
    ///
    /// # Safety
    /// The frame stays where it is until it is popped, by the same thread; nothing else runs in it.
    #[inline(always)]
    pub unsafe fn push(&self, ctx: *mut HPyContext, entry: *const Entry, call: u64) {
        self.ctx.set(ctx);
        self.entry.set(entry);
        self.call.set(call);
        self.salt.set(salt(call));
        self.marks.clear();
        let top = TOP.try_with(ptr::from_ref).unwrap_or(ptr::null());
        let previous = top.as_ref().map_or(ptr::null(), Cell::get);
        self.top.set(top);
        self.previous.set(previous);
        if let Some(previous) = previous.as_ref() {
            self.previous_owner.set(previous.owner.load(Relaxed));
            previous.owner.store(0, Relaxed);
        }
        if let Some(top) = top.as_ref() {
            top.set(self);
        }
        self.owner.store(thread::id(), Relaxed);
    }

    /// Takes the frame off the stack, where it is the top.
    #[inline(always)]
    pub unsafe fn pop(&self) {
        self.owner.store(0, Relaxed);
        if let Some(top) = self.top.get().as_ref() {
            top.set(self.previous.get());
        }
        if let Some(previous) = self.previous.get().as_ref() {
            previous.owner.store(self.previous_owner.get(), Relaxed);
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
        self.owner.store(0, Relaxed);
        while let Some(frame) = above.as_ref() {
            if ptr::eq(frame.previous.get(), self) {
                frame.previous.set(self.previous.get());
                frame.previous_owner.set(self.previous_owner.get());
                return;
            }
            above = frame.previous.get();
        }
    }

    /// Whether the calling thread may use the frame's context now.
    #[inline(always)]
    pub fn is_running(&self) -> bool {
        self.owner.load(Relaxed) == thread::id()
    }

    /// Whether it also has no exception that the extension has seen.
    #[inline(always)]
    pub fn is_clean(&self) -> bool {
        self.is_running() && self.marks.pending.get() == 0
    }

    /// The record that a word names, whatever the word is.
    #[inline(always)]
    pub unsafe fn record(&self, h: HPy) -> &'static Record {
        records::at(self.records, self.mask, h)
    }

    /// Whether the record is that of the open handle `h`, which this call has opened.
    #[inline(always)]
    pub fn owns(&self, record: &Record, h: HPy) -> bool {
        record.is(h, self.salt.get())
    }

    /// Whether the record is that of an open handle `h` which this call may use: one of its own, or a constant.
    #[inline(always)]
    pub fn may_use(&self, record: &Record, h: HPy) -> bool {
        record.is(h, self.salt.get()) || record.is(h, 0)
    }

    /// The call has re-entered Python.
    pub fn back(&self) {
        self.marks.left.set(false);
        self.owner.store(thread::id(), Relaxed);
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
    pub unsafe fn is_within(&self, call: u64) -> bool {
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
    /// Whether a call has it.
    taken: Cell<bool>,
    /// Whether it was made because all of the ring were taken.
    spare: bool,
}

/// Contexts kept for calls: a context comes round again after as many calls as there are.
const RING: usize = 16;

/// The contexts of one state, for calls.
pub struct Contexts {
    ring: [AtomicPtr<Context>; RING],
    next: AtomicUsize,
    /// What was made for more calls inside of each other than the ring has contexts.
    spare: Mutex<Vec<*mut Context>>,
    /// Held where attached threads do not take turns.
    turns: Mutex<()>,
}

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
    make(state, false).cast()
}

unsafe fn make(state: *const State, spare: bool) -> *mut Context {
    let extensions = &raw const crate::ext::EXTENSIONS;
    let private = state.cast_mut().cast();
    let mut base = crate::wrappers::template(c"HPy Debug Mode ABI (hpy-rs)".as_ptr(), private);
    match (*state).main.as_ref() {
        Some(main) => crate::wrappers::copy_constants(main, &mut base),
        None => crate::wrappers::wrap_constants(&*state, &*(*state).base, &mut base),
    }
    // Every call is to be seen.
    let shortcuts = HPyShortcuts::NONE;
    let context = Box::into_raw(Box::new(Context {
        ext: HPyContextExt { base, extensions, shortcuts },
        frame: Frame::new(state),
        taken: Cell::new(false),
        spare,
    }));
    (*context).frame.ctx.set(context.cast());
    context
}

impl Contexts {
    pub fn new() -> Self {
        Contexts {
            ring: [const { AtomicPtr::new(ptr::null_mut()) }; RING],
            next: AtomicUsize::new(0),
            spare: Mutex::default(),
            turns: Mutex::default(),
        }
    }

    /// A context that no call has.
    ///
    /// # Safety
    /// `state` is the live state these are the contexts of; the calling thread is attached.
    #[inline(always)]
    pub unsafe fn take(&self, state: &State) -> &'static Context {
        if !state.slow.has(PARALLEL) {
            let next = self.next.load(Relaxed);
            self.next.store(next.wrapping_add(1), Relaxed);
            if let Some(slot) = self.ring.get(next % RING)
                && let Some(context) = slot.load(Relaxed).as_ref()
                && !context.taken.get()
            {
                context.taken.set(true);
                return context;
            }
        }
        self.take_slowly(state)
    }

    #[cold]
    #[inline(never)]
    unsafe fn take_slowly(&self, state: &State) -> &'static Context {
        let _turn = state.slow.has(PARALLEL).then(|| lock(&self.turns));
        for _ in 0..RING {
            let next = self.next.load(Relaxed);
            self.next.store(next.wrapping_add(1), Relaxed);
            let Some(slot) = self.ring.get(next % RING) else { break };
            if slot.load(Acquire).is_null() {
                slot.store(make(state, false), Release);
            }
            if let Some(context) = slot.load(Acquire).as_ref()
                && !context.taken.replace(true)
            {
                return context;
            }
        }
        let spare = lock(&self.spare).pop();
        let context = &*spare.unwrap_or_else(|| make(state, true));
        context.taken.set(true);
        context
    }

    /// Takes a context back.
    ///
    /// # Safety
    /// It came from `take`, and its call has returned; the calling thread is attached.
    #[inline(always)]
    pub unsafe fn give(&self, state: &State, context: &Context) {
        if context.spare || state.slow.has(PARALLEL) {
            self.give_slowly(state, context);
        } else {
            context.taken.set(false);
        }
    }

    #[cold]
    #[inline(never)]
    unsafe fn give_slowly(&self, state: &State, context: &Context) {
        let _turn = state.slow.has(PARALLEL).then(|| lock(&self.turns));
        context.taken.set(false);
        if context.spare {
            lock(&self.spare).push(ptr::from_ref(context).cast_mut());
        }
    }

    /// Frees all contexts.
    ///
    /// # Safety
    /// Nothing uses them any more.
    pub unsafe fn free(&self) {
        for slot in &self.ring {
            let context = slot.swap(ptr::null_mut(), Acquire);
            if !context.is_null() {
                drop(Box::from_raw(context));
            }
        }
        for context in lock(&self.spare).drain(..) {
            drop(Box::from_raw(context));
        }
    }
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
