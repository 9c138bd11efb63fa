//! File names: `str`, `bytes` and `os.PathLike`, as `os.fsencode` understands them.

use super::{FromPy, IntoPy};
use crate::handle::{Handle, Ref};
use crate::kinds::{Any, Bytes, Kind, Str};
use crate::{Ctx, Hint, PyErr, PyResult};
use std::ffi::{OsStr, OsString};
use std::path::{Path, PathBuf};

impl<'a> FromPy<'a> for OsString {
    const HINT: Hint = Hint::Text("str | bytes | os.PathLike[str] | os.PathLike[bytes]");

    fn from_py(object: Ref<'a, Any>) -> PyResult<'a, Self> {
        let path = if Str::check(&object) || Bytes::check(&object) {
            object.to_owned()
        } else if object.hasattr(c"__fspath__")? {
            object.call_method(c"__fspath__", ())?
        } else {
            return Err(PyErr::wrong_type("str, bytes or os.PathLike object", &*object));
        };
        from_plain(&path).map_err(|error| error.rebind(object.ctx()))
    }
}

#[cfg(unix)]
fn from_plain<'a>(path: &'a Handle<'_, Any>) -> PyResult<'a, OsString> {
    use std::os::unix::ffi::OsStringExt;
    let path: Ref<'a, Any> = path.as_ref();
    let bytes = match Ref::<'a, Str>::from_py(path) {
        Ok(text) => text.fs_encode().map_err(|error| error.rebind(path.ctx()))?,
        Err(error) => {
            drop(error);
            Ref::<'a, Bytes>::from_py(path)?.to_owned()
        }
    };
    Ok(OsString::from_vec(bytes.as_bytes().to_vec()))
}

#[cfg(not(unix))]
fn from_plain<'a>(path: &'a Handle<'_, Any>) -> PyResult<'a, OsString> {
    let path: Ref<'a, Any> = path.as_ref();
    if let Ok(bytes) = Ref::<'a, Bytes>::from_py(path) {
        return Ok(std::str::from_utf8(bytes.as_bytes())?.into());
    }
    <&str>::from_py(path).map(OsString::from)
}

impl<'a> FromPy<'a> for PathBuf {
    const HINT: Hint = Hint::Text("str | bytes | os.PathLike[str] | os.PathLike[bytes]");

    fn from_py(object: Ref<'a, Any>) -> PyResult<'a, Self> {
        OsString::from_py(object).map(PathBuf::from)
    }
}

/// A str, with what is not text escaped as `os.fsdecode` does.
impl<'ctx> IntoPy<'ctx> for &OsStr {
    const HINT: Hint = Hint::Text("str");

    #[cfg(unix)]
    fn into_py(self, ctx: Ctx<'ctx>) -> PyResult<'ctx, Handle<'ctx, Any>> {
        use std::os::unix::ffi::OsStrExt;
        let bytes = self.as_bytes();
        // SAFETY: the slice is valid for its length.
        unsafe {
            Handle::from_new(
                ctx,
                hpy_sys::api::HPyUnicode_DecodeFSDefaultAndSize(
                    ctx.as_raw(),
                    bytes.as_ptr().cast(),
                    bytes.len() as isize,
                ),
            )
        }
    }

    #[cfg(not(unix))]
    fn into_py(self, ctx: Ctx<'ctx>) -> PyResult<'ctx, Handle<'ctx, Any>> {
        self.to_string_lossy().into_py(ctx)
    }
}

impl<'ctx> IntoPy<'ctx> for OsString {
    const HINT: Hint = Hint::Text("str");

    fn into_py(self, ctx: Ctx<'ctx>) -> PyResult<'ctx, Handle<'ctx, Any>> {
        self.as_os_str().into_py(ctx)
    }
}

/// A `pathlib.Path`.
impl<'ctx> IntoPy<'ctx> for &Path {
    const HINT: Hint = Hint::Text("pathlib.Path");

    fn into_py(self, ctx: Ctx<'ctx>) -> PyResult<'ctx, Handle<'ctx, Any>> {
        ctx.import(c"pathlib")?.call_method(c"Path", (self.as_os_str(),))
    }
}

/// A `pathlib.Path`.
impl<'ctx> IntoPy<'ctx> for PathBuf {
    const HINT: Hint = Hint::Text("pathlib.Path");

    fn into_py(self, ctx: Ctx<'ctx>) -> PyResult<'ctx, Handle<'ctx, Any>> {
        self.as_path().into_py(ctx)
    }
}
