//! What one trace context has: its counters, its hooks, its recording.

use crate::backend::Target;
use crate::recording::Recording;
use core::ffi::c_void;
use core::ops::Deref;
use core::ptr;
use core::sync::atomic::{AtomicBool, AtomicU64, Ordering::Relaxed};
use hpy_sys::abi::MEMBERS;
use hpy_sys::backend::{Backend, CallTarget};
use hpy_sys::ext::{HPyContextExt, HPyShortcuts};
use hpy_sys::{HPy, HPyContext};
use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// A context that wraps another, and its backend: what the loader, or the next wrapping context, needs.
#[derive(Clone, Copy)]
pub struct Wrapped {
    pub ctx: *mut HPyContext,
    pub backend: *const Backend,
    state: *const State,
}

impl Wrapped {
    /// # Safety
    /// The result is used as long as the interpreter lives.
    pub unsafe fn state(&self) -> &'static State {
        &*self.state
    }

    /// The target to hand to the context below for extensions that are given this context.
    ///
    /// # Safety
    /// The state has not been freed.
    pub unsafe fn target(&self) -> *const CallTarget {
        &raw const (*self.state).direct.call
    }

    /// The target to hand to the context below for extensions that are given a context over this one,
    /// whose target `upper` is.
    ///
    /// # Safety
    /// As [`Wrapped::target`]; `upper` lives as long.
    pub unsafe fn target_for(&self, upper: *const CallTarget) -> *const CallTarget {
        crate::backend::target_for(&*self.state, upper)
    }

    /// The state as one pointer, for [`clear`] and [`free`].
    pub fn data(&self) -> *mut c_void {
        self.state.cast_mut().cast()
    }

    /// The context whose [`Wrapped::data`] this is.
    ///
    /// # Safety
    /// `data` came from [`Wrapped::data`], and the state has not been freed.
    pub unsafe fn from_data(data: *mut c_void) -> Wrapped {
        let state = data.cast::<State>();
        Wrapped { ctx: (*state).main, backend: &raw const crate::backend::BACKEND, state }
    }
}

/// Calls and time of one context function.
#[derive(Default)]
pub struct Counter {
    pub calls: AtomicU64,
    pub nanoseconds: AtomicU64,
}

/// The state of one trace context.
pub struct State {
    pub base: *mut HPyContext,
    pub backend: *const Backend,
    pub main: *mut HPyContext,
    /// Whether the context below is itself one that wraps: it then keeps the globals.
    pub stacked: bool,
    /// The values of the extensions' globals, owned handles of the context below, by index.
    pub globals: Mutex<HashMap<isize, HPy>>,
    pub direct: Target,
    pub targets: Mutex<Vec<Box<Target>>>,
    shared: Arc<Shared>,
}

/// What the trace contexts of one interpreter have together: there is one over the base context and, where
/// trace is stacked on debug, one over the debug context.
pub struct Shared {
    /// The context whose handles the hooks are.
    pub hook_base: *mut HPyContext,
    pub hook_backend: *const Backend,
    /// One per member of the context, by its index.
    pub counters: Box<[Counter]>,
    pub hooks: Mutex<Hooks>,
    /// Whether there is a hook at all: what a call looks at.
    pub hooked: AtomicBool,
    pub recording: Recording,
    /// When the first of the contexts was made.
    pub started: u64,
    /// Whether attached threads run at the same time.
    parallel: bool,
}

// SAFETY: the pointers are used by threads that are attached to the interpreter they belong to.
unsafe impl Send for Shared {}
// SAFETY: as above; everything else is atomic or behind a lock.
unsafe impl Sync for Shared {}

impl Deref for State {
    type Target = Shared;

    #[inline(always)]
    fn deref(&self) -> &Shared {
        &self.shared
    }
}

/// Callables of the context below; null: none.
pub struct Hooks {
    pub on_enter: HPy,
    pub on_exit: HPy,
}

pub fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Makes a trace context over `base`, which [`free`] ends.
///
/// # Safety
/// `base` is a live [`HPyContextExt`] whose backend is `backend`; the calling thread is attached.
pub unsafe fn wrap(base: *mut HPyContext, backend: *const Backend) -> Wrapped {
    let shared = Shared {
        hook_base: base,
        hook_backend: backend,
        counters: MEMBERS.iter().map(|_| Counter::default()).collect(),
        hooks: Mutex::new(Hooks { on_enter: HPy::NULL, on_exit: HPy::NULL }),
        hooked: AtomicBool::new(false),
        recording: Recording::default(),
        started: crate::clock::now(),
        parallel: ((*backend).parallel)(base) != 0,
    };
    make(base, backend, false, Arc::new(shared))
}

/// Makes a trace context over `base`, a context that wraps the one that `with` wraps, and counts together
/// with `with`.
///
/// # Safety
/// As [`wrap`].
pub unsafe fn wrap_with(base: *mut HPyContext, backend: *const Backend, with: &Wrapped) -> Wrapped {
    make(base, backend, true, Arc::clone(&(*with.state).shared))
}

unsafe fn make(
    base: *mut HPyContext,
    backend: *const Backend,
    stacked: bool,
    shared: Arc<Shared>,
) -> Wrapped {
    let state = Box::into_raw(Box::new(State {
        base,
        backend,
        main: ptr::null_mut(),
        stacked,
        globals: Mutex::default(),
        direct: Target::direct(),
        targets: Mutex::default(),
        shared,
    }));
    let mut ctx = crate::wrappers::template(c"HPy Trace Mode ABI (hpy-rs)".as_ptr(), state.cast());
    crate::wrappers::copy_constants(&*base, &mut ctx);
    let ctx = HPyContextExt {
        base: ctx,
        extensions: &raw const crate::ext::EXTENSIONS,
        // Every call is to be seen.
        shortcuts: HPyShortcuts::NONE,
    };
    (*state).main = Box::into_raw(Box::new(ctx)).cast();
    (*state).direct.attach(state);
    Wrapped { ctx: (*state).main, backend: &raw const crate::backend::BACKEND, state }
}

/// Gives up what the state holds of Python: hooks and globals.
///
/// # Safety
/// `data` is that of a [`Wrapped`]; the calling thread is attached.
pub unsafe extern "C" fn clear(data: *mut c_void) {
    let state = &*data.cast::<State>();
    state.set_hook(|hooks| &mut hooks.on_enter, HPy::NULL);
    state.set_hook(|hooks| &mut hooks.on_exit, HPy::NULL);
    let values = core::mem::take(&mut *lock(&state.globals));
    for value in values.into_values() {
        hpy_sys::api::HPy_Close(state.base, value);
    }
}

/// Frees the state.
///
/// # Safety
/// `data` is that of a [`Wrapped`]; nothing of its context is used any more.
pub unsafe extern "C" fn free(data: *mut c_void) {
    let state = Box::from_raw(data.cast::<State>());
    drop(Box::from_raw(state.main.cast::<HPyContextExt>()));
    drop(state);
}

/// The state a trace context belongs to.
#[inline(always)]
pub unsafe fn of(ctx: *mut HPyContext) -> &'static State {
    &*(*ctx)._private.cast::<State>()
}

impl State {
    /// Adds to a number that attached threads alone add to.
    #[inline(always)]
    pub fn add(&self, number: &AtomicU64, more: u64) {
        if self.parallel {
            number.fetch_add(more, Relaxed);
        } else {
            // They take turns: nobody adds in between.
            number.store(number.load(Relaxed).wrapping_add(more), Relaxed);
        }
    }

    /// Replaces a hook; the old one is closed after the lock.
    ///
    /// # Safety
    /// The calling thread is attached; `new` is null or a handle that this takes over.
    pub unsafe fn set_hook(&self, which: fn(&mut Hooks) -> &mut HPy, new: HPy) {
        let old = {
            let mut hooks = lock(&self.hooks);
            let old = core::mem::replace(which(&mut hooks), new);
            let any = !hooks.on_enter.is_null() || !hooks.on_exit.is_null();
            self.hooked.store(any, Relaxed);
            old
        };
        hpy_sys::api::HPy_Close(self.hook_base, old);
    }
}
