//! Many numbers in one call of the runtime, by its extension table; item by item where it has none.

use super::IntoPy;
use crate::handle::{Handle, Ref};
use crate::kinds::{Any, Kind, List, Tuple};
use crate::{Ctx, PyErr, PyResult, runtime};
use hpy_sys::ext::HPyExtensions;
use hpy_sys::{HPy, HPyContext};

type Read<T> = unsafe extern "C" fn(*mut HPyContext, HPy, *mut T, isize) -> isize;
type Make<T> = unsafe extern "C" fn(*mut HPyContext, *const T, isize) -> HPy;

/// A list or tuple of numbers; None for anything else.
#[doc(hidden)]
pub fn read<'a, T: Copy>(object: Ref<'a, Any>, read: Read<T>) -> PyResult<'a, Option<Vec<T>>> {
    if !List::check(&object) && !Tuple::check(&object) {
        return Ok(None);
    }
    let ctx = object.ctx();
    let mut values = Vec::with_capacity(object.len()?);
    loop {
        let capacity = values.capacity();
        // SAFETY: the handle is open; the vector has room for as many as said.
        let count =
            unsafe { read(ctx.as_raw(), object.as_raw(), values.as_mut_ptr(), capacity as isize) };
        let Ok(count) = usize::try_from(count) else {
            // Item by item finds the same fault and can say where it is.
            drop(PyErr::pending(ctx));
            return Ok(None);
        };
        if count <= capacity {
            // SAFETY: the runtime has written that many.
            unsafe { values.set_len(count) };
            return Ok(Some(values));
        }
        // A conversion that runs Python code may change the list.
        values.reserve(count);
    }
}

/// A list of these numbers.
#[doc(hidden)]
pub fn list_of<'ctx, T: IntoPy<'ctx> + Copy>(
    ctx: Ctx<'ctx>,
    items: &[T],
    make: impl FnOnce(&HPyExtensions) -> Make<T>,
) -> PyResult<'ctx, Handle<'ctx, List>> {
    match runtime::extensions(ctx) {
        // SAFETY: the slice is valid for its length; the runtime makes a list.
        Some(table) => unsafe {
            let raw = make(table)(ctx.as_raw(), items.as_ptr(), items.len() as isize);
            Handle::from_new(ctx, raw)
        },
        None => List::from_items(ctx, items.len(), core::iter::empty::<T>(), items.iter().copied()),
    }
}

/// A list of the numbers of an iterator. `convert` gives a number as the runtime takes it, or back what it takes
/// only item by item.
#[doc(hidden)]
#[doc(hidden)]
#[inline]
pub fn list<'ctx, T, N, E>(
    ctx: Ctx<'ctx>,
    mut items: impl ExactSizeIterator<Item = T>,
    convert: impl Fn(T) -> Result<N, E>,
    make: impl FnOnce(&HPyExtensions) -> Make<N>,
) -> PyResult<'ctx, Handle<'ctx, List>>
where
    T: IntoPy<'ctx> + Copy,
    N: IntoPy<'ctx> + Copy,
{
    let len = items.len();
    if runtime::extensions(ctx).is_none() {
        return List::from_items(ctx, len, core::iter::empty::<T>(), items);
    }
    let mut values = Vec::with_capacity(len);
    let mut filled = 0;
    for (place, item) in values.spare_capacity_mut()[..len].iter_mut().zip(items.by_ref()) {
        let Ok(value) = convert(item) else {
            // SAFETY: that many were written.
            unsafe { values.set_len(filled) };
            return List::from_items(ctx, len, values, core::iter::once(item).chain(items));
        };
        place.write(value);
        filled += 1;
    }
    // An iterator may be wrong about its length.
    assert!(filled == len, "an iterator gave fewer items than its len()");
    assert!(items.next().is_none(), "an iterator gave more items than its len()");
    // SAFETY: that many were written.
    unsafe { values.set_len(len) };
    list_of(ctx, &values, make)
}
