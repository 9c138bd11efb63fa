//! Exports in use on PyPy, by the address of their memory: what its HPy gives to `HPy_bf_releasebuffer` is a view in which `buf`
//! alone is filled in, so that nothing else says what to drop.

use crate::Export;
use core::ptr;
use std::collections::BTreeMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

/// What a view points into.
struct InUse(*mut Export);

// SAFETY: an export may be dropped by any thread, and nothing is done with the pointer here.
unsafe impl Send for InUse {}

fn all() -> MutexGuard<'static, BTreeMap<usize, Vec<InUse>>> {
    static ALL: Mutex<BTreeMap<usize, Vec<InUse>>> = Mutex::new(BTreeMap::new());
    ALL.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Notes that a view of the memory at `start` was given out.
pub(crate) fn add(start: *mut u8, export: *mut Export) {
    all().entry(start as usize).or_default().push(InUse(export));
}

/// What is to be dropped for a view of the memory at `start`: one of those that were noted, or null. All of them keep the same
/// memory alive, so that it does not matter which one goes first.
pub(crate) fn take(start: *mut u8) -> *mut Export {
    let mut all = all();
    let Some(of_start) = all.get_mut(&(start as usize)) else { return ptr::null_mut() };
    let export = of_start.pop().map_or(ptr::null_mut(), |InUse(export)| export);
    if of_start.is_empty() {
        all.remove(&(start as usize));
    }
    export
}
