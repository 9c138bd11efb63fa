//! hpy-cpython: the initial value of the context, naming each function in its family's module.

use super::description::Abi;
use super::{Output, RUST_NOTE};
use std::fmt::Write;

pub fn outputs(abi: &Abi, outputs: &mut Vec<Output>) {
    let mut text = String::from(RUST_NOTE);
    text.push_str(
        "//! The functions of the CPython context, each in the module of its family.\n\n\
         use core::ffi::{c_char, c_int, c_void};\nuse hpy_sys::{HPy, HPyContext};\n\n\
         /// A context with every function set and every constant null.\n\
         #[rustfmt::skip]\npub const fn template(name: *const c_char, private: *mut c_void, abi_version: c_int) -> HPyContext {\n    \
         HPyContext {\n        name,\n        _private: private,\n        abi_version,\n",
    );
    for m in &abi.members {
        if m.is_function {
            let _ =
                writeln!(text, "        {}: crate::{}::{},", m.field, module(&m.family), m.name);
        } else {
            let _ = writeln!(text, "        {}: HPy::NULL,", m.field);
        }
    }
    text.push_str("    }\n}\n");
    outputs.push(Output { path: "crates/hpy-cpython/src/generated/template.rs", text });
}

/// The module of a family; where a family is named as a Rust keyword, its module has an underscore.
fn module(family: &str) -> String {
    if family == "type" { "type_".to_owned() } else { family.to_owned() }
}
