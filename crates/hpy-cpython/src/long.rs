//! Integers.
//!
//! Reading an int of one digit is inline, as it is in CPython's own hot paths; everything else is the C
//! API's. The functions for 32 bits go through C's `long` and check the range themselves.

use crate::handle::{handle, object};
use crate::layout::small_int;
use crate::state;
use core::ffi::{CStr, c_ulong, c_void};
use core::ptr;
use hpy_sys::ext::{HPY_SMALL_INT_MIN, HPY_SMALL_INTS};
use hpy_sys::{HPy, HPy_ssize_t, HPyContext};
use pyo3_ffi::*;

/// The ints that CPython has one object of each: asked for once, then handed out without a call.
pub struct SmallInts([*mut PyObject; SMALL_COUNT]);

const SMALL_MIN: i64 = HPY_SMALL_INT_MIN;
const SMALL_COUNT: usize = HPY_SMALL_INTS;

impl SmallInts {
    /// None with an exception on failure.
    ///
    /// # Safety
    /// The calling thread is attached to the interpreter the ints are for.
    pub unsafe fn new() -> Option<Self> {
        let mut ints = SmallInts([ptr::null_mut(); SMALL_COUNT]);
        for (value, int) in (SMALL_MIN..).zip(&mut ints.0) {
            *int = PyLong_FromLongLong(value);
            if int.is_null() {
                ints.release();
                return None;
            }
        }
        Some(ints)
    }

    /// Where they are.
    pub fn objects(&self) -> *const *mut PyObject {
        self.0.as_ptr()
    }

    /// Gives up the ints, which are not used any more.
    ///
    /// # Safety
    /// As [`SmallInts::new`].
    pub unsafe fn release(&mut self) {
        for int in &mut self.0 {
            Py_CLEAR(int);
        }
    }

    /// A new reference to the int of this value, if it is one of them.
    #[inline(always)]
    unsafe fn get(&self, value: i64) -> Option<*mut PyObject> {
        let int = *self.0.get(value.wrapping_sub(SMALL_MIN) as usize)?;
        // Since 3.12 they are immortal: there is nothing to count.
        #[cfg(not(Py_3_12))]
        Py_INCREF(int);
        Some(int)
    }
}

/// A new reference to the int of this value, if it is one of [`SmallInts`].
#[inline(always)]
pub(crate) unsafe fn small(ctx: *mut HPyContext, value: i64) -> Option<*mut PyObject> {
    (*state::of(ctx)).small_ints.get(value)
}

/// The same for a value that may be too large for an i64.
#[inline(always)]
unsafe fn small_unsigned(ctx: *mut HPyContext, value: u64) -> Option<*mut PyObject> {
    if value < (SMALL_COUNT as u64).wrapping_add_signed(SMALL_MIN) {
        small(ctx, value as i64)
    } else {
        None
    }
}

/// Not inlined so that its callers leave by a jump.
#[inline(never)]
unsafe fn from_int64(value: i64) -> HPy {
    handle(PyLong_FromLongLong(value))
}

pub unsafe extern "C" fn HPyLong_FromInt32_t(ctx: *mut HPyContext, value: i32) -> HPy {
    if let Some(int) = small(ctx, value as i64) {
        return handle(int);
    }
    from_int64(value as i64)
}

pub unsafe extern "C" fn HPyLong_FromUInt32_t(ctx: *mut HPyContext, value: u32) -> HPy {
    if let Some(int) = small(ctx, value as i64) {
        return handle(int);
    }
    from_int64(value as i64)
}

pub unsafe extern "C" fn HPyLong_FromInt64_t(ctx: *mut HPyContext, v: i64) -> HPy {
    if let Some(int) = small(ctx, v) {
        return handle(int);
    }
    from_int64(v)
}

pub unsafe extern "C" fn HPyLong_FromUInt64_t(ctx: *mut HPyContext, v: u64) -> HPy {
    if let Some(int) = small_unsigned(ctx, v) {
        return handle(int);
    }
    from_uint64(v)
}

/// Not inlined so that its callers leave by a jump.
#[inline(never)]
unsafe fn from_uint64(v: u64) -> HPy {
    handle(PyLong_FromUnsignedLongLong(v))
}

pub unsafe extern "C" fn HPyLong_FromSize_t(ctx: *mut HPyContext, value: usize) -> HPy {
    if let Some(int) = small_unsigned(ctx, value as u64) {
        return handle(int);
    }
    from_uint64(value as u64)
}

pub unsafe extern "C" fn HPyLong_FromSsize_t(ctx: *mut HPyContext, value: HPy_ssize_t) -> HPy {
    if let Some(int) = small(ctx, value as i64) {
        return handle(int);
    }
    from_int64(value as i64)
}

pub unsafe extern "C" fn HPyLong_AsInt32_t(_ctx: *mut HPyContext, h: HPy) -> i32 {
    match small_int(object(h)) {
        Some(value) => value as i32,
        None => as_int32(object(h)),
    }
}

#[cold]
unsafe fn as_int32(object: *mut PyObject) -> i32 {
    let value = PyLong_AsLong(object);
    // Where long has 32 bits the C API has checked the range.
    #[allow(clippy::useless_conversion)]
    match i32::try_from(value) {
        Ok(value) => value,
        Err(_) => too_large(c"int32_t") as i32,
    }
}

pub unsafe extern "C" fn HPyLong_AsUInt32_t(_ctx: *mut HPyContext, h: HPy) -> u32 {
    match small_int(object(h)) {
        Some(value) if value >= 0 => value as u32,
        _ => as_uint32(object(h)),
    }
}

#[cold]
unsafe fn as_uint32(object: *mut PyObject) -> u32 {
    let value = PyLong_AsUnsignedLong(object);
    if value == c_ulong::MAX && !PyErr_Occurred().is_null() {
        return u32::MAX;
    }
    #[allow(clippy::useless_conversion)]
    match u32::try_from(value) {
        Ok(value) => value,
        Err(_) => too_large(c"uint32_t") as u32,
    }
}

/// OverflowError; the value that stands for an error.
#[cold]
unsafe fn too_large(what: &CStr) -> i64 {
    PyErr_Format(
        PyExc_OverflowError,
        c"Python int too large to convert to C %s".as_ptr(),
        what.as_ptr(),
    );
    -1
}

pub unsafe extern "C" fn HPyLong_AsUInt32_tMask(_ctx: *mut HPyContext, h: HPy) -> u32 {
    match small_int(object(h)) {
        Some(value) => value as u32,
        None => PyLong_AsUnsignedLongMask(object(h)) as u32,
    }
}

pub unsafe extern "C" fn HPyLong_AsInt64_t(_ctx: *mut HPyContext, h: HPy) -> i64 {
    match small_int(object(h)) {
        Some(value) => value as i64,
        None => PyLong_AsLongLong(object(h)),
    }
}

pub unsafe extern "C" fn HPyLong_AsUInt64_t(_ctx: *mut HPyContext, h: HPy) -> u64 {
    match small_int(object(h)) {
        Some(value) if value >= 0 => value as u64,
        _ => PyLong_AsUnsignedLongLong(object(h)),
    }
}

pub unsafe extern "C" fn HPyLong_AsUInt64_tMask(_ctx: *mut HPyContext, h: HPy) -> u64 {
    match small_int(object(h)) {
        Some(value) => value as u64,
        None => PyLong_AsUnsignedLongLongMask(object(h)),
    }
}

pub unsafe extern "C" fn HPyLong_AsSize_t(_ctx: *mut HPyContext, h: HPy) -> usize {
    match small_int(object(h)) {
        Some(value) if value >= 0 => value as usize,
        _ => PyLong_AsSize_t(object(h)),
    }
}

pub unsafe extern "C" fn HPyLong_AsSsize_t(_ctx: *mut HPyContext, h: HPy) -> HPy_ssize_t {
    match small_int(object(h)) {
        Some(value) => value,
        None => PyLong_AsSsize_t(object(h)),
    }
}

pub unsafe extern "C" fn HPyLong_AsVoidPtr(_ctx: *mut HPyContext, h: HPy) -> *mut c_void {
    PyLong_AsVoidPtr(object(h))
}

pub unsafe extern "C" fn HPyLong_AsDouble(_ctx: *mut HPyContext, h: HPy) -> f64 {
    match small_int(object(h)) {
        Some(value) => value as f64,
        None => PyLong_AsDouble(object(h)),
    }
}
