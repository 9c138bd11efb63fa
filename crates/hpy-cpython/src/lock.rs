//! A lock for the state of one interpreter: the GIL where there is one, a `PyMutex` where there is none.

use core::cell::UnsafeCell;
#[cfg(Py_GIL_DISABLED)]
use pyo3_ffi::{PyMutex, PyMutex_Lock, PyMutex_Unlock, PyThread_get_thread_ident};

/// Data shared by the threads of one interpreter.
pub struct Locked<T> {
    #[cfg(Py_GIL_DISABLED)]
    mutex: UnsafeCell<pyo3_ffi::PyMutex>,
    value: UnsafeCell<T>,
}

impl<T> Locked<T> {
    pub fn new(value: T) -> Self {
        Locked {
            // SAFETY: an all-zero PyMutex is an unlocked one.
            #[cfg(Py_GIL_DISABLED)]
            mutex: UnsafeCell::new(unsafe { core::mem::zeroed() }),
            value: UnsafeCell::new(value),
        }
    }

    /// Runs `f` with the value. `f` must not call Python and must not lock again: nothing then can switch
    /// threads inside it under a GIL, and nothing can deadlock without one.
    ///
    /// # Safety
    /// The calling thread is attached to the interpreter that the value belongs to.
    #[inline]
    pub unsafe fn with<R>(&self, f: impl FnOnce(&mut T) -> R) -> R {
        #[cfg(Py_GIL_DISABLED)]
        pyo3_ffi::PyMutex_Lock(self.mutex.get());
        let result = f(&mut *self.value.get());
        #[cfg(Py_GIL_DISABLED)]
        pyo3_ffi::PyMutex_Unlock(self.mutex.get());
        result
    }

    /// The value without locking.
    ///
    /// # Safety
    /// No other thread can reach the value (it is being made or destroyed).
    pub unsafe fn get(&self) -> *mut T {
        self.value.get()
    }
}

/// How many parts there are of what threads are to use beside each other.
#[cfg(Py_GIL_DISABLED)]
pub const PARTS: usize = 32;

/// The part for the calling thread. Other threads have other ones, but for a few that meet.
#[cfg(Py_GIL_DISABLED)]
#[inline]
pub fn part() -> usize {
    // SAFETY: it looks at nothing but the thread.
    let thread = unsafe { PyThread_get_thread_ident() } as u64;
    // An identity is an address, and the upper bits of the product depend on all bits of it.
    ((thread >> 4).wrapping_mul(0x9e37_79b9_7f4a_7c15) >> (u64::BITS - PARTS.ilog2())) as usize
}

/// Bytes that processors pass to each other at once.
#[cfg(Py_GIL_DISABLED)]
pub const LINE: usize = 64;

/// A lock for what many threads read and hardly any writes: a reader takes the part of its thread only, a writer takes
/// all of them.
#[cfg(Py_GIL_DISABLED)]
pub struct Shared([Part; PARTS]);

#[cfg(Py_GIL_DISABLED)]
#[repr(C)]
struct Part {
    mutex: UnsafeCell<PyMutex>,
    /// Keeps the mutexes of two threads from being in one line.
    apart: [u8; LINE - size_of::<PyMutex>()],
}

#[cfg(Py_GIL_DISABLED)]
impl Default for Shared {
    fn default() -> Self {
        Shared(core::array::from_fn(|_| Part {
            mutex: UnsafeCell::new(PyMutex::new()),
            apart: [0; LINE - size_of::<PyMutex>()],
        }))
    }
}

#[cfg(Py_GIL_DISABLED)]
impl Shared {
    /// Runs `f` beside other readers, while there is no writer. `f` must not call Python and must not lock again.
    ///
    /// # Safety
    /// The calling thread is attached to an interpreter.
    #[inline]
    pub unsafe fn read<R>(&self, f: impl FnOnce() -> R) -> R {
        let Some(Part { mutex, .. }) = self.0.get(part()) else { return f() };
        PyMutex_Lock(mutex.get());
        let result = f();
        PyMutex_Unlock(mutex.get());
        result
    }

    /// Runs `f` with nobody beside it. `f` must not call Python and must not lock again.
    ///
    /// # Safety
    /// As [`Shared::read`].
    pub unsafe fn write<R>(&self, f: impl FnOnce() -> R) -> R {
        for part in &self.0 {
            PyMutex_Lock(part.mutex.get());
        }
        let result = f();
        for part in &self.0 {
            PyMutex_Unlock(part.mutex.get());
        }
        result
    }
}
