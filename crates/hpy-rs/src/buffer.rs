//! Views of an object's memory: arrays of numbers without copying.
//!
//! The base ABI has no way to take a buffer. Where the runtime has the extension table a [`Buffer`] is a view;
//! elsewhere it is a copy that `memoryview` made, and a [`BufferMut`] is refused.

use crate::element::{Element, Item};
use crate::exc::{BufferError, TypeError};
use crate::handle::{Handle, Ref};
use crate::kinds::{Any, Bytes};
use crate::{Ctx, FromPy, PyErr, PyResult, runtime};
use core::ffi::{CStr, c_int};
use core::marker::PhantomData;
use core::mem::MaybeUninit;
use hpy_sys::HPy_buffer;

const WRITABLE: c_int = 0x1;
const FORMAT: c_int = 0x4;
const STRIDES: c_int = 0x18;

enum Source {
    View,
    Copy(#[allow(dead_code)] Vec<u8>),
}

/// What both kinds of buffer have.
struct View<'ctx> {
    ctx: Ctx<'ctx>,
    raw: HPy_buffer,
    source: Source,
    shape: Vec<usize>,
    strides: Vec<isize>,
}

impl Drop for View<'_> {
    fn drop(&mut self) {
        if let (Source::View, Some(table)) = (&self.source, runtime::extensions(self.ctx)) {
            // SAFETY: the view was taken with this table and is released once.
            unsafe { (table.buffer_release)(self.ctx.as_raw(), &raw mut self.raw) }
        }
    }
}

/// Whether a format is one number of the type in this machine's byte order.
fn format_fits<T: Element>(format: &[u8], item_size: isize) -> bool {
    let code = match format {
        [b'@' | b'=', code] => *code,
        [b'<', code] if cfg!(target_endian = "little") => *code,
        [b'>' | b'!', code] if cfg!(target_endian = "big") => *code,
        [code] => *code,
        _ => return false,
    };
    T::CODES.contains(&code) && item_size == size_of::<T>() as isize
}

impl<'ctx> View<'ctx> {
    fn take<T: Element>(
        object: Ref<'_, Any>,
        ctx: Ctx<'ctx>,
        flags: c_int,
    ) -> PyResult<'ctx, Self> {
        let Some(table) = runtime::extensions(ctx) else {
            if flags & WRITABLE != 0 {
                return Err(BufferError::new("this HPy runtime gives no writable view of memory"));
            }
            // SAFETY: the object is open while this function runs; the copy keeps no reference to it.
            return View::copy::<T>(unsafe { Ref::from_raw(ctx, object.as_raw()) });
        };
        let mut raw = MaybeUninit::<HPy_buffer>::zeroed();
        // SAFETY: the handle is open; the table is that of the context.
        let raw = unsafe {
            if (table.buffer_get)(ctx.as_raw(), object.as_raw(), raw.as_mut_ptr(), flags) < 0 {
                let error = PyErr::pending(ctx);
                if error.is::<TypeError>(ctx) {
                    drop(error);
                    return Err(PyErr::wrong_type("an object with a buffer", &*object).rebind(ctx));
                }
                return Err(error);
            }
            raw.assume_init()
        };
        let mut view =
            View { ctx, raw, source: Source::View, shape: Vec::new(), strides: Vec::new() };
        // SAFETY: a view with FORMAT and STRIDES has a format (null means bytes), and `ndim` sizes and strides.
        unsafe {
            let dimensions = raw.ndim.max(0) as usize;
            if dimensions > 0 {
                view.shape = core::slice::from_raw_parts(raw.shape, dimensions)
                    .iter()
                    .map(|size| *size as usize)
                    .collect();
                view.strides = core::slice::from_raw_parts(raw.strides, dimensions).to_vec();
            }
            let format =
                if raw.format.is_null() { b"B" } else { CStr::from_ptr(raw.format).to_bytes() };
            check_format::<T>(format, raw.itemsize)?;
        }
        Ok(view)
    }

    /// By `memoryview`, for runtimes without the extension table.
    fn copy<T: Element>(object: Ref<'ctx, Any>) -> PyResult<'ctx, Self> {
        let ctx = object.ctx();
        let memory = match ctx.builtin(c"memoryview")?.call((object,)) {
            Ok(memory) => memory,
            Err(error) if error.is::<TypeError>(ctx) => {
                drop(error);
                return Err(PyErr::wrong_type("an object with a buffer", &*object));
            }
            Err(error) => return Err(error),
        };
        let format: String = memory.getattr(c"format")?.extract()?;
        check_format::<T>(format.as_bytes(), memory.getattr(c"itemsize")?.extract()?)?;
        let shape: Vec<usize> = memory.getattr(c"shape")?.extract()?;
        let mut strides = vec![0isize; shape.len()];
        let mut step = size_of::<T>() as isize;
        for (stride, size) in strides.iter_mut().zip(&shape).rev() {
            *stride = step;
            step *= *size as isize;
        }
        let bytes: Handle<'_, Bytes> = memory.call_method(c"tobytes", ())?.cast()?;
        let mut data = bytes.as_bytes().to_vec();
        // SAFETY: all-zero is a valid empty view; `buf` points into the vector, which the view owns.
        let mut raw: HPy_buffer = unsafe { MaybeUninit::zeroed().assume_init() };
        raw.buf = data.as_mut_ptr().cast();
        raw.len = data.len() as isize;
        raw.itemsize = size_of::<T>() as isize;
        raw.readonly = 1;
        Ok(View { ctx, raw, source: Source::Copy(data), shape, strides })
    }

    fn is_contiguous<T>(&self) -> bool {
        let mut step = size_of::<T>() as isize;
        for (stride, size) in self.strides.iter().zip(&self.shape).rev() {
            if *size > 1 && *stride != step {
                return false;
            }
            step *= *size as isize;
        }
        true
    }

    fn len(&self) -> usize {
        self.shape.iter().product()
    }

    /// The address of an item; None where an index is too large.
    fn address<T>(&self, index: &[usize]) -> Option<*mut T> {
        if index.len() != self.shape.len() {
            return None;
        }
        let mut offset = 0isize;
        for ((index, size), stride) in index.iter().zip(&self.shape).zip(&self.strides) {
            if index >= size {
                return None;
            }
            offset += *index as isize * stride;
        }
        Some(self.raw.buf.cast::<u8>().wrapping_offset(offset).cast())
    }

    /// All items as a slice where they lie side by side, in order, and aligned.
    fn items<T>(&self) -> Option<*const Item<T>> {
        let start = self.raw.buf.cast::<Item<T>>();
        if self.len() == 0 {
            return Some(core::ptr::NonNull::dangling().as_ptr());
        }
        (self.is_contiguous::<T>() && start.is_aligned()).then_some(start)
    }

    fn to_vec<T: Element>(&self) -> Vec<T> {
        let mut values = Vec::with_capacity(self.len());
        let mut index = vec![0usize; self.shape.len()];
        for _ in 0..self.len() {
            if let Some(item) = self.address::<T>(&index) {
                // SAFETY: the item is in the view's memory; any bits are a value; it may be unaligned.
                values.push(unsafe { item.read_unaligned() });
            }
            for (place, size) in index.iter_mut().zip(&self.shape).rev() {
                *place += 1;
                if *place < *size {
                    break;
                }
                *place = 0;
            }
        }
        values
    }
}

#[cold]
fn wrong_items<T: Element>(format: &[u8], size: isize) -> PyErr<'static> {
    TypeError::new(format!(
        "expected a buffer of {}, got one of format '{}' with items of {size} bytes",
        T::NAME,
        String::from_utf8_lossy(format)
    ))
}

fn check_format<T: Element>(format: &[u8], size: isize) -> PyResult<'static> {
    if format_fits::<T>(format, size) { Ok(()) } else { Err(wrong_items::<T>(format, size)) }
}

macro_rules! buffer {
    ($(#[$doc:meta])* $name:ident $flags:expr) => {
        $(#[$doc])*
        pub struct $name<'ctx, T: Element> {
            view: View<'ctx>,
            items: PhantomData<T>,
        }

        impl<'ctx, T: Element> $name<'ctx, T> {
            /// Takes the buffer of an object. TypeError where it has none or has other items.
            ///
            /// ```
            /// # use hpy::prelude::*;
            /// # fn example<'ctx>(ctx: Ctx<'ctx>, object: Ref<'ctx>) -> PyResult<'ctx> {
            /// let array = ctx.import(c"array")?.call_method(c"array", ("d", vec![1.0, 2.0]))?;
            /// let items: Buffer<'_, f64> = Buffer::new(&array)?;
            /// println!("{:?}", items.to_vec());
            /// # Ok(())
            /// # }
            /// ```
            pub fn new<K>(object: &Handle<'ctx, K>) -> PyResult<'ctx, Self> {
                let ctx = object.ctx();
                View::take::<T>(object.as_ref().as_any(), ctx, $flags)
                    .map(|view| $name { view, items: PhantomData })
            }

            /// How many items there are.
            ///
            /// ```
            /// # use hpy::prelude::*;
            /// # fn example<'ctx>(ctx: Ctx<'ctx>, buffer: Buffer<'ctx, f64>) -> PyResult<'ctx> {
            /// let mean = buffer.to_vec().iter().sum::<f64>() / buffer.len() as f64;
            /// # Ok(())
            /// # }
            /// ```
            pub fn len(&self) -> usize {
                self.view.len()
            }

            /// Whether there are none.
            ///
            /// ```
            /// # use hpy::prelude::*;
            /// # fn example<'ctx>(ctx: Ctx<'ctx>, buffer: Buffer<'ctx, f64>) -> PyResult<'ctx> {
            /// if buffer.is_empty() {
            ///     return Err(ValueError::new("no numbers"));
            /// }
            /// # Ok(())
            /// # }
            /// ```
            pub fn is_empty(&self) -> bool {
                self.len() == 0
            }

            /// The size of each dimension.
            ///
            /// ```
            /// # use hpy::prelude::*;
            /// # fn example<'ctx>(ctx: Ctx<'ctx>, buffer: Buffer<'ctx, f64>) -> PyResult<'ctx> {
            /// let [rows, columns] = *buffer.shape() else {
            ///     return Err(ValueError::new("not two dimensions"));
            /// };
            /// # Ok(())
            /// # }
            /// ```
            pub fn shape(&self) -> &[usize] {
                &self.view.shape
            }

            /// The distance in bytes between neighbours in each dimension.
            ///
            /// ```
            /// # use hpy::prelude::*;
            /// # fn example<'ctx>(ctx: Ctx<'ctx>, buffer: Buffer<'ctx, f64>) -> PyResult<'ctx> {
            /// let are_columns_together = buffer.strides().first() == Some(&8);
            /// # Ok(())
            /// # }
            /// ```
            pub fn strides(&self) -> &[isize] {
                &self.view.strides
            }

            /// Where the item of index 0 (in each dimension) is: valid as long as this value, or as another view
            /// of the same memory is kept; see [`is_view`](Self::is_view).
            ///
            /// ```
            /// # use hpy::prelude::*;
            /// # fn example<'ctx>(ctx: Ctx<'ctx>, buffer: Buffer<'ctx, f64>) -> PyResult<'ctx> {
            /// let address = buffer.as_ptr().addr();
            /// # Ok(())
            /// # }
            /// ```
            pub fn as_ptr(&self) -> *const T {
                self.view.raw.buf.cast_const().cast()
            }

            /// Whether this is the object's own memory: not so where the runtime has no extension table.
            ///
            /// ```
            /// # use hpy::prelude::*;
            /// # fn example<'ctx>(ctx: Ctx<'ctx>, buffer: Buffer<'ctx, f64>) -> PyResult<'ctx> {
            /// println!("{}", if buffer.is_view() { "shared" } else { "copied" });
            /// # Ok(())
            /// # }
            /// ```
            pub fn is_view(&self) -> bool {
                matches!(self.view.source, Source::View)
            }

            /// Whether the object does not allow changes.
            ///
            /// ```
            /// # use hpy::prelude::*;
            /// # fn example<'ctx>(ctx: Ctx<'ctx>, buffer: Buffer<'ctx, f64>) -> PyResult<'ctx> {
            /// let may_write = !buffer.is_readonly();
            /// # Ok(())
            /// # }
            /// ```
            pub fn is_readonly(&self) -> bool {
                self.view.raw.readonly != 0
            }

            /// One item, by an index for each dimension.
            ///
            /// ```
            /// # use hpy::prelude::*;
            /// # fn example<'ctx>(ctx: Ctx<'ctx>, buffer: Buffer<'ctx, f64>) -> PyResult<'ctx> {
            /// let corner: Option<f64> = buffer.get(&[0, 0]);
            /// # Ok(())
            /// # }
            /// ```
            pub fn get(&self, index: &[usize]) -> Option<T> {
                // SAFETY: the address is in the view's memory; any bits are a value.
                self.view.address::<T>(index).map(|item| unsafe { item.read_unaligned() })
            }

            /// The items in order, where they lie side by side in memory (C order).
            ///
            /// ```
            /// # use hpy::prelude::*;
            /// # fn example<'ctx>(ctx: Ctx<'ctx>, buffer: Buffer<'ctx, f64>) -> PyResult<'ctx> {
            /// if let Some(items) = buffer.items() {
            ///     let sum: f64 = items.iter().map(|item| item.get()).sum();
            /// }
            /// # Ok(())
            /// # }
            /// ```
            pub fn items(&self) -> Option<&[Item<T>]> {
                let start = self.view.items::<T>()?;
                // SAFETY: the view keeps the memory alive; items may change, which their type allows.
                Some(unsafe { core::slice::from_raw_parts(start, self.len()) })
            }

            /// A copy of the items in C order.
            ///
            /// ```
            /// # use hpy::prelude::*;
            /// # fn example<'ctx>(ctx: Ctx<'ctx>, buffer: Buffer<'ctx, f64>) -> PyResult<'ctx> {
            /// let mut sorted = buffer.to_vec();
            /// sorted.sort_by(f64::total_cmp);
            /// # Ok(())
            /// # }
            /// ```
            pub fn to_vec(&self) -> Vec<T> {
                match self.items() {
                    Some(items) => items.iter().map(Item::get).collect(),
                    None => self.view.to_vec(),
                }
            }
        }

        impl<'a, T: Element> FromPy<'a> for $name<'a, T> {
            const HINT: crate::Hint = crate::Hint::Text("typing_extensions.Buffer");

            fn from_py(object: Ref<'a, Any>) -> PyResult<'a, Self> {
                $name::new(&*object)
            }
        }
    };
}

buffer! {
    /// A view of the memory of an object: of `bytes`, `bytearray`, `array.array`, `memoryview`, NumPy arrays.
    /// The object keeps its size while the view lives.
    ///
    /// ```
    /// use hpy::prelude::*;
    ///
    /// #[hpy::function]
    /// fn total(values: Buffer<'_, f64>) -> f64 {
    ///     match values.items() {
    ///         Some(items) => items.iter().map(|item| item.get()).sum(),
    ///         None => values.to_vec().iter().sum(),
    ///     }
    /// }
    /// ```
    Buffer FORMAT | STRIDES
}

buffer! {
    /// A writable view of the memory of an object. BufferError where the object does not allow that.
    ///
    /// ```
    /// use hpy::prelude::*;
    ///
    /// #[hpy::function]
    /// fn clear(mut values: BufferMut<'_, f64>) {
    ///     values.fill(0.0);
    /// }
    /// ```
    BufferMut FORMAT | STRIDES | WRITABLE
}

impl<T: Element> BufferMut<'_, T> {
    /// Changes one item; false where there is none of that index.
    ///
    /// ```
    /// # use hpy::prelude::*;
    /// # fn example<'ctx>(ctx: Ctx<'ctx>, mut buffer: BufferMut<'ctx, f64>) -> PyResult<'ctx> {
    /// buffer.set(&[0], 1.5);
    /// # Ok(())
    /// # }
    /// ```
    pub fn set(&mut self, index: &[usize], value: T) -> bool {
        match self.view.address::<T>(index) {
            Some(item) => {
                // SAFETY: the address is in the view's memory, which is writable.
                unsafe { item.write_unaligned(value) };
                true
            }
            None => false,
        }
    }

    /// Makes all items the same.
    ///
    /// ```
    /// # use hpy::prelude::*;
    /// # fn example<'ctx>(ctx: Ctx<'ctx>, mut buffer: BufferMut<'ctx, f64>) -> PyResult<'ctx> {
    /// buffer.fill(0.0);
    /// # Ok(())
    /// # }
    /// ```
    pub fn fill(&mut self, value: T) {
        self.map(|_| value);
    }

    /// Replaces each item, in C order, by what `f` makes of it.
    ///
    /// ```
    /// # use hpy::prelude::*;
    /// # fn example<'ctx>(ctx: Ctx<'ctx>, mut buffer: BufferMut<'ctx, f64>) -> PyResult<'ctx> {
    /// buffer.map(|value| value * 2.0);
    /// # Ok(())
    /// # }
    /// ```
    pub fn map(&mut self, mut f: impl FnMut(T) -> T) {
        let shape = self.view.shape.clone();
        let mut index = vec![0usize; shape.len()];
        for _ in 0..self.len() {
            if let Some(value) = self.get(&index) {
                self.set(&index, f(value));
            }
            for (place, size) in index.iter_mut().zip(&shape).rev() {
                *place += 1;
                if *place < *size {
                    break;
                }
                *place = 0;
            }
        }
    }
}
