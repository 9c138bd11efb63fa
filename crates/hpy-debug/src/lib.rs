//! Debug mode: a context that wraps any other and finds the mistakes of the extension that uses it.
//!
//! The extension gets handles of its own ([`records`]); every context call unwraps them with a check, calls
//! the context below and wraps what comes back ([`call`], `generated/wrappers.rs`, and by hand where a
//! function is special: [`special`]). Calls from Python into the extension come through the
//! [`hpy_sys::backend::EntryTable`] of [`entry`]: each pushes a [`frame`] and hands out another context, so
//! that a context or a handle that outlives its call is noticed. What is found goes to [`report`]; Python
//! reads it through the module of [`module`], `hpy.universal._debug`.
//!
//! The crate knows the ABI (`hpy-sys`) and no interpreter: everything Python is done through the context
//! below and its [`hpy_sys::backend::Backend`].
//!
//! # Safety
//!
//! Context functions and entries are `unsafe extern "C"` under the contracts of `hpy_sys::api` and
//! `hpy_sys::backend`, except for what this crate exists to check: handles, builders, trackers and the
//! context itself may be anything. Bodies rely on exactly that and say so only where they rely on more.
#![allow(
    non_snake_case,
    clippy::missing_safety_doc,
    unsafe_op_in_unsafe_fn,
    clippy::too_many_arguments
)]
#![cfg_attr(
    not(test),
    deny(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)
)]

pub mod assigned;
pub mod backend;
pub mod call;
pub mod entry;
pub mod ext;
pub mod frame;
pub mod globals;
pub mod memory;
pub mod module;
pub mod queue;
pub mod raw;
pub mod records;
pub mod report;
pub mod reserve;
pub mod shelf;
pub mod special;
pub mod stack;
pub mod state;
pub mod thread;
pub mod types;
pub mod upcall;
pub mod workshop;

#[path = "generated/entries.rs"]
mod generated_entries;
#[path = "generated/wrappers.rs"]
mod wrappers;

pub use module::{make_module, module_def};
pub use state::{Wrapped, clear, free, wrap, wrap_with};
