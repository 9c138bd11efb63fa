//! `signature = (a, /, b = 1, *args, c, **kwargs)`.

use proc_macro2::Span;
use quote::ToTokens;
use syn::ext::IdentExt;
use syn::parse::{Parse, ParseStream};
use syn::{Expr, Ident, Token};

/// One entry of a signature.
pub enum Entry {
    /// `/`
    Slash(Span),
    /// `*`
    Star(Span),
    /// `*args`
    VarArgs(Ident),
    /// `**kwargs`
    VarKwargs(Ident),
    /// `name` or `name = default`
    Param(Ident, Option<Expr>),
}

/// A signature as it is written.
pub struct SignatureSpec {
    pub span: Span,
    pub entries: Vec<Entry>,
}

impl Parse for SignatureSpec {
    fn parse(input: ParseStream) -> syn::Result<Self> {
        let span = input.span();
        let mut entries = Vec::new();
        while !input.is_empty() {
            entries.push(entry(input)?);
            if input.is_empty() {
                break;
            }
            input.parse::<Token![,]>()?;
        }
        let signature = SignatureSpec { span, entries };
        signature.check()?;
        Ok(signature)
    }
}

fn entry(input: ParseStream) -> syn::Result<Entry> {
    if input.peek(Token![/]) {
        return Ok(Entry::Slash(input.parse::<Token![/]>()?.span));
    }
    if input.peek(Token![*]) {
        let star = input.parse::<Token![*]>()?;
        if input.peek(Token![*]) {
            input.parse::<Token![*]>()?;
            return Ok(Entry::VarKwargs(input.call(Ident::parse_any)?));
        }
        if input.peek(Ident::peek_any) {
            return Ok(Entry::VarArgs(input.call(Ident::parse_any)?));
        }
        return Ok(Entry::Star(star.span));
    }
    if !input.peek(Ident::peek_any) {
        return Err(input.error(
            "expected a parameter name, `name = default`, `/`, `*`, `*args` or `**kwargs`",
        ));
    }
    let name = input.call(Ident::parse_any)?;
    let default = if input.peek(Token![=]) {
        input.parse::<Token![=]>()?;
        Some(input.parse::<Expr>()?)
    } else {
        None
    };
    Ok(Entry::Param(name, default))
}

impl SignatureSpec {
    /// Python's own rules of order.
    fn check(&self) -> syn::Result<()> {
        let mut slash = false;
        let mut star = false;
        let mut kwargs = false;
        let mut default = false;
        for (index, entry) in self.entries.iter().enumerate() {
            let fail = |span: Span, text: &str| Err(syn::Error::new(span, text));
            match entry {
                Entry::VarKwargs(name) | Entry::VarArgs(name) | Entry::Param(name, _) if kwargs => {
                    return fail(name.span(), "`**kwargs` comes last");
                }
                Entry::Slash(span) | Entry::Star(span) if kwargs => {
                    return fail(*span, "`**kwargs` comes last");
                }
                Entry::Slash(span) if slash => return fail(*span, "there can be one `/` only"),
                Entry::Slash(span) if star => {
                    return fail(
                        *span,
                        "`/` comes before `*`: positional-only parameters are the first",
                    );
                }
                Entry::Slash(span) if index == 0 => {
                    return fail(*span, "`/` follows the positional-only parameters: (a, /, b)");
                }
                Entry::Slash(_) => slash = true,
                Entry::Star(span) if star => return fail(*span, "there can be one `*` only"),
                Entry::VarArgs(name) if star => {
                    return fail(name.span(), "there can be one `*` only");
                }
                Entry::Star(span) if index + 1 == self.entries.len() => {
                    return fail(*span, "`*` stands before keyword-only parameters: (a, *, b)");
                }
                Entry::Star(_) | Entry::VarArgs(_) => star = true,
                Entry::VarKwargs(_) => kwargs = true,
                Entry::Param(_, Some(_)) => default = true,
                Entry::Param(name, None) if default && !star => {
                    return fail(
                        name.span(),
                        "a parameter without a default cannot follow one with a default: give it one, \
                         or make it keyword-only with `*`",
                    );
                }
                Entry::Param(..) => {}
            }
        }
        Ok(())
    }
}

/// How Python code would write a default, `...` where that is not plain.
pub fn python_text(default: &Expr) -> String {
    use syn::{ExprLit, ExprUnary, Lit, UnOp};
    match default {
        Expr::Lit(ExprLit { lit, .. }) => match lit {
            Lit::Str(text) => python_str(&text.value()),
            Lit::Bool(value) => if value.value { "True" } else { "False" }.to_owned(),
            Lit::Int(value) => value.base10_digits().to_owned(),
            Lit::Float(value) => value.base10_digits().to_owned(),
            Lit::Char(value) => python_str(&value.value().to_string()),
            _ => "...".to_owned(),
        },
        Expr::Unary(ExprUnary { op: UnOp::Neg(_), expr, .. }) => match python_text(expr) {
            text if text.starts_with(|c: char| c.is_ascii_digit()) => format!("-{text}"),
            _ => "...".to_owned(),
        },
        Expr::Path(path) if path.to_token_stream().to_string() == "None" => "None".to_owned(),
        Expr::Call(call) if call.func.to_token_stream().to_string() == "Some" => {
            call.args.first().map_or("...".to_owned(), python_text)
        }
        _ => "...".to_owned(),
    }
}

fn python_str(text: &str) -> String {
    if text.chars().all(|c| (' '..='~').contains(&c) && c != '\'' && c != '\\') {
        format!("'{text}'")
    } else {
        "...".to_owned()
    }
}
