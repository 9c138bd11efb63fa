//! `vecmath`: see ../README.md. This file is the module as Python sees it.

mod index;
mod math;
mod operand;
mod show;
mod view;

/// N-dimensional arrays of float64, sharing memory with whatever has a buffer.
#[hpy::module(gil_used = false)]
mod vecmath {
    use crate::math::{self, Operator, Reduction};
    use crate::operand::{self, Operand, Shape, Sizes};
    use crate::view::{View, shown};
    use crate::{index, show};
    use hpy::Export;
    use hpy::prelude::*;

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

    impl<'ctx> IntoPy<'ctx> for Array {
        fn into_py(self, ctx: Ctx<'ctx>) -> PyResult<'ctx, Handle<'ctx>> {
            Handle::instance(ctx, self).map(Handle::into_any)
        }
    }

    /// An array whose view shows memory that `of` keeps.
    fn part<'ctx>(of: Ref<'ctx, Array>, view: View) -> PyResult<'ctx, Handle<'ctx, Array>> {
        let base = if view.is_own() { None } else { of.load(|array| &array.base)? };
        based(of.ctx(), view, base)
    }

    fn based<'ctx>(
        ctx: Ctx<'ctx>,
        view: View,
        base: Option<Handle<'ctx>>,
    ) -> PyResult<'ctx, Handle<'ctx, Array>> {
        let made = Handle::instance(ctx, Array::from(view))?;
        if let Some(base) = base {
            made.store(|array| &array.base, Some(&base))?;
        }
        Ok(made)
    }

    /// What a reduction gives: a number, or an array where axes are left.
    fn answer<'ctx>(ctx: Ctx<'ctx>, view: View) -> PyResult<'ctx, Handle<'ctx>> {
        match view.dimensions() {
            0 => view.get(&[]).into_py(ctx),
            _ => Array::from(view).into_py(ctx),
        }
    }

    /// The same where the number is an index or a truth.
    fn whole_answer<'ctx>(
        ctx: Ctx<'ctx>,
        view: View,
        whole: impl Fn(f64) -> i64,
    ) -> PyResult<'ctx, Handle<'ctx>> {
        match view.dimensions() {
            0 => whole(view.get(&[])).into_py(ctx),
            _ => Array::from(view).into_py(ctx),
        }
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
        fn shape<'ctx>(&self, ctx: Ctx<'ctx>) -> PyResult<'ctx, Handle<'ctx, Tuple>> {
            Tuple::from_iter(ctx, self.view.shape.iter().copied())
        }

        /// The bytes from one number to the next in each dimension.
        #[getter]
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
        fn reversed_axes<'ctx>(slf: Ref<'ctx, Self>) -> PyResult<'ctx, Handle<'ctx, Array>> {
            let view = &slf.borrow()?.view;
            let order: Vec<usize> = (0..view.dimensions()).rev().collect();
            part(slf, math::transposed(view, &order))
        }

        /// A view with the axes in another order; reversed without arguments.
        #[hpy(signature = (*axes))]
        fn transpose<'ctx>(
            slf: Ref<'ctx, Self>,
            axes: Vec<Sizes>,
        ) -> PyResult<'ctx, Handle<'ctx, Array>> {
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
        fn reshape<'ctx>(
            slf: Ref<'ctx, Self>,
            shape: Vec<Sizes>,
        ) -> PyResult<'ctx, Handle<'ctx, Array>> {
            let view = math::reshaped(&slf.borrow()?.view, &Sizes::joined(shape))?;
            part(slf, view)
        }

        /// One dimension; a view where that is possible.
        fn ravel<'ctx>(slf: Ref<'ctx, Self>) -> PyResult<'ctx, Handle<'ctx, Array>> {
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
        fn tolist<'ctx>(&self, ctx: Ctx<'ctx>) -> PyResult<'ctx, Handle<'ctx>> {
            fn nested<'ctx>(
                ctx: Ctx<'ctx>,
                values: &[f64],
                shape: &[usize],
            ) -> PyResult<'ctx, Handle<'ctx>> {
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
        fn sum<'ctx>(
            &self,
            ctx: Ctx<'ctx>,
            axis: Option<isize>,
            keepdims: bool,
        ) -> PyResult<'ctx, Handle<'ctx>> {
            answer(ctx, math::reduce(&self.view, axis, keepdims, Reduction::Sum)?)
        }

        /// The product.
        #[hpy(signature = (axis = None, *, keepdims = false))]
        fn prod<'ctx>(
            &self,
            ctx: Ctx<'ctx>,
            axis: Option<isize>,
            keepdims: bool,
        ) -> PyResult<'ctx, Handle<'ctx>> {
            answer(ctx, math::reduce(&self.view, axis, keepdims, Reduction::Product)?)
        }

        /// The smallest number; NaN where there is one.
        #[hpy(signature = (axis = None, *, keepdims = false))]
        fn min<'ctx>(
            &self,
            ctx: Ctx<'ctx>,
            axis: Option<isize>,
            keepdims: bool,
        ) -> PyResult<'ctx, Handle<'ctx>> {
            answer(ctx, math::reduce(&self.view, axis, keepdims, Reduction::Minimum)?)
        }

        /// The largest number; NaN where there is one.
        #[hpy(signature = (axis = None, *, keepdims = false))]
        fn max<'ctx>(
            &self,
            ctx: Ctx<'ctx>,
            axis: Option<isize>,
            keepdims: bool,
        ) -> PyResult<'ctx, Handle<'ctx>> {
            answer(ctx, math::reduce(&self.view, axis, keepdims, Reduction::Maximum)?)
        }

        /// The mean.
        #[hpy(signature = (axis = None, *, keepdims = false))]
        fn mean<'ctx>(
            &self,
            ctx: Ctx<'ctx>,
            axis: Option<isize>,
            keepdims: bool,
        ) -> PyResult<'ctx, Handle<'ctx>> {
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
        ) -> PyResult<'ctx, Handle<'ctx>> {
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
        ) -> PyResult<'ctx, Handle<'ctx>> {
            answer(ctx, math::reduce(&self.view, axis, keepdims, Reduction::Deviation(ddof))?)
        }

        /// Whether all numbers are other than 0: a bool, or 1.0 and 0.0 along an axis.
        #[hpy(signature = (axis = None, *, keepdims = false))]
        fn all<'ctx>(
            &self,
            ctx: Ctx<'ctx>,
            axis: Option<isize>,
            keepdims: bool,
        ) -> PyResult<'ctx, Handle<'ctx>> {
            truth_answer(ctx, math::reduce(&self.view, axis, keepdims, Reduction::All)?)
        }

        /// Whether any number is other than 0.
        #[hpy(signature = (axis = None, *, keepdims = false))]
        fn any<'ctx>(
            &self,
            ctx: Ctx<'ctx>,
            axis: Option<isize>,
            keepdims: bool,
        ) -> PyResult<'ctx, Handle<'ctx>> {
            truth_answer(ctx, math::reduce(&self.view, axis, keepdims, Reduction::Any)?)
        }

        /// The index of the first smallest number, of the flattened array or along an axis.
        #[hpy(signature = (axis = None, *, keepdims = false))]
        fn argmin<'ctx>(
            &self,
            ctx: Ctx<'ctx>,
            axis: Option<isize>,
            keepdims: bool,
        ) -> PyResult<'ctx, Handle<'ctx>> {
            whole_answer(
                ctx,
                math::reduce(&self.view, axis, keepdims, Reduction::ArgMin)?,
                |index| index as i64,
            )
        }

        /// The index of the first largest number.
        #[hpy(signature = (axis = None, *, keepdims = false))]
        fn argmax<'ctx>(
            &self,
            ctx: Ctx<'ctx>,
            axis: Option<isize>,
            keepdims: bool,
        ) -> PyResult<'ctx, Handle<'ctx>> {
            whole_answer(
                ctx,
                math::reduce(&self.view, axis, keepdims, Reduction::ArgMax)?,
                |index| index as i64,
            )
        }

        fn __len__(&self) -> PyResult<'static, usize> {
            self.view
                .shape
                .first()
                .copied()
                .ok_or_else(|| TypeError::new("len() of unsized object"))
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

        fn __getitem__<'ctx>(
            slf: Ref<'ctx, Self>,
            index: Ref<'ctx>,
        ) -> PyResult<'ctx, Handle<'ctx>> {
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

        fn __reduce__<'ctx>(&self, ctx: Ctx<'ctx>) -> PyResult<'ctx, Handle<'ctx>> {
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

        fn __richcmp__(&self, other: Operand, op: Compare) -> PyResult<'static, Array> {
            math::binary(&self.view, &other.view, Operator::Compare(op)).map(Array::from)
        }

        fn __matmul__<'ctx>(
            &self,
            ctx: Ctx<'ctx>,
            other: Operand<'ctx>,
        ) -> PyResult<'ctx, Handle<'ctx>> {
            answer(ctx, math::matmul(&self.view, &other.view)?)
        }

        fn __rmatmul__<'ctx>(
            &self,
            ctx: Ctx<'ctx>,
            other: Operand<'ctx>,
        ) -> PyResult<'ctx, Handle<'ctx>> {
            answer(ctx, math::matmul(&other.view, &self.view)?)
        }

        fn __add__(&self, other: Operand) -> PyResult<'static, Array> {
            math::binary(&self.view, &other.view, Operator::Add).map(Array::from)
        }

        fn __radd__(&self, other: Operand) -> PyResult<'static, Array> {
            math::binary(&other.view, &self.view, Operator::Add).map(Array::from)
        }

        fn __iadd__(&self, other: Operand) -> PyResult<'static> {
            math::in_place(&self.view, &other.view, Operator::Add)
        }

        fn __sub__(&self, other: Operand) -> PyResult<'static, Array> {
            math::binary(&self.view, &other.view, Operator::Subtract).map(Array::from)
        }

        fn __rsub__(&self, other: Operand) -> PyResult<'static, Array> {
            math::binary(&other.view, &self.view, Operator::Subtract).map(Array::from)
        }

        fn __isub__(&self, other: Operand) -> PyResult<'static> {
            math::in_place(&self.view, &other.view, Operator::Subtract)
        }

        fn __mul__(&self, other: Operand) -> PyResult<'static, Array> {
            math::binary(&self.view, &other.view, Operator::Multiply).map(Array::from)
        }

        fn __rmul__(&self, other: Operand) -> PyResult<'static, Array> {
            math::binary(&other.view, &self.view, Operator::Multiply).map(Array::from)
        }

        fn __imul__(&self, other: Operand) -> PyResult<'static> {
            math::in_place(&self.view, &other.view, Operator::Multiply)
        }

        fn __truediv__(&self, other: Operand) -> PyResult<'static, Array> {
            math::binary(&self.view, &other.view, Operator::Divide).map(Array::from)
        }

        fn __rtruediv__(&self, other: Operand) -> PyResult<'static, Array> {
            math::binary(&other.view, &self.view, Operator::Divide).map(Array::from)
        }

        fn __itruediv__(&self, other: Operand) -> PyResult<'static> {
            math::in_place(&self.view, &other.view, Operator::Divide)
        }

        fn __floordiv__(&self, other: Operand) -> PyResult<'static, Array> {
            math::binary(&self.view, &other.view, Operator::FloorDivide).map(Array::from)
        }

        fn __rfloordiv__(&self, other: Operand) -> PyResult<'static, Array> {
            math::binary(&other.view, &self.view, Operator::FloorDivide).map(Array::from)
        }

        fn __ifloordiv__(&self, other: Operand) -> PyResult<'static> {
            math::in_place(&self.view, &other.view, Operator::FloorDivide)
        }

        fn __mod__(&self, other: Operand) -> PyResult<'static, Array> {
            math::binary(&self.view, &other.view, Operator::Remainder).map(Array::from)
        }

        fn __rmod__(&self, other: Operand) -> PyResult<'static, Array> {
            math::binary(&other.view, &self.view, Operator::Remainder).map(Array::from)
        }

        fn __imod__(&self, other: Operand) -> PyResult<'static> {
            math::in_place(&self.view, &other.view, Operator::Remainder)
        }

        fn __pow__(&self, other: Operand) -> PyResult<'static, Array> {
            math::binary(&self.view, &other.view, Operator::Power).map(Array::from)
        }

        fn __rpow__(&self, other: Operand) -> PyResult<'static, Array> {
            math::binary(&other.view, &self.view, Operator::Power).map(Array::from)
        }

        fn __ipow__(&self, other: Operand) -> PyResult<'static> {
            math::in_place(&self.view, &other.view, Operator::Power)
        }
    }

    fn truth_answer<'ctx>(ctx: Ctx<'ctx>, view: View) -> PyResult<'ctx, Handle<'ctx>> {
        match view.dimensions() {
            0 => (view.get(&[]) != 0.0).into_py(ctx),
            _ => Array::from(view).into_py(ctx),
        }
    }

    /// Iterates over the first dimension of an array.
    #[hpy::class]
    pub struct Rows {
        array: Field<Array>,
        next: isize,
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

    /// A new array of numbers, nested lists or tuples of them, or a copy of anything with a buffer of numbers.
    #[hpy::function]
    fn array(object: Ref<'_>) -> PyResult<'_, Array> {
        operand::copied(object).map(Array::from)
    }

    /// An array that shows the memory of an object with a buffer of float64; a new one of other objects.
    #[hpy::function]
    fn asarray<'ctx>(ctx: Ctx<'ctx>, object: Ref<'ctx>) -> PyResult<'ctx, Handle<'ctx>> {
        if object.is_kind::<Array>() {
            return Ok(object.to_owned());
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
                return based(ctx, view, Some(memory)).map(Handle::into_any);
            }
        }
        Array::from(operand::copied(object)?).into_py(ctx)
    }

    fn filled(shape: Shape, value: f64) -> Array {
        View::new(vec![value; shape.0.iter().product()], shape.0).into()
    }

    /// An array of zeros.
    #[hpy::function]
    fn zeros(shape: Shape) -> Array {
        filled(shape, 0.0)
    }

    /// An array of ones.
    #[hpy::function]
    fn ones(shape: Shape) -> Array {
        filled(shape, 1.0)
    }

    /// An array of one number.
    #[hpy::function]
    fn full(shape: Shape, value: f64) -> Array {
        filled(shape, value)
    }

    /// Ones on the diagonal, zeros elsewhere.
    #[hpy::function]
    fn eye(size: usize) -> PyResult<'static, Array> {
        let count = crate::view::count(&[size, size])?;
        let values =
            (0..count).map(|place| if place % (size + 1) == 0 { 1.0 } else { 0.0 }).collect();
        Ok(View::new(values, vec![size, size]).into())
    }

    /// Numbers from `start` (0) up to `stop`, which is left out, `step` apart.
    #[hpy::function(signature = (start, stop = None, step = 1.0))]
    fn arange(start: f64, stop: Option<f64>, step: f64) -> PyResult<'static, Array> {
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
    fn linspace(start: f64, stop: f64, num: usize) -> PyResult<'static, Array> {
        crate::view::count(&[num])?;
        let step = (stop - start) / num.saturating_sub(1).max(1) as f64;
        let value = |n: usize| if n + 1 == num && num > 1 { stop } else { start + n as f64 * step };
        Ok(View::new((0..num).map(value).collect(), vec![num]).into())
    }

    /// An array of the bytes that `tobytes` gave.
    #[hpy::function]
    fn frombytes(data: &[u8], shape: Shape) -> PyResult<'static, Array> {
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
    fn choose(condition: Operand, a: Operand, b: Operand) -> PyResult<'static, Array> {
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
    fn concatenate<'ctx>(arrays: Ref<'ctx>, axis: isize) -> PyResult<'ctx, Array> {
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
    fn minimum(a: Operand, b: Operand) -> PyResult<'static, Array> {
        math::binary(&a.view, &b.view, Operator::Minimum).map(Array::from)
    }

    /// The larger number of each two; NaN where there is one.
    #[hpy::function]
    fn maximum(a: Operand, b: Operand) -> PyResult<'static, Array> {
        math::binary(&a.view, &b.view, Operator::Maximum).map(Array::from)
    }

    /// The square root of each number.
    #[hpy::function]
    fn sqrt(x: Operand) -> Array {
        x.view.map(f64::sqrt).into()
    }

    /// e to the power of each number.
    #[hpy::function]
    fn exp(x: Operand) -> Array {
        x.view.map(f64::exp).into()
    }

    /// The natural logarithm of each number.
    #[hpy::function]
    fn log(x: Operand) -> Array {
        x.view.map(f64::ln).into()
    }

    /// The sine of each number.
    #[hpy::function]
    fn sin(x: Operand) -> Array {
        x.view.map(f64::sin).into()
    }

    /// The cosine of each number.
    #[hpy::function]
    fn cos(x: Operand) -> Array {
        x.view.map(f64::cos).into()
    }

    /// The tangent of each number.
    #[hpy::function]
    fn tan(x: Operand) -> Array {
        x.view.map(f64::tan).into()
    }

    /// The whole number below each number.
    #[hpy::function]
    fn floor(x: Operand) -> Array {
        x.view.map(f64::floor).into()
    }

    /// The whole number above each number.
    #[hpy::function]
    fn ceil(x: Operand) -> Array {
        x.view.map(f64::ceil).into()
    }
}
