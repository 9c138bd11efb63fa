//! A growing array in memory of Python's raw allocator, for what can fail with MemoryError.

use core::ptr;
use pyo3_ffi::*;

pub(crate) struct Stack<T> {
    pub start: *mut T,
    pub length: usize,
    capacity: usize,
}

impl<T: Copy> Stack<T> {
    pub const EMPTY: Stack<T> = Stack { start: ptr::null_mut(), length: 0, capacity: 0 };

    /// Room for `more` entries; false, with an exception, where there is no memory.
    #[inline(always)]
    pub unsafe fn reserve(&mut self, more: usize) -> bool {
        self.capacity - self.length >= more || self.grow(more)
    }

    #[cold]
    #[inline(never)]
    unsafe fn grow(&mut self, more: usize) -> bool {
        let capacity =
            self.length.saturating_add(more).max(self.capacity.saturating_mul(2)).max(64);
        let size = capacity.saturating_mul(size_of::<T>());
        let start = if size > isize::MAX as usize {
            ptr::null_mut()
        } else {
            PyMem_RawRealloc(self.start.cast(), size)
        };
        if start.is_null() {
            PyErr_NoMemory();
            return false;
        }
        self.start = start.cast();
        self.capacity = capacity;
        true
    }

    /// Adds an entry where there is room.
    #[inline(always)]
    pub unsafe fn push(&mut self, entry: T) {
        self.start.add(self.length).write(entry);
        self.length += 1;
    }

    /// Frees the memory; what the entries own is the caller's to give up.
    pub unsafe fn free(&mut self) {
        PyMem_RawFree(self.start.cast());
        *self = Stack::EMPTY;
    }
}
