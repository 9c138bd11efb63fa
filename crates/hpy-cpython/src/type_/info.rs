//! What we keep about a type made from a spec, owned by the type object.
//!
//! The type's `tp_cache` holds a capsule with the [`TypeInfo`]. CPython has not used that field since the
//! method cache left it, but type_traverse visits it and type_dealloc, and only that, gives it up. A type's
//! instances each hold the type, so the info outlives them, cyclic garbage included: collecting a type
//! clears its dict and its MRO, never `tp_cache`. `tp_cache` is not inherited: a subtype finds the info of
//! the type it extends along `tp_base`.

use super::call::CallCache;
use super::construct::Constructor;
use super::members::Found;
use crate::bind::Bindings;
use crate::layout::Capsule;
use crate::lock::Locked;
use crate::state::InterpreterState;
use alloc::boxed::Box;
use alloc::ffi::CString;
use alloc::vec::Vec;
use core::ffi::{c_char, c_void};
use core::ptr;
use hpy_sys::backend::{CallTarget, FieldQuestion};
use hpy_sys::{HPyField, HPyType_BuiltinShape, signature};
use pyo3_ffi::*;

/// See the module's text.
pub struct TypeInfo {
    /// The state of the type's interpreter, which the bindings keep.
    pub state: *mut InterpreterState,
    /// The thunks and entries of the definitions.
    pub bindings: Locked<Bindings>,
    /// Where instances have their struct: the spec's shape, or that of the type the struct comes from.
    pub shape: HPyType_BuiltinShape,
    /// Bytes of the struct, what is inherited included. 0: instances have none.
    pub struct_size: usize,
    /// Where calls of the definitions go.
    pub target: *const CallTarget,
    /// What is asked of the target before the content of a field is used; none in universal mode.
    pub question: Option<FieldQuestion>,
    /// This type's own `HPy_tp_traverse`.
    pub traverse: Option<signature::TRAVERSEPROC>,
    /// This type's own `HPy_tp_destroy`.
    pub destroy: Option<signature::DESTROYFUNC>,
    /// Offsets, from the start of the struct, of the fields that OBJECT members name.
    pub fields: Vec<usize>,
    /// The address that a call of an instance without a call function of its own runs: this type's
    /// `HPy_tp_call`, bound, or the one it inherits. Null: instances are not callable this way.
    pub call: *const c_void,
    /// Call functions of instances, bound once each.
    pub calls: CallCache,
    /// Allocates what `HPy_New` makes where that is not `tp_alloc`: the built-in type whose `tp_new` does.
    pub maker: *mut PyTypeObject,
    /// What calls of the type itself run, where it is not `tp_new`.
    pub constructor: Option<Constructor>,
    /// What the type object points to.
    pub tables: Tables,
}

/// What the target of a type asks before fields are used, if it asks.
///
/// # Safety
/// `target` is live.
pub unsafe fn question_of(target: *const CallTarget) -> Option<FieldQuestion> {
    (*target).entries.as_ref().and_then(|table| table.holds_object)
}

impl TypeInfo {
    /// Whether a field of an instance's struct, which begins at `start`, holds an object that can be used.
    ///
    /// # Safety
    /// The field is readable.
    #[inline(always)]
    pub unsafe fn holds_object(&self, field: *const HPyField, start: *const c_void) -> bool {
        match self.question {
            None => true,
            Some(ask) => {
                let offset = field.addr().wrapping_sub(start.addr());
                (*field).is_null()
                    || ask(self.target, field, self.tables.name.as_ptr(), offset) != 0
            }
        }
    }
}

/// The arrays and strings that a type object and its descriptors point to.
#[derive(Default)]
pub struct Tables {
    pub name: CString,
    pub methods: Vec<PyMethodDef>,
    pub getsets: Vec<PyGetSetDef>,
    /// Members that getsets find; those have their addresses as closures.
    pub found_members: Box<[Found]>,
}

/// Name of the capsule; its address tells this copy of the crate from others.
static NAME: [u8; 17] = *b"hpy_rs.type_info\0";

/// The info of a type that was itself made from a spec by this copy of the crate; else null.
///
/// # Safety
/// `tp` is a type object.
#[inline(always)]
pub unsafe fn own(tp: *mut PyTypeObject) -> *mut TypeInfo {
    let capsule = (*tp).tp_cache;
    if capsule.is_null() || !ptr::eq(Py_TYPE(capsule), &raw const PyCapsule_Type) {
        return ptr::null_mut();
    }
    let capsule = capsule.cast::<Capsule>();
    if !ptr::eq((*capsule).name, NAME.as_ptr().cast()) {
        return ptr::null_mut();
    }
    (*capsule).pointer.cast()
}

/// The nearest type from `tp` along `tp_base` that was made from a spec, and its info; else nulls.
///
/// # Safety
/// `tp` is a type object or null.
#[inline(always)]
pub unsafe fn nearest(mut tp: *mut PyTypeObject) -> (*mut PyTypeObject, *mut TypeInfo) {
    while !tp.is_null() {
        let info = own(tp);
        if !info.is_null() {
            return (tp, info);
        }
        tp = (*tp).tp_base;
    }
    (ptr::null_mut(), ptr::null_mut())
}

/// Gives the info to the type. False with an exception set on failure; the info is then freed.
///
/// # Safety
/// `tp` is a fresh heap type without instances.
pub unsafe fn attach(tp: *mut PyTypeObject, info: Box<TypeInfo>) -> bool {
    let pointer = Box::into_raw(info);
    let capsule = PyCapsule_New(pointer.cast(), NAME.as_ptr().cast::<c_char>(), Some(free));
    if capsule.is_null() {
        drop(Box::from_raw(pointer));
        return false;
    }
    let old = (*tp).tp_cache;
    (*tp).tp_cache = capsule;
    Py_XDECREF(old);
    true
}

unsafe extern "C" fn free(capsule: *mut PyObject) {
    let info = (*capsule.cast::<Capsule>()).pointer.cast::<TypeInfo>();
    drop(Box::from_raw(info));
}
