//! What the library brings so that it needs nothing of Rust's `std`: where memory comes from and where a panic
//! ends. `build_library.py` leaves `std` out and lets its symbols mean [`_hpy_static_abort`].

use core::alloc::{GlobalAlloc, Layout};

/// The C library's allocator, which the extension around us uses too.
struct Malloc;

/// What `malloc` aligns to.
const ALIGNMENT: usize = 2 * size_of::<usize>();

// SAFETY: `malloc` and its relatives give blocks of the size asked for, aligned to ALIGNMENT; hpy-cpython
// allocates nothing that needs more, and a request for more gets nothing.
unsafe impl GlobalAlloc for Malloc {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        if layout.align() > ALIGNMENT {
            return core::ptr::null_mut();
        }
        libc::malloc(layout.size()).cast()
    }

    unsafe fn dealloc(&self, block: *mut u8, _layout: Layout) {
        libc::free(block.cast());
    }

    unsafe fn realloc(&self, block: *mut u8, _layout: Layout, size: usize) -> *mut u8 {
        libc::realloc(block.cast(), size).cast()
    }
}

#[global_allocator]
static MALLOC: Malloc = Malloc;

/// Where a panic, a failed allocation and anything else ends that `std` would handle.
///
/// # Safety
/// None is needed: it does not return.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn _hpy_static_abort() -> ! {
    pyo3_ffi::Py_FatalError(c"hpy: internal error in a C extension of the cpython ABI".as_ptr())
}
