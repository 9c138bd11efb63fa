//! Names for Python: attributes, keys, modules.

use crate::handle::Handle;
use crate::kinds::Str;
use crate::{Ctx, PyErr, PyResult, exc};
use core::ffi::CStr;
use core::mem::MaybeUninit;

/// Longest name, with its NUL, that needs no allocation.
const ON_STACK: usize = 96;

/// What names an attribute, a key, a module: `c"name"` (free of cost), `"name"` (copied to add the NUL that
/// the ABI wants) or a Python str.
///
/// ```
/// # use hpy::prelude::*;
/// # fn example<'ctx>(ctx: Ctx<'ctx>, object: Ref<'ctx>) -> PyResult<'ctx> {
/// object.getattr(c"name")?; // free of cost
/// object.getattr("name")?; // copied
/// let name = Str::new(ctx, "name")?;
/// object.getattr(&name)?; // a Python str
/// # Ok(())
/// # }
/// ```
pub trait Name {
    /// Calls `f` with the name as UTF-8 and a NUL behind it. ValueError where the name has a NUL inside.
    #[doc(hidden)]
    fn with_c_str<'ctx, R>(
        self,
        ctx: Ctx<'ctx>,
        f: impl FnOnce(&CStr) -> PyResult<'ctx, R>,
    ) -> PyResult<'ctx, R>;

    /// The name as a Python str, where it is one already.
    #[doc(hidden)]
    #[inline(always)]
    fn as_handle(&self) -> Option<hpy_sys::HPy> {
        None
    }
}

impl Name for &CStr {
    #[inline(always)]
    fn with_c_str<'ctx, R>(
        self,
        _ctx: Ctx<'ctx>,
        f: impl FnOnce(&CStr) -> PyResult<'ctx, R>,
    ) -> PyResult<'ctx, R> {
        f(self)
    }
}

impl Name for &str {
    fn with_c_str<'ctx, R>(
        self,
        _ctx: Ctx<'ctx>,
        f: impl FnOnce(&CStr) -> PyResult<'ctx, R>,
    ) -> PyResult<'ctx, R> {
        let bytes = self.as_bytes();
        if bytes.len() < ON_STACK {
            let mut buffer = [MaybeUninit::<u8>::uninit(); ON_STACK];
            for (place, byte) in buffer.iter_mut().zip(bytes.iter().chain([&0])) {
                place.write(*byte);
            }
            // SAFETY: the loop has written the name and the NUL, `len + 1` bytes.
            let filled = unsafe {
                core::slice::from_raw_parts(buffer.as_ptr().cast::<u8>(), bytes.len() + 1)
            };
            return f(CStr::from_bytes_with_nul(filled).map_err(|_| nul_inside())?);
        }
        f(&std::ffi::CString::new(bytes).map_err(|_| nul_inside())?)
    }
}

impl Name for &String {
    fn with_c_str<'ctx, R>(
        self,
        ctx: Ctx<'ctx>,
        f: impl FnOnce(&CStr) -> PyResult<'ctx, R>,
    ) -> PyResult<'ctx, R> {
        self.as_str().with_c_str(ctx, f)
    }
}

impl Name for &Handle<'_, Str> {
    fn with_c_str<'ctx, R>(
        self,
        ctx: Ctx<'ctx>,
        f: impl FnOnce(&CStr) -> PyResult<'ctx, R>,
    ) -> PyResult<'ctx, R> {
        match self.to_str() {
            Ok(text) => text.with_c_str(ctx, f),
            Err(error) => Err(error.rebind(ctx)),
        }
    }

    #[inline(always)]
    fn as_handle(&self) -> Option<hpy_sys::HPy> {
        Some(self.as_raw())
    }
}

#[cold]
fn nul_inside() -> PyErr<'static> {
    exc::ValueError::new("embedded null character")
}
