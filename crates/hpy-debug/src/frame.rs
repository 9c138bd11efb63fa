//! The calls that are running: which context is whose, on which thread.
//!
//! Every call from Python into an extension pushes a frame on the calling thread's stack and hands out a
//! context that belongs to this call alone until it returns. A context may be used while its frame is the
//! top of the calling thread's stack, and only then: not in a later call, not in the call that this one
//! makes, not on another thread, not without the GIL.

use crate::state::{State, lock};
use core::cell::Cell;
use core::ptr;
use core::sync::atomic::{
    AtomicBool, AtomicUsize, Ordering::Acquire, Ordering::Relaxed, Ordering::Release,
};
use hpy_sys::backend::Entry;
use hpy_sys::ext::{HPyContextExt, HPyShortcuts};
use hpy_sys::{HPyContext, HPyThreadState};
use std::sync::Mutex;

/// One running call.
pub struct Frame {
    /// The context that the call got.
    pub ctx: *mut HPyContext,
    pub state: *const State,
    /// The call below it on this thread, of whichever debug context.
    pub previous: *mut Frame,
    /// What is running; null for the root frame and for threads that attached themselves.
    pub entry: *const Entry,
    /// The number of the call; 0 is no call.
    pub call: u64,
    /// Whether the extension is between HPy_LeavePythonExecution and HPy_ReenterPythonExecution.
    pub left: Cell<bool>,
    pub left_state: Cell<HPyThreadState>,
    /// The context function that last set an exception, by its index; 0: none has (0 is a constant).
    pub pending: Cell<u16>,
    /// Builders and trackers that the call made and has not finished.
    pub tools: Cell<u32>,
    /// Whether the call stored to fields.
    pub stores: Cell<bool>,
}

// SAFETY: frames live on one thread's stack; the root frame is shared by the threads of an interpreter and
// holds nothing but hints for messages there.
unsafe impl Sync for Frame {}
// SAFETY: as above.
unsafe impl Send for Frame {}

thread_local! {
    static TOP: Cell<*mut Frame> = const { Cell::new(ptr::null_mut()) };
}

/// The frame on top of this thread's stack; null if no call is running.
#[inline(always)]
pub fn top() -> *mut Frame {
    // A thread that is being torn down has no frames any more.
    TOP.try_with(Cell::get).unwrap_or(ptr::null_mut())
}

fn set_top(frame: *mut Frame) {
    let _ = TOP.try_with(|top| top.set(frame));
}

impl Frame {
    pub const fn new(
        ctx: *mut HPyContext,
        state: *const State,
        entry: *const Entry,
        call: u64,
    ) -> Self {
        Frame {
            ctx,
            state,
            previous: ptr::null_mut(),
            entry,
            call,
            left: Cell::new(false),
            left_state: Cell::new(HPyThreadState::NULL),
            pending: Cell::new(0),
            tools: Cell::new(0),
            stores: Cell::new(false),
        }
    }

    /// A frame outside of any call; `attach` tells it its state.
    pub const fn root() -> Self {
        Frame::new(ptr::null_mut(), ptr::null(), ptr::null(), 0)
    }

    /// Makes a root frame the one of `state`.
    ///
    /// # Safety
    /// `state` is live and has its main context.
    pub unsafe fn attach(&mut self, state: *const State) {
        self.state = state;
        self.ctx = (*state).main;
    }

    /// Puts the frame on top of the stack.
    ///
    /// # Safety
    /// The frame stays where it is until it is popped, by the same thread.
    #[inline(always)]
    pub unsafe fn push(&mut self) {
        self.previous = top();
        set_top(self);
    }

    /// Takes the frame off the stack, where it is the top.
    #[inline(always)]
    pub fn pop(&self) {
        set_top(self.previous);
    }

    /// Takes the frame out of the stack, wherever in it it is.
    ///
    /// # Safety
    /// The frame is in the calling thread's stack.
    pub unsafe fn remove(&self) {
        let this = ptr::from_ref(self).cast_mut();
        if top() == this {
            self.pop();
            return;
        }
        let mut above = top();
        while let Some(frame) = above.as_mut() {
            if frame.previous == this {
                frame.previous = self.previous;
                return;
            }
            above = frame.previous;
        }
    }

    /// The name of what is running, for messages.
    pub fn name(&self) -> String {
        // SAFETY: an entry lives as long as the function or type whose call this is.
        unsafe {
            match self.entry.as_ref() {
                Some(entry) if !entry.name.is_null() => {
                    core::ffi::CStr::from_ptr(entry.name).to_string_lossy().into_owned()
                }
                _ => String::from("the extension"),
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
            if each.call == call {
                return true;
            }
            frame = each.previous;
        }
        false
    }
}

/// A context to hand out, and whether a call has it.
#[repr(C)]
struct Context {
    ext: HPyContextExt,
    taken: AtomicBool,
}

/// Contexts kept for calls: a context comes round again after as many calls as there are.
const RING: usize = 16;

/// The contexts of one state, for calls.
pub struct Contexts {
    ring: Mutex<Vec<*mut Context>>,
    fixed: [core::sync::atomic::AtomicPtr<Context>; RING],
    next: AtomicUsize,
}

// SAFETY: a context is used by the one call that has taken it.
unsafe impl Send for Contexts {}
// SAFETY: as above.
unsafe impl Sync for Contexts {}

/// A new context of `state`; the first is the main one, the others are copies of it.
///
/// # Safety
/// `state` is live, with its base and, but for the first, its main context.
pub unsafe fn make_context(state: *mut State) -> *mut HPyContext {
    let extensions = &raw const crate::ext::EXTENSIONS;
    let mut base = crate::wrappers::template(c"HPy Debug Mode ABI (hpy-rs)".as_ptr(), state.cast());
    match (*state).main.as_ref() {
        Some(main) => crate::wrappers::copy_constants(main, &mut base),
        None => crate::wrappers::wrap_constants(&*state, &*(*state).base, &mut base),
    }
    // Every call is to be seen.
    let shortcuts = HPyShortcuts::NONE;
    let ext = HPyContextExt { base, extensions, shortcuts };
    let context = Context { ext, taken: AtomicBool::new(false) };
    Box::into_raw(Box::new(context)).cast()
}

impl Contexts {
    pub fn new() -> Self {
        Contexts {
            ring: Mutex::default(),
            fixed: [const { core::sync::atomic::AtomicPtr::new(ptr::null_mut()) }; RING],
            next: AtomicUsize::new(0),
        }
    }

    /// A context that no call has.
    ///
    /// # Safety
    /// `state` is the live state these are the contexts of.
    #[inline]
    pub unsafe fn take(&self, state: *const State) -> *mut HPyContext {
        for _ in 0..RING {
            let next = self.next.fetch_add(1, Relaxed) % RING;
            let Some(slot) = self.fixed.get(next) else { break };
            let mut context = slot.load(Acquire);
            if context.is_null() {
                let made = make_context(state.cast_mut()).cast::<Context>();
                match slot.compare_exchange(ptr::null_mut(), made, Release, Acquire) {
                    Ok(_) => context = made,
                    Err(theirs) => {
                        drop(Box::from_raw(made));
                        context = theirs;
                    }
                }
            }
            if !(*context).taken.swap(true, Acquire) {
                return context.cast();
            }
        }
        // More calls inside of each other than the ring has contexts.
        let spare = lock(&self.ring).pop();
        let context = spare.unwrap_or_else(|| make_context(state.cast_mut()).cast());
        (*context).taken.store(true, Relaxed);
        context.cast()
    }

    /// Takes a context back.
    ///
    /// # Safety
    /// `ctx` came from `take`, and its call has returned.
    #[inline]
    pub unsafe fn give(&self, ctx: *mut HPyContext) {
        let context = ctx.cast::<Context>();
        (*context).taken.store(false, Release);
        if !self.fixed.iter().any(|slot| slot.load(Relaxed) == context) {
            lock(&self.ring).push(context);
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

impl Contexts {
    /// Frees all contexts.
    ///
    /// # Safety
    /// Nothing uses them any more.
    pub unsafe fn free(&self) {
        for slot in &self.fixed {
            let context = slot.swap(ptr::null_mut(), Acquire);
            if !context.is_null() {
                drop(Box::from_raw(context));
            }
        }
        for context in lock(&self.ring).drain(..) {
            drop(Box::from_raw(context));
        }
    }
}

impl Default for Contexts {
    fn default() -> Self {
        Self::new()
    }
}
