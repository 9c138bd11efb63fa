//! Globals: one value per interpreter behind one C variable.
//!
//! The variable holds an index that is unique in the process, 0 before it has one; each interpreter has its
//! own table from indices to objects. The counter of indices is the only process-wide mutable state of this
//! crate.

use crate::handle::{handle, object};
use crate::state;
use alloc::boxed::Box;
use alloc::vec::Vec;
use core::ptr;
use core::sync::atomic::{AtomicIsize, AtomicPtr, Ordering};
use hpy_sys::{HPy, HPyContext, HPyGlobal};
use pyo3_ffi::*;

static NEXT_INDEX: AtomicIsize = AtomicIsize::new(1);

/// The index of a global, given to it at first use. Interpreters may do that at the same time, on threads
/// of their own: the exchange on the variable itself decides.
unsafe fn index(global: *mut HPyGlobal) -> isize {
    let variable = AtomicIsize::from_ptr(&raw mut (*global)._i);
    let index = variable.load(Ordering::Relaxed);
    if index != 0 {
        return index;
    }
    let fresh = NEXT_INDEX.fetch_add(1, Ordering::Relaxed);
    match variable.compare_exchange(0, fresh, Ordering::Relaxed, Ordering::Relaxed) {
        Ok(_) => fresh,
        Err(earlier) => earlier,
    }
}

/// Gives every global of a module's null-terminated list its index. Null is an empty list.
///
/// # Safety
/// `globals` is the list of an `HPyModuleDef`.
pub unsafe fn register(globals: *mut *mut HPyGlobal) {
    if globals.is_null() {
        return;
    }
    let mut next = globals;
    while !(*next).is_null() {
        index(*next);
        next = next.add(1);
    }
}

/// Items of the first segment of a table; each further one has twice as many as the one before.
const FIRST_SEGMENT: usize = 64;
const SEGMENTS: usize = 32;

/// Where one global's value is.
struct Slot(AtomicPtr<PyObject>);

impl Slot {
    const fn new() -> Self {
        Slot(AtomicPtr::new(ptr::null_mut()))
    }
}

/// The values of one interpreter's globals. Slots never move: segments are added, none is replaced.
pub struct Table {
    segments: [AtomicPtr<Slot>; SEGMENTS],
    /// Held while a value is read or replaced: a reader must have its own reference before a writer gives up the
    /// table's.
    #[cfg(Py_GIL_DISABLED)]
    lock: crate::lock::Shared,
}

impl Default for Table {
    fn default() -> Self {
        Self::new()
    }
}

/// (segment, place in it) of an index.
#[inline(always)]
fn place(index: usize) -> (usize, usize) {
    let counted = index + FIRST_SEGMENT - 1;
    let segment = (counted / FIRST_SEGMENT).ilog2() as usize;
    (segment, counted - (FIRST_SEGMENT << segment))
}

impl Table {
    pub fn new() -> Self {
        Table {
            segments: [const { AtomicPtr::new(ptr::null_mut()) }; SEGMENTS],
            #[cfg(Py_GIL_DISABLED)]
            lock: crate::lock::Shared::default(),
        }
    }

    /// A new reference to a slot's value, or null.
    #[inline(always)]
    unsafe fn load(&self, slot: &Slot) -> *mut PyObject {
        let load = || {
            let value = slot.0.load(Ordering::Relaxed);
            Py_XINCREF(value);
            value
        };
        #[cfg(Py_GIL_DISABLED)]
        return self.lock.read(load);
        #[cfg(not(Py_GIL_DISABLED))]
        load()
    }

    /// Takes over the reference to `value`; gives up the one to the value before.
    #[inline(always)]
    unsafe fn store(&self, slot: &Slot, value: *mut PyObject) {
        let swap = || slot.0.swap(value, Ordering::Relaxed);
        #[cfg(Py_GIL_DISABLED)]
        let old = self.lock.write(swap);
        #[cfg(not(Py_GIL_DISABLED))]
        let old = swap();
        Py_XDECREF(old);
    }

    /// The slot of an index; None where nothing near it was ever stored.
    #[inline(always)]
    unsafe fn existing(&self, index: isize) -> Option<&Slot> {
        if index <= 0 {
            return None;
        }
        let (segment, place) = place(index as usize);
        let slots = self.segments.get(segment)?.load(Ordering::Acquire);
        if slots.is_null() { None } else { Some(&*slots.add(place)) }
    }

    /// The slot of an index, made if need be.
    unsafe fn slot(&self, index: isize) -> Option<&Slot> {
        if let Some(slot) = self.existing(index) {
            return Some(slot);
        }
        if index > 0 {
            let (segment, _) = place(index as usize);
            let slots: Vec<Slot> = (0..FIRST_SEGMENT << segment).map(|_| Slot::new()).collect();
            let made: *mut Slot = Box::into_raw(slots.into_boxed_slice()).cast();
            let first = self.segments.get(segment)?;
            let (null, order) = (ptr::null_mut(), Ordering::AcqRel);
            if first.compare_exchange(null, made, order, Ordering::Acquire).is_err() {
                // Another thread was faster.
                Table::free(made, segment);
            }
        }
        self.existing(index)
    }

    unsafe fn free(slots: *mut Slot, segment: usize) {
        drop(Box::from_raw(ptr::slice_from_raw_parts_mut(slots, FIRST_SEGMENT << segment)));
    }

    /// Gives up every value.
    ///
    /// # Safety
    /// The calling thread is attached to the interpreter the table belongs to.
    pub unsafe fn clear(&mut self) {
        for (segment, first) in self.segments.iter().enumerate() {
            let slots = first.load(Ordering::Acquire);
            if slots.is_null() {
                continue;
            }
            for place in 0..FIRST_SEGMENT << segment {
                self.store(&*slots.add(place), ptr::null_mut());
            }
        }
    }
}

impl Drop for Table {
    fn drop(&mut self) {
        for (segment, first) in self.segments.iter().enumerate() {
            let slots = first.load(Ordering::Acquire);
            if !slots.is_null() {
                // SAFETY: the segment was made by `slot` with this length, and nobody else has the table.
                unsafe { Table::free(slots, segment) };
            }
        }
    }
}

/// A null handle empties the global.
pub unsafe extern "C" fn HPyGlobal_Store(ctx: *mut HPyContext, global: *mut HPyGlobal, h: HPy) {
    let table = &(*state::of(ctx)).globals;
    if let Some(slot) = table.slot(index(global)) {
        Py_XINCREF(object(h));
        table.store(slot, object(h));
    }
}

/// Null for a global that was not stored in this interpreter.
pub unsafe extern "C" fn HPyGlobal_Load(ctx: *mut HPyContext, global: HPyGlobal) -> HPy {
    let table = &(*state::of(ctx)).globals;
    match table.existing(global._i) {
        Some(slot) => handle(table.load(slot)),
        None => HPy::NULL,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn places_follow_each_other() {
        let mut expected = (0, 0);
        for index in 1..10_000 {
            assert_eq!(place(index), expected, "index {index}");
            expected.1 += 1;
            if expected.1 == FIRST_SEGMENT << expected.0 {
                expected = (expected.0 + 1, 0);
            }
        }
    }

    #[test]
    fn the_largest_index_has_no_segment() {
        let table = Table::new();
        // SAFETY: nothing is stored, so no object is touched.
        unsafe {
            assert!(table.existing(isize::MAX).is_none());
            assert!(table.existing(0).is_none());
            assert!(table.existing(-1).is_none());
        }
    }

    #[test]
    fn slots_stay_where_they_are() {
        let table = Table::new();
        // SAFETY: the slots stay empty, so no object is touched.
        unsafe {
            let first = table.slot(1).map(ptr::from_ref);
            for index in 2..1000 {
                assert!(table.slot(index).is_some());
            }
            assert_eq!(first, table.slot(1).map(ptr::from_ref));
        }
    }

    #[test]
    fn an_index_is_given_once() {
        let mut global = HPyGlobal::NULL;
        // SAFETY: the variable is ours.
        unsafe {
            let first = index(&mut global);
            assert_ne!(first, 0);
            assert_eq!(first, index(&mut global));
            let mut other = HPyGlobal::NULL;
            assert_ne!(first, index(&mut other));
        }
    }
}
