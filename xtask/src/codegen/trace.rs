//! hpy-trace: a wrapper per context function and an entry per signature.

use super::description::{Abi, Member, Signature};
use super::rust_sys::{rust_params, rust_returns};
use super::wrapping::*;
use super::{Output, RUST_NOTE};

/// Functions with a wrapper of their own in `hpy-trace/src/special.rs`.
const SPECIAL: &[&str] = &[
    "HPy_FatalError",
    "HPyType_FromSpec",
    "HPy_SetCallFunction",
    "_HPy_CallRealFunctionFromTrampoline",
    "HPyGlobal_Store",
    "HPyGlobal_Load",
    "HPyField_Load",
    "HPy_LeavePythonExecution",
    "HPy_ReenterPythonExecution",
];

pub fn outputs(abi: &Abi, outputs: &mut Vec<Output>) {
    for name in SPECIAL {
        index_of(abi, name);
    }
    outputs
        .push(Output { path: "crates/hpy-trace/src/generated/wrappers.rs", text: wrappers(abi) });
    outputs.push(Output { path: "crates/hpy-trace/src/generated/entries.rs", text: entries(abi) });
}

fn wrappers(abi: &Abi) -> String {
    let mut text = String::from(RUST_NOTE);
    text.push_str(
        "//! The wrappers of the context functions: count, time, pass through.\n\n\
         use crate::call::Call;\nuse core::ffi::{c_char, c_int, c_void};\nuse hpy_sys::*;\n\n",
    );
    text.push_str(&template(abi, |m| {
        if SPECIAL.contains(&m.name.as_str()) {
            format!("crate::special::{}", m.name)
        } else {
            m.name.clone()
        }
    }));
    for m in abi.functions().filter(|m| !SPECIAL.contains(&m.name.as_str())) {
        text.push_str(&wrapper(abi, m));
    }
    text
}

fn wrapper(abi: &Abi, m: &Member) -> String {
    let mut arguments = arguments(m);
    arguments[0] = "call.base".to_owned();
    format!(
        "\n#[rustfmt::skip]\npub unsafe extern \"C\" fn {}({}){} {{\n    \
         let call = Call::begin(ctx, {});\n    \
         let result = ((*call.base).{})({});\n    \
         call.end();\n    result\n}}\n",
        m.name,
        rust_params(m),
        rust_returns(&m.returns),
        index_of(abi, &m.name),
        m.field,
        arguments.join(", ")
    )
}

fn entries(abi: &Abi) -> String {
    let mut text = String::from(RUST_NOTE);
    text.push_str(
        "//! The entries through which calls from Python reach an extension in trace mode.\n\n\
         use crate::entry::Upcall;\nuse core::ffi::{c_char, c_int, c_void};\nuse core::{mem, ptr};\n\
         use hpy_sys::backend::{Entry, EntryTable};\nuse hpy_sys::*;\n\n",
    );
    text.push_str(&entry_table(abi, "crate::backend::holds_object", |s| s.name.clone()));
    for s in abi.signatures.iter().filter(|s| has_context(s)) {
        text.push_str(&entry(s));
    }
    text
}

fn entry(s: &Signature) -> String {
    let params = signature_params(s);
    let listed: Vec<String> = params.iter().map(|(name, ty)| format!("{name}: {ty}")).collect();
    let types: Vec<&str> = params.iter().map(|(_, ty)| ty.as_str()).collect();
    let names: Vec<&str> = params.iter().map(|(name, _)| name.as_str()).collect();
    let returns = rust_returns(&s.returns);
    let types = types.join(", ");
    let names = names.join(", ");
    format!(
        "\n#[rustfmt::skip]\nunsafe extern \"C\" fn {}(entry: *const Entry, {}){returns} {{\n    \
         let up = Upcall::begin(entry);\n    \
         let result = match up.upper() {{\n        \
         None => mem::transmute::<*const c_void, unsafe extern \"C\" fn(*mut HPyContext, {types}){returns}>((*entry).imp)(up.ctx(), {names}),\n        \
         Some((imp, upper)) => mem::transmute::<*const c_void, unsafe extern \"C\" fn(*const Entry, {types}){returns}>(imp)(upper, {names}),\n    }};\n    \
         up.end();\n    result\n}}\n",
        s.name,
        listed.join(", ")
    )
}
