//! Calls from Python into an extension, recorded where a recording runs.

use crate::backend::Target;
use crate::clock;
use crate::state::State;
use core::ffi::c_void;
use core::ptr;
use hpy_sys::HPyContext;
use hpy_sys::backend::Entry;

/// One call from Python.
pub struct Upcall {
    state: &'static State,
    entry: *const Entry,
    ctx: *mut HPyContext,
    /// The entry for the context above, if there is one.
    upper: Entry,
    upper_imp: *const c_void,
    started: Option<u64>,
}

impl Upcall {
    #[inline(always)]
    pub unsafe fn begin(entry: *const Entry) -> Upcall {
        let target = (*entry).target.cast::<Target>();
        let state = &*(*target).state;
        let upper_target = (*target).upper;
        let mut upper_imp = ptr::null();
        let mut ctx = state.main;
        if let Some(upper) = upper_target.as_ref() {
            if let Some(table) = upper.entries.as_ref() {
                let sig = (*entry).sig as usize;
                upper_imp = table.by_signature.get(sig).copied().unwrap_or(ptr::null());
            }
            ctx = upper.ctx;
        }
        Upcall {
            state,
            entry,
            ctx,
            upper: Entry {
                target: upper_target,
                imp: (*entry).imp,
                sig: (*entry).sig,
                name: (*entry).name,
                data: ptr::null_mut(),
            },
            upper_imp,
            started: state.recording.is_on().then(clock::now),
        }
    }

    /// The context that the extension gets.
    #[inline(always)]
    pub fn ctx(&self) -> *mut HPyContext {
        self.ctx
    }

    /// The function of the context above and its entry, if the call goes there.
    #[inline(always)]
    pub fn upper(&self) -> Option<(*const c_void, *const Entry)> {
        (!self.upper_imp.is_null()).then_some((self.upper_imp, &raw const self.upper))
    }

    #[inline(always)]
    pub unsafe fn end(&self) {
        if let Some(started) = self.started {
            self.record(started);
        }
    }

    #[cold]
    unsafe fn record(&self, started: u64) {
        let name = (*self.entry).name.shown().to_string();
        let start = started.wrapping_sub(self.state.started);
        self.state.recording.add_named(name, start, clock::now().wrapping_sub(started));
    }
}
