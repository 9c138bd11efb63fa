//! The C dev kit's generated headers: the context struct, the calls through it, slots and signatures.

use super::description::{Abi, Member, Param};
use super::{C_NOTE, Output};
use std::fmt::Write;

pub fn outputs(abi: &Abi, outputs: &mut Vec<Output>) {
    outputs.push(Output {
        path: "python/hpy/devel/include/hpy/generated/context.h",
        text: context(abi),
    });
    outputs
        .push(Output { path: "python/hpy/devel/include/hpy/generated/calls.h", text: calls(abi) });
    outputs
        .push(Output { path: "python/hpy/devel/include/hpy/generated/slots.h", text: slots(abi) });
}

/// `type name` with the star next to the name, as C is usually written.
pub fn declare(ty: &str, name: &str) -> String {
    match ty.strip_suffix('*') {
        Some(target) => format!("{} *{name}", target.trim_end()),
        None => format!("{ty} {name}"),
    }
}

fn declare_all(params: &[Param]) -> String {
    if params.is_empty() {
        return "void".to_owned();
    }
    let params: Vec<String> = params.iter().map(|p| declare(&p.ty, &p.name)).collect();
    params.join(", ")
}

fn context(abi: &Abi) -> String {
    let mut text = String::from(C_NOTE);
    let (there, here) = abi.elsewhere_on_pypy;
    text.push_str("#ifndef HPY_GENERATED_CONTEXT_H\n#define HPY_GENERATED_CONTEXT_H\n\n");
    text.push_str("/* How many words hpy/places.h is about. */\n");
    let _ = writeln!(text, "#define _HPy_MOVED_WORDS {}\n", here - there + 1);
    text.push_str("struct _HPyContext_s {\n");
    text.push_str("    const char *name;\n    void *_private;\n    int abi_version;\n");
    for (index, m) in abi.members.iter().enumerate() {
        if index == there {
            text.push_str("    /* See hpy/places.h. */\n    _HPy_EXTENSION union {\n        _HPy_EXTENSION struct {\n");
        }
        let indent = if (there..=here).contains(&index) { "            " } else { "    " };
        if m.is_function {
            let function = format!("(*{})({})", m.field, declare_all(&m.params));
            let _ = writeln!(text, "{indent}{};", declare(&m.returns, &function));
        } else {
            let _ = writeln!(text, "{indent}HPy {};", m.field);
        }
        if index == here {
            let _ =
                writeln!(text, "        }};\n        HPy _hpy_words[_HPy_MOVED_WORDS];\n    }};");
        }
    }
    text.push_str("};\n\n#endif /* HPY_GENERATED_CONTEXT_H */\n");
    text
}

/// The statement that does what `m` does with the function `c_api` of the C API.
fn c_api_call(m: &Member, c_api: &str) -> String {
    let arguments: Vec<String> = m
        .params
        .iter()
        .filter(|p| p.ty != "HPyContext *")
        .map(|p| if p.ty == "HPy" { format!("_h2py({})", p.name) } else { p.name.clone() })
        .collect();
    let call = format!("{c_api}({})", arguments.join(", "));
    match m.returns.as_str() {
        "void" => format!("{call};"),
        "HPy" => format!("return _py2h({call});"),
        _ => format!("return {call};"),
    }
}

/// Functions that the header writes by hand: hpy/calls.h says why.
const HAND_WRITTEN: [&str; 17] = [
    "HPy_Dup",
    "HPy_Close",
    "HPy_Is",
    "HPyErr_Occurred",
    "HPyListBuilder_Set",
    "HPy_Length",
    "HPy_GetItem_i",
    "HPyFloat_AsDouble",
    "_HPy_AsStruct_Object",
    "HPyLong_FromInt32_t",
    "HPyLong_FromInt64_t",
    "HPyLong_FromSsize_t",
    "HPy_Call",
    "_HPy_New",
    "HPy_FatalError",
    "HPy_AsPyObject",
    "HPy_FromPyObject",
];

fn calls(abi: &Abi) -> String {
    let mut text = String::from(C_NOTE);
    text.push_str("#ifndef HPY_GENERATED_CALLS_H\n#define HPY_GENERATED_CALLS_H\n\n");
    for m in abi.functions().filter(|m| !HAND_WRITTEN.contains(&m.name.as_str())) {
        let function = format!("{}({})", m.name, declare_all(&m.params));
        let _ = writeln!(text, "HPyAPI_FUNC {}\n{{", declare(&m.returns, &function));
        if let Some(c_api) = abi.cpython.get(&m.name) {
            let _ = writeln!(
                text,
                "#ifdef HPY_ABI_CPYTHON\n    (void)ctx;\n    {}\n#else",
                c_api_call(m, c_api)
            );
        }
        let arguments: Vec<&str> = m.params.iter().map(|p| p.name.as_str()).collect();
        let place = if m.later_on_pypy {
            format!("_HPy_PLACE(ctx, {})", m.field)
        } else {
            format!("ctx->{}", m.field)
        };
        let call = format!("{place}({})", arguments.join(", "));
        let _ = match (m.returns.as_str(), m.error.as_str()) {
            ("void", _) => writeln!(text, "    {call};"),
            // In hpy 0.9.0 and PyPy the member returns nothing: what is in the register is no handle.
            (_, "raises") => writeln!(text, "    {call};\n    return HPy_NULL;"),
            _ => writeln!(text, "    return {call};"),
        };
        text.push_str(if abi.cpython.contains_key(&m.name) { "#endif\n}\n\n" } else { "}\n\n" });
    }
    text.push_str("#endif /* HPY_GENERATED_CALLS_H */\n");
    text
}

fn slots(abi: &Abi) -> String {
    let mut text = String::from(C_NOTE);
    text.push_str(
        "#ifndef HPY_GENERATED_SLOTS_H\n#define HPY_GENERATED_SLOTS_H\n\ntypedef enum {\n",
    );
    for s in &abi.signatures {
        let _ = writeln!(text, "    HPyFunc_{} = {},", s.name, s.value);
    }
    text.truncate(text.len() - 2);
    text.push_str("\n} HPyFunc_Signature;\n\ntypedef enum {\n");
    for s in &abi.slots {
        let _ = writeln!(text, "    {} = {},", s.name, s.value);
    }
    text.truncate(text.len() - 2);
    text.push_str("\n} HPySlot_Slot;\n\n/* The signature of each slot's implementation. */\n");
    for s in &abi.slots {
        let _ = writeln!(text, "#define _HPySlot_SIGNATURE_{} HPyFunc_{}", s.name, s.signature);
    }
    text.push_str("\n#endif /* HPY_GENERATED_SLOTS_H */\n");
    text
}
