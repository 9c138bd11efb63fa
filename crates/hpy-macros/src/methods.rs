//! `#[hpy::methods]`

use crate::call::{Callee, Output, Way, generated, quiet};
use crate::class::setter;
use crate::class_stub::{ClassStub, property_name};
use crate::docs;
use crate::options::{self, CallOptions, Opt};
use crate::params::{Context, Params, Receiver, Style, TakesClass, last_segment, plain_name};
use crate::roles::{Role, take_role};
use crate::slots::{Special, arity, foreign, special};
use proc_macro2::TokenStream;
use quote::{ToTokens, format_ident, quote};
use std::collections::BTreeMap;
use syn::spanned::Spanned;
use syn::{Ident, ImplItem, ImplItemFn, ItemImpl, Type};

pub fn expand(attribute: TokenStream, mut item: ItemImpl) -> syn::Result<TokenStream> {
    if !attribute.is_empty() {
        return Err(syn::Error::new(
            attribute.span(),
            "#[hpy::methods] takes no options; they belong to the single functions: #[hpy(name = \"...\")]",
        ));
    }
    if let Some((_, path, _)) = &item.trait_ {
        return Err(syn::Error::new(
            path.span(),
            "#[hpy::methods] belongs on an inherent impl block: a trait's methods are no methods in Python",
        ));
    }
    let class = (*item.self_ty).clone();
    let Some(segment) = last_segment(&class) else {
        return Err(syn::Error::new(class.span(), "expected the struct of the class"));
    };
    let class_name = segment.ident.to_string();
    let mut block = Block {
        class: &class,
        class_name,
        items: TokenStream::new(),
        pairs: BTreeMap::new(),
        signature: None,
        names: Vec::new(),
        stub: ClassStub::default(),
    };
    let mut errors: Option<syn::Error> = None;
    for item in &mut item.items {
        let result = match item {
            ImplItem::Fn(function) => block.function(function),
            ImplItem::Const(constant) => block.constant(constant),
            _ => Ok(()),
        };
        if let Err(error) = result {
            match &mut errors {
                Some(all) => all.combine(error),
                none => *none = Some(error),
            }
        }
    }
    if let Some(error) = errors {
        // The block itself stays, so that there are no errors of missing methods besides.
        let error = error.into_compile_error();
        return Ok(quote!(#item #error));
    }
    block.finish_pairs();
    let halves = block.stub.halves();
    let lines = std::mem::take(&mut block.stub).finish(&class);
    let (items, has_new) = (&block.items, block.signature.is_some());
    let names = block.names.iter();
    let signature = match &block.signature {
        Some(text) => quote!(::core::option::Option::Some(#text)),
        None => quote!(::core::option::Option::None),
    };
    let quiet = quiet();
    Ok(quote! {
        #item

        #quiet
        const _: () = {
            impl ::hpy::impl_::Methods for #class {
                const STUB: ::hpy::Hint = #lines;
                const HAS_NEW: bool = #has_new;
                const SIGNATURE: ::core::option::Option<&'static str> = #signature;
                const NAMES: &'static [&'static str] = &[#(#names),*];
                const PROPERTIES: &'static [::hpy::impl_::told::Half] = #halves;
                fn items() -> ::std::vec::Vec<::hpy::impl_::Item> {
                    let mut __items = ::std::vec::Vec::new();
                    #items
                    __items
                }
            }
        };
    })
}

struct Block<'a> {
    class: &'a Type,
    class_name: String,
    items: TokenStream,
    /// Definitions that several functions make up, by slot: the code of each half.
    pairs: BTreeMap<String, Vec<(Special, TokenStream)>>,
    /// The constructor's parameters as Python shows them.
    signature: Option<String>,
    /// The names in Python of everything but properties.
    names: Vec<String>,
    stub: ClassStub,
}

impl Block<'_> {
    fn function(&mut self, function: &mut ImplItemFn) -> syn::Result<()> {
        let (role, place) = take_role(&mut function.attrs)?;
        let options = CallOptions::from(options::take_hpy(&mut function.attrs)?)?;
        let ident = function.sig.ident.clone();
        let doc = docs::text(&function.attrs);
        let mut name = plain_name(&ident);
        if let Some(text) = &options.name {
            name = text.value();
        }
        if let (Role::Method, Some(instead)) = (&role, foreign(&name)) {
            return Err(syn::Error::new(ident.span(), instead));
        }
        let kind = if role == Role::Method { special(&name) } else { None };
        if role == Role::Attribute {
            if let Some(input) = function.sig.inputs.first() {
                return Err(syn::Error::new(
                    input.span(),
                    "a class attribute is made once, without arguments: fn NAME() -> T",
                ));
            }
            self.claim(&role, &name, &ident)?;
            let class = self.class;
            let ty = match &function.sig.output {
                syn::ReturnType::Type(_, ty) => Some((**ty).clone()),
                syn::ReturnType::Default => None,
            };
            return self.attribute(&name, quote!(<#class>::#ident()), ty);
        }
        let by_name = matches!(kind, None | Some(Special::Call | Special::Init));
        let context = Context {
            class: Some(self.class),
            style: if by_name && !matches!(role, Role::Getter(_) | Role::Setter(_)) {
                Style::Normal
            } else {
                Style::Positional
            },
            takes_class: match role {
                Role::Class => TakesClass::Always,
                Role::New => TakesClass::IfNamed,
                _ => TakesClass::No,
            },
        };
        let params = Params::new(&function.sig, options.signature.as_ref(), &context)?;
        let class = self.class;
        let label = match role {
            Role::New => self.class_name.clone(),
            _ => format!("{}.{name}", self.class_name),
        };
        let mut callee = Callee {
            params: &params,
            path: quote!(<#class>::#ident),
            label,
            class: Some(class),
            output: Output::Value,
        };
        let needs_self = !matches!(role, Role::New | Role::Static | Role::Class);
        if needs_self && matches!(params.receiver, Receiver::None) {
            return Err(syn::Error::new(
                ident.span(),
                "a method takes `&self`, `&mut self` or `slf: Ref<'_, Self>`; without one it is \
                 a #[staticmethod], or the constructor: #[new]",
            ));
        }
        if !needs_self
            && matches!(params.receiver, Receiver::Shared | Receiver::Exclusive | Receiver::Handle)
        {
            return Err(syn::Error::new(
                place.unwrap_or(ident.span()),
                "this attribute is for a function without `self`: there is no instance yet",
            ));
        }
        self.claim(&role, &name, &ident)?;
        self.stub.function(&role, kind, &name, &params, &doc, options.returns.as_deref());
        match role {
            Role::New => self.constructor(&callee),
            Role::Getter(given) => {
                let name = property_name(given.as_ref(), &name, "get_");
                self.getter(&callee, &name, &doc, function)
            }
            Role::Setter(given) => {
                let name = property_name(given.as_ref(), &name, "set_");
                self.setter(&callee, &name, function)
            }
            Role::Static => {
                let def = callee.method(&name, "$self", &doc)?;
                self.push(quote!(::hpy::impl_::Item::StaticMethod(#def)));
                Ok(())
            }
            Role::Class => {
                let def = callee.method(&name, "$self, cls", &doc)?;
                self.push(quote!(::hpy::impl_::Item::ClassMethod(#def)));
                Ok(())
            }
            Role::Attribute => Ok(()),
            Role::Method => match kind {
                None | Some(Special::Plain) => {
                    let def = callee.method(&name, "$self", &doc)?;
                    self.push(quote!(::hpy::impl_::Item::Def(#def)));
                    Ok(())
                }
                Some(Special::SlotMethod) => {
                    let def = callee.method(&name, "$self", &doc)?;
                    self.push(quote!(::hpy::impl_::Item::SlotMethod(#def)));
                    Ok(())
                }
                Some(Special::Next) => {
                    callee.output = Output::Next;
                    let def = callee.method(&name, "$self", &doc)?;
                    self.push(quote!(::hpy::impl_::Item::SlotMethod(#def)));
                    Ok(())
                }
                Some(kind) => self.special(&callee, kind, &name, function),
            },
        }
    }

    /// Refuses a second definition of a name.
    fn claim(&mut self, role: &Role, name: &str, ident: &Ident) -> syn::Result<()> {
        let twice = |what: String| Err(syn::Error::new(ident.span(), what));
        match role {
            Role::New if self.signature.is_some() => twice(
                "a class has one constructor, and there is a #[new] already: make this one a #[classmethod]".to_owned(),
            ),
            Role::New => Ok(()),
            Role::Getter(given) => {
                let name = property_name(given.as_ref(), name, "get_");
                match self.stub.has(&name).0 {
                    true => twice(format!("property `{name}` has a getter already")),
                    false => Ok(()),
                }
            }
            Role::Setter(given) => {
                let name = property_name(given.as_ref(), name, "set_");
                match self.stub.has(&name).1 {
                    true => twice(format!("property `{name}` has a setter already")),
                    false => Ok(()),
                }
            }
            _ if self.names.iter().any(|known| known == name) => {
                twice(format!("the class has `{name}` already: Python has one method of a name"))
            }
            _ => {
                self.names.push(name.to_owned());
                Ok(())
            }
        }
    }

    /// A constant of the block.
    fn constant(&mut self, constant: &mut syn::ImplItemConst) -> syn::Result<()> {
        match take_role(&mut constant.attrs)? {
            (Role::Attribute, _) => {}
            (_, None) => return Ok(()),
            (_, Some(place)) => {
                return Err(syn::Error::new(
                    place,
                    "a constant is a class attribute: #[classattr]; this attribute is for functions",
                ));
            }
        }
        let ident = &constant.ident;
        let mut name = plain_name(ident);
        for option in options::take_hpy(&mut constant.attrs)? {
            match option {
                Opt::Name(text) => name = text.value(),
                other => return Err(other.unknown("`name = \"...\"`")),
            }
        }
        self.claim(&Role::Attribute, &name, ident)?;
        let class = self.class;
        self.attribute(&name, quote!(<#class>::#ident), Some(constant.ty.clone()))
    }

    fn push(&mut self, item: TokenStream) {
        self.items.extend(quote!(__items.push(#item);));
    }

    fn attribute(&mut self, name: &str, value: TokenStream, ty: Option<Type>) -> syn::Result<()> {
        self.stub.attribute(name, ty, self.class);
        let name = docs::c_literal(name);
        self.push(quote! {
            ::hpy::impl_::Item::Attribute(#name, |__ctx| {
                ::hpy::impl_::Output::output(#value, __ctx)
            })
        });
        Ok(())
    }

    fn constructor(&mut self, callee: &Callee<'_>) -> syn::Result<()> {
        self.signature = Some(callee.params.text.clone());
        let (class, called) = (self.class, generated("__class"));
        let callee = Callee {
            params: callee.params,
            path: callee.path.clone(),
            label: callee.label.clone(),
            class: callee.class,
            output: Output::By(quote::quote_spanned! {callee.params.result=>
                (|__value, _| ::hpy::impl_::Constructed::<'_, #class>::constructed(__value, #called))
            }),
        };
        let constant = callee.signature_constant();
        let function = callee.in_order(
            &quote!(::hpy::impl_::sys::HPy),
            &quote!(::hpy::impl_::object),
            &quote! {
                let __class: ::hpy::Ref<'_, ::hpy::kinds::Type> =
                    ::hpy::Ref::from_raw(__ctx, __slf);
            },
        )?;
        let construct = callee.entry(&format_ident!("__construct"), Way::Vector);
        let from_dict = callee.entry(&format_ident!("__imp"), Way::Dict);
        self.items.extend(quote! {{
                #constant
                #function
                #construct
                __items.push(::hpy::impl_::Item::Constructor(
                    __construct as *mut ::core::ffi::c_void,
                ));
                #from_dict
                __items.push(::hpy::impl_::Item::Def(::hpy::impl_::slot(
                    ::hpy::impl_::sys::HPy_tp_new,
                    __imp as *mut ::core::ffi::c_void,
                    ::hpy::__trampoline!(NEWFUNC __imp),
                )));
        }});
        Ok(())
    }

    fn getter(
        &mut self,
        callee: &Callee<'_>,
        name: &str,
        doc: &str,
        function: &ImplItemFn,
    ) -> syn::Result<()> {
        if !callee.params.names.is_empty() {
            return Err(syn::Error::new(
                function.sig.inputs.span(),
                "a getter takes nothing but `self` and the token: fn x(&self) -> T",
            ));
        }
        let body = callee.invoke_returning(|_| (TokenStream::new(), None))?;
        let (name, doc) = (docs::c_literal(name), docs::c_literal(doc));
        self.push(quote! {
            ::hpy::impl_::Item::Property({
                unsafe extern "C" fn __imp(
                    __raw: *mut ::hpy::impl_::sys::HPyContext,
                    __slf: ::hpy::impl_::sys::HPy,
                    _closure: *mut ::core::ffi::c_void,
                ) -> ::hpy::impl_::sys::HPy {
                    unsafe { ::hpy::impl_::returning(__raw, |__ctx| { #body }) }
                }
                ::hpy::impl_::getter(
                    #name,
                    __imp as *mut ::core::ffi::c_void,
                    ::hpy::__trampoline!(GETTER __imp),
                    #doc,
                )
            })
        });
        Ok(())
    }

    fn setter(
        &mut self,
        callee: &Callee<'_>,
        name: &str,
        function: &ImplItemFn,
    ) -> syn::Result<()> {
        if callee.params.names.len() != 1 {
            return Err(syn::Error::new(
                function.sig.inputs.span(),
                "a setter takes one value: fn set_x(&mut self, value: T)",
            ));
        }
        let label = format!("{}.{name}", self.class_name);
        let on_error = quote!(|__error| ::hpy::impl_::bad_attribute(__error, #label));
        let callee = Callee {
            params: callee.params,
            path: callee.path.clone(),
            label: label.clone(),
            class: callee.class,
            output: Output::By(quote!(::hpy::impl_::unit)),
        };
        let body = callee.invoke_with(&on_error, |_| (quote!(__value), None))?;
        let body = quote! {
            let __slf = __object.as_raw();
            #body
        };
        self.items.extend(setter(
            &docs::c_literal(name).to_token_stream(),
            self.class,
            &label,
            &body,
        ));
        Ok(())
    }

    /// A slot of the ABI.
    fn special(
        &mut self,
        callee: &Callee<'_>,
        kind: Special,
        name: &str,
        function: &ImplItemFn,
    ) -> syn::Result<()> {
        if let Some(count) = arity(kind) {
            let given = callee.params.names.len();
            let optional = matches!(kind, Special::Power { .. } | Special::InPlace { .. });
            if given != count && !(optional && given == 1) {
                return Err(syn::Error::new(
                    function.sig.ident.span(),
                    format!(
                        "Python calls {name} with {count} argument{} besides `self`, this has {given}",
                        if count == 1 { "" } else { "s" }
                    ),
                ));
            }
        }
        let key = match kind {
            Special::SetItem | Special::DelItem => "setitem".to_owned(),
            Special::Binary { slot, .. } => slot.to_owned(),
            Special::Power { .. } => "HPy_nb_power".to_owned(),
            Special::Compare(_) | Special::RichCompare => "compare".to_owned(),
            _ => {
                let item = crate::special::single(self.class, callee, kind)?;
                self.items.extend(item);
                return Ok(());
            }
        };
        let code = crate::special::half(self.class, callee, kind)?;
        self.stub.half(&key, name);
        self.pairs.entry(key).or_default().push((kind, code));
        Ok(())
    }

    fn finish_pairs(&mut self) {
        for (key, halves) in std::mem::take(&mut self.pairs) {
            self.stub.slot(&key, &halves);
            self.items.extend(crate::special::joined(self.class, &key, &halves));
        }
    }
}
