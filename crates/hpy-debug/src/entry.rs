//! The entries of signatures with arrays of arguments or with buffers; the others are generated.

use crate::call::Handles;
use crate::upcall::Upcall;
use core::ffi::{c_int, c_void};
use core::mem;
use hpy_sys::backend::Entry;
use hpy_sys::*;

type Args = unsafe extern "C" fn(*mut HPyContext, HPy, *const HPy, usize) -> HPy;
type UpperArgs = unsafe extern "C" fn(*const Entry, HPy, *const HPy, usize) -> HPy;
type ArgsKw = unsafe extern "C" fn(*mut HPyContext, HPy, *const HPy, usize, HPy) -> HPy;
type UpperArgsKw = unsafe extern "C" fn(*const Entry, HPy, *const HPy, usize, HPy) -> HPy;
type Init = unsafe extern "C" fn(*mut HPyContext, HPy, *const HPy, HPy_ssize_t, HPy) -> c_int;
type UpperInit = unsafe extern "C" fn(*const Entry, HPy, *const HPy, HPy_ssize_t, HPy) -> c_int;
type New = unsafe extern "C" fn(*mut HPyContext, HPy, *const HPy, HPy_ssize_t, HPy) -> HPy;
type UpperNew = unsafe extern "C" fn(*const Entry, HPy, *const HPy, HPy_ssize_t, HPy) -> HPy;
type GetBuffer = unsafe extern "C" fn(*mut HPyContext, HPy, *mut HPy_buffer, c_int) -> c_int;
type UpperGetBuffer = unsafe extern "C" fn(*const Entry, HPy, *mut HPy_buffer, c_int) -> c_int;
type ReleaseBuffer = unsafe extern "C" fn(*mut HPyContext, HPy, *mut HPy_buffer);
type UpperReleaseBuffer = unsafe extern "C" fn(*const Entry, HPy, *mut HPy_buffer);

pub unsafe extern "C" fn VARARGS<const S: bool>(
    entry: *const Entry,
    h_self: HPy,
    args: *const HPy,
    nargs: usize,
) -> HPy {
    let up = Upcall::<S>::begin(entry);
    let h = up.argument(h_self);
    let mut handles = Handles::empty();
    up.arguments(&mut handles, args, nargs);
    let result = match up.upper() {
        _ if up.is_starved() => HPy::NULL,
        None => mem::transmute::<*const c_void, Args>((*entry).imp)(
            up.ctx(),
            h.h,
            handles.as_ptr(),
            nargs,
        ),
        Some(imp) => mem::transmute::<*const c_void, UpperArgs>(imp)(
            &up.upper_entry(),
            h.h,
            handles.as_ptr(),
            nargs,
        ),
    };
    up.returned();
    up.end_argument(h);
    up.end_arguments(&handles);
    up.handle_result(result)
}

pub unsafe extern "C" fn KEYWORDS<const S: bool>(
    entry: *const Entry,
    h_self: HPy,
    args: *const HPy,
    nargs: usize,
    kwnames: HPy,
) -> HPy {
    let up = Upcall::<S>::begin(entry);
    let base = up.frame.base;
    let keywords =
        if kwnames.is_null() { 0 } else { api::HPy_Length(base, kwnames).max(0) as usize };
    let h = up.argument(h_self);
    let mut handles = Handles::empty();
    up.arguments(&mut handles, args, nargs + keywords);
    let kw = up.argument(kwnames);
    let result = match up.upper() {
        _ if up.is_starved() => HPy::NULL,
        None => mem::transmute::<*const c_void, ArgsKw>((*entry).imp)(
            up.ctx(),
            h.h,
            handles.as_ptr(),
            nargs,
            kw.h,
        ),
        Some(imp) => mem::transmute::<*const c_void, UpperArgsKw>(imp)(
            &up.upper_entry(),
            h.h,
            handles.as_ptr(),
            nargs,
            kw.h,
        ),
    };
    up.returned();
    up.end_argument(h);
    up.end_arguments(&handles);
    up.end_argument(kw);
    up.handle_result(result)
}

pub unsafe extern "C" fn INITPROC<const S: bool>(
    entry: *const Entry,
    h_self: HPy,
    args: *const HPy,
    nargs: HPy_ssize_t,
    kw: HPy,
) -> c_int {
    let up = Upcall::<S>::begin(entry);
    let h = up.argument(h_self);
    let mut handles = Handles::empty();
    up.arguments(&mut handles, args, nargs.max(0) as usize);
    let kw = up.argument(kw);
    let result = match up.upper() {
        _ if up.is_starved() => -1,
        None => mem::transmute::<*const c_void, Init>((*entry).imp)(
            up.ctx(),
            h.h,
            handles.as_ptr(),
            nargs,
            kw.h,
        ),
        Some(imp) => mem::transmute::<*const c_void, UpperInit>(imp)(
            &up.upper_entry(),
            h.h,
            handles.as_ptr(),
            nargs,
            kw.h,
        ),
    };
    up.returned();
    up.end_argument(h);
    up.end_arguments(&handles);
    up.end_argument(kw);
    up.number_result(result as isize);
    result
}

pub unsafe extern "C" fn NEWFUNC<const S: bool>(
    entry: *const Entry,
    h_type: HPy,
    args: *const HPy,
    nargs: HPy_ssize_t,
    kw: HPy,
) -> HPy {
    let up = Upcall::<S>::begin(entry);
    let h = up.argument(h_type);
    let mut handles = Handles::empty();
    up.arguments(&mut handles, args, nargs.max(0) as usize);
    let kw = up.argument(kw);
    let result = match up.upper() {
        _ if up.is_starved() => HPy::NULL,
        None => mem::transmute::<*const c_void, New>((*entry).imp)(
            up.ctx(),
            h.h,
            handles.as_ptr(),
            nargs,
            kw.h,
        ),
        Some(imp) => mem::transmute::<*const c_void, UpperNew>(imp)(
            &up.upper_entry(),
            h.h,
            handles.as_ptr(),
            nargs,
            kw.h,
        ),
    };
    up.returned();
    up.end_argument(h);
    up.end_arguments(&handles);
    up.end_argument(kw);
    up.handle_result(result)
}

pub unsafe extern "C" fn GETBUFFERPROC<const S: bool>(
    entry: *const Entry,
    h_self: HPy,
    view: *mut HPy_buffer,
    flags: c_int,
) -> c_int {
    let up = Upcall::<S>::begin(entry);
    let h = up.argument(h_self);
    let result = match up.upper() {
        _ if up.is_starved() => -1,
        None => {
            mem::transmute::<*const c_void, GetBuffer>((*entry).imp)(up.ctx(), h.h, view, flags)
        }
        Some(imp) => mem::transmute::<*const c_void, UpperGetBuffer>(imp)(
            &up.upper_entry(),
            h.h,
            view,
            flags,
        ),
    };
    up.returned();
    if !view.is_null() {
        // The view owns its object: the handle goes, the reference stays.
        let exporter = (*view).obj;
        (*view).obj =
            if result < 0 || exporter.is_null() { HPy::NULL } else { up.give_away(exporter) };
    }
    up.end_argument(h);
    up.number_result(result as isize);
    result
}

pub unsafe extern "C" fn RELEASEBUFFERPROC<const S: bool>(
    entry: *const Entry,
    h_self: HPy,
    view: *mut HPy_buffer,
) {
    let up = Upcall::<S>::begin(entry);
    let h = up.argument(h_self);
    let inner = if view.is_null() { HPy::NULL } else { (*view).obj };
    let exporter = up.argument(inner);
    if !view.is_null() {
        (*view).obj = exporter.h;
    }
    match up.upper() {
        _ if up.is_starved() => {}
        None => mem::transmute::<*const c_void, ReleaseBuffer>((*entry).imp)(up.ctx(), h.h, view),
        Some(imp) => {
            mem::transmute::<*const c_void, UpperReleaseBuffer>(imp)(&up.upper_entry(), h.h, view)
        }
    }
    up.returned();
    if !view.is_null() {
        (*view).obj = inner;
    }
    up.end_argument(exporter);
    up.end_argument(h);
    up.no_result(());
}
