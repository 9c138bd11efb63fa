//! The HPy universal ABI, and nothing else.
//!
//! Everything a binary and a runtime must agree on bit for bit lives here: [`HPyContext`] with its 273
//! members, the handle types, the definitions a module is made of. The crate is `no_std`, has no
//! dependencies and contains no behaviour beyond calling through the context.
//!
//! * [`handle`]: the pointer-sized structs that cross the ABI by value.
//! * [`context`]: [`HPyContext`], generated from `abi/context.tsv`.
//! * [`def`]: what a binary declares: methods, slots, members, types, modules.
//! * [`api`]: one function per context function, calling through the context under its field name.
//! * [`abi`]: the same table as data, for tools (debug reports, trace tables, tests).
//! * [`ext`], [`direct`]: what hpy-rs adds: optional functions behind the context, import without a stub.
//! * [`places`]: which of two places some members are in, on the Python that loaded the binary.
//! * [`backend`]: the contract between a runtime's base context and the contexts that wrap it. Binaries
//!   never see it.
#![no_std]
#![allow(non_camel_case_types, non_snake_case, non_upper_case_globals)]

pub mod abi;
pub mod backend;
pub mod def;
pub mod direct;
pub mod ext;
pub mod handle;
pub mod places;

#[path = "generated/context.rs"]
pub mod context;

#[path = "generated/api.rs"]
pub mod api;

pub use context::HPyContext;
pub use def::*;
pub use handle::*;

/// Major version of the ABI this crate describes: the `0` in `hpy0`.
pub const HPY_ABI_VERSION: u32 = 0;
/// Minor version of the ABI this crate describes.
pub const HPY_ABI_VERSION_MINOR: u32 = 0;
/// The tag in the file name of a universal binary: `NAME.hpy0.so`.
pub const HPY_ABI_TAG: &str = "hpy0";
