//! Docstrings: Rust's doc comments with the text signature that `inspect` reads before them.

use proc_macro2::Literal;
use syn::{Attribute, Expr, ExprLit, Lit, Meta};

/// The text of the doc comments.
pub fn text(attributes: &[Attribute]) -> String {
    let mut lines = Vec::new();
    for attribute in attributes.iter().filter(|attribute| attribute.path().is_ident("doc")) {
        if let Meta::NameValue(pair) = &attribute.meta
            && let Expr::Lit(ExprLit { lit: Lit::Str(line), .. }) = &pair.value
        {
            let line = line.value();
            lines.push(line.strip_prefix(' ').unwrap_or(&line).trim_end().to_owned());
        }
    }
    lines.join("\n").trim().to_owned()
}

/// A C string literal.
pub fn c_literal(text: &str) -> Literal {
    let text = text.replace('\0', "\\0");
    match std::ffi::CString::new(text) {
        Ok(text) => Literal::c_string(&text),
        Err(_) => Literal::c_string(c""),
    }
}

/// `name(signature)\n--\n\ntext`: what CPython splits into `__text_signature__` and `__doc__`.
pub fn with_signature(name: &str, signature: &str, text: &str) -> Literal {
    c_literal(&format!("{name}({signature})\n--\n\n{text}"))
}
