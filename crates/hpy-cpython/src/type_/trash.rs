//! Deep structures die without deep recursion.
//!
//! Releasing the first node of a long list whose links are HPyFields releases the second, and so on: each
//! one deeper on the C stack. From some depth on, instances are put aside instead, and released in a loop
//! by the call that first got that deep. From 3.14 CPython does this for all types itself.

use super::info::TypeInfo;
use crate::state::InterpreterState;
use pyo3_ffi::*;

#[cfg(all(not(Py_3_14), not(Py_GIL_DISABLED)))]
pub use before_3_14::*;

#[cfg(all(not(Py_3_14), not(Py_GIL_DISABLED)))]
mod before_3_14 {
    use super::*;
    use alloc::vec::Vec;
    use core::cell::UnsafeCell;
    use core::ffi::c_void;
    use core::ptr;
    use core::sync::atomic::{AtomicUsize, Ordering};

    /// How deep deallocations nest before instances are put aside.
    const DEPTH: usize = 50;

    /// What an interpreter keeps for this.
    pub struct Trash {
        /// How many deallocations are running, in all threads: only whether it is many matters.
        depth: AtomicUsize,
        /// This thread's [`Aside`], where it got deep.
        key: UnsafeCell<Py_tss_t>,
    }

    /// The instances a thread has put aside.
    type Aside = Vec<*mut PyObject>;

    impl Default for Trash {
        fn default() -> Self {
            Trash { depth: AtomicUsize::new(0), key: UnsafeCell::new(Py_tss_NEEDS_INIT) }
        }
    }

    impl Drop for Trash {
        fn drop(&mut self) {
            // SAFETY: the key is one of ours, created or not, and no thread uses it any more.
            unsafe { PyThread_tss_delete(self.key.get()) };
        }
    }

    /// Starts releasing an instance; false if it was put aside. Then nothing is to be done now, else
    /// [`leave`] is to be called at the end.
    ///
    /// # Safety
    /// `slf` is an instance that nothing refers to any more, and not tracked by the garbage collector.
    #[inline]
    pub unsafe fn enter(info: &TypeInfo, slf: *mut PyObject) -> bool {
        let trash = &(*info.state).trash;
        let depth = trash.depth.load(Ordering::Relaxed);
        if depth >= DEPTH {
            return deep(trash, slf);
        }
        trash.depth.fetch_add(1, Ordering::Relaxed);
        true
    }

    #[cold]
    unsafe fn deep(trash: &Trash, slf: *mut PyObject) -> bool {
        let key = trash.key.get();
        if PyThread_tss_create(key) != 0 {
            return enter_anyway(trash);
        }
        let aside = PyThread_tss_get(key).cast::<Aside>();
        if !aside.is_null() {
            (*aside).push(slf);
            return false;
        }
        let mut own = Aside::new();
        let aside = &raw mut own;
        if PyThread_tss_set(key, aside.cast::<c_void>()) != 0 {
            return enter_anyway(trash);
        }
        (*aside).push(slf);
        // This instance and all that its release puts aside, one after the other. The depth is left as it
        // is, so that everything below comes here.
        loop {
            let next = (*aside).pop();
            let Some(object) = next else { break };
            super::super::lifecycle::release_aside(object);
        }
        // The list may not be dropped while the key has its address.
        PyThread_tss_set(key, ptr::null_mut());
        false
    }

    unsafe fn enter_anyway(trash: &Trash) -> bool {
        trash.depth.fetch_add(1, Ordering::Relaxed);
        true
    }

    /// Ends what [`enter`] started.
    ///
    /// # Safety
    /// `state` was live when the release started, and its interpreter still is.
    #[inline]
    pub unsafe fn leave(state: *mut InterpreterState) {
        (*state).trash.depth.fetch_sub(1, Ordering::Relaxed);
    }
}

/// Without a GIL each thread counts for itself: threads that release objects would wait for each other's count.
#[cfg(all(not(Py_3_14), Py_GIL_DISABLED))]
pub use free_threaded::*;

#[cfg(all(not(Py_3_14), Py_GIL_DISABLED))]
mod free_threaded {
    use super::*;
    use alloc::vec::Vec;
    use core::cell::UnsafeCell;
    use core::ffi::c_void;
    use core::ptr;

    /// How deep deallocations nest before instances are put aside.
    const DEPTH: usize = 50;

    /// What an interpreter keeps for this: where each of its threads has how deep it is or, from [`DEPTH`] on, the
    /// address of its [`Aside`].
    pub struct Trash(UnsafeCell<Py_tss_t>);

    /// The instances a thread has put aside.
    type Aside = Vec<*mut PyObject>;

    impl Default for Trash {
        fn default() -> Self {
            let mut key = Py_tss_NEEDS_INIT;
            // SAFETY: the key is ours. Where none is left it stays as it is, and structures die as deep as they are.
            unsafe { PyThread_tss_create(&raw mut key) };
            Trash(UnsafeCell::new(key))
        }
    }

    impl Drop for Trash {
        fn drop(&mut self) {
            // SAFETY: the key is one of ours, created or not, and no thread uses it any more.
            unsafe { PyThread_tss_delete(self.0.get()) };
        }
    }

    impl Trash {
        unsafe fn get(&self) -> *mut c_void {
            if PyThread_tss_is_created(self.0.get()) == 0 {
                return ptr::null_mut();
            }
            PyThread_tss_get(self.0.get())
        }

        /// False if there was no memory for it.
        unsafe fn set(&self, value: *mut c_void) -> bool {
            PyThread_tss_is_created(self.0.get()) != 0 && PyThread_tss_set(self.0.get(), value) == 0
        }
    }

    fn counted(depth: usize) -> *mut c_void {
        ptr::without_provenance_mut(depth)
    }

    /// Starts releasing an instance; false if it was put aside. Then nothing is to be done now, else
    /// [`leave`] is to be called at the end.
    ///
    /// # Safety
    /// `slf` is an instance that nothing refers to any more, and not tracked by the garbage collector.
    #[inline]
    pub unsafe fn enter(info: &TypeInfo, slf: *mut PyObject) -> bool {
        let trash = &(*info.state).trash;
        let here = trash.get();
        if here.addr() >= DEPTH {
            return deep(trash, here, slf);
        }
        trash.set(counted(here.addr() + 1));
        true
    }

    #[cold]
    unsafe fn deep(trash: &Trash, here: *mut c_void, slf: *mut PyObject) -> bool {
        if here.addr() != DEPTH {
            (*here.cast::<Aside>()).push(slf);
            return false;
        }
        let mut own = Aside::new();
        let aside = &raw mut own;
        // Setting what is set already needs no memory.
        trash.set(aside.cast());
        (*aside).push(slf);
        // This instance and all that its release puts aside, one after the other.
        loop {
            let next = (*aside).pop();
            let Some(object) = next else { break };
            super::super::lifecycle::release_aside(object);
        }
        // The list may not be dropped while the key has its address.
        trash.set(here);
        false
    }

    /// Ends what [`enter`] started.
    ///
    /// # Safety
    /// `state` was live when the release started, and its interpreter still is.
    #[inline]
    pub unsafe fn leave(state: *mut InterpreterState) {
        let trash = &(*state).trash;
        let here = trash.get().addr();
        // An address is left by the call that has the list. 0: there was no memory to count.
        if here != 0 && here <= DEPTH {
            trash.set(counted(here - 1));
        }
    }
}

#[cfg(Py_3_14)]
mod from_3_14 {
    use super::*;

    /// Nothing: CPython does it.
    #[derive(Default)]
    pub struct Trash;

    #[inline]
    pub unsafe fn enter(_info: &TypeInfo, _slf: *mut PyObject) -> bool {
        true
    }

    #[inline]
    pub unsafe fn leave(_state: *mut InterpreterState) {}
}

#[cfg(Py_3_14)]
pub use from_3_14::*;
