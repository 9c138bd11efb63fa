//! Slices: what is between the brackets of `object[1:-1]`.

use crate::handle::Handle;
use crate::kinds::Slice;
use crate::{Ctx, IntoPy, PyErr, PyResult};
use hpy_sys::api;

impl Slice {
    /// `slice(start, stop, step)`
    ///
    /// ```
    /// # use hpy::prelude::*;
    /// # fn example<'ctx>(ctx: Ctx<'ctx>, object: Ref<'ctx>) -> PyResult<'ctx> {
    /// // object[1:-1]
    /// let middle = Slice::new(ctx, 1, -1, None::<i64>)?;
    /// let part = object.get_item(&middle)?;
    /// # Ok(())
    /// # }
    /// ```
    #[allow(clippy::new_ret_no_self)]
    pub fn new<'ctx>(
        ctx: Ctx<'ctx>,
        start: impl IntoPy<'ctx>,
        stop: impl IntoPy<'ctx>,
        step: impl IntoPy<'ctx>,
    ) -> PyResult<'ctx, Handle<'ctx, Slice>> {
        ctx.builtin(c"slice")?.call((start, stop, step))?.cast()
    }
}

/// What a slice selects of a sequence.
///
/// ```
/// # use hpy::prelude::*;
/// # fn example<'ctx>(ctx: Ctx<'ctx>, slice: Ref<'ctx, Slice>) -> PyResult<'ctx> {
/// let chosen = slice.indices(10)?;
/// let places = (0..chosen.len as isize).map(|n| chosen.start + n * chosen.step);
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct SliceIndices {
    /// Index of the first item.
    pub start: isize,
    /// Distance between items, never 0.
    pub step: isize,
    /// How many items.
    pub len: usize,
}

impl<'ctx> Handle<'ctx, Slice> {
    /// What it selects of a sequence of `len` items. ValueError where the step is 0. `PySlice_Unpack`
    /// and `PySlice_AdjustIndices`.
    ///
    /// ```
    /// # use hpy::prelude::*;
    /// # fn example<'ctx>(ctx: Ctx<'ctx>) -> PyResult<'ctx> {
    /// let indices = Slice::new(ctx, 8, None::<i64>, -3)?.indices(6)?;
    /// assert_eq!((indices.start, indices.step, indices.len), (5, -3, 2));
    /// # Ok(())
    /// # }
    /// ```
    pub fn indices(&self, len: usize) -> PyResult<'ctx, SliceIndices> {
        let ctx = self.ctx();
        let (mut start, mut stop, mut step) = (0isize, 0isize, 0isize);
        // SAFETY: the handle is an open slice, the pointers are to locals.
        let done = unsafe {
            api::HPySlice_Unpack(
                ctx.as_raw(),
                self.as_raw(),
                &raw mut start,
                &raw mut stop,
                &raw mut step,
            )
        };
        if done < 0 {
            return Err(PyErr::pending(ctx));
        }
        let len = len as isize;
        let clamp = |index: isize| {
            let index = if index < 0 { index.saturating_add(len) } else { index };
            if step < 0 { index.clamp(-1, len - 1) } else { index.clamp(0, len) }
        };
        let (start, stop) = (clamp(start), clamp(stop));
        let count = if step < 0 {
            if stop < start { (start - stop - 1) / step.saturating_neg() + 1 } else { 0 }
        } else if start < stop {
            (stop - start - 1) / step + 1
        } else {
            0
        };
        Ok(SliceIndices { start, step, len: count as usize })
    }
}
