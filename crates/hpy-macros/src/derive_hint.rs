//! The type hints of derived conversions.

use crate::derive::{Form, form, variant_name};
use crate::stub::{Stub, fixed};
use proc_macro2::{TokenStream, TokenTree};
use quote::{ToTokens, quote};
use syn::spanned::Spanned;
use syn::{Data, DeriveInput, Fields, Type};

#[derive(Clone, Copy, PartialEq)]
pub enum Way {
    From,
    Into,
}

/// The value of the constant `HINT`.
pub fn of(item: &DeriveInput, way: Way) -> syn::Result<TokenStream> {
    let hint = match &item.data {
        Data::Struct(data) => fields(&data.fields, form(&item.attrs, &data.fields)?, way),
        Data::Enum(data) => {
            let mut names = Vec::new();
            let mut stub = Stub::default();
            let mut first = true;
            for variant in &data.variants {
                if matches!(variant.fields, Fields::Unit) {
                    names.push(variant_name(&variant.attrs, &variant.ident)?);
                    continue;
                }
                let mut form = form(&variant.attrs, &variant.fields)?;
                let unnamed = matches!(variant.fields, Fields::Unnamed(_));
                if form == Form::Natural && variant.fields.len() == 1 && unnamed {
                    form = Form::Transparent;
                }
                if !first {
                    stub.text(" | ");
                }
                first = false;
                stub.hint(fields(&variant.fields, form, way));
            }
            if !names.is_empty() {
                let quoted: Vec<String> = names.iter().map(|name| format!("{name:?}")).collect();
                let bar = if first { "" } else { " | " };
                stub.text(&format!("{bar}typing.Literal[{}]", quoted.join(", ")));
            } else if first {
                stub.text("typing.Never");
            }
            stub.constant()
        }
        Data::Union(_) => fixed("typing.Any"),
    };
    Ok(hint)
}

fn fields(fields: &Fields, form: Form, way: Way) -> TokenStream {
    let mut types = fields.iter().map(|field| part(&field.ty, way));
    if form == Form::Transparent {
        return types.next().unwrap_or_else(|| fixed("typing.Any"));
    }
    if form == Form::Tuple || matches!(fields, Fields::Unnamed(_)) {
        let mut stub = Stub::default();
        stub.text("tuple[");
        for (index, hint) in types.enumerate() {
            if index > 0 {
                stub.text(", ");
            }
            stub.hint(hint);
        }
        stub.text(if fields.is_empty() { "()]" } else { "]" });
        return stub.constant();
    }
    match (form, way) {
        // Attributes or the items of a dict.
        (Form::Natural, Way::From) => fixed("typing.Any"),
        _ => fixed("dict[str, typing.Any]"),
    }
}

/// The hint of a part. Types that are not plain ones of the standard library could hold the type itself, and a constant
/// that is made from itself does not compile: they are anything.
fn part(ty: &Type, way: Way) -> TokenStream {
    const PLAIN: [&str; 28] = [
        "i8",
        "i16",
        "i32",
        "i64",
        "i128",
        "isize",
        "u8",
        "u16",
        "u32",
        "u64",
        "u128",
        "usize",
        "f32",
        "f64",
        "bool",
        "char",
        "str",
        "String",
        "Vec",
        "Option",
        "Box",
        "HashMap",
        "BTreeMap",
        "HashSet",
        "BTreeSet",
        "PathBuf",
        "Duration",
        "SystemTime",
    ];
    fn is_plain(tokens: TokenStream) -> bool {
        tokens.into_iter().all(|token| match token {
            TokenTree::Ident(name) => PLAIN.iter().any(|plain| name == plain),
            TokenTree::Group(group) => is_plain(group.stream()),
            _ => true,
        })
    }
    if !is_plain(ty.to_token_stream()) {
        return fixed("typing.Any");
    }
    match way {
        Way::From => quote::quote_spanned!(ty.span()=> ::hpy::impl_::ArgHint::<'_, #ty>::HINT),
        Way::Into => quote!(::hpy::impl_::OutputHint::<'_, #ty>::HINT),
    }
}
