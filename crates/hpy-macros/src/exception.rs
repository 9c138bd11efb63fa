//! `#[hpy::exception]`

use crate::call::{generated, quiet};
use crate::docs;
use crate::options::{self, Opt};
use crate::params::{last_segment, plain_name};
use crate::stub::{self, Stub};
use proc_macro2::TokenStream;
use quote::quote;
use syn::spanned::Spanned;
use syn::{Fields, Ident, ItemStruct, LitStr, Path, Type};

/// What every exception has already.
const TAKEN: [&str; 4] = ["args", "with_traceback", "add_note", "characters_written"];

/// A field that is an attribute.
struct Part {
    ident: Ident,
    name: String,
    ty: Type,
}

impl Part {
    fn is_option(&self) -> bool {
        last_segment(&self.ty).is_some_and(|segment| segment.ident == "Option")
    }
}

/// What the struct has in it.
struct Parts {
    own: Vec<Part>,
    /// The value of the exception that this one derives from.
    base: Option<Ident>,
}

fn parts(fields: &mut Fields) -> syn::Result<Parts> {
    let mut parts = Parts { own: Vec::new(), base: None };
    for field in fields {
        let Some(ident) = field.ident.clone() else {
            return Err(syn::Error::new(
                field.ty.span(),
                "a field of an exception is an attribute and needs a name: struct Name { line: usize }",
            ));
        };
        let mut part = Part { name: plain_name(&ident), ident, ty: field.ty.clone() };
        let mut is_base = false;
        for option in options::take_hpy(&mut field.attrs)? {
            match option {
                Opt::Name(text) => part.name = text.value(),
                Opt::Flag(key) if key == "base" && parts.base.is_none() => is_base = true,
                Opt::Flag(key) if key == "base" => {
                    return Err(syn::Error::new(
                        key.span(),
                        "an exception derives from one type: keep one field with #[hpy(base)]",
                    ));
                }
                other => return Err(other.unknown("`name = \"...\"` and `base`")),
            }
        }
        if is_base {
            parts.base = Some(part.ident);
            continue;
        }
        if part.name.starts_with("__") || TAKEN.contains(&part.name.as_str()) {
            return Err(syn::Error::new(
                part.ident.span(),
                format!(
                    "every exception has an attribute {} of its own: give this one another name, #[hpy(name = \"...\")]",
                    part.name
                ),
            ));
        }
        parts.own.push(part);
    }
    Ok(parts)
}

pub fn expand(attribute: TokenStream, mut item: ItemStruct) -> syn::Result<TokenStream> {
    if let Some(param) = item.generics.params.first() {
        return Err(syn::Error::new(
            param.span(),
            "an exception is one type, and may outlive a call: a generic struct or one with lifetimes cannot be one",
        ));
    }
    let given = options::all(attribute, &mut item.attrs)?;
    let ident = item.ident.clone();
    let mut name = ident.to_string();
    let mut base: Option<Path> = None;
    let mut message = None;
    for option in given {
        match option {
            Opt::Name(text) => name = text.value(),
            Opt::Path(key, path) if key == "extends" => base = Some(path),
            Opt::Text(key) if key == "extends" => {
                return Err(syn::Error::new(
                    key.span(),
                    "the base is a Rust type, without quotes: extends = ValueError",
                ));
            }
            Opt::Message(key, text) => message = Some((key, text)),
            other => {
                return Err(other.unknown(
                    "`name = \"...\"`, `extends = BaseException` and `message = \"...\"`",
                ));
            }
        }
    }
    let base = base.map_or_else(|| quote!(::hpy::exc::Exception), |path| quote!(#path));
    let parts = parts(&mut item.fields)?;
    let has_fields = !item.fields.is_empty();
    if let (Some((key, _)), false) = (&message, has_fields) {
        return Err(syn::Error::new(
            key.span(),
            format!(
                "`message` is for a struct with fields; without them it is given where the error is: {ident}::new(\"...\")"
            ),
        ));
    }
    let doc = docs::text(&item.attrs);
    let mut lines = Stub::default();
    lines.text(&format!("class {name}("));
    lines.hint(quote!(<#base as ::hpy::exc::ExceptionType>::HINT));
    lines.text(")");
    lines.class_body(&doc);
    if has_fields {
        lines.text("    __match_args__ = (");
        lines.hint(quote!(<#ident as ::hpy::exc::ExceptionFields>::NAMES));
        lines.text(")\n");
    }
    for part in &parts.own {
        let hint = stub::result(Some(&part.ty), &quote!(OutputHint));
        lines.value("    ", &part.name, hint, false);
    }
    let lines = lines.constant();
    let doc = docs::c_literal(&doc);
    let quiet = quiet();
    let own = if has_fields {
        with_fields(&ident, &name, &base, &parts, message.map(|(_, text)| text))
    } else {
        quote! {
            impl #ident {
                /// An error with this message.
                pub fn new(
                    message: impl ::core::convert::Into<::std::borrow::Cow<'static, str>>,
                ) -> ::hpy::PyErr<'static> {
                    <Self as ::hpy::exc::ExceptionType>::new(message)
                }
            }
        }
    };
    let names = if has_fields {
        quote!(<#ident as ::hpy::exc::ExceptionFields>::names)
    } else {
        quote!(|_| ())
    };
    let optional = parts.own.iter().filter(|part| part.is_option());
    let optional = optional.map(|part| docs::c_literal(&part.name));
    let carries_base = parts.base.is_some();
    let misfit = if carries_base {
        "the exception that this one derives from has no fields in Rust: remove the field with #[hpy(base)]"
    } else {
        "the exception that this one derives from has fields: have its value in the struct, #[hpy(base)] base: Base"
    };
    // The compiler says it of the base, which is what to change.
    let fits = quote::quote_spanned! {base.span()=>
        const _: () = ::core::assert!(<#base as ::hpy::exc::ExceptionType>::HAS_FIELDS == #carries_base, #misfit);
    };
    Ok(quote! {
        #item

        #quiet
        const _: () = {
            static DEFINITION: ::hpy::impl_::ExceptionDefinition = ::hpy::impl_::ExceptionDefinition {
                name: #name,
                doc: #doc,
                base: <#base as ::hpy::exc::ExceptionType>::TYPE,
                base_name: <#base as ::hpy::kinds::Kind>::NAME,
                names: #names,
                optional: &[#(#optional),*],
                global: ::hpy::impl_::TypeGlobal::new(),
            };

            #fits
            #own

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
                const HAS_FIELDS: bool = #has_fields;
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

/// What a struct with fields has in place of `new`.
fn with_fields(
    ident: &Ident,
    name: &str,
    base: &TokenStream,
    parts: &Parts,
    message: Option<LitStr>,
) -> TokenStream {
    let display = message.map(|text| {
        let all = parts.own.iter().map(|part| &part.ident).chain(&parts.base);
        quote! {
            #[allow(unused_variables)]
            impl ::core::fmt::Display for #ident {
                fn fmt(&self, __f: &mut ::core::fmt::Formatter<'_>) -> ::core::fmt::Result {
                    let Self { #(#all),* } = self;
                    ::core::write!(__f, #text)
                }
            }
        }
    });
    let own: Vec<&Ident> = parts.own.iter().map(|part| &part.ident).collect();
    let names: Vec<TokenStream> = parts
        .own
        .iter()
        .map(|part| docs::c_literal(&part.name))
        .map(|name| quote!(#name))
        .collect();
    let shown: String = parts.own.iter().map(|part| format!("{:?}, ", part.name)).collect();
    let count = names.len();
    let base_fields = |what: TokenStream| parts.base.as_ref().map(|_| what);
    let base_names = base_fields(quote!(<#base as ::hpy::exc::ExceptionFields>::NAMES,));
    let base_list = base_fields(quote!(<#base as ::hpy::exc::ExceptionFields>::names(__list);));
    let put_base = parts.base.as_ref().map(|field| {
        quote::quote_spanned! {field.span()=>
            <#base as ::hpy::exc::ExceptionFields>::put(self.#field, __object)?;
        }
    });
    let take_base = parts
        .base
        .as_ref()
        .map(|field| quote!(#field: <#base as ::hpy::exc::ExceptionFields>::take(__object)?,));
    let put = parts.own.iter().zip(&names).map(|(part, text)| {
        let field = &part.ident;
        quote::quote_spanned! {part.ty.span()=>
            __object.setattr(#text, ::hpy::IntoPy::into_py(self.#field, __object.ctx())?)?;
        }
    });
    let take = parts.own.iter().zip(&names).map(|(part, text)| {
        let (ty, place) = (&part.ty, format!("{name}.{}", part.name));
        let object = generated("__object");
        quote::quote_spanned!(ty.span()=> ::hpy::impl_::field_of::<#ty>(#object, #text, #place)?)
    });
    // Without a message of its own the struct must have one: the compiler asks at its name.
    let error = generated("error");
    let convert =
        quote::quote_spanned!(ident.span()=> ::hpy::impl_::error_with_fields::<#ident>(#error));
    quote! {
        #display

        impl ::core::convert::From<#ident> for ::hpy::PyErr<'_> {
            #[cold]
            fn from(#error: #ident) -> Self {
                #convert
            }
        }

        impl ::hpy::exc::ExceptionFields for #ident {
            const NAMES: ::hpy::Hint = ::hpy::Hint::Join(&[#base_names ::hpy::Hint::Text(#shown)]);
            fn names(__list: &mut ::std::vec::Vec<&'static ::core::ffi::CStr>) {
                #base_list
                __list.extend([#(#names),*] as [&::core::ffi::CStr; #count]);
            }
            fn put<'ctx>(
                self,
                __object: &::hpy::Handle<'ctx, ::hpy::kinds::Any>,
            ) -> ::hpy::PyResult<'ctx> {
                #put_base
                #(#put)*
                Ok(())
            }
            fn take<'ctx>(
                __object: &::hpy::Handle<'ctx, ::hpy::kinds::Any>,
            ) -> ::hpy::PyResult<'ctx, Self> {
                Ok(Self { #take_base #(#own: #take),* })
            }
        }
    }
}
