//! The lines of `.pyi` files: text that the macros know, and the hints of types, which the compiler puts in.
//!
//! What comes out is an expression of type `hpy::Hint`; hpy-rs writes it into the binary (`hpy::hint`).

use crate::params::{Params, Receiver, Source, plain_name};
use crate::signature::python_text;
use crate::slots::{Special, reflected_name};
use proc_macro2::TokenStream;
use quote::quote;
use syn::Type;
use syn::spanned::Spanned;

/// Lines of a `.pyi` file.
#[derive(Default)]
pub struct Stub {
    parts: Vec<TokenStream>,
    text: String,
}

impl Stub {
    pub fn text(&mut self, text: &str) {
        self.text.push_str(text);
    }

    /// An expression of type `Hint`.
    pub fn hint(&mut self, hint: TokenStream) {
        self.flush();
        self.parts.push(hint);
    }

    pub fn append(&mut self, other: Stub) {
        self.hint(other.into_hint());
    }

    fn flush(&mut self) {
        if !self.text.is_empty() {
            let text = std::mem::take(&mut self.text);
            self.parts.push(quote!(::hpy::Hint::Text(#text)));
        }
    }

    fn into_hint(mut self) -> TokenStream {
        self.flush();
        let parts = self.parts;
        quote!(::hpy::Hint::Join(&[#(#parts),*]))
    }

    /// The value of a constant of type `Hint`.
    pub fn constant(self) -> TokenStream {
        let hint = self.into_hint();
        quote!({
            use ::hpy::impl_::NoHint as _;
            #hint
        })
    }

    /// A docstring as the body of what is at `indent`, `...` without one.
    fn body(&mut self, indent: &str, doc: &str) {
        if doc.is_empty() {
            self.text(" ...\n");
        } else {
            self.text("\n");
            self.docstring(&format!("{indent}    "), doc);
        }
    }

    /// The end of a class's first line and its docstring. A body of `...` alone stays only if nothing follows.
    pub fn class_body(&mut self, doc: &str) {
        self.text(":\n");
        if doc.is_empty() {
            self.text("    ...\n");
        } else {
            self.docstring("    ", doc);
        }
    }

    pub fn docstring(&mut self, indent: &str, doc: &str) {
        let doc = doc.replace(['\x1a', '\x1e', '\x1f'], "").replace('\\', "\\\\");
        let doc = doc.replace("\"\"\"", "\\\"\\\"\\\"");
        let mut lines = doc.lines();
        self.text(&format!("{indent}\"\"\"{}", lines.next().unwrap_or("")));
        let several = doc.contains('\n');
        for line in lines {
            self.text("\n");
            if !line.is_empty() {
                self.text(&format!("{indent}{line}"));
            }
        }
        if several {
            self.text(&format!("\n{indent}"));
        } else if doc.ends_with('"') {
            self.text(" ");
        }
        self.text("\"\"\"\n");
    }

    /// `name: hint`
    pub fn value(&mut self, indent: &str, name: &str, hint: TokenStream, of_class: bool) {
        if !is_identifier(name) {
            return;
        }
        self.text(&format!("{indent}{name}: "));
        if of_class {
            self.text("typing.ClassVar[");
        }
        self.hint(hint);
        self.text(if of_class { "]\n" } else { "\n" });
    }

    /// A function or method; `first` is the receiver's name or empty.
    pub fn function(&mut self, indent: &str, function: &Function<'_>) {
        if !is_identifier(function.name) {
            return;
        }
        self.text(&format!("{indent}def {}(", function.name));
        self.parameters(function);
        self.text(") -> ");
        self.hint(function.result.clone());
        self.text(":");
        // Type checkers want the parameters of __pow__, of which Python gives it fewer.
        if function.name == "__ipow__" {
            return self.text(" ...  # type: ignore[misc]\n");
        }
        self.body(indent, function.doc);
    }

    fn parameters(&mut self, function: &Function<'_>) {
        let Function { name: name_of_function, first, params, optional_from, .. } = *function;
        let mut written = !first.is_empty();
        self.text(first);
        let mut separate = |stub: &mut Stub| {
            if written {
                stub.text(", ");
            }
            written = true;
        };
        let find = |wanted: &dyn Fn(&Source) -> bool| {
            params.list.iter().find(|param| wanted(&param.source))
        };
        let star = |stub: &mut Stub| match find(&|source| matches!(source, Source::VarArgs)) {
            Some(param) => {
                let ty = &param.ty;
                stub.text(&format!("*{}: ", plain_name(&param.name)));
                stub.hint(
                    quote::quote_spanned!(ty.span()=> ::hpy::impl_::ArgsHint::<'_, #ty>::HINT),
                );
            }
            None => stub.text("*"),
        };
        for (index, name) in params.names.iter().enumerate() {
            if index == params.positional {
                separate(self);
                star(self);
            }
            separate(self);
            let param = find(&|source| matches!(source, Source::Value(of) if *of == index));
            // A name that is no keyword in Rust but one in Python can only be given by position.
            let escape = if is_identifier(name) { "" } else { "_" };
            self.text(&format!("{name}{escape}: "));
            match param {
                // Python compares with anything; what is no T is unequal.
                Some(_) if matches!(name_of_function, "__eq__" | "__ne__") => self.text("object"),
                Some(param) => self.hint(param.hint()),
                None => self.text("typing.Any"),
            }
            if let Some(default) = param.and_then(|param| param.default.as_ref()) {
                self.text(&format!(" = {}", python_text(default)));
            } else if optional_from.is_some_and(|from| index >= from) {
                self.text(" = None");
            }
            if index + 1 == params.positional_only && optional_from != Some(index + 1) {
                separate(self);
                self.text("/");
            }
        }
        if optional_from == Some(params.names.len()) {
            separate(self);
            self.text("mod: None = None, /");
        }
        if params.var_args && params.names.len() == params.positional {
            separate(self);
            star(self);
        }
        if let Some(param) = find(&|source| matches!(source, Source::VarKwargs)) {
            separate(self);
            let ty = &param.ty;
            self.text(&format!("**{}: ", plain_name(&param.name)));
            self.hint(quote::quote_spanned!(ty.span()=> ::hpy::impl_::KwargsHint::<'_, #ty>::HINT));
        }
    }

    /// A property. `other` is the list of what the class's other macro has of properties: one may have the getter and the
    /// other the setter. Where nobody has a getter, the value is anything.
    pub fn property(
        &mut self,
        name: &str,
        doc: &str,
        getter: Option<TokenStream>,
        setter: Option<TokenStream>,
        other: &TokenStream,
    ) {
        if !is_identifier(name) {
            return;
        }
        let alone = getter.is_none();
        let mut lines = Stub::default();
        lines.text(&format!("    @property\n    def {name}(self) -> "));
        lines.hint(getter.unwrap_or_else(any));
        lines.text(":");
        lines.body("    ", doc);
        match setter {
            Some(setter) => lines.hint(setter_lines(name, &setter)),
            None => lines.hint(quote!(::hpy::impl_::told::setter_lines(#other, #name))),
        }
        if alone {
            let lines = lines.into_hint();
            self.hint(quote!(::hpy::impl_::told::unless_getter(#other, #name, #lines)));
        } else {
            self.append(lines);
        }
    }

    /// The other methods that Python has for a slot of which not all were written: they accept nothing.
    pub fn other_methods(&mut self, key: &str, given: &[Special], names: &[String]) {
        let all: &[&str] = match key {
            "setitem" => &["__setitem__", "__delitem__"],
            "compare" if !given.contains(&Special::RichCompare) => {
                &["__lt__", "__le__", "__gt__", "__ge__"]
            }
            "compare" => {
                for name in ["__eq__", "__ne__", "__lt__", "__le__", "__gt__", "__ge__"] {
                    let other =
                        if matches!(name, "__eq__" | "__ne__") { "object" } else { "typing.Any" };
                    self.text(&format!("    def {name}(self, value: {other}, /) -> bool: ...\n"));
                }
                return;
            }
            _ => {
                // Not by what the names begin with: `__rshift__` is no reflected operator.
                let Some(reflected) = reflected_name(key) else { return };
                let both = [reflected.replacen("__r", "__", 1), reflected];
                for name in both.iter().filter(|name| !names.contains(name)) {
                    self.never(name);
                }
                return;
            }
        };
        for name in all.iter().filter(|name| !names.iter().any(|given| given == *name)) {
            self.never(name);
        }
    }

    fn never(&mut self, name: &str) {
        let parameters = match name {
            "__setitem__" => "key: typing_extensions.Never, value: typing_extensions.Never, /",
            "__pow__" | "__rpow__" => "value: typing_extensions.Never, mod: None = None, /",
            _ => "value: typing_extensions.Never, /",
        };
        let result = if matches!(name, "__setitem__" | "__delitem__") {
            "None"
        } else {
            "typing_extensions.Never"
        };
        self.text(&format!("    def {name}(self, {parameters}) -> {result}: ...\n"));
    }
}

/// What a line needs to know of a function.
pub struct Function<'a> {
    pub name: &'a str,
    pub first: &'a str,
    pub params: &'a Params,
    pub result: TokenStream,
    pub doc: &'a str,
    /// Parameters from this index on have a default that Python's slot gives them.
    pub optional_from: Option<usize>,
}

fn setter_lines(name: &str, value: &TokenStream) -> TokenStream {
    let start = format!("    @{name}.setter\n    def {name}(self, value: ");
    quote! {
        ::hpy::Hint::Join(&[
            ::hpy::Hint::Text(#start), #value, ::hpy::Hint::Text(") -> None: ...\n"),
        ])
    }
}

/// What the class's other macro is told of a property: an expression of type `told::Half`.
pub fn half(name: &str, getter: bool, setter: Option<TokenStream>) -> TokenStream {
    let setter = match setter {
        Some(value) => {
            let lines = setter_lines(name, &value);
            quote!(::core::option::Option::Some(#lines))
        }
        None => quote!(::core::option::Option::None),
    };
    quote!(::hpy::impl_::told::Half { name: #name, getter: #getter, setter: #setter })
}

fn any() -> TokenStream {
    quote!(::hpy::Hint::ANY)
}

pub fn fixed(text: &str) -> TokenStream {
    quote!(::hpy::Hint::Text(#text))
}

/// The hint of a result type, by one of hpy-rs's types for it.
pub fn result(ty: Option<&Type>, by: &TokenStream) -> TokenStream {
    match ty {
        None => fixed("None"),
        Some(ty) if is_opaque(ty) => any(),
        Some(ty) => {
            quote::quote_spanned!(ty.span()=> ::hpy::impl_::#by::<'_, #ty>::HINT)
        }
    }
}

/// The hint of a function's result: what its option says or that of its type.
pub fn result_or(given: Option<&str>, params: &Params) -> TokenStream {
    given.map_or_else(|| result(params.returns.as_ref(), &quote!(OutputHint)), fixed)
}

/// The hint of a special method's result, where Python decides it.
pub fn special_result(kind: Special, params: &Params) -> TokenStream {
    match kind {
        Special::Len | Special::Hash => fixed("int"),
        Special::Bool | Special::Contains | Special::Compare(_) | Special::RichCompare => {
            fixed("bool")
        }
        Special::SetItem | Special::DelItem | Special::Init | Special::Finalize => fixed("None"),
        Special::InPlace { .. } => fixed("typing_extensions.Self"),
        Special::Next => result(params.returns.as_ref(), &quote!(NextHint)),
        _ => result(params.returns.as_ref(), &quote!(OutputHint)),
    }
}

/// Whether the type cannot be written in a constant: `impl Trait`.
fn is_opaque(ty: &Type) -> bool {
    use syn::visit_mut::VisitMut;
    struct Find(bool);
    impl VisitMut for Find {
        fn visit_type_impl_trait_mut(&mut self, _: &mut syn::TypeImplTrait) {
            self.0 = true;
        }
    }
    let mut find = Find(false);
    find.visit_type_mut(&mut ty.clone());
    find.0
}

/// What the name of a receiver is in Python.
pub fn receiver(receiver: &Receiver) -> &'static str {
    match receiver {
        Receiver::Class => "cls",
        Receiver::None => "",
        _ => "self",
    }
}

/// Whether Python source can have the name.
fn is_identifier(name: &str) -> bool {
    const KEYWORDS: [&str; 35] = [
        "False", "None", "True", "and", "as", "assert", "async", "await", "break", "class",
        "continue", "def", "del", "elif", "else", "except", "finally", "for", "from", "global",
        "if", "import", "in", "is", "lambda", "nonlocal", "not", "or", "pass", "raise", "return",
        "try", "while", "with", "yield",
    ];
    !name.is_empty()
        && !KEYWORDS.contains(&name)
        && name
            .chars()
            .enumerate()
            .all(|(index, c)| c == '_' || c.is_alphabetic() || (index > 0 && c.is_alphanumeric()))
}
