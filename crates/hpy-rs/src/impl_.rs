//! What the macros' code calls. Not for people.

#![allow(missing_docs)]

pub use crate::args::{Arguments, Rest, Signature, class_call, dict_call, init_call, vector_call};
pub use crate::class::{
    Base, Cell, Constructed, Definition, TypeGlobal, allocate, borrow_for, borrow_mut_for, destroy,
    is_instance, no_constructor, push_own_items, receiver, traverse, type_of,
};
pub use crate::class::{derived, told};
pub use crate::convert::{Parts, expect_items, named_part, namespace, optional_part, tuple_item};
pub use crate::def::{
    ExceptionDefinition, Exported, Item, ModuleCell, ModuleInfo, Submodule, add_exports, add_value,
    exec, getter, method, setter, slot,
};
pub use crate::entry::{
    HashOutput, NextOutput, Output, bad_attribute, class_argument, exported, item_by_index, length,
    no_item_operation, number, object, operand, or_none, returning, set_value, status, truth, unit,
    unraisable, unsupported,
};
pub use crate::enumeration::EnumDefinition;
pub use crate::exc::{ExcType, error_with_fields, field_of};
pub use crate::export::{fill_view, release_view};
pub use crate::field::field_value;
pub use crate::hint::{
    ArgHint, ArgsHint, BorrowHint, BorrowMutHint, FieldHint, KindHint, KwargsHint, NextHint,
    NoHint, OutputHint, record, record_len,
};
pub use crate::runtime::{
    call_from_trampoline, set_extensions, set_trampoline_context, straight_context,
};
pub use crate::state::{StateDefinition, make as make_state, state_of};
pub use crate::trampoline::packed;
pub use hpy_sys as sys;
pub mod direct {
    #[cfg(not(feature = "cpython"))]
    pub use crate::direct::init;
    #[cfg(feature = "cpython")]
    pub use crate::standalone::init;
    pub use hpy_sys::direct::HPyDirectModule;
}

/// What a module can export: classes, exceptions, and functions by the type of their name.
#[diagnostic::on_unimplemented(
    message = "`{Self}` is nothing that a Python module can export",
    note = "what is exported has #[hpy::function], #[hpy::class] or #[hpy::exception]"
)]
pub trait Export {
    /// Its lines in the `.pyi` file.
    const STUB: crate::Hint = crate::Hint::Text("");
    fn export() -> Exported;
}

/// What `#[hpy::methods]` gives to a class.
pub trait Methods {
    const STUB: crate::Hint;
    fn items() -> Vec<Item>;
    const HAS_NEW: bool;
    /// The parameters of the constructor as Python shows them.
    const SIGNATURE: Option<&'static str>;
    /// The names in Python of everything but properties.
    const NAMES: &'static [&'static str];
    const PROPERTIES: &'static [told::Half];
}

/// Finds the methods of a class, if it has any: the inherent function wins where it applies.
pub struct FindMethods<T>(core::marker::PhantomData<T>);
impl<T: Methods> FindMethods<T> {
    pub const STUB: crate::Hint = T::STUB;
    pub const HAS_NEW: bool = T::HAS_NEW;
    pub const SIGNATURE: Option<&'static str> = T::SIGNATURE;
    pub const NAMES: &'static [&'static str] = T::NAMES;
    pub const PROPERTIES: &'static [told::Half] = T::PROPERTIES;
    pub fn items() -> Vec<Item> {
        T::items()
    }
}
pub trait NoMethods {
    const STUB: crate::Hint = crate::Hint::Text("");
    const HAS_NEW: bool = false;
    const SIGNATURE: Option<&'static str> = None;
    const NAMES: &'static [&'static str] = &[];
    const PROPERTIES: &'static [told::Half] = &[];
    fn items() -> Vec<Item> {
        Vec::new()
    }
}
impl<T> NoMethods for FindMethods<T> {}

/// Whether a part of a class has fields in it: the inherent constant wins where it applies.
pub struct MayHoldFields<T>(core::marker::PhantomData<T>);
impl<T: crate::Traverse> MayHoldFields<T> {
    pub const ANSWER: bool = true;
}
pub trait AnyMayHoldFields {
    const ANSWER: bool = false;
}
impl<T> AnyMayHoldFields for MayHoldFields<T> {}

/// Visits a part of a class. The macro calls it on `&&&Part`, so that the compiler tries in this order: by
/// `Traverse`; not at all where no field can be inside; else an error that says what to do.
pub struct Part<'a, T>(pub &'a T);
pub trait VisitTraverse {
    fn visit_part(&self, visitor: &mut crate::Visitor);
}
impl<T: crate::Traverse> VisitTraverse for &&Part<'_, T> {
    #[inline(always)]
    fn visit_part(&self, visitor: &mut crate::Visitor) {
        self.0.traverse(visitor);
    }
}
pub trait VisitNothing {
    fn visit_part(&self, visitor: &mut crate::Visitor);
}
impl<T: core::panic::UnwindSafe> VisitNothing for &Part<'_, T> {
    #[inline(always)]
    fn visit_part(&self, _visitor: &mut crate::Visitor) {}
}
pub trait VisitUnknown<T> {
    fn visit_part(&self, visitor: &mut crate::Visitor)
    where
        T: crate::Traverse;
}
impl<T> VisitUnknown<T> for Part<'_, T> {
    fn visit_part(&self, visitor: &mut crate::Visitor)
    where
        T: crate::Traverse,
    {
        self.0.traverse(visitor);
    }
}
