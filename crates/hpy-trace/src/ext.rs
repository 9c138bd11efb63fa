//! The extensions of trace contexts: see `hpy_sys::ext`. They pass through, uncounted.

use crate::state;
use core::ffi::{c_int, c_void};
use hpy_sys::ext::{HPyContent, HPyContextExt, HPyExtensions, HPyInPlace, HPyTreeNode};
use hpy_sys::*;

/// The extension table of every trace context.
pub static EXTENSIONS: HPyExtensions = HPyExtensions {
    size: size_of::<HPyExtensions>(),
    read_f64,
    read_i64,
    list_from_f64,
    list_from_i64,
    tuple_from_f64,
    tuple_from_i64,
    buffer_get,
    buffer_release,
    thread_attach,
    thread_detach,
    error_take,
    tree_new,
    tree_feed,
    tree_push,
    tree_pop,
    tree_free,
    contents_read,
    contents_close,
    type_set_constructor,
    walk_new,
    walk_enter,
    walk_next,
    walk_free,
    read_in_place,
};

/// What is read in place no trace sees.
unsafe extern "C" fn read_in_place(_ctx: *mut HPyContext, _out: *mut HPyInPlace) -> c_int {
    0
}

/// Calls go to `HPy_tp_new`, where the trace sees them.
unsafe extern "C" fn type_set_constructor(
    _ctx: *mut HPyContext,
    _h_type: HPy,
    _imp: *mut c_void,
) -> c_int {
    0
}

macro_rules! pass {
    ($(fn $name:ident($($arg:ident: $ty:ty),*) $(-> $returns:ty)?;)*) => {$(
        unsafe extern "C" fn $name(ctx: *mut HPyContext, $($arg: $ty),*) $(-> $returns)? {
            let base = state::of(ctx).base;
            ((*(*base.cast::<HPyContextExt>()).extensions).$name)(base, $($arg),*)
        }
    )*};
}

pass! {
    fn read_f64(sequence: HPy, out: *mut f64, capacity: HPy_ssize_t) -> HPy_ssize_t;
    fn read_i64(sequence: HPy, out: *mut i64, capacity: HPy_ssize_t) -> HPy_ssize_t;
    fn list_from_f64(values: *const f64, count: HPy_ssize_t) -> HPy;
    fn list_from_i64(values: *const i64, count: HPy_ssize_t) -> HPy;
    fn tuple_from_f64(values: *const f64, count: HPy_ssize_t) -> HPy;
    fn tuple_from_i64(values: *const i64, count: HPy_ssize_t) -> HPy;
    fn buffer_get(h: HPy, view: *mut HPy_buffer, flags: c_int) -> c_int;
    fn buffer_release(view: *mut HPy_buffer);
    fn error_take() -> HPy;
    fn thread_attach() -> *mut c_void;
    fn thread_detach(token: *mut c_void);
    fn tree_new() -> *mut c_void;
    fn tree_feed(tree: *mut c_void, nodes: *const HPyTreeNode, count: usize) -> c_int;
    fn tree_push(tree: *mut c_void, h: HPy) -> c_int;
    fn tree_pop(tree: *mut c_void) -> HPy;
    fn tree_free(tree: *mut c_void);
    fn contents_read(container: HPy, out: *mut HPyContent, capacity: HPy_ssize_t) -> HPy_ssize_t;
    fn contents_close(contents: *const HPyContent, count: usize);
    fn walk_new(flags: u64) -> *mut c_void;
    fn walk_enter(walk: *mut c_void, stands_for: HPy, items: HPy, pairs: c_int) -> c_int;
    fn walk_next(walk: *mut c_void, out: *mut HPyContent, capacity: HPy_ssize_t) -> HPy_ssize_t;
    fn walk_free(walk: *mut c_void);
}
