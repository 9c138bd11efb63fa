//! `#[derive(FromPy)]`, `#[derive(IntoPy)]`

use crate::derive_hint as hint;
use crate::docs;
use crate::items;
use crate::options::{self, Opt};
use crate::params::plain_name;
use proc_macro2::{Span, TokenStream};
use quote::{format_ident, quote};
use syn::spanned::Spanned;
use syn::{Attribute, Data, DataUnion, DeriveInput, Field, Fields, GenericParam, Ident, Lifetime};

/// How a type is written in Python.
#[derive(Clone, Copy, PartialEq)]
pub enum Form {
    /// Named fields: attributes or dict items; unnamed ones: a tuple.
    Natural,
    /// Named fields as the items of a dict, nothing else.
    Dict,
    /// Named fields as attributes, nothing else.
    Attributes,
    /// All fields as a tuple.
    Tuple,
    /// The one field itself.
    Transparent,
}

pub fn form(attributes: &[Attribute], fields: &Fields) -> syn::Result<Form> {
    let mut form = Form::Natural;
    for option in options::take_hpy(&mut attributes.to_vec())? {
        match option {
            Opt::Flag(key) if key == "dict" => form = Form::Dict,
            Opt::Flag(key) if key == "attributes" => form = Form::Attributes,
            Opt::Flag(key) if key == "tuple" => form = Form::Tuple,
            Opt::Flag(key) if key == "transparent" => {
                if fields.len() != 1 {
                    return Err(syn::Error::new(key.span(), "`transparent` is for one field"));
                }
                form = Form::Transparent;
            }
            other => return Err(other.unknown("`dict`, `attributes`, `tuple` and `transparent`")),
        }
    }
    Ok(form)
}

/// The name of a field in Python: its own or that of `#[hpy(name = "...")]`.
fn field_name(field: &Field) -> syn::Result<String> {
    let mut name = field.ident.as_ref().map_or_else(String::new, plain_name);
    for option in options::take_hpy(&mut field.attrs.clone())? {
        match option {
            Opt::Name(text) => name = text.value(),
            other => return Err(other.unknown("`name = \"...\"`")),
        }
    }
    Ok(name)
}

/// The lifetime of the call in the impl's header, and the arguments of the type: it may have that lifetime, for handles.
fn header(item: &DeriveInput) -> syn::Result<(Lifetime, TokenStream)> {
    let mut lifetime = None;
    for param in &item.generics.params {
        match param {
            GenericParam::Lifetime(only) if lifetime.is_none() && only.bounds.is_empty() => {
                lifetime = Some(only.lifetime.clone());
            }
            _ => {
                return Err(syn::Error::new(
                    param.span(),
                    "a derived conversion is for a type without parameters but one lifetime, that of its handles: \
                     write the impl by hand",
                ));
            }
        }
    }
    Ok(match lifetime {
        Some(lifetime) => (lifetime.clone(), quote!(<#lifetime>)),
        None => (Lifetime::new("'ctx", Span::call_site()), TokenStream::new()),
    })
}

fn no_union(data: &DataUnion) -> syn::Error {
    syn::Error::new(
        data.union_token.span(),
        "a union does not say which field it holds: use an enum",
    )
}

pub fn from_py(item: DeriveInput) -> syn::Result<TokenStream> {
    let (ctx, arguments) = header(&item)?;
    let ident = &item.ident;
    let hint = hint::of(&item, hint::Way::From)?;
    let label = ident.to_string();
    let body = match &item.data {
        Data::Struct(data) => {
            from_fields(&label, &quote!(#ident), &data.fields, form(&item.attrs, &data.fields)?)?
        }
        Data::Enum(data) => {
            let mut attempts = Vec::new();
            let mut names = Vec::new();
            for variant in &data.variants {
                let variant_ident = &variant.ident;
                if matches!(variant.fields, Fields::Unit) {
                    let name = variant_name(&variant.attrs, variant_ident)?;
                    names.push(name.clone());
                    attempts.push(quote! {
                        if let ::core::result::Result::Ok(#name) = <&str as ::hpy::FromPy>::from_py(__object) {
                            return ::core::result::Result::Ok(#ident::#variant_ident);
                        }
                    });
                    continue;
                }
                let mut form = form(&variant.attrs, &variant.fields)?;
                if form == Form::Natural
                    && variant.fields.len() == 1
                    && variant_is_unnamed(&variant.fields)
                {
                    form = Form::Transparent;
                }
                let label = format!("{label}.{variant_ident}");
                let body =
                    from_fields(&label, &quote!(#ident::#variant_ident), &variant.fields, form)?;
                names.push(variant_ident.to_string());
                attempts.push(quote! {
                    let __attempt = (|| -> ::hpy::PyResult<#ctx, Self> { #body })();
                    match __attempt {
                        ::core::result::Result::Ok(__value) => {
                            return ::core::result::Result::Ok(__value);
                        }
                        ::core::result::Result::Err(__error) => ::core::mem::drop(__error),
                    }
                });
            }
            let expected = format!("one of {}", names.join(", "));
            quote! {
                #(#attempts)*
                ::core::result::Result::Err(::hpy::PyErr::wrong_type(#expected, &__object))
            }
        }
        Data::Union(data) => return Err(no_union(data)),
    };
    Ok(quote! {
        #[automatically_derived]
        impl<#ctx> ::hpy::FromPy<#ctx> for #ident #arguments {
            const HINT: ::hpy::Hint = #hint;

            fn from_py(
                __object: ::hpy::Ref<#ctx, ::hpy::kinds::Any>,
            ) -> ::hpy::PyResult<#ctx, Self> {
                #body
            }
        }
    })
}

fn variant_is_unnamed(fields: &Fields) -> bool {
    matches!(fields, Fields::Unnamed(_))
}

pub fn variant_name(attributes: &[Attribute], ident: &Ident) -> syn::Result<String> {
    let mut name = ident.to_string();
    for option in options::take_hpy(&mut attributes.to_vec())? {
        match option {
            Opt::Name(text) => name = text.value(),
            other => return Err(other.unknown("`name = \"...\"`")),
        }
    }
    Ok(name)
}

/// Statements that end with the value of `path` made from `__object`.
fn from_fields(
    label: &str,
    path: &TokenStream,
    fields: &Fields,
    form: Form,
) -> syn::Result<TokenStream> {
    let members: Vec<_> = fields.members().collect();
    if form == Form::Transparent {
        let member = &members[0];
        return Ok(quote! {
            ::core::result::Result::Ok(#path { #member: ::hpy::FromPy::from_py(__object)? })
        });
    }
    let named = form != Form::Tuple && matches!(fields, Fields::Named(_));
    for field in fields {
        let optional = if named { items::of_option(&field.ty) } else { None };
        items::check_item(optional.unwrap_or(&field.ty))?;
    }
    if !named {
        let count = fields.len();
        let indices = 0..count as isize;
        return Ok(quote! {
            ::hpy::impl_::expect_items(__object, #count)?;
            ::core::result::Result::Ok(#path {
                #(#members: ::hpy::impl_::tuple_item(__object, #indices)?),*
            })
        });
    }
    let mut values = Vec::new();
    for field in fields {
        let (name, text) = (docs::c_literal(&field_name(field)?), field_name(field)?);
        let member = &field.ident;
        let place = format!("{label}.{text}");
        let kind = match form {
            Form::Dict => quote!(Dict),
            Form::Attributes => quote!(Attributes),
            _ => quote!(Both),
        };
        let find = match items::of_option(&field.ty) {
            Some(_) => quote!(optional_part),
            None => quote!(named_part),
        };
        values.push(quote! {
            #member: ::hpy::impl_::#find(__object, #name, ::hpy::impl_::Parts::#kind, #place)?
        });
    }
    Ok(quote!(::core::result::Result::Ok(#path { #(#values),* })))
}

pub fn into_py(item: DeriveInput) -> syn::Result<TokenStream> {
    let (ctx, arguments) = header(&item)?;
    let ident = &item.ident;
    let hint = hint::of(&item, hint::Way::Into)?;
    let body = match &item.data {
        Data::Struct(data) => {
            let arm = into_fields(&quote!(#ident), &data.fields, form(&item.attrs, &data.fields)?)?;
            quote!(match self { #arm })
        }
        Data::Enum(data) => {
            let mut arms = Vec::new();
            for variant in &data.variants {
                let variant_ident = &variant.ident;
                let path = quote!(#ident::#variant_ident);
                if matches!(variant.fields, Fields::Unit) {
                    let name = variant_name(&variant.attrs, variant_ident)?;
                    arms.push(quote!(#path => ::hpy::IntoPy::into_py(#name, __ctx),));
                    continue;
                }
                let mut form = form(&variant.attrs, &variant.fields)?;
                if form == Form::Natural
                    && variant.fields.len() == 1
                    && variant_is_unnamed(&variant.fields)
                {
                    form = Form::Transparent;
                }
                arms.push(into_fields(&path, &variant.fields, form)?);
            }
            quote!(match self { #(#arms)* })
        }
        Data::Union(data) => return Err(no_union(data)),
    };
    Ok(quote! {
        #[automatically_derived]
        impl<#ctx> ::hpy::IntoPy<#ctx> for #ident #arguments {
            const HINT: ::hpy::Hint = #hint;

            fn into_py(
                self,
                __ctx: ::hpy::Ctx<#ctx>,
            ) -> ::hpy::PyResult<#ctx, ::hpy::Handle<#ctx, ::hpy::kinds::Any>> {
                #body
            }
        }
    })
}

/// A match arm that takes the value apart and converts it.
fn into_fields(path: &TokenStream, fields: &Fields, form: Form) -> syn::Result<TokenStream> {
    let members: Vec<_> = fields.members().collect();
    let locals: Vec<_> = (0..members.len()).map(|index| format_ident!("__part{}", index)).collect();
    let pattern = quote!(#path { #(#members: #locals),* });
    if form == Form::Transparent {
        return Ok(quote!(#pattern => ::hpy::IntoPy::into_py(#(#locals),*, __ctx),));
    }
    if form == Form::Tuple || matches!(fields, Fields::Unnamed(_)) {
        return Ok(quote! {
            #pattern => {
                let __items: ::std::vec::Vec<::hpy::Handle<'_, ::hpy::kinds::Any>> =
                    ::std::vec![#(::hpy::IntoPy::into_py(#locals, __ctx)?),*];
                ::core::result::Result::Ok(
                    ::hpy::kinds::Tuple::from_handles(__ctx, &__items)?.into_any(),
                )
            }
        });
    }
    let names = fields
        .iter()
        .map(|field| field_name(field).map(|name| docs::c_literal(&name)))
        .collect::<syn::Result<Vec<_>>>()?;
    let finish = if form == Form::Attributes {
        quote!(::hpy::impl_::namespace(__dict))
    } else {
        quote!(::core::result::Result::Ok(__dict.into_any()))
    };
    Ok(quote! {
        #pattern => {
            let __dict = ::hpy::kinds::Dict::new(__ctx)?;
            #(__dict.set_item_str(#names, #locals)?;)*
            #finish
        }
    })
}
