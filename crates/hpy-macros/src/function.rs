//! `#[hpy::function]`

use crate::call::{Callee, Output, quiet};
use crate::docs;
use crate::options::{self, CallOptions};
use crate::params::{Context, Params, Style, TakesClass, plain_name};
use crate::stub::{self, Function, Stub};
use proc_macro2::TokenStream;
use quote::{format_ident, quote};
use syn::ItemFn;

pub fn expand(attribute: TokenStream, mut item: ItemFn) -> syn::Result<TokenStream> {
    let given = options::all(attribute, &mut item.attrs)?;
    let options = CallOptions::from(given)?;
    let context = Context { class: None, style: Style::Normal, takes_class: TakesClass::No };
    let params = Params::new(&item.sig, options.signature.as_ref(), &context)?;
    let ident = &item.sig.ident;
    let name = options.name.map_or_else(|| plain_name(ident), |name| name.value());
    let callee = Callee {
        params: &params,
        path: quote!(#ident),
        label: name.clone(),
        class: None,
        output: Output::Value,
    };
    let doc = docs::text(&item.attrs);
    let definition = callee.method(&name, "$module", &doc)?;
    let mut lines = Stub::default();
    lines.function(
        "",
        &Function {
            name: &name,
            first: "",
            params: &params,
            result: stub::result_or(options.returns.as_deref(), &params),
            doc: &doc,
            optional_from: None,
        },
    );
    let lines = lines.constant();
    let visibility = &item.vis;
    let quiet = quiet();
    // The function is a value, the struct a type: one name can be both, and a `use` brings both.
    let marker = format_ident!("{}", ident);
    Ok(quote! {
        #item

        #[doc(hidden)]
        #[allow(non_camel_case_types, dead_code)]
        #visibility struct #marker {}

        #quiet
        const _: () = {
            impl ::hpy::impl_::Export for #marker {
                const STUB: ::hpy::Hint = #lines;
                fn export() -> ::hpy::impl_::Exported {
                    ::hpy::impl_::Exported::Function(#definition)
                }
            }
        };
    })
}
