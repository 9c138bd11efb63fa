//! Iteration.
//!
//! `HPy_GetIter` and `HPyIter_Next` came with a later version of the ABI than PyPI's 0.9.0: runtimes that
//! lack them are driven through `iter()` and `next()`.

use crate::handle::Handle;
use crate::kinds::Any;
use crate::{PyErr, PyResult, runtime};
use hpy_sys::{HPy, api};

/// A Python iterator as a Rust one: `for item in object.iter()? { let item = item?; ... }`.
///
/// ```
/// # use hpy::prelude::*;
/// # fn example<'ctx>(ctx: Ctx<'ctx>, object: Ref<'ctx>) -> PyResult<'ctx> {
/// for item in object.iter()? {
///     println!("{:?}", item?);
/// }
/// # Ok(())
/// # }
/// ```
pub struct PyIter<'ctx> {
    iterator: Handle<'ctx, Any>,
    /// `next` of builtins and a sentinel, where the runtime has no `HPyIter_Next`.
    fallback: Option<(Handle<'ctx, Any>, Handle<'ctx, Any>)>,
}

impl<'ctx, T> Handle<'ctx, T> {
    /// `iter(object)`
    ///
    /// ```
    /// # use hpy::prelude::*;
    /// # fn example<'ctx>(ctx: Ctx<'ctx>, object: Ref<'ctx>) -> PyResult<'ctx> {
    /// let numbers = object.iter()?.map(|item| item?.extract()).collect::<PyResult<'ctx, Vec<i64>>>()?;
    /// # Ok(())
    /// # }
    /// ```
    pub fn iter(&self) -> PyResult<'ctx, PyIter<'ctx>> {
        let ctx = self.ctx();
        if runtime::has_newer_functions() {
            // SAFETY: the handle is open; this runtime has the function.
            let iterator =
                unsafe { Handle::from_new(ctx, api::HPy_GetIter(ctx.as_raw(), self.as_raw()))? };
            return Ok(PyIter { iterator, fallback: None });
        }
        let iterator = ctx.builtin(c"iter")?.call((self.clone().into_any(),))?;
        let next = ctx.builtin(c"next")?;
        let sentinel = ctx.builtin(c"object")?.call0()?;
        Ok(PyIter { iterator, fallback: Some((next, sentinel)) })
    }
}

impl<'ctx> Iterator for PyIter<'ctx> {
    type Item = PyResult<'ctx, Handle<'ctx, Any>>;

    fn next(&mut self) -> Option<Self::Item> {
        let ctx = self.iterator.ctx();
        if let Some((next, sentinel)) = &self.fallback {
            return match next.call((&self.iterator, sentinel)) {
                Ok(item) if item.is(sentinel) => None,
                other => Some(other),
            };
        }
        // SAFETY: the iterator is open; a fallback is there where the runtime lacks the function.
        unsafe {
            let item: HPy = api::HPyIter_Next(ctx.as_raw(), self.iterator.as_raw());
            if !item.is_null() {
                return Some(Ok(Handle::from_raw(ctx, item)));
            }
            (api::HPyErr_Occurred(ctx.as_raw()) != 0).then(|| Err(PyErr::pending(ctx)))
        }
    }
}
