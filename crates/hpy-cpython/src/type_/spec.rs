//! Reading a spec: what it defines, what it asks for, and the rules that need nothing but the spec.

use super::shape;
use crate::raise::raise;
use core::ffi::{CStr, c_int, c_ulong, c_void};
use core::ptr;
use hpy_sys::*;
use pyo3_ffi::*;

/// A spec that keeps the rules.
pub struct Spec<'a> {
    pub raw: &'a HPyType_Spec,
    pub name: &'a CStr,
    pub legacy: LegacySlots,
    pub traverse: Option<signature::TRAVERSEPROC>,
    pub destroy: Option<signature::DESTROYFUNC>,
    /// The `HPy_tp_call` slot.
    pub call: Option<&'a HPySlot>,
    /// The member `__vectorcalloffset__`, the spec's or a legacy one.
    pub explicit_call: bool,
    /// The member `__dictoffset__`, likewise.
    pub places_dict: bool,
    /// The member `__dictoffset__` or `__weaklistoffset__`.
    pub places_pointers: bool,
    /// The slot `HPy_tp_finalize`.
    pub finalizes: bool,
}

/// The tables among the legacy slots; null where there are none.
#[derive(Clone, Copy)]
pub struct LegacySlots {
    pub slots: *const PyType_Slot,
    pub methods: *const PyMethodDef,
    pub members: *const PyMemberDef,
    pub getsets: *const PyGetSetDef,
}

/// The definitions of a spec.
///
/// # Safety
/// `spec.defines` is null or a list that ends with null.
pub unsafe fn defines(spec: &HPyType_Spec) -> impl Iterator<Item = &HPyDef> {
    let mut next = spec.defines;
    core::iter::from_fn(move || {
        if next.is_null() {
            return None;
        }
        // SAFETY: the list ends with null, at which `next` is set to null.
        unsafe {
            let def = (*next).as_ref();
            next = if def.is_some() { next.add(1) } else { ptr::null_mut() };
            def
        }
    })
}

/// The entries of a table up to the first whose `end` is true.
pub unsafe fn table<'a, T: 'a>(
    mut next: *const T,
    end: impl Fn(&T) -> bool,
) -> impl Iterator<Item = &'a T> {
    core::iter::from_fn(move || {
        // SAFETY: the caller passes null or a table with an end entry, and nothing goes past it.
        unsafe {
            let entry = next.as_ref().filter(|entry| !end(entry))?;
            next = next.add(1);
            Some(entry)
        }
    })
}

/// Flags a spec must not set: CPython keeps them itself, and believes them.
const FORBIDDEN_FLAGS: c_ulong = (1 << 1) | (1 << 12) | (1 << 13) | (0xFF << 24);
/// Flags by which an instance's dict and weak references lie before it (3.12).
const MANAGED_FLAGS: c_ulong = (1 << 3) | (1 << 4);

impl<'a> Spec<'a> {
    /// Reads a spec. None with an exception set where it breaks a rule.
    ///
    /// # Safety
    /// `spec` is null or points to a spec whose strings and lists are as `HPyType_FromSpec` says.
    pub unsafe fn read(spec: *const HPyType_Spec) -> Option<Self> {
        let Some(raw) = spec.as_ref() else {
            PyErr_SetString(PyExc_SystemError, c"HPyType_FromSpec: the spec is NULL".as_ptr());
            return None;
        };
        if raw.name.is_null() {
            PyErr_SetString(
                PyExc_SystemError,
                c"HPyType_FromSpec: the spec's name is NULL".as_ptr(),
            );
            return None;
        }
        let mut spec = Spec {
            raw,
            name: CStr::from_ptr(raw.name),
            legacy: LegacySlots::read(raw.legacy_slots.cast()),
            traverse: None,
            destroy: None,
            call: None,
            explicit_call: false,
            places_dict: raw.flags & MANAGED_FLAGS != 0,
            places_pointers: false,
            finalizes: false,
        };
        (spec.check_numbers() && spec.read_defines() && spec.check_together()).then_some(spec)
    }

    /// Whether the spec's struct starts with the object's header.
    pub fn is_legacy(&self) -> bool {
        self.raw.builtin_shape == HPyType_BuiltinShape_Legacy
    }

    pub fn is_gc(&self) -> bool {
        self.raw.flags & HPy_TPFLAGS_HAVE_GC != 0
    }

    unsafe fn check_numbers(&self) -> bool {
        let (raw, name) = (self.raw, self.raw.name);
        if shape::builtin(raw.builtin_shape).is_null() {
            raise!(
                PyExc_ValueError,
                c"invalid shape: %d (HPyType_Spec.builtin_shape of type '%.200s')",
                raw.builtin_shape,
                name
            );
            return false;
        }
        if !raw.legacy_slots.is_null() && !self.is_legacy() {
            PyErr_SetString(
                PyExc_TypeError,
                c"cannot specify .legacy_slots without setting .builtin_shape=HPyType_BuiltinShape_Legacy"
                    .as_ptr(),
            );
            return false;
        }
        if raw.basicsize < 0 || raw.itemsize < 0 {
            raise!(
                PyExc_ValueError,
                c"type '%.200s': basicsize %d and itemsize %d must not be negative",
                name,
                raw.basicsize,
                raw.itemsize
            );
            return false;
        }
        let mut wrong = raw.flags & FORBIDDEN_FLAGS;
        if !self.is_legacy() {
            wrong |= raw.flags & MANAGED_FLAGS;
        }
        if wrong != 0 {
            raise!(
                PyExc_ValueError,
                c"type '%.200s': HPyType_Spec.flags has bits that only the interpreter sets: 0x%x",
                name,
                wrong as core::ffi::c_uint
            );
            return false;
        }
        true
    }

    unsafe fn read_defines(&mut self) -> bool {
        let name = self.raw.name;
        let mut seen = [0u64; 2];
        for def in defines(self.raw) {
            match def.kind {
                HPyDef_Kind_Slot => {
                    let slot = &def.u.slot;
                    if !self.read_slot(slot) {
                        return false;
                    }
                    // tp_destroy has the only number that is not CPython's.
                    let bit = if slot.slot == HPy_tp_destroy { 127 } else { slot.slot as u32 };
                    if !first_time(&mut seen, bit) {
                        raise!(
                            PyExc_TypeError,
                            c"type '%.200s' has the slot %s twice",
                            name,
                            slot_name(slot.slot).as_ptr()
                        );
                        return false;
                    }
                }
                HPyDef_Kind_Meth | HPyDef_Kind_GetSet => {}
                HPyDef_Kind_Member => {
                    self.note_member(def.u.member.name);
                }
                kind => {
                    raise!(
                        PyExc_ValueError,
                        c"type '%.200s': a definition of unknown kind %d (HPyDef.kind)",
                        name,
                        kind
                    );
                    return false;
                }
            }
        }
        for member in table(self.legacy.members, |member: &PyMemberDef| member.name.is_null()) {
            self.note_member(member.name);
        }
        for slot in table(self.legacy.slots, |slot: &PyType_Slot| slot.slot == 0) {
            let number = slot.slot;
            if (1..127).contains(&number) && !first_time(&mut seen, number as u32) {
                raise!(
                    PyExc_TypeError,
                    c"type '%.200s' has the slot %s in its definitions and again in its legacy slots",
                    name,
                    slot_name(number).as_ptr()
                );
                return false;
            }
        }
        true
    }

    /// Notes the members by which CPython learns offsets.
    unsafe fn note_member(&mut self, name: *const core::ffi::c_char) {
        if !name.is_null() {
            let name = CStr::from_ptr(name);
            self.explicit_call |= name == c"__vectorcalloffset__";
            self.places_dict |= name == c"__dictoffset__";
            self.places_pointers |= name == c"__dictoffset__" || name == c"__weaklistoffset__";
        }
    }

    unsafe fn read_slot(&mut self, slot: &'a HPySlot) -> bool {
        let Some(&(_, slot_name, _)) = SLOTS.iter().find(|known| known.0 == slot.slot) else {
            raise!(
                PyExc_ValueError,
                c"type '%.200s': unknown slot number %d (HPySlot.slot)",
                self.raw.name,
                slot.slot
            );
            return false;
        };
        if slot.slot == HPy_mod_create || slot.slot == HPy_mod_exec {
            raise!(
                PyExc_TypeError,
                c"type '%.200s': %s is a slot of modules",
                self.raw.name,
                slot_name.as_ptr()
            );
            return false;
        }
        if slot.imp.is_null() {
            raise!(
                PyExc_ValueError,
                c"type '%.200s': the slot %s has no implementation (HPySlot.impl is NULL)",
                self.raw.name,
                slot_name.as_ptr()
            );
            return false;
        }
        match slot.slot {
            // SAFETY: the implementation of a slot has the slot's signature.
            HPy_tp_traverse => {
                self.traverse =
                    Some(core::mem::transmute::<*mut c_void, signature::TRAVERSEPROC>(slot.imp))
            }
            HPy_tp_destroy => {
                // SAFETY: as above.
                self.destroy =
                    Some(core::mem::transmute::<*mut c_void, signature::DESTROYFUNC>(slot.imp));
            }
            HPy_tp_call => self.call = Some(slot),
            HPy_tp_finalize => self.finalizes = true,
            _ => {}
        }
        true
    }

    unsafe fn check_together(&self) -> bool {
        let name = self.raw.name;
        if (self.traverse.is_some() || self.destroy.is_some()) && self.legacy.has(Py_tp_dealloc) {
            raise!(
                PyExc_TypeError,
                c"legacy tp_dealloc is incompatible with HPy_tp_traverse or HPy_tp_destroy (type '%.200s')",
                name
            );
            return false;
        }
        if self.is_gc() && self.traverse.is_none() && !self.legacy.has(Py_tp_traverse) {
            raise!(
                PyExc_ValueError,
                c"type '%.200s': you must provide an HPy_tp_traverse slot if you specify HPy_TPFLAGS_HAVE_GC",
                name
            );
            return false;
        }
        if self.call.is_some() && self.explicit_call {
            raise!(
                PyExc_TypeError,
                c"type '%.200s' cannot have both the slot HPy_tp_call and a member __vectorcalloffset__",
                name
            );
            return false;
        }
        if self.call.is_some() && self.raw.itemsize != 0 {
            raise!(
                PyExc_TypeError,
                c"type '%.200s': cannot use HPy_tp_call with itemsize %d, there is no place for the call \
                  function of an instance",
                name,
                self.raw.itemsize
            );
            return false;
        }
        true
    }
}

impl LegacySlots {
    unsafe fn read(slots: *const PyType_Slot) -> Self {
        let mut legacy =
            LegacySlots { slots, methods: ptr::null(), members: ptr::null(), getsets: ptr::null() };
        for slot in table(slots, |slot: &PyType_Slot| slot.slot == 0) {
            match slot.slot {
                Py_tp_methods => legacy.methods = slot.pfunc.cast(),
                Py_tp_members => legacy.members = slot.pfunc.cast(),
                Py_tp_getset => legacy.getsets = slot.pfunc.cast(),
                _ => {}
            }
        }
        legacy
    }

    /// What a slot is set to; null where it is not there.
    pub fn get(&self, slot: c_int) -> *mut c_void {
        // SAFETY: the slots are null or end with slot 0.
        unsafe {
            table(self.slots, |slot: &PyType_Slot| slot.slot == 0)
                .find(|entry| entry.slot == slot)
                .map_or(ptr::null_mut(), |entry| entry.pfunc)
        }
    }

    pub fn has(&self, slot: c_int) -> bool {
        !self.get(slot).is_null()
    }
}

/// The API name of a slot number.
pub fn slot_name(slot: c_int) -> &'static CStr {
    SLOTS.iter().find(|known| known.0 == slot).map_or(c"(a slot of CPython)", |known| known.1)
}

/// Whether `bit` was not set before; sets it.
fn first_time(seen: &mut [u64; 2], bit: u32) -> bool {
    let Some(word) = seen.get_mut(bit as usize / 64) else { return true };
    let mask = 1u64 << (bit % 64);
    let first = *word & mask == 0;
    *word |= mask;
    first
}
