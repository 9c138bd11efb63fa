//! `#[hpy::exception]`

use crate::call::quiet;
use crate::docs;
use crate::options::{self, Opt};
use crate::stub::Stub;
use proc_macro2::TokenStream;
use quote::quote;
use syn::spanned::Spanned;
use syn::{Fields, ItemStruct};

pub fn expand(attribute: TokenStream, mut item: ItemStruct) -> syn::Result<TokenStream> {
    if !matches!(item.fields, Fields::Unit) {
        return Err(syn::Error::new(
            item.fields.span(),
            "an exception type has no fields in Rust: write `struct Name;` and set attributes on the instance",
        ));
    }
    let mut given = options::parse(attribute)?;
    given.extend(options::take_hpy(&mut item.attrs)?);
    let ident = &item.ident;
    let mut name = ident.to_string();
    let mut base = quote!(::hpy::exc::Exception);
    for option in given {
        match option {
            Opt::Name(text) => name = text.value(),
            Opt::Path(key, path) if key == "extends" => base = quote!(#path),
            other => {
                return Err(other.unknown("`name = \"...\"` and `extends = BaseException`"));
            }
        }
    }
    let doc = docs::text(&item.attrs);
    let mut lines = Stub::default();
    lines.text(&format!("class {name}("));
    lines.hint(quote!(<#base as ::hpy::exc::ExceptionType>::HINT));
    lines.text(")");
    lines.class_body(&doc);
    let lines = lines.constant();
    let doc = docs::c_literal(&doc);
    let quiet = quiet();
    Ok(quote! {
        #item

        #quiet
        const _: () = {
            static DEFINITION: ::hpy::impl_::ExceptionDefinition = ::hpy::impl_::ExceptionDefinition {
                name: #name,
                doc: #doc,
                base: <#base as ::hpy::exc::ExceptionType>::TYPE,
                global: ::hpy::impl_::TypeGlobal::new(),
            };

            impl #ident {
                /// An error with this message.
                pub fn new(
                    message: impl ::core::convert::Into<::std::borrow::Cow<'static, str>>,
                ) -> ::hpy::PyErr<'static> {
                    <Self as ::hpy::exc::ExceptionType>::new(message)
                }
            }

            impl ::hpy::kinds::Kind for #ident {
                const NAME: &'static str = #name;
                const HINT: ::hpy::Hint = ::hpy::Hint::Local(#name);
                fn check(object: &::hpy::Handle<'_, ::hpy::kinds::Any>) -> bool {
                    <Self as ::hpy::exc::ExceptionType>::TYPE.is_instance(object)
                }
            }

            impl ::hpy::exc::ExceptionType for #ident {
                const HINT: ::hpy::Hint = ::hpy::Hint::Local(#name);
                const TYPE: ::hpy::impl_::ExcType = ::hpy::impl_::ExcType::Own(&DEFINITION.global);
            }

            impl ::hpy::impl_::Export for #ident {
                const STUB: ::hpy::Hint = #lines;
                fn export() -> ::hpy::impl_::Exported {
                    ::hpy::impl_::Exported::Exception(&DEFINITION)
                }
            }
        };
    })
}
