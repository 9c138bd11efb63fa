//! The attribute macros of hpy-rs: parsing and code generation only.
//!
//! What they write is thin: an `extern "C"` function per definition that calls `hpy::impl_`, where the
//! behaviour is. Errors point at the token that is wrong and say what to write instead; `tests/compile_fail`
//! of hpy-rs pins each of them.

mod call;
mod class;
mod docs;
mod function;
mod methods;
mod module;
mod options;
mod params;
mod signature;
mod slots;
mod special;

use proc_macro::TokenStream;
use syn::parse_macro_input;

fn finish(result: syn::Result<proc_macro2::TokenStream>) -> TokenStream {
    result.unwrap_or_else(syn::Error::into_compile_error).into()
}

/// Makes a Rust function a Python function.
///
/// `#[hpy::function(name = "...", signature = (a, /, b = 1, *args, c, **kwargs))]`. Without a signature each
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
    finish(class::expand(attribute.into(), item))
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
/// Functions with `#[hpy::function]`, structs with `#[hpy::class]`, constants with `#[constant]`, uses with
/// `#[export]` and a function with `#[init]` make it up.
#[proc_macro_attribute]
pub fn module(attribute: TokenStream, item: TokenStream) -> TokenStream {
    let item = parse_macro_input!(item as syn::ItemMod);
    finish(module::expand(attribute.into(), item))
}
