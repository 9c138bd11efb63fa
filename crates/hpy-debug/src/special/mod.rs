//! The wrappers whose behaviour is special; the table in `xtask/src/codegen/debug.rs` names them.

pub mod builders;
pub mod calls;
pub mod errors;
pub mod fields;
pub mod handles;
pub mod structs;
pub mod text;
pub mod threads;
pub mod trackers;
pub mod types;
