//! From definitions to what CPython's type machinery reads: slots, methods, members, getsets.

use super::info::{self, Tables};
use super::plan::Plan;
use super::spec::{Spec, defines, slot_name, table};
use super::{alloc, call, lifecycle, members};
use crate::bind::{Bindings, of_type};
use crate::raise::raise;
use ::alloc::vec::Vec;
use core::ffi::{CStr, c_char, c_int, c_void};
use core::{mem, ptr};
use hpy_sys::*;
use pyo3_ffi::*;

/// What a type is made of.
pub struct Built {
    pub slots: Vec<PyType_Slot>,
    pub tables: Tables,
    /// CPython copies them.
    pub members: Vec<PyMemberDef>,
    /// Offsets of OBJECT members in the struct.
    pub fields: Vec<usize>,
    /// The bound `HPy_tp_call`, or the inherited one.
    pub call: *const c_void,
}

/// Room for the slots that most types have: allocated once.
const MOST_SLOTS: usize = 16;

/// Binds the definitions of a spec. None with an exception set where one breaks a rule.
///
/// # Safety
/// `spec` has been read; the calling thread is attached.
pub unsafe fn build(spec: &Spec, plan: &Plan, bindings: &mut Bindings) -> Option<Built> {
    let mut built = Built {
        slots: Vec::with_capacity(MOST_SLOTS),
        tables: Tables { name: spec.name.into(), ..Tables::default() },
        members: Vec::new(),
        fields: Vec::new(),
        call: plan.inherited_call,
    };
    let methods = defines(spec.raw).filter(|def| def.kind == HPyDef_Kind_Meth).count();
    if methods > 0 {
        built.tables.methods.reserve_exact(methods + 1);
    }
    let mut members =
        members::Members::new(spec, plan, info::question_of(bindings.target()).is_some());
    for def in defines(spec.raw) {
        match def.kind {
            HPyDef_Kind_Slot => add_slot(&mut built, spec, bindings, &def.u.slot)?,
            HPyDef_Kind_Meth => add_method(&mut built.tables, spec, bindings, &def.u.meth)?,
            HPyDef_Kind_Member => members.add(&def.u.member)?,
            _ => add_getset(&mut built.tables, spec, bindings, &def.u.getset)?,
        }
    }
    members.finish(&mut built);
    add_legacy(&mut built, spec);
    finish(&mut built, spec, plan);
    Some(built)
}

unsafe fn add_slot(
    built: &mut Built,
    spec: &Spec,
    bindings: &mut Bindings,
    slot: &HPySlot,
) -> Option<()> {
    let signature = match slot.slot {
        // Our own functions stand in their CPython slots and call these.
        HPy_tp_traverse | HPy_tp_destroy => return Some(()),
        HPy_tp_call => HPyFunc_VECTORCALLFUNC,
        _ => SLOTS.iter().find(|known| known.0 == slot.slot)?.2,
    };
    let what = slot_name(slot.slot);
    // People know slots by CPython's names.
    let bare = what.to_bytes_with_nul().get(4..).map_or(what.as_ptr(), |name| name.as_ptr().cast());
    let name = of_type(&built.tables.name, bare);
    let code = bindings.bind(signature, slot.imp, slot.cpy_trampoline, name);
    if code.is_null() {
        no_trampoline(spec, what.as_ptr());
        return None;
    }
    if slot.slot != HPy_tp_call {
        built.slots.push(PyType_Slot { slot: slot.slot, pfunc: code.cast_mut() });
        return Some(());
    }
    built.call = code;
    Some(())
}

unsafe fn add_method(
    tables: &mut Tables,
    spec: &Spec,
    bindings: &mut Bindings,
    meth: &HPyMeth,
) -> Option<()> {
    check_name(spec, meth.name, c"HPyMeth")?;
    let flags = match meth.signature {
        HPyFunc_VARARGS => METH_FASTCALL,
        HPyFunc_KEYWORDS => METH_FASTCALL | METH_KEYWORDS,
        HPyFunc_NOARGS => METH_NOARGS,
        HPyFunc_O => METH_O,
        _ => {
            raise!(
                PyExc_ValueError,
                c"Unsupported HPyMeth signature %d (method '%.200s' of type '%.200s'): methods have VARARGS, \
                  KEYWORDS, NOARGS or O",
                meth.signature,
                meth.name,
                spec.raw.name
            );
            return None;
        }
    };
    let name = of_type(&tables.name, meth.name);
    let code = bindings.bind(meth.signature, meth.imp, meth.cpy_trampoline, name);
    if code.is_null() {
        no_implementation(spec, meth.name, meth.imp);
        return None;
    }
    tables.methods.push(PyMethodDef {
        ml_name: meth.name,
        // SAFETY: the code takes what the flags say, as `bind` promises.
        ml_meth: PyMethodDefPointer {
            PyCFunction: mem::transmute::<*const c_void, PyCFunction>(code),
        },
        ml_flags: flags,
        ml_doc: meth.doc,
    });
    Some(())
}

unsafe fn add_getset(
    tables: &mut Tables,
    spec: &Spec,
    bindings: &mut Bindings,
    getset: &HPyGetSet,
) -> Option<()> {
    check_name(spec, getset.name, c"HPyGetSet")?;
    let name = of_type(&tables.name, getset.name);
    let get = bindings.bind(HPyFunc_GETTER, getset.getter_imp, getset.getter_cpy_trampoline, name);
    let set = bindings.bind(HPyFunc_SETTER, getset.setter_imp, getset.setter_cpy_trampoline, name);
    if (get.is_null() && set.is_null())
        || (get.is_null() && !getset.getter_imp.is_null())
        || (set.is_null() && !getset.setter_imp.is_null())
    {
        no_implementation(spec, getset.name, getset.getter_imp);
        return None;
    }
    tables.getsets.push(PyGetSetDef {
        name: getset.name,
        // SAFETY: null or code of that signature, as `bind` promises.
        get: mem::transmute::<*const c_void, Option<getter>>(get),
        // SAFETY: as above.
        set: mem::transmute::<*const c_void, Option<setter>>(set),
        doc: getset.doc,
        closure: getset.closure,
    });
    Some(())
}

unsafe fn add_legacy(built: &mut Built, spec: &Spec) {
    for slot in table(spec.legacy.slots, |slot: &PyType_Slot| slot.slot == 0) {
        if !matches!(slot.slot, Py_tp_methods | Py_tp_members | Py_tp_getset) {
            built.slots.push(*slot);
        }
    }
    let tables = &mut built.tables;
    tables
        .methods
        .extend(table(spec.legacy.methods, |one: &PyMethodDef| one.ml_name.is_null()).copied());
    tables
        .getsets
        .extend(table(spec.legacy.getsets, |one: &PyGetSetDef| one.name.is_null()).copied());
    built
        .members
        .extend(table(spec.legacy.members, |one: &PyMemberDef| one.name.is_null()).copied());
}

/// Adds our own slots and ends the tables.
unsafe fn finish(built: &mut Built, spec: &Spec, plan: &Plan) {
    let mut own = |slot: c_int, pfunc: *mut c_void| built.slots.push(PyType_Slot { slot, pfunc });
    if !spec.raw.doc.is_null() && !spec.legacy.has(Py_tp_doc) {
        own(Py_tp_doc, spec.raw.doc.cast_mut().cast());
    }
    let ends = spec.traverse.is_some() || spec.destroy.is_some() || !built.fields.is_empty();
    if spec.legacy.has(Py_tp_dealloc) || plan.inherits_dealloc {
    } else if ends {
        own(Py_tp_dealloc, lifecycle::dealloc as *mut c_void);
    } else if plan.ends_plainly {
        own(Py_tp_dealloc, lifecycle::dealloc_plain as *mut c_void);
    }
    if plan.gc && spec.traverse.is_some() && !plan.over_class {
        own(Py_tp_traverse, lifecycle::traverse as *mut c_void);
        if !spec.legacy.has(Py_tp_clear) {
            own(Py_tp_clear, lifecycle::clear as *mut c_void);
        }
    }
    let has_offset = plan.call_offset.is_some() || spec.explicit_call;
    if has_offset && !spec.legacy.has(Py_tp_call) {
        own(Py_tp_call, call::call_function as *mut c_void);
    } else if spec.call.is_some() && !plan.keeps_call_offset {
        own(Py_tp_call, call::call_type_function as *mut c_void);
    }
    if plan.call_offset.is_some() && !spec.legacy.has(Py_tp_alloc) {
        own(Py_tp_alloc, alloc::alloc_callable as *mut c_void);
    }
    let tables = &mut built.tables;
    if let Some(offset) = plan.call_offset {
        built.members.push(PyMemberDef {
            name: c"__vectorcalloffset__".as_ptr(),
            type_code: HPyMember_HPYSSIZET,
            offset: offset as Py_ssize_t,
            flags: 1,
            doc: ptr::null(),
        });
    }
    let mut table = |slot: c_int, pfunc: *mut c_void| {
        built.slots.push(PyType_Slot { slot, pfunc });
    };
    if !tables.methods.is_empty() {
        tables.methods.push(PyMethodDef::zeroed());
        table(Py_tp_methods, tables.methods.as_mut_ptr().cast());
    }
    if !built.members.is_empty() {
        built.members.push(PyMemberDef::default());
        table(Py_tp_members, built.members.as_mut_ptr().cast());
    }
    if !tables.getsets.is_empty() {
        tables.getsets.push(PyGetSetDef::default());
        table(Py_tp_getset, tables.getsets.as_mut_ptr().cast());
    }
    built.slots.push(PyType_Slot { slot: 0, pfunc: ptr::null_mut() });
}

/// None with an exception set for a definition without a name.
pub unsafe fn check_name(spec: &Spec, name: *const c_char, what: &CStr) -> Option<()> {
    if name.is_null() {
        raise!(
            PyExc_ValueError,
            c"type '%.200s': a definition has no name (%s.name is NULL)",
            spec.raw.name,
            what.as_ptr()
        );
        return None;
    }
    Some(())
}

unsafe fn no_implementation(spec: &Spec, name: *const c_char, imp: *mut c_void) {
    if imp.is_null() {
        raise!(
            PyExc_ValueError,
            c"type '%.200s': '%.200s' has no implementation",
            spec.raw.name,
            name
        );
    } else {
        no_trampoline(spec, name);
    }
}

unsafe fn no_trampoline(spec: &Spec, name: *const c_char) {
    raise!(
        PyExc_SystemError,
        c"type '%.200s': thunks are off and '%.200s' has no cpy_trampoline",
        spec.raw.name,
        name
    );
}
