//! What one debug context has: its records, its settings, its contexts for calls, what it found.

use crate::assigned::Note;
use crate::backend::Target;
use crate::frame::{Contexts, Line};
use crate::globals::Globals;
use crate::memory::Budget;
use crate::raw::{Pages, Raw};
use crate::records::{Record, Records};
use crate::report::Findings;
use crate::shelf::{PARALLEL, Shelf, Slow};
use crate::stack::Trace;
use crate::types::{Known, Types};
use crate::workshop::Tools;
use core::ffi::c_void;
use core::ops::Deref;
use core::ptr;
use core::sync::atomic::{AtomicBool, AtomicUsize, Ordering::Relaxed};
use hpy_sys::backend::{Backend, CallTarget};
use hpy_sys::{HPy, HPyContext, HPyModuleDef, abi};
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

    /// Is told of capsule destructors that leave an exception set from here on.
    ///
    /// # Safety
    /// The state lives as long as the context below; the calling thread is attached.
    pub unsafe fn watch_destructors(&self) {
        let state = &*self.state;
        let data = Arc::as_ptr(&state.shared).cast_mut().cast();
        let watcher = Some(crate::report::destructor_raised as _);
        ((*state.backend).watch_destructors)(state.base, watcher, data);
    }

    /// Tells of a module that an extension declares: its globals are known from here on.
    ///
    /// # Safety
    /// `def` is null or a live definition.
    pub unsafe fn announce(&self, def: *const HPyModuleDef) {
        crate::globals::announce(&*self.state, def);
    }

    /// Tells of the module that was made from `def`.
    ///
    /// # Safety
    /// As [`Wrapped::announce`]; `module` is a handle of the context below or null; the calling thread is attached.
    pub unsafe fn made(&self, def: *const HPyModuleDef, module: HPy) {
        crate::globals::made(&*self.state, def, module);
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

/// The state of one debug context.
pub struct State {
    /// The context below, and what it offers.
    pub base: *mut HPyContext,
    pub backend: *const Backend,
    /// The context that stands for this debug mode outside of calls.
    pub main: *mut HPyContext,
    pub contexts: Contexts,
    /// Where calls take them from at once.
    pub line: *mut Line,
    /// The target of calls that go through this context and no further.
    pub direct: Target,
    pub targets: Mutex<Vec<Box<Target>>>,
    pub shared: Arc<Shared>,
}

/// What the debug contexts of one interpreter have together: there is one over the base context and, where
/// debug is stacked on trace, one over the trace context. Handles below are the same for both.
pub struct Shared {
    pub records: Records,
    pub pages: Pages,
    pub shelf: Shelf,
    /// Whether handles are opened and closed with more than the least.
    pub slow: Slow,
    /// The context of some of them: for traces.
    pub base: *mut HPyContext,
    pub backend: *const Backend,
    pub settings: Settings,
    /// Builders and trackers.
    pub tools: Mutex<Tools>,
    pub types: Mutex<Types>,
    pub known_places: Known,
    pub globals: Mutex<Globals>,
    pub findings: Mutex<Findings>,
    /// Fields that were found to hold handles, and not yet told of.
    pub assigned: Mutex<Vec<Note>>,
    pub hooks: Mutex<Hooks>,
    pub budget: Budget,
    /// The number of the call that began last.
    pub calls: AtomicUsize,
}

impl Deref for State {
    type Target = Shared;

    #[inline(always)]
    fn deref(&self) -> &Shared {
        &self.shared
    }
}

// SAFETY: the pointers are used by attached threads; everything else is atomic, locked, or as [`Shelf`] says.
unsafe impl Send for Shared {}
// SAFETY: as above.
unsafe impl Sync for Shared {}

impl Drop for Shared {
    fn drop(&mut self) {
        for (_, record) in self.records.iter() {
            // SAFETY: the memory belongs to the record, and nothing uses it any more.
            unsafe { Raw::free(record.forget(), &self.pages) };
        }
    }
}

/// What a user can set.
pub struct Settings {
    /// How many handles had been opened when each generation but the first began.
    pub generations: Mutex<Vec<u64>>,
    pub raw_max: AtomicUsize,
    /// Native frames per trace; 0: no traces.
    pub trace_limit: AtomicUsize,
    /// Whether what is found is printed to stderr where no hook takes it.
    pub print: AtomicBool,
}

/// Callables of the context below; null: none.
#[derive(Default)]
pub struct Hooks {
    pub invalid_handle: Hook,
    pub invalid_builder: Hook,
    pub finding: Hook,
}

/// One of them.
#[derive(Clone, Copy)]
pub struct Hook(pub HPy);

impl Default for Hook {
    fn default() -> Self {
        Hook(HPy::NULL)
    }
}

/// As in HPy 0.9.0.
const CLOSED_MAX: usize = 1024;
const RAW_MAX: usize = 10 * 1024 * 1024;

pub fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Makes a debug context over `base`, which [`free`] ends.
///
/// # Safety
/// `base` is a live [`hpy_sys::ext::HPyContextExt`] whose backend is `backend`; the calling thread is attached.
pub unsafe fn wrap(base: *mut HPyContext, backend: *const Backend) -> Wrapped {
    let shared = Shared {
        records: Records::new(),
        pages: Pages::default(),
        shelf: Shelf::new(CLOSED_MAX),
        slow: Slow::default(),
        base,
        backend,
        settings: Settings {
            generations: Mutex::default(),
            raw_max: AtomicUsize::new(RAW_MAX),
            trace_limit: AtomicUsize::new(0),
            print: AtomicBool::new(true),
        },
        tools: Mutex::default(),
        types: Mutex::default(),
        known_places: Known::default(),
        globals: Mutex::default(),
        findings: Mutex::default(),
        assigned: Mutex::default(),
        hooks: Mutex::default(),
        budget: Budget::default(),
        calls: AtomicUsize::new(0),
    };
    shared.set_slow(PARALLEL, ((*backend).parallel)(base) != 0);
    make(base, backend, Arc::new(shared))
}

/// Makes a debug context over `base` that keeps its handles and findings together with `with`.
///
/// # Safety
/// As [`wrap`]; handles of `base` are those of the context that `with` wraps.
pub unsafe fn wrap_with(base: *mut HPyContext, backend: *const Backend, with: &Wrapped) -> Wrapped {
    make(base, backend, Arc::clone(&(*with.state).shared))
}

unsafe fn make(base: *mut HPyContext, backend: *const Backend, shared: Arc<Shared>) -> Wrapped {
    let state = Box::into_raw(Box::new(State {
        base,
        backend,
        main: ptr::null_mut(),
        contexts: Contexts::new(),
        line: ptr::null_mut(),
        direct: Target::direct(),
        targets: Mutex::default(),
        shared,
    }));
    (*state).line = (*state).contexts.at_once(&(*state).shared);
    (*state).main = crate::frame::make_context(state);
    (*state).direct.attach(state);
    Wrapped { ctx: (*state).main, backend: &raw const crate::backend::BACKEND, state }
}

/// Gives up what the state holds of Python: hooks and globals.
///
/// # Safety
/// `data` is that of a [`Wrapped`]; the calling thread is attached.
pub unsafe extern "C" fn clear(data: *mut c_void) {
    let state = &*data.cast::<State>();
    crate::assigned::tell(state);
    let hooks = core::mem::take(&mut *lock(&state.hooks));
    for hook in [hooks.invalid_handle, hooks.invalid_builder, hooks.finding] {
        hpy_sys::api::HPy_Close(state.base, hook.0);
    }
    let values = lock(&state.globals).take();
    for value in values {
        hpy_sys::api::HPy_Close(state.base, value);
    }
}

/// Frees the state.
///
/// # Safety
/// `data` is that of a [`Wrapped`]; nothing of its context is used any more.
pub unsafe extern "C" fn free(data: *mut c_void) {
    let state = Box::from_raw(data.cast::<State>());
    crate::frame::free_context(state.main);
    state.contexts.free();
    drop(state);
}

/// The state a debug context belongs to.
#[inline(always)]
pub unsafe fn of(ctx: *mut HPyContext) -> &'static State {
    &*(*ctx)._private.cast::<State>()
}

impl Shared {
    /// The records of the open handles of generation `generation` and later, oldest first.
    pub fn opened(&self, generation: i64) -> Vec<u32> {
        let from = self.began(generation);
        let mut found: Vec<(u64, u32)> = self
            .records
            .iter()
            .filter(|(_, record)| {
                record.is_open()
                    && !record.has(crate::records::IMMORTAL)
                    && record.sequence.load(Relaxed) > from
            })
            .map(|(index, record)| (record.sequence.load(Relaxed), index))
            .collect();
        found.sort_unstable();
        found.into_iter().map(|(_, index)| index).collect()
    }

    /// Begins a generation and says its number.
    ///
    /// # Safety
    /// The calling thread is attached.
    pub unsafe fn new_generation(&self) -> usize {
        let opened = self.opened_so_far();
        let mut generations = lock(&self.settings.generations);
        generations.push(opened);
        generations.len()
    }

    /// How many handles were opened before a generation.
    pub fn began(&self, generation: i64) -> u64 {
        let Ok(index) = usize::try_from(generation.saturating_sub(1)) else { return 0 };
        lock(&self.settings.generations).get(index).copied().unwrap_or(u64::MAX)
    }

    /// The generation in which a handle was opened.
    pub fn generation_of(&self, record: &Record) -> usize {
        let sequence = record.sequence.load(Relaxed);
        lock(&self.settings.generations).partition_point(|&opened| opened < sequence)
    }

    /// The calling thread's stack, as deep as the user wants traces to be.
    pub fn trace(&self) -> Trace {
        let limit = self.settings.trace_limit.load(Relaxed);
        // SAFETY: handles are opened and closed by threads that run an extension, which are attached.
        Trace::capture(limit, unsafe { crate::workshop::python_stack(self, limit) })
    }
}

impl State {
    /// The name of a context function by its index in the ABI table.
    pub fn function_name(function: u16) -> &'static str {
        abi::MEMBERS.get(function as usize).map_or("?", |member| member.name)
    }
}
