//! `HPyContext` on CPython's C API.
//!
//! One file per family of context functions; the ABI table (`crates/hpy-sys/abi/context.tsv`) says which
//! family a function is in. Around them: [`state`] (one per interpreter), [`context`] (the table of
//! functions and constants), [`thunk`] and [`bind`] (how calls from CPython reach a binary), [`layout`]
//! (everything we know about CPython's structs, per version), [`backend`] (what contexts that wrap this
//! one call), [`direct`] (modules that CPython imports itself), [`standalone`] (this crate inside an ordinary
//! extension).
//!
//! A handle is the `PyObject *`, bit for bit: see [`handle`].
//!
//! # Safety
//!
//! Every context function is `unsafe extern "C"` under one contract, that of `hpy_sys::api`: `ctx` is a
//! live context of the interpreter the calling thread is attached to, handles are open, pointers are valid
//! for what the function does with them. Bodies rely on exactly that and say so only where they rely on
//! more.
#![no_std]
#![allow(
    non_snake_case,
    non_upper_case_globals,
    clippy::missing_safety_doc,
    unsafe_op_in_unsafe_fn,
    clippy::too_many_arguments
)]
#![cfg_attr(
    not(test),
    deny(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)
)]

extern crate alloc;

pub mod backend;
pub mod bind;
pub mod context;
pub mod direct;
pub mod ext;
pub mod handle;
pub mod layout;
pub mod lock;
mod raise;
pub mod ready_made;
pub mod shortcuts;
mod spin;
mod stack;
pub mod standalone;
pub mod state;
pub mod straight;
pub mod thunk;

#[path = "generated/template.rs"]
mod template;

pub mod r#bool;
pub mod builder;
pub mod bytes;
pub mod call;
pub mod capsule;
pub mod contents;
pub mod contextvar;
pub mod dict;
pub mod err;
pub mod eval;
pub mod field;
pub mod float;
pub mod global;
pub mod import;
mod in_place;
pub mod iter;
pub mod legacy;
pub mod list;
pub mod long;
pub mod module;
pub mod number;
pub mod object;
pub mod slice;
pub mod structs;
pub mod thread;
pub mod tracker;
pub mod trampoline;
pub mod tree;
pub mod tuple;
pub mod type_;
pub mod unicode;
pub mod walk;
