//! `DebugHandle`: how Python sees the record of a debug handle.
//!
//! An object names the record, not one use of it: when a closed handle's record is used again, the object
//! shows the handle it serves now, as in HPy 0.9.0.

use super::trampoline::{self, Object, one, trampoline, two};
use super::{Def, Defs, NoArgs, getter, meth, slot};
use crate::raw::Raw;
use crate::stack::Trace;
use crate::state::State;
use core::ffi::{c_int, c_void};
use core::ptr;
use core::sync::atomic::Ordering::Acquire;
use hpy_sys::*;
use std::ffi::CString;

#[repr(C)]
struct DebugHandle {
    state: *const State,
    index: u32,
}

type Getter = unsafe extern "C" fn(*mut HPyContext, HPy, *mut c_void) -> HPy;
type RichCompare = unsafe extern "C" fn(*mut HPyContext, HPy, HPy, c_int) -> HPy;

static OBJ: Def = getter(
    c"obj",
    obj as Getter as *const c_void,
    trampoline!(HPyFunc_GETTER, Getter, obj),
    c"The object the handle is for.",
);
static ID: Def = getter(
    c"id",
    id as Getter as *const c_void,
    trampoline!(HPyFunc_GETTER, Getter, id),
    c"A number that tells handles apart.",
);
static IS_CLOSED: Def = getter(
    c"is_closed",
    is_closed as Getter as *const c_void,
    trampoline!(HPyFunc_GETTER, Getter, is_closed),
    c"Whether the handle is closed.",
);
static RAW_SIZE: Def = getter(
    c"raw_data_size",
    raw_data_size as Getter as *const c_void,
    trampoline!(HPyFunc_GETTER, Getter, raw_data_size),
    c"Bytes lent for the handle and still kept, -1 for none. FOR TESTS ONLY.",
);
static GENERATION: Def = getter(
    c"generation",
    generation as Getter as *const c_void,
    trampoline!(HPyFunc_GETTER, Getter, generation),
    c"The generation in which the handle was opened.",
);
static OPENED: Def = getter(
    c"opened",
    opened as Getter as *const c_void,
    trampoline!(HPyFunc_GETTER, Getter, opened),
    c"Where the handle was opened, a dict; None if traces were off.",
);
static IS_VIEW: Def = getter(
    c"is_view",
    is_view as Getter as *const c_void,
    trampoline!(HPyFunc_GETTER, Getter, is_view),
    c"Whether it is the exporter in a buffer view.",
);
static COMPARE: Def = slot(
    HPy_tp_richcompare,
    compare as RichCompare as *const c_void,
    trampoline!(HPyFunc_RICHCMPFUNC, RichCompare, compare),
);
static REPR: Def =
    slot(HPy_tp_repr, repr as NoArgs as *const c_void, trampoline!(HPyFunc_REPRFUNC, NoArgs, repr));
static FORCE_CLOSE: Def = meth(
    c"_force_close",
    HPyFunc_NOARGS,
    force_close as NoArgs as *const c_void,
    trampoline!(HPyFunc_NOARGS, NoArgs, force_close),
    c"Close the handle. FOR TESTS ONLY.",
);
static DEFINES: Defs<11> = Defs([
    &raw const OBJ,
    &raw const ID,
    &raw const IS_CLOSED,
    &raw const RAW_SIZE,
    &raw const GENERATION,
    &raw const OPENED,
    &raw const IS_VIEW,
    &raw const COMPARE,
    &raw const REPR,
    &raw const FORCE_CLOSE,
    ptr::null(),
]);

pub unsafe fn make_type(ctx: *mut HPyContext) -> HPy {
    let mut spec = HPyType_Spec {
        name: c"hpy.debug._debug.DebugHandle".as_ptr(),
        basicsize: size_of::<DebugHandle>() as c_int,
        itemsize: 0,
        flags: HPy_TPFLAGS_DEFAULT,
        builtin_shape: HPyType_BuiltinShape_Object,
        legacy_slots: ptr::null_mut(),
        defines: (&raw const DEFINES).cast_mut().cast(),
        doc: c"One handle of an extension in debug mode.".as_ptr(),
    };
    api::HPyType_FromSpec(ctx, &mut spec, ptr::null_mut())
}

/// A list of objects for these records.
pub unsafe fn list(ctx: *mut HPyContext, module: HPy, state: &State, indices: &[u32]) -> HPy {
    let handle_type = api::HPy_GetAttr_s(ctx, module, c"DebugHandle".as_ptr());
    if handle_type.is_null() {
        return HPy::NULL;
    }
    let list = api::HPyList_New(ctx, 0);
    let mut done = !list.is_null();
    for &index in indices {
        if !done {
            break;
        }
        let mut data = ptr::null_mut();
        let object = api::_HPy_New(ctx, handle_type, &mut data);
        done = !object.is_null();
        if done {
            data.cast::<DebugHandle>().write(DebugHandle { state, index });
            done = api::HPyList_Append(ctx, list, object) == 0;
        }
        api::HPy_Close(ctx, object);
    }
    api::HPy_Close(ctx, handle_type);
    if !done {
        api::HPy_Close(ctx, list);
        return HPy::NULL;
    }
    list
}

/// What an object names; `None` with an exception for one made by calling the type.
unsafe fn handle_of(ctx: *mut HPyContext, h_self: HPy) -> Option<(&'static State, u32)> {
    let data = api::_HPy_AsStruct_Object(ctx, h_self).cast::<DebugHandle>();
    let named = data.as_ref().and_then(|data| Some((data.state.as_ref()?, data.index)));
    if named.is_none() {
        api::HPyErr_SetString(
            ctx,
            (*ctx).h_ValueError,
            c"this DebugHandle stands for no handle".as_ptr(),
        );
    }
    named
}

unsafe extern "C" fn obj(ctx: *mut HPyContext, h_self: HPy, _: *mut c_void) -> HPy {
    let Some((state, index)) = handle_of(ctx, h_self) else { return HPy::NULL };
    match state.records.get(index).and_then(|record| state.inner_if_open(record)) {
        Some(object) => object,
        None => api::HPyErr_SetString(
            ctx,
            (*ctx).h_ValueError,
            c"the handle is closed: its object may be gone".as_ptr(),
        ),
    }
}

fn id_of(state: &State, index: u32) -> usize {
    state.records.get(index).map_or(0, |record| ptr::from_ref(record) as usize)
}

unsafe extern "C" fn id(ctx: *mut HPyContext, h_self: HPy, _: *mut c_void) -> HPy {
    let Some((state, index)) = handle_of(ctx, h_self) else { return HPy::NULL };
    api::HPyLong_FromSize_t(ctx, id_of(state, index))
}

unsafe extern "C" fn is_closed(ctx: *mut HPyContext, h_self: HPy, _: *mut c_void) -> HPy {
    let Some((state, index)) = handle_of(ctx, h_self) else { return HPy::NULL };
    let open = state.records.get(index).is_some_and(|record| record.is_open());
    api::HPyBool_FromBool(ctx, !open)
}

unsafe extern "C" fn raw_data_size(ctx: *mut HPyContext, h_self: HPy, _: *mut c_void) -> HPy {
    let Some((state, index)) = handle_of(ctx, h_self) else { return HPy::NULL };
    let size = state.while_kept(|| {
        let raw =
            state.records.get(index).map_or(ptr::null_mut(), |record| record.raw.load(Acquire));
        if raw.is_null() { -1 } else { Raw::total(raw) as isize }
    });
    api::HPyLong_FromSsize_t(ctx, size)
}

unsafe extern "C" fn is_view(ctx: *mut HPyContext, h_self: HPy, _: *mut c_void) -> HPy {
    let Some((state, index)) = handle_of(ctx, h_self) else { return HPy::NULL };
    let view = state.records.get(index).is_some_and(|record| record.has(crate::records::VIEW));
    api::HPyBool_FromBool(ctx, view)
}

unsafe extern "C" fn generation(ctx: *mut HPyContext, h_self: HPy, _: *mut c_void) -> HPy {
    let Some((state, index)) = handle_of(ctx, h_self) else { return HPy::NULL };
    let generation = state.records.get(index).map_or(0, |record| state.generation_of(record));
    api::HPyLong_FromSize_t(ctx, generation)
}

unsafe fn trace_of(state: &State, index: u32) -> Option<Trace> {
    let record = state.records.get(index)?;
    state.while_kept(|| record.traces()).0
}

unsafe extern "C" fn opened(ctx: *mut HPyContext, h_self: HPy, _: *mut c_void) -> HPy {
    let Some((state, index)) = handle_of(ctx, h_self) else { return HPy::NULL };
    match trace_of(state, index) {
        Some(trace) => super::findings::trace_object(ctx, &trace),
        None => super::none(ctx),
    }
}

unsafe extern "C" fn compare(ctx: *mut HPyContext, h_self: HPy, other: HPy, op: c_int) -> HPy {
    let own_type = api::HPy_Type(ctx, h_self);
    let comparable = api::HPy_TypeCheck(ctx, other, own_type) != 0;
    api::HPy_Close(ctx, own_type);
    if !comparable || (op != cmp::HPy_EQ && op != cmp::HPy_NE) {
        return api::HPy_Dup(ctx, (*ctx).h_NotImplemented);
    }
    let Some((state, index)) = handle_of(ctx, h_self) else { return HPy::NULL };
    let Some((other_state, other_index)) = handle_of(ctx, other) else { return HPy::NULL };
    let same = ptr::eq(state, other_state) && index == other_index;
    api::HPyBool_FromBool(ctx, same == (op == cmp::HPy_EQ))
}

unsafe extern "C" fn repr(ctx: *mut HPyContext, h_self: HPy) -> HPy {
    let Some((state, index)) = handle_of(ctx, h_self) else { return HPy::NULL };
    let id = id_of(state, index);
    let inner = state.records.get(index).and_then(|record| state.inner_if_open(record));
    let mut text = match inner {
        Some(inner) => {
            let of = crate::workshop::repr_of(state, inner);
            api::HPy_Close(state.base, inner);
            format!("<DebugHandle {id:#x} for {of}>")
        }
        None => format!("<DebugHandle {id:#x} CLOSED>"),
    };
    match trace_of(state, index) {
        Some(trace) => {
            text.push_str("\nAllocation stacktrace:\n");
            text.push_str(&trace.text("    "));
        }
        None => text.push_str(
            "\nTo get the stack trace of where it was allocated use:\n\
             hpy.debug.set_handle_stack_trace_limit",
        ),
    }
    let clean: String = text.chars().filter(|&c| c != '\0').collect();
    let text = CString::new(clean).unwrap_or_default();
    api::HPyUnicode_FromString(ctx, text.as_ptr())
}

unsafe extern "C" fn force_close(ctx: *mut HPyContext, h_self: HPy) -> HPy {
    let Some((state, index)) = handle_of(ctx, h_self) else { return HPy::NULL };
    if let Some(record) = state.records.get(index) {
        let foreign = record.has(crate::records::ARGUMENT | crate::records::IMMORTAL);
        if !foreign && record.is_open() {
            let inner = record.inner();
            state.close(record);
            api::HPy_Close(ctx, inner);
        }
    }
    super::none(ctx)
}
