//! Members: attributes that are stored in an instance's struct.
//!
//! An `HPyField` holds the bits of an object, so CPython's own member descriptors read OBJECT members, as
//! they do all others: only the offset has to be that of the instance. Where the struct's offset depends on
//! the instance a getset finds it.

use super::info::Tables;
use super::plan::Plan;
use super::shape;
use super::slots::{Built, check_name};
use super::spec::Spec;
use crate::raise::raise;
use alloc::boxed::Box;
use alloc::vec::Vec;
use core::ffi::{CStr, c_int, c_void};
use hpy_sys::*;
use pyo3_ffi::*;

/// The members of a spec.
pub struct Members<'a> {
    spec: &'a Spec<'a>,
    plan: &'a Plan,
    fixed: Vec<PyMemberDef>,
    variable: Vec<Box<PyMemberDef>>,
    fields: Vec<usize>,
}

impl<'a> Members<'a> {
    pub fn new(spec: &'a Spec, plan: &'a Plan) -> Self {
        Members { spec, plan, fixed: Vec::new(), variable: Vec::new(), fields: Vec::new() }
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
        match shape::fixed_offset(plan.shape) {
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
            None => self.variable.push(Box::new(def)),
        }
        Some(())
    }

    /// Puts the members in the tables.
    pub fn finish(self, built: &mut Built) -> Option<()> {
        let Tables { members, getsets, variable_members, .. } = &mut built.tables;
        built.fields = self.fields;
        members.extend(self.fixed);
        for mut member in self.variable {
            let (get, set): (getter, setter) = match self.plan.shape {
                HPyType_BuiltinShape_Long => (get_of_long, set_of_long),
                _ => (get_of_tuple, set_of_tuple),
            };
            getsets.push(PyGetSetDef {
                name: member.name,
                get: Some(get),
                set: Some(set),
                doc: member.doc,
                closure: (&raw mut *member).cast(),
            });
            variable_members.push(member);
        }
        Some(())
    }
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

/// The member as CPython reads it from the object itself.
unsafe fn placed(closure: *mut c_void, offset: usize) -> PyMemberDef {
    let member = &*closure.cast::<PyMemberDef>();
    PyMemberDef {
        name: member.name,
        type_code: member.type_code,
        offset: member.offset + offset as Py_ssize_t,
        flags: member.flags,
        doc: member.doc,
    }
}

unsafe extern "C" fn get_of_long(slf: *mut PyObject, closure: *mut c_void) -> *mut PyObject {
    let mut member = placed(closure, shape::long_offset(slf));
    PyMember_GetOne(slf.cast_const().cast(), &mut member)
}

unsafe extern "C" fn set_of_long(
    slf: *mut PyObject,
    value: *mut PyObject,
    closure: *mut c_void,
) -> c_int {
    let mut member = placed(closure, shape::long_offset(slf));
    PyMember_SetOne(slf.cast(), &mut member, value)
}

unsafe extern "C" fn get_of_tuple(slf: *mut PyObject, closure: *mut c_void) -> *mut PyObject {
    let mut member = placed(closure, shape::tuple_offset(slf));
    PyMember_GetOne(slf.cast_const().cast(), &mut member)
}

unsafe extern "C" fn set_of_tuple(
    slf: *mut PyObject,
    value: *mut PyObject,
    closure: *mut c_void,
) -> c_int {
    let mut member = placed(closure, shape::tuple_offset(slf));
    PyMember_SetOne(slf.cast(), &mut member, value)
}
