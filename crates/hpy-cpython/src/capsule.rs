//! Capsules.
//!
//! A capsule of HPy is a capsule of CPython with the same name, pointer and context, so code of either API
//! can use the other's. An HPy destructor gets those three and no object; CPython calls a destructor with
//! the object and nothing else. Ours, [`run_destructor`], finds the implementation in a table of the
//! interpreter, by the capsule's address. (The binary's own trampoline would call through the context of
//! whichever interpreter loaded the binary last, which may be gone.)
//!
//! How it finds the interpreter's table: CPython calls a thunk that adds the state, and each entry of the
//! table is a user of the state, so both are there for capsules that outlive the interpreter's dict. Where
//! there are no thunks CPython calls [`look_up_and_run`], which knows the interpreter by its dict.

use crate::err::Pending;
use crate::handle::{handle, object};
use crate::lock::Locked;
use crate::state::{self, InterpreterState};
use crate::thunk::Kind;
use alloc::collections::BTreeMap;
use core::ffi::{CStr, c_char, c_int, c_void};
use core::{mem, ptr};
use hpy_sys::backend::DestructorWatcher;
use hpy_sys::{
    HPy, HPyCapsule_Destructor, HPyCapsule_key, HPyCapsule_key_Context, HPyCapsule_key_Destructor,
    HPyCapsule_key_Name, HPyCapsule_key_Pointer, HPyContext,
};
use pyo3_ffi::*;

type Destructor = unsafe extern "C" fn(*const c_char, *mut c_void, *mut c_void);

/// The HPy destructors of one interpreter's capsules.
///
/// Code of the C API may replace a capsule's destructor behind our back. Its entry then stays, harmless,
/// until a capsule at the same address gets a destructor: entries are looked at by [`run_destructor`] only,
/// which CPython calls for capsules that have it.
pub struct Destructors(Locked<Contents>);

struct Contents {
    /// By the capsule's address.
    by_capsule: BTreeMap<usize, Destructor>,
    /// What CPython calls, once it was needed.
    entry: Option<PyCapsule_Destructor>,
    /// Who is told of destructors that leave an exception set.
    watcher: Option<(DestructorWatcher, *mut c_void)>,
}

impl Default for Destructors {
    fn default() -> Self {
        Self::new()
    }
}

impl Destructors {
    pub fn new() -> Self {
        Destructors(Locked::new(Contents {
            by_capsule: BTreeMap::new(),
            entry: None,
            watcher: None,
        }))
    }
}

/// The destructor to give to CPython.
unsafe fn entry(state: *mut InterpreterState) -> PyCapsule_Destructor {
    let known = (*state).capsules.0.with(|contents| contents.entry);
    if let Some(entry) = known {
        return entry;
    }
    let run = run_destructor as unsafe extern "C" fn(_, _) as *const c_void;
    let entry = match (*state).thunks.make(Kind::Shift, state.cast_const().cast(), run) {
        Some(thunk) => mem::transmute::<*const c_void, PyCapsule_Destructor>(thunk.code()),
        None => look_up_and_run,
    };
    // Of two threads that get here at once one makes a thunk too many: it goes with the state.
    (*state).capsules.0.with(|contents| *contents.entry.get_or_insert(entry))
}

unsafe fn insert(state: *mut InterpreterState, capsule: *mut PyObject, destructor: Destructor) {
    let old = (*state)
        .capsules
        .0
        .with(|contents| contents.by_capsule.insert(capsule as usize, destructor));
    if old.is_none() {
        state::retain(state);
    }
}

/// Takes the capsule's entry out; whoever calls `state::release` for it is the caller.
unsafe fn take(state: *mut InterpreterState, capsule: *mut PyObject) -> Option<Destructor> {
    (*state).capsules.0.with(|contents| contents.by_capsule.remove(&(capsule as usize)))
}

/// What CPython calls, through the thunk, when a capsule with an HPy destructor goes.
unsafe extern "C" fn run_destructor(state: *mut InterpreterState, capsule: *mut PyObject) {
    let Some(destructor) = take(state, capsule) else { return };
    let name = PyCapsule_GetName(capsule);
    let pointer = PyCapsule_GetPointer(capsule, name);
    let context = PyCapsule_GetContext(capsule);
    let pending = Pending::take();
    destructor(name, pointer, context);
    if !PyErr_Occurred().is_null() {
        raised(state, name);
    }
    pending.restore();
    state::release(state);
}

/// A destructor has nobody to raise to: what it leaves set would come up anywhere later.
#[cold]
unsafe fn raised(state: *mut InterpreterState, name: *const c_char) {
    if let Some((watcher, data)) = (*state).capsules.0.with(|contents| contents.watcher) {
        watcher(data, name);
    }
    PyErr_WriteUnraisable(ptr::null_mut());
}

/// Sets who is told of destructors that leave an exception set: see `hpy_sys::backend`.
pub unsafe extern "C" fn watch(
    ctx: *mut HPyContext,
    watcher: Option<DestructorWatcher>,
    data: *mut c_void,
) {
    let watcher = watcher.map(|watcher| (watcher, data));
    (*state::of(ctx)).capsules.0.with(|contents| contents.watcher = watcher);
}

/// [`run_destructor`] where there is no thunk.
unsafe extern "C" fn look_up_and_run(capsule: *mut PyObject) {
    let pending = Pending::take();
    let state = state::existing();
    if !state.is_null() {
        run_destructor(state, capsule);
    }
    pending.restore();
}

/// The implementation of a destructor; None with a ValueError where it is not complete.
unsafe fn implementation(destructor: *mut HPyCapsule_Destructor) -> Option<Destructor> {
    let HPyCapsule_Destructor { cpy_trampoline, imp } = *destructor;
    if imp.is_null() || cpy_trampoline.is_null() {
        PyErr_SetString(
            PyExc_ValueError,
            c"Invalid HPyCapsule destructor: its functions must not be NULL, define it with HPyCapsule_DESTRUCTOR".as_ptr(),
        );
        return None;
    }
    Some(mem::transmute::<*mut c_void, Destructor>(imp))
}

pub unsafe extern "C" fn HPyCapsule_New(
    ctx: *mut HPyContext,
    pointer: *mut c_void,
    utf8_name: *const c_char,
    destructor: *mut HPyCapsule_Destructor,
) -> HPy {
    if destructor.is_null() {
        return handle(PyCapsule_New(pointer, utf8_name, None));
    }
    let Some(destructor) = implementation(destructor) else { return HPy::NULL };
    let state = state::of(ctx);
    let capsule = PyCapsule_New(pointer, utf8_name, Some(entry(state)));
    if !capsule.is_null() {
        insert(state, capsule, destructor);
    }
    handle(capsule)
}

pub unsafe extern "C" fn HPyCapsule_Get(
    _ctx: *mut HPyContext,
    capsule: HPy,
    key: HPyCapsule_key,
    utf8_name: *const c_char,
) -> *mut c_void {
    match key {
        HPyCapsule_key_Pointer => PyCapsule_GetPointer(object(capsule), utf8_name),
        HPyCapsule_key_Name => PyCapsule_GetName(object(capsule)).cast_mut().cast(),
        HPyCapsule_key_Context => PyCapsule_GetContext(object(capsule)),
        HPyCapsule_key_Destructor => {
            PyErr_SetString(
                PyExc_ValueError,
                c"HPyCapsule_Get: a capsule's destructor can be set but not read".as_ptr(),
            );
            ptr::null_mut()
        }
        _ => {
            unknown_key(c"HPyCapsule_Get", key);
            ptr::null_mut()
        }
    }
}

pub unsafe extern "C" fn HPyCapsule_IsValid(
    _ctx: *mut HPyContext,
    capsule: HPy,
    utf8_name: *const c_char,
) -> c_int {
    PyCapsule_IsValid(object(capsule), utf8_name)
}

/// `value` is what the key says: the pointer, the name, the context, or an `HPyCapsule_Destructor *`.
pub unsafe extern "C" fn HPyCapsule_Set(
    ctx: *mut HPyContext,
    capsule: HPy,
    key: HPyCapsule_key,
    value: *mut c_void,
) -> c_int {
    match key {
        HPyCapsule_key_Pointer => PyCapsule_SetPointer(object(capsule), value),
        HPyCapsule_key_Name => PyCapsule_SetName(object(capsule), value.cast()),
        HPyCapsule_key_Context => PyCapsule_SetContext(object(capsule), value),
        HPyCapsule_key_Destructor => set_destructor(ctx, object(capsule), value.cast()),
        _ => {
            unknown_key(c"HPyCapsule_Set", key);
            -1
        }
    }
}

unsafe fn set_destructor(
    ctx: *mut HPyContext,
    capsule: *mut PyObject,
    destructor: *mut HPyCapsule_Destructor,
) -> c_int {
    let state = state::of(ctx);
    if destructor.is_null() {
        let status = PyCapsule_SetDestructor(capsule, None);
        if status == 0 && take(state, capsule).is_some() {
            state::release(state);
        }
        return status;
    }
    let Some(destructor) = implementation(destructor) else { return -1 };
    let status = PyCapsule_SetDestructor(capsule, Some(entry(state)));
    if status == 0 {
        insert(state, capsule, destructor);
    }
    status
}

#[cold]
unsafe fn unknown_key(function: &CStr, key: HPyCapsule_key) {
    PyErr_Format(
        PyExc_ValueError,
        c"%s: unknown key %d, expected HPyCapsule_key_Pointer (0) to HPyCapsule_key_Destructor (3)"
            .as_ptr(),
        function.as_ptr(),
        key,
    );
}
