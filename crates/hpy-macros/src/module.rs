//! `#[hpy::module]`

use crate::call::quiet;
use crate::docs;
use crate::options::{self, Opt};
use crate::params::{last_segment, plain_name};
use crate::stub::{self, Stub};
use proc_macro2::TokenStream;
use quote::{ToTokens, format_ident, quote};
use syn::parse::Parser;
use syn::spanned::Spanned;
use syn::{Attribute, Ident, Item, ItemMod, Path, Type, UseTree};

pub fn expand(attribute: TokenStream, mut item: ItemMod) -> syn::Result<TokenStream> {
    let given = options::all(attribute, &mut item.attrs)?;
    let mut name = plain_name(&item.ident);
    let (mut gil_used, mut main_only, mut submodule) = (true, false, false);
    let mut more: Vec<String> = Vec::new();
    for option in given {
        match option {
            Opt::Name(text)
                if <Ident as syn::ext::IdentExt>::parse_any.parse_str(&text.value()).is_err() =>
            {
                return Err(syn::Error::new(
                    text.span(),
                    "a module's name is part of symbols of the binary: letters, digits and `_`",
                ));
            }
            Opt::Name(text) => name = text.value(),
            Opt::Bool(key, value) if key == "gil_used" => gil_used = value,
            Opt::Flag(key) if key == "main_interpreter_only" => main_only = true,
            Opt::Python(key, text) if key == "stub" => more.push(text.value()),
            // Written by the macro of the module around it.
            Opt::Flag(key) if key == "__submodule" => submodule = true,
            other => {
                return Err(other.unknown(
                    "`name = \"...\"`, `gil_used = false`, `main_interpreter_only` and `stub = \"...\"`",
                ));
            }
        }
    }
    let span = item.ident.span();
    let Some((_, content)) = &mut item.content else {
        return Err(syn::Error::new(
            span,
            "the macro must see what is in the module: write it inline, mod name { ... }",
        ));
    };
    let mut parts = Parts::default();
    content.iter_mut().try_for_each(|item| parts.take(item))?;
    let doc = docs::text(&item.attrs);
    let Parts { exports, constants, globals, init } = parts;
    let mut lines = Stub::default();
    lines.text(&format!("\x1e{name}\n"));
    if !doc.is_empty() {
        lines.docstring("", &doc);
    }
    for (name, _, ty) in &constants {
        lines.value("", name, stub::result(Some(ty), &quote!(OutputHint)), false);
    }
    more.iter().for_each(|text| lines.text(&format!("{}\n", text.trim())));
    exports.iter().for_each(|path| lines.hint(quote!(<#path as ::hpy::impl_::Export>::STUB)));
    lines.text("\x1f");
    let lines = lines.constant();
    let doc = docs::c_literal(&doc);
    let constants = constants.iter().map(|(name, value, _)| {
        let name = docs::c_literal(name);
        quote! {
            ::hpy::impl_::add_value(__ctx, __module, #name, |__ctx| {
                ::hpy::impl_::Output::output(#value, __ctx)
            })?;
        }
    });
    let init = init.map(|(function, takes_ctx)| {
        let call = if takes_ctx {
            quote!(#function(__ctx, __module))
        } else {
            quote!(#function(__module))
        };
        quote!(::hpy::impl_::unit(#call, __ctx)?;)
    });
    if submodule {
        let generated: syn::File = syn::parse2(quote! {
            #[doc(hidden)]
            pub struct __Module {}

            #[allow(clippy::all, clippy::undocumented_unsafe_blocks, non_local_definitions)]
            const _: () = {
                fn __exports() -> ::std::vec::Vec<::hpy::impl_::Exported> {
                    ::std::vec![#(<#exports as ::hpy::impl_::Export>::export()),*]
                }

                fn __fill<'ctx>(
                    __ctx: ::hpy::Ctx<'ctx>,
                    __module: ::hpy::Ref<'ctx, ::hpy::kinds::Module>,
                ) -> ::hpy::PyResult<'ctx> {
                    #(#constants)*
                    #init
                    Ok(())
                }

                impl ::hpy::impl_::Export for __Module {
                    const STUB: ::hpy::Hint = #lines;
                    fn export() -> ::hpy::impl_::Exported {
                        static SUBMODULE: ::hpy::impl_::Submodule = ::hpy::impl_::Submodule {
                            name: #name,
                            doc: #doc,
                            exports: __exports,
                            globals: || ::std::vec![#(#globals.cell().as_raw()),*],
                            fill: __fill,
                            functions: ::std::sync::OnceLock::new(),
                        };
                        ::hpy::impl_::Exported::Submodule(&SUBMODULE)
                    }
                }
            };
        })?;
        content.extend(generated.items);
        return Ok(item.into_token_stream());
    }
    let flags = u32::from(!gil_used) | (u32::from(main_only) << 1);
    let c_name = docs::c_literal(&name);
    let symbol = |prefix: &str| format_ident!("{}{}", prefix, name, span = span);
    let init_symbol = symbol("HPyInit_");
    let context_symbol = symbol("HPyInitGlobalContext_");
    let extensions_symbol = symbol("HPyInitExtensions_");
    let flags_symbol = symbol("hpy_module_flags_");
    let major_symbol = symbol("get_required_hpy_major_version_");
    let minor_symbol = symbol("get_required_hpy_minor_version_");
    let direct_symbol = symbol("PyInit_");
    let stubs_symbol = symbol("hpy_stubs_");
    let quiet = quiet();
    let generated: syn::File = syn::parse2(quote! {
        #quiet
        const _: () = {
            fn __exports() -> ::std::vec::Vec<::hpy::impl_::Exported> {
                ::std::vec![#(<#exports as ::hpy::impl_::Export>::export()),*]
            }

            unsafe extern "C" fn __exec(
                __raw: *mut ::hpy::impl_::sys::HPyContext,
                __object: ::hpy::impl_::sys::HPy,
            ) -> ::core::ffi::c_int {
                unsafe { ::hpy::impl_::exec(__raw, __object, |__ctx, __module| {
                    ::hpy::impl_::add_exports(__ctx, __module, __exports())?;
                    #(#constants)*
                    #init
                    Ok(())
                }) }
            }

            // Nothing reads it at run time: tools find it by its first bytes.
            #[unsafe(no_mangle)]
            pub static #stubs_symbol: [u8; ::hpy::impl_::record_len(&__STUB)] =
                ::hpy::impl_::record(&__STUB);
            const __STUB: ::hpy::Hint = #lines;

            ::hpy::__for_runtimes! {
                pub extern "C" fn #init_symbol() -> *mut ::hpy::impl_::sys::HPyModuleDef {
                    static MODULE: ::hpy::impl_::ModuleCell = ::hpy::impl_::ModuleCell::new();
                    MODULE.get(|| ::hpy::impl_::ModuleInfo {
                        doc: #doc,
                        exports: __exports(),
                        globals: ::std::vec![#(#globals.cell().as_raw()),*],
                        exec: __exec,
                        exec_trampoline: ::hpy::__trampoline!(INQUIRY __exec),
                    })
                }

                pub extern "C" fn #context_symbol(context: *mut ::hpy::impl_::sys::HPyContext) {
                    // SAFETY: a runtime calls it with a context for the binary.
                    unsafe { ::hpy::impl_::set_trampoline_context(context) };
                }

                pub extern "C" fn #extensions_symbol(
                    version: u32,
                    binary: *mut ::hpy::impl_::sys::ext::HPyBinary,
                ) {
                    // SAFETY: a runtime calls it.
                    unsafe { ::hpy::impl_::set_extensions(version, binary) };
                }

                pub static #flags_symbol: u32 = #flags;

                pub extern "C" fn #major_symbol() -> u32 {
                    ::hpy::impl_::sys::HPY_ABI_VERSION
                }

                pub extern "C" fn #minor_symbol() -> u32 {
                    ::hpy::impl_::sys::HPY_ABI_VERSION_MINOR
                }
            }

            #[unsafe(no_mangle)]
            pub unsafe extern "C" fn #direct_symbol() -> *mut ::core::ffi::c_void {
                unsafe extern "C" fn init() -> *mut ::hpy::impl_::sys::HPyModuleDef {
                    #init_symbol()
                }
                unsafe extern "C" fn context(context: *mut ::hpy::impl_::sys::HPyContext) {
                    #context_symbol(context)
                }
                unsafe extern "C" fn extensions(
                    version: u32,
                    binary: *mut ::hpy::impl_::sys::ext::HPyBinary,
                ) {
                    #extensions_symbol(version, binary)
                }
                static DIRECT: ::hpy::impl_::direct::HPyDirectModule =
                    ::hpy::impl_::direct::HPyDirectModule {
                        size: ::core::mem::size_of::<::hpy::impl_::direct::HPyDirectModule>(),
                        name: #c_name.as_ptr(),
                        abi_major: ::hpy::impl_::sys::HPY_ABI_VERSION,
                        abi_minor: ::hpy::impl_::sys::HPY_ABI_VERSION_MINOR,
                        init,
                        init_global_context: context,
                        init_extensions: ::core::option::Option::Some(extensions),
                        flags: #flags,
                    };
                unsafe { ::hpy::impl_::direct::init(&DIRECT) }
            }
        };
    })?;
    content.extend(generated.items);
    Ok(item.into_token_stream())
}

/// What a module is made up of.
#[derive(Default)]
struct Parts {
    /// Paths of functions and classes.
    exports: Vec<TokenStream>,
    /// Name, value, type.
    constants: Vec<(String, TokenStream, Type)>,
    globals: Vec<TokenStream>,
    init: Option<(TokenStream, bool)>,
}

/// Whether the path is `hpy::name` or `name`.
fn names(path: &Path, name: &str) -> bool {
    let mut segments = path.segments.iter().rev();
    segments.next().is_some_and(|last| last.ident == name)
        && segments.next().is_none_or(|crate_name| crate_name.ident == "hpy")
}

fn has(attributes: &[Attribute], name: &str) -> bool {
    attributes.iter().any(|attribute| names(attribute.path(), name))
}

fn take(attributes: &mut Vec<Attribute>, name: &str) -> bool {
    let before = attributes.len();
    attributes.retain(|attribute| !names(attribute.path(), name));
    attributes.len() != before
}

/// An attribute that this macro reads, on an item of another kind.
fn refuse_strays(item: &Item) -> syn::Result<()> {
    let (attributes, kind) = match item {
        Item::Fn(item) => (&item.attrs, "init"),
        Item::Const(item) => (&item.attrs, "constant"),
        Item::Use(item) => (&item.attrs, "export"),
        Item::Struct(item) => (&item.attrs, ""),
        Item::Enum(item) => (&item.attrs, ""),
        Item::Static(item) => (&item.attrs, ""),
        Item::Mod(item) => (&item.attrs, ""),
        Item::Impl(item) => (&item.attrs, ""),
        Item::Type(item) => (&item.attrs, ""),
        _ => return Ok(()),
    };
    let all = [
        (
            "init",
            "#[init] goes on a function: fn init(ctx: Ctx<'_>, module: Ref<'_, Module>) -> PyResult<'_>",
        ),
        ("constant", "#[constant] goes on a const: #[constant] const ANSWER: i64 = 42;"),
        (
            "export",
            "#[export] goes on a `use` of what is elsewhere; what is in the module has an attribute of its own",
        ),
    ];
    for (name, message) in all.into_iter().filter(|(name, _)| *name != kind) {
        if let Some(stray) = attributes.iter().find(|attribute| attribute.path().is_ident(name)) {
            return Err(syn::Error::new(stray.path().span(), message));
        }
    }
    Ok(())
}

impl Parts {
    fn take(&mut self, item: &mut Item) -> syn::Result<()> {
        refuse_strays(item)?;
        match item {
            Item::Fn(function) => {
                let ident = &function.sig.ident;
                if has(&function.attrs, "function") {
                    self.exports.push(quote!(#ident));
                }
                if take(&mut function.attrs, "init") {
                    let ident = function.sig.ident.clone();
                    if self.init.is_some() {
                        return Err(syn::Error::new(ident.span(), "a module has one #[init]"));
                    }
                    let count = function.sig.inputs.len();
                    if !(1..=2).contains(&count) {
                        return Err(syn::Error::new(
                            function.sig.span(),
                            "the init function gets the module: fn init(ctx: Ctx<'_>, module: Ref<'_, Module>) -> PyResult<'_>",
                        ));
                    }
                    self.init = Some((quote!(#ident), count == 2));
                }
            }
            Item::Struct(class)
                if ["class", "exception", "state"].iter().any(|name| has(&class.attrs, name)) =>
            {
                let ident = &class.ident;
                self.exports.push(quote!(#ident));
            }
            Item::Enum(kind) if has(&kind.attrs, "enumeration") => {
                let ident = &kind.ident;
                self.exports.push(quote!(#ident));
            }
            Item::Const(constant) if has(&constant.attrs, "constant") => {
                take(&mut constant.attrs, "constant");
                let ident = &constant.ident;
                self.constants.push((plain_name(ident), quote!(#ident), (*constant.ty).clone()));
            }
            Item::Static(global) if is_global(&global.ty) => {
                let ident = &global.ident;
                self.globals.push(quote!(#ident));
            }
            Item::Use(import) if has(&import.attrs, "export") => {
                take(&mut import.attrs, "export");
                self.import(&import.tree)?;
            }
            Item::Mod(inner) => {
                let module =
                    inner.attrs.iter_mut().find(|attribute| names(attribute.path(), "module"));
                if let Some(attribute) = module {
                    let path = attribute.path().clone();
                    let given = match &attribute.meta {
                        syn::Meta::List(list) => list.tokens.clone(),
                        _ => TokenStream::new(),
                    };
                    attribute.meta = syn::parse_quote!(#path(__submodule, #given));
                    let ident = &inner.ident;
                    self.exports.push(quote!(#ident::__Module));
                }
            }
            _ => {}
        }
        Ok(())
    }

    /// The names that a `use` brings in.
    fn import(&mut self, tree: &UseTree) -> syn::Result<()> {
        match tree {
            UseTree::Path(path) => self.import(&path.tree),
            UseTree::Name(name) => {
                let ident = &name.ident;
                self.exports.push(quote!(#ident));
                Ok(())
            }
            UseTree::Rename(rename) => {
                let ident = &rename.rename;
                self.exports.push(quote!(#ident));
                Ok(())
            }
            UseTree::Group(group) => group.items.iter().try_for_each(|tree| self.import(tree)),
            UseTree::Glob(glob) => Err(syn::Error::new(
                glob.span(),
                "the macro cannot see what `*` brings in: name what is exported",
            )),
        }
    }
}

fn is_global(ty: &Type) -> bool {
    last_segment(ty).is_some_and(|segment| segment.ident == "Global")
}
