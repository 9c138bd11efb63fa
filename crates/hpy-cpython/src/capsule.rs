//! Capsules.
//!
//! A capsule of HPy is a capsule of CPython with the same name, pointer and context, so code of either API
//! can use the other's. An HPy destructor gets those three and no object; CPython calls a destructor with
//! the object and nothing else. Ours, [`run_destructor`], finds the implementation in a table of the
//! interpreter, by the capsule's address. (The binary's own trampoline would call through the context of
//! whichever interpreter loaded the binary last, which may be gone.)

use crate::err::Pending;
use crate::handle::{handle, object};
use crate::lock::Locked;
use crate::state;
use alloc::collections::BTreeMap;
use core::ffi::{CStr, c_char, c_int, c_void};
use core::{mem, ptr};
use hpy_sys::{
    HPy, HPyCapsule_Destructor, HPyCapsule_key, HPyCapsule_key_Context, HPyCapsule_key_Destructor,
    HPyCapsule_key_Name, HPyCapsule_key_Pointer, HPyContext,
};
use pyo3_ffi::*;

type Destructor = unsafe extern "C" fn(*const c_char, *mut c_void, *mut c_void);

/// The HPy destructors of one interpreter's capsules, by the capsule's address.
///
/// Code of the C API may replace a capsule's destructor behind our back. Its entry then stays, harmless,
/// until a capsule at the same address gets a destructor: entries are looked at by [`run_destructor`] only,
/// which CPython calls for capsules that have it.
pub struct Destructors(Locked<BTreeMap<usize, Destructor>>);

impl Default for Destructors {
    fn default() -> Self {
        Self::new()
    }
}

impl Destructors {
    pub fn new() -> Self {
        Destructors(Locked::new(BTreeMap::new()))
    }

    unsafe fn insert(&self, capsule: *mut PyObject, destructor: Destructor) {
        self.0.with(|map| map.insert(capsule as usize, destructor));
    }

    unsafe fn remove(&self, capsule: *mut PyObject) -> Option<Destructor> {
        self.0.with(|map| map.remove(&(capsule as usize)))
    }
}

/// What CPython calls when a capsule with an HPy destructor goes.
unsafe extern "C" fn run_destructor(capsule: *mut PyObject) {
    let pending = Pending::take();
    let state = state::existing();
    if !state.is_null()
        && let Some(destructor) = (*state).capsules.remove(capsule)
    {
        let name = PyCapsule_GetName(capsule);
        let pointer = PyCapsule_GetPointer(capsule, name);
        let context = PyCapsule_GetContext(capsule);
        destructor(name, pointer, context);
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
    let capsule = PyCapsule_New(pointer, utf8_name, Some(run_destructor));
    if !capsule.is_null() {
        (*state::of(ctx)).capsules.insert(capsule, destructor);
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
    let destructors = &(*state::of(ctx)).capsules;
    if destructor.is_null() {
        let status = PyCapsule_SetDestructor(capsule, None);
        if status == 0 {
            destructors.remove(capsule);
        }
        return status;
    }
    let Some(destructor) = implementation(destructor) else { return -1 };
    let status = PyCapsule_SetDestructor(capsule, Some(run_destructor));
    if status == 0 {
        destructors.insert(capsule, destructor);
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
