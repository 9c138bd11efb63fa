//! Integers of any size (feature `num-bigint`) and complex numbers (feature `num-complex`).

use super::{FromPy, IntoPy};
use crate::handle::{Handle, Ref};
use crate::kinds::Any;
use crate::{Ctx, Hint, PyErr, PyResult};

#[cfg(feature = "num-bigint")]
mod big {
    use super::*;
    use crate::exc::OverflowError;
    use crate::kinds::{Bytes, Int};
    use num_bigint::{BigInt, BigUint};

    /// An int of any size, or what has `__index__`.
    impl<'a> FromPy<'a> for BigInt {
        const HINT: Hint = Hint::Text("int");

        fn from_py(object: Ref<'a, Any>) -> PyResult<'a, Self> {
            let int: Handle<'_, Int> = super::super::numbers::index_of(object)?;
            // Most ints are small.
            match int.extract::<i64>() {
                Ok(small) => return Ok(small.into()),
                Err(error) if error.is::<OverflowError>(object.ctx()) => drop(error),
                Err(error) => return Err(error),
            }
            let bits: usize = int.call_method(c"bit_length", ())?.extract()?;
            let signed = [("signed", true)];
            let bytes: Handle<'_, Bytes> =
                int.getattr(c"to_bytes")?.call_kw((bits / 8 + 1, "little"), &signed)?.cast()?;
            Ok(BigInt::from_signed_bytes_le(bytes.as_bytes()))
        }
    }

    impl<'ctx> IntoPy<'ctx> for &BigInt {
        const HINT: Hint = Hint::Text("int");

        fn into_py(self, ctx: Ctx<'ctx>) -> PyResult<'ctx, Handle<'ctx, Any>> {
            if let Ok(small) = i64::try_from(self) {
                return small.into_py(ctx);
            }
            let bytes = self.to_signed_bytes_le();
            let signed = [("signed", true)];
            ctx.type_named(c"int")?
                .getattr(c"from_bytes")?
                .call_kw((Bytes::new(ctx, &bytes)?, "little"), &signed)
        }
    }

    impl<'ctx> IntoPy<'ctx> for BigInt {
        const HINT: Hint = Hint::Text("int");

        fn into_py(self, ctx: Ctx<'ctx>) -> PyResult<'ctx, Handle<'ctx, Any>> {
            (&self).into_py(ctx)
        }
    }

    /// An int that is not negative. OverflowError for others.
    impl<'a> FromPy<'a> for BigUint {
        const HINT: Hint = Hint::Text("int");

        fn from_py(object: Ref<'a, Any>) -> PyResult<'a, Self> {
            BigUint::try_from(BigInt::from_py(object)?)
                .map_err(|_| OverflowError::new("can't convert negative int to unsigned"))
        }
    }

    impl<'ctx> IntoPy<'ctx> for BigUint {
        const HINT: Hint = Hint::Text("int");

        fn into_py(self, ctx: Ctx<'ctx>) -> PyResult<'ctx, Handle<'ctx, Any>> {
            BigInt::from(self).into_py(ctx)
        }
    }
}

#[cfg(feature = "num-complex")]
mod complex {
    use super::*;
    use crate::kinds::{Bytes, Complex as PyComplex, Kind, Str, Type};
    use num_complex::Complex;

    fn complex_type(ctx: Ctx<'_>) -> Ref<'_, Type> {
        // SAFETY: the constants of the context are open types.
        unsafe { Ref::from_raw(ctx, ctx.table().h_ComplexType) }
    }

    /// A complex, a float, an int, or what has `__complex__`.
    impl<'a> FromPy<'a> for Complex<f64> {
        const HINT: Hint = Hint::Text("complex");

        fn from_py(object: Ref<'a, Any>) -> PyResult<'a, Self> {
            let ctx = object.ctx();
            let parts = |complex: &Handle<'_, Any>| -> PyResult<'a, Self> {
                Ok(Complex::new(
                    complex
                        .getattr(c"real")
                        .and_then(|x| x.extract())
                        .map_err(|e| e.rebind(ctx))?,
                    complex
                        .getattr(c"imag")
                        .and_then(|x| x.extract())
                        .map_err(|e| e.rebind(ctx))?,
                ))
            };
            if PyComplex::check(&object) {
                return parts(&object);
            }
            // `complex()` reads text too.
            let numeric = !Str::check(&object)
                && !Bytes::check(&object)
                && (object.hasattr(c"__complex__")?
                    || object.hasattr(c"__float__")?
                    || object.hasattr(c"__index__")?);
            if !numeric {
                return Err(PyErr::wrong_type("complex", &*object));
            }
            parts(&complex_type(ctx).call((object,))?)
        }
    }

    impl<'ctx> IntoPy<'ctx> for Complex<f64> {
        const HINT: Hint = Hint::Text("complex");

        fn into_py(self, ctx: Ctx<'ctx>) -> PyResult<'ctx, Handle<'ctx, Any>> {
            complex_type(ctx).call((self.re, self.im))
        }
    }
}
