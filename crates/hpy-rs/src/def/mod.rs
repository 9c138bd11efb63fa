//! Definitions: from what the macros write to what the ABI takes.

mod module;
mod properties;
mod types;

pub use module::{
    ExceptionDefinition, Exported, ModuleCell, ModuleInfo, Submodule, add_exports, add_value, exec,
};
pub use types::{MethodHolder, TypeBuilder};

use crate::handle::Handle;
use crate::kinds::Any;
use crate::{Ctx, PyResult};
use core::ffi::{CStr, c_void};
use core::ptr;
use hpy_sys::*;

/// Makes the value of a class attribute or a constant.
pub type MakeValue = for<'ctx> fn(Ctx<'ctx>) -> PyResult<'ctx, Handle<'ctx, Any>>;

/// One thing that a class has.
#[derive(Clone, Copy)]
pub enum Item {
    /// A slot or a method.
    Def(HPyDef),
    /// A method that CPython reaches through a slot that the ABI has not: see [`TypeBuilder::create`].
    SlotMethod(HPyDef),
    /// The method of a reflected operator, for PyPy: it calls an operator's slot for the left operand only.
    Reflected(HPyDef),
    /// One half of a property or both; halves of one name are joined.
    Property(HPyGetSet),
    /// A static method: its implementation ignores the receiver.
    StaticMethod(HPyDef),
    /// A class method: its implementation gets the class as first argument.
    ClassMethod(HPyDef),
    /// The constructor by itself: what the class's `HPy_tp_new` does, with the signature KEYWORDS.
    Constructor(*mut c_void),
    /// A class attribute.
    Attribute(&'static CStr, MakeValue),
}

/// A slot's definition.
pub const fn slot(slot: HPySlot_Slot, imp: *mut c_void, cpy_trampoline: *mut c_void) -> HPyDef {
    HPyDef {
        kind: HPyDef_Kind_Slot,
        u: HPyDef_Union { slot: HPySlot { slot, imp, cpy_trampoline } },
    }
}

/// A method's definition.
pub const fn method(
    name: &'static CStr,
    signature: HPyFunc_Signature,
    imp: *mut c_void,
    cpy_trampoline: *mut c_void,
    doc: &'static CStr,
) -> HPyDef {
    HPyDef {
        kind: HPyDef_Kind_Meth,
        u: HPyDef_Union {
            meth: HPyMeth {
                name: name.as_ptr(),
                imp,
                cpy_trampoline,
                signature,
                doc: doc.as_ptr(),
            },
        },
    }
}

/// Half a property: the getter.
pub const fn getter(
    name: &'static CStr,
    imp: *mut c_void,
    trampoline: *mut c_void,
    doc: &'static CStr,
) -> HPyGetSet {
    HPyGetSet {
        name: name.as_ptr(),
        getter_imp: imp,
        setter_imp: ptr::null_mut(),
        getter_cpy_trampoline: trampoline,
        setter_cpy_trampoline: ptr::null_mut(),
        doc: if doc.is_empty() { ptr::null() } else { doc.as_ptr() },
        closure: ptr::null_mut(),
    }
}

/// Half a property: the setter.
pub const fn setter(name: &'static CStr, imp: *mut c_void, trampoline: *mut c_void) -> HPyGetSet {
    HPyGetSet {
        name: name.as_ptr(),
        getter_imp: ptr::null_mut(),
        setter_imp: imp,
        getter_cpy_trampoline: ptr::null_mut(),
        setter_cpy_trampoline: trampoline,
        doc: ptr::null(),
        closure: ptr::null_mut(),
    }
}
