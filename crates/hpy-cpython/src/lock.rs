//! A lock for the state of one interpreter: the GIL where there is one, a `PyMutex` where there is none.

use core::cell::UnsafeCell;

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
