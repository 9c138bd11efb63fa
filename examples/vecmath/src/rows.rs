//! The iterator of an array.

use crate::array::Array;
use hpy::prelude::*;

/// Iterates over the first dimension of an array.
#[hpy::class]
pub struct Rows {
    pub array: Field<Array>,
    pub next: isize,
}

#[hpy::methods]
impl Rows {
    fn __iter__(slf: Ref<'_, Self>) -> Ref<'_, Self> {
        slf
    }

    fn __next__<'ctx>(slf: Ref<'ctx, Self>) -> PyResult<'ctx, Option<Handle<'ctx>>> {
        let Some(array) = slf.load(|rows| &rows.array)? else { return Ok(None) };
        let place = slf.borrow()?.next;
        let view = &array.borrow()?.view;
        if place as usize >= view.shape[0] {
            slf.store::<Array>(|rows| &rows.array, None)?;
            return Ok(None);
        }
        slf.borrow_mut()?.next = place + 1;
        array.get_index(place).map(Some)
    }
}
