//! A recording of single calls, for a timeline: off until it is asked for, and bounded.

use crate::state::lock;
use core::sync::atomic::{AtomicBool, AtomicU64, Ordering::Relaxed};
use std::sync::Mutex;

/// One call: of a context function or, from `NAMES` on, of a function of the extension.
#[derive(Clone, Copy)]
pub struct Event {
    /// The index of a context function, or `NAMES` plus the index of a name.
    pub what: u32,
    pub thread: u32,
    /// Nanoseconds since the trace context was made.
    pub start: u64,
    pub duration: u64,
}

/// Where the numbers of names begin.
pub const NAMES: u32 = 1 << 16;

/// The events recorded so far.
#[derive(Default)]
pub struct Recording {
    on: AtomicBool,
    most: AtomicU64,
    pub dropped: AtomicU64,
    data: Mutex<Data>,
}

/// Events and the names of the extension's functions in them.
#[derive(Default)]
pub struct Data {
    pub events: Vec<Event>,
    pub names: Vec<String>,
}

thread_local! {
    static THREAD: u32 = {
        static NEXT: core::sync::atomic::AtomicU32 = core::sync::atomic::AtomicU32::new(1);
        NEXT.fetch_add(1, Relaxed)
    };
}

impl Recording {
    #[inline(always)]
    pub fn is_on(&self) -> bool {
        self.on.load(Relaxed)
    }

    /// Starts anew, with at most `most` events.
    pub fn start(&self, most: u64) {
        *lock(&self.data) = Data::default();
        self.dropped.store(0, Relaxed);
        self.most.store(most, Relaxed);
        self.on.store(true, Relaxed);
    }

    /// Ends the recording and hands it out.
    pub fn stop(&self) -> Data {
        self.on.store(false, Relaxed);
        core::mem::take(&mut lock(&self.data))
    }

    #[cold]
    pub fn add(&self, what: u32, start: u64, duration: u64) {
        let thread = THREAD.try_with(|thread| *thread).unwrap_or(0);
        self.push(Event { what, thread, start, duration }, None);
    }

    /// Adds a call of the extension's function `name`.
    #[cold]
    pub fn add_named(&self, name: String, start: u64, duration: u64) {
        let thread = THREAD.try_with(|thread| *thread).unwrap_or(0);
        self.push(Event { what: NAMES, thread, start, duration }, Some(name));
    }

    fn push(&self, mut event: Event, name: Option<String>) {
        let mut data = lock(&self.data);
        let full = data.events.len() as u64 >= self.most.load(Relaxed);
        if full || data.events.try_reserve(1).is_err() {
            self.dropped.fetch_add(1, Relaxed);
            return;
        }
        if let Some(name) = name {
            let known = data.names.iter().position(|each| *each == name);
            let index = known.unwrap_or_else(|| {
                data.names.push(name);
                data.names.len() - 1
            });
            event.what = NAMES.saturating_add(index as u32);
        }
        data.events.push(event);
    }
}
