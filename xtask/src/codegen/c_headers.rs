//! The C dev kit's generated headers: the context struct, the calls through it, slots and signatures.

use super::description::{Abi, Param};
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
    text.push_str("#ifndef HPY_GENERATED_CONTEXT_H\n#define HPY_GENERATED_CONTEXT_H\n\nstruct _HPyContext_s {\n");
    text.push_str("    const char *name;\n    void *_private;\n    int abi_version;\n");
    for m in &abi.members {
        if m.is_function {
            let function = format!("(*{})({})", m.field, declare_all(&m.params));
            let _ = writeln!(text, "    {};", declare(&m.returns, &function));
        } else {
            let _ = writeln!(text, "    HPy {};", m.field);
        }
    }
    text.push_str("};\n\n#endif /* HPY_GENERATED_CONTEXT_H */\n");
    text
}

/// Functions that the header writes by hand: hpy/calls.h says why.
const HAND_WRITTEN: [&str; 4] =
    ["_HPy_New", "HPy_FatalError", "HPy_AsPyObject", "HPy_FromPyObject"];

fn calls(abi: &Abi) -> String {
    let mut text = String::from(C_NOTE);
    text.push_str("#ifndef HPY_GENERATED_CALLS_H\n#define HPY_GENERATED_CALLS_H\n\n");
    for m in abi.functions().filter(|m| !HAND_WRITTEN.contains(&m.name.as_str())) {
        let arguments: Vec<&str> = m.params.iter().map(|p| p.name.as_str()).collect();
        let function = format!("{}({})", m.name, declare_all(&m.params));
        let _ = writeln!(
            text,
            "HPyAPI_FUNC {}\n{{\n    {}ctx->{}({});\n}}\n",
            declare(&m.returns, &function),
            if m.returns == "void" { "" } else { "return " },
            m.field,
            arguments.join(", ")
        );
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
