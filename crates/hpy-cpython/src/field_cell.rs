//! What a field holds where there is no GIL: a cell.
//!
//! `HPyField_Load` gets the field's value, read by the binary, an instant before. If that were the object,
//! another thread could store something else, give up the last reference and free the object before the
//! loading thread has taken a reference of its own. So the value is the address of a cell that holds the
//! object and a lock, and cells are never freed, only used again. Each new use has another generation, which
//! the field carries in its upper bits: who comes with an old one finds the field empty, as it was in
//! between.
//!
//! Each thread takes cells from a part of its own, so that the fields of two threads' objects do not lie side by side:
//! processors pass memory to each other in lines, and two that write to one line wait for each other.

use crate::lock::{self, Locked};
use alloc::boxed::Box;
use alloc::vec::Vec;
use core::cell::UnsafeCell;
use core::ptr;
use core::sync::atomic::{AtomicIsize, Ordering};
use hpy_sys::HPyField;
use pyo3_ffi::*;

struct Cell {
    mutex: UnsafeCell<PyMutex>,
    /// Counted up when the cell is given back. Guarded by the mutex, as is `value`.
    generation: UnsafeCell<u16>,
    value: UnsafeCell<*mut PyObject>,
    /// Where the cell goes when it is given back.
    part: *const Part,
}

/// Where the generation is in a field: above all addresses of user space.
const GENERATION: u32 = 48;

/// The cells of one interpreter. They live as long as its state, which every bound type uses.
pub struct Pool([Part; lock::PARTS]);

#[repr(C)]
struct Part {
    cells: Locked<Cells>,
    /// Keeps the parts of two threads from being in one line.
    apart: [u8; lock::LINE],
}

struct Cells {
    blocks: Vec<*mut [Cell]>,
    free: Vec<*mut Cell>,
}

/// Cells made at once.
const BLOCK: usize = 128;

impl Default for Pool {
    fn default() -> Self {
        Self::new()
    }
}

impl Pool {
    pub fn new() -> Self {
        Pool(core::array::from_fn(|_| Part {
            cells: Locked::new(Cells { blocks: Vec::new(), free: Vec::new() }),
            apart: [0; lock::LINE],
        }))
    }

    /// A cell of the calling thread's part.
    unsafe fn take(&self) -> *mut Cell {
        // A part is never out of range; the first one is there for the compiler.
        let [first, ..] = &self.0;
        let part = self.0.get(lock::part()).unwrap_or(first);
        part.cells.with(|cells| {
            loop {
                if let Some(cell) = cells.free.pop() {
                    return cell;
                }
                let block: Vec<Cell> = (0..BLOCK)
                    .map(|_| Cell {
                        mutex: UnsafeCell::new(PyMutex::new()),
                        generation: UnsafeCell::new(0),
                        value: UnsafeCell::new(ptr::null_mut()),
                        part,
                    })
                    .collect();
                let block = Box::into_raw(block.into_boxed_slice());
                cells.blocks.push(block);
                for index in 0..BLOCK {
                    cells.free.push(block.cast::<Cell>().add(index));
                }
            }
        })
    }
}

impl Drop for Pool {
    fn drop(&mut self) {
        // SAFETY: the state is being destroyed, so nothing reaches the pool or its cells any more.
        unsafe {
            for part in &self.0 {
                for &block in &(*part.cells.get()).blocks {
                    drop(Box::from_raw(block));
                }
            }
        }
    }
}

/// The cell of a field that is not null.
fn cell(bits: isize) -> *mut Cell {
    (bits as usize & ((1 << GENERATION) - 1)) as *mut Cell
}

/// Runs `f` with the place of the value, under the lock, unless the cell is in another use by now.
unsafe fn with<R>(bits: isize, f: impl FnOnce(&mut *mut PyObject, &mut u16) -> R) -> Option<R> {
    let cell = cell(bits);
    PyMutex_Lock((*cell).mutex.get());
    let generation = &mut *(*cell).generation.get();
    let result = if *generation == (bits as usize >> GENERATION) as u16 {
        Some(f(&mut *(*cell).value.get(), generation))
    } else {
        None
    };
    PyMutex_Unlock((*cell).mutex.get());
    result
}

unsafe fn shared<'a>(field: *mut HPyField) -> &'a AtomicIsize {
    AtomicIsize::from_ptr(&raw mut (*field)._i)
}

pub unsafe fn peek(field: HPyField) -> *mut PyObject {
    if field.is_null() { ptr::null_mut() } else { *(*cell(field._i)).value.get() }
}

pub unsafe fn load(field: HPyField) -> *mut PyObject {
    if field.is_null() {
        return ptr::null_mut();
    }
    let value = with(field._i, |value, _| {
        Py_XINCREF(*value);
        *value
    });
    value.unwrap_or(ptr::null_mut())
}

/// Takes over the reference to `object`.
pub unsafe fn store(pool: &Pool, field: *mut HPyField, object: *mut PyObject) {
    if object.is_null() {
        return clear(field);
    }
    let field = shared(field);
    loop {
        let bits = field.load(Ordering::Acquire);
        if bits == 0 {
            let cell = pool.take();
            // Nobody else has the cell, but some thread may still try it with an old generation.
            PyMutex_Lock((*cell).mutex.get());
            *(*cell).value.get() = object;
            let generation = *(*cell).generation.get();
            PyMutex_Unlock((*cell).mutex.get());
            let new = (cell as usize | (generation as usize) << GENERATION) as isize;
            if field.compare_exchange(0, new, Ordering::AcqRel, Ordering::Relaxed).is_ok() {
                return;
            }
            // Another thread was faster: on to the cell it has put there.
            give_back(new);
        } else if let Some(old) = with(bits, |value, _| ptr::replace(value, object)) {
            return Py_XDECREF(old);
        }
    }
}

pub unsafe fn clear(field: *mut HPyField) {
    let bits = shared(field).swap(0, Ordering::AcqRel);
    if bits != 0 {
        Py_XDECREF(give_back(bits));
    }
}

/// Ends this use of the cell; the value goes to the caller.
unsafe fn give_back(bits: isize) -> *mut PyObject {
    let old = with(bits, |value, generation| {
        *generation = generation.wrapping_add(1);
        ptr::replace(value, ptr::null_mut())
    });
    let cell = cell(bits);
    (*(*cell).part).cells.with(|cells| cells.free.push(cell));
    old.unwrap_or(ptr::null_mut())
}
