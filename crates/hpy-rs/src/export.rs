//! A class that gives its memory to others: what `memoryview`, NumPy and [`Buffer`](crate::Buffer) take.
//!
//! A view outlives the call that asks for it and is not seen by the borrow checks of the class, so it never
//! points into the struct itself: it keeps what owns the memory. [`Memory`] is such an owner.

mod memory;

pub use memory::Memory;

use crate::element::Element;
use crate::exc::{BufferError, ValueError};
use crate::in_use;
use crate::{Ctx, PyErr, PyResult};
use core::ffi::{c_char, c_int};
use core::ptr;
use hpy_sys::{HPy, HPy_buffer, HPyContext, api};
use std::sync::Arc;

const WRITABLE: c_int = 0x1;
const FORMAT: c_int = 0x4;
const ND: c_int = 0x8;
const STRIDES: c_int = 0x10 | ND;
const C_CONTIGUOUS: c_int = 0x20 | STRIDES;
const F_CONTIGUOUS: c_int = 0x40 | STRIDES;
const ANY_CONTIGUOUS: c_int = 0x80 | STRIDES;

/// What a class's `__buffer__` returns: a description of memory and what keeps it alive.
///
/// ```
/// use hpy::prelude::*;
/// use hpy::{Export, Memory};
///
/// /// A matrix with rows one after the other.
/// #[hpy::class(frozen)]
/// struct Matrix {
///     rows: usize,
///     columns: usize,
///     values: Memory<f64>,
/// }
///
/// #[hpy::methods]
/// impl Matrix {
///     #[new]
///     fn new(rows: usize, columns: usize) -> Self {
///         Matrix { rows, columns, values: Memory::from(vec![0.0; rows * columns]) }
///     }
///
///     fn __buffer__(&self) -> PyResult<'static, Export> {
///         self.values.export().shape(&[self.rows, self.columns])
///     }
/// }
/// ```
///
/// `numpy.asarray(matrix)` and `memoryview(matrix)` are then views of `values`. What is kept for a view is
/// dropped when the view is released.
pub struct Export {
    owners: Vec<Box<dyn Send + Sync>>,
    start: *mut u8,
    /// How many items there are from `start`.
    count: usize,
    item_size: usize,
    format: [u8; 2],
    readonly: bool,
    shape: Vec<isize>,
    /// In bytes.
    strides: Vec<isize>,
}

// SAFETY: what the pointer reaches is kept by `owners`, which are Send.
unsafe impl Send for Export {}
// SAFETY: as for Send.
unsafe impl Sync for Export {}

impl Export {
    fn new<T: Element>(
        owner: Box<dyn Send + Sync>,
        start: *mut u8,
        count: usize,
        readonly: bool,
    ) -> Self {
        Export {
            owners: vec![owner],
            start,
            count,
            item_size: size_of::<T>(),
            format: [T::CODES.first().copied().unwrap_or(b'B'), 0],
            readonly,
            shape: vec![count as isize],
            strides: vec![size_of::<T>() as isize],
        }
    }

    /// A read-only view of shared values.
    ///
    /// ```
    /// use std::sync::Arc;
    ///
    /// let values: Arc<[i32]> = Arc::new([1, 2, 3]);
    /// let view = hpy::Export::shared(values);
    /// ```
    pub fn shared<T: Element>(values: Arc<[T]>) -> Self {
        let (start, count) = (values.as_ptr().cast_mut().cast(), values.len());
        Export::new::<T>(Box::new(values), start, count, true)
    }

    /// A read-only view of constants.
    ///
    /// ```
    /// let view = hpy::Export::constant(&[2i64, 3, 5, 7]);
    /// ```
    pub fn constant<T: Element>(values: &'static [T]) -> Self {
        Export::new::<T>(Box::new(()), values.as_ptr().cast_mut().cast(), values.len(), true)
    }

    /// A view of any memory: where the item of index 0 is, the shape, and how many bytes lie between neighbours.
    ///
    /// ```
    /// use hpy::prelude::*;
    /// use hpy::Export;
    ///
    /// static ZEROS: [f64; 4] = [0.0; 4];
    ///
    /// /// The same four zeros in each of a million rows.
    /// #[hpy::class(frozen)]
    /// struct Zeros {}
    ///
    /// #[hpy::methods]
    /// impl Zeros {
    ///     fn __buffer__(&self) -> Export {
    ///         // SAFETY: the memory is a constant, all rows begin at its start.
    ///         let view = unsafe {
    ///             Export::foreign(ZEROS.as_ptr().cast_mut(), &[1_000_000, 4], &[0, 8])
    ///         };
    ///         view.readonly()
    ///     }
    /// }
    /// ```
    ///
    /// # Safety
    /// Every item that the shape and the strides reach from `start` is valid as long as the object whose
    /// `__buffer__` returns the view lives, or something that is given to [`keep`](Export::keep); and may be
    /// written to unless the view is made [`readonly`](Export::readonly).
    pub unsafe fn foreign<T: Element>(start: *mut T, shape: &[usize], strides: &[isize]) -> Self {
        let mut export = Export::new::<T>(Box::new(()), start.cast(), 0, false);
        export.shape = shape.iter().map(|size| *size as isize).collect();
        export.strides = strides.to_vec();
        export
    }

    /// The same view, not to be written to.
    ///
    /// ```
    /// let view = hpy::Memory::from(vec![1.5, 2.5]).export().readonly();
    /// ```
    pub fn readonly(mut self) -> Self {
        self.readonly = true;
        self
    }

    /// Keeps a value until the view is released: something that counts views, say.
    ///
    /// ```
    /// let view = hpy::Export::constant(&[1u8]).keep("until the view is released".to_owned());
    /// ```
    pub fn keep(mut self, value: impl Send + Sync + 'static) -> Self {
        self.owners.push(Box::new(value));
        self
    }

    /// The items in this shape, the last index varying fastest. ValueError where that is not how many there
    /// are.
    ///
    /// ```
    /// let view = hpy::Memory::from(vec![0.0; 6]).export().shape(&[2, 3]);
    /// assert!(view.is_ok());
    /// ```
    pub fn shape(mut self, shape: &[usize]) -> PyResult<'static, Self> {
        let items = shape.iter().try_fold(1usize, |items, size| items.checked_mul(*size));
        if items != Some(self.count) {
            return Err(ValueError::new(format!(
                "memory of {} items has no view of shape {shape:?}",
                self.count
            )));
        }
        self.shape = shape.iter().map(|size| *size as isize).collect();
        self.strides = contiguous(&self.shape, self.item_size, true);
        Ok(self)
    }

    /// Any view of the items: the index of its first one, its shape, and how many items lie between neighbours
    /// in each dimension (negative for backwards). ValueError where that leaves the memory.
    ///
    /// ```
    /// // The second column of three.
    /// let view = hpy::Memory::from(vec![0.0; 6]).export().strided(1, &[2], &[3]);
    /// assert!(view.is_ok());
    /// ```
    pub fn strided(
        mut self,
        first: usize,
        shape: &[usize],
        strides: &[isize],
    ) -> PyResult<'static, Self> {
        if !self.holds(first, shape, strides) {
            return Err(ValueError::new(format!(
                "a view of shape {shape:?} with strides {strides:?} from item {first} leaves memory of {} items",
                self.count
            )));
        }
        self.start = self.start.wrapping_add(first * self.item_size);
        self.shape = shape.iter().map(|size| *size as isize).collect();
        self.strides = strides.iter().map(|stride| stride * self.item_size as isize).collect();
        Ok(self)
    }

    fn holds(&self, first: usize, shape: &[usize], strides: &[isize]) -> bool {
        if shape.len() != strides.len() {
            return false;
        }
        if shape.contains(&0) {
            return first <= self.count
                && shape.iter().all(|size| isize::try_from(*size).is_ok())
                && strides
                    .iter()
                    .all(|stride| stride.checked_mul(self.item_size as isize).is_some());
        }
        // The first and the last item of each dimension.
        let (mut least, mut most) = (first as i128, first as i128);
        for (size, stride) in shape.iter().zip(strides) {
            let reach = (*size as i128 - 1).checked_mul(*stride as i128);
            let moved = reach.and_then(|reach| {
                let end = if reach < 0 { &mut least } else { &mut most };
                *end = end.checked_add(reach)?;
                Some(())
            });
            if moved.is_none() {
                return false;
            }
        }
        least >= 0 && most < self.count as i128
    }

    fn is_contiguous(&self, rows: bool) -> bool {
        self.shape.contains(&0)
            || contiguous(&self.shape, self.item_size, rows)
                .iter()
                .zip(&self.strides)
                .zip(&self.shape)
                .all(|((wanted, stride), size)| *size == 1 || wanted == stride)
    }

    /// Why there is no view as the flags want it.
    fn refusal(&self, flags: c_int) -> Option<&'static str> {
        let wants = |flag| flags & flag == flag;
        let by_rows = self.is_contiguous(true);
        if wants(WRITABLE) && self.readonly {
            Some("this memory is read-only")
        } else if wants(C_CONTIGUOUS) && !by_rows {
            Some("the items do not lie one after the other in C order")
        } else if wants(F_CONTIGUOUS) && !self.is_contiguous(false) {
            Some("the items do not lie one after the other in Fortran order")
        } else if wants(ANY_CONTIGUOUS) && !by_rows && !self.is_contiguous(false) {
            Some("the items do not lie one after the other")
        } else if !wants(STRIDES) && !by_rows {
            Some("the items do not lie one after the other: a view needs strides")
        } else {
            None
        }
    }
}

/// The strides in bytes of items that lie one after the other: by rows (C) or by columns (Fortran).
fn contiguous(shape: &[isize], item_size: usize, rows: bool) -> Vec<isize> {
    let mut strides = vec![0; shape.len()];
    let mut step = item_size as isize;
    let mut place = |index: usize| {
        strides[index] = step;
        step = step.wrapping_mul(shape[index]);
    };
    if rows {
        (0..shape.len()).rev().for_each(&mut place);
    } else {
        (0..shape.len()).for_each(&mut place);
    }
    strides
}

/// Fills a view that `HPy_bf_getbuffer` was asked for.
///
/// # Safety
/// The arguments are those of the call with `ctx`.
#[doc(hidden)]
pub unsafe fn fill_view<'ctx>(
    ctx: Ctx<'ctx>,
    exporter: HPy,
    view: *mut HPy_buffer,
    flags: c_int,
    export: Export,
) -> PyResult<'ctx> {
    if let Some(why) = export.refusal(flags) {
        return Err(BufferError::new(why));
    }
    let export = Box::into_raw(Box::new(export));
    // SAFETY: the view is ours to fill; it points into the box, which the release drops.
    unsafe {
        let wants = |flag| flags & flag == flag;
        let parts = &mut *export;
        let obj = api::HPy_Dup(ctx.as_raw(), exporter);
        if obj.is_null() {
            drop(Box::from_raw(export));
            return Err(PyErr::pending(ctx));
        }
        let items: isize = parts.shape.iter().product();
        let dimensions = parts.shape.len();
        view.write(HPy_buffer {
            buf: parts.start.cast(),
            obj,
            len: items * parts.item_size as isize,
            itemsize: parts.item_size as isize,
            readonly: c_int::from(parts.readonly),
            ndim: dimensions as c_int,
            format: if wants(FORMAT) {
                parts.format.as_mut_ptr().cast::<c_char>()
            } else {
                ptr::null_mut()
            },
            shape: if wants(ND) && dimensions > 0 {
                parts.shape.as_mut_ptr()
            } else {
                ptr::null_mut()
            },
            strides: if wants(STRIDES) && dimensions > 0 {
                parts.strides.as_mut_ptr()
            } else {
                ptr::null_mut()
            },
            suboffsets: ptr::null_mut(),
            internal: export.cast(),
        });
        if !wants(ND) {
            // Without a shape a view is bytes in one dimension.
            (*view).ndim = 1;
        }
        if crate::runtime::is_pypy() {
            in_use::add(parts.start, export);
        }
    }
    Ok(())
}

/// `HPy_bf_releasebuffer` of a class with `__buffer__`.
///
/// # Safety
/// `view` was filled by [`fill_view`] and is released once.
pub unsafe extern "C" fn release_view(
    _ctx: *mut HPyContext,
    _exporter: HPy,
    view: *mut HPy_buffer,
) {
    // SAFETY: as the caller says; the exporter's handle is closed by the runtime.
    unsafe {
        let export = if crate::runtime::is_pypy() {
            in_use::take((*view).buf.cast())
        } else {
            core::mem::replace(&mut (*view).internal, ptr::null_mut()).cast::<Export>()
        };
        if !export.is_null() {
            crate::entry::dropping(|| drop(Box::from_raw(export)));
        }
    }
}
