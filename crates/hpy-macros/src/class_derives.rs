//! `repr`, `eq`, `ord`, `hash` and `match_args` of `#[hpy::class]`.

use crate::call::generated;
use crate::class::Part;
use crate::stub::Stub;
use proc_macro2::TokenStream;
use quote::quote;

/// The special methods that come from what the struct derives.
#[derive(Default)]
pub struct Derives {
    repr: Option<syn::Ident>,
    eq: Option<syn::Ident>,
    ord: Option<syn::Ident>,
    hash: Option<syn::Ident>,
    match_args: Option<syn::Ident>,
}

impl Derives {
    /// Whether the option is one of these.
    pub fn take(&mut self, key: &syn::Ident) -> bool {
        let place = match key.to_string().as_str() {
            "repr" => &mut self.repr,
            "eq" => &mut self.eq,
            "ord" => &mut self.ord,
            "hash" => &mut self.hash,
            "match_args" => &mut self.match_args,
            _ => return false,
        };
        *place = Some(key.clone());
        true
    }

    /// Their lines in the `.pyi` file.
    pub fn lines(&self, class: &str, members: &[Part], stub: &mut Stub) {
        if self.match_args.is_some() {
            let shown = members.iter().filter(|member| member.get.is_some());
            let names: String = shown.map(|member| format!("{:?}, ", member.name)).collect();
            let names = if names.is_empty() { "()".to_owned() } else { format!("({names})") };
            stub.text(&format!("    __match_args__ = {}\n", names.replace(", )", ",)")));
        }
        if self.repr.is_some() {
            stub.text("    def __repr__(self) -> str: ...\n");
        }
        if self.hash.is_some() {
            stub.text("    def __hash__(self) -> int: ...\n");
        }
        if self.ord.is_some() || self.eq.is_some() {
            stub.text("    def __eq__(self, value: object, /) -> bool: ...\n");
            // One slot has all comparisons: those that were not asked for take nothing.
            let other = if self.ord.is_some() { class } else { "typing_extensions.Never" };
            for name in ["lt", "le", "gt", "ge"] {
                stub.text(&format!("    def __{name}__(self, value: {other}, /) -> bool: ...\n"));
            }
        }
    }

    /// Statements that refuse a method of the same name.
    pub fn told_once(&self) -> TokenStream {
        const COMPARISONS: &[&str] =
            &["__eq__", "__ne__", "__lt__", "__le__", "__gt__", "__ge__", "__richcmp__"];
        let all: [(&Option<syn::Ident>, &[&str]); 5] = [
            (&self.repr, &["__repr__"]),
            (&self.eq, COMPARISONS),
            (&self.ord, COMPARISONS),
            (&self.hash, &["__hash__"]),
            (&self.match_args, &["__match_args__"]),
        ];
        let all = all.into_iter().filter_map(|(key, names)| Some((key.as_ref()?, names)));
        let checks = all.map(|(key, names)| {
            let what = if names.len() > 1 { "comparisons" } else { names[0] };
            let message =
                format!("`{key}` makes {what}, and #[hpy::methods] has it too: remove one");
            let message =
                message.replace("has it", if names.len() > 1 { "has some" } else { "has it" });
            quote::quote_spanned! {key.span()=>
                const _: () = ::core::assert!(
                    !::hpy::impl_::told::has_one(__Found::NAMES, &[#(#names),*]),
                    #message
                );
            }
        });
        quote!(#(#checks)*)
    }

    /// Statements that push them to `__items`.
    pub fn items(&self, class: &syn::Ident, frozen: bool) -> syn::Result<TokenStream> {
        if let (Some(hash), false) = (&self.hash, frozen) {
            return Err(syn::Error::new(
                hash.span(),
                "`hash` is for a class that never changes: write #[hpy::class(frozen, hash)]",
            ));
        }
        if let (Some(hash), None, None) = (&self.hash, &self.eq, &self.ord) {
            return Err(syn::Error::new(
                hash.span(),
                "`hash` goes with `eq`: equal objects have one hash, others are told apart by ==",
            ));
        }
        let push = |key: &Option<syn::Ident>, function: &str| {
            key.as_ref().map(|key| {
                let function = syn::Ident::new(function, key.span());
                let items = generated("__items");
                quote::quote_spanned!(key.span()=> ::hpy::impl_::derived::#function::<#class>(&mut #items);)
            })
        };
        // One slot has all comparisons.
        let eq = if self.ord.is_some() { None } else { push(&self.eq, "push_eq") };
        let (repr, ord) = (push(&self.repr, "push_repr"), push(&self.ord, "push_ord"));
        let hash = push(&self.hash, "push_hash");
        let match_args = push(&self.match_args, "push_match_args");
        Ok(quote!(#repr #eq #ord #hash #match_args))
    }
}
