//! The code of special methods that are slots of the ABI.

use crate::call::{Callee, Output, Way};
use crate::docs;
use crate::slots::Special;
use proc_macro2::TokenStream;
use quote::{format_ident, quote};
use syn::Type;

/// Binds a raw handle as a reference of the call.
fn borrowed(raw: &TokenStream) -> TokenStream {
    quote!(::hpy::Ref::<'_, ::hpy::kinds::Any>::from_raw(__ctx, #raw))
}

/// Parameters of an implementation after the context: names with types.
fn implementation(
    parameters: &TokenStream,
    returns: &TokenStream,
    run: &TokenStream,
    constant: &TokenStream,
    body: &TokenStream,
) -> TokenStream {
    quote! {
        #constant
        unsafe extern "C" fn __imp(
            __raw: *mut ::hpy::impl_::sys::HPyContext,
            #parameters
        ) #returns {
            unsafe { #run(__raw, |__ctx| { #body }) }
        }
    }
}

fn slot_item(slot: &str, signature: &str, function: &TokenStream) -> TokenStream {
    let (slot, signature) = (format_ident!("{}", slot), format_ident!("{}", signature));
    quote!({
        #function
        ::hpy::impl_::slot(
            ::hpy::impl_::sys::#slot,
            __imp as *mut ::core::ffi::c_void,
            ::hpy::__trampoline!(#signature __imp),
        )
    })
}

/// `with` in place of the output function.
fn with_output<'a>(callee: &Callee<'a>, output: TokenStream) -> Callee<'a> {
    Callee {
        params: callee.params,
        path: callee.path.clone(),
        label: callee.label.clone(),
        class: callee.class,
        output: Output::By(output),
    }
}

/// A statement that pushes the slot (or slots) of a method that is one by itself.
pub fn single(class: &Type, callee: &Callee<'_>, kind: Special) -> syn::Result<TokenStream> {
    let hpy = quote!(::hpy::impl_::sys::HPy);
    let returns_object = quote!(-> ::hpy::impl_::sys::HPy);
    let object = quote!(::hpy::impl_::object);
    let constant = callee.signature_constant();
    let none = |_: usize| (TokenStream::new(), None);
    let other = |_: usize| (borrowed(&quote!(__other)), None);
    let push = |item: TokenStream| quote!(__items.push(::hpy::impl_::Item::Def(#item)););
    Ok(match kind {
        Special::Unary { slot, signature } => {
            let body = callee.invoke(none)?;
            let function =
                implementation(&quote!(__slf: #hpy), &returns_object, &object, &constant, &body);
            push(slot_item(slot, signature, &function))
        }
        Special::Len | Special::Bool | Special::Hash => {
            let (output, ty, slots): (_, _, &[(&str, &str)]) = match kind {
                Special::Len => (
                    quote!(::hpy::impl_::length),
                    quote!(isize),
                    &[("HPy_mp_length", "LENFUNC"), ("HPy_sq_length", "LENFUNC")],
                ),
                Special::Bool => (
                    quote!(::hpy::impl_::truth),
                    quote!(::core::ffi::c_int),
                    &[("HPy_nb_bool", "INQUIRY")],
                ),
                _ => (
                    quote!(::hpy::impl_::HashOutput::hash_output),
                    quote!(isize),
                    &[("HPy_tp_hash", "HASHFUNC")],
                ),
            };
            let body = with_output(callee, output).invoke(none)?;
            let function = implementation(
                &quote!(__slf: #hpy),
                &quote!(-> #ty),
                &quote!(::hpy::impl_::number::<#ty>),
                &constant,
                &body,
            );
            slots
                .iter()
                .map(|(slot, signature)| push(slot_item(slot, signature, &function)))
                .collect()
        }
        Special::Contains => {
            let body = with_output(callee, quote!(::hpy::impl_::truth)).invoke(other)?;
            let function = implementation(
                &quote!(__slf: #hpy, __other: #hpy),
                &quote!(-> ::core::ffi::c_int),
                &quote!(::hpy::impl_::number::<::core::ffi::c_int>),
                &constant,
                &body,
            );
            push(slot_item("HPy_sq_contains", "OBJOBJPROC", &function))
        }
        Special::GetItem => {
            let body = callee.invoke(other)?;
            let function = implementation(
                &quote!(__slf: #hpy, __other: #hpy),
                &returns_object,
                &object,
                &constant,
                &body,
            );
            let by_key = push(slot_item("HPy_mp_subscript", "BINARYFUNC", &function));
            // As for a class of Python: iter() of what has no __iter__ counts up, and so does C code.
            let by_index = push(quote!({
                #function
                unsafe extern "C" fn __item(
                    __raw: *mut ::hpy::impl_::sys::HPyContext,
                    __slf: #hpy,
                    __index: isize,
                ) -> #hpy {
                    unsafe { ::hpy::impl_::item_by_index(__raw, __slf, __index, __imp) }
                }
                ::hpy::impl_::slot(
                    ::hpy::impl_::sys::HPy_sq_item,
                    __item as *mut ::core::ffi::c_void,
                    ::hpy::__trampoline!(SSIZEARGFUNC __item),
                )
            }));
            quote!(#by_key #by_index)
        }
        Special::InPlace { slot, signature } => {
            let body = with_output(callee, quote!(::hpy::impl_::unit)).invoke(|index| {
                let raw = if index == 0 { quote!(__other) } else { quote!(__third) };
                (borrowed(&raw), None)
            })?;
            let body = quote! {
                let __done = { #body };
                __done?;
                Ok(::hpy::impl_::receiver::<#class>(__ctx, __slf).to_owned().into_any())
            };
            let parameters = if signature == "TERNARYFUNC" {
                quote!(__slf: #hpy, __other: #hpy, __third: #hpy)
            } else {
                quote!(__slf: #hpy, __other: #hpy)
            };
            let function = implementation(&parameters, &returns_object, &object, &constant, &body);
            push(slot_item(slot, signature, &function))
        }
        Special::Call => {
            let in_order = callee.in_order(&hpy, &object, &TokenStream::new())?;
            let entry = callee.entry(&format_ident!("__imp"), Way::Vector);
            push(slot_item("HPy_tp_call", "KEYWORDS", &quote!(#constant #in_order #entry)))
        }
        Special::Init => {
            let in_order = with_output(callee, quote!(::hpy::impl_::unit)).in_order(
                &quote!(::core::ffi::c_int),
                &quote!(::hpy::impl_::status),
                &TokenStream::new(),
            )?;
            let entry = callee.entry(&format_ident!("__imp"), Way::Init);
            let function = quote!(#constant #in_order #entry);
            push(slot_item("HPy_tp_init", "INITPROC", &function))
        }
        Special::DescrGet => {
            let body = callee.invoke(|index| {
                let raw = if index == 0 { quote!(__other) } else { quote!(__third) };
                (quote!(::hpy::impl_::or_none(__ctx, #raw)), None)
            })?;
            let function = implementation(
                &quote!(__slf: #hpy, __other: #hpy, __third: #hpy),
                &returns_object,
                &object,
                &constant,
                &body,
            );
            push(slot_item("HPy_tp_descr_get", "TERNARYFUNC", &function))
        }
        Special::Finalize => {
            let body = with_output(callee, quote!(::hpy::impl_::unit)).invoke(none)?;
            let function = implementation(
                &quote!(__slf: #hpy),
                &TokenStream::new(),
                &quote!(::hpy::impl_::unraisable),
                &constant,
                &body,
            );
            push(slot_item("HPy_tp_finalize", "DESTRUCTOR", &function))
        }
        Special::Buffer => {
            let body = with_output(callee, quote!(::hpy::impl_::exported)).invoke(none)?;
            let body = quote! {
                (*__view).obj = ::hpy::impl_::sys::HPy::NULL;
                let __done = { #body };
                ::hpy::impl_::fill_view(__ctx, __slf, __view, __flags, __done?)
            };
            let view = quote!(__view: *mut ::hpy::impl_::sys::HPy_buffer);
            let function = implementation(
                &quote!(__slf: #hpy, #view, __flags: ::core::ffi::c_int),
                &quote!(-> ::core::ffi::c_int),
                &quote!(::hpy::impl_::status),
                &constant,
                &body,
            );
            let get = push(slot_item("HPy_bf_getbuffer", "GETBUFFERPROC", &function));
            let release = push(quote!(::hpy::impl_::slot(
                ::hpy::impl_::sys::HPy_bf_releasebuffer,
                ::hpy::impl_::release_view as *mut ::core::ffi::c_void,
                ::hpy::__trampoline!(RELEASEBUFFERPROC::hpy::impl_::release_view),
            )));
            quote!(#get #release)
        }
        Special::SetItem
        | Special::DelItem
        | Special::Binary { .. }
        | Special::Power { .. }
        | Special::Compare(_)
        | Special::RichCompare
        | Special::SlotMethod
        | Special::Next
        | Special::Plain => TokenStream::new(),
    })
}

/// The code of one of several methods that make up a slot: a block of type `PyResult`.
pub fn half(class: &Type, callee: &Callee<'_>, kind: Special) -> syn::Result<TokenStream> {
    let constant = callee.signature_constant();
    let body = match kind {
        Special::SetItem => with_output(callee, quote!(::hpy::impl_::unit)).invoke(|index| {
            let raw = if index == 0 { quote!(__key) } else { quote!(__value) };
            (borrowed(&raw), None)
        })?,
        Special::DelItem => with_output(callee, quote!(::hpy::impl_::unit))
            .invoke(|_| (borrowed(&quote!(__key)), None))?,
        // An operand that does not convert is one that the operator does not know.
        _ => {
            let body = callee.invoke_with(&quote!(::hpy::impl_::unsupported), |index| {
                let value = match (index, kind) {
                    (0, _) => quote!(__second),
                    (_, Special::RichCompare) => quote!(__operation),
                    _ => quote!(__third),
                };
                (value, None)
            })?;
            return Ok(quote!({
                #constant
                if ::hpy::impl_::is_instance::<#class>(&__first) {
                    let __slf = __first.as_raw();
                    let __done = (|| { #body })();
                    match ::hpy::impl_::operand(__done) {
                        Some(__done) => return __done,
                        None => {}
                    }
                }
            }));
        }
    };
    Ok(quote!({ #constant #body }))
}

/// Statements that push the slot that halves make up and, if some are reflected operators, the method that PyPy calls.
pub fn joined(class: &Type, key: &str, halves: &[(Special, TokenStream)]) -> TokenStream {
    let hpy = quote!(::hpy::impl_::sys::HPy);
    let returns_object = quote!(-> ::hpy::impl_::sys::HPy);
    let object = quote!(::hpy::impl_::object);
    let empty = TokenStream::new();
    match key {
        "setitem" => {
            let part = |wanted: Special, what: &str| {
                halves.iter().find(|(kind, _)| *kind == wanted).map_or_else(
                    || quote!(::hpy::impl_::no_item_operation::<#class>(#what)),
                    |(_, code)| code.clone(),
                )
            };
            let (set, del) =
                (part(Special::SetItem, "assignment"), part(Special::DelItem, "deletion"));
            let body = quote! {
                if __value.is_null() { #del } else { #set }
            };
            let function = implementation(
                &quote!(__slf: #hpy, __key: #hpy, __value: #hpy),
                &quote!(-> ::core::ffi::c_int),
                &quote!(::hpy::impl_::status),
                &empty,
                &body,
            );
            pushed(&slot_item("HPy_mp_ass_subscript", "OBJOBJARGPROC", &function))
        }
        "compare" => {
            let arms = halves.iter().map(|(kind, code)| match kind {
                Special::Compare(op) => {
                    let op = format_ident!("{}", op);
                    quote!(Some(::hpy::Compare::#op) => { #code })
                }
                _ => quote!(Some(__operation) => { #code }),
            });
            let body = quote! {
                let __first = ::hpy::Ref::<'_, ::hpy::kinds::Any>::from_raw(__ctx, __slf);
                let __second = ::hpy::Ref::<'_, ::hpy::kinds::Any>::from_raw(__ctx, __other);
                match ::hpy::Compare::from_raw(__operator) {
                    #(#arms)*
                    _ => {}
                }
                Ok(__ctx.not_implemented().to_owned())
            };
            let function = implementation(
                &quote!(__slf: #hpy, __other: #hpy, __operator: ::core::ffi::c_int),
                &returns_object,
                &object,
                &empty,
                &body,
            );
            pushed(&slot_item("HPy_tp_richcompare", "RICHCMPFUNC", &function))
        }
        slot => {
            let power = slot == "HPy_nb_power";
            let forward = halves
                .iter()
                .filter(|(kind, _)| {
                    matches!(
                        kind,
                        Special::Binary { reflected: false, .. }
                            | Special::Power { reflected: false }
                    )
                })
                .map(|(_, code)| code);
            let reflected =
                halves.iter().filter(|(kind, _)| kind.is_reflected()).map(|(_, code)| code);
            let third = power.then(|| {
                quote!(let __third = ::hpy::Ref::<'_, ::hpy::kinds::Any>::from_raw(__ctx, __modulo);)
            });
            let body = quote! {
                let __first = ::hpy::Ref::<'_, ::hpy::kinds::Any>::from_raw(__ctx, __left);
                let __second = ::hpy::Ref::<'_, ::hpy::kinds::Any>::from_raw(__ctx, __right);
                #third
                #(#forward)*
                let (__first, __second) = (__second, __first);
                #(#reflected)*
                Ok(__ctx.not_implemented().to_owned())
            };
            let (parameters, signature) = if power {
                (quote!(__left: #hpy, __right: #hpy, __modulo: #hpy), "TERNARYFUNC")
            } else {
                (quote!(__left: #hpy, __right: #hpy), "BINARYFUNC")
            };
            let function = implementation(&parameters, &returns_object, &object, &empty, &body);
            let item = pushed(&slot_item(slot, signature, &TokenStream::new()));
            let method = halves
                .iter()
                .any(|(kind, _)| kind.is_reflected())
                .then(|| reflected_method(slot))
                .flatten();
            quote!({ #function #item #method })
        }
    }
}

/// A statement that pushes an expression of type `HPyDef`.
fn pushed(item: &TokenStream) -> TokenStream {
    quote!(__items.push(::hpy::impl_::Item::Def(#item));)
}

/// Pushes the method of a reflected operator, which calls the slot's implementation `__imp` with the operands in order.
fn reflected_method(slot: &str) -> Option<TokenStream> {
    let name = docs::c_literal(&crate::slots::reflected_name(slot)?);
    let hpy = quote!(::hpy::impl_::sys::HPy);
    let third = (slot == "HPy_nb_power").then(|| quote!(, (*__raw).h_None));
    Some(quote! {
        unsafe extern "C" fn __reflected(
            __raw: *mut ::hpy::impl_::sys::HPyContext,
            __slf: #hpy,
            __other: #hpy,
        ) -> #hpy {
            unsafe { __imp(__raw, __other, __slf #third) }
        }
        __items.push(::hpy::impl_::Item::Reflected(::hpy::impl_::method(
            #name,
            ::hpy::impl_::sys::HPyFunc_O,
            __reflected as *mut ::core::ffi::c_void,
            ::hpy::__trampoline!(O __reflected),
            c"",
        )));
    })
}
