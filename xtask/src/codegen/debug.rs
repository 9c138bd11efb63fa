//! hpy-debug: a wrapper per context function and an entry per signature.
//!
//! A function that only passes handles and values through is wrapped by the template; what is in `SPECIAL`
//! is written by hand in hpy-debug.

use super::description::{Abi, Member, Signature, rust_type};
use super::rust_sys::{rust_name, rust_params, rust_returns};
use super::wrapping::*;
use super::{Output, RUST_NOTE};
use std::fmt::Write;

/// Functions with a wrapper of their own, and its module in `hpy-debug/src/special`.
const SPECIAL: &[(&str, &str)] = &[
    ("HPy_Close", "handles"),
    ("HPy_Is", "handles"),
    ("HPyTuple_FromArray", "handles"),
    ("HPyContextVar_Get", "handles"),
    ("HPy_Call", "calls"),
    ("HPy_CallMethod", "calls"),
    ("HPyType_GenericNew", "calls"),
    ("HPy_SetCallFunction", "calls"),
    ("_HPy_CallRealFunctionFromTrampoline", "calls"),
    ("HPyErr_Clear", "errors"),
    ("HPyErr_WriteUnraisable", "errors"),
    ("HPyErr_SetString", "errors"),
    ("HPyErr_SetObject", "errors"),
    ("HPyType_FromSpec", "types"),
    ("HPy_TypeCheck", "types"),
    ("HPyType_GetName", "types"),
    ("HPyType_IsSubtype", "types"),
    ("HPyUnicode_Substring", "types"),
    ("HPyUnicode_AsUTF8AndSize", "text"),
    ("HPyBytes_AsString", "text"),
    ("HPyBytes_AS_STRING", "text"),
    ("_HPy_AsStruct_Object", "structs"),
    ("_HPy_AsStruct_Legacy", "structs"),
    ("_HPy_AsStruct_Type", "structs"),
    ("_HPy_AsStruct_Long", "structs"),
    ("_HPy_AsStruct_Float", "structs"),
    ("_HPy_AsStruct_Unicode", "structs"),
    ("_HPy_AsStruct_Tuple", "structs"),
    ("_HPy_AsStruct_List", "structs"),
    ("_HPy_AsStruct_Dict", "structs"),
    ("HPyListBuilder_New", "builders"),
    ("HPyListBuilder_Set", "builders"),
    ("HPyListBuilder_Build", "builders"),
    ("HPyListBuilder_Cancel", "builders"),
    ("HPyTupleBuilder_New", "builders"),
    ("HPyTupleBuilder_Set", "builders"),
    ("HPyTupleBuilder_Build", "builders"),
    ("HPyTupleBuilder_Cancel", "builders"),
    ("HPyTracker_New", "trackers"),
    ("HPyTracker_Add", "trackers"),
    ("HPyTracker_ForgetAll", "trackers"),
    ("HPyTracker_Close", "trackers"),
    ("HPyField_Store", "fields"),
    ("HPyField_Load", "fields"),
    ("HPyGlobal_Store", "fields"),
    ("HPyGlobal_Load", "fields"),
    ("HPy_LeavePythonExecution", "threads"),
    ("HPy_ReenterPythonExecution", "threads"),
];

/// Handle arguments that may be null, as (function, argument).
const NULLABLE: &[(&str, &str)] = &[
    ("HPy_Dup", "h"),
    ("HPy_CallTupleDict", "args"),
    ("HPy_CallTupleDict", "kw"),
    ("HPyErr_SetFromErrnoWithFilenameObjects", "filename1"),
    ("HPyErr_SetFromErrnoWithFilenameObjects", "filename2"),
    ("HPyErr_NewException", "base"),
    ("HPyErr_NewException", "dict"),
    ("HPyErr_NewExceptionWithDoc", "base"),
    ("HPyErr_NewExceptionWithDoc", "dict"),
    ("HPyErr_WarnEx", "category"),
    ("HPy_AsPyObject", "h"),
    ("_HPy_Dump", "h"),
    ("HPy_SetAttr", "value"),
    ("HPy_SetAttr_s", "value"),
    ("HPyContextVar_New", "default_value"),
    ("HPySlice_New", "start"),
    ("HPySlice_New", "stop"),
    ("HPySlice_New", "step"),
];

/// Families whose functions may run Python code and so want no pending exception.
const RUN_PYTHON: &[&str] = &["object", "number", "call", "import", "eval", "iter"];
/// Functions of these families that run none.
const RUN_NONE: &[&str] =
    &["HPy_Type", "HPy_TypeCheck", "_HPy_Dump", "HPyCallable_Check", "HPyNumber_Check"];

pub fn outputs(abi: &Abi, outputs: &mut Vec<Output>) {
    for (name, _) in SPECIAL.iter().chain(NULLABLE) {
        index_of(abi, name);
    }
    outputs
        .push(Output { path: "crates/hpy-debug/src/generated/wrappers.rs", text: wrappers(abi) });
    outputs.push(Output { path: "crates/hpy-debug/src/generated/entries.rs", text: entries(abi) });
}

fn special_module(name: &str) -> Option<&'static str> {
    SPECIAL.iter().find(|(special, _)| *special == name).map(|(_, module)| *module)
}

fn wrappers(abi: &Abi) -> String {
    let mut text = String::from(RUST_NOTE);
    text.push_str(
        "//! The wrappers of the context functions that only pass handles and values through.\n\
         #![allow(clippy::unused_unit)]\n\n\
         use crate::call::Call;\nuse crate::frame;\nuse crate::records::IMMORTAL;\nuse crate::state::State;\n\
         use core::ffi::{c_char, c_int, c_void};\nuse hpy_sys::*;\n\n",
    );
    text.push_str(&template(abi, |m| match special_module(&m.name) {
        Some(module) => format!("crate::special::{module}::{}", m.name),
        None => m.name.clone(),
    }));
    text.push_str(
        "\n/// Sets the constants to handles of their own for those of `from`.\n#[rustfmt::skip]\n\
         pub fn wrap_constants(state: &State, from: &HPyContext, to: &mut HPyContext) {\n    \
         // SAFETY: contexts are made by attached threads.\n    \
         let wrap = |inner: HPy| unsafe { state.open(inner, IMMORTAL, 0) };\n",
    );
    for m in abi.members.iter().filter(|m| !m.is_function) {
        let _ = writeln!(text, "    to.{0} = wrap(from.{0});", m.field);
    }
    text.push_str("}\n");
    for m in abi.functions().filter(|m| special_module(&m.name).is_none()) {
        text.push_str(&wrapper(abi, m));
    }
    text
}

fn wrapper(abi: &Abi, m: &Member) -> String {
    let head = format!("{}({}){}", m.name, rust_params(m), rust_returns(&m.returns));
    let mut text = format!("\n#[cold]\n#[rustfmt::skip]\nunsafe extern \"C\" fn slow_{head} {{\n");
    let mut fast = format!(
        "\n#[rustfmt::skip]\npub unsafe extern \"C\" fn {head} {{\n    let frame = frame::of(ctx);\n"
    );
    fast.push_str("    let pass = frame.pass();\n");
    let clean = RUN_PYTHON.contains(&m.family.as_str())
        && failure(m) != Failure::None
        && !RUN_NONE.contains(&m.name.as_str());
    let _ = writeln!(
        text,
        "    let call = Call::{}(ctx, {});",
        if clean { "begin_clean" } else { "begin" },
        index_of(abi, &m.name)
    );
    let mut checks = Vec::new();
    let mut inner = String::new();
    for p in m.params.iter().skip(1) {
        assert!(
            !p.ty.starts_with("const HPy") && p.ty != "HPy *",
            "{}: an array of handles needs a wrapper of its own",
            m.name
        );
        if !is_handle(p) {
            continue;
        }
        let name = rust_name(&p.name);
        let nullable = NULLABLE.contains(&(m.name.as_str(), p.name.as_str()));
        let _ = writeln!(
            text,
            "    let Some({name}) = call.handle{}({name}, \"{}\") else {{ return {} }};",
            if nullable { "_or_null" } else { "" },
            p.name,
            refusal(&m.returns)
        );
        let _ = writeln!(fast, "    let of_{name} = frame.record({name});");
        checks.push(format!("frame.may_use(of_{name}, {name}, pass)"));
        let _ = writeln!(inner, "        let {name} = of_{name}.inner();");
    }
    if checks.is_empty() {
        checks.push("pass == frame.call.get()".to_owned());
    }
    if clean {
        checks.push("frame.is_clean()".to_owned());
    }
    let _ = writeln!(
        fast,
        "    if {} {{\n        let call = Call::of(frame, {});",
        checks.join(" && "),
        index_of(abi, &m.name)
    );
    fast.push_str(&inner);
    let rest = text.len();
    let mut arguments = arguments(m);
    arguments[0] = "call.base".to_owned();
    let inner = format!("((*call.base).{})({})", m.field, arguments.join(", "));
    let returns = rust_type(&m.returns);
    match (returns.as_str(), failure(m)) {
        ("()", _) => {
            let _ = writeln!(text, "    {inner};");
        }
        ("HPy", Failure::Value) => {
            let _ = writeln!(text, "    call.new_handle({inner})");
        }
        ("HPy", Failure::None) => {
            let _ = writeln!(
                text,
                "    let result = {inner};\n    if result.is_null() {{ return HPy::NULL; }}\n    call.new_handle(result)"
            );
        }
        (_, Failure::None) => {
            let _ = writeln!(text, "    {inner}");
        }
        (ty, Failure::Value) => {
            let failed = if ty.starts_with('*') {
                "result.is_null()".to_owned()
            } else {
                format!("result == {}", refusal(&m.returns))
            };
            let _ = writeln!(
                text,
                "    let result = {inner};\n    if {failed} {{ call.failed(); }}\n    result"
            );
        }
    }
    let names: Vec<String> = std::iter::once("ctx".to_owned())
        .chain(m.params.iter().skip(1).map(|p| rust_name(&p.name)))
        .collect();
    let passed = names.join(", ");
    let indented: Vec<String> = text[rest..].lines().map(|line| format!("    {line}\n")).collect();
    let last = indented.len() - 1;
    for (index, line) in indented.iter().enumerate() {
        if index == last && !line.trim_end().ends_with(';') {
            let _ = writeln!(fast, "        return {};", line.trim());
        } else if index == last {
            fast.push_str(line);
            fast.push_str("        return;\n");
        } else {
            fast.push_str(line);
        }
    }
    let _ = writeln!(fast, "    }}\n    slow_{}({passed})\n}}", m.name);
    text.push_str("}\n");
    fast + &text
}

/// Signatures with entries of their own in `hpy-debug/src/entry.rs`.
const SPECIAL_ENTRIES: &[&str] =
    &["VARARGS", "KEYWORDS", "INITPROC", "NEWFUNC", "GETBUFFERPROC", "RELEASEBUFFERPROC"];

fn entries(abi: &Abi) -> String {
    let mut text = String::from(RUST_NOTE);
    text.push_str(
        "//! The entries through which calls from Python reach an extension in debug mode.\n\n\
         use crate::entry;\nuse crate::upcall::Upcall;\nuse core::ffi::{c_char, c_int, c_void};\nuse core::{mem, ptr};\n\
         use hpy_sys::backend::{Entry, EntryTable};\nuse hpy_sys::*;\n\n",
    );
    for (name, stacked) in [("TABLE", "false"), ("STACKED_TABLE", "true")] {
        let table = entry_table(abi, "crate::assigned::holds_object", |s| {
            let special = SPECIAL_ENTRIES.contains(&s.name.as_str());
            format!("{}{}::<{stacked}>", if special { "entry::" } else { "" }, s.name)
        });
        if stacked == "true" {
            text.push('\n');
        }
        text.push_str(&table.replacen("TABLE", name, 1));
    }
    for s in abi.signatures.iter().filter(|s| has_context(s)) {
        if !SPECIAL_ENTRIES.contains(&s.name.as_str()) {
            text.push_str(&entry(s));
        }
    }
    text
}

fn entry(s: &Signature) -> String {
    let params = signature_params(s);
    let listed: Vec<String> = params.iter().map(|(name, ty)| format!("{name}: {ty}")).collect();
    let types: Vec<&str> = params.iter().map(|(_, ty)| ty.as_str()).collect();
    let names: Vec<String> = params
        .iter()
        .map(|(name, ty)| if ty == "HPy" { format!("{name}.h") } else { name.clone() })
        .collect();
    let returns = rust_returns(&s.returns);
    let mut text = format!(
        "\n#[rustfmt::skip]\nunsafe extern \"C\" fn {}<const S: bool>(entry: *const Entry, {}){returns} {{\n    \
         let up = Upcall::<S>::begin(entry);\n",
        s.name,
        listed.join(", ")
    );
    for (name, ty) in &params {
        if ty == "HPy" {
            let _ = writeln!(text, "    let {name} = up.argument({name});");
        }
    }
    let types = types.join(", ");
    let names = names.join(", ");
    let starved = refusal(&s.returns);
    let _ = writeln!(
        text,
        "    let result = match up.upper() {{\n        _ if up.is_starved() => {starved},\n        \
         None => mem::transmute::<*const c_void, unsafe extern \"C\" fn(*mut HPyContext, {types}){returns}>((*entry).imp)(up.ctx(), {names}),\n        \
         Some(imp) => mem::transmute::<*const c_void, unsafe extern \"C\" fn(*const Entry, {types}){returns}>(imp)(&up.upper_entry(), {names}),\n    }};"
    );
    text.push_str("    up.returned();\n");
    for (name, ty) in params.iter().rev() {
        if ty == "HPy" {
            let _ = writeln!(text, "    up.end_argument({name});");
        }
    }
    let end = match rust_type(&s.returns).as_str() {
        "HPy" if s.name == "ITERNEXTFUNC" => "up.iternext_result(result)",
        "HPy" => "up.handle_result(result)",
        "()" => "up.no_result(result)",
        // -1 without an exception is for the caller to judge: hash() refuses it, __hash__() passes it on.
        "HPy_hash_t" => "up.hash_result(result);\n    result",
        _ => "up.number_result(result as isize);\n    result",
    };
    let _ = writeln!(text, "    {end}\n}}");
    text
}
