//! Trace mode: a context that wraps any other, counts and times every call through it, and tells hooks.
//!
//! Handles pass through unchanged. [`state`] is what one trace context has, [`call`] one context call,
//! [`entry`] the calls from Python into the extension, [`module`] the Python module `hpy.universal._trace`.
//! The crate knows the ABI (`hpy-sys`) and no interpreter.
//!
//! # Safety
//!
//! Context functions and entries are `unsafe extern "C"` under the contracts of `hpy_sys::api` and
//! `hpy_sys::backend`. Bodies rely on exactly that and say so only where they rely on more.
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

pub mod backend;
pub mod call;
pub mod clock;
pub mod entry;
pub mod ext;
pub mod module;
pub mod recording;
pub mod special;
pub mod state;
mod trampoline;

#[path = "generated/entries.rs"]
mod generated_entries;
#[path = "generated/wrappers.rs"]
mod wrappers;

pub use module::{make_module, module_def};
pub use state::{Wrapped, clear, free, wrap, wrap_with};
