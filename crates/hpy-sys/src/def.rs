//! What a binary declares about itself: methods, slots, members, getters, types, modules.

use crate::handle::*;
use core::ffi::{c_char, c_int, c_ulong, c_void};

#[path = "generated/defs.rs"]
mod generated;
pub use generated::*;

/// `HPyDef.kind`.
pub type HPyDef_Kind = c_int;
pub const HPyDef_Kind_Slot: HPyDef_Kind = 1;
pub const HPyDef_Kind_Meth: HPyDef_Kind = 2;
pub const HPyDef_Kind_Member: HPyDef_Kind = 3;
pub const HPyDef_Kind_GetSet: HPyDef_Kind = 4;

/// One definition of a type or a module.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct HPyDef {
    pub kind: HPyDef_Kind,
    pub u: HPyDef_Union,
}

#[repr(C)]
#[derive(Clone, Copy)]
pub union HPyDef_Union {
    pub slot: HPySlot,
    pub meth: HPyMeth,
    pub member: HPyMember,
    pub getset: HPyGetSet,
}

/// A slot: `slot` is an `HPySlot_Slot`, `imp` has that slot's signature.
#[repr(C)]
#[derive(Clone, Copy, Debug)]
pub struct HPySlot {
    pub slot: HPySlot_Slot,
    pub imp: *mut c_void,
    pub cpy_trampoline: *mut c_void,
}

/// A method or module function.
#[repr(C)]
#[derive(Clone, Copy, Debug)]
pub struct HPyMeth {
    pub name: *const c_char,
    pub imp: *mut c_void,
    pub cpy_trampoline: *mut c_void,
    pub signature: HPyFunc_Signature,
    pub doc: *const c_char,
}

/// An attribute stored in the object's struct; `ty` is an `HPyMember_*` number, CPython's `T_*`.
#[repr(C)]
#[derive(Clone, Copy, Debug)]
pub struct HPyMember {
    pub name: *const c_char,
    pub ty: HPyMember_FieldType,
    pub offset: HPy_ssize_t,
    pub readonly: c_int,
    pub doc: *const c_char,
}

/// A property.
#[repr(C)]
#[derive(Clone, Copy, Debug)]
pub struct HPyGetSet {
    pub name: *const c_char,
    pub getter_imp: *mut c_void,
    pub setter_imp: *mut c_void,
    pub getter_cpy_trampoline: *mut c_void,
    pub setter_cpy_trampoline: *mut c_void,
    pub doc: *const c_char,
    pub closure: *mut c_void,
}

/// `HPyMember_FieldType`: CPython's `T_*` numbers.
pub type HPyMember_FieldType = c_int;
pub const HPyMember_SHORT: HPyMember_FieldType = 0;
pub const HPyMember_INT: HPyMember_FieldType = 1;
pub const HPyMember_LONG: HPyMember_FieldType = 2;
pub const HPyMember_FLOAT: HPyMember_FieldType = 3;
pub const HPyMember_DOUBLE: HPyMember_FieldType = 4;
pub const HPyMember_STRING: HPyMember_FieldType = 5;
pub const HPyMember_OBJECT: HPyMember_FieldType = 6;
pub const HPyMember_CHAR: HPyMember_FieldType = 7;
pub const HPyMember_BYTE: HPyMember_FieldType = 8;
pub const HPyMember_UBYTE: HPyMember_FieldType = 9;
pub const HPyMember_USHORT: HPyMember_FieldType = 10;
pub const HPyMember_UINT: HPyMember_FieldType = 11;
pub const HPyMember_ULONG: HPyMember_FieldType = 12;
pub const HPyMember_STRING_INPLACE: HPyMember_FieldType = 13;
pub const HPyMember_BOOL: HPyMember_FieldType = 14;
pub const HPyMember_OBJECT_EX: HPyMember_FieldType = 16;
pub const HPyMember_LONGLONG: HPyMember_FieldType = 17;
pub const HPyMember_ULONGLONG: HPyMember_FieldType = 18;
pub const HPyMember_HPYSSIZET: HPyMember_FieldType = 19;
pub const HPyMember_NONE: HPyMember_FieldType = 20;

/// What runs when a capsule is collected. `imp` is an `HPyFunc_CAPSULE_DESTRUCTOR`.
#[repr(C)]
#[derive(Clone, Copy, Debug)]
pub struct HPyCapsule_Destructor {
    pub cpy_trampoline: *mut c_void,
    pub imp: *mut c_void,
}

/// The function that a call of one object runs. `imp` is an `HPyFunc_KEYWORDS`.
#[repr(C)]
#[derive(Clone, Copy, Debug)]
pub struct HPyCallFunction {
    pub cpy_trampoline: *mut c_void,
    pub imp: *mut c_void,
}

/// A view of an object's memory, laid out as CPython's `Py_buffer`. `obj` is owned.
#[repr(C)]
#[derive(Clone, Copy, Debug)]
pub struct HPy_buffer {
    pub buf: *mut c_void,
    pub obj: HPy,
    pub len: HPy_ssize_t,
    pub itemsize: HPy_ssize_t,
    pub readonly: c_int,
    pub ndim: c_int,
    pub format: *mut c_char,
    pub shape: *mut HPy_ssize_t,
    pub strides: *mut HPy_ssize_t,
    pub suboffsets: *mut HPy_ssize_t,
    pub internal: *mut c_void,
}

/// What `tp_traverse` calls for each field.
pub type HPyFunc_visitproc = unsafe extern "C" fn(*mut HPyField, *mut c_void) -> c_int;

/// Which built-in type a type's struct extends.
pub type HPyType_BuiltinShape = c_int;
pub const HPyType_BuiltinShape_Legacy: HPyType_BuiltinShape = -1;
pub const HPyType_BuiltinShape_Object: HPyType_BuiltinShape = 0;
pub const HPyType_BuiltinShape_Type: HPyType_BuiltinShape = 1;
pub const HPyType_BuiltinShape_Long: HPyType_BuiltinShape = 2;
pub const HPyType_BuiltinShape_Float: HPyType_BuiltinShape = 3;
pub const HPyType_BuiltinShape_Unicode: HPyType_BuiltinShape = 4;
pub const HPyType_BuiltinShape_Tuple: HPyType_BuiltinShape = 5;
pub const HPyType_BuiltinShape_List: HPyType_BuiltinShape = 6;
pub const HPyType_BuiltinShape_Dict: HPyType_BuiltinShape = 7;

/// The description `HPyType_FromSpec` makes a type of.
#[repr(C)]
#[derive(Clone, Copy, Debug)]
pub struct HPyType_Spec {
    pub name: *const c_char,
    pub basicsize: c_int,
    pub itemsize: c_int,
    pub flags: c_ulong,
    pub builtin_shape: HPyType_BuiltinShape,
    pub legacy_slots: *mut c_void,
    pub defines: *mut *mut HPyDef,
    pub doc: *const c_char,
}

/// `HPy_TPFLAGS_DEFAULT`.
pub const HPy_TPFLAGS_DEFAULT: c_ulong = (1 << 9) | (1 << 18);
/// `HPy_TPFLAGS_BASETYPE`: Python code may subclass the type.
pub const HPy_TPFLAGS_BASETYPE: c_ulong = 1 << 10;
/// `HPy_TPFLAGS_HAVE_VECTORCALL`: instances have their own call function.
pub const HPy_TPFLAGS_HAVE_VECTORCALL: c_ulong = 1 << 11;
/// `HPy_TPFLAGS_HAVE_GC`: instances take part in garbage collection.
pub const HPy_TPFLAGS_HAVE_GC: c_ulong = 1 << 14;

/// One parameter of `HPyType_FromSpec`; the array ends with kind 0.
#[repr(C)]
#[derive(Clone, Copy, Debug)]
pub struct HPyType_SpecParam {
    pub kind: HPyType_SpecParam_Kind,
    pub object: HPy,
}
pub type HPyType_SpecParam_Kind = c_int;
pub const HPyType_SpecParam_Base: HPyType_SpecParam_Kind = 1;
pub const HPyType_SpecParam_BasesTuple: HPyType_SpecParam_Kind = 2;
pub const HPyType_SpecParam_Metaclass: HPyType_SpecParam_Kind = 3;

/// What `HPyInit_NAME` returns.
#[repr(C)]
#[derive(Clone, Copy, Debug)]
pub struct HPyModuleDef {
    pub doc: *const c_char,
    pub size: HPy_ssize_t,
    pub legacy_methods: *mut cpy_PyMethodDef,
    pub defines: *mut *mut HPyDef,
    pub globals: *mut *mut HPyGlobal,
}
