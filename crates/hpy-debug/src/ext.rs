//! The extensions of debug contexts: see `hpy_sys::ext`. The same checks as for the base functions.

use crate::call::Call;
use crate::frame::Frame;
use crate::state;
use core::ffi::{c_int, c_void};
use core::ptr;
use hpy_sys::ext::{HPyContent, HPyContextExt, HPyExtensions, HPyInPlace, HPyTreeNode};
use hpy_sys::*;

/// The extension table of every debug context.
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

/// Debug mode sees what is read.
unsafe extern "C" fn read_in_place(_ctx: *mut HPyContext, _out: *mut HPyInPlace) -> c_int {
    0
}

/// Stands for the extension functions in messages.
const FUNCTION: u16 = crate::backend::index("_HPy_Dump");

unsafe fn below(call: &Call) -> &'static HPyExtensions {
    &*(*call.base.cast::<HPyContextExt>()).extensions
}

macro_rules! read {
    ($name:ident, $item:ty) => {
        unsafe extern "C" fn $name(
            ctx: *mut HPyContext,
            sequence: HPy,
            out: *mut $item,
            capacity: HPy_ssize_t,
        ) -> HPy_ssize_t {
            let call = Call::begin(ctx, FUNCTION);
            let Some(sequence) = call.handle(sequence, "sequence") else { return -1 };
            let count = (below(&call).$name)(call.base, sequence, out, capacity);
            if count < 0 {
                call.failed();
            }
            count
        }
    };
}

macro_rules! make {
    ($name:ident, $item:ty) => {
        unsafe extern "C" fn $name(
            ctx: *mut HPyContext,
            values: *const $item,
            count: HPy_ssize_t,
        ) -> HPy {
            let call = Call::begin(ctx, FUNCTION);
            call.new_handle((below(&call).$name)(call.base, values, count))
        }
    };
}

read!(read_f64, f64);
read!(read_i64, i64);
make!(list_from_f64, f64);
make!(list_from_i64, i64);
make!(tuple_from_f64, f64);
make!(tuple_from_i64, i64);

unsafe extern "C" fn buffer_get(
    ctx: *mut HPyContext,
    h: HPy,
    view: *mut HPy_buffer,
    flags: c_int,
) -> c_int {
    let call = Call::begin(ctx, FUNCTION);
    let Some(h) = call.handle(h, "h") else { return -1 };
    let status = (below(&call).buffer_get)(call.base, h, view, flags);
    if status < 0 {
        call.failed();
        return status;
    }
    let exporter = (*view).obj;
    if !exporter.is_null() {
        let wrapped = call.shared().open_in(call.frame, exporter, crate::records::VIEW);
        if wrapped.is_null() {
            (below(&call).buffer_release)(call.base, view);
            call.failed();
            api::HPyErr_NoMemory(call.base);
            return -1;
        }
        (*view).obj = wrapped;
    }
    status
}

unsafe extern "C" fn buffer_release(ctx: *mut HPyContext, view: *mut HPy_buffer) {
    let call = Call::begin(ctx, FUNCTION);
    let wrapped = (*view).obj;
    if wrapped.is_null() {
        return;
    }
    let Some(exporter) = call.handle(wrapped, "view->obj") else { return };
    // A hook may have let the program go on with a view that was released before.
    if let Some(record) = call.shared().records.open(wrapped) {
        call.shared().close(record);
        (*view).obj = exporter;
        (below(&call).buffer_release)(call.base, view);
    }
}

/// A thread that an extension attached, until it detaches it.
struct Attached {
    frame: Frame,
    below: *mut c_void,
}

unsafe extern "C" fn thread_attach(ctx: *mut HPyContext) -> *mut c_void {
    let state = state::of(ctx);
    let extensions = &*(*state.base.cast::<HPyContextExt>()).extensions;
    let below = (extensions.thread_attach)(state.base);
    if below.is_null() {
        return ptr::null_mut();
    }
    // Handles of the call that started the thread may be used in it: it counts as part of that call.
    let attached = Box::new(Attached { frame: Frame::new(state), below });
    attached.frame.ctx.set(ctx);
    attached.frame.push(ptr::null(), 0);
    Box::into_raw(attached).cast()
}

unsafe extern "C" fn thread_detach(ctx: *mut HPyContext, token: *mut c_void) {
    if token.is_null() {
        return;
    }
    let attached = Box::from_raw(token.cast::<Attached>());
    attached.frame.remove();
    let state = state::of(ctx);
    let extensions = &*(*state.base.cast::<HPyContextExt>()).extensions;
    (extensions.thread_detach)(state.base, attached.below);
}

unsafe extern "C" fn error_take(ctx: *mut HPyContext) -> HPy {
    let call = Call::begin(ctx, FUNCTION);
    let taken = (below(&call).error_take)(call.base);
    call.frame.marks.pending.set(0);
    if taken.is_null() { HPy::NULL } else { call.new_handle(taken) }
}

unsafe extern "C" fn tree_new(ctx: *mut HPyContext) -> *mut c_void {
    let call = Call::begin(ctx, FUNCTION);
    let tree = (below(&call).tree_new)(call.base);
    if tree.is_null() {
        call.failed();
    }
    tree
}

unsafe extern "C" fn tree_feed(
    ctx: *mut HPyContext,
    tree: *mut c_void,
    nodes: *const HPyTreeNode,
    count: usize,
) -> c_int {
    let call = Call::begin(ctx, FUNCTION);
    let status = (below(&call).tree_feed)(call.base, tree, nodes, count);
    if status < 0 {
        call.failed();
    }
    status
}

unsafe extern "C" fn tree_push(ctx: *mut HPyContext, tree: *mut c_void, h: HPy) -> c_int {
    let call = Call::begin(ctx, FUNCTION);
    let Some(h) = call.handle(h, "h") else { return -1 };
    let status = (below(&call).tree_push)(call.base, tree, h);
    if status < 0 {
        call.failed();
    }
    status
}

unsafe extern "C" fn tree_pop(ctx: *mut HPyContext, tree: *mut c_void) -> HPy {
    let call = Call::begin(ctx, FUNCTION);
    call.new_handle((below(&call).tree_pop)(call.base, tree))
}

unsafe extern "C" fn tree_free(ctx: *mut HPyContext, tree: *mut c_void) {
    let call = Call::begin(ctx, FUNCTION);
    (below(&call).tree_free)(call.base, tree);
}

unsafe extern "C" fn contents_read(
    ctx: *mut HPyContext,
    container: HPy,
    out: *mut HPyContent,
    capacity: HPy_ssize_t,
) -> HPy_ssize_t {
    let call = Call::begin(ctx, FUNCTION);
    let Some(container) = call.handle(container, "container") else { return -1 };
    let count = (below(&call).contents_read)(call.base, container, out, capacity);
    if count < 0 {
        call.failed();
        return count;
    }
    if count > capacity { count } else { wrap_contents(ctx, &call, out, count) }
}

/// Handles of the debug context in the place of those of the context below. The number of items, or -1 with an
/// exception and nothing left open.
unsafe fn wrap_contents(
    ctx: *mut HPyContext,
    call: &Call,
    out: *mut HPyContent,
    count: HPy_ssize_t,
) -> HPy_ssize_t {
    for index in 0..count {
        let content = &mut *out.offset(index);
        if content.handle.is_null() {
            continue;
        }
        let wrapped = call.new_handle(content.handle);
        content.handle = wrapped;
        if wrapped.is_null() {
            // Those before are wrapped, those behind are not yet.
            for before in 0..index {
                close_wrapped(ctx, &*out.offset(before));
            }
            for behind in index + 1..count {
                let h = (*out.offset(behind)).handle;
                if !h.is_null() {
                    api::HPy_Close(call.base, h);
                }
            }
            return -1;
        }
    }
    count
}

unsafe fn close_wrapped(ctx: *mut HPyContext, content: &HPyContent) {
    if !content.handle.is_null() {
        api::HPy_Close(ctx, content.handle);
    }
}

unsafe extern "C" fn contents_close(
    ctx: *mut HPyContext,
    contents: *const HPyContent,
    count: usize,
) {
    for index in 0..count {
        close_wrapped(ctx, &*contents.add(index));
    }
}

/// Calls go to `HPy_tp_new`, whose arguments are checked.
unsafe extern "C" fn type_set_constructor(
    ctx: *mut HPyContext,
    h_type: HPy,
    _imp: *mut c_void,
) -> c_int {
    let call = Call::begin(ctx, FUNCTION);
    if call.handle(h_type, "h_type").is_none() { -1 } else { 0 }
}

unsafe extern "C" fn walk_new(ctx: *mut HPyContext, flags: u64) -> *mut c_void {
    let call = Call::begin(ctx, FUNCTION);
    let walk = (below(&call).walk_new)(call.base, flags);
    if walk.is_null() {
        call.failed();
    }
    walk
}

unsafe extern "C" fn walk_enter(
    ctx: *mut HPyContext,
    walk: *mut c_void,
    stands_for: HPy,
    items: HPy,
    pairs: c_int,
) -> c_int {
    let call = Call::begin(ctx, FUNCTION);
    let stands_for = if stands_for.is_null() {
        HPy::NULL
    } else {
        let Some(stands_for) = call.handle(stands_for, "stands_for") else { return -1 };
        stands_for
    };
    let Some(items) = call.handle(items, "items") else { return -1 };
    let status = (below(&call).walk_enter)(call.base, walk, stands_for, items, pairs);
    if status < 0 {
        call.failed();
    }
    status
}

unsafe extern "C" fn walk_next(
    ctx: *mut HPyContext,
    walk: *mut c_void,
    out: *mut HPyContent,
    capacity: HPy_ssize_t,
) -> HPy_ssize_t {
    let call = Call::begin(ctx, FUNCTION);
    let count = (below(&call).walk_next)(call.base, walk, out, capacity);
    if count < 0 {
        call.failed();
        return count;
    }
    wrap_contents(ctx, &call, out, count)
}

unsafe extern "C" fn walk_free(ctx: *mut HPyContext, walk: *mut c_void) {
    let call = Call::begin(ctx, FUNCTION);
    (below(&call).walk_free)(call.base, walk);
}
