//! `str` and `bytes`.

use crate::handle::Handle;
use crate::kinds::{Bytes, Str};
use crate::{Ctx, PyResult};
use core::ffi::{CStr, c_char};
use hpy_sys::api;

/// Longest non-ASCII text, with its NUL, that is copied on the stack.
const ON_STACK: usize = 256;

/// A new str. The ABI has no constructor that takes UTF-8 with a length: ASCII, most text, is decoded in
/// place; other text is copied to add a NUL; text with a NUL inside goes through bytes.
pub(crate) fn new_str<'ctx>(ctx: Ctx<'ctx>, text: &str) -> PyResult<'ctx, Handle<'ctx, Str>> {
    let raw = ctx.as_raw();
    let start = text.as_ptr().cast::<c_char>();
    // SAFETY: `start` is valid for `len` bytes, the buffers end with a NUL, the handle is open.
    unsafe {
        if text.is_ascii() {
            let len = text.len() as isize;
            return Handle::from_new(
                ctx,
                api::HPyUnicode_DecodeASCII(raw, start, len, core::ptr::null()),
            );
        }
        if text.as_bytes().contains(&0) {
            let bytes = new_bytes(ctx, text.as_bytes())?;
            return Handle::from_new(
                ctx,
                api::HPyUnicode_FromEncodedObject(
                    raw,
                    bytes.as_raw(),
                    c"utf-8".as_ptr(),
                    core::ptr::null(),
                ),
            );
        }
        if text.len() < ON_STACK {
            let mut buffer = [0u8; ON_STACK];
            buffer[..text.len()].copy_from_slice(text.as_bytes());
            return Handle::from_new(ctx, api::HPyUnicode_FromString(raw, buffer.as_ptr().cast()));
        }
        let mut buffer = Vec::with_capacity(text.len() + 1);
        buffer.extend_from_slice(text.as_bytes());
        buffer.push(0);
        Handle::from_new(ctx, api::HPyUnicode_FromString(raw, buffer.as_ptr().cast()))
    }
}

pub(crate) fn new_bytes<'ctx>(ctx: Ctx<'ctx>, data: &[u8]) -> PyResult<'ctx, Handle<'ctx, Bytes>> {
    // SAFETY: the slice is valid for its length.
    unsafe {
        Handle::from_new(
            ctx,
            api::HPyBytes_FromStringAndSize(
                ctx.as_raw(),
                data.as_ptr().cast(),
                data.len() as isize,
            ),
        )
    }
}

impl<'ctx> Handle<'ctx, Str> {
    /// The text as UTF-8, borrowed from the str. UnicodeEncodeError where it has lone surrogates.
    /// `PyUnicode_AsUTF8AndSize`.
    ///
    /// ```
    /// # use hpy::prelude::*;
    /// # fn example<'ctx>(ctx: Ctx<'ctx>, text: Ref<'ctx, Str>) -> PyResult<'ctx> {
    /// let shout = text.to_str()?.to_uppercase();
    /// # Ok(())
    /// # }
    /// ```
    #[inline]
    pub fn to_str(&self) -> PyResult<'ctx, &str> {
        let mut size = 0;
        // SAFETY: the handle is open and a str.
        let start = unsafe {
            api::HPyUnicode_AsUTF8AndSize(self.ctx().as_raw(), self.as_raw(), &raw mut size)
        };
        if start.is_null() {
            return Err(crate::PyErr::pending(self.ctx()));
        }
        // SAFETY: the runtime's UTF-8 is valid for `size` bytes as long as the handle is open.
        Ok(unsafe {
            core::str::from_utf8_unchecked(core::slice::from_raw_parts(start.cast(), size as usize))
        })
    }

    /// How many code points it has.
    ///
    /// ```
    /// # use hpy::prelude::*;
    /// # fn example<'ctx>(ctx: Ctx<'ctx>, text: Ref<'ctx, Str>) -> PyResult<'ctx> {
    /// let width: usize = text.char_count()?;
    /// # Ok(())
    /// # }
    /// ```
    #[inline]
    pub fn char_count(&self) -> PyResult<'ctx, usize> {
        self.len()
    }

    /// The code point at `index`. IndexError where there is none. `PyUnicode_ReadChar`.
    ///
    /// ```
    /// # use hpy::prelude::*;
    /// # fn example<'ctx>(ctx: Ctx<'ctx>, text: Ref<'ctx, Str>) -> PyResult<'ctx> {
    /// let is_minus = text.char_at(0)? == u32::from('-');
    /// # Ok(())
    /// # }
    /// ```
    pub fn char_at(&self, index: isize) -> PyResult<'ctx, u32> {
        // SAFETY: the handle is open and a str.
        let c = unsafe { api::HPyUnicode_ReadChar(self.ctx().as_raw(), self.as_raw(), index) };
        if c == u32::MAX { Err(crate::PyErr::pending(self.ctx())) } else { Ok(c) }
    }

    /// The text in the encoding of file names, `os.fsencode`.
    ///
    /// ```
    /// # use hpy::prelude::*;
    /// # fn example<'ctx>(ctx: Ctx<'ctx>, text: Ref<'ctx, Str>) -> PyResult<'ctx> {
    /// let name = text.fs_encode()?;
    /// let bytes = name.as_bytes().to_vec();
    /// # Ok(())
    /// # }
    /// ```
    pub fn fs_encode(&self) -> PyResult<'ctx, Handle<'ctx, Bytes>> {
        // SAFETY: the handle is open and a str.
        unsafe {
            Handle::from_new(
                self.ctx(),
                api::HPyUnicode_EncodeFSDefault(self.ctx().as_raw(), self.as_raw()),
            )
        }
    }
}

impl<'ctx> Handle<'ctx, Bytes> {
    /// The bytes, borrowed from the object.
    ///
    /// ```
    /// # use hpy::prelude::*;
    /// # fn example<'ctx>(ctx: Ctx<'ctx>, text: Ref<'ctx, Str>) -> PyResult<'ctx> {
    /// let data = Bytes::new(ctx, b"abc")?;
    /// assert_eq!(data.as_bytes(), b"abc");
    /// # Ok(())
    /// # }
    /// ```
    #[inline]
    pub fn as_bytes(&self) -> &[u8] {
        // SAFETY: the handle is open and a bytes object, whose memory does not change.
        unsafe {
            let size = api::HPyBytes_GET_SIZE(self.ctx().as_raw(), self.as_raw());
            let start = api::HPyBytes_AS_STRING(self.ctx().as_raw(), self.as_raw());
            core::slice::from_raw_parts(start.cast(), size as usize)
        }
    }
}

impl Str {
    /// A new str.
    ///
    /// ```
    /// # use hpy::prelude::*;
    /// # fn example<'ctx>(ctx: Ctx<'ctx>, object: Ref<'ctx>) -> PyResult<'ctx> {
    /// let text: Handle<'_, Str> = Str::new(ctx, "name")?;
    /// object.setattr(c"text", &text)?;
    /// # Ok(())
    /// # }
    /// ```
    #[allow(clippy::new_ret_no_self)]
    pub fn new<'ctx>(ctx: Ctx<'ctx>, text: &str) -> PyResult<'ctx, Handle<'ctx, Str>> {
        new_str(ctx, text)
    }

    /// A new str from a literal. `PyUnicode_FromString`.
    ///
    /// ```
    /// # use hpy::prelude::*;
    /// # fn example<'ctx>(ctx: Ctx<'ctx>, text: Ref<'ctx, Str>) -> PyResult<'ctx> {
    /// let name = Str::from_c_str(ctx, c"name")?;
    /// # Ok(())
    /// # }
    /// ```
    pub fn from_c_str<'ctx>(ctx: Ctx<'ctx>, text: &CStr) -> PyResult<'ctx, Handle<'ctx, Str>> {
        // SAFETY: the text ends with a NUL.
        unsafe { Handle::from_new(ctx, api::HPyUnicode_FromString(ctx.as_raw(), text.as_ptr())) }
    }
}

impl Bytes {
    /// A new bytes object with a copy of `data`.
    ///
    /// ```
    /// # use hpy::prelude::*;
    /// # fn example<'ctx>(ctx: Ctx<'ctx>, object: Ref<'ctx>) -> PyResult<'ctx> {
    /// let data: Handle<'_, Bytes> = Bytes::new(ctx, b"\x89PNG")?;
    /// object.call_method(c"write", (&data,))?;
    /// # Ok(())
    /// # }
    /// ```
    #[allow(clippy::new_ret_no_self)]
    pub fn new<'ctx>(ctx: Ctx<'ctx>, data: &[u8]) -> PyResult<'ctx, Handle<'ctx, Bytes>> {
        new_bytes(ctx, data)
    }
}
