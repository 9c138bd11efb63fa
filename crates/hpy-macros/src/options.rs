//! The options in the parentheses of an attribute.

use crate::signature::SignatureSpec;
use proc_macro2::{Span, TokenStream};
use syn::parse::{Parse, ParseStream};
use syn::punctuated::Punctuated;
use syn::{Attribute, Ident, LitBool, LitStr, Path, Token, parenthesized};

/// One option.
pub enum Opt {
    Name(LitStr),
    Signature(SignatureSpec),
    Flag(Ident),
    Bool(Ident, bool),
    Path(Ident, Path),
    /// `returns = "..."`, `stub = "..."`: Python source for `.pyi` files.
    Python(Ident, LitStr),
    /// `message = "..."`: what `format!` takes, with the names of fields.
    Message(Ident, LitStr),
    Text(Ident),
}

impl Parse for Opt {
    fn parse(input: ParseStream) -> syn::Result<Self> {
        let key: Ident = input.call(syn::ext::IdentExt::parse_any)?;
        if !input.peek(Token![=]) {
            return Ok(Opt::Flag(key));
        }
        input.parse::<Token![=]>()?;
        if key == "name" {
            return Ok(Opt::Name(input.parse().map_err(|error| {
                syn::Error::new(error.span(), "the name is a string: name = \"...\"")
            })?));
        }
        if key == "signature" {
            if !input.peek(syn::token::Paren) {
                return Err(input.error(
                    "a signature is written in parentheses: signature = (a, /, b = 1, *args, c, **kwargs)",
                ));
            }
            let content;
            parenthesized!(content in input);
            return Ok(Opt::Signature(content.parse()?));
        }
        if key == "returns" || key == "stub" {
            let text = input.parse().map_err(|error| {
                syn::Error::new(error.span(), format!("Python source is a string: {key} = \"...\""))
            })?;
            return Ok(Opt::Python(key, text));
        }
        if key == "message" {
            let text = input.parse().map_err(|error| {
                syn::Error::new(
                    error.span(),
                    "the message is a string: message = \"line {line} is wrong\"",
                )
            })?;
            return Ok(Opt::Message(key, text));
        }
        if input.peek(LitBool) {
            let value: LitBool = input.parse()?;
            return Ok(Opt::Bool(key, value.value));
        }
        if input.peek(syn::Lit) {
            input.parse::<syn::Lit>()?;
            return Ok(Opt::Text(key));
        }
        Ok(Opt::Path(key, input.parse()?))
    }
}

/// Parses the options of an attribute macro.
pub fn parse(tokens: TokenStream) -> syn::Result<Vec<Opt>> {
    use syn::parse::Parser;
    Ok(Punctuated::<Opt, Token![,]>::parse_terminated.parse2(tokens)?.into_iter().collect())
}

/// The options of an attribute macro and of the `#[hpy(...)]` attributes on its item, each there once.
pub fn all(tokens: TokenStream, attributes: &mut Vec<Attribute>) -> syn::Result<Vec<Opt>> {
    let mut given = parse(tokens)?;
    given.extend(take_hpy(attributes)?);
    once(&given)?;
    Ok(given)
}

fn once(options: &[Opt]) -> syn::Result<()> {
    for (index, option) in options.iter().enumerate() {
        let key = option.key();
        // Stubs add up.
        if key != "stub" && options[..index].iter().any(|other| other.key() == key) {
            return Err(syn::Error::new(
                option.span(),
                format!("`{key}` is there twice: keep one"),
            ));
        }
    }
    Ok(())
}

/// Takes the `#[hpy(...)]` attributes off an item and parses their options.
pub fn take_hpy(attributes: &mut Vec<Attribute>) -> syn::Result<Vec<Opt>> {
    let mut options = Vec::new();
    let mut failure: Option<syn::Error> = None;
    attributes.retain(|attribute| {
        if !attribute.path().is_ident("hpy") {
            return true;
        }
        match attribute.parse_args_with(Punctuated::<Opt, Token![,]>::parse_terminated) {
            Ok(parsed) => options.extend(parsed),
            Err(error) => failure = Some(error),
        }
        false
    });
    match failure {
        Some(error) => Err(error),
        None => {
            once(&options)?;
            Ok(options)
        }
    }
}

impl Opt {
    pub fn span(&self) -> Span {
        match self {
            Opt::Name(name) => name.span(),
            Opt::Signature(signature) => signature.span,
            Opt::Flag(key)
            | Opt::Bool(key, _)
            | Opt::Path(key, _)
            | Opt::Python(key, _)
            | Opt::Message(key, _)
            | Opt::Text(key) => key.span(),
        }
    }

    /// The word before the `=`.
    fn key(&self) -> String {
        match self {
            Opt::Name(_) => "name".to_owned(),
            Opt::Signature(_) => "signature".to_owned(),
            Opt::Flag(key)
            | Opt::Bool(key, _)
            | Opt::Path(key, _)
            | Opt::Python(key, _)
            | Opt::Message(key, _)
            | Opt::Text(key) => key.to_string(),
        }
    }

    /// The error for an option that is not known here.
    pub fn unknown(&self, known: &str) -> syn::Error {
        let what = self.key();
        syn::Error::new(self.span(), format!("`{what}` is no option here; there is {known}"))
    }
}

/// The options of a function or method.
#[derive(Default)]
pub struct CallOptions {
    pub name: Option<LitStr>,
    pub signature: Option<SignatureSpec>,
    /// The hint of the result, where it is not that of the Rust type.
    pub returns: Option<String>,
}

impl CallOptions {
    pub fn from(options: Vec<Opt>) -> syn::Result<Self> {
        let mut result = CallOptions::default();
        for option in options {
            match option {
                Opt::Name(name) => result.name = Some(name),
                Opt::Signature(signature) => result.signature = Some(signature),
                Opt::Python(key, text) if key == "returns" => {
                    result.returns = Some(text.value());
                }
                other => {
                    return Err(other
                        .unknown("`name = \"...\"`, `signature = (...)` and `returns = \"...\"`"));
                }
            }
        }
        Ok(result)
    }
}
