//! bool, integers, floats.

use super::{FromPy, IntoPy, Returned, bulk};
use crate::exc::{OverflowError, TypeError};
use crate::handle::{Handle, Ref};
use crate::kinds::{Any, Bytes, Int, List};
use crate::{Ctx, Hint, PyErr, PyResult, runtime, shortcuts, text};
use hpy_sys::api;

/// After a failed conversion to an integer, whose exception is set: what has `__index__` is converted by that;
/// for anything else the error says what the object is.
#[cold]
#[inline(never)]
fn by_index<'a, T: for<'b> FromPy<'b>>(object: Ref<'a, Any>) -> PyResult<'a, T> {
    let ctx = object.ctx();
    let error = PyErr::pending(ctx);
    if object.is_kind::<Int>() || !error.is::<TypeError>(ctx) {
        return Err(error);
    }
    // Nothing else may be asked of Python while the exception is set.
    drop(error);
    index_of(object)?.extract()
}

/// `operator.index(object)` of an object that is no int, and the int's value.
#[cold]
#[inline(never)]
fn value_of_index<'a, T: for<'b> FromPy<'b>>(object: Ref<'a, Any>) -> PyResult<'a, T> {
    index_of(object)?.extract()
}

/// `operator.index(object)`, with an error that says what the object is.
pub(super) fn index_of<'a>(object: Ref<'a, Any>) -> PyResult<'a, Handle<'a, Int>> {
    if !object.is_kind::<Int>() && !object.hasattr(c"__index__")? {
        return Err(PyErr::wrong_type("int", &*object));
    }
    object.index()
}

/// `list_from_iter` of integers: those that fit into 64 bits go in one call of the runtime.
macro_rules! int_list {
    () => {
        #[inline]
        fn list_from_iter<I: ExactSizeIterator<Item = Self>>(
            items: I,
            ctx: Ctx<'ctx>,
        ) -> PyResult<'ctx, Handle<'ctx, List>> {
            bulk::list(ctx, items, |item| i64::try_from(item), |table| table.list_from_i64)
        }
    };
}

macro_rules! through_context {
    ($($int:ty: $from:ident $as:ident;)*) => {$(
        impl<'a> FromPy<'a> for $int {
            const HINT: Hint = Hint::Text("int");
            #[inline(always)]
            fn from_py(object: Ref<'a, Any>) -> PyResult<'a, Self> {
                if runtime::cuts_floats() && !object.is_kind::<Int>() {
                    return value_of_index(object);
                }
                // SAFETY: the handle is open.
                let value = unsafe { api::$as(object.ctx().as_raw(), object.as_raw()) };
                if value == (-1i8) as $int && object.ctx().error_is_set() {
                    return by_index(object);
                }
                Ok(value)
            }
        }

        impl<'ctx> IntoPy<'ctx> for $int {
            const HINT: Hint = Hint::Text("int");
            #[inline]
            fn into_py(self, ctx: Ctx<'ctx>) -> PyResult<'ctx, Handle<'ctx, Any>> {
                // SAFETY: the context is live; a small int is a new handle.
                unsafe {
                    let small = i64::try_from(self).ok().and_then(|int| shortcuts::small_int(ctx, int));
                    match small {
                        Some(small) => Ok(Handle::from_raw(ctx, small)),
                        None => Handle::from_new(ctx, api::$from(ctx.as_raw(), self)),
                    }
                }
            }

            #[inline(always)]
            fn into_returned(self, ctx: Ctx<'ctx>) -> PyResult<'ctx, Returned> {
                // SAFETY: the context is live; it raises where it returns null.
                unsafe {
                    let small = i64::try_from(self).ok().and_then(|int| shortcuts::small_int(ctx, int));
                    let raw = match small {
                        Some(small) => small,
                        None => api::$from(ctx.as_raw(), self),
                    };
                    Ok(Returned::from_raw(raw))
                }
            }

            int_list!();
        }
    )*};
}

through_context! {
    u64: HPyLong_FromUInt64_t HPyLong_AsUInt64_t;
    isize: HPyLong_FromSsize_t HPyLong_AsSsize_t;
    usize: HPyLong_FromSize_t HPyLong_AsSize_t;
}

impl<'a> FromPy<'a> for i64 {
    const HINT: Hint = Hint::Text("int");
    #[inline(always)]
    fn from_py(object: Ref<'a, Any>) -> PyResult<'a, Self> {
        if runtime::cuts_floats() && !object.is_kind::<Int>() {
            return value_of_index(object);
        }
        // SAFETY: the handle is open.
        let value = unsafe { shortcuts::HPyLong_AsInt64_t(object.ctx().as_raw(), object.as_raw()) };
        if value == -1 && object.ctx().error_is_set() {
            return by_index(object);
        }
        Ok(value)
    }

    fn vec_from_py(object: Ref<'a, Any>) -> PyResult<'a, Option<Vec<Self>>> {
        match runtime::extensions(object.ctx()) {
            Some(table) if !runtime::cuts_floats() => bulk::read(object, table.read_i64),
            _ => Ok(None),
        }
    }
}

impl<'ctx> IntoPy<'ctx> for i64 {
    const HINT: Hint = Hint::Text("int");
    #[inline]
    fn into_py(self, ctx: Ctx<'ctx>) -> PyResult<'ctx, Handle<'ctx, Any>> {
        // SAFETY: the context is live.
        unsafe {
            match shortcuts::small_int(ctx, self) {
                Some(small) => Ok(Handle::from_raw(ctx, small)),
                None => Handle::from_new(ctx, shortcuts::HPyLong_FromInt64_t(ctx.as_raw(), self)),
            }
        }
    }

    #[inline(always)]
    fn into_returned(self, ctx: Ctx<'ctx>) -> PyResult<'ctx, Returned> {
        // SAFETY: the context is live; it raises where it returns null.
        unsafe {
            let raw = match shortcuts::small_int(ctx, self) {
                Some(small) => small,
                None => shortcuts::HPyLong_FromInt64_t(ctx.as_raw(), self),
            };
            Ok(Returned::from_raw(raw))
        }
    }

    int_list!();

    fn vec_into_py(items: Vec<Self>, ctx: Ctx<'ctx>) -> PyResult<'ctx, Handle<'ctx, Any>> {
        bulk::list_of(ctx, &items, |table| table.list_from_i64).map(Handle::into_any)
    }
}

macro_rules! narrow {
    ($($int:ty)*) => {$(
        impl<'a> FromPy<'a> for $int {
            const HINT: Hint = Hint::Text("int");
            #[inline]
            fn from_py(object: Ref<'a, Any>) -> PyResult<'a, Self> {
                let value = i64::from_py(object)?;
                match <$int>::try_from(value) {
                    Ok(value) => Ok(value),
                    Err(_) => Err(OverflowError::new(format!(
                        concat!("{} is not in the range of ", stringify!($int), ", {} to {}"),
                        value, <$int>::MIN, <$int>::MAX,
                    ))),
                }
            }
        }

        impl<'ctx> IntoPy<'ctx> for $int {
            const HINT: Hint = Hint::Text("int");
            #[inline]
            fn into_py(self, ctx: Ctx<'ctx>) -> PyResult<'ctx, Handle<'ctx, Any>> {
                i64::from(self).into_py(ctx)
            }

            #[inline(always)]
            fn into_returned(self, ctx: Ctx<'ctx>) -> PyResult<'ctx, Returned> {
                i64::from(self).into_returned(ctx)
            }

            int_list!();
        }
    )*};
}

narrow!(i8 i16 i32 u16 u32);

/// An int from 0 to 255. Sequences of them are bytes.
impl<'a> FromPy<'a> for u8 {
    const HINT: Hint = Hint::Text("int");
    const VEC_HINT: Hint = Hint::Text("bytes | collections.abc.Iterable[int]");

    #[inline]
    fn from_py(object: Ref<'a, Any>) -> PyResult<'a, Self> {
        let value = i64::from_py(object)?;
        u8::try_from(value)
            .map_err(|_| OverflowError::new(format!("{value} is not in the range of u8, 0 to 255")))
    }

    fn vec_from_py(object: Ref<'a, Any>) -> PyResult<'a, Option<Vec<Self>>> {
        match Ref::<Bytes>::from_py(object) {
            Ok(bytes) => Ok(Some(bytes.as_bytes().to_vec())),
            Err(_) => Ok(None),
        }
    }
}

/// An int. A `Vec<u8>` becomes bytes.
impl<'ctx> IntoPy<'ctx> for u8 {
    const HINT: Hint = Hint::Text("int");
    const VEC_HINT: Hint = Hint::Text("bytes");

    #[inline]
    fn into_py(self, ctx: Ctx<'ctx>) -> PyResult<'ctx, Handle<'ctx, Any>> {
        i64::from(self).into_py(ctx)
    }

    int_list!();

    fn vec_into_py(items: Vec<Self>, ctx: Ctx<'ctx>) -> PyResult<'ctx, Handle<'ctx, Any>> {
        text::new_bytes(ctx, &items).map(Handle::into_any)
    }
}

/// Integers of 128 bits cross the ABI as two halves.
macro_rules! wide {
    ($($int:ty, $half:ty;)*) => {$(
        impl<'a> FromPy<'a> for $int {
            const HINT: Hint = Hint::Text("int");
            fn from_py(object: Ref<'a, Any>) -> PyResult<'a, Self> {
                let int = index_of(object)?;
                // SAFETY: the handle is open and an int, so taking its low bits cannot fail.
                let low = unsafe {
                    api::HPyLong_AsUInt64_tMask(object.ctx().as_raw(), int.as_raw())
                };
                let high = int.rshift(64i64)?;
                match high.extract::<$half>() {
                    Ok(high) => Ok(((high as $int) << 64) | low as $int),
                    Err(error) if error.is::<OverflowError>(object.ctx()) => {
                        drop(error);
                        Err(OverflowError::new(concat!(
                            "Python int is not in the range of ", stringify!($int)
                        )))
                    }
                    Err(error) => Err(error),
                }
            }
        }

        impl<'ctx> IntoPy<'ctx> for $int {
            const HINT: Hint = Hint::Text("int");
            fn into_py(self, ctx: Ctx<'ctx>) -> PyResult<'ctx, Handle<'ctx, Any>> {
                if let Ok(value) = i64::try_from(self) {
                    return value.into_py(ctx);
                }
                let high = ((self >> 64) as $half).into_py(ctx)?.lshift(64i64)?;
                high.bitor(self as u64)
            }
        }
    )*};
}

wide! {
    i128, i64;
    u128, u64;
}

impl<'a> FromPy<'a> for f64 {
    const HINT: Hint = Hint::Text("float");
    #[inline(always)]
    fn from_py(object: Ref<'a, Any>) -> PyResult<'a, Self> {
        // SAFETY: the handle is open.
        let value = unsafe { shortcuts::float_value(object.ctx(), object.as_raw()) };
        if value == -1.0 && object.ctx().error_is_set() {
            return Err(not_a_float(object));
        }
        Ok(value)
    }

    fn vec_from_py(object: Ref<'a, Any>) -> PyResult<'a, Option<Vec<Self>>> {
        match runtime::extensions(object.ctx()) {
            Some(table) => bulk::read(object, table.read_f64),
            None => Ok(None),
        }
    }
}

/// After a failed conversion to a float, whose exception is set: the error that says what the object is.
#[cold]
#[inline(never)]
fn not_a_float(object: Ref<'_, Any>) -> PyErr<'_> {
    let ctx = object.ctx();
    let error = PyErr::pending(ctx);
    if !error.is::<TypeError>(ctx) {
        return error;
    }
    // Nothing else may be asked of Python while the exception is set.
    drop(error);
    let numeric = object.hasattr(c"__float__").unwrap_or(false)
        || object.hasattr(c"__index__").unwrap_or(false);
    match object.to_float() {
        Err(error) if numeric => error,
        Err(error) => {
            drop(error);
            PyErr::wrong_type("float", &*object)
        }
        // `float()` reads text too.
        Ok(_) => PyErr::wrong_type("float", &*object),
    }
}

impl<'ctx> IntoPy<'ctx> for f64 {
    const HINT: Hint = Hint::Text("float");
    #[inline]
    fn into_py(self, ctx: Ctx<'ctx>) -> PyResult<'ctx, Handle<'ctx, Any>> {
        // SAFETY: the context is live.
        unsafe { Handle::from_new(ctx, shortcuts::HPyFloat_FromDouble(ctx.as_raw(), self)) }
    }

    #[inline(always)]
    fn into_returned(self, ctx: Ctx<'ctx>) -> PyResult<'ctx, Returned> {
        // SAFETY: the context is live; it raises where it returns null.
        unsafe { Ok(Returned::from_raw(shortcuts::HPyFloat_FromDouble(ctx.as_raw(), self))) }
    }

    #[inline]
    fn list_from_iter<I: ExactSizeIterator<Item = Self>>(
        items: I,
        ctx: Ctx<'ctx>,
    ) -> PyResult<'ctx, Handle<'ctx, List>> {
        bulk::list(ctx, items, Ok::<f64, f64>, |table| table.list_from_f64)
    }

    fn vec_into_py(items: Vec<Self>, ctx: Ctx<'ctx>) -> PyResult<'ctx, Handle<'ctx, Any>> {
        bulk::list_of(ctx, &items, |table| table.list_from_f64).map(Handle::into_any)
    }
}

/// A float, rounded to 32 bits.
impl<'a> FromPy<'a> for f32 {
    const HINT: Hint = Hint::Text("float");
    #[inline]
    fn from_py(object: Ref<'a, Any>) -> PyResult<'a, Self> {
        f64::from_py(object).map(|value| value as f32)
    }
}

impl<'ctx> IntoPy<'ctx> for f32 {
    const HINT: Hint = Hint::Text("float");
    #[inline]
    fn into_py(self, ctx: Ctx<'ctx>) -> PyResult<'ctx, Handle<'ctx, Any>> {
        f64::from(self).into_py(ctx)
    }

    #[inline(always)]
    fn into_returned(self, ctx: Ctx<'ctx>) -> PyResult<'ctx, Returned> {
        f64::from(self).into_returned(ctx)
    }

    #[inline]
    fn list_from_iter<I: ExactSizeIterator<Item = Self>>(
        items: I,
        ctx: Ctx<'ctx>,
    ) -> PyResult<'ctx, Handle<'ctx, List>> {
        f64::list_from_iter(items.map(f64::from), ctx)
    }
}

/// `True` or `False`; nothing else is taken for one.
impl<'a> FromPy<'a> for bool {
    const HINT: Hint = Hint::Text("bool");
    #[inline]
    fn from_py(object: Ref<'a, Any>) -> PyResult<'a, Self> {
        let ctx = object.ctx();
        if object.is(&ctx.bool(true)) {
            Ok(true)
        } else if object.is(&ctx.bool(false)) {
            Ok(false)
        } else {
            Err(PyErr::wrong_type("bool", &*object))
        }
    }
}

impl<'ctx> IntoPy<'ctx> for bool {
    const HINT: Hint = Hint::Text("bool");
    #[inline]
    fn into_py(self, ctx: Ctx<'ctx>) -> PyResult<'ctx, Handle<'ctx, Any>> {
        Ok(ctx.bool(self).to_owned())
    }
}
