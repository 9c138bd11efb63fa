//! Binaries whose trampolines call implementations straight, with one context: see `HPyBinary::straight`.
//!
//! Where a definition's trampoline goes straight to its implementation there is nothing for a thunk to do, and
//! the compiler has often put the two together. But a binary has one variable for the context. So the first
//! interpreter that loads a binary takes it, for its base context, until it ends; calls in another one, and those
//! of contexts that wrap the base context, come by thunk.

use crate::spin::Spin;
use crate::state::InterpreterState;
use alloc::vec::Vec;
use core::ffi::c_void;
use core::ops::Range;
use hpy_sys::HPyContext;
use hpy_sys::ext::{HPY_EXTENSIONS_VERSION, HPyBinary, InitExtensions};

/// A binary that was taken. Addresses.
struct Taken {
    variable: usize,
    state: usize,
    /// The whole of the binary, as it lies in memory.
    image: Range<usize>,
}

/// Interpreters share binaries.
static TAKEN: Spin<Vec<Taken>> = Spin::new(Vec::new());

/// Promises extensions to a binary, by its `HPyInitExtensions_NAME`; what it says of itself.
///
/// # Safety
/// `init` is that function of a loaded binary, for contexts of this crate.
pub unsafe fn describe(init: InitExtensions) -> HPyBinary {
    let mut binary = HPyBinary::new();
    // One thread at a time: the function writes to variables of the binary.
    TAKEN.with(|_| init(HPY_EXTENSIONS_VERSION, &raw mut binary));
    binary
}

/// Takes a binary for the state's base context; returns whether that has it.
///
/// # Safety
/// `variable` is that of a binary that is never unloaded and lies at `image`, or null; the calling thread is
/// attached to the interpreter of `state`.
pub unsafe fn take(
    state: *mut InterpreterState,
    variable: *mut *mut HPyContext,
    image: Range<usize>,
) -> bool {
    if variable.is_null() {
        return false;
    }
    let ctx = (*state).direct.ctx;
    TAKEN.with(|all| {
        if (*variable).is_null() {
            all.push(Taken { variable: variable as usize, state: state as usize, image });
            *variable = ctx;
        }
        *variable == ctx
    })
}

/// Whether nobody has taken the binary.
///
/// # Safety
/// As [`is_for_another`].
pub unsafe fn is_free(variable: *mut *mut HPyContext) -> bool {
    !variable.is_null() && TAKEN.with(|_| (*variable).is_null())
}

/// Whether the binary's trampolines go straight to implementations with another context than `ctx`.
///
/// # Safety
/// `variable` is that of a loaded binary, or null.
pub unsafe fn is_for_another(variable: *mut *mut HPyContext, ctx: *mut HPyContext) -> bool {
    !variable.is_null() && TAKEN.with(|_| !(*variable).is_null() && *variable != ctx)
}

/// Whether `trampoline` is of a binary that the state has taken.
///
/// # Safety
/// As [`take`].
pub unsafe fn serves(state: *mut InterpreterState, trampoline: *const c_void) -> bool {
    TAKEN.with(|all| {
        all.iter()
            .any(|one| one.state == state as usize && one.image.contains(&(trampoline as usize)))
    })
}

/// Gives the state's binaries back: no definition of them is bound to it any more.
///
/// # Safety
/// As [`take`].
pub unsafe fn give_back(state: *mut InterpreterState) {
    TAKEN.with(|all| {
        all.retain(|one| {
            let others = one.state != state as usize;
            if !others {
                // The binary is still loaded.
                *(one.variable as *mut *mut HPyContext) = core::ptr::null_mut();
            }
            others
        });
    });
}
