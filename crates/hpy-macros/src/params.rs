//! The parameters of a Rust function, sorted by what Python gives for each.

use crate::items;
use crate::signature::{Entry, SignatureSpec, python_text};
use proc_macro2::{Span, TokenStream};
use quote::{ToTokens, quote};
use syn::spanned::Spanned;
use syn::visit_mut::VisitMut;
use syn::{Expr, FnArg, Ident, Lifetime, Pat, PatType, Type};

/// Whom a method is called on.
pub enum Receiver {
    /// `&self`
    Shared,
    /// `&mut self`
    Exclusive,
    /// `slf: Ref<'_, Self>`
    Handle,
    /// `cls: Ref<'_, Type>`
    Class,
    /// None: a function, a static method.
    None,
}

/// What a parameter gets.
pub enum Source {
    /// The token of the call.
    Ctx,
    /// The state of the module.
    State,
    /// The Python parameter of that index.
    Value(usize),
    /// `*args`
    VarArgs,
    /// `**kwargs`
    VarKwargs,
}

/// One parameter after the receiver.
pub struct Param {
    pub name: Ident,
    pub ty: Type,
    pub source: Source,
    pub default: Option<Expr>,
}

/// All of them, and Python's view.
pub struct Params {
    pub receiver: Receiver,
    pub list: Vec<Param>,
    /// Names of Python's parameters in the order of the signature.
    pub names: Vec<String>,
    pub required: Vec<bool>,
    pub positional_only: usize,
    pub positional: usize,
    pub var_args: bool,
    pub var_kwargs: bool,
    /// As `inspect` shows it, without a receiver.
    pub text: String,
    /// Where the result type is written.
    pub result: Span,
    /// The result type, None for none.
    pub returns: Option<Type>,
}

/// How parameters are taken where no signature says so.
#[derive(Clone, Copy, PartialEq)]
pub enum Style {
    /// By position or by name.
    Normal,
    /// By position: special methods, which nobody calls by name.
    Positional,
}

/// The last segment of a path type, `Ctx` of `hpy::Ctx<'_>`.
pub fn last_segment(ty: &Type) -> Option<&syn::PathSegment> {
    match ty {
        Type::Path(path) if path.qself.is_none() => path.path.segments.last(),
        Type::Group(group) => last_segment(&group.elem),
        Type::Paren(paren) => last_segment(&paren.elem),
        _ => None,
    }
}

pub fn is_named(ty: &Type, name: &str) -> bool {
    last_segment(ty).is_some_and(|segment| segment.ident == name)
}

/// Whether the type is `Ref<.., Self>` (or the class by name).
fn is_ref_of(ty: &Type, of: &[&str]) -> bool {
    let Some(segment) = last_segment(ty) else { return false };
    if segment.ident != "Ref" {
        return false;
    }
    let syn::PathArguments::AngleBracketed(arguments) = &segment.arguments else { return false };
    arguments.args.iter().any(|argument| match argument {
        syn::GenericArgument::Type(ty) => {
            last_segment(ty).is_some_and(|segment| of.iter().any(|name| segment.ident == name))
        }
        _ => false,
    })
}

/// Makes a type fit for generated code: lifetimes inferred, `Self` by its name.
pub struct Portable<'a> {
    pub class: Option<&'a Type>,
}

impl VisitMut for Portable<'_> {
    fn visit_lifetime_mut(&mut self, lifetime: &mut Lifetime) {
        if lifetime.ident != "static" {
            *lifetime = Lifetime::new("'_", lifetime.span());
        }
    }

    fn visit_type_mut(&mut self, ty: &mut Type) {
        if let (Some(class), Type::Path(path)) = (self.class, &*ty)
            && path.qself.is_none()
            && path.path.is_ident("Self")
        {
            *ty = class.clone();
            return;
        }
        syn::visit_mut::visit_type_mut(self, ty);
    }
}

pub struct Context<'a> {
    pub class: Option<&'a Type>,
    pub style: Style,
    /// The first parameter is the class: `#[classmethod]`, `#[new]` with a `cls`.
    pub takes_class: TakesClass,
}

#[derive(Clone, Copy, PartialEq)]
pub enum TakesClass {
    No,
    /// If the first parameter is called `cls`.
    IfNamed,
    Always,
}

impl Params {
    pub fn new(
        signature: &syn::Signature,
        spec: Option<&SignatureSpec>,
        context: &Context<'_>,
    ) -> syn::Result<Self> {
        check_signature(signature)?;
        let mut receiver = Receiver::None;
        let mut list = Vec::new();
        for (index, input) in signature.inputs.iter().enumerate() {
            match input {
                FnArg::Receiver(this) => {
                    if context.class.is_none() {
                        return Err(syn::Error::new(
                            this.span(),
                            "a function has no `self`: methods belong in an impl block with #[hpy::methods]",
                        ));
                    }
                    if this.reference.is_none() || this.colon_token.is_some() {
                        return Err(syn::Error::new(
                            this.span(),
                            "Python owns the instance: take `&self`, `&mut self` or `slf: Ref<'_, Self>`",
                        ));
                    }
                    receiver = if this.mutability.is_some() {
                        Receiver::Exclusive
                    } else {
                        Receiver::Shared
                    };
                }
                FnArg::Typed(param) => {
                    if index == 0 && context.class.is_some() {
                        let named_cls =
                            matches!(&*param.pat, Pat::Ident(name) if name.ident == "cls");
                        match context.takes_class {
                            TakesClass::Always => {
                                if !is_ref_of(&param.ty, &["Type"]) {
                                    return Err(syn::Error::new(
                                        param.ty.span(),
                                        "a class method gets the class first: cls: Ref<'_, Type>",
                                    ));
                                }
                                receiver = Receiver::Class;
                                continue;
                            }
                            TakesClass::IfNamed if named_cls => {
                                receiver = Receiver::Class;
                                continue;
                            }
                            TakesClass::IfNamed => {}
                            TakesClass::No if is_ref_of(&param.ty, &["Self"]) => {
                                receiver = Receiver::Handle;
                                continue;
                            }
                            TakesClass::No => {}
                        }
                    }
                    list.push(param_of(param, context)?);
                }
            }
        }
        if context.takes_class == TakesClass::Always && !matches!(receiver, Receiver::Class) {
            return Err(syn::Error::new(
                signature.ident.span(),
                "a class method gets the class first: cls: Ref<'_, Type>",
            ));
        }
        let mut params = Params {
            receiver,
            list,
            names: Vec::new(),
            required: Vec::new(),
            positional_only: 0,
            positional: 0,
            var_args: false,
            var_kwargs: false,
            text: String::new(),
            result: match &signature.output {
                syn::ReturnType::Default => signature.ident.span(),
                syn::ReturnType::Type(_, ty) => ty.span(),
            },
            returns: match &signature.output {
                syn::ReturnType::Default => None,
                syn::ReturnType::Type(_, ty) => {
                    let mut ty = (**ty).clone();
                    Portable { class: context.class }.visit_type_mut(&mut ty);
                    Some(ty)
                }
            },
        };
        match spec {
            Some(spec) => params.apply(spec)?,
            None => params.number(context.style),
        }
        for param in &params.list {
            if matches!(param.source, Source::Value(_)) {
                items::check(&param.ty)?;
            }
        }
        if params.names.len() > 64 {
            return Err(syn::Error::new(
                signature.ident.span(),
                "more than 64 parameters: take some of them as `**kwargs`",
            ));
        }
        Ok(params)
    }

    /// All required, in order.
    fn number(&mut self, style: Style) {
        for param in &mut self.list {
            if let Source::Value(index) = &mut param.source {
                *index = self.names.len();
                self.names.push(plain_name(&param.name));
                self.required.push(true);
            }
        }
        self.positional = self.names.len();
        self.text = self.names.join(", ");
        if style == Style::Positional {
            self.positional_only = self.positional;
            if self.positional > 0 {
                self.text.push_str(", /");
            }
        }
    }

    /// As a written signature says.
    fn apply(&mut self, spec: &SignatureSpec) -> syn::Result<()> {
        let mut keyword_only = false;
        let mut text: Vec<String> = Vec::new();
        let mut seen: Vec<String> = Vec::new();
        for entry in &spec.entries {
            let (name, source, default) = match entry {
                Entry::Slash(_) => {
                    self.positional_only = self.names.len();
                    text.push("/".to_owned());
                    continue;
                }
                Entry::Star(_) => {
                    keyword_only = true;
                    text.push("*".to_owned());
                    continue;
                }
                Entry::VarArgs(name) => {
                    keyword_only = true;
                    self.var_args = true;
                    text.push(format!("*{}", plain_name(name)));
                    (name, Source::VarArgs, None)
                }
                Entry::VarKwargs(name) => {
                    self.var_kwargs = true;
                    text.push(format!("**{}", plain_name(name)));
                    (name, Source::VarKwargs, None)
                }
                Entry::Param(name, default) => {
                    let index = self.names.len();
                    self.names.push(plain_name(name));
                    self.required.push(default.is_none());
                    if !keyword_only {
                        self.positional = index + 1;
                    }
                    text.push(match default {
                        Some(default) => format!("{}={}", plain_name(name), python_text(default)),
                        None => plain_name(name),
                    });
                    (name, Source::Value(index), default.clone())
                }
            };
            if seen.contains(&name.to_string()) {
                return Err(syn::Error::new(name.span(), format!("`{name}` is there twice")));
            }
            seen.push(name.to_string());
            let Some(param) = self.list.iter_mut().find(|param| {
                param.name == *name && !matches!(param.source, Source::Ctx | Source::State)
            }) else {
                return Err(syn::Error::new(
                    name.span(),
                    format!("the function has no parameter `{name}`"),
                ));
            };
            param.source = source;
            param.default = default;
        }
        for param in &self.list {
            if !matches!(param.source, Source::Ctx | Source::State)
                && !seen.contains(&param.name.to_string())
            {
                return Err(syn::Error::new(
                    param.name.span(),
                    format!("`{}` is not in the signature: add it there", param.name),
                ));
            }
        }
        self.text = text.join(", ");
        Ok(())
    }
}

/// The name of a raw identifier is Python's without the `r#`.
pub fn plain_name(name: &Ident) -> String {
    let name = name.to_string();
    name.strip_prefix("r#").unwrap_or(&name).to_owned()
}

fn check_signature(signature: &syn::Signature) -> syn::Result<()> {
    let fail = |span: Span, text: &str| Err(syn::Error::new(span, text));
    if let Some(token) = &signature.asyncness {
        return fail(
            token.span(),
            "Python cannot await a Rust `async fn`: make it a plain function; what it returns can be awaited \
             where it is an instance of a class with `__await__`",
        );
    }
    if let Some(token) = &signature.unsafety {
        return fail(
            token.span(),
            "Python code cannot keep an unsafe contract: make it a safe function",
        );
    }
    if let Some(token) = &signature.variadic {
        return fail(token.span(), "variable arguments are `*args` in the signature: Args<'_>");
    }
    for param in &signature.generics.params {
        if !matches!(param, syn::GenericParam::Lifetime(_)) {
            return fail(
                param.span(),
                "Python calls one function, not a family of them: use plain types instead of generic ones",
            );
        }
    }
    Ok(())
}

fn param_of(param: &PatType, context: &Context<'_>) -> syn::Result<Param> {
    let Pat::Ident(name) = &*param.pat else {
        return Err(syn::Error::new(
            param.pat.span(),
            "a parameter needs a name, which Python callers see: bind the pattern inside the function",
        ));
    };
    if let Type::ImplTrait(ty) = &*param.ty {
        return Err(syn::Error::new(
            ty.span(),
            "Python calls one function, not a family of them: use a plain type instead of `impl Trait`",
        ));
    }
    let is_ctx = is_named(&param.ty, "Ctx");
    let mut ty = (*param.ty).clone();
    Portable { class: context.class }.visit_type_mut(&mut ty);
    Ok(Param {
        name: name.ident.clone(),
        ty,
        source: if is_ctx {
            Source::Ctx
        } else if is_named(&param.ty, "State") {
            Source::State
        } else {
            Source::Value(0)
        },
        default: None,
    })
}

impl Param {
    /// The type hint of the argument: an expression of type `Hint`.
    pub fn hint(&self) -> TokenStream {
        let ty = &self.ty;
        match ty {
            Type::Reference(reference)
                if self.default.is_none() || !is_named(&reference.elem, "str") =>
            {
                let target = &reference.elem;
                let span = target.span();
                if reference.mutability.is_some() {
                    quote::quote_spanned!(span=> ::hpy::impl_::BorrowMutHint::<'_, #target>::HINT)
                } else {
                    quote::quote_spanned!(span=> ::hpy::impl_::BorrowHint::<'_, #target>::HINT)
                }
            }
            _ => quote::quote_spanned!(ty.span()=> ::hpy::impl_::ArgHint::<'_, #ty>::HINT),
        }
    }

    /// The statement that binds `local` to the converted argument `object`, an expression of type
    /// `Ref<'ctx, Any>`, and the expression that is passed on.
    pub fn convert(
        &self,
        local: &Ident,
        object: &TokenStream,
        on_error: &TokenStream,
        missing: Option<TokenStream>,
    ) -> syn::Result<(TokenStream, TokenStream)> {
        let ty = &self.ty;
        let span = ty.span();
        if is_named(ty, "Compare") {
            // The operator of `__richcmp__` is no Python object.
            return Ok((quote!(let #local: #ty = #object;), local.to_token_stream()));
        }
        if let Type::Reference(reference) = ty
            && !(missing.is_some() && is_named(&reference.elem, "str"))
        {
            if let Some(default) = &self.default {
                return Err(syn::Error::new(
                    default.span(),
                    "a borrowed parameter can have no default: use Option<Ref<'_, T>> with the default None",
                ));
            }
            let target = &reference.elem;
            let span = target.span();
            return Ok(if reference.mutability.is_some() {
                (
                    quote::quote_spanned! {span=>
                        let mut #local = <#target as ::hpy::BorrowMutArg<'_>>::borrow_mut_arg(#object)
                            .map_err(#on_error)?;
                    },
                    quote!(::core::ops::DerefMut::deref_mut(&mut #local)),
                )
            } else {
                (
                    quote::quote_spanned! {span=>
                        let #local = <#target as ::hpy::BorrowArg<'_>>::borrow_arg(#object)
                            .map_err(#on_error)?;
                    },
                    quote!(::core::ops::Deref::deref(&#local)),
                )
            });
        }
        let function = quote::quote_spanned!(span=> <#ty as ::hpy::FromPy<'_>>::from_py);
        let statement = match (&self.default, missing) {
            (Some(default), Some(maybe)) => {
                let default = default_value(default, ty);
                quote! {
                    let #local: #ty = match #maybe {
                        Some(__object) => #function(__object).map_err(#on_error)?,
                        None => #default,
                    };
                }
            }
            _ => quote!(let #local: #ty = #function(#object).map_err(#on_error)?;),
        };
        Ok((statement, local.to_token_stream()))
    }
}

/// A default as a value of the parameter's type: a string literal serves for `String` too, `true` and `false`
/// for every type that is made from a bool.
fn default_value(default: &Expr, ty: &Type) -> TokenStream {
    let literal = match default {
        Expr::Lit(syn::ExprLit { lit, .. }) => Some(lit),
        _ => None,
    };
    match literal {
        Some(syn::Lit::Str(_)) if is_named(ty, "String") => {
            quote!(::std::string::String::from(#default))
        }
        Some(syn::Lit::Bool(_)) if !is_named(ty, "bool") => {
            quote!(<#ty as ::core::convert::From<bool>>::from(#default))
        }
        _ => quote!(#default),
    }
}
