//! What the generators of the wrapping contexts (debug, trace) share.

use super::description::{Abi, Member, Param, Signature, rust_type};
use super::rust_sys::rust_name;

/// How a function's result says that it failed.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Failure {
    /// It returns nothing or cannot fail.
    None,
    /// Null or -1, whichever its type has.
    Value,
}

pub fn failure(member: &Member) -> Failure {
    match member.error.as_str() {
        "null" | "null?" | "-1" | "-1?" | "raises" => Failure::Value,
        _ => Failure::None,
    }
}

/// What a function returns where the wrapper itself refuses the call.
pub fn refusal(returns: &str) -> &'static str {
    match rust_type(returns).as_str() {
        "()" => "()",
        "HPy" => "HPy::NULL",
        "f64" => "-1.0",
        "u32" | "HPy_UCS4" => "u32::MAX",
        "u64" => "u64::MAX",
        "usize" => "usize::MAX",
        "bool" => "false",
        ty if ty.starts_with("*const") => "core::ptr::null()",
        ty if ty.starts_with("*mut") => "core::ptr::null_mut()",
        _ => "-1",
    }
}

pub fn is_handle(param: &Param) -> bool {
    param.ty == "HPy"
}

/// The names of a function's arguments.
pub fn arguments(member: &Member) -> Vec<String> {
    member.params.iter().map(|p| rust_name(&p.name)).collect()
}

/// The index of a member in the ABI table.
pub fn index_of(abi: &Abi, name: &str) -> usize {
    abi.members.iter().position(|m| m.name == name).expect("a member of the table")
}

/// Named parameters of a signature after the context; the table names few of them.
pub fn signature_params(signature: &Signature) -> Vec<(String, String)> {
    signature
        .params
        .iter()
        .skip(1)
        .enumerate()
        .map(|(at, p)| (format!("a{at}"), rust_type(&p.ty)))
        .collect()
}

/// Whether calls of this signature get a context, and so go through an entry.
pub fn has_context(signature: &Signature) -> bool {
    !signature.reserved && signature.params.first().is_some_and(|p| p.ty == "HPyContext *")
}

/// `template`: a context whose functions are the wrappers.
pub fn template(abi: &Abi, path_of: impl Fn(&Member) -> String) -> String {
    use std::fmt::Write;
    let mut text = String::from(
        "/// A context with every function set and every constant null.\n#[rustfmt::skip]\n\
         pub const fn template(name: *const c_char, private: *mut c_void) -> HPyContext {\n    \
         HPyContext {\n        name,\n        _private: private,\n        \
         abi_version: HPY_ABI_VERSION as c_int,\n",
    );
    for m in &abi.members {
        if m.is_function {
            let _ = writeln!(text, "        {}: {},", m.field, path_of(m));
        } else {
            let _ = writeln!(text, "        {}: HPy::NULL,", m.field);
        }
    }
    text.push_str("    }\n}\n\n");
    text.push_str(
        "/// Copies the constants of `from`.\n#[rustfmt::skip]\n\
         pub fn copy_constants(from: &HPyContext, to: &mut HPyContext) {\n",
    );
    for m in abi.members.iter().filter(|m| !m.is_function) {
        let _ = writeln!(text, "    to.{0} = from.{0};", m.field);
    }
    text.push_str("}\n");
    text
}

/// The table of entries, by signature number.
/// The table of entries; `holds_object` is the path of the function that is asked of fields.
pub fn entry_table(
    abi: &Abi,
    holds_object: &str,
    path_of: impl Fn(&Signature) -> String,
) -> String {
    use std::fmt::Write;
    let mut text = String::from(
        "/// The entries, by signature.\n#[rustfmt::skip]\npub static TABLE: EntryTable = EntryTable {\n    by_signature: [\n        \
         ptr::null(),\n",
    );
    for s in &abi.signatures {
        if has_context(s) {
            let _ = writeln!(text, "        {} as *const c_void,", path_of(s));
        } else {
            let _ = writeln!(text, "        ptr::null(), // {}", s.name);
        }
    }
    let _ = write!(text, "    ],\n    holds_object: Some({holds_object}),\n}};\n");
    text
}
