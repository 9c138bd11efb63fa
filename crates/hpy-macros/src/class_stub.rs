//! The lines of a class's methods and properties in its `.pyi` file.

use crate::params::{Params, Portable, Source, plain_name};
use crate::roles::Role;
use crate::slots::Special;
use crate::stub::{self, Function, Stub};
use proc_macro2::TokenStream;
use quote::quote;
use std::collections::BTreeMap;
use syn::visit_mut::VisitMut;
use syn::{Ident, Type};

/// What `#[hpy::methods]` has seen so far.
#[derive(Default)]
pub struct ClassStub {
    stub: Stub,
    properties: Vec<Property>,
    /// The methods that make up each slot of which several are part.
    halves: BTreeMap<String, Vec<String>>,
}

/// Name, docs, hint of the getter and of the setter.
#[derive(Default)]
struct Property {
    name: String,
    doc: String,
    getter: Option<TokenStream>,
    setter: Option<TokenStream>,
}

/// The name of a property: what its attribute says or the function's name without the prefix.
pub fn property_name(given: Option<&Ident>, name: &str, prefix: &str) -> String {
    given.map_or_else(|| name.strip_prefix(prefix).unwrap_or(name).to_owned(), plain_name)
}

impl ClassStub {
    /// The lines of the `.pyi` file for a function of the block.
    pub fn function(
        &mut self,
        role: &Role,
        kind: Option<Special>,
        name: &str,
        params: &Params,
        doc: &str,
        returns: Option<&str>,
    ) {
        let mut property = |name: &str, change: &dyn Fn(&mut Property)| {
            let place = self.properties.iter().position(|property| property.name == name);
            let place = place.unwrap_or_else(|| {
                self.properties.push(Property { name: name.to_owned(), ..Property::default() });
                self.properties.len() - 1
            });
            change(&mut self.properties[place]);
        };
        let result = || stub::result_or(returns, params);
        let (result, name) = match role {
            Role::Attribute => return,
            Role::Getter(given) => {
                let name = property_name(given.as_ref(), name, "get_");
                return property(&name, &|property| {
                    property.getter = Some(result());
                    property.doc = doc.to_owned();
                });
            }
            Role::Setter(given) => {
                let name = property_name(given.as_ref(), name, "set_");
                let value =
                    params.list.iter().find(|param| matches!(param.source, Source::Value(_)));
                return property(&name, &|property| {
                    property.setter = value.map(|param| param.hint());
                });
            }
            Role::New => (stub::fixed("typing_extensions.Self"), "__new__"),
            Role::Static => {
                self.stub.text("    @staticmethod\n");
                (result(), name)
            }
            Role::Class => {
                self.stub.text("    @classmethod\n");
                (result(), name)
            }
            Role::Method => match kind {
                // No name of Python's: see `other_methods`.
                Some(Special::RichCompare) => return,
                // Python's own parameter, which the Rust function does not get.
                Some(Special::Buffer) => {
                    self.stub.text("    def __buffer__(self, flags: int, /) -> memoryview: ...\n");
                    return;
                }
                Some(kind) => {
                    (returns.map_or_else(|| stub::special_result(kind, params), stub::fixed), name)
                }
                None => (result(), name),
            },
        };
        let first = match role {
            Role::New => "cls",
            _ => stub::receiver(&params.receiver),
        };
        let optional_from = match kind {
            Some(Special::Power { .. } | Special::DescrGet) => Some(1),
            _ => None,
        };
        let function = Function { name, first, params, result, doc, optional_from };
        self.stub.function("    ", &function);
    }

    /// Whether a property has a getter and whether it has a setter.
    pub fn has(&self, name: &str) -> (bool, bool) {
        let property = self.properties.iter().find(|property| property.name == name);
        property.map_or((false, false), |property| {
            (property.getter.is_some(), property.setter.is_some())
        })
    }

    /// What the struct's macro is told of the properties: the value of a constant.
    pub fn halves(&self) -> TokenStream {
        let halves = self.properties.iter().map(|property| {
            stub::half(&property.name, property.getter.is_some(), property.setter.clone())
        });
        quote!({
            use ::hpy::impl_::NoHint as _;
            &[#(#halves),*]
        })
    }

    /// All of them as the value of a constant.
    pub fn finish(mut self, class: &Type) -> TokenStream {
        let mut lines = Stub::default();
        let other = quote!(<#class as ::hpy::Class>::PROPERTIES);
        for property in std::mem::take(&mut self.properties) {
            let Property { name, doc, getter, setter } = property;
            lines.property(&name, &doc, getter, setter, &other);
        }
        lines.append(std::mem::take(&mut self.stub));
        lines.constant()
    }

    /// A class attribute.
    pub fn attribute(&mut self, name: &str, ty: Option<Type>, class: &Type) {
        let ty = ty.map(|mut ty| {
            Portable { class: Some(class) }.visit_type_mut(&mut ty);
            ty
        });
        self.stub.value("    ", name, stub::result(ty.as_ref(), &quote!(OutputHint)), true);
    }

    /// A method that is one of several in a slot.
    pub fn half(&mut self, key: &str, name: &str) {
        self.halves.entry(key.to_owned()).or_default().push(name.to_owned());
    }

    /// The slot itself: Python has all of its methods if one is there.
    pub fn slot(&mut self, key: &str, halves: &[(Special, TokenStream)]) {
        let given: Vec<Special> = halves.iter().map(|(kind, _)| *kind).collect();
        let names = self.halves.remove(key).unwrap_or_default();
        self.stub.other_methods(key, &given, &names);
    }
}
