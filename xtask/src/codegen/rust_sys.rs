//! hpy-sys: the context struct, the calls through it, the definitions' numbers, the table as data.

use super::description::{Abi, Member, rust_type};
use super::{Output, RUST_NOTE};
use std::fmt::Write;

pub fn outputs(abi: &Abi, outputs: &mut Vec<Output>) {
    outputs.push(Output { path: "crates/hpy-sys/src/generated/context.rs", text: context(abi) });
    outputs.push(Output { path: "crates/hpy-sys/src/generated/api.rs", text: api(abi) });
    outputs.push(Output { path: "crates/hpy-sys/src/generated/defs.rs", text: defs(abi) });
    outputs.push(Output { path: "crates/hpy-sys/src/generated/table.rs", text: table(abi) });
}

/// `name: type, ...` for a function's parameters.
pub fn rust_params(member: &Member) -> String {
    let params: Vec<String> = member
        .params
        .iter()
        .map(|p| format!("{}: {}", rust_name(&p.name), rust_type(&p.ty)))
        .collect();
    params.join(", ")
}

/// A parameter name that is legal in Rust.
pub fn rust_name(name: &str) -> String {
    if name == "type" { "r#type".to_owned() } else { name.to_owned() }
}

/// ` -> type`, or nothing for void.
pub fn rust_returns(returns: &str) -> String {
    match rust_type(returns).as_str() {
        "()" => String::new(),
        ty => format!(" -> {ty}"),
    }
}

fn context(abi: &Abi) -> String {
    let mut text = String::from(RUST_NOTE);
    text.push_str(
        "//! `HPyContext`: the table of constant handles and functions through which a binary does everything.\n\n\
         use crate::*;\nuse core::ffi::{c_char, c_int, c_void};\n\n\
         /// The context. Members are only ever appended; their order is the ABI.\n\
         #[rustfmt::skip]\n#[repr(C)]\npub struct HPyContext {\n    \
         /// A human-readable name of the context, for messages.\n    pub name: *const c_char,\n    \
         /// The runtime's own.\n    pub _private: *mut c_void,\n    \
         /// The major ABI version.\n    pub abi_version: c_int,\n",
    );
    for member in &abi.members {
        if member.is_function {
            let _ = writeln!(
                text,
                "    pub {}: unsafe extern \"C\" fn({}){},",
                member.field,
                rust_params(member),
                rust_returns(&member.returns)
            );
        } else {
            let _ = writeln!(text, "    pub {}: HPy,", member.field);
        }
    }
    text.push_str("}\n");
    text
}

fn api(abi: &Abi) -> String {
    let mut text = String::from(RUST_NOTE);
    text.push_str(
        "//! One function per context function, calling through the context.\n//!\n\
         //! # Safety\n//!\n//! `ctx` is a live context that the calling thread may use now, every handle is open and belongs to\n\
         //! it, every pointer is valid for what the function does with it.\n\
         #![allow(clippy::missing_safety_doc, clippy::too_many_arguments)]\n\n\
         use crate::*;\nuse core::ffi::{c_char, c_int, c_void};\n\n",
    );
    for member in abi.functions() {
        let arguments: Vec<String> = member.params.iter().map(|p| rust_name(&p.name)).collect();
        let place = if member.later_on_pypy {
            format!("places::function(&raw const (*ctx).{})", member.field)
        } else {
            format!("((*ctx).{})", member.field)
        };
        let mut call = format!("{place}({})", arguments.join(", "));
        if member.error == "raises" {
            // In hpy 0.9.0 and PyPy the member returns nothing: what is in the register is no handle.
            call.push_str("; HPy::NULL");
        }
        let _ = write!(
            text,
            "/// Calls `{}`.\n#[rustfmt::skip]\n#[inline(always)]\npub unsafe fn {}({}){} {{\n    \
             // SAFETY: the caller keeps the module's contract.\n    unsafe {{ {call} }}\n}}\n\n",
            member.field,
            member.name,
            rust_params(member),
            rust_returns(&member.returns),
        );
    }
    text.pop();
    text
}

fn defs(abi: &Abi) -> String {
    let mut text = String::from(RUST_NOTE);
    text.push_str("//! Numbers of signatures and slots, and the Rust type of each signature.\n\n");
    text.push_str("use crate::*;\nuse core::ffi::{c_char, c_int, c_void};\n\n");
    text.push_str("/// The C signature of a definition's implementation.\npub type HPyFunc_Signature = c_int;\n");
    for s in &abi.signatures {
        let _ = writeln!(text, "pub const HPyFunc_{}: HPyFunc_Signature = {};", s.name, s.value);
    }
    text.push_str("\n/// The names of the signatures, by number.\npub const SIGNATURE_NAMES: [&str; abi::SIGNATURES] = [\n    \"\",\n");
    for s in &abi.signatures {
        let _ = writeln!(text, "    \"{}\",", s.name);
    }
    text.push_str("];\n\n/// Which slot an `HPySlot` fills.\npub type HPySlot_Slot = c_int;\n");
    for s in &abi.slots {
        let _ = writeln!(text, "pub const {}: HPySlot_Slot = {};", s.name, s.value);
    }
    text.push_str(
        "\n/// The name of a slot and the signature its implementation has.\n#[rustfmt::skip]\n\
         pub const SLOTS: &[(HPySlot_Slot, &core::ffi::CStr, HPyFunc_Signature)] = &[\n",
    );
    for s in &abi.slots {
        let _ = writeln!(text, "    ({}, c\"{}\", HPyFunc_{}),", s.name, s.name, s.signature);
    }
    text.push_str("];\n\n/// The Rust type of each signature.\n#[rustfmt::skip]\npub mod signature {\n    use super::*;\n");
    for s in abi.signatures.iter().filter(|s| !s.reserved) {
        let params: Vec<String> = s.params.iter().map(|p| rust_type(&p.ty)).collect();
        let _ = writeln!(
            text,
            "    pub type {} = unsafe extern \"C\" fn({}){};",
            s.name,
            params.join(", "),
            rust_returns(&s.returns)
        );
    }
    text.push_str("}\n");
    text
}

fn table(abi: &Abi) -> String {
    let mut text = String::from(RUST_NOTE);
    text.push_str(
        "use super::{ErrorConvention::*, Member, MemberKind::*};\nuse crate::HPyContext;\nuse core::mem::offset_of;\n\n\
         /// The members of the context, in order.\n#[rustfmt::skip]\npub static MEMBERS: &[Member] = &[\n",
    );
    for m in &abi.members {
        let kind = if m.is_function {
            let convention = match m.error.as_str() {
                "never" => "Never",
                "null" => "Null",
                "null?" => "MaybeNull",
                "-1" => "MinusOne",
                "-1?" => "MinusOneCheck",
                "raises" => "Raises",
                "deferred" => "Deferred",
                other => panic!("{}: unknown error convention {other}", m.name),
            };
            format!("Function({convention})")
        } else {
            "Constant".to_owned()
        };
        let _ = writeln!(
            text,
            "    Member {{ name: \"{0}\", field: \"{1}\", offset: offset_of!(HPyContext, {1}), kind: {kind}, since: \"{2}\" }},",
            m.name, m.field, m.since
        );
    }
    text.push_str("];\n");
    text
}
