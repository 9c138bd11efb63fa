//! The C dev kit's headers about `HPyFunc_Signature`: function types, declarations and trampolines.

use super::c_headers::declare;
use super::description::{Abi, Param, Signature};
use super::{C_NOTE, Output};
use std::fmt::Write;

pub fn outputs(abi: &Abi, outputs: &mut Vec<Output>) {
    outputs.push(Output {
        path: "python/hpy/devel/include/hpy/generated/signatures.h",
        text: signatures(abi),
    });
    outputs.push(Output {
        path: "python/hpy/devel/include/hpy/generated/trampolines.h",
        text: universal_trampolines(abi),
    });
}

/// The ABI's parameters as C writes them; those without a name in the table stay nameless.
fn parameters(signature: &Signature) -> String {
    let texts: Vec<String> = signature
        .params
        .iter()
        .map(|p| {
            if p.name.starts_with("arg") && p.name != "arg" && p.name != "args" {
                p.ty.clone()
            } else {
                declare(&p.ty, &p.name)
            }
        })
        .collect();
    texts.join(", ")
}

fn signatures(abi: &Abi) -> String {
    let mut text = String::from(C_NOTE);
    text.push_str("#ifndef HPY_GENERATED_SIGNATURES_H\n#define HPY_GENERATED_SIGNATURES_H\n\n");
    text.push_str("/* The type of an implementation of each HPyFunc_Signature. */\n");
    for s in abi.signatures.iter().filter(|s| !s.reserved) {
        let function = format!("(*HPyFunc_{})({})", s.name.to_lowercase(), parameters(s));
        let _ = writeln!(text, "typedef {};", declare(&s.returns, &function));
    }
    text.push_str("\n/* Declares the implementation SYM of each HPyFunc_Signature. */\n");
    for s in abi.signatures.iter().filter(|s| !s.reserved) {
        let function = format!("SYM({})", parameters(s));
        let _ = writeln!(
            text,
            "#define _HPyFunc_DECLARE_HPyFunc_{}(SYM) \\\n    static {}",
            s.name,
            declare(&s.returns, &function)
        );
    }
    text.push_str("\n#endif /* HPY_GENERATED_SIGNATURES_H */\n");
    text
}

/// What CPython passes where the implementation gets `ty`.
fn cpython_type(ty: &str) -> &str {
    match ty {
        "HPy" => "cpy_PyObject *",
        "const HPy *" => "cpy_PyObject *const *",
        "HPy_buffer *" => "cpy_Py_buffer *",
        "HPyFunc_visitproc" => "cpy_visitproc",
        "HPy_RichCmpOp" => "int",
        other => other,
    }
}

/// The parameters that CPython's own function of this signature has.
pub fn cpython_parameters(signature: &Signature) -> Vec<Param> {
    let param = |ty: &str, name: &str| Param { ty: ty.to_owned(), name: name.to_owned() };
    let object = |name: &str| param("cpy_PyObject *", name);
    match signature.name.as_str() {
        "VARARGS" => vec![
            object("self"),
            param("cpy_PyObject *const *", "args"),
            param("HPy_ssize_t", "nargs"),
        ],
        "KEYWORDS" => vec![
            object("self"),
            param("cpy_PyObject *const *", "args"),
            param("size_t", "nargsf"),
            object("kwnames"),
        ],
        "INITPROC" | "NEWFUNC" => vec![object("self"), object("args"), object("kw")],
        "TRAVERSEPROC" => {
            vec![object("self"), param("cpy_visitproc", "visit"), param("void *", "arg")]
        }
        _ => signature
            .params
            .iter()
            .filter(|p| p.ty != "HPyContext *")
            .enumerate()
            .map(|(index, p)| {
                let name = match (index, p.name.as_str()) {
                    (_, "self") => "self".to_owned(),
                    _ => format!("arg{index}"),
                };
                param(cpython_type(&p.ty), &name)
            })
            .collect(),
    }
}

/// Signatures whose trampolines are written by hand: they take no part in the common scheme.
pub fn has_common_trampoline(signature: &Signature) -> bool {
    !signature.reserved
        && !matches!(signature.name.as_str(), "DESTROYFUNC" | "CAPSULE_DESTRUCTOR" | "MOD_CREATE")
}

/// The statement that calls an implementation with the context and what its trampoline gets; None where these are
/// not the implementation's arguments.
fn straight_call(signature: &Signature, params: &[Param]) -> Option<String> {
    if matches!(signature.name.as_str(), "INITPROC" | "NEWFUNC" | "TRAVERSEPROC") {
        return None;
    }
    let mut call = String::from("IMPL(_hpy_straight_ctx");
    for (own, theirs) in params.iter().zip(signature.params.iter().skip(1)) {
        let name = &own.name;
        let _ = match theirs.ty.as_str() {
            "HPy" => write!(call, ", _hconv({name})"),
            // The bit above the count is CPython's own.
            _ if name == "nargsf" => write!(call, ", nargsf & (SIZE_MAX >> 1)"),
            _ if own.ty == theirs.ty => write!(call, ", {name}"),
            ty => write!(call, ", ({ty}){name}"),
        };
    }
    call.push(')');
    Some(match signature.returns.as_str() {
        "HPy" => format!("return _HPy_FROM_IMPL({call});"),
        "void" => format!("{{ {call}; return; }}"),
        _ => format!("return {call};"),
    })
}

fn universal_trampolines(abi: &Abi) -> String {
    let mut text = String::from(C_NOTE);
    text.push_str("#ifndef HPY_GENERATED_TRAMPOLINES_H\n#define HPY_GENERATED_TRAMPOLINES_H\n");
    for s in abi.signatures.iter().filter(|s| has_common_trampoline(s)) {
        let params = cpython_parameters(s);
        let returns = cpython_type(&s.returns);
        let _ = writeln!(text, "\ntypedef struct {{");
        for p in &params {
            // The struct holds the operator with its own type; both are an int.
            let ty = if s.name == "RICHCMPFUNC" && p.ty == "int" { "HPy_RichCmpOp" } else { &p.ty };
            let _ = writeln!(text, "    {};", declare(ty, &p.name));
        }
        if returns != "void" {
            let _ = writeln!(text, "    {};", declare(returns, "result"));
        }
        let _ = writeln!(text, "}} _HPyFunc_args_{};\n", s.name);
        let declared: Vec<String> = params.iter().map(|p| declare(&p.ty, &p.name)).collect();
        let names: Vec<&str> = params.iter().map(|p| p.name.as_str()).collect();
        let (declared, names) = (declared.join(", "), names.join(", "));
        let straight = straight_call(s, &params);
        let is_handle = returns == "cpy_PyObject *" && straight.is_some();
        let (returns, result) = match (returns, is_handle) {
            ("void", _) => ("void", ""),
            (_, true) => ("_HPy_RESULT", "return _HPy_TO_RESULT(a.result);"),
            (other, false) => (other, "return a.result;"),
        };
        let _ = writeln!(text, "#define _HPyFunc_TRAMPOLINE_HPyFunc_{}(SYM, IMPL) \\", s.name);
        // Out of line, so that a call that goes straight needs no frame.
        let (attribute, function) = match straight {
            Some(_) => ("_HPy_PACKING ", format!("SYM##_packing({declared})")),
            None => ("", format!("SYM({declared})")),
        };
        let _ = writeln!(text, "    static {attribute}{} \\", declare(returns, &function));
        let _ = writeln!(text, "    {{ \\\n        _HPyFunc_args_{} a; \\", s.name);
        for p in &params {
            let cast =
                if s.name == "RICHCMPFUNC" && p.ty == "int" { "(HPy_RichCmpOp)" } else { "" };
            let _ = writeln!(text, "        a.{0} = {cast}{0}; \\", p.name);
        }
        let _ = writeln!(
            text,
            "        _HPy_CallRealFunctionFromTrampoline(_HPy_TRAMPOLINE_CTX, HPyFunc_{}, (HPyCFunction)IMPL, &a); \\",
            s.name
        );
        if !result.is_empty() {
            let _ = writeln!(text, "        {result} \\");
        }
        text.push_str("    }");
        if let Some(call) = straight {
            let function = declare(returns, &format!("SYM({declared})"));
            let back = if returns == "void" { "" } else { "return " };
            let _ = write!(
                text,
                " \\\n    static {function} \\\n    {{ \\\n        if (_HPy_GOES_STRAIGHT) {call} \\\n        {back}SYM##_packing({names}); \\\n    }}"
            );
        }
        text.push('\n');
    }
    text.push_str("\n#endif /* HPY_GENERATED_TRAMPOLINES_H */\n");
    text
}
