//! The ABI table as data, for tools that look at it rather than call it.

use core::ffi::c_void;

#[path = "generated/table.rs"]
mod generated;
pub use generated::MEMBERS;

/// One member of [`crate::HPyContext`].
#[derive(Clone, Copy, Debug)]
pub struct Member {
    /// The API name, `HPyLong_FromInt32_t` or `h_None`.
    pub name: &'static str,
    /// The field name in the context, `ctx_Long_FromInt32_t` or `h_None`.
    pub field: &'static str,
    pub kind: MemberKind,
    /// The offset of the field in [`crate::HPyContext`], in bytes.
    pub offset: usize,
    /// The HPy version that introduced the member.
    pub since: &'static str,
}

/// What a member is and, for functions, how it fails.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum MemberKind {
    /// A constant handle.
    Constant,
    Function(ErrorConvention),
}

/// How a context function reports failure.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum ErrorConvention {
    /// It cannot fail.
    Never,
    /// It returns null with an exception set.
    Null,
    /// It returns null, with or without an exception set.
    MaybeNull,
    /// It returns -1 with an exception set.
    MinusOne,
    /// It returns -1; only `HPyErr_Occurred` tells failure from a value.
    MinusOneCheck,
    /// It always sets an exception and returns null.
    Raises,
    /// Failure is remembered in the result and reported by a later call.
    Deferred,
}

/// The trampoline signature number, as `usize`, to index [`crate::backend::EntryTable`].
pub const SIGNATURES: usize = 40;

const _: () = assert!(size_of::<*const c_void>() == size_of::<crate::HPy>());
const _: () = assert!(MEMBERS.len() == 273);
