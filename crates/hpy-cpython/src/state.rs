//! What one interpreter has of its own: its base context, its globals, its thunks, the contexts that wrap it.
//!
//! There is no process-wide mutable state but the counter of `HPyGlobal` indices (see [`crate::global`]) and the
//! table of ready-made thunks, which is empty wherever thunks can be made (see [`crate::ready_made`]).
//! The state is found through the interpreter's own dict, so that several copies of this crate in one
//! process (statically linked extensions) do not see each other.
//!
//! # The end of an interpreter
//!
//! CPython clears the interpreter's dict when the modules are gone, but types and functions of a binary may
//! die later: in the last garbage collection, with other objects of the dict, or never. So a state has
//! users: the interpreter's dict, and every type and module whose definitions are bound
//! ([`crate::bind::Bindings`]). When the dict lets go ([`retire`]) the values of the globals go, since they
//! may be such types themselves; the context, its constants and the thunks stay until the last user goes.

use crate::lock::Locked;
use crate::{capsule, context, ext, global, long, shortcuts, straight, thunk, type_};
use alloc::boxed::Box;
use alloc::vec::Vec;
use core::ffi::c_void;
use core::ptr;
use core::sync::atomic::{AtomicUsize, Ordering};
use hpy_sys::HPyContext;
use hpy_sys::backend::CallTarget;
use hpy_sys::ext::{HPyContextExt, HPyShortcuts};
use pyo3_ffi::*;

/// The state of one interpreter.
pub struct InterpreterState {
    /// The base context; its `_private` points back here.
    pub base: Box<HPyContextExt>,
    /// The target of calls in universal mode: the base context, directly.
    pub direct: CallTarget,
    /// The ints that are made most.
    pub small_ints: long::SmallInts,
    /// The values of this interpreter's `HPyGlobal`s.
    pub globals: global::Table,
    /// What this interpreter's `HPyField`s hold.
    #[cfg(Py_GIL_DISABLED)]
    pub fields: crate::field::cell::Pool,
    /// The HPy destructors of this interpreter's capsules.
    pub capsules: capsule::Destructors,
    /// The executable thunks of this interpreter's definitions.
    pub thunks: thunk::Arena,
    /// How deep the release of instances has got.
    pub trash: type_::trash::Trash,
    /// The interpreter itself.
    pub interpreter: *mut PyInterpreterState,
    /// How many users keep the state: see the module's text.
    users: AtomicUsize,
    /// What else belongs to the interpreter, in the order it was attached.
    companions: Locked<Vec<Companion>>,
}

/// Something that lives with an interpreter's state: a context that wraps the base context, say.
#[derive(Clone, Copy)]
pub struct Companion {
    /// Tells companions apart; [`companion`] finds by it.
    pub key: usize,
    pub data: *mut c_void,
    /// Gives up what `data` holds of Python; called when the interpreter's dict lets go of the state.
    pub clear: Option<unsafe extern "C" fn(*mut c_void)>,
    /// Frees `data`; called once, after the last user is gone.
    pub free: unsafe extern "C" fn(*mut c_void),
}

/// Its address identifies this copy of the crate.
static COPY: u8 = 0;

const CAPSULE_NAME: &core::ffi::CStr = c"hpy_rs.interpreter_state";

/// The state that a base context belongs to.
///
/// # Safety
/// `ctx` is a live base context made by this crate.
#[inline(always)]
pub unsafe fn of(ctx: *mut HPyContext) -> *mut InterpreterState {
    (*ctx)._private.cast()
}

/// The state of the interpreter the calling thread is attached to, made at first use.
/// Null with an exception set on failure.
///
/// # Safety
/// The calling thread is attached.
pub unsafe fn current() -> *mut InterpreterState {
    let interpreter = PyInterpreterState_Get();
    let dict = PyInterpreterState_GetDict(interpreter);
    if dict.is_null() {
        PyErr_SetString(PyExc_RuntimeError, c"hpy: this interpreter has no state dict".as_ptr());
        return ptr::null_mut();
    }
    let key = PyLong_FromVoidPtr((&raw const COPY).cast_mut().cast());
    if key.is_null() {
        return ptr::null_mut();
    }
    let mut capsule = PyDict_GetItemWithError(dict, key);
    if capsule.is_null() && PyErr_Occurred().is_null() {
        // Two threads may get here at once; setdefault decides.
        let made = create(interpreter);
        if !made.is_null() {
            capsule = set_default(dict, key, made);
            Py_DECREF(made);
        }
    }
    Py_DECREF(key);
    if capsule.is_null() {
        return ptr::null_mut();
    }
    PyCapsule_GetPointer(capsule, CAPSULE_NAME.as_ptr()).cast()
}

#[cfg(not(GraalPy))]
use pyo3_ffi::PyDict_SetDefault as set_default;

/// As `PyDict_SetDefault`, which GraalPy has not got; it has a GIL.
#[cfg(GraalPy)]
unsafe fn set_default(
    dict: *mut PyObject,
    key: *mut PyObject,
    value: *mut PyObject,
) -> *mut PyObject {
    let there = PyDict_GetItemWithError(dict, key);
    if !there.is_null() || !PyErr_Occurred().is_null() {
        return there;
    }
    if PyDict_SetItem(dict, key, value) < 0 { ptr::null_mut() } else { value }
}

/// The state of the interpreter the calling thread is attached to if it has one, else null. May leave an
/// exception.
///
/// # Safety
/// The calling thread is attached.
pub unsafe fn existing() -> *mut InterpreterState {
    let dict = PyInterpreterState_GetDict(PyInterpreterState_Get());
    if dict.is_null() {
        return ptr::null_mut();
    }
    let key = PyLong_FromVoidPtr((&raw const COPY).cast_mut().cast());
    if key.is_null() {
        return ptr::null_mut();
    }
    let capsule = PyDict_GetItemWithError(dict, key);
    Py_DECREF(key);
    if capsule.is_null() {
        return ptr::null_mut();
    }
    PyCapsule_GetPointer(capsule, CAPSULE_NAME.as_ptr()).cast()
}

/// A new state in a capsule that retires it.
unsafe fn create(interpreter: *mut PyInterpreterState) -> *mut PyObject {
    let mut base = Box::new(HPyContextExt {
        base: context::template(),
        extensions: &raw const ext::EXTENSIONS,
        shortcuts: HPyShortcuts::NONE,
    });
    if !context::fill_constants(&mut base.base) {
        return ptr::null_mut();
    }
    let Some(small_ints) = long::SmallInts::new() else {
        context::drop_constants(&mut base.base);
        return ptr::null_mut();
    };
    let ctx: *mut HPyContext = (&raw mut *base).cast();
    let state = Box::into_raw(Box::new(InterpreterState {
        base,
        direct: CallTarget { ctx, entries: ptr::null() },
        small_ints,
        globals: global::Table::new(),
        #[cfg(Py_GIL_DISABLED)]
        fields: crate::field::cell::Pool::new(),
        capsules: capsule::Destructors::new(),
        thunks: thunk::Arena::new(),
        trash: type_::trash::Trash::default(),
        interpreter,
        users: AtomicUsize::new(1),
        companions: Locked::new(Vec::new()),
    }));
    (*ctx)._private = state.cast();
    (*state).base.shortcuts = shortcuts::offers(&(*state).small_ints);
    let capsule = PyCapsule_New(state.cast::<c_void>(), CAPSULE_NAME.as_ptr(), Some(destroy));
    if capsule.is_null() {
        release(state);
    }
    capsule
}

unsafe extern "C" fn destroy(capsule: *mut PyObject) {
    let state = PyCapsule_GetPointer(capsule, CAPSULE_NAME.as_ptr()).cast::<InterpreterState>();
    if !state.is_null() {
        retire(state);
    }
}

/// The interpreter's dict lets go of the state.
unsafe fn retire(state: *mut InterpreterState) {
    (*state).globals.clear();
    // Clearing may run code that attaches more.
    let mut next = 0;
    while let Some(companion) = (*state).companions.with(|all| all.get(next).copied()) {
        if let Some(clear) = companion.clear {
            clear(companion.data);
        }
        next += 1;
    }
    release(state);
}

/// One more user of the state.
///
/// # Safety
/// `state` is live; the calling thread is attached to its interpreter.
pub unsafe fn retain(state: *mut InterpreterState) {
    (*state).users.fetch_add(1, Ordering::Relaxed);
}

/// One user less; the last one frees the state.
///
/// # Safety
/// The caller was a user; the calling thread is attached to the state's interpreter.
pub unsafe fn release(state: *mut InterpreterState) {
    if (*state).users.fetch_sub(1, Ordering::AcqRel) != 1 {
        return;
    }
    while let Some(companion) = (*state).companions.with(Vec::pop) {
        (companion.free)(companion.data);
    }
    // What was stored since `retire`.
    (*state).globals.clear();
    straight::give_back(state);
    (*state).small_ints.release();
    context::drop_constants(&mut (*state).base.base);
    drop(Box::from_raw(state));
}

/// The companion with this key, if there is one.
///
/// # Safety
/// As [`retain`].
pub unsafe fn companion(state: *mut InterpreterState, key: usize) -> Option<*mut c_void> {
    (*state).companions.with(|all| all.iter().find(|one| one.key == key).map(|one| one.data))
}

/// Attaches a companion, unless another thread was first: then frees it again. Returns the data of the one
/// that is attached.
///
/// # Safety
/// As [`retain`]; the companion's functions take its data.
pub unsafe fn attach(state: *mut InterpreterState, companion: Companion) -> *mut c_void {
    let attached = (*state).companions.with(|all| {
        let there = all.iter().find(|one| one.key == companion.key).map(|one| one.data);
        if there.is_none() {
            all.push(companion);
        }
        there
    });
    if let Some(data) = attached {
        (companion.free)(companion.data);
        return data;
    }
    companion.data
}
