//! Text and bytes.

use super::{FromPy, IntoPy};
use crate::exc::ValueError;
use crate::handle::{Handle, Ref};
use crate::kinds::{Any, Bytes, Str};
use crate::text::{new_bytes, new_str};
use crate::{Ctx, Hint, PyResult};
use core::mem::transmute;
use std::borrow::Cow;

/// The UTF-8 of a str, borrowed from it.
impl<'a> FromPy<'a> for &'a str {
    const HINT: Hint = Hint::Text("str");
    #[inline]
    fn from_py(object: Ref<'a, Any>) -> PyResult<'a, Self> {
        let text = Ref::<'a, Str>::from_py(object)?;
        // SAFETY: the reference says that the object is open for 'a, and so long the text lives.
        text.to_str()
            .map(|text| unsafe { transmute::<&str, &'a str>(text) })
            .map_err(|error| error.rebind(object.ctx()))
    }
}

impl<'a> FromPy<'a> for String {
    const HINT: Hint = Hint::Text("str");
    #[inline]
    fn from_py(object: Ref<'a, Any>) -> PyResult<'a, Self> {
        <&str>::from_py(object).map(str::to_owned)
    }
}

impl<'a> FromPy<'a> for Cow<'a, str> {
    const HINT: Hint = Hint::Text("str");
    #[inline]
    fn from_py(object: Ref<'a, Any>) -> PyResult<'a, Self> {
        <&str>::from_py(object).map(Cow::Borrowed)
    }
}

impl<'a> FromPy<'a> for Box<str> {
    const HINT: Hint = Hint::Text("str");
    #[inline]
    fn from_py(object: Ref<'a, Any>) -> PyResult<'a, Self> {
        <&str>::from_py(object).map(Box::from)
    }
}

/// A str of one code point.
impl<'a> FromPy<'a> for char {
    const HINT: Hint = Hint::Text("str");
    fn from_py(object: Ref<'a, Any>) -> PyResult<'a, Self> {
        let text = <&str>::from_py(object)?;
        let mut chars = text.chars();
        match (chars.next(), chars.next()) {
            (Some(c), None) => Ok(c),
            _ => Err(ValueError::new(format!(
                "expected a str of length 1, got one of length {}",
                text.chars().count()
            ))),
        }
    }
}

macro_rules! text_into {
    ($($text:ty)*) => {$(
        impl<'ctx> IntoPy<'ctx> for $text {
            const HINT: Hint = Hint::Text("str");
            #[inline]
            fn into_py(self, ctx: Ctx<'ctx>) -> PyResult<'ctx, Handle<'ctx, Any>> {
                new_str(ctx, self.as_ref()).map(Handle::into_any)
            }
        }
    )*};
}

text_into!(&str String &String Box<str> Cow<'_, str>);

impl<'ctx> IntoPy<'ctx> for &core::ffi::CStr {
    const HINT: Hint = Hint::Text("str");
    fn into_py(self, ctx: Ctx<'ctx>) -> PyResult<'ctx, Handle<'ctx, Any>> {
        Str::from_c_str(ctx, self).map(Handle::into_any)
    }
}

impl<'ctx> IntoPy<'ctx> for char {
    const HINT: Hint = Hint::Text("str");
    fn into_py(self, ctx: Ctx<'ctx>) -> PyResult<'ctx, Handle<'ctx, Any>> {
        new_str(ctx, self.encode_utf8(&mut [0; 4])).map(Handle::into_any)
    }
}

/// The memory of a bytes object, borrowed from it.
impl<'a> FromPy<'a> for &'a [u8] {
    const HINT: Hint = Hint::Text("bytes");
    #[inline]
    fn from_py(object: Ref<'a, Any>) -> PyResult<'a, Self> {
        let bytes = Ref::<'a, Bytes>::from_py(object)?;
        // SAFETY: the reference says that the object is open for 'a, and so long its memory lives.
        Ok(unsafe { transmute::<&[u8], &'a [u8]>(bytes.as_bytes()) })
    }
}

impl<'ctx> IntoPy<'ctx> for &[u8] {
    const HINT: Hint = Hint::Text("bytes");
    fn into_py(self, ctx: Ctx<'ctx>) -> PyResult<'ctx, Handle<'ctx, Any>> {
        new_bytes(ctx, self).map(Handle::into_any)
    }
}

impl<'a> FromPy<'a> for Cow<'a, [u8]> {
    const HINT: Hint = Hint::Text("bytes");
    fn from_py(object: Ref<'a, Any>) -> PyResult<'a, Self> {
        <&[u8]>::from_py(object).map(Cow::Borrowed)
    }
}

impl<'ctx> IntoPy<'ctx> for Cow<'_, [u8]> {
    const HINT: Hint = Hint::Text("bytes");
    fn into_py(self, ctx: Ctx<'ctx>) -> PyResult<'ctx, Handle<'ctx, Any>> {
        new_bytes(ctx, &self).map(Handle::into_any)
    }
}
