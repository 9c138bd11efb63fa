//! Members: attributes that are stored in an instance's struct.
//!
//! An `HPyField` holds the bits of an object, so CPython's own member descriptors read OBJECT members, as
//! they do all others: only the offset has to be that of the instance. Where the struct's offset depends on
//! the instance a getset finds it, and where fields are more than the object's bits ([`crate::field`]) one
//! reads them, as where a wrapping context is asked whether they are an object's
//! ([`hpy_sys::backend::EntryTable::holds_object`]).

use super::info::{self, Tables};
use super::plan::Plan;
use super::shape;
use super::slots::{Built, check_name};
use super::spec::Spec;
use crate::field;
use crate::raise::raise;
use alloc::vec::Vec;
use core::ffi::{CStr, c_char, c_int, c_void};
use core::ptr;
use hpy_sys::*;
use pyo3_ffi::*;

/// The members of a spec.
pub struct Members<'a> {
    spec: &'a Spec<'a>,
    plan: &'a Plan,
    /// Whether fields may hold what is no object.
    doubtful: bool,
    fixed: Vec<PyMemberDef>,
    found: Vec<Found>,
    fields: Vec<usize>,
}

impl<'a> Members<'a> {
    pub fn new(spec: &'a Spec, plan: &'a Plan, doubtful: bool) -> Self {
        Members { spec, plan, doubtful, fixed: Vec::new(), found: Vec::new(), fields: Vec::new() }
    }

    /// Adds one; None with an exception set where it breaks a rule.
    ///
    /// # Safety
    /// The member's strings are null or end with NUL.
    pub unsafe fn add(&mut self, member: &HPyMember) -> Option<()> {
        let (spec, plan) = (self.spec, self.plan);
        check_name(spec, member.name, c"HPyMember")?;
        if plan.struct_size == 0 {
            raise!(
                PyExc_TypeError,
                c"Type claims to have basicsize==0 but defines members: '%.200s' of type '%.200s'",
                member.name,
                spec.raw.name
            );
            return None;
        }
        let Some(size) = size_of_member(member.ty) else {
            raise!(
                PyExc_ValueError,
                c"type '%.200s': member '%.200s' has the unknown type %d (HPyMember.type)",
                spec.raw.name,
                member.name,
                member.ty
            );
            return None;
        };
        let end = plan.struct_size as HPy_ssize_t - size as HPy_ssize_t;
        if member.offset < 0 || member.offset > end {
            raise!(
                PyExc_ValueError,
                c"type '%.200s': member '%.200s' has %zd bytes at offset %zd, outside of the struct of %zd bytes",
                spec.raw.name,
                member.name,
                size as Py_ssize_t,
                member.offset,
                plan.struct_size as Py_ssize_t
            );
            return None;
        }
        let special = is_offset(CStr::from_ptr(member.name));
        if special && (member.ty != HPyMember_HPYSSIZET || member.readonly == 0) {
            raise!(
                PyExc_ValueError,
                c"type '%.200s': member '%s' must be of type HPyMember_HPYSSIZET and readonly",
                spec.raw.name,
                member.name
            );
            return None;
        }
        let mut def = PyMemberDef {
            name: member.name,
            type_code: member.ty,
            offset: member.offset,
            flags: (member.readonly != 0) as c_int,
            doc: member.doc,
        };
        if matches!(member.ty, HPyMember_OBJECT | HPyMember_OBJECT_EX) {
            self.fields.push(member.offset as usize);
        }
        let is_object = matches!(member.ty, HPyMember_OBJECT | HPyMember_OBJECT_EX);
        let found = |def| Found { def, shape: plan.shape, is_object, doubtful: self.doubtful };
        match shape::fixed_offset(plan.shape) {
            Some(_) if is_object && (cfg!(Py_GIL_DISABLED) || self.doubtful) => {
                self.found.push(found(def))
            }
            Some(offset) => {
                def.offset += offset as HPy_ssize_t;
                self.fixed.push(def);
            }
            None if special => {
                raise!(
                    PyExc_TypeError,
                    c"type '%.200s': member '%s' needs a fixed place, which types of %s do not have",
                    spec.raw.name,
                    member.name,
                    shape::name(plan.shape).as_ptr()
                );
                return None;
            }
            None => self.found.push(found(def)),
        }
        Some(())
    }

    /// Puts the members in the tables.
    pub fn finish(self, built: &mut Built) {
        let Tables { getsets, found_members, .. } = &mut built.tables;
        built.fields = self.fields;
        built.members = self.fixed;
        *found_members = self.found.into_boxed_slice();
        for member in found_members.iter_mut() {
            getsets.push(PyGetSetDef {
                name: member.def.name,
                get: Some(get_found),
                set: Some(set_found),
                doc: member.def.doc,
                closure: (&raw mut *member).cast(),
            });
        }
    }
}

/// A member that a getset finds in the instance. `def.offset` counts from the struct.
pub struct Found {
    def: PyMemberDef,
    shape: HPyType_BuiltinShape,
    is_object: bool,
    doubtful: bool,
}

/// The members by which CPython learns offsets.
fn is_offset(name: &CStr) -> bool {
    name == c"__vectorcalloffset__" || name == c"__dictoffset__" || name == c"__weaklistoffset__"
}

/// Bytes that a member of this type occupies at least; None for a number that is no type.
fn size_of_member(ty: HPyMember_FieldType) -> Option<usize> {
    Some(match ty {
        HPyMember_SHORT | HPyMember_USHORT => 2,
        HPyMember_INT | HPyMember_UINT | HPyMember_FLOAT => 4,
        HPyMember_LONG | HPyMember_ULONG => size_of::<core::ffi::c_long>(),
        HPyMember_DOUBLE | HPyMember_LONGLONG | HPyMember_ULONGLONG => 8,
        HPyMember_STRING | HPyMember_OBJECT | HPyMember_OBJECT_EX | HPyMember_HPYSSIZET => {
            size_of::<usize>()
        }
        HPyMember_CHAR | HPyMember_BYTE | HPyMember_UBYTE | HPyMember_BOOL => 1,
        HPyMember_STRING_INPLACE => 1,
        HPyMember_NONE => 0,
        _ => return None,
    })
}

impl Found {
    /// The member as CPython reads it from the object itself.
    unsafe fn placed(&self, slf: *mut PyObject) -> PyMemberDef {
        let start = shape::struct_of(self.shape, slf).byte_offset_from(slf);
        PyMemberDef { offset: self.def.offset + start, ..copy(&self.def) }
    }

    /// Whether the field, if it is not null, holds an object.
    unsafe fn has_object(&self, slf: *mut PyObject) -> bool {
        if !self.doubtful {
            return true;
        }
        let start = shape::struct_of(self.shape, slf);
        let (_, info) = info::nearest(Py_TYPE(slf));
        info.as_ref().is_none_or(|info| info.holds_object(self.field(slf), start.cast()))
    }

    unsafe fn field(&self, slf: *mut PyObject) -> *mut HPyField {
        shape::struct_of(self.shape, slf).byte_offset(self.def.offset).cast()
    }
}

fn copy(def: &PyMemberDef) -> PyMemberDef {
    let PyMemberDef { name, type_code, offset, flags, doc } = *def;
    PyMemberDef { name, type_code, offset, flags, doc }
}

unsafe extern "C" fn get_found(slf: *mut PyObject, closure: *mut c_void) -> *mut PyObject {
    let member = &*closure.cast::<Found>();
    if !member.is_object {
        return PyMember_GetOne(slf.cast_const().cast(), &mut member.placed(slf));
    }
    let place = member.field(slf);
    let value = if member.has_object(slf) { field::load(*place) } else { ptr::null_mut() };
    if !value.is_null() {
        return value;
    }
    if member.def.type_code == HPyMember_OBJECT {
        Py_INCREF(Py_None());
        return Py_None();
    }
    no_value(slf, member.def.name);
    ptr::null_mut()
}

unsafe extern "C" fn set_found(
    slf: *mut PyObject,
    value: *mut PyObject,
    closure: *mut c_void,
) -> c_int {
    let member = &*closure.cast::<Found>();
    if !member.is_object {
        return PyMember_SetOne(slf.cast(), &mut member.placed(slf), value);
    }
    if member.def.flags != 0 {
        PyErr_SetString(PyExc_AttributeError, c"readonly attribute".as_ptr());
        return -1;
    }
    let place = member.field(slf);
    if !member.has_object(slf) {
        // There is no reference in it to be given up.
        *place = HPyField::NULL;
    }
    if value.is_null() && member.def.type_code == HPyMember_OBJECT_EX && (*place).is_null() {
        no_value(slf, member.def.name);
        return -1;
    }
    let (_, info) = info::nearest(Py_TYPE(slf));
    if let Some(info) = info.as_ref() {
        field::store(&raw mut (*info.state).base.base, place, value);
    }
    0
}

unsafe fn no_value(slf: *mut PyObject, name: *const c_char) {
    raise!(
        PyExc_AttributeError,
        c"'%.200s' object has no attribute '%s'",
        (*Py_TYPE(slf)).tp_name,
        name
    );
}
