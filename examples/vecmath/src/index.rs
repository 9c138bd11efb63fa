//! What stands between the brackets of `a[...]`.

use crate::view::View;
use hpy::prelude::*;

/// One item of an index.
enum Part<'a> {
    At(isize),
    Slice(Handle<'a, Slice>),
    Ellipsis,
    NewAxis,
}

fn part<'a>(item: Handle<'a>) -> PyResult<'a, Part<'a>> {
    let ctx = item.ctx();
    if item.is_none() {
        return Ok(Part::NewAxis);
    }
    if item.is(&ctx.ellipsis()) {
        return Ok(Part::Ellipsis);
    }
    if item.is_kind::<Slice>() {
        return Ok(Part::Slice(item.cast()?));
    }
    if item.is_kind::<Bool>() || !item.hasattr(c"__index__")? {
        return Err(IndexError::new(
            "only integers, slices (`:`), ellipsis (`...`) and newaxis (`None`) are valid indices",
        ));
    }
    Ok(Part::At(item.index()?.extract()?))
}

/// The place of an index that may count from the end.
pub fn place<'a>(index: isize, axis: usize, size: usize) -> PyResult<'a, usize> {
    let from_start = if index < 0 { index + size as isize } else { index };
    if from_start < 0 || from_start >= size as isize {
        return Err(IndexError::new(format!(
            "index {index} is out of bounds for axis {axis} with size {size}"
        )));
    }
    Ok(from_start as usize)
}

/// The part of a view that an index selects.
pub fn select<'a>(view: &View, index: Ref<'a>) -> PyResult<'a, View> {
    let mut parts = Vec::new();
    if index.is_kind::<Tuple>() {
        let index: Handle<'_, Tuple> = index.to_owned().cast()?;
        for item in index.items()? {
            parts.push(part(item?)?);
        }
    } else {
        parts.push(part(index.to_owned())?);
    }
    let used = parts.iter().filter(|part| matches!(part, Part::At(_) | Part::Slice(_))).count();
    let ellipses = parts.iter().filter(|part| matches!(part, Part::Ellipsis)).count();
    if ellipses > 1 {
        return Err(IndexError::new("an index can only have a single ellipsis ('...')"));
    }
    let Some(rest) = view.dimensions().checked_sub(used) else {
        return Err(IndexError::new(format!(
            "too many indices for array: array is {}-dimensional, but {used} were indexed",
            view.dimensions()
        )));
    };
    if ellipses == 0 {
        parts.push(Part::Ellipsis);
    }
    let (mut shape, mut strides) = (Vec::new(), Vec::new());
    let mut offset = 0;
    let mut axis = 0;
    for part in parts {
        match part {
            Part::NewAxis => {
                shape.push(1);
                strides.push(0);
            }
            Part::Ellipsis => {
                shape.extend(&view.shape[axis..axis + rest]);
                strides.extend(&view.strides[axis..axis + rest]);
                axis += rest;
            }
            Part::At(index) => {
                let place = place(index, axis, view.shape[axis])?;
                offset += place as isize * view.strides[axis];
                axis += 1;
            }
            Part::Slice(slice) => {
                let indices = slice.indices(view.shape[axis])?;
                if indices.len > 0 {
                    offset += indices.start * view.strides[axis];
                }
                shape.push(indices.len);
                strides.push(view.strides[axis].wrapping_mul(indices.step));
                axis += 1;
            }
        }
    }
    crate::view::count(&shape)?;
    // SAFETY: each index was found to be in its axis, slices are cut to it; an empty part reaches nothing.
    Ok(unsafe { view.part(offset, shape, strides) })
}
