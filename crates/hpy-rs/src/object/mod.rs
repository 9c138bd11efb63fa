//! What every object can do.

mod call;
mod collections;
mod iter;
mod number;
mod slice;

pub use call::{Arg, CallArgs, KwArgs};
pub use collections::{ListItems, TupleItems};
pub use iter::PyIter;
pub use number::Compare;
pub use slice::SliceIndices;

use crate::handle::{Handle, Ref};
use crate::kinds::{Any, Bytes, Str, Type};
use crate::name::Name;
use crate::{Ctx, FromPy, IntoPy, PyErr, PyResult, shortcuts};
use core::ffi::CStr;
use core::ffi::c_int;
use hpy_sys::api;

/// The result of a context function that returns -1 with an exception on failure.
#[inline(always)]
pub(crate) fn status<'ctx>(ctx: Ctx<'ctx>, value: c_int) -> PyResult<'ctx, c_int> {
    if value < 0 { Err(PyErr::pending(ctx)) } else { Ok(value) }
}

impl<'ctx, T> Handle<'ctx, T> {
    /// `object.name`
    ///
    /// ```
    /// # use hpy::prelude::*;
    /// # fn example<'ctx>(ctx: Ctx<'ctx>, object: Ref<'ctx>) -> PyResult<'ctx> {
    /// let name: String = object.getattr(c"__name__")?.extract()?;
    /// # Ok(())
    /// # }
    /// ```
    pub fn getattr(&self, name: impl Name) -> PyResult<'ctx, Handle<'ctx, Any>> {
        let ctx = self.ctx();
        // SAFETY: the handles are open, the name ends with a NUL.
        unsafe {
            match name.as_handle() {
                Some(name) => {
                    Handle::from_new(ctx, api::HPy_GetAttr(ctx.as_raw(), self.as_raw(), name))
                }
                None => name.with_c_str(ctx, |name| {
                    Handle::from_new(
                        ctx,
                        api::HPy_GetAttr_s(ctx.as_raw(), self.as_raw(), name.as_ptr()),
                    )
                }),
            }
        }
    }

    /// `hasattr(object, name)`; errors other than AttributeError count as no.
    ///
    /// ```
    /// # use hpy::prelude::*;
    /// # fn example<'ctx>(ctx: Ctx<'ctx>, object: Ref<'ctx>) -> PyResult<'ctx> {
    /// if object.hasattr(c"close")? {
    ///     object.call_method(c"close", ())?;
    /// }
    /// # Ok(())
    /// # }
    /// ```
    pub fn hasattr(&self, name: impl Name) -> PyResult<'ctx, bool> {
        let ctx = self.ctx();
        name.with_c_str(ctx, |name| {
            // SAFETY: the handle is open, the name ends with a NUL.
            Ok(unsafe { api::HPy_HasAttr_s(ctx.as_raw(), self.as_raw(), name.as_ptr()) } != 0)
        })
    }

    /// `object.name = value`
    ///
    /// ```
    /// # use hpy::prelude::*;
    /// # fn example<'ctx>(ctx: Ctx<'ctx>, object: Ref<'ctx>) -> PyResult<'ctx> {
    /// object.setattr(c"size", 3)?;
    /// # Ok(())
    /// # }
    /// ```
    pub fn setattr(&self, name: impl Name, value: impl IntoPy<'ctx>) -> PyResult<'ctx> {
        let ctx = self.ctx();
        let value = value.into_py(ctx)?;
        name.with_c_str(ctx, |name| {
            // SAFETY: the handles are open, the name ends with a NUL.
            let done = unsafe {
                api::HPy_SetAttr_s(ctx.as_raw(), self.as_raw(), name.as_ptr(), value.as_raw())
            };
            status(ctx, done).map(drop)
        })
    }

    /// `del object.name`
    ///
    /// ```
    /// # use hpy::prelude::*;
    /// # fn example<'ctx>(ctx: Ctx<'ctx>, object: Ref<'ctx>) -> PyResult<'ctx> {
    /// object.delattr(c"size")?;
    /// # Ok(())
    /// # }
    /// ```
    pub fn delattr(&self, name: impl Name) -> PyResult<'ctx> {
        let ctx = self.ctx();
        name.with_c_str(ctx, |name| {
            // SAFETY: the handle is open, the name ends with a NUL; no value deletes.
            let done = unsafe {
                api::HPy_SetAttr_s(ctx.as_raw(), self.as_raw(), name.as_ptr(), hpy_sys::HPy::NULL)
            };
            status(ctx, done).map(drop)
        })
    }

    /// `object[key]`
    ///
    /// ```
    /// # use hpy::prelude::*;
    /// # fn example<'ctx>(ctx: Ctx<'ctx>, object: Ref<'ctx>) -> PyResult<'ctx> {
    /// let value = object.get_item("key")?;
    /// # Ok(())
    /// # }
    /// ```
    pub fn get_item(&self, key: impl IntoPy<'ctx>) -> PyResult<'ctx, Handle<'ctx, Any>> {
        let ctx = self.ctx();
        let key = key.into_py(ctx)?;
        // SAFETY: the handles are open.
        unsafe {
            Handle::from_new(ctx, api::HPy_GetItem(ctx.as_raw(), self.as_raw(), key.as_raw()))
        }
    }

    /// `object[index]`, negative indices from the end.
    ///
    /// ```
    /// # use hpy::prelude::*;
    /// # fn example<'ctx>(ctx: Ctx<'ctx>, object: Ref<'ctx>) -> PyResult<'ctx> {
    /// let first = object.get_index(0)?;
    /// let last = object.get_index(-1)?;
    /// # Ok(())
    /// # }
    /// ```
    #[inline]
    pub fn get_index(&self, index: isize) -> PyResult<'ctx, Handle<'ctx, Any>> {
        let ctx = self.ctx();
        // SAFETY: the handle is open.
        unsafe { Handle::from_new(ctx, shortcuts::item(ctx, self.as_raw(), index)) }
    }

    /// `object["key"]`
    ///
    /// ```
    /// # use hpy::prelude::*;
    /// # fn example<'ctx>(ctx: Ctx<'ctx>, object: Ref<'ctx>) -> PyResult<'ctx> {
    /// let port: u16 = object.get_item_str(c"port")?.extract()?;
    /// # Ok(())
    /// # }
    /// ```
    pub fn get_item_str(&self, key: impl Name) -> PyResult<'ctx, Handle<'ctx, Any>> {
        let ctx = self.ctx();
        key.with_c_str(ctx, |key| {
            // SAFETY: the handle is open, the key ends with a NUL.
            unsafe {
                Handle::from_new(ctx, api::HPy_GetItem_s(ctx.as_raw(), self.as_raw(), key.as_ptr()))
            }
        })
    }

    /// `object[key] = value`
    ///
    /// ```
    /// # use hpy::prelude::*;
    /// # fn example<'ctx>(ctx: Ctx<'ctx>, object: Ref<'ctx>) -> PyResult<'ctx> {
    /// object.set_item("key", 1)?;
    /// object.set_item(2, "two")?;
    /// # Ok(())
    /// # }
    /// ```
    pub fn set_item(&self, key: impl IntoPy<'ctx>, value: impl IntoPy<'ctx>) -> PyResult<'ctx> {
        let ctx = self.ctx();
        let key = key.into_py(ctx)?;
        let value = value.into_py(ctx)?;
        // SAFETY: the handles are open.
        let done =
            unsafe { api::HPy_SetItem(ctx.as_raw(), self.as_raw(), key.as_raw(), value.as_raw()) };
        status(ctx, done).map(drop)
    }

    /// `del object[key]`
    ///
    /// ```
    /// # use hpy::prelude::*;
    /// # fn example<'ctx>(ctx: Ctx<'ctx>, object: Ref<'ctx>) -> PyResult<'ctx> {
    /// object.del_item("key")?;
    /// # Ok(())
    /// # }
    /// ```
    pub fn del_item(&self, key: impl IntoPy<'ctx>) -> PyResult<'ctx> {
        let ctx = self.ctx();
        let key = key.into_py(ctx)?;
        // SAFETY: the handles are open.
        let done = unsafe { api::HPy_DelItem(ctx.as_raw(), self.as_raw(), key.as_raw()) };
        status(ctx, done).map(drop)
    }

    /// `key in object`
    ///
    /// ```
    /// # use hpy::prelude::*;
    /// # fn example<'ctx>(ctx: Ctx<'ctx>, object: Ref<'ctx>) -> PyResult<'ctx> {
    /// let is_there = object.contains("key")?;
    /// # Ok(())
    /// # }
    /// ```
    pub fn contains(&self, key: impl IntoPy<'ctx>) -> PyResult<'ctx, bool> {
        let ctx = self.ctx();
        let key = key.into_py(ctx)?;
        // SAFETY: the handles are open.
        let found = unsafe { api::HPy_Contains(ctx.as_raw(), self.as_raw(), key.as_raw()) };
        Ok(status(ctx, found)? != 0)
    }

    /// `len(object)`
    ///
    /// ```
    /// # use hpy::prelude::*;
    /// # fn example<'ctx>(ctx: Ctx<'ctx>, object: Ref<'ctx>) -> PyResult<'ctx> {
    /// let count: usize = object.len()?;
    /// # Ok(())
    /// # }
    /// ```
    #[inline]
    #[allow(clippy::len_without_is_empty)]
    pub fn len(&self) -> PyResult<'ctx, usize> {
        let ctx = self.ctx();
        // SAFETY: the handle is open.
        let len = unsafe {
            match shortcuts::length(ctx, self.as_raw()) {
                // A length that is read is none that failed.
                Some(length) => return Ok(length as usize),
                None => api::HPy_Length(ctx.as_raw(), self.as_raw()),
            }
        };
        usize::try_from(len).map_err(|_| PyErr::pending(ctx))
    }

    /// `bool(object)`
    ///
    /// ```
    /// # use hpy::prelude::*;
    /// # fn example<'ctx>(ctx: Ctx<'ctx>, object: Ref<'ctx>) -> PyResult<'ctx> {
    /// if object.is_true()? {
    ///     object.call0()?;
    /// }
    /// # Ok(())
    /// # }
    /// ```
    #[inline]
    pub fn is_true(&self) -> PyResult<'ctx, bool> {
        let ctx = self.ctx();
        // SAFETY: the handle is open.
        Ok(status(ctx, unsafe { api::HPy_IsTrue(ctx.as_raw(), self.as_raw()) })? != 0)
    }

    /// `object is other`
    ///
    /// ```
    /// # use hpy::prelude::*;
    /// # fn example<'ctx>(ctx: Ctx<'ctx>, object: Ref<'ctx>) -> PyResult<'ctx> {
    /// let is_ellipsis = object.is(&ctx.ellipsis());
    /// # Ok(())
    /// # }
    /// ```
    #[inline]
    pub fn is<U>(&self, other: &Handle<'_, U>) -> bool {
        // SAFETY: the handles are open.
        unsafe { api::HPy_Is(self.ctx().as_raw(), self.as_raw(), other.as_raw()) != 0 }
    }

    /// `object is None`
    ///
    /// ```
    /// # use hpy::prelude::*;
    /// # fn example<'ctx>(ctx: Ctx<'ctx>, object: Ref<'ctx>) -> PyResult<'ctx> {
    /// let value: Option<i64> = if object.is_none() { None } else { object.extract()? };
    /// # Ok(())
    /// # }
    /// ```
    #[inline]
    pub fn is_none(&self) -> bool {
        self.is(&self.ctx().none())
    }

    /// `type(object)`
    ///
    /// ```
    /// # use hpy::prelude::*;
    /// # fn example<'ctx>(ctx: Ctx<'ctx>, object: Ref<'ctx>) -> PyResult<'ctx> {
    /// let kind = object.type_();
    /// let same = kind.call0()?;
    /// # Ok(())
    /// # }
    /// ```
    pub fn type_(&self) -> Handle<'ctx, Type> {
        // SAFETY: the handle is open; every object has a type, so the result is not null.
        unsafe { Handle::from_raw(self.ctx(), api::HPy_Type(self.ctx().as_raw(), self.as_raw())) }
    }

    /// The name of the object's type, for messages.
    ///
    /// ```
    /// # use hpy::prelude::*;
    /// # fn example<'ctx>(ctx: Ctx<'ctx>, object: Ref<'ctx>) -> PyResult<'ctx> {
    /// let message = format!("what to do with {}?", object.type_name());
    /// # Ok(())
    /// # }
    /// ```
    pub fn type_name(&self) -> String {
        self.type_().name()
    }

    /// `isinstance(object, kind)`, without `__instancecheck__`.
    ///
    /// ```
    /// # use hpy::prelude::*;
    /// # fn example<'ctx>(ctx: Ctx<'ctx>, object: Ref<'ctx>) -> PyResult<'ctx> {
    /// let is_set = object.is_instance(&ctx.type_named(c"set")?);
    /// # Ok(())
    /// # }
    /// ```
    pub fn is_instance(&self, kind: &Handle<'_, Type>) -> bool {
        // SAFETY: the handles are open.
        unsafe { api::HPy_TypeCheck(self.ctx().as_raw(), self.as_raw(), kind.as_raw()) != 0 }
    }

    /// `repr(object)`
    ///
    /// ```
    /// # use hpy::prelude::*;
    /// # fn example<'ctx>(ctx: Ctx<'ctx>, object: Ref<'ctx>) -> PyResult<'ctx> {
    /// let text = object.repr()?.to_str()?.to_owned();
    /// # Ok(())
    /// # }
    /// ```
    pub fn repr(&self) -> PyResult<'ctx, Handle<'ctx, Str>> {
        // SAFETY: the handle is open; repr gives a str.
        unsafe { Handle::from_new(self.ctx(), api::HPy_Repr(self.ctx().as_raw(), self.as_raw())) }
    }

    /// `str(object)`
    ///
    /// ```
    /// # use hpy::prelude::*;
    /// # fn example<'ctx>(ctx: Ctx<'ctx>, object: Ref<'ctx>) -> PyResult<'ctx> {
    /// let text: String = object.str()?.extract()?;
    /// # Ok(())
    /// # }
    /// ```
    pub fn str(&self) -> PyResult<'ctx, Handle<'ctx, Str>> {
        // SAFETY: the handle is open; str gives a str.
        unsafe { Handle::from_new(self.ctx(), api::HPy_Str(self.ctx().as_raw(), self.as_raw())) }
    }

    /// `ascii(object)`
    ///
    /// ```
    /// # use hpy::prelude::*;
    /// # fn example<'ctx>(ctx: Ctx<'ctx>, object: Ref<'ctx>) -> PyResult<'ctx> {
    /// let text = object.ascii()?;
    /// # Ok(())
    /// # }
    /// ```
    pub fn ascii(&self) -> PyResult<'ctx, Handle<'ctx, Str>> {
        // SAFETY: the handle is open; ascii gives a str.
        unsafe { Handle::from_new(self.ctx(), api::HPy_ASCII(self.ctx().as_raw(), self.as_raw())) }
    }

    /// `bytes(object)`
    ///
    /// ```
    /// # use hpy::prelude::*;
    /// # fn example<'ctx>(ctx: Ctx<'ctx>, object: Ref<'ctx>) -> PyResult<'ctx> {
    /// let data = object.bytes()?;
    /// let size = data.as_bytes().len();
    /// # Ok(())
    /// # }
    /// ```
    pub fn bytes(&self) -> PyResult<'ctx, Handle<'ctx, Bytes>> {
        // SAFETY: the handle is open; bytes gives a bytes object.
        unsafe { Handle::from_new(self.ctx(), api::HPy_Bytes(self.ctx().as_raw(), self.as_raw())) }
    }

    /// `hash(object)`
    ///
    /// ```
    /// # use hpy::prelude::*;
    /// # fn example<'ctx>(ctx: Ctx<'ctx>, object: Ref<'ctx>) -> PyResult<'ctx> {
    /// let hash: isize = object.hash()?;
    /// # Ok(())
    /// # }
    /// ```
    pub fn hash(&self) -> PyResult<'ctx, isize> {
        let ctx = self.ctx();
        // SAFETY: the handle is open.
        let hash = unsafe { api::HPy_Hash(ctx.as_raw(), self.as_raw()) };
        if hash == -1 { Err(PyErr::pending(ctx)) } else { Ok(hash) }
    }

    /// Converts to a Rust value that borrows nothing from this handle.
    ///
    /// ```
    /// use hpy::prelude::*;
    ///
    /// #[hpy::function]
    /// fn total(items: Ref<'_, Any>) -> PyResult<'_, i64> {
    ///     Ok(items.extract::<Vec<i64>>()?.iter().sum())
    /// }
    /// ```
    #[inline]
    pub fn extract<U>(&self) -> PyResult<'ctx, U>
    where
        U: for<'a> FromPy<'a>,
    {
        let object: Ref<'_, Any> = self.as_ref().as_any();
        U::from_py(object).map_err(|error| error.rebind(self.ctx()))
    }

    /// Converts to a Rust value that may borrow from this handle (`&str`, `&[u8]`).
    ///
    /// ```
    /// # use hpy::prelude::*;
    /// # fn example<'ctx>(ctx: Ctx<'ctx>, object: Ref<'ctx>) -> PyResult<'ctx> {
    /// let words = object.view::<&str>().map_or(0, |text| text.split_whitespace().count());
    /// # Ok(())
    /// # }
    /// ```
    #[inline]
    pub fn view<'a, U: FromPy<'a>>(&'a self) -> PyResult<'a, U> {
        U::from_py(self.as_ref().as_any())
    }
}

impl<'ctx> Handle<'ctx, Type> {
    /// `type.__name__`
    ///
    /// ```
    /// # use hpy::prelude::*;
    /// # fn example<'ctx>(ctx: Ctx<'ctx>, object: Ref<'ctx>) -> PyResult<'ctx> {
    /// let name = object.type_().name();
    /// # Ok(())
    /// # }
    /// ```
    pub fn name(&self) -> String {
        // SAFETY: the handle is an open type; the name lives as long as the type.
        unsafe {
            let name = api::HPyType_GetName(self.ctx().as_raw(), self.as_raw());
            if name.is_null() {
                drop(PyErr::pending(self.ctx()));
                return "object".to_owned();
            }
            CStr::from_ptr(name).to_string_lossy().into_owned()
        }
    }

    /// `issubclass(type, other)`, without `__subclasscheck__`.
    ///
    /// ```
    /// # use hpy::prelude::*;
    /// # fn example<'ctx>(ctx: Ctx<'ctx>, object: Ref<'ctx>) -> PyResult<'ctx> {
    /// let is_error = object.type_().is_subtype(&ctx.type_named(c"Exception")?);
    /// # Ok(())
    /// # }
    /// ```
    pub fn is_subtype(&self, other: &Handle<'_, Type>) -> bool {
        // SAFETY: the handles are open types.
        unsafe { api::HPyType_IsSubtype(self.ctx().as_raw(), self.as_raw(), other.as_raw()) != 0 }
    }
}
