//! The attribute macros of hpy-rs: parsing and code generation only.
//!
//! What they write is thin: an `extern "C"` function per definition that calls `hpy::impl_`, where the
//! behaviour is. Errors point at the token that is wrong and say what to write instead; `tests/compile_fail`
//! of hpy-rs pins each of them.

mod call;
mod class;
mod class_derives;
mod class_stub;
mod derive;
mod derive_hint;
mod docs;
mod enumeration;
mod exception;
mod function;
mod items;
mod methods;
mod module;
mod options;
mod params;
mod roles;
mod signature;
mod slots;
mod special;
mod stub;

use proc_macro::TokenStream;
use syn::parse_macro_input;

fn finish(result: syn::Result<proc_macro2::TokenStream>) -> TokenStream {
    result.unwrap_or_else(syn::Error::into_compile_error).into()
}

/// The item that an attribute is on; an error says what to write where it is another.
fn item<T: syn::parse::Parse>(
    item: TokenStream,
    attribute: &str,
    wanted: &str,
    instead: &[(&str, &str)],
) -> syn::Result<T> {
    let tokens = proc_macro2::TokenStream::from(item);
    syn::parse2(tokens.clone()).map_err(|error| {
        let Ok(other) = syn::parse2::<syn::Item>(tokens) else { return error };
        let (kind, span) = match &other {
            syn::Item::Fn(item) => ("fn", item.sig.fn_token.span),
            syn::Item::Struct(item) => ("struct", item.struct_token.span),
            syn::Item::Enum(item) => ("enum", item.enum_token.span),
            syn::Item::Impl(item) => ("impl", item.impl_token.span),
            syn::Item::Mod(item) => ("mod", item.mod_token.span),
            syn::Item::Const(item) => ("const", item.const_token.span),
            syn::Item::Static(item) => ("static", item.static_token.span),
            syn::Item::Trait(item) => ("trait", item.trait_token.span),
            syn::Item::Union(item) => ("union", item.union_token.span),
            syn::Item::Type(item) => ("type", item.type_token.span),
            _ => return error,
        };
        let instead = instead.iter().find(|(of, _)| *of == kind);
        let instead = instead.map_or_else(String::new, |(_, text)| format!("; {text}"));
        syn::Error::new(span, format!("#[hpy::{attribute}] goes on {wanted}{instead}"))
    })
}

/// Makes a Rust function a Python function.
///
/// `#[hpy::function(name = "...", signature = (a, /, b = 1, *args, c, **kwargs), returns = "dict[str, int]")]`;
/// `returns` is the type hint in `.pyi` files where the Rust type does not say it. Without a signature each
/// parameter is required and may be given by position or by name. A parameter of type `Ctx<'_>` is the
/// call's token and not one of Python's.
#[proc_macro_attribute]
pub fn function(attribute: TokenStream, item: TokenStream) -> TokenStream {
    let item = self::item(
        item,
        "function",
        "a function",
        &[
            ("struct", "a class is #[hpy::class]"),
            ("const", "a constant of a module is #[constant]"),
        ],
    );
    finish(item.and_then(|item| function::expand(attribute.into(), item)))
}

/// Makes a Rust struct a Python class.
///
/// `#[hpy::class(name = "...", frozen, subclass, extends = Base)]`. Fields take `#[hpy(get, set, name = "...")]`.
#[proc_macro_attribute]
pub fn class(attribute: TokenStream, item: TokenStream) -> TokenStream {
    let item = self::item(
        item,
        "class",
        "a struct",
        &[
            ("enum", "an enumeration of Python's is #[hpy::enumeration]"),
            ("impl", "the class's methods are #[hpy::methods]"),
        ],
    );
    finish(item.and_then(|item| class::expand(attribute.into(), item, class::Use::Class)))
}

/// Makes a Rust struct in a module the module's state: one value per interpreter, made by `Default`.
///
/// Functions and methods reach it by a parameter of type `State<'_, T>`, and any code by `ctx.state::<T>()`.
/// `#[hpy::state(frozen)]` as for classes.
#[proc_macro_attribute]
pub fn state(attribute: TokenStream, item: TokenStream) -> TokenStream {
    let item = self::item(item, "state", "a struct", &[]);
    finish(item.and_then(|item| class::expand(attribute.into(), item, class::Use::State)))
}

/// Gives a class its methods: the functions of an impl block.
///
/// `#[new]`, `#[getter]`, `#[setter]`, `#[staticmethod]`, `#[classmethod]`, `#[classattr]` say what a function
/// is; one without is a method, or by its name a special method. `#[hpy(name = "...", signature = (...))]`
/// as for functions.
#[proc_macro_attribute]
pub fn methods(attribute: TokenStream, item: TokenStream) -> TokenStream {
    let item = self::item(
        item,
        "methods",
        "the impl block of a class",
        &[
            ("struct", "the struct itself is #[hpy::class]"),
            ("fn", "a function is #[hpy::function]"),
        ],
    );
    finish(item.and_then(|item| methods::expand(attribute.into(), item)))
}

/// Makes a Rust module a Python module: the entry points of the binary.
///
/// Functions with `#[hpy::function]`, structs with `#[hpy::class]` and `#[hpy::state]`, constants with `#[constant]`, uses with
/// `#[export]` and a function with `#[init]` make it up.
///
/// Options: `name = "..."`, `gil_used = false`, `main_interpreter_only`, and `stub = "NAME: int"` for names in `.pyi` files
/// that the init function adds.
#[proc_macro_attribute]
pub fn module(attribute: TokenStream, item: TokenStream) -> TokenStream {
    let item = self::item(
        item,
        "module",
        "a module written inline",
        &[("fn", "functions are in it: #[hpy::module] mod name { #[hpy::function] fn f() {} }")],
    );
    finish(item.and_then(|item| module::expand(attribute.into(), item)))
}

/// Makes an enum without fields an enumeration of Python's: a class that derives from `enum.Enum`, or with `int` from
/// `IntEnum`, with `flag` from `Flag`, with `int_flag` from `IntFlag`. `#[hpy(name = "...")]` names a member.
#[proc_macro_attribute]
pub fn enumeration(attribute: TokenStream, item: TokenStream) -> TokenStream {
    let item =
        self::item(item, "enumeration", "an enum", &[("struct", "a class is #[hpy::class]")]);
    finish(item.and_then(|item| enumeration::expand(attribute.into(), item)))
}

/// Makes a struct an exception type: `#[hpy::exception(extends = ValueError)] struct ParseError;`
///
/// The fields of a struct are attributes of the exception: `#[hpy::exception(message = "line {line} is wrong")]` with any field
/// in the message, or with a `Display` of its own. `#[hpy(base)]` marks the value of a base with fields, `#[hpy(name = "...")]`
/// names an attribute.
#[proc_macro_attribute]
pub fn exception(attribute: TokenStream, item: TokenStream) -> TokenStream {
    let item = self::item(
        item,
        "exception",
        "a struct",
        &[(
            "enum",
            "make each variant an exception, all derived from one: #[hpy::exception(extends = Base)]",
        )],
    );
    finish(item.and_then(|item| exception::expand(attribute.into(), item)))
}

/// Converts from Python: a struct from an object with attributes or a dict (named fields; from only one of them with
/// `#[hpy(attributes)]` or `#[hpy(dict)]`), from a tuple
/// (unnamed fields) or from what its one field converts from (`#[hpy(transparent)]`); an enum from the first
/// variant that fits, or for variants without fields from their names.
#[proc_macro_derive(FromPy, attributes(hpy))]
pub fn derive_from_py(item: TokenStream) -> TokenStream {
    let item = parse_macro_input!(item as syn::DeriveInput);
    finish(derive::from_py(item))
}

/// Converts to Python: a struct to a dict (named fields) or with `#[hpy(attributes)]` a `types.SimpleNamespace`, a tuple (unnamed fields) or what its one field
/// converts to (`#[hpy(transparent)]`); an enum to what its variant converts to, variants without fields to
/// their names.
#[proc_macro_derive(IntoPy, attributes(hpy))]
pub fn derive_into_py(item: TokenStream) -> TokenStream {
    let item = parse_macro_input!(item as syn::DeriveInput);
    finish(derive::into_py(item))
}
