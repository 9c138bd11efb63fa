//! The one context that a binary's own trampolines use.
//!
//! A binary has a variable for it, set by `HPyInitGlobalContext_NAME`. With thunks nothing reads that
//! variable, so the binary can serve any number of interpreters and modes. Without thunks calls go through
//! the trampolines, and the binary serves one context at a time: the first that loads it, until its
//! interpreter ends. Trampolines that go straight to implementations (`hpy_cpython::straight`) do so for the
//! first interpreter that loads the binary in universal mode, and only where others get thunks.

use crate::binary::{Entries, Place};
use crate::image;
use crate::raise::Raised;
use hpy_cpython::shortcuts::SERVE_STRAIGHT_CALLS;
use hpy_cpython::state::{self, Companion, InterpreterState};
use hpy_cpython::straight;
use hpy_sys::HPyContext;
use std::ffi::c_void;
use std::sync::{Mutex, MutexGuard, PoisonError};

/// A binary (known by its `HPyInitGlobalContext`) whose trampolines are in use.
struct Taken {
    binary: usize,
    ctx: usize,
    state: usize,
}

/// Binaries are shared by all interpreters of a process, so this list is too.
static TAKEN: Mutex<Vec<Taken>> = Mutex::new(Vec::new());

fn taken() -> MutexGuard<'static, Vec<Taken>> {
    TAKEN.lock().unwrap_or_else(PoisonError::into_inner)
}

/// The key of the companion that gives the trampolines back.
static KEY: u8 = 0;

/// The companion: one per interpreter that took trampolines.
struct Returner {
    state: usize,
    /// False while there may turn out to be another one already, whose place this one then does not take.
    attached: bool,
}

/// Sees to it that the trampolines are given back when the interpreter ends.
unsafe fn attach_returner(state: *mut InterpreterState) {
    let key = (&raw const KEY) as usize;
    if state::companion(state, key).is_some() {
        return;
    }
    let returner = Box::into_raw(Box::new(Returner { state: state as usize, attached: false }));
    let companion = Companion { key, data: returner.cast(), clear: None, free: give_back };
    if state::attach(state, companion) == returner.cast() {
        (*returner).attached = true;
    }
}

/// Frees the companion: the interpreter is gone, its trampolines are free for another.
unsafe extern "C" fn give_back(returner: *mut c_void) {
    // SAFETY: `attach_returner` made it, and a companion is freed once.
    let returner = Box::from_raw(returner.cast::<Returner>());
    if returner.attached {
        taken().retain(|one| one.state != returner.state);
    }
}

/// Lets the binary's trampolines use `ctx`, a context of the interpreter of `state`. Raises an ImportError
/// if they are needed and another context has them. `variable` is `HPyBinary::straight`.
pub unsafe fn take(
    place: &Place,
    entries: &Entries,
    variable: *mut *mut HPyContext,
    state: *mut InterpreterState,
    ctx: *mut HPyContext,
) -> Result<(), Raised> {
    let needed = !(*state).thunks.available();
    let binary = entries.init_global_context as usize;
    let mut all = taken();
    let other = match all.iter().find(|one| one.binary == binary) {
        Some(one) if one.ctx == ctx as usize => return Ok(()),
        Some(_) => true,
        // Trampolines that go straight to implementations take no other context along.
        None => needed && straight::is_for_another(variable, ctx),
    };
    if other && needed {
        drop(all);
        return Err(place.import_error(
            "it is loaded with another interpreter or in another mode already. Without thunks, which are \
             off (HPY_RS_THUNKS=0) or cannot be made on this system, a binary serves one interpreter in one \
             mode.",
        ));
    }
    if needed {
        all.push(Taken { binary, ctx: ctx as usize, state: state as usize });
    } else if !other
        && ctx == (*state).direct.ctx
        && SERVE_STRAIGHT_CALLS
        && straight::is_free(variable)
    {
        // Universal mode. (A context that wraps another sees every call, by thunk.)
        if let Some(image) = image::around(variable.cast()) {
            straight::take(state, variable, image);
        }
    }
    drop(all);
    if needed {
        attach_returner(state);
    }
    if !other {
        (entries.init_global_context)(ctx);
    }
    Ok(())
}
