//! What is in memory that is shared with others: numbers that may change between two looks.

use core::cell::UnsafeCell;

/// A number that buffers hold.
///
/// # Safety
/// Any bits are a value of the type, and the codes are those of the `struct` module for it.
///
/// ```
/// use hpy::Element;
/// use hpy::prelude::*;
///
/// /// The sum of a buffer of any numbers that Rust adds up.
/// fn sum<T: Element + std::iter::Sum>(buffer: &Buffer<'_, T>) -> T {
///     buffer.to_vec().into_iter().sum()
/// }
///
/// #[hpy::function]
/// fn sums(floats: Buffer<'_, f64>, counts: Buffer<'_, u32>) -> (f64, u32) {
///     (sum(&floats), sum(&counts))
/// }
/// ```
pub unsafe trait Element: Copy + Send + Sync + 'static {
    /// What Python calls it.
    const NAME: &'static str;
    /// The format codes that mean the type here.
    const CODES: &'static [u8];
}

macro_rules! elements {
    ($($ty:ty: $name:literal $codes:expr;)*) => {$(
        // SAFETY: numbers have no invalid bits; sizes of C types are compared with the item size too.
        unsafe impl Element for $ty {
            const NAME: &'static str = $name;
            const CODES: &'static [u8] = $codes;
        }
    )*};
}

elements! {
    i8: "int8" b"b";
    u8: "uint8" b"Bc?";
    i16: "int16" b"h";
    u16: "uint16" b"H";
    i32: "int32" b"il";
    u32: "uint32" b"IL";
    i64: "int64" b"qln";
    u64: "uint64" b"QLN";
    f32: "float32" b"f";
    f64: "float64" b"d";
}

/// One item of a buffer: other holders of the memory may change it between two looks.
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
#[repr(transparent)]
pub struct Item<T>(UnsafeCell<T>);

impl<T: Element> Item<T> {
    #[inline(always)]
    pub(crate) fn new(value: T) -> Self {
        Item(UnsafeCell::new(value))
    }

    /// The value now.
    ///
    /// ```
    /// # use hpy::prelude::*;
    /// # fn example<'ctx>(ctx: Ctx<'ctx>, buffer: Buffer<'ctx, f64>) -> PyResult<'ctx> {
    /// let corner: Option<f64> = buffer.get(&[0, 0]);
    /// # Ok(())
    /// # }
    /// ```
    #[inline(always)]
    pub fn get(&self) -> T {
        // SAFETY: the item is in memory that the view keeps alive; any bits are a value.
        unsafe { self.0.get().read() }
    }
}
