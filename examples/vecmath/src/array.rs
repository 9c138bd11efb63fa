//! The class `Array`.

use crate::math::{self, Operator, Reduction};
use crate::operand::{Operand, Sizes};
use crate::rows::Rows;
use crate::view::View;
use crate::{index, show};
use hpy::Export;
use hpy::prelude::*;

/// A number or an array.
type Answer<'ctx> = PyResult<'ctx, Handle<'ctx>>;

type Made<'ctx> = PyResult<'ctx, Handle<'ctx, Array>>;

/// What an operator gives.
type Computed = PyResult<'static, Array>;

/// An array: numbers, or a view of the numbers of another array or of a foreign object.
#[hpy::class(frozen)]
pub struct Array {
    pub view: View,
    /// The memoryview that keeps foreign memory.
    base: Field<Any>,
}

impl From<View> for Array {
    fn from(view: View) -> Array {
        Array { view, base: Field::empty() }
    }
}

/// An array whose view shows memory that `of` keeps.
fn part<'ctx>(of: Ref<'ctx, Array>, view: View) -> Made<'ctx> {
    let base = if view.is_own() { None } else { of.load(|array| &array.base)? };
    based(of.ctx(), view, base)
}

pub fn based<'ctx>(ctx: Ctx<'ctx>, view: View, base: Option<Handle<'ctx>>) -> Made<'ctx> {
    let made = Handle::instance(ctx, Array::from(view))?;
    if let Some(base) = base {
        made.store(|array| &array.base, Some(&base))?;
    }
    Ok(made)
}

/// What a reduction gives: a number, or an array where axes are left.
fn answer<'ctx>(ctx: Ctx<'ctx>, view: View) -> Answer<'ctx> {
    match view.dimensions() {
        0 => view.get(&[]).into_py(ctx),
        _ => Array::from(view).into_py(ctx),
    }
}

/// The same where the number is an index.
fn index_answer<'ctx>(ctx: Ctx<'ctx>, view: View) -> Answer<'ctx> {
    match view.dimensions() {
        0 => (view.get(&[]) as i64).into_py(ctx),
        _ => Array::from(view).into_py(ctx),
    }
}

/// The same where the number is a truth.
fn truth_answer<'ctx>(ctx: Ctx<'ctx>, view: View) -> Answer<'ctx> {
    match view.dimensions() {
        0 => (view.get(&[]) != 0.0).into_py(ctx),
        _ => Array::from(view).into_py(ctx),
    }
}

fn compute(a: &View, b: &View, operator: Operator) -> Computed {
    math::binary(a, b, operator).map(Array::from)
}

#[hpy::methods]
impl Array {
    /// NumPy leaves operators with an array to the array.
    #[classattr]
    #[hpy(name = "__array_ufunc__")]
    fn array_ufunc() -> Option<bool> {
        None
    }

    /// The length of each dimension.
    #[getter]
    #[hpy(returns = "tuple[int, ...]")]
    fn shape<'ctx>(&self, ctx: Ctx<'ctx>) -> PyResult<'ctx, Handle<'ctx, Tuple>> {
        Tuple::from_iter(ctx, self.view.shape.iter().copied())
    }

    /// The bytes from one number to the next in each dimension.
    #[getter]
    #[hpy(returns = "tuple[int, ...]")]
    fn strides<'ctx>(&self, ctx: Ctx<'ctx>) -> PyResult<'ctx, Handle<'ctx, Tuple>> {
        Tuple::from_iter(ctx, self.view.strides.iter().copied())
    }

    /// How many dimensions there are.
    #[getter]
    fn ndim(&self) -> usize {
        self.view.dimensions()
    }

    /// How many numbers there are.
    #[getter]
    fn size(&self) -> usize {
        self.view.len()
    }

    /// The bytes of one number.
    #[getter]
    fn itemsize(&self) -> usize {
        size_of::<f64>()
    }

    /// The bytes of all numbers.
    #[getter]
    fn nbytes(&self) -> usize {
        self.view.len() * size_of::<f64>()
    }

    /// Whether the numbers may not be changed.
    #[getter]
    fn readonly(&self) -> bool {
        self.view.is_readonly
    }

    /// A view with the axes in reverse order.
    #[getter]
    #[hpy(name = "T")]
    fn reversed_axes<'ctx>(slf: Ref<'ctx, Self>) -> Made<'ctx> {
        let view = &slf.borrow()?.view;
        let order: Vec<usize> = (0..view.dimensions()).rev().collect();
        part(slf, math::transposed(view, &order))
    }

    /// A view with the axes in another order; reversed without arguments.
    #[hpy(signature = (*axes))]
    fn transpose<'ctx>(slf: Ref<'ctx, Self>, axes: Vec<Sizes>) -> Made<'ctx> {
        let view = &slf.borrow()?.view;
        let axes = Sizes::joined(axes);
        if axes.is_empty() {
            return Array::reversed_axes(slf);
        }
        if axes.len() != view.dimensions() {
            return Err(ValueError::new("axes don't match array"));
        }
        let mut order = Vec::new();
        for axis in axes {
            let axis = math::axis(axis, view.dimensions())?;
            if order.contains(&axis) {
                return Err(ValueError::new("repeated axis in transpose"));
            }
            order.push(axis);
        }
        part(slf, math::transposed(view, &order))
    }

    /// The same numbers in another shape, of which one size may be -1; a view where that is possible.
    #[hpy(signature = (*shape))]
    fn reshape<'ctx>(slf: Ref<'ctx, Self>, shape: Vec<Sizes>) -> Made<'ctx> {
        let view = math::reshaped(&slf.borrow()?.view, &Sizes::joined(shape))?;
        part(slf, view)
    }

    /// One dimension; a view where that is possible.
    fn ravel<'ctx>(slf: Ref<'ctx, Self>) -> Made<'ctx> {
        let view = math::reshaped(&slf.borrow()?.view, &[-1])?;
        part(slf, view)
    }

    /// A copy in one dimension.
    fn flatten(&self) -> Array {
        View::new(self.view.to_vec(), vec![self.view.len()]).into()
    }

    /// A copy.
    fn copy(&self) -> Array {
        View::new(self.view.to_vec(), self.view.shape.clone()).into()
    }

    /// Makes all numbers the same.
    fn fill(&self, value: f64) -> PyResult<'static> {
        math::in_place(&self.view, &View::new(vec![value], Vec::new()), Operator::Right)
    }

    /// Nested lists of floats.
    fn tolist<'ctx>(&self, ctx: Ctx<'ctx>) -> Answer<'ctx> {
        fn nested<'ctx>(ctx: Ctx<'ctx>, values: &[f64], shape: &[usize]) -> Answer<'ctx> {
            match shape {
                [] => values[0].into_py(ctx),
                [_] => values.to_vec().into_py(ctx),
                [size, inner @ ..] => {
                    let step: usize = inner.iter().product();
                    let items = (0..*size)
                        .map(|row| nested(ctx, &values[row * step..][..step], inner))
                        .collect::<PyResult<'ctx, Vec<_>>>()?;
                    items.into_py(ctx)
                }
            }
        }
        nested(ctx, &self.view.to_vec(), &self.view.shape)
    }

    /// The only number of an array of size 1.
    fn item(&self) -> PyResult<'static, f64> {
        match self.view.len() {
            1 => Ok(self.view.get(&vec![0; self.view.dimensions()])),
            _ => Err(ValueError::new("can only convert an array of size 1 to a Python scalar")),
        }
    }

    /// The numbers in C order, eight little-endian bytes each.
    fn tobytes(&self) -> Vec<u8> {
        let mut bytes = Vec::with_capacity(self.view.len() * size_of::<f64>());
        self.view.for_each(|value| bytes.extend(value.to_le_bytes()));
        bytes
    }

    /// The sum of all numbers, or along an axis.
    #[hpy(signature = (axis = None, *, keepdims = false))]
    fn sum<'ctx>(&self, ctx: Ctx<'ctx>, axis: Option<isize>, keepdims: bool) -> Answer<'ctx> {
        answer(ctx, math::reduce(&self.view, axis, keepdims, Reduction::Sum)?)
    }

    /// The product.
    #[hpy(signature = (axis = None, *, keepdims = false))]
    fn prod<'ctx>(&self, ctx: Ctx<'ctx>, axis: Option<isize>, keepdims: bool) -> Answer<'ctx> {
        answer(ctx, math::reduce(&self.view, axis, keepdims, Reduction::Product)?)
    }

    /// The smallest number; NaN where there is one.
    #[hpy(signature = (axis = None, *, keepdims = false))]
    fn min<'ctx>(&self, ctx: Ctx<'ctx>, axis: Option<isize>, keepdims: bool) -> Answer<'ctx> {
        answer(ctx, math::reduce(&self.view, axis, keepdims, Reduction::Minimum)?)
    }

    /// The largest number; NaN where there is one.
    #[hpy(signature = (axis = None, *, keepdims = false))]
    fn max<'ctx>(&self, ctx: Ctx<'ctx>, axis: Option<isize>, keepdims: bool) -> Answer<'ctx> {
        answer(ctx, math::reduce(&self.view, axis, keepdims, Reduction::Maximum)?)
    }

    /// The mean.
    #[hpy(signature = (axis = None, *, keepdims = false))]
    fn mean<'ctx>(&self, ctx: Ctx<'ctx>, axis: Option<isize>, keepdims: bool) -> Answer<'ctx> {
        answer(ctx, math::reduce(&self.view, axis, keepdims, Reduction::Mean)?)
    }

    /// The variance, with `ddof` less than the count to divide by.
    #[hpy(signature = (axis = None, *, ddof = 0.0, keepdims = false))]
    fn var<'ctx>(
        &self,
        ctx: Ctx<'ctx>,
        axis: Option<isize>,
        ddof: f64,
        keepdims: bool,
    ) -> Answer<'ctx> {
        answer(ctx, math::reduce(&self.view, axis, keepdims, Reduction::Variance(ddof))?)
    }

    /// The standard deviation.
    #[hpy(signature = (axis = None, *, ddof = 0.0, keepdims = false))]
    fn std<'ctx>(
        &self,
        ctx: Ctx<'ctx>,
        axis: Option<isize>,
        ddof: f64,
        keepdims: bool,
    ) -> Answer<'ctx> {
        answer(ctx, math::reduce(&self.view, axis, keepdims, Reduction::Deviation(ddof))?)
    }

    /// Whether all numbers are other than 0: a bool, or 1.0 and 0.0 along an axis.
    #[hpy(signature = (axis = None, *, keepdims = false))]
    fn all<'ctx>(&self, ctx: Ctx<'ctx>, axis: Option<isize>, keepdims: bool) -> Answer<'ctx> {
        truth_answer(ctx, math::reduce(&self.view, axis, keepdims, Reduction::All)?)
    }

    /// Whether any number is other than 0.
    #[hpy(signature = (axis = None, *, keepdims = false))]
    fn any<'ctx>(&self, ctx: Ctx<'ctx>, axis: Option<isize>, keepdims: bool) -> Answer<'ctx> {
        truth_answer(ctx, math::reduce(&self.view, axis, keepdims, Reduction::Any)?)
    }

    /// The index of the first smallest number, of the flattened array or along an axis.
    #[hpy(signature = (axis = None, *, keepdims = false))]
    fn argmin<'ctx>(&self, ctx: Ctx<'ctx>, axis: Option<isize>, keepdims: bool) -> Answer<'ctx> {
        index_answer(ctx, math::reduce(&self.view, axis, keepdims, Reduction::ArgMin)?)
    }

    /// The index of the first largest number.
    #[hpy(signature = (axis = None, *, keepdims = false))]
    fn argmax<'ctx>(&self, ctx: Ctx<'ctx>, axis: Option<isize>, keepdims: bool) -> Answer<'ctx> {
        index_answer(ctx, math::reduce(&self.view, axis, keepdims, Reduction::ArgMax)?)
    }

    fn __len__(&self) -> PyResult<'static, usize> {
        self.view.shape.first().copied().ok_or_else(|| TypeError::new("len() of unsized object"))
    }

    fn __bool__(&self) -> PyResult<'static, bool> {
        match self.view.len() {
            0 => Ok(false),
            1 => Ok(self.item()? != 0.0),
            _ => Err(ValueError::new(
                "The truth value of an array with more than one element is ambiguous. Use a.any() or a.all()",
            )),
        }
    }

    fn __float__(&self) -> PyResult<'static, f64> {
        self.item()
    }

    fn __contains__(&self, value: f64) -> bool {
        let mut found = false;
        self.view.for_each(|own| found |= own == value);
        found
    }

    fn __getitem__<'ctx>(slf: Ref<'ctx, Self>, index: Ref<'ctx>) -> Answer<'ctx> {
        let view = index::select(&slf.borrow()?.view, index)?;
        let has_ellipsis = index.is(&slf.ctx().ellipsis());
        if view.dimensions() == 0 && !has_ellipsis {
            return view.get(&[]).into_py(slf.ctx());
        }
        part(slf, view).map(Handle::into_any)
    }

    fn __setitem__<'ctx>(&self, index: Ref<'ctx>, value: Operand<'ctx>) -> PyResult<'ctx> {
        let part = index::select(&self.view, index)?;
        math::in_place(&part, &value.view, Operator::Right)
    }

    fn __iter__<'ctx>(slf: Ref<'ctx, Self>) -> PyResult<'ctx, Handle<'ctx, Rows>> {
        if slf.borrow()?.view.dimensions() == 0 {
            return Err(TypeError::new("iteration over a 0-d array"));
        }
        let rows = Handle::instance(slf.ctx(), Rows { array: Field::empty(), next: 0 })?;
        rows.store(|rows| &rows.array, Some(&*slf))?;
        Ok(rows)
    }

    fn __repr__(&self) -> String {
        show::repr(&self.view)
    }

    fn __reduce__<'ctx>(&self, ctx: Ctx<'ctx>) -> Answer<'ctx> {
        let make = ctx.import(c"vecmath")?.getattr(c"frombytes")?;
        let bytes = Bytes::new(ctx, &self.tobytes())?;
        let shape = self.shape(ctx)?;
        (make, (bytes, shape)).into_py(ctx)
    }

    fn __buffer__(&self) -> Export {
        // SAFETY: the instance keeps the memory that its view shows, and never shows another.
        let export =
            unsafe { Export::foreign(self.view.start(), &self.view.shape, &self.view.strides) };
        if self.view.is_readonly { export.readonly() } else { export }
    }

    fn __neg__(&self) -> Array {
        self.view.map(|value| -value).into()
    }

    fn __pos__(&self) -> Array {
        self.copy()
    }

    fn __abs__(&self) -> Array {
        self.view.map(f64::abs).into()
    }

    fn __richcmp__(&self, other: Operand, op: Compare) -> Computed {
        compute(&self.view, &other.view, Operator::Compare(op))
    }

    fn __matmul__<'ctx>(&self, ctx: Ctx<'ctx>, other: Operand<'ctx>) -> Answer<'ctx> {
        answer(ctx, math::matmul(&self.view, &other.view)?)
    }

    fn __rmatmul__<'ctx>(&self, ctx: Ctx<'ctx>, other: Operand<'ctx>) -> Answer<'ctx> {
        answer(ctx, math::matmul(&other.view, &self.view)?)
    }

    fn __add__(&self, other: Operand) -> Computed {
        compute(&self.view, &other.view, Operator::Add)
    }

    fn __radd__(&self, other: Operand) -> Computed {
        compute(&other.view, &self.view, Operator::Add)
    }

    fn __iadd__(&self, other: Operand) -> PyResult<'static> {
        math::in_place(&self.view, &other.view, Operator::Add)
    }

    fn __sub__(&self, other: Operand) -> Computed {
        compute(&self.view, &other.view, Operator::Subtract)
    }

    fn __rsub__(&self, other: Operand) -> Computed {
        compute(&other.view, &self.view, Operator::Subtract)
    }

    fn __isub__(&self, other: Operand) -> PyResult<'static> {
        math::in_place(&self.view, &other.view, Operator::Subtract)
    }

    fn __mul__(&self, other: Operand) -> Computed {
        compute(&self.view, &other.view, Operator::Multiply)
    }

    fn __rmul__(&self, other: Operand) -> Computed {
        compute(&other.view, &self.view, Operator::Multiply)
    }

    fn __imul__(&self, other: Operand) -> PyResult<'static> {
        math::in_place(&self.view, &other.view, Operator::Multiply)
    }

    fn __truediv__(&self, other: Operand) -> Computed {
        compute(&self.view, &other.view, Operator::Divide)
    }

    fn __rtruediv__(&self, other: Operand) -> Computed {
        compute(&other.view, &self.view, Operator::Divide)
    }

    fn __itruediv__(&self, other: Operand) -> PyResult<'static> {
        math::in_place(&self.view, &other.view, Operator::Divide)
    }

    fn __floordiv__(&self, other: Operand) -> Computed {
        compute(&self.view, &other.view, Operator::FloorDivide)
    }

    fn __rfloordiv__(&self, other: Operand) -> Computed {
        compute(&other.view, &self.view, Operator::FloorDivide)
    }

    fn __ifloordiv__(&self, other: Operand) -> PyResult<'static> {
        math::in_place(&self.view, &other.view, Operator::FloorDivide)
    }

    fn __mod__(&self, other: Operand) -> Computed {
        compute(&self.view, &other.view, Operator::Remainder)
    }

    fn __rmod__(&self, other: Operand) -> Computed {
        compute(&other.view, &self.view, Operator::Remainder)
    }

    fn __imod__(&self, other: Operand) -> PyResult<'static> {
        math::in_place(&self.view, &other.view, Operator::Remainder)
    }

    fn __pow__(&self, other: Operand) -> Computed {
        compute(&self.view, &other.view, Operator::Power)
    }

    fn __rpow__(&self, other: Operand) -> Computed {
        compute(&other.view, &self.view, Operator::Power)
    }

    fn __ipow__(&self, other: Operand) -> PyResult<'static> {
        math::in_place(&self.view, &other.view, Operator::Power)
    }
}
