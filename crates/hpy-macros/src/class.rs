//! `#[hpy::class]`

use crate::call::{generated, quiet};
use crate::class_derives::Derives;
use crate::docs;
use crate::options::{self, Opt};
use crate::params::{Portable, last_segment};
use crate::stub::{self, Stub};
use proc_macro2::{Span, TokenStream};
use quote::{ToTokens, quote};
use syn::spanned::Spanned;
use syn::visit_mut::VisitMut;
use syn::{Fields, ItemStruct, Member, Type};

/// What a struct is for.
#[derive(Clone, Copy, PartialEq)]
pub enum Use {
    Class,
    /// The state of a module, which Python does not see.
    State,
}

pub fn expand(
    attribute: TokenStream,
    mut item: ItemStruct,
    purpose: Use,
) -> syn::Result<TokenStream> {
    if let Some(param) = item.generics.params.first() {
        return Err(syn::Error::new(
            param.span(),
            "a Python class is one type: a generic struct or one with lifetimes cannot be a class",
        ));
    }
    let given = options::all(attribute, &mut item.attrs)?;
    let ident = item.ident.clone();
    let mut name = ident.to_string();
    let (mut frozen, mut subclass, mut base) = (false, false, None);
    let mut derives = Derives::default();
    for option in given {
        match option {
            Opt::Name(text) if purpose == Use::Class => name = text.value(),
            Opt::Flag(key) if key == "frozen" => frozen = true,
            other if purpose == Use::State => return Err(other.unknown("`frozen`")),
            Opt::Flag(key) if key == "subclass" => subclass = true,
            Opt::Flag(key) if derives.take(&key) => {}
            Opt::Path(key, path) if key == "extends" => base = Some(path),
            Opt::Text(key) if key == "extends" => {
                return Err(syn::Error::new(
                    key.span(),
                    "the base is a Rust type, without quotes: extends = Animal, extends = List",
                ));
            }
            other => {
                return Err(other.unknown(
                    "`name = \"...\"`, `frozen`, `subclass`, `extends = BaseClass`, and by what the struct derives \
                     `repr`, `eq`, `ord`, `hash`, `match_args`",
                ));
            }
        }
    }
    let members = members(&mut item.fields)?;
    let derived = derives.items(&ident, frozen)?;
    let derived_once = derives.told_once();
    let shown = members
        .iter()
        .filter(|member| member.get.is_some())
        .map(|member| docs::c_literal(&member.name));
    let shown = quote!(&[#(#shown),*]);
    let visits = members.iter().filter(|member| !member.no_fields).map(|part| {
        let (member, span) = (&part.member, part.ty.span());
        let (this, visitor) = (quote!(self), generated("__visitor"));
        quote::quote_spanned! {span=>
            (&&&::hpy::impl_::Part(&#this.#member)).visit_part(#visitor);
        }
    });
    let collected = members.iter().filter(|member| !member.no_fields).map(|part| {
        let ty = &part.ty;
        quote!(::hpy::impl_::MayHoldFields::<#ty>::ANSWER)
    });
    let class: Type = syn::parse_quote!(#ident);
    let halves = members.iter().filter_map(|member| member.half(&class));
    let halves = quote!({
        use ::hpy::impl_::NoHint as _;
        &[#(#halves),*]
    });
    let told = members.iter().filter_map(Part::told_once);
    let extensible = base.as_ref().map(|path| {
        quote::quote_spanned! {path.span()=>
            const _: () = ::core::assert!(
                <#path as ::hpy::impl_::Base>::EXTENSIBLE,
                "the base is a class that nothing may derive from: write #[hpy::class(subclass)] there"
            );
        }
    });
    let properties = members
        .iter()
        .map(|member| member.properties(&name, &class))
        .collect::<syn::Result<Vec<_>>>()?;
    let doc = docs::text(&item.attrs);
    let mut lines = Stub::default();
    // Each class has a struct of its own, so Python cannot combine two of them in one subclass.
    lines.text(if subclass { "@typing_extensions.disjoint_base\n" } else { "@typing.final\n" });
    lines.text(&format!("class {name}"));
    if let Some(base) = &base {
        lines.text("(");
        lines.hint(quote::quote_spanned!(base.span()=> ::hpy::impl_::KindHint::<'_, #base>::HINT));
        lines.text(")");
    }
    lines.class_body(&doc);
    members.iter().for_each(|member| member.lines(&class, &mut lines));
    derives.lines(&name, &members, &mut lines);
    lines.hint(quote!(__METHODS));
    let lines = lines.constant();
    let doc = docs::c_literal(&doc);
    let base_type = match &base {
        Some(path) => quote!(#path),
        None => quote!(::hpy::Object),
    };
    let frozen_impl = if frozen {
        quote!(impl ::hpy::Frozen for #ident {})
    } else {
        quote!(impl ::hpy::Mutable for #ident {})
    };
    let export = match purpose {
        Use::Class => quote! {
            impl ::hpy::impl_::Export for #ident {
                const STUB: ::hpy::Hint = #lines;
                fn export() -> ::hpy::impl_::Exported {
                    ::hpy::impl_::Exported::Class(<#ident as ::hpy::Class>::definition())
                }
            }
        },
        Use::State => {
            let make = quote::quote_spanned!(ident.span()=> ::hpy::impl_::make_state::<#ident>);
            quote! {
                static __STATE: ::hpy::impl_::TypeGlobal = ::hpy::impl_::TypeGlobal::new();

                impl ::hpy::ModuleState for #ident {
                    fn cell() -> &'static ::hpy::impl_::TypeGlobal {
                        &__STATE
                    }
                }

                impl ::hpy::impl_::Export for #ident {
                    const STUB: ::hpy::Hint = ::hpy::Hint::Text("");
                    fn export() -> ::hpy::impl_::Exported {
                        ::hpy::impl_::Exported::State(::hpy::impl_::StateDefinition {
                            class: <#ident as ::hpy::Class>::definition(),
                            cell: &__STATE,
                            make: |__ctx| #make(__ctx),
                        })
                    }
                }
            }
        }
    };
    // A class that derives from another one is made with the value of that one too.
    let into_py = (purpose == Use::Class && base.is_none()).then(|| {
        quote! {
            impl<'ctx> ::hpy::IntoPy<'ctx> for #ident {
                const HINT: ::hpy::Hint = <#ident as ::hpy::kinds::Kind>::HINT;

                fn into_py(
                    self,
                    __ctx: ::hpy::Ctx<'ctx>,
                ) -> ::hpy::PyResult<'ctx, ::hpy::Handle<'ctx, ::hpy::kinds::Any>> {
                    ::hpy::Handle::instance(__ctx, self).map(::hpy::Handle::into_any)
                }
            }
        }
    });
    let quiet = quiet();
    Ok(quote! {
        #item

        #quiet
        const _: () = {
            use ::hpy::impl_::AnyMayHoldFields as _;

            #into_py

            impl ::hpy::kinds::Kind for #ident {
                const NAME: &'static str = #name;
                const HINT: ::hpy::Hint = ::hpy::Hint::Local(#name);
                #[inline(always)]
                fn check(object: &::hpy::Handle<'_, ::hpy::kinds::Any>) -> bool {
                    ::hpy::impl_::is_instance::<#ident>(object)
                }
            }

            unsafe impl ::hpy::Class for #ident {
                const FROZEN: bool = #frozen;
                const SUBCLASS: bool = #subclass;
                const PROPERTIES: &'static [::hpy::impl_::told::Half] = #halves;
                type Base = #base_type;

                fn definition() -> &'static ::hpy::impl_::Definition {
                    static DEFINITION: ::hpy::impl_::Definition = ::hpy::impl_::Definition {
                        name: #name,
                        doc: #doc,
                        signature: {
                            use ::hpy::impl_::NoMethods as _;
                            ::hpy::impl_::FindMethods::<#ident>::SIGNATURE
                        },
                        size: ::core::mem::size_of::<::hpy::impl_::Cell<#ident>>(),
                        subclass: #subclass,
                        collected: <#ident as ::hpy::Class>::COLLECTED,
                        base: <#base_type as ::hpy::impl_::Base>::base_definition,
                        shape: <#base_type as ::hpy::impl_::Base>::SHAPE,
                        shown: #shown,
                        new: ::core::sync::atomic::AtomicPtr::new(::core::ptr::null_mut()),
                        items: __items,
                        global: ::hpy::impl_::TypeGlobal::new(),
                        built: ::std::sync::OnceLock::new(),
                    };
                    &DEFINITION
                }

                const COLLECTED: bool =
                    <#base_type as ::hpy::impl_::Base>::COLLECTED #(|| #collected)*;

                fn visit_fields(&self, __visitor: &mut ::hpy::Visitor) {
                    use ::hpy::impl_::{VisitNothing as _, VisitTraverse as _, VisitUnknown as _};
                    #(#visits)*
                }
            }

            #frozen_impl

            const __PROPERTIES: &'static [::hpy::impl_::told::Half] = {
                use ::hpy::impl_::NoMethods as _;
                ::hpy::impl_::FindMethods::<#ident>::PROPERTIES
            };

            const __METHODS: ::hpy::Hint = {
                use ::hpy::impl_::NoMethods as _;
                ::hpy::impl_::FindMethods::<#ident>::STUB
            };

            #export

            #extensible
            const _: () = {
                use ::hpy::impl_::NoMethods as _;
                type __Found = ::hpy::impl_::FindMethods<#ident>;
                #(#told)*
                #derived_once
            };

            fn __items() -> ::std::vec::Vec<::hpy::impl_::Item> {
                use ::hpy::impl_::NoMethods as _;
                let () = ::hpy::impl_::Cell::<#ident>::ALIGNMENT_FITS;
                let mut __items = ::hpy::impl_::FindMethods::<#ident>::items();
                ::hpy::impl_::push_own_items::<#ident>(
                    &mut __items,
                    ::hpy::impl_::FindMethods::<#ident>::HAS_NEW,
                );
                #(#properties)*
                #derived
                __items
            }
        };
    })
}

/// A part of the struct.
pub struct Part {
    member: Member,
    ty: Type,
    pub name: String,
    pub get: Option<Span>,
    set: Option<Span>,
    no_fields: bool,
    doc: String,
}

fn members(fields: &mut Fields) -> syn::Result<Vec<Part>> {
    let mut parts = Vec::new();
    for (index, field) in fields.iter_mut().enumerate() {
        let member = match &field.ident {
            Some(name) => Member::Named(name.clone()),
            None => Member::Unnamed(index.into()),
        };
        let mut part = Part {
            name: field.ident.as_ref().map_or_else(String::new, crate::params::plain_name),
            member,
            ty: field.ty.clone(),
            get: None,
            set: None,
            no_fields: false,
            doc: docs::text(&field.attrs),
        };
        for option in options::take_hpy(&mut field.attrs)? {
            match option {
                Opt::Name(text) => part.name = text.value(),
                Opt::Flag(key) if key == "get" => part.get = Some(key.span()),
                Opt::Flag(key) if key == "set" => part.set = Some(key.span()),
                Opt::Flag(key) if key == "no_fields" => part.no_fields = true,
                other => {
                    return Err(other.unknown("`get`, `set`, `name = \"...\"` and `no_fields`"));
                }
            }
        }
        if (part.get.is_some() || part.set.is_some()) && part.name.is_empty() {
            return Err(syn::Error::new(
                field.ty.span(),
                "a property of an unnamed part needs a name: #[hpy(get, name = \"...\")]",
            ));
        }
        parts.push(part);
    }
    Ok(parts)
}

impl Part {
    /// The hints of its getter and its setter.
    fn hints(&self, class: &Type) -> (TokenStream, TokenStream) {
        let mut ty = self.ty.clone();
        Portable { class: Some(class) }.visit_type_mut(&mut ty);
        if last_segment(&ty).is_some_and(|segment| segment.ident == "Field") {
            let hint = quote::quote_spanned!(ty.span()=> ::hpy::impl_::FieldHint::<#ty>::HINT);
            (hint.clone(), hint)
        } else {
            (
                quote::quote_spanned!(ty.span()=> ::hpy::impl_::OutputHint::<'_, #ty>::HINT),
                quote::quote_spanned!(ty.span()=> ::hpy::impl_::ArgHint::<'_, #ty>::HINT),
            )
        }
    }

    /// What the methods are told of its property.
    fn half(&self, class: &Type) -> Option<TokenStream> {
        if self.get.is_none() && self.set.is_none() {
            return None;
        }
        let setter = self.set.map(|_| self.hints(class).1);
        Some(stub::half(&self.name, self.get.is_some(), setter))
    }

    /// A statement that refuses a getter or setter in the methods besides this one.
    fn told_once(&self) -> Option<TokenStream> {
        let name = &self.name;
        let check = |span: Option<Span>, what: &str| {
            let span = span?;
            let has = syn::Ident::new(&format!("has_{what}"), span);
            let message = format!(
                "property `{name}` has a {what} in #[hpy::methods] too: remove one of them"
            );
            Some(quote::quote_spanned! {span=>
                const _: () = ::core::assert!(
                    !::hpy::impl_::told::#has(__Found::PROPERTIES, #name),
                    #message
                );
            })
        };
        let (getter, setter) = (check(self.get, "getter"), check(self.set, "setter"));
        (getter.is_some() || setter.is_some()).then(|| quote!(#getter #setter))
    }

    /// The lines of its property.
    fn lines(&self, class: &Type, stub: &mut Stub) {
        if self.get.is_none() && self.set.is_none() {
            return;
        }
        let (getter, setter) = self.hints(class);
        let other = quote!(__PROPERTIES);
        let (get, set) = (self.get.map(|_| getter), self.set.map(|_| setter));
        stub.property(&self.name, &self.doc, get, set, &other);
    }

    /// Statements that push the properties of this part to `__items`.
    fn properties(&self, class_name: &str, class: &Type) -> syn::Result<TokenStream> {
        let mut tokens = TokenStream::new();
        let (member, name) = (&self.member, docs::c_literal(&self.name));
        let is_field = last_segment(&self.ty).is_some_and(|segment| segment.ident == "Field");
        if self.get.is_some() {
            let doc = docs::c_literal(&self.doc);
            let value = if is_field {
                quote!(::hpy::impl_::Output::returned(__object.load(|__class| &__class.#member), __ctx))
            } else {
                quote! {
                    let __self = ::hpy::impl_::borrow_for(__object)?;
                    let __value = ::core::clone::Clone::clone(&__self.#member);
                    ::hpy::impl_::Output::returned(__value, __ctx)
                }
            };
            tokens.extend(quote! {
                __items.push(::hpy::impl_::Item::Property({
                    unsafe extern "C" fn __imp(
                        __raw: *mut ::hpy::impl_::sys::HPyContext,
                        __slf: ::hpy::impl_::sys::HPy,
                        _closure: *mut ::core::ffi::c_void,
                    ) -> ::hpy::impl_::sys::HPy {
                        unsafe { ::hpy::impl_::returning(__raw, |__ctx| {
                            let __object = ::hpy::impl_::receiver::<#class>(__ctx, __slf);
                            #value
                        }) }
                    }
                    ::hpy::impl_::getter(
                        #name,
                        __imp as *mut ::core::ffi::c_void,
                        ::hpy::__trampoline!(GETTER __imp),
                        #doc,
                    )
                }));
            });
        }
        if self.set.is_some() {
            let mut ty = self.ty.clone();
            Portable { class: Some(class) }.visit_type_mut(&mut ty);
            let label = format!("{class_name}.{}", self.name);
            let store = if is_field {
                quote! {
                    let __new = ::hpy::impl_::field_value(&__object, |__class| &__class.#member, __value)
                        .map_err(|__error| ::hpy::impl_::bad_attribute(__error, #label))?;
                    __object.store(|__class| &__class.#member, __new.as_deref())
                }
            } else {
                quote! {
                    let __new = <#ty as ::hpy::FromPy<'_>>::from_py(__value)
                        .map_err(|__error| ::hpy::impl_::bad_attribute(__error, #label))?;
                    let mut __self = ::hpy::impl_::borrow_mut_for(__object)?;
                    __self.#member = __new;
                    Ok(())
                }
            };
            tokens.extend(setter(&name.to_token_stream(), class, &label, &store));
        }
        Ok(tokens)
    }
}

/// A statement that pushes a setter whose body has `__ctx`, `__object` and `__value`.
pub fn setter(name: &TokenStream, class: &Type, label: &str, body: &TokenStream) -> TokenStream {
    quote! {
        __items.push(::hpy::impl_::Item::Property({
            unsafe extern "C" fn __imp(
                __raw: *mut ::hpy::impl_::sys::HPyContext,
                __slf: ::hpy::impl_::sys::HPy,
                __value: ::hpy::impl_::sys::HPy,
                _closure: *mut ::core::ffi::c_void,
            ) -> ::core::ffi::c_int {
                unsafe { ::hpy::impl_::status(__raw, |__ctx| {
                    let __object = ::hpy::impl_::receiver::<#class>(__ctx, __slf);
                    let __value = ::hpy::impl_::set_value(__ctx, __value, #label)?;
                    #body
                }) }
            }
            ::hpy::impl_::setter(
                #name,
                __imp as *mut ::core::ffi::c_void,
                ::hpy::__trampoline!(SETTER __imp),
            )
        }));
    }
}
