//! Parameters that are containers: what their items cannot be.

use crate::params::{is_named, last_segment};
use quote::ToTokens;
use syn::spanned::Spanned;
use syn::{GenericArgument, PathArguments, Type};

const CONTAINERS: [&str; 7] =
    ["Vec", "VecDeque", "HashMap", "BTreeMap", "HashSet", "BTreeSet", "Option"];

/// Refuses items that are borrowed: nothing but the container keeps an item. The compiler would say so in terms of
/// lifetimes of the macro's code.
pub fn check(ty: &Type) -> syn::Result<()> {
    match ty {
        // `Option` of the argument itself, which the caller keeps.
        Type::Path(_) if is_named(ty, "Option") => items(ty).into_iter().try_for_each(check),
        Type::Reference(reference) => match &*reference.elem {
            Type::Slice(slice) => check_item(&slice.elem),
            _ => Ok(()),
        },
        _ => items(ty).into_iter().try_for_each(check_item),
    }
}

/// The same of one item, or of a part of a struct.
pub fn check_item(ty: &Type) -> syn::Result<()> {
    let instead = match ty {
        Type::Reference(reference) => match &*reference.elem {
            text if is_named(text, "str") => "String".to_owned(),
            Type::Slice(slice) => format!("Vec<{}>", slice.elem.to_token_stream()),
            class => handle(class),
        },
        _ if is_named(ty, "Ref") => match arguments(ty).last() {
            Some(kind) => handle(kind),
            None => "Handle<'_>".to_owned(),
        },
        _ => return items(ty).into_iter().try_for_each(check_nested),
    };
    Err(syn::Error::new(
        ty.span(),
        format!(
            "nothing but its container keeps an item, so it cannot be borrowed: take it as `{instead}`"
        ),
    ))
}

/// The same of an item of an item, which cannot be a handle either.
fn check_nested(ty: &Type) -> syn::Result<()> {
    if is_named(ty, "Handle") {
        return Err(syn::Error::new(
            ty.span(),
            "an item that is a container itself cannot hold handles: take the item as `Handle<'_>`",
        ));
    }
    check_item(ty)
}

/// What is in an `Option`.
pub fn of_option(ty: &Type) -> Option<&Type> {
    if is_named(ty, "Option") { arguments(ty).first().copied() } else { None }
}

fn handle(kind: &Type) -> String {
    format!("Handle<'_, {}>", kind.to_token_stream())
}

/// The types of the items, where the type is a container.
fn items(ty: &Type) -> Vec<&Type> {
    match ty {
        Type::Tuple(tuple) => tuple.elems.iter().collect(),
        Type::Array(array) => vec![&array.elem],
        Type::Paren(inner) => items(&inner.elem),
        Type::Group(inner) => items(&inner.elem),
        _ if CONTAINERS.iter().any(|name| is_named(ty, name)) => arguments(ty),
        _ => Vec::new(),
    }
}

fn arguments(ty: &Type) -> Vec<&Type> {
    match last_segment(ty).map(|segment| &segment.arguments) {
        Some(PathArguments::AngleBracketed(generic)) => generic
            .args
            .iter()
            .filter_map(|argument| match argument {
                GenericArgument::Type(ty) => Some(ty),
                _ => None,
            })
            .collect(),
        _ => Vec::new(),
    }
}
