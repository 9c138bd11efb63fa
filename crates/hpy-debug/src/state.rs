//! What one debug context has: its records, its settings, its contexts for calls, what it found.

use crate::backend::Target;
use crate::frame::{Contexts, Frame};
use crate::memory::Budget;
use crate::raw::Raw;
use crate::records::{RAW_COUNTED, Record, Records};
use crate::report::{Finding, Findings};
use crate::stack::Trace;
use crate::types::Types;
use crate::workshop::Tools;
use core::ffi::c_void;
use core::ops::Deref;
use core::ptr;
use core::sync::atomic::{
    AtomicBool, AtomicI64, AtomicU64, AtomicUsize, Ordering::Relaxed, Ordering::Release,
};
use hpy_sys::backend::{Backend, CallTarget};
use hpy_sys::{HPy, HPyContext, HPyModuleDef, abi};
use std::collections::{HashMap, VecDeque};
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

    /// Tells of a module that an extension declares: its globals are known from here on.
    ///
    /// # Safety
    /// `def` is null or a live definition.
    pub unsafe fn announce(&self, def: *const HPyModuleDef) {
        let Some(def) = def.as_ref() else { return };
        let state = &*self.state;
        let known = &mut lock(&state.globals).declared;
        let mut global = def.globals;
        while !global.is_null() && !(*global).is_null() {
            if !known.contains(&(*global as usize)) {
                known.push(*global as usize);
            }
            global = global.add(1);
        }
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
    /// The frame of calls through `main` that come from no call of an extension.
    pub root: Frame,
    /// The target of calls that go through this context and no further.
    pub direct: Target,
    pub targets: Mutex<Vec<Box<Target>>>,
    shared: Arc<Shared>,
}

/// What the debug contexts of one interpreter have together: there is one over the base context and, where
/// debug is stacked on trace, one over the trace context. Handles below are the same for both.
pub struct Shared {
    pub records: Records,
    shelf: Mutex<Shelf>,
    pub settings: Settings,
    /// Builders and trackers.
    pub tools: Mutex<Tools>,
    pub types: Mutex<Types>,
    pub globals: Mutex<Globals>,
    pub findings: Mutex<Findings>,
    pub hooks: Mutex<Hooks>,
    pub budget: Budget,
    pub calls: AtomicU64,
    sequence: AtomicU64,
}

impl Deref for State {
    type Target = Shared;

    #[inline(always)]
    fn deref(&self) -> &Shared {
        &self.shared
    }
}

impl Drop for Shared {
    fn drop(&mut self) {
        for (_, record) in self.records.iter() {
            // SAFETY: the memory belongs to the record, and nothing uses it any more.
            unsafe { Raw::free(record.forget()) };
        }
    }
}

/// What a user can set.
pub struct Settings {
    pub generation: AtomicI64,
    pub closed_max: AtomicUsize,
    pub raw_max: AtomicUsize,
    /// Native frames per trace; 0: no traces.
    pub trace_limit: AtomicUsize,
    /// Whether what is found is printed to stderr where no hook takes it.
    pub print: AtomicBool,
}

/// The globals of the extensions in this mode. Their values are this mode's own: a binary may be loaded in
/// two modes at once.
#[derive(Default)]
pub struct Globals {
    /// The addresses of those that modules have declared.
    pub declared: Vec<usize>,
    /// Owned handles of the context below, by the index in the global.
    pub values: HashMap<isize, HPy>,
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

/// The closed handles that are still remembered, and records to use again.
#[derive(Default)]
struct Shelf {
    closed: VecDeque<u32>,
    free: Vec<u32>,
    raw: usize,
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
        shelf: Mutex::default(),
        settings: Settings {
            generation: AtomicI64::new(0),
            closed_max: AtomicUsize::new(CLOSED_MAX),
            raw_max: AtomicUsize::new(RAW_MAX),
            trace_limit: AtomicUsize::new(0),
            print: AtomicBool::new(true),
        },
        tools: Mutex::default(),
        types: Mutex::default(),
        globals: Mutex::default(),
        findings: Mutex::default(),
        hooks: Mutex::default(),
        budget: Budget::default(),
        calls: AtomicU64::new(0),
        sequence: AtomicU64::new(0),
    };
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
        root: Frame::root(),
        direct: Target::direct(),
        targets: Mutex::default(),
        shared,
    }));
    (*state).main = crate::frame::make_context(state);
    (*state).root.attach(state);
    (*state).direct.attach(state);
    Wrapped { ctx: (*state).main, backend: &raw const crate::backend::BACKEND, state }
}

/// Gives up what the state holds of Python: hooks and globals.
///
/// # Safety
/// `data` is that of a [`Wrapped`]; the calling thread is attached.
pub unsafe extern "C" fn clear(data: *mut c_void) {
    let state = &*data.cast::<State>();
    let hooks = core::mem::take(&mut *lock(&state.hooks));
    for hook in [hooks.invalid_handle, hooks.invalid_builder, hooks.finding] {
        hpy_sys::api::HPy_Close(state.base, hook.0);
    }
    let values = core::mem::take(&mut lock(&state.globals).values);
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
    crate::frame::free_context(state.main);
    state.contexts.free();
    drop(state);
}

/// The state a debug context belongs to.
#[inline(always)]
pub unsafe fn of(ctx: *mut HPyContext) -> &'static State {
    &*(*ctx)._private.cast::<State>()
}

impl State {
    /// Opens a handle for `inner`; `None` if there is no memory. Does not touch `inner`.
    #[inline]
    pub fn open(&self, inner: HPy, flags: u32, call: u64) -> Option<HPy> {
        if !self.budget.take() {
            return None;
        }
        let (index, record, raw) = {
            let mut shelf = lock(&self.shelf);
            let reuse = if shelf.closed.len() >= self.settings.closed_max.load(Relaxed) {
                shelf.closed.pop_front()
            } else {
                None
            };
            let (index, old) = match reuse {
                Some(index) => (index, true),
                None => match shelf.free.pop() {
                    Some(index) => (index, false),
                    None => (self.records.grow()?, false),
                },
            };
            let record = self.records.get(index)?;
            let raw = if old { self.forget(&mut shelf, record) } else { ptr::null_mut() };
            (index, record, raw)
        };
        if !raw.is_null() {
            // SAFETY: `forget` made this the only owner.
            unsafe { Raw::free(raw) };
        }
        let generation = self.settings.generation.load(Relaxed);
        let sequence = self.sequence.fetch_add(1, Relaxed);
        let serial = record.open(inner, flags, generation, sequence, call);
        if self.settings.trace_limit.load(Relaxed) > 0 {
            let trace = Box::new(self.trace());
            record.opened.store(Box::into_raw(trace), Release);
        }
        Some(Records::word(index, serial))
    }

    /// Drops what a record remembers of its closed handle; returns the raw memory to be freed.
    fn forget(&self, shelf: &mut Shelf, record: &Record) -> *mut Raw {
        let raw = record.forget();
        if !raw.is_null() && record.has(RAW_COUNTED) {
            // SAFETY: the copy belongs to the record, and its owner is now this call.
            shelf.raw = shelf.raw.saturating_sub(unsafe { Raw::total(raw) });
        }
        raw
    }

    /// Closes a handle that is open and remembers it; false if it is not open.
    /// Gives up nothing of the context below.
    #[inline]
    pub fn close(&self, h: HPy) -> bool {
        let (index, serial) = Records::parts(h);
        let Some(record) = self.records.get(index) else { return false };
        if !record.close(serial) {
            return false;
        }
        if self.settings.trace_limit.load(Relaxed) > 0 {
            record.closed.store(Box::into_raw(Box::new(self.trace())), Release);
        }
        let mut written = false;
        let raw = record.raw.load(Relaxed);
        let mut dropped = ptr::null_mut();
        let mut evicted = ptr::null_mut();
        {
            let mut shelf = lock(&self.shelf);
            if !raw.is_null() {
                // SAFETY: the record's memory is freed by whoever takes it out of the record.
                unsafe {
                    let total = shelf.raw + Raw::total(raw);
                    let mut copy = raw;
                    while let Some(each) = copy.as_mut() {
                        written |= !each.protect();
                        copy = each.next;
                    }
                    if total > self.settings.raw_max.load(Relaxed) {
                        dropped = record.raw.swap(ptr::null_mut(), Relaxed);
                    } else {
                        shelf.raw = total;
                        record.set(RAW_COUNTED);
                    }
                }
            }
            if shelf.closed.try_reserve(1).is_ok() {
                shelf.closed.push_back(index);
            }
            if shelf.closed.len() > self.settings.closed_max.load(Relaxed)
                && let Some(oldest) = shelf.closed.pop_front()
                && let Some(old) = self.records.get(oldest)
            {
                evicted = self.forget(&mut shelf, old);
                if shelf.free.try_reserve(1).is_ok() {
                    shelf.free.push(oldest);
                }
            }
        }
        // SAFETY: both were taken out of their records above.
        unsafe {
            Raw::free(dropped);
            Raw::free(evicted);
        }
        if written {
            self.written_to(record);
        }
        true
    }

    #[cold]
    fn written_to(&self, record: &Record) {
        // SAFETY: a handle is closed by a thread that runs an extension, which is attached.
        unsafe {
            let top = crate::frame::top().as_ref();
            let function = top.map_or_else(|| String::from("the extension"), |frame| frame.name());
            let message = format!("{function} wrote to memory that was lent to it for reading");
            let finding = Finding::new("written-text", message, function).about(record);
            crate::report::found(self, finding);
        }
    }

    /// The records of the closed handles that are remembered, oldest first.
    pub fn closed(&self) -> Vec<u32> {
        lock(&self.shelf).closed.iter().copied().collect()
    }

    /// The records of the open handles of generation `generation` and later, oldest first.
    pub fn opened(&self, generation: i64) -> Vec<u32> {
        let mut found: Vec<(u64, u32)> = self
            .records
            .iter()
            .filter(|(_, record)| {
                record.is_open()
                    && !record.has(crate::records::IMMORTAL)
                    && record.generation.load(Relaxed) >= generation
            })
            .map(|(index, record)| (record.sequence.load(Relaxed), index))
            .collect();
        found.sort_unstable();
        found.into_iter().map(|(_, index)| index).collect()
    }

    /// The calling thread's stack, as deep as the user wants traces to be.
    pub fn trace(&self) -> Trace {
        let limit = self.settings.trace_limit.load(Relaxed);
        // SAFETY: handles are opened and closed by threads that run an extension, which are attached.
        Trace::capture(limit, unsafe { crate::workshop::python_stack(self, limit) })
    }

    /// The name of a context function by its index in the ABI table.
    pub fn function_name(function: u16) -> &'static str {
        abi::MEMBERS.get(function as usize).map_or("?", |member| member.name)
    }
}
