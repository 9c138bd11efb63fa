//! Type hints: what the macros know of an extension, as the Python source of its `.pyi` files.
//!
//! The text is put together by the compiler: a hint is a tree of pieces, which a trait's constant gives for each type, and
//! the module's macro writes the whole into one constant byte array of the binary. Nothing of it runs, is relocated or is
//! read when the module is imported. Tools find the array by its first bytes, in any binary format.

/// A piece of Python source, put together when the extension is compiled: the type hint of a Rust type.
///
/// ```
/// use hpy::Hint;
/// use hpy::prelude::*;
///
/// struct Text(String);
///
/// impl<'a> FromPy<'a> for Text {
///     const HINT: Hint = Hint::Text("str | bytes");
///
///     fn from_py(object: Ref<'a, Any>) -> PyResult<'a, Self> {
///         match object.extract::<String>() {
///             Ok(text) => Ok(Text(text)),
///             Err(error) => {
///                 drop(error);
///                 let bytes: Vec<u8> = object.extract()?;
///                 Ok(Text(String::from_utf8_lossy(&bytes).into_owned()))
///             }
///         }
///     }
/// }
/// ```
///
/// Names from modules are written with the module, `collections.abc.Iterable[int]`: the `.pyi` file imports it.
#[derive(Clone, Copy, Debug)]
pub enum Hint {
    /// As it is.
    Text(&'static str),
    /// One after the other.
    Join(&'static [Hint]),
    /// A class of this binary, by its name in Python.
    Local(&'static str),
}

/// What stands before the name of a class of the binary: readers of the text look where it is.
const CLASS: &str = "\x1a";

/// The beginning of the array: 16 bytes that no text has, then the text's length as eight hexadecimal digits.
pub const MAGIC: [u8; 16] = *b"\x89HPY stubs 1\r\n\x1a\n";
const LENGTH_DIGITS: usize = 8;

impl Hint {
    /// Nothing is known of the type.
    pub const ANY: Hint = Hint::Text("typing.Any");

    /// How many bytes the text has.
    const fn len(&self) -> usize {
        match self {
            Hint::Text(text) => text.len(),
            Hint::Local(name) => CLASS.len() + name.len(),
            Hint::Join(parts) => {
                let mut len = 0;
                let mut index = 0;
                while index < parts.len() {
                    len += parts[index].len();
                    index += 1;
                }
                len
            }
        }
    }

    /// Writes the text at `at`; where it ends.
    const fn write(&self, out: &mut [u8], at: usize) -> usize {
        match self {
            Hint::Text(text) => put(out, at, text.as_bytes()),
            Hint::Local(name) => {
                let at = put(out, at, CLASS.as_bytes());
                put(out, at, name.as_bytes())
            }
            Hint::Join(parts) => {
                let mut at = at;
                let mut index = 0;
                while index < parts.len() {
                    at = parts[index].write(out, at);
                    index += 1;
                }
                at
            }
        }
    }
}

const fn put(out: &mut [u8], at: usize, bytes: &[u8]) -> usize {
    let end = at + bytes.len();
    let (head, _) = out.split_at_mut(end);
    let (_, place) = head.split_at_mut(at);
    place.copy_from_slice(bytes);
    end
}

/// The hint of a type by one of the traits, and `Any` where the type does not implement it: that is another part of the
/// macro's code to complain about. The inherent constant wins where it applies.
macro_rules! by_trait {
    ($($name:ident: $bound:path;)*) => {$(
        pub struct $name<'a, T: ?Sized>(core::marker::PhantomData<(&'a (), *const T)>);
        impl<'a, T: $bound + ?Sized> $name<'a, T> {
            pub const HINT: Hint = <T as $bound>::HINT;
        }
        impl<T: ?Sized> NoHint for $name<'_, T> {}
    )*};
}

pub trait NoHint {
    const HINT: Hint = Hint::ANY;
}

by_trait! {
    ArgHint: crate::FromPy<'a>;
    BorrowHint: crate::BorrowArg<'a>;
    BorrowMutHint: crate::BorrowMutArg<'a>;
    ArgsHint: crate::FromArgs<'a>;
    KwargsHint: crate::FromKwargs<'a>;
    OutputHint: crate::impl_::Output<'a>;
    NextHint: crate::impl_::NextOutput<'a>;
    KindHint: crate::kinds::Kind;
}

/// A field's value.
#[doc(hidden)]
pub struct FieldHint<T>(core::marker::PhantomData<T>);
impl<T: crate::kinds::Kind> FieldHint<crate::Field<T>> {
    pub const HINT: Hint = Hint::Join(&[T::HINT, Hint::Text(" | None")]);
}
impl<T> NoHint for FieldHint<T> {}

/// The size of [`record`].
#[doc(hidden)]
pub const fn record_len(hint: &Hint) -> usize {
    MAGIC.len() + LENGTH_DIGITS + hint.len()
}

/// What is in the binary: magic, length, text.
#[doc(hidden)]
pub const fn record<const N: usize>(hint: &Hint) -> [u8; N] {
    let mut out = [0; N];
    let mut at = put(&mut out, 0, &MAGIC);
    let len = hint.len();
    let mut digit = LENGTH_DIGITS;
    while digit > 0 {
        digit -= 1;
        out[at] = b"0123456789abcdef"[(len >> (4 * digit)) & 15];
        at += 1;
    }
    hint.write(&mut out, at);
    out
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{FromPy, IntoPy, PyResult};
    use std::collections::{BTreeMap, HashMap, HashSet};

    fn text(hint: Hint) -> String {
        let mut out = vec![0; hint.len()];
        assert_eq!(hint.write(&mut out, 0), out.len());
        String::from_utf8(out).unwrap()
    }

    fn taken<T: FromPy<'static>>() -> String {
        text(T::HINT)
    }

    fn given<T: crate::impl_::Output<'static>>() -> String {
        text(T::HINT)
    }

    #[test]
    fn generic_types_compose() {
        assert_eq!(given::<Vec<i64>>(), "list[int]");
        assert_eq!(given::<Vec<u8>>(), "bytes");
        assert_eq!(given::<Option<Vec<(String, f64)>>>(), "list[tuple[str, float]] | None");
        assert_eq!(given::<PyResult<'static, HashMap<String, bool>>>(), "dict[str, bool]");
        assert_eq!(given::<Result<HashSet<char>, std::io::Error>>(), "set[str]");
        assert_eq!(given::<()>(), "None");
        assert_eq!(taken::<Vec<Option<i32>>>(), "collections.abc.Iterable[int | None]");
        assert_eq!(taken::<Vec<u8>>(), "bytes | collections.abc.Iterable[int]");
        assert_eq!(
            taken::<BTreeMap<String, Vec<f64>>>(),
            "dict[str, collections.abc.Iterable[float]]"
        );
        assert_eq!(taken::<(u8, String)>(), "tuple[int, str]");
    }

    #[test]
    fn types_that_say_nothing_are_any() {
        struct Opaque;
        impl<'ctx> IntoPy<'ctx> for Opaque {
            fn into_py(
                self,
                ctx: crate::Ctx<'ctx>,
            ) -> PyResult<'ctx, crate::Handle<'ctx, crate::kinds::Any>> {
                ().into_py(ctx)
            }
        }
        assert_eq!(given::<Vec<Opaque>>(), "list[typing.Any]");
    }

    #[test]
    fn a_record_says_its_length() {
        const HINT: Hint =
            Hint::Join(&[Hint::Text("def f() -> "), Hint::Local("C"), Hint::Text(": ...\n")]);
        const RECORD: [u8; record_len(&HINT)] = record(&HINT);
        assert_eq!(&RECORD[16..], b"00000013def f() -> \x1aC: ...\n");
    }
}
