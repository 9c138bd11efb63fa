//! The functions of the module: making arrays, and what is done with each of their numbers.

use crate::array::{Array, based};
use crate::math::{self, Operator};
use crate::operand::{self, Operand, Shape};
use crate::view::{View, shown};
use hpy::prelude::*;

/// A new array of numbers, nested lists or tuples of them, or a copy of anything with a buffer of numbers.
#[hpy::function]
pub fn array(object: Ref<'_>) -> PyResult<'_, Array> {
    operand::copied(object).map(Array::from)
}

/// An array that shows the memory of an object with a buffer of float64; a new one of other objects.
#[hpy::function]
pub fn asarray<'ctx>(ctx: Ctx<'ctx>, object: Ref<'ctx>) -> PyResult<'ctx, Handle<'ctx, Array>> {
    if object.is_kind::<Array>() {
        return object.to_owned().cast();
    }
    if !object.is_kind::<List>() && !object.is_kind::<Tuple>() {
        let memory = match ctx.builtin(c"memoryview")?.call((object,)) {
            Ok(memory) => Some(memory),
            Err(error) => {
                drop(error);
                None
            }
        };
        if let Some(memory) = memory
            && let Ok(buffer) = Buffer::<f64>::new(&memory)
            && buffer.is_view()
        {
            // SAFETY: the memoryview keeps the memory, and the array the memoryview.
            let view = unsafe {
                View::foreign(
                    buffer.as_ptr(),
                    buffer.shape(),
                    buffer.strides(),
                    buffer.is_readonly(),
                )
            };
            return based(ctx, view, Some(memory));
        }
    }
    Handle::instance(ctx, Array::from(operand::copied(object)?))
}

fn filled(shape: Shape, value: f64) -> Array {
    View::new(vec![value; shape.0.iter().product()], shape.0).into()
}

/// An array of zeros.
#[hpy::function]
pub fn zeros(shape: Shape) -> Array {
    filled(shape, 0.0)
}

/// An array of ones.
#[hpy::function]
pub fn ones(shape: Shape) -> Array {
    filled(shape, 1.0)
}

/// An array of one number.
#[hpy::function]
pub fn full(shape: Shape, value: f64) -> Array {
    filled(shape, value)
}

/// Ones on the diagonal, zeros elsewhere.
#[hpy::function]
pub fn eye(size: usize) -> PyResult<'static, Array> {
    let count = crate::view::count(&[size, size])?;
    let values = (0..count).map(|place| if place % (size + 1) == 0 { 1.0 } else { 0.0 }).collect();
    Ok(View::new(values, vec![size, size]).into())
}

/// Numbers from `start` (0) up to `stop`, which is left out, `step` apart.
#[hpy::function(signature = (start, stop = None, step = 1.0))]
pub fn arange(start: f64, stop: Option<f64>, step: f64) -> PyResult<'static, Array> {
    let (start, stop) = stop.map_or((0.0, start), |stop| (start, stop));
    if step == 0.0 || !(start.is_finite() && stop.is_finite() && step.is_finite()) {
        return Err(ValueError::new("arange() needs finite numbers and a step other than 0"));
    }
    let length = ((stop - start) / step).ceil().max(0.0);
    let count = crate::view::count(&[length as usize])?;
    Ok(View::new((0..count).map(|n| start + n as f64 * step).collect(), vec![count]).into())
}

/// `num` numbers from `start` to `stop`, both included.
#[hpy::function(signature = (start, stop, num = 50))]
pub fn linspace(start: f64, stop: f64, num: usize) -> PyResult<'static, Array> {
    crate::view::count(&[num])?;
    let step = (stop - start) / num.saturating_sub(1).max(1) as f64;
    let value = |n: usize| if n + 1 == num && num > 1 { stop } else { start + n as f64 * step };
    Ok(View::new((0..num).map(value).collect(), vec![num]).into())
}

/// An array of the bytes that `tobytes` gave.
#[hpy::function]
pub fn frombytes(data: &[u8], shape: Shape) -> PyResult<'static, Array> {
    let (items, rest) = data.as_chunks::<8>();
    if !rest.is_empty() || items.len() != shape.0.iter().product() {
        return Err(ValueError::new(format!(
            "an array of shape {} has {} bytes, not {}",
            shown(&shape.0),
            8 * shape.0.iter().product::<usize>(),
            data.len()
        )));
    }
    let values = items.iter().map(|bytes| f64::from_le_bytes(*bytes)).collect();
    Ok(View::new(values, shape.0).into())
}

/// The numbers of `a` where `condition` is other than 0, those of `b` elsewhere.
#[hpy::function]
#[hpy(name = "where")]
pub fn choose(condition: Operand, a: Operand, b: Operand) -> PyResult<'static, Array> {
    let wanted = math::binary(
        &condition.view,
        &View::new(vec![0.0], Vec::new()),
        Operator::Compare(Compare::Ne),
    )?;
    // Of each of the two a shape that holds all three.
    let both = math::binary(&a.view, &b.view, Operator::Right)?;
    let whole = math::binary(&both, &wanted, Operator::Right)?;
    let stretched = |view: &View| view.broadcast(&whole.shape);
    let (Some(wanted), Some(a), Some(b)) =
        (stretched(&wanted), stretched(&a.view), stretched(&b.view))
    else {
        return Err(ValueError::new("operands could not be broadcast together"));
    };
    let (wanted, a, b) = (wanted.to_vec(), a.to_vec(), b.to_vec());
    let values = wanted
        .iter()
        .zip(a.iter().zip(&b))
        .map(|(wanted, (a, b))| if *wanted != 0.0 { *a } else { *b });
    Ok(View::new(values.collect(), whole.shape.clone()).into())
}

/// Arrays one after the other along an axis.
#[hpy::function(signature = (arrays, axis = 0))]
pub fn concatenate<'ctx>(arrays: Ref<'ctx>, axis: isize) -> PyResult<'ctx, Array> {
    let mut views = Vec::new();
    for item in arrays.iter()? {
        let item = item?;
        views.push(operand::copied(item.as_ref()).map_err(|error| error.rebind(arrays.ctx()))?);
    }
    let Some(first) = views.first() else {
        return Err(ValueError::new("need at least one array to concatenate"));
    };
    let axis = math::axis(axis, first.dimensions())?;
    let mut shape = first.shape.clone();
    shape[axis] = 0;
    for view in &views {
        let mut other = view.shape.clone();
        let length = other.get(axis).copied().unwrap_or(0);
        if let Some(place) = other.get_mut(axis) {
            *place = shape[axis];
        }
        if other != shape {
            return Err(ValueError::new(
                "all the input array dimensions except for the concatenation axis must match exactly",
            ));
        }
        shape[axis] += length;
    }
    let whole = View::new(vec![0.0; crate::view::count(&shape)?], shape);
    let mut start = 0;
    for view in &views {
        let offset = start as isize * whole.strides[axis];
        // SAFETY: the lengths along the axis add up to that of the whole, the others are the same.
        let part = unsafe { whole.part(offset, view.shape.clone(), whole.strides.clone()) };
        math::in_place(&part, view, Operator::Right)?;
        start += view.shape[axis];
    }
    Ok(whole.into())
}

/// The smaller number of each two; NaN where there is one.
#[hpy::function]
pub fn minimum(a: Operand, b: Operand) -> PyResult<'static, Array> {
    math::binary(&a.view, &b.view, Operator::Minimum).map(Array::from)
}

/// The larger number of each two; NaN where there is one.
#[hpy::function]
pub fn maximum(a: Operand, b: Operand) -> PyResult<'static, Array> {
    math::binary(&a.view, &b.view, Operator::Maximum).map(Array::from)
}

/// The square root of each number.
#[hpy::function]
pub fn sqrt(x: Operand) -> Array {
    x.view.map(f64::sqrt).into()
}

/// e to the power of each number.
#[hpy::function]
pub fn exp(x: Operand) -> Array {
    x.view.map(f64::exp).into()
}

/// The natural logarithm of each number.
#[hpy::function]
pub fn log(x: Operand) -> Array {
    x.view.map(f64::ln).into()
}

/// The sine of each number.
#[hpy::function]
pub fn sin(x: Operand) -> Array {
    x.view.map(f64::sin).into()
}

/// The cosine of each number.
#[hpy::function]
pub fn cos(x: Operand) -> Array {
    x.view.map(f64::cos).into()
}

/// The tangent of each number.
#[hpy::function]
pub fn tan(x: Operand) -> Array {
    x.view.map(f64::tan).into()
}

/// The whole number below each number.
#[hpy::function]
pub fn floor(x: Operand) -> Array {
    x.view.map(f64::floor).into()
}

/// The whole number above each number.
#[hpy::function]
pub fn ceil(x: Operand) -> Array {
    x.view.map(f64::ceil).into()
}
