//! The function that Python calls, for each signature of the ABI.

use crate::docs;
use crate::params::{Param, Params, Receiver, Source};
use proc_macro2::{Span, TokenStream};
use quote::{format_ident, quote};
use syn::spanned::Spanned;
use syn::{Ident, Type};

/// How Python gives the arguments of a call.
#[derive(Clone, Copy, PartialEq)]
pub enum Way {
    /// An array, and a tuple with the names of its last values.
    Vector,
    /// The same, to a class method, whose class is the first value.
    Class,
    /// An array and a dict of the named ones: a constructor.
    Dict,
    /// The same, to `__init__`.
    Init,
}

/// A Rust function to be called and all that is known of it.
pub struct Callee<'a> {
    pub params: &'a Params,
    /// The path to call it by.
    pub path: TokenStream,
    /// What messages call it: `f`, `Class.f`.
    pub label: String,
    pub class: Option<&'a Type>,
    pub output: Output,
}

/// What is made of the result of a function.
pub enum Output {
    /// What `Output` makes of it.
    Value,
    /// What `NextOutput` makes of it.
    Next,
    /// What the function by this path makes of it.
    By(TokenStream),
}

impl Output {
    /// The function that gives a handle, or the value of the definition.
    fn handle(&self) -> TokenStream {
        match self {
            Output::Value => quote!(::hpy::impl_::Output::output),
            Output::Next => quote!(::hpy::impl_::NextOutput::next_output),
            Output::By(path) => path.clone(),
        }
    }

    /// The function that gives what [`returning`] takes, which takes fewer instructions where the body is a small one.
    ///
    /// [`returning`]: Callee::invoke_returning
    fn returned(&self) -> TokenStream {
        match self {
            Output::Value => quote!(::hpy::impl_::Output::returned),
            Output::Next => quote!(::hpy::impl_::NextOutput::next_returned),
            Output::By(path) => path.clone(),
        }
    }
}

/// A variable of generated code, for code that has the span of a user's token: where that token is of a `macro_rules!`,
/// a name with its span would be another variable.
pub fn generated(name: &str) -> Ident {
    Ident::new(name, Span::call_site())
}

/// Attributes of generated blocks: their unsafe code follows the contracts of `hpy::impl_`.
pub fn quiet() -> TokenStream {
    quote!(#[allow(
        clippy::all,
        clippy::undocumented_unsafe_blocks,
        unused_mut,
        unused_unsafe,
        unused_variables,
        unsafe_op_in_unsafe_fn,
        improper_ctypes_definitions,
        non_local_definitions,
        non_upper_case_globals,
        non_snake_case,
        dead_code
    )])
}

impl Callee<'_> {
    /// The statements that borrow the receiver from the handle `slf` and the argument to pass for it.
    fn receiver(&self) -> (TokenStream, Option<TokenStream>) {
        let class = self.class;
        match self.params.receiver {
            Receiver::Shared => (
                quote! {
                    let __self = ::hpy::impl_::borrow_for(
                        ::hpy::impl_::receiver::<#class>(__ctx, __slf)
                    )?;
                },
                Some(quote!(&*__self)),
            ),
            Receiver::Exclusive => (
                quote! {
                    let mut __self = ::hpy::impl_::borrow_mut_for(
                        ::hpy::impl_::receiver::<#class>(__ctx, __slf)
                    )?;
                },
                Some(quote!(&mut *__self)),
            ),
            Receiver::Handle => {
                (TokenStream::new(), Some(quote!(::hpy::impl_::receiver::<#class>(__ctx, __slf))))
            }
            Receiver::Class => (TokenStream::new(), Some(quote!(__class))),
            Receiver::None => (TokenStream::new(), None),
        }
    }

    /// Statements and call for arguments that `object` names by index: an expression for a required one, and
    /// one of type Option where it may be missing.
    pub fn invoke(
        &self,
        object: impl Fn(usize) -> (TokenStream, Option<TokenStream>),
    ) -> syn::Result<TokenStream> {
        self.statements(None, &object, &self.output.handle())
    }

    /// As `invoke`, for a body that `hpy::impl_::returning` runs.
    pub fn invoke_returning(
        &self,
        object: impl Fn(usize) -> (TokenStream, Option<TokenStream>),
    ) -> syn::Result<TokenStream> {
        self.statements(None, &object, &self.output.returned())
    }

    /// As `invoke`, with a closure of its own for the errors of conversions.
    pub fn invoke_with(
        &self,
        on_error: &TokenStream,
        object: impl Fn(usize) -> (TokenStream, Option<TokenStream>),
    ) -> syn::Result<TokenStream> {
        self.statements(Some(on_error), &object, &self.output.handle())
    }

    fn statements(
        &self,
        on_error: Option<&TokenStream>,
        object: &dyn Fn(usize) -> (TokenStream, Option<TokenStream>),
        output: &TokenStream,
    ) -> syn::Result<TokenStream> {
        let (receive, receiver) = self.receiver();
        let mut statements = TokenStream::new();
        let mut arguments: Vec<TokenStream> = receiver.into_iter().collect();
        for (position, param) in self.params.list.iter().enumerate() {
            let local = format_ident!("__arg{}", position);
            let (statement, expression) = self.argument(param, &local, on_error, object)?;
            statements.extend(statement);
            arguments.push(expression);
        }
        let path = &self.path;
        // Errors point at the value: it has the span of the type in both of its places.
        let value = Ident::new("__value", self.params.result);
        let (ctx, result) = (generated("__ctx"), generated("__result"));
        let finish =
            quote::quote_spanned!(self.params.result=> let #result = #output(#value, #ctx););
        // The receiver is borrowed after the conversions: they may run Python code that uses it.
        Ok(quote! {
            #statements
            #receive
            let #value = #path(#(#arguments),*);
            #finish
            __result
        })
    }

    fn argument(
        &self,
        param: &Param,
        local: &Ident,
        on_error: Option<&TokenStream>,
        object: &dyn Fn(usize) -> (TokenStream, Option<TokenStream>),
    ) -> syn::Result<(TokenStream, TokenStream)> {
        let ty = &param.ty;
        Ok(match &param.source {
            Source::Ctx => (TokenStream::new(), quote!(__ctx)),
            Source::State => {
                let ctx = generated("__ctx");
                let of = quote::quote_spanned!(ty.span()=> ::hpy::impl_::state_of(#ctx));
                (quote!(let #local: #ty = #of?;), quote!(#local))
            }
            Source::Value(index) => {
                let (required, missing) = object(*index);
                let on_error = on_error
                    .cloned()
                    .unwrap_or_else(|| quote!(|__error| __SIGNATURE.bad_argument(__error, #index)));
                let missing = if param.default.is_some() { missing } else { None };
                param.convert(local, &required, &on_error, missing)?
            }
            Source::VarArgs => {
                let name = param.name.to_string();
                (
                    quote! {
                        let #local = <#ty as ::hpy::FromArgs<'_>>::from_args(
                            __args.extra()
                        )
                            .map_err(|__error| __SIGNATURE.bad_named(__error, #name))?;
                    },
                    quote!(#local),
                )
            }
            Source::VarKwargs => {
                let name = param.name.to_string();
                (
                    quote! {
                        let #local = <#ty as ::hpy::FromKwargs<'_>>::from_kwargs(
                            __args.kwargs()?
                        )
                            .map_err(|__error| __SIGNATURE.bad_named(__error, #name))?;
                    },
                    quote!(#local),
                )
            }
        })
    }

    /// The constant that argument sorting and messages use.
    pub fn signature_constant(&self) -> TokenStream {
        let params = self.params;
        let (label, names, required) = (&self.label, &params.names, &params.required);
        let (positional_only, positional) = (params.positional_only, params.positional);
        let (var_args, var_kwargs) = (params.var_args, params.var_kwargs);
        quote! {
            static __SIGNATURE: ::hpy::impl_::Signature = ::hpy::impl_::Signature {
                function: #label,
                params: &[#(#names),*],
                positional_only: #positional_only,
                positional: #positional,
                required: &[#(#required),*],
                var_args: #var_args,
                var_kwargs: #var_kwargs,
            };
        }
    }

    /// The function `__call`, which gets one value per parameter: an `hpy::impl_::InOrder`. `runner` is the
    /// function of `hpy::impl_` that runs its body, `begin` what its body begins with.
    pub fn in_order(
        &self,
        result: &TokenStream,
        runner: &TokenStream,
        begin: &TokenStream,
    ) -> syn::Result<TokenStream> {
        let count = self.params.names.len();
        let body = self
            .invoke(|index| (quote!(__args.required(#index)), Some(quote!(__args.get(#index)))))?;
        Ok(quote! {
            unsafe extern "C" fn __call(
                __raw: *mut ::hpy::impl_::sys::HPyContext,
                __slf: ::hpy::impl_::sys::HPy,
                __values: *const ::hpy::impl_::sys::HPy,
                __rest: *const ::hpy::impl_::Rest<'_>,
            ) -> #result {
                unsafe { #runner(__raw, |__ctx| {
                    #begin
                    let __args = ::hpy::impl_::Arguments::<#count>::new(__ctx, __values, __rest);
                    #body
                }) }
            }
        })
    }

    /// The function that Python calls, by this name, in front of the one that [`in_order`](Self::in_order) makes.
    pub fn entry(&self, name: &Ident, way: Way) -> TokenStream {
        let count = self.params.names.len();
        let hpy = quote!(::hpy::impl_::sys::HPy);
        let (number, result, enter) = match way {
            Way::Vector => (quote!(usize), quote!(#hpy), quote!(vector_call::<#count>)),
            Way::Class => (quote!(usize), quote!(#hpy), quote!(class_call::<#count>)),
            Way::Dict => (quote!(isize), quote!(#hpy), quote!(dict_call::<#count>)),
            Way::Init => (quote!(isize), quote!(::core::ffi::c_int), quote!(init_call::<#count>)),
        };
        // A class method's class is its first argument.
        let receiver = if way == Way::Class { TokenStream::new() } else { quote!(__slf,) };
        quote! {
            unsafe extern "C" fn #name(
                __raw: *mut ::hpy::impl_::sys::HPyContext,
                __slf: #hpy,
                __argv: *const #hpy,
                __count: #number,
                __keywords: #hpy,
            ) -> #result {
                unsafe { ::hpy::impl_::#enter(
                    __raw, #receiver __argv, __count, __keywords, &__SIGNATURE, __call,
                ) }
            }
        }
    }

    /// Whether arguments need no sorting: all are required and positional-only.
    fn is_plain(&self) -> bool {
        let params = self.params;
        params.positional_only == params.names.len()
            && params.required.iter().all(|required| *required)
            && !params.var_args
            && !params.var_kwargs
    }

    /// A method definition: an expression of type `HPyDef`.
    pub fn method(&self, name: &str, receiver_text: &str, doc: &str) -> syn::Result<TokenStream> {
        let constant = self.signature_constant();
        let c_name = docs::c_literal(name);
        let text = match (receiver_text.is_empty(), self.params.text.is_empty()) {
            (true, _) => self.params.text.clone(),
            (false, true) => receiver_text.to_owned(),
            (false, false) => format!("{receiver_text}, {}", self.params.text),
        };
        let doc = docs::with_signature(name, &text, doc);
        let of_class = matches!(self.params.receiver, Receiver::Class);
        let count = self.params.names.len();
        let plain = self.is_plain() && !of_class;
        let (signature, function) = if plain && count == 0 {
            let body = self.invoke_returning(|_| (TokenStream::new(), None))?;
            (
                format_ident!("NOARGS"),
                quote! {
                    unsafe extern "C" fn __imp(
                        __raw: *mut ::hpy::impl_::sys::HPyContext,
                        __slf: ::hpy::impl_::sys::HPy,
                    ) -> ::hpy::impl_::sys::HPy {
                        unsafe { ::hpy::impl_::returning(__raw, |__ctx| { #body }) }
                    }
                },
            )
        } else if plain && count == 1 {
            let body =
                self.invoke_returning(|_| (quote!(::hpy::Ref::from_raw(__ctx, __value)), None))?;
            (
                format_ident!("O"),
                quote! {
                    unsafe extern "C" fn __imp(
                        __raw: *mut ::hpy::impl_::sys::HPyContext,
                        __slf: ::hpy::impl_::sys::HPy,
                        __value: ::hpy::impl_::sys::HPy,
                    ) -> ::hpy::impl_::sys::HPy {
                        unsafe { ::hpy::impl_::returning(__raw, |__ctx| { #body }) }
                    }
                },
            )
        } else {
            // The static method behind a class method can be called with anything as its class.
            let begin = if of_class {
                quote!(let __class = ::hpy::impl_::class_argument(__ctx, __slf)?;)
            } else {
                TokenStream::new()
            };
            let function = self.in_order(
                &quote!(::hpy::impl_::sys::HPy),
                &quote!(::hpy::impl_::object),
                &begin,
            )?;
            let way = if of_class { Way::Class } else { Way::Vector };
            let entry = self.entry(&format_ident!("__imp"), way);
            (format_ident!("KEYWORDS"), quote!(#function #entry))
        };
        let number = format_ident!("HPyFunc_{}", signature);
        Ok(quote! {{
            #constant
            #function
            ::hpy::impl_::method(
                #c_name,
                ::hpy::impl_::sys::#number,
                __imp as *mut ::core::ffi::c_void,
                ::hpy::__trampoline!(#signature __imp),
                #doc,
            )
        }})
    }
}
