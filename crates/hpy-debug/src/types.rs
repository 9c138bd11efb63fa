//! The types that an extension made: what the garbage collector was promised about them.
//!
//! A store into a field is remembered until its call returns. Then the object's `tp_traverse` is run with a
//! visitor that only takes notes, and a field that it does not visit is reported. Not earlier: an extension
//! may well fill an array first and set its length last.

use crate::call::Call;
use crate::records::Handle;
use crate::report::{self, Finding};
use crate::state::{State, lock};
use core::ffi::{CStr, c_int, c_ulong, c_void};
use core::ptr;
use hpy_sys::*;

type Traverse = unsafe extern "C" fn(*mut c_void, HPyFunc_visitproc, *mut c_void) -> c_int;

/// What is known of one type.
pub struct TypeInfo {
    /// The bits of a handle for the type below: finds candidates, `weak` decides.
    hint: isize,
    /// A weak reference to the type, a handle of the context below.
    weak: HPy,
    name: String,
    size: usize,
    flags: c_ulong,
    shape: HPyType_BuiltinShape,
    traverse: Option<Traverse>,
    /// Offsets reported already.
    reported: Vec<usize>,
}

/// A field that a call has stored to.
pub struct Store {
    call: u64,
    /// A handle of the context below, owned.
    target: HPy,
    field: *mut HPyField,
}

/// The types of one debug context and what waits to be checked.
#[derive(Default)]
pub struct Types {
    infos: Vec<TypeInfo>,
    stores: Vec<Store>,
}

// SAFETY: handles and addresses are used by attached threads only.
unsafe impl Send for Types {}

/// Remembers a type that was made from `spec`.
///
/// # Safety
/// `made` is a handle of the context below for the type; no exception is pending.
pub unsafe fn made(call: &Call, made: HPy, spec: &HPyType_Spec) {
    let weakref = api::HPyImport_ImportModule(call.base, c"weakref".as_ptr());
    let weak = if weakref.is_null() {
        HPy::NULL
    } else {
        let function = api::HPy_GetAttr_s(call.base, weakref, c"ref".as_ptr());
        let weak = if function.is_null() {
            HPy::NULL
        } else {
            api::HPy_Call(call.base, function, &made, 1, HPy::NULL)
        };
        api::HPy_Close(call.base, function);
        weak
    };
    api::HPy_Close(call.base, weakref);
    if weak.is_null() {
        api::HPyErr_Clear(call.base);
        return;
    }
    let name = if spec.name.is_null() {
        String::from("?")
    } else {
        CStr::from_ptr(spec.name).to_string_lossy().into_owned()
    };
    let info = TypeInfo {
        hint: made._i,
        weak,
        name,
        size: spec.basicsize.max(0) as usize,
        flags: spec.flags,
        shape: spec.builtin_shape,
        traverse: traverse_of(spec),
        reported: Vec::new(),
    };
    let old = {
        let mut types = lock(&call.state.types);
        // A type at the same place: the old one is gone.
        let old = types.infos.iter().position(|known| known.hint == info.hint);
        let old = old.map(|index| types.infos.swap_remove(index).weak);
        types.infos.push(info);
        old
    };
    if let Some(old) = old {
        api::HPy_Close(call.base, old);
    }
}

/// The `tp_traverse` among a spec's definitions.
unsafe fn traverse_of(spec: &HPyType_Spec) -> Option<Traverse> {
    let mut define = spec.defines;
    while !define.is_null() && !(*define).is_null() {
        let def = &**define;
        if def.kind == HPyDef_Kind_Slot && def.u.slot.slot == HPy_tp_traverse {
            let imp = def.u.slot.imp;
            // SAFETY: the slot's number says what the implementation is.
            return (!imp.is_null()).then(|| core::mem::transmute::<*mut c_void, Traverse>(imp));
        }
        define = define.add(1);
    }
    None
}

/// Remembers a store until the call returns.
///
/// # Safety
/// `target` is a handle of the context below.
pub unsafe fn stored(call: &Call, target: HPy, field: *mut HPyField) {
    let mut types = lock(&call.state.types);
    let known = |store: &Store| store.call == call.frame.call && store.field == field;
    if types.infos.is_empty()
        || types.stores.iter().any(known)
        || types.stores.try_reserve(1).is_err()
    {
        return;
    }
    let target = api::HPy_Dup(call.base, target);
    types.stores.push(Store { call: call.frame.call, target, field });
    call.frame.stores.set(true);
}

/// Checks what a call has stored to; it has returned.
///
/// # Safety
/// The calling thread is attached.
pub unsafe fn check(state: &State, call: u64) {
    let mut stores = Vec::new();
    {
        let mut types = lock(&state.types);
        let mut index = 0;
        while index < types.stores.len() {
            if types.stores.get(index).is_some_and(|store| store.call == call) {
                stores.push(types.stores.swap_remove(index));
            } else {
                index += 1;
            }
        }
    }
    for store in &stores {
        check_store(state, store);
        api::HPy_Close(state.base, store.target);
    }
}

/// What a check needs of a [`TypeInfo`], copied: Python runs meanwhile.
struct Known {
    hint: isize,
    name: String,
    size: usize,
    flags: c_ulong,
    shape: HPyType_BuiltinShape,
    traverse: Option<Traverse>,
}

/// What is known of a type or the nearest of its bases.
unsafe fn find(state: &State, of: HPy) -> Option<Known> {
    let base = state.base;
    let mut of = api::HPy_Dup(base, of);
    let mut found = None;
    for _ in 0..64 {
        let candidate = {
            let types = lock(&state.types);
            types.infos.iter().find(|info| info.hint == of._i).map(|info| {
                let known = Known {
                    hint: info.hint,
                    name: info.name.clone(),
                    size: info.size,
                    flags: info.flags,
                    shape: info.shape,
                    traverse: info.traverse,
                };
                (api::HPy_Dup(base, info.weak), known)
            })
        };
        if let Some((weak, known)) = candidate {
            let alive = api::HPy_Call(base, weak, ptr::null(), 0, HPy::NULL);
            let same = !alive.is_null() && api::HPy_Is(base, alive, of) != 0;
            api::HPy_Close(base, alive);
            api::HPy_Close(base, weak);
            if same {
                found = Some(known);
                break;
            }
        }
        let next = api::HPy_GetAttr_s(base, of, c"__base__".as_ptr());
        api::HPy_Close(base, of);
        of = next;
        if of.is_null() || api::HPy_Is(base, of, (*base).h_None) != 0 {
            break;
        }
    }
    api::HPy_Close(base, of);
    found
}

unsafe fn struct_of(
    state: &State,
    target: HPy,
    shape: HPyType_BuiltinShape,
) -> Option<*mut c_void> {
    let base = state.base;
    let start = match shape {
        0 => api::_HPy_AsStruct_Object(base, target),
        -1 => api::_HPy_AsStruct_Legacy(base, target),
        1 => api::_HPy_AsStruct_Type(base, target),
        2 => api::_HPy_AsStruct_Long(base, target),
        3 => api::_HPy_AsStruct_Float(base, target),
        4 => api::_HPy_AsStruct_Unicode(base, target),
        5 => api::_HPy_AsStruct_Tuple(base, target),
        6 => api::_HPy_AsStruct_List(base, target),
        7 => api::_HPy_AsStruct_Dict(base, target),
        _ => ptr::null_mut(),
    };
    (!start.is_null()).then_some(start)
}

/// What the visitor notes.
struct Notes {
    wanted: *mut HPyField,
    visited: bool,
    fields: Vec<*mut HPyField>,
}

unsafe extern "C" fn note(field: *mut HPyField, arg: *mut c_void) -> c_int {
    let notes = &mut *arg.cast::<Notes>();
    notes.visited |= field == notes.wanted;
    if notes.fields.try_reserve(1).is_ok() {
        notes.fields.push(field);
    }
    0
}

unsafe fn check_store(state: &State, store: &Store) {
    crate::workshop::aside(state, || {
        let of = api::HPy_Type(state.base, store.target);
        let info = find(state, of);
        api::HPy_Close(state.base, of);
        api::HPyErr_Clear(state.base);
        let Some(known) = info else { return };
        let Known { hint, name, size, flags, shape, traverse } = known;
        let Some(start) = struct_of(state, store.target, shape) else { return };
        let offset = (store.field as usize).wrapping_sub(start as usize);
        // A field elsewhere may be gone by now.
        if offset >= size || (*store.field).is_null() || already(state, hint, offset) {
            return;
        }
        let mut notes = Notes { wanted: store.field, visited: false, fields: Vec::new() };
        if let Some(traverse) = traverse {
            traverse(start, note, (&raw mut notes).cast());
        }
        let what = format!("type {name} keeps an object in the HPyField at offset {offset}");
        if flags & HPy_TPFLAGS_HAVE_GC == 0 {
            let message = format!(
                "{what} but has no HPy_TPFLAGS_HAVE_GC: cycles through the field are never freed"
            );
            report::found(state, Finding::new("gc-missing-flag", message, name));
        } else if !notes.visited {
            let message = format!(
                "{what}, which its HPy_tp_traverse does not visit: cycles through it are never freed"
            );
            report::found(state, Finding::new("gc-not-visited", message, name));
        }
        for field in notes.fields {
            check_visited(state, store.target, field, start);
        }
    });
}

/// Reports a field that holds a handle, and makes it hold the object instead: the next garbage collection
/// would take the handle for one.
unsafe fn check_visited(state: &State, target: HPy, field: *mut HPyField, start: *mut c_void) {
    let value = HPy { _i: (*field)._i };
    if value.is_null() {
        return;
    }
    let record = match state.records.classify(value) {
        Handle::Open(record) => record,
        Handle::Closed(record) => record,
        Handle::Gone | Handle::Foreign => return,
    };
    let offset = (field as usize).wrapping_sub(start as usize);
    let message = format!(
        "the HPyField at offset {offset} holds a handle: fields are set with HPyField_Store only"
    );
    let open = record.is_open().then(|| record.inner());
    let finding = Finding::new("assigned-field", message, String::new()).about(record);
    report::found(state, finding);
    *field = HPyField::NULL;
    if let Some(inner) = open {
        api::HPyField_Store(state.base, target, field, inner);
    }
}

/// Whether this offset of this type was checked before; it is now.
fn already(state: &State, hint: isize, offset: usize) -> bool {
    let mut types = lock(&state.types);
    let Some(info) = types.infos.iter_mut().find(|info| info.hint == hint) else { return false };
    if info.reported.contains(&offset) {
        return true;
    }
    info.reported.push(offset);
    false
}
