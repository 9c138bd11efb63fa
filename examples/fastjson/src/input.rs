//! What `loads` gets: a str, or bytes whose encoding is found out.

use crate::exact::{self, Document, Hooks};
use crate::quick;
use hpy::exc::UnicodeEncodeError;
use hpy::prelude::*;

/// Anything, by its truth.
#[derive(Clone, Copy)]
pub struct Truth(pub bool);

impl From<bool> for Truth {
    fn from(value: bool) -> Self {
        Truth(value)
    }
}

impl<'a> FromPy<'a> for Truth {
    fn from_py(object: Ref<'a, Any>) -> PyResult<'a, Self> {
        object.is_true().map(Truth)
    }
}

/// The objects of a document.
pub fn loads<'ctx>(s: Ref<'ctx>, hooks: &Hooks<'ctx>) -> PyResult<'ctx, Handle<'ctx>> {
    if s.is_kind::<Str>() {
        return from_str(&s.to_owned().cast()?, hooks);
    }
    let ctx = s.ctx();
    let bytes: Handle<'_, Bytes> = if s.is_kind::<Bytes>() {
        s.to_owned().cast()?
    } else if s.is_instance(&ctx.type_named(c"bytearray")?) {
        s.bytes()?
    } else {
        return Err(TypeError::new(format!(
            "the JSON object must be str, bytes or bytearray, not {}",
            s.type_name()
        )));
    };
    let encoding = encoding(bytes.as_bytes());
    if encoding == c"utf-8"
        && let Ok(text) = core::str::from_utf8(bytes.as_bytes())
        && let Some(found) = quick::loads(ctx, text, hooks)?
    {
        return Ok(found);
    }
    let text = bytes.call_method(c"decode", (encoding, c"surrogatepass"))?;
    from_str(&text.cast()?, hooks)
}

fn from_str<'ctx>(s: &Handle<'ctx, Str>, hooks: &Hooks<'ctx>) -> PyResult<'ctx, Handle<'ctx>> {
    let ctx = s.ctx();
    let encoded;
    let document = match s.to_str() {
        Ok(text) => {
            if let Some(found) = quick::loads(ctx, text, hooks)? {
                return Ok(found);
            }
            Document { bytes: text.as_bytes(), is_utf8: true, object: s }
        }
        Err(error) if error.is::<UnicodeEncodeError>(ctx) => {
            drop(error);
            encoded = s.call_method(c"encode", (c"utf-8", c"surrogatepass"))?.cast::<Bytes>()?;
            Document { bytes: encoded.as_bytes(), is_utf8: false, object: s }
        }
        Err(error) => return Err(error),
    };
    exact::loads(ctx, &document, hooks)
}

/// The encoding of a document that starts like this: its first two characters are ASCII (RFC 4627, 3).
fn encoding(bytes: &[u8]) -> &'static core::ffi::CStr {
    match bytes {
        [0xff, 0xfe, 0, 0, ..] | [0, 0, 0xfe, 0xff, ..] => c"utf-32",
        [0xff, 0xfe, ..] | [0xfe, 0xff, ..] => c"utf-16",
        [0xef, 0xbb, 0xbf, ..] => c"utf-8-sig",
        [0, 0, _, _, ..] => c"utf-32-be",
        [0, _, _, _, ..] => c"utf-16-be",
        [_, 0, 0, 0, ..] => c"utf-32-le",
        [_, 0, _, _, ..] => c"utf-16-le",
        [0, _] => c"utf-16-be",
        [_, 0] => c"utf-16-le",
        _ => c"utf-8",
    }
}
