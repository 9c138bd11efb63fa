//! The attribute macros of hpy-rs: parsing and code generation only.
//!
//! What they write is thin: an `extern "C"` function per definition that calls `hpy::impl_`, where the
//! behaviour is. Errors point at the token that is wrong and say what to write instead; `tests/compile_fail`
//! of hpy-rs pins each of them.

mod call;
mod class;
mod class_stub;
mod derive;
mod derive_hint;
mod docs;
mod enumeration;
mod exception;
mod function;
mod methods;
mod module;
mod options;
mod params;
mod signature;
mod slots;
mod special;
mod stub;

use proc_macro::TokenStream;
use syn::parse_macro_input;

fn finish(result: syn::Result<proc_macro2::TokenStream>) -> TokenStream {
    result.unwrap_or_else(syn::Error::into_compile_error).into()
}

/// Makes a Rust function a Python function.
///
/// `#[hpy::function(name = "...", signature = (a, /, b = 1, *args, c, **kwargs), returns = "dict[str, int]")]`;
/// `returns` is the type hint in `.pyi` files where the Rust type does not say it. Without a signature each
/// parameter is required and may be given by position or by name. A parameter of type `Ctx<'_>` is the
/// call's token and not one of Python's.
#[proc_macro_attribute]
pub fn function(attribute: TokenStream, item: TokenStream) -> TokenStream {
    let item = parse_macro_input!(item as syn::ItemFn);
    finish(function::expand(attribute.into(), item))
}

/// Makes a Rust struct a Python class.
///
/// `#[hpy::class(name = "...", frozen, subclass, extends = Base)]`. Fields take `#[hpy(get, set, name = "...")]`.
#[proc_macro_attribute]
pub fn class(attribute: TokenStream, item: TokenStream) -> TokenStream {
    let item = parse_macro_input!(item as syn::ItemStruct);
    finish(class::expand(attribute.into(), item, class::Use::Class))
}

/// Makes a Rust struct in a module the module's state: one value per interpreter, made by `Default`.
///
/// Functions and methods reach it by a parameter of type `State<'_, T>`, and any code by `ctx.state::<T>()`.
/// `#[hpy::state(frozen)]` as for classes.
#[proc_macro_attribute]
pub fn state(attribute: TokenStream, item: TokenStream) -> TokenStream {
    let item = parse_macro_input!(item as syn::ItemStruct);
    finish(class::expand(attribute.into(), item, class::Use::State))
}

/// Gives a class its methods: the functions of an impl block.
///
/// `#[new]`, `#[getter]`, `#[setter]`, `#[staticmethod]`, `#[classmethod]`, `#[classattr]` say what a function
/// is; one without is a method, or by its name a special method. `#[hpy(name = "...", signature = (...))]`
/// as for functions.
#[proc_macro_attribute]
pub fn methods(attribute: TokenStream, item: TokenStream) -> TokenStream {
    let item = parse_macro_input!(item as syn::ItemImpl);
    finish(methods::expand(attribute.into(), item))
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
    let item = parse_macro_input!(item as syn::ItemMod);
    finish(module::expand(attribute.into(), item))
}

/// Makes an enum without fields an enumeration of Python's: a class that derives from `enum.Enum`, or with `int` from
/// `IntEnum`, with `flag` from `Flag`, with `int_flag` from `IntFlag`. `#[hpy(name = "...")]` names a member.
#[proc_macro_attribute]
pub fn enumeration(attribute: TokenStream, item: TokenStream) -> TokenStream {
    let item = parse_macro_input!(item as syn::ItemEnum);
    finish(enumeration::expand(attribute.into(), item))
}

/// Makes a unit struct an exception type: `#[hpy::exception(extends = ValueError)] struct ParseError;`
#[proc_macro_attribute]
pub fn exception(attribute: TokenStream, item: TokenStream) -> TokenStream {
    let item = parse_macro_input!(item as syn::ItemStruct);
    finish(exception::expand(attribute.into(), item))
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
