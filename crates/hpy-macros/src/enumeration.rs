//! `#[hpy::enumeration]`

use crate::call::quiet;
use crate::docs;
use crate::options::{self, Opt};
use crate::stub::Stub;
use proc_macro2::TokenStream;
use quote::quote;
use syn::spanned::Spanned;
use syn::{Expr, ExprLit, Fields, ItemEnum, Lit};

pub fn expand(attribute: TokenStream, mut item: ItemEnum) -> syn::Result<TokenStream> {
    if let Some(param) = item.generics.params.first() {
        return Err(syn::Error::new(
            param.span(),
            "a Python enumeration is one type: an enum with parameters cannot be one",
        ));
    }
    let given = options::all(attribute, &mut item.attrs)?;
    let ident = item.ident.clone();
    let mut name = ident.to_string();
    let mut base = "Enum";
    for option in given {
        match option {
            Opt::Name(text) => name = text.value(),
            Opt::Flag(key) if key == "int" => base = "IntEnum",
            Opt::Flag(key) if key == "flag" => base = "Flag",
            Opt::Flag(key) if key == "int_flag" => base = "IntFlag",
            other => return Err(other.unknown("`name = \"...\"`, `int`, `flag` and `int_flag`")),
        }
    }
    if item.variants.is_empty() {
        return Err(syn::Error::new(item.ident.span(), "an enumeration needs a member"));
    }
    let mut variants = Vec::new();
    let mut names: Vec<String> = Vec::new();
    let mut lines = Stub::default();
    let doc = docs::text(&item.attrs);
    lines.text(&format!("class {name}(enum.{base})"));
    lines.class_body(&doc);
    // The value of the next variant, where the macro knows it.
    let mut value = Some(0i128);
    for variant in &mut item.variants {
        if !matches!(variant.fields, Fields::Unit) {
            return Err(syn::Error::new(
                variant.fields.span(),
                "a member of an enumeration holds nothing: for an enum with fields write #[derive(FromPy, IntoPy)]",
            ));
        }
        let mut member = crate::params::plain_name(&variant.ident);
        for option in options::take_hpy(&mut variant.attrs)? {
            match option {
                Opt::Name(text) => member = text.value(),
                other => return Err(other.unknown("`name = \"...\"`")),
            }
        }
        if names.contains(&member) {
            return Err(syn::Error::new(
                variant.ident.span(),
                format!("`{member}` is there twice: two members cannot have one name"),
            ));
        }
        if let Some((_, given)) = &variant.discriminant {
            value = literal(given);
        }
        match value {
            Some(value) => lines.text(&format!("    {member} = {value}\n")),
            None => lines.text(&format!("    {member}: int\n")),
        }
        value = value.map(|value| value + 1);
        variants.push(variant.ident.clone());
        names.push(member);
    }
    let lines = lines.constant();
    let doc = docs::c_literal(&doc);
    let c_names: Vec<_> = names.iter().map(|name| docs::c_literal(name)).collect();
    let (kind, indices) = (docs::c_literal(base), 0..variants.len());
    let back = 0..variants.len();
    let quiet = quiet();
    Ok(quote! {
        #item

        #quiet
        const _: () = {
            static DEFINITION: ::hpy::impl_::EnumDefinition = ::hpy::impl_::EnumDefinition {
                name: #name,
                doc: #doc,
                base: #kind,
                members: &[#((#c_names, #ident::#variants as i128)),*],
                global: ::hpy::impl_::TypeGlobal::new(),
            };

            impl ::hpy::kinds::Kind for #ident {
                const NAME: &'static str = #name;
                const HINT: ::hpy::Hint = ::hpy::Hint::Local(#name);
                fn check(object: &::hpy::Handle<'_, ::hpy::kinds::Any>) -> bool {
                    DEFINITION.is_instance(object)
                }
            }

            impl<'a> ::hpy::FromPy<'a> for #ident {
                const HINT: ::hpy::Hint = ::hpy::Hint::Local(#name);
                fn from_py(
                    __object: ::hpy::Ref<'a, ::hpy::kinds::Any>,
                ) -> ::hpy::PyResult<'a, Self> {
                    Ok(match DEFINITION.index_of(__object)? {
                        #(#back => #ident::#variants,)*
                        _ => return ::core::result::Result::Err(DEFINITION.no_member(__object)),
                    })
                }
            }

            impl<'ctx> ::hpy::IntoPy<'ctx> for #ident {
                const HINT: ::hpy::Hint = ::hpy::Hint::Local(#name);
                fn into_py(
                    self,
                    __ctx: ::hpy::Ctx<'ctx>,
                ) -> ::hpy::PyResult<'ctx, ::hpy::Handle<'ctx, ::hpy::kinds::Any>> {
                    DEFINITION.member(__ctx, match self { #(#ident::#variants => #indices,)* })
                }
            }

            impl ::hpy::impl_::Export for #ident {
                const STUB: ::hpy::Hint = #lines;
                fn export() -> ::hpy::impl_::Exported {
                    ::hpy::impl_::Exported::Enumeration(&DEFINITION)
                }
            }
        };
    })
}

/// The value of a literal, with or without a sign.
fn literal(expression: &Expr) -> Option<i128> {
    match expression {
        Expr::Lit(ExprLit { lit: Lit::Int(value), .. }) => value.base10_parse().ok(),
        Expr::Unary(unary) if matches!(unary.op, syn::UnOp::Neg(_)) => {
            literal(&unary.expr).map(|value| -value)
        }
        _ => None,
    }
}
