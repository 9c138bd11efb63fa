//! `#[new]`, `#[getter]`, `#[staticmethod]` and the like: what a function of `#[hpy::methods]` is.

use proc_macro2::Span;
use syn::spanned::Spanned;
use syn::{Attribute, Ident};

/// What an attribute makes of a function.
#[derive(Clone, PartialEq)]
pub enum Role {
    Method,
    New,
    Getter(Option<Ident>),
    Setter(Option<Ident>),
    Static,
    Class,
    Attribute,
}

/// Takes the attributes that say what a function is.
pub fn take_role(attributes: &mut Vec<Attribute>) -> syn::Result<(Role, Option<Span>)> {
    let mut role = Role::Method;
    let mut place: Option<Span> = None;
    let mut failure: Option<syn::Error> = None;
    attributes.retain(|attribute| {
        let path = attribute.path();
        // Of a getter or setter: the name of the property.
        let argument = || -> syn::Result<Option<Ident>> {
            match &attribute.meta {
                syn::Meta::Path(_) => Ok(None),
                syn::Meta::List(list) => list.parse_args().map(Some).map_err(|error| {
                    syn::Error::new(error.span(), "the property's name is written without quotes: #[getter(width)]")
                }),
                syn::Meta::NameValue(pair) => Err(syn::Error::new(
                    pair.eq_token.span,
                    "the property's name is written in parentheses: #[getter(width)]",
                )),
            }
        };
        let plain = |role: Role| match &attribute.meta {
            syn::Meta::Path(_) => Ok(role),
            meta => Err(syn::Error::new(
                meta.span(),
                "this attribute is one word; the name and the signature have one of their own: \
                 #[hpy(name = \"...\", signature = (...))]",
            )),
        };
        let found = if path.is_ident("new") {
            plain(Role::New)
        } else if path.is_ident("getter") {
            argument().map(Role::Getter)
        } else if path.is_ident("setter") {
            argument().map(Role::Setter)
        } else if path.is_ident("staticmethod") {
            plain(Role::Static)
        } else if path.is_ident("classmethod") {
            plain(Role::Class)
        } else if path.is_ident("classattr") {
            plain(Role::Attribute)
        } else if path.segments.last().is_some_and(|last| last.ident == "function") {
            Err(syn::Error::new(
                path.span(),
                "functions in #[hpy::methods] are the class's without this: remove it; one without `self` is a #[staticmethod]",
            ))
        } else {
            return true;
        };
        match found {
            Ok(found) if place.is_none() => {
                role = found;
                place = Some(path.span());
            }
            Ok(_) => {
                failure = Some(syn::Error::new(
                    path.span(),
                    "one function is one thing: keep one of the two attributes",
                ));
            }
            Err(error) => failure = Some(error),
        }
        false
    });
    match failure {
        Some(error) => Err(error),
        None => Ok((role, place)),
    }
}
