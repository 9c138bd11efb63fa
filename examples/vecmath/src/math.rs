//! Operations on views.

use crate::view::{View, common_shape, count, shown};
use hpy::prelude::*;

/// A binary operator.
#[derive(Clone, Copy)]
pub enum Operator {
    Add,
    Subtract,
    Multiply,
    Divide,
    FloorDivide,
    Remainder,
    Power,
    Minimum,
    Maximum,
    Compare(Compare),
    /// The right operand: what assignment does.
    Right,
}

/// `a // b` of Python, without its error for 0.
fn floor_divide(a: f64, b: f64) -> f64 {
    if b == 0.0 {
        return a / b;
    }
    let quotient = (a - remainder(a, b)) / b;
    // The division may have been off by a rounding.
    let floor = quotient.floor();
    if quotient - floor > 0.5 { floor + 1.0 } else { floor }
}

/// `a % b` of Python, with the sign of `b`.
fn remainder(a: f64, b: f64) -> f64 {
    let rest = a % b;
    if rest == 0.0 {
        return 0.0f64.copysign(b);
    }
    if (rest < 0.0) != (b < 0.0) { rest + b } else { rest }
}

fn minimum(a: f64, b: f64) -> f64 {
    if a <= b || a.is_nan() { a } else { b }
}

fn maximum(a: f64, b: f64) -> f64 {
    if a >= b || a.is_nan() { a } else { b }
}

fn truth(holds: bool) -> f64 {
    f64::from(u8::from(holds))
}

/// Evaluates the body with `$f` as the function of an operator: each operator gets a loop of its own.
macro_rules! by_operator {
    ($operator:expr, $f:ident => $body:expr) => {
        match $operator {
            Operator::Add => {
                let $f = |a: f64, b: f64| a + b;
                $body
            }
            Operator::Subtract => {
                let $f = |a: f64, b: f64| a - b;
                $body
            }
            Operator::Multiply => {
                let $f = |a: f64, b: f64| a * b;
                $body
            }
            Operator::Divide => {
                let $f = |a: f64, b: f64| a / b;
                $body
            }
            Operator::FloorDivide => {
                let $f = floor_divide;
                $body
            }
            Operator::Remainder => {
                let $f = remainder;
                $body
            }
            Operator::Power => {
                let $f = f64::powf;
                $body
            }
            Operator::Minimum => {
                let $f = minimum;
                $body
            }
            Operator::Maximum => {
                let $f = maximum;
                $body
            }
            Operator::Compare(Compare::Lt) => {
                let $f = |a: f64, b: f64| truth(a < b);
                $body
            }
            Operator::Compare(Compare::Le) => {
                let $f = |a: f64, b: f64| truth(a <= b);
                $body
            }
            Operator::Compare(Compare::Eq) => {
                let $f = |a: f64, b: f64| truth(a == b);
                $body
            }
            Operator::Compare(Compare::Ne) => {
                let $f = |a: f64, b: f64| truth(a != b);
                $body
            }
            Operator::Compare(Compare::Gt) => {
                let $f = |a: f64, b: f64| truth(a > b);
                $body
            }
            Operator::Compare(Compare::Ge) => {
                let $f = |a: f64, b: f64| truth(a >= b);
                $body
            }
            Operator::Right => {
                let $f = |_: f64, b: f64| b;
                $body
            }
        }
    };
}

/// One of the views in the shape of both.
fn stretched(view: &View, shape: &[usize]) -> PyResult<'static, View> {
    view.broadcast(shape).ok_or_else(|| {
        ValueError::new(format!("cannot broadcast {} to {}", shown(&view.shape), shown(shape)))
    })
}

/// `a OP b`, broadcast.
pub fn binary(a: &View, b: &View, operator: Operator) -> PyResult<'static, View> {
    // A single number needs no second walk.
    if b.dimensions() == 0 {
        let right = b.get(&[]);
        return Ok(by_operator!(operator, f => a.map(|left| f(left, right))));
    }
    let Some(shape) = common_shape(&a.shape, &b.shape) else {
        return Err(ValueError::new(format!(
            "operands could not be broadcast together with shapes {} {}",
            shown(&a.shape),
            shown(&b.shape)
        )));
    };
    count(&shape)?;
    let (a, b) = (stretched(a, &shape)?, stretched(b, &shape)?);
    Ok(by_operator!(operator, f => a.zip(&b, f)))
}

/// `a OP= b`.
pub fn in_place(a: &View, b: &View, operator: Operator) -> PyResult<'static> {
    if a.is_readonly {
        return Err(ValueError::new("assignment destination is read-only"));
    }
    // Leading dimensions of size 1 may be more than there are.
    let surplus = b.dimensions().saturating_sub(a.dimensions());
    let trimmed;
    let b = if surplus > 0
        && matches!(operator, Operator::Right)
        && b.shape[..surplus].iter().all(|size| *size == 1)
    {
        // SAFETY: dimensions of size 1 reach nothing.
        trimmed = unsafe { b.part(0, b.shape[surplus..].to_vec(), b.strides[surplus..].to_vec()) };
        &trimmed
    } else {
        b
    };
    let Some(b) = b.broadcast(&a.shape) else {
        return Err(ValueError::new(if matches!(operator, Operator::Right) {
            format!(
                "could not broadcast input array from shape {} into shape {}",
                shown(&b.shape),
                shown(&a.shape)
            )
        } else {
            format!(
                "non-broadcastable output operand with shape {} doesn't match the broadcast shape with {}",
                shown(&a.shape),
                shown(&b.shape)
            )
        }));
    };
    let b = if a.overlaps(&b) { View::new(b.to_vec(), b.shape.clone()) } else { b };
    by_operator!(operator, f => a.update(&b, f));
    Ok(())
}

/// What a reduction does with the numbers of a lane.
#[derive(Clone, Copy)]
pub enum Reduction {
    Sum,
    Product,
    Minimum,
    Maximum,
    Mean,
    /// The sum of squared distances from the mean, by the count less the degrees of freedom.
    Variance(f64),
    Deviation(f64),
    All,
    Any,
    /// Index of the first smallest or largest.
    ArgMin,
    ArgMax,
}

/// A sum that loses little: eight sums side by side, which also is what the processor does at once.
fn sum(values: &[f64]) -> f64 {
    if values.len() > 1024 {
        let (left, right) = values.split_at(values.len() / 2 / 8 * 8);
        return sum(left) + sum(right);
    }
    let mut sums = [0.0; 8];
    let blocks = values.chunks_exact(8);
    let rest: f64 = blocks.remainder().iter().sum();
    for block in blocks {
        for (sum, value) in sums.iter_mut().zip(block) {
            *sum += value;
        }
    }
    sums.iter().sum::<f64>() + rest
}

fn variance(values: &[f64], freedom: f64) -> f64 {
    let mean = sum(values) / values.len() as f64;
    let squares: Vec<f64> = values.iter().map(|value| (value - mean) * (value - mean)).collect();
    sum(&squares) / (values.len() as f64 - freedom).max(0.0)
}

/// The index of the first value that no later one is `better` than; a NaN is the best of all.
fn best(values: &[f64], better: impl Fn(f64, f64) -> bool) -> usize {
    let mut found = 0;
    for (index, value) in values.iter().enumerate() {
        if values[found].is_nan() {
            break;
        }
        if value.is_nan() || better(*value, values[found]) {
            found = index;
        }
    }
    found
}

fn reduce_lane(values: &[f64], reduction: Reduction) -> f64 {
    match reduction {
        Reduction::Sum => sum(values),
        Reduction::Product => values.iter().product(),
        Reduction::Minimum => values.iter().copied().reduce(minimum).unwrap_or(f64::NAN),
        Reduction::Maximum => values.iter().copied().reduce(maximum).unwrap_or(f64::NAN),
        Reduction::Mean => sum(values) / values.len() as f64,
        Reduction::Variance(freedom) => variance(values, freedom),
        Reduction::Deviation(freedom) => variance(values, freedom).sqrt(),
        Reduction::All => truth(values.iter().all(|value| *value != 0.0)),
        Reduction::Any => truth(values.iter().any(|value| *value != 0.0)),
        Reduction::ArgMin => best(values, |a, b| a < b) as f64,
        Reduction::ArgMax => best(values, |a, b| a > b) as f64,
    }
}

fn name_without_identity(reduction: Reduction) -> Option<&'static str> {
    match reduction {
        Reduction::Minimum => Some("minimum"),
        Reduction::Maximum => Some("maximum"),
        Reduction::ArgMin => Some("argmin"),
        Reduction::ArgMax => Some("argmax"),
        _ => None,
    }
}

/// An axis that may count from the end.
pub fn axis(axis: isize, dimensions: usize) -> PyResult<'static, usize> {
    let place = if axis < 0 { axis + dimensions as isize } else { axis };
    if place < 0 || place >= dimensions as isize {
        return Err(ValueError::new(format!(
            "axis {axis} is out of bounds for array of dimension {dimensions}"
        )));
    }
    Ok(place as usize)
}

/// A reduction along an axis, or of all numbers.
pub fn reduce(
    view: &View,
    along: Option<isize>,
    keep: bool,
    reduction: Reduction,
) -> PyResult<'static, View> {
    let along = along.map(|index| axis(index, view.dimensions())).transpose()?;
    let length = along.map_or(view.len(), |axis| view.shape[axis]);
    if let (0, Some(name)) = (length, name_without_identity(reduction)) {
        return Err(ValueError::new(format!(
            "zero-size array to reduction operation {name} which has no identity"
        )));
    }
    let Some(along) = along else {
        let shape = if keep { vec![1; view.dimensions()] } else { Vec::new() };
        return Ok(View::new(vec![reduce_lane(&view.to_vec(), reduction)], shape));
    };
    // The axis last: its lanes then follow each other.
    let mut order: Vec<usize> = (0..view.dimensions()).filter(|axis| *axis != along).collect();
    order.push(along);
    let values = transposed(view, &order).to_vec();
    let mut shape = view.shape.clone();
    shape[along] = 1;
    let lanes: usize = shape.iter().product();
    let reduced =
        (0..lanes).map(|lane| reduce_lane(&values[lane * length..][..length], reduction)).collect();
    if !keep {
        shape.remove(along);
    }
    Ok(View::new(reduced, shape))
}

/// The axes in another order, which names each of them once.
pub fn transposed(view: &View, order: &[usize]) -> View {
    let shape = order.iter().map(|axis| view.shape[*axis]).collect();
    let strides = order.iter().map(|axis| view.strides[*axis]).collect();
    // SAFETY: the same places in another order.
    unsafe { view.part(0, shape, strides) }
}

/// The same numbers in another shape, of which one size may be left open; a view where the numbers lie one
/// after the other.
pub fn reshaped(view: &View, wanted: &[isize]) -> PyResult<'static, View> {
    let refused = || {
        let wanted: Vec<String> = wanted.iter().map(isize::to_string).collect();
        let comma = if wanted.len() == 1 { "," } else { "" };
        ValueError::new(format!(
            "cannot reshape array of size {} into shape ({}{comma})",
            view.len(),
            wanted.join(",")
        ))
    };
    let open = wanted.iter().filter(|size| **size < 0).count();
    if open > 1 {
        return Err(ValueError::new("can only specify one unknown dimension"));
    }
    let known = wanted
        .iter()
        .filter(|size| **size >= 0)
        .try_fold(1usize, |known, size| known.checked_mul(*size as usize))
        .ok_or_else(refused)?;
    if open == 1 && (known == 0 || !view.len().is_multiple_of(known)) {
        return Err(refused());
    }
    let shape: Vec<usize> = wanted
        .iter()
        .map(|size| if *size < 0 { view.len() / known } else { *size as usize })
        .collect();
    if count(&shape)? != view.len() {
        return Err(refused());
    }
    if !view.is_contiguous() {
        return Ok(View::new(view.to_vec(), shape));
    }
    let mut strides = vec![0; shape.len()];
    let mut step = size_of::<f64>() as isize;
    for (stride, size) in strides.iter_mut().zip(&shape).rev() {
        *stride = step;
        step *= (*size).max(1) as isize;
    }
    // SAFETY: as many numbers, which lie one after the other.
    Ok(unsafe { view.part(0, shape, strides) })
}

/// `a @ b` for one or two dimensions each.
pub fn matmul(a: &View, b: &View) -> PyResult<'static, View> {
    for (view, which) in [(a, 0), (b, 1)] {
        if !(1..=2).contains(&view.dimensions()) {
            return Err(ValueError::new(format!(
                "matmul: operand {which} has {} dimensions, one or two are wanted",
                view.dimensions()
            )));
        }
    }
    let (rows, inner) = match a.shape[..] {
        [inner] => (1, inner),
        _ => (a.shape[0], a.shape[1]),
    };
    let columns = if b.dimensions() == 2 { b.shape[1] } else { 1 };
    if b.shape[0] != inner {
        return Err(ValueError::new(format!(
            "matmul: Input operand 1 has a mismatch in its core dimension 0 (size {} is different from {inner})",
            b.shape[0]
        )));
    }
    let shape: Vec<usize> = [(a.dimensions() == 2, rows), (b.dimensions() == 2, columns)]
        .iter()
        .filter_map(|(there, size)| there.then_some(*size))
        .collect();
    count(&shape)?;
    let (left, right) = (a.to_vec(), b.to_vec());
    let mut values = vec![0.0; rows * columns];
    for row in 0..rows {
        let target = &mut values[row * columns..][..columns];
        for (place, factor) in left[row * inner..][..inner].iter().enumerate() {
            for (sum, value) in target.iter_mut().zip(&right[place * columns..][..columns]) {
                *sum += factor * value;
            }
        }
    }
    Ok(View::new(values, shape))
}
