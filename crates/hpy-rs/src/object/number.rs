//! Operators and comparison.

use super::status;
use crate::handle::Handle;
use crate::kinds::{Any, Float, Int};
use crate::{IntoPy, PyResult};
use core::ffi::c_int;
use hpy_sys::{HPy, api, cmp};

/// A rich comparison, `HPy_RichCmpOp`.
///
/// ```
/// # use hpy::prelude::*;
/// # fn example<'ctx>(ctx: Ctx<'ctx>, object: Ref<'ctx>) -> PyResult<'ctx> {
/// let is_positive = object.compare(0, Compare::Gt)?;
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Compare {
    /// `<`
    Lt,
    /// `<=`
    Le,
    /// `==`
    Eq,
    /// `!=`
    Ne,
    /// `>`
    Gt,
    /// `>=`
    Ge,
}

impl Compare {
    pub(crate) fn as_raw(self) -> c_int {
        match self {
            Compare::Lt => cmp::HPy_LT,
            Compare::Le => cmp::HPy_LE,
            Compare::Eq => cmp::HPy_EQ,
            Compare::Ne => cmp::HPy_NE,
            Compare::Gt => cmp::HPy_GT,
            Compare::Ge => cmp::HPy_GE,
        }
    }

    #[doc(hidden)]
    pub fn from_raw(op: c_int) -> Option<Self> {
        Some(match op {
            cmp::HPy_LT => Compare::Lt,
            cmp::HPy_LE => Compare::Le,
            cmp::HPy_EQ => Compare::Eq,
            cmp::HPy_NE => Compare::Ne,
            cmp::HPy_GT => Compare::Gt,
            cmp::HPy_GE => Compare::Ge,
            _ => return None,
        })
    }

    /// What the comparison says of two values whose order is known.
    ///
    /// ```
    /// # use hpy::prelude::*;
    /// # fn example<'ctx>(ctx: Ctx<'ctx>, object: Ref<'ctx>) -> PyResult<'ctx> {
    /// use std::cmp::Ordering;
    /// assert!(Compare::Le.holds(Ordering::Equal) && !Compare::Lt.holds(Ordering::Equal));
    /// # Ok(())
    /// # }
    /// ```
    pub fn holds(self, ordering: core::cmp::Ordering) -> bool {
        match self {
            Compare::Lt => ordering.is_lt(),
            Compare::Le => ordering.is_le(),
            Compare::Eq => ordering.is_eq(),
            Compare::Ne => ordering.is_ne(),
            Compare::Gt => ordering.is_gt(),
            Compare::Ge => ordering.is_ge(),
        }
    }
}

macro_rules! binary {
    ($($(#[$doc:meta])* $name:ident $function:ident;)*) => {
        impl<'ctx, T> Handle<'ctx, T> {$(
            $(#[$doc])*
            #[doc = concat!(
                "\n```\n# use hpy::prelude::*;\n# fn example<'ctx>(object: Ref<'ctx>, other: Ref<'ctx>) -> PyResult<'ctx> {\nlet result = object.",
                stringify!($name),
                "(other)?;\n# Ok(())\n# }\n```"
            )]
            pub fn $name(&self, other: impl IntoPy<'ctx>) -> PyResult<'ctx, Handle<'ctx, Any>> {
                let ctx = self.ctx();
                let other = other.into_py(ctx)?;
                // SAFETY: the handles are open.
                unsafe {
                    Handle::from_new(
                        ctx,
                        api::$function(ctx.as_raw(), self.as_raw(), other.as_raw()),
                    )
                }
            }
        )*}
    };
}

binary! {
    /// `object + other`
    add HPy_Add;
    /// `object - other`
    sub HPy_Subtract;
    /// `object * other`
    mul HPy_Multiply;
    /// `object / other`
    truediv HPy_TrueDivide;
    /// `object // other`
    floordiv HPy_FloorDivide;
    /// `object % other`
    rem HPy_Remainder;
    /// `object @ other`
    matmul HPy_MatrixMultiply;
    /// `divmod(object, other)`
    divmod HPy_Divmod;
    /// `object << other`
    lshift HPy_Lshift;
    /// `object >> other`
    rshift HPy_Rshift;
    /// `object & other`
    bitand HPy_And;
    /// `object | other`
    bitor HPy_Or;
    /// `object ^ other`
    bitxor HPy_Xor;
    /// `object += other`; the result is what the variable becomes.
    iadd HPy_InPlaceAdd;
}

macro_rules! unary {
    ($($(#[$doc:meta])* $name:ident $function:ident $kind:ident;)*) => {
        impl<'ctx, T> Handle<'ctx, T> {$(
            $(#[$doc])*
            #[doc = concat!(
                "\n```\n# use hpy::prelude::*;\n# fn example<'ctx>(object: Ref<'ctx>) -> PyResult<'ctx> {\nlet result = object.",
                stringify!($name),
                "()?;\n# Ok(())\n# }\n```"
            )]
            pub fn $name(&self) -> PyResult<'ctx, Handle<'ctx, $kind>> {
                let ctx = self.ctx();
                // SAFETY: the handle is open; the result is of that kind by Python's own rules.
                unsafe { Handle::from_new(ctx, api::$function(ctx.as_raw(), self.as_raw())) }
            }
        )*}
    };
}

unary! {
    /// `-object`
    neg HPy_Negative Any;
    /// `+object`
    pos HPy_Positive Any;
    /// `abs(object)`
    abs HPy_Absolute Any;
    /// `~object`
    invert HPy_Invert Any;
    /// `operator.index(object)`
    index HPy_Index Int;
    /// `int(object)`
    to_int HPy_Long Int;
    /// `float(object)`
    to_float HPy_Float Float;
}

impl<'ctx, T> Handle<'ctx, T> {
    /// `pow(object, exponent)`
    ///
    /// ```
    /// # use hpy::prelude::*;
    /// # fn example<'ctx>(ctx: Ctx<'ctx>, object: Ref<'ctx>) -> PyResult<'ctx> {
    /// let square = object.pow(2)?;
    /// # Ok(())
    /// # }
    /// ```
    pub fn pow(&self, exponent: impl IntoPy<'ctx>) -> PyResult<'ctx, Handle<'ctx, Any>> {
        let ctx = self.ctx();
        let exponent = exponent.into_py(ctx)?;
        let none: HPy = ctx.none().as_raw();
        // SAFETY: the handles are open.
        unsafe {
            Handle::from_new(
                ctx,
                api::HPy_Power(ctx.as_raw(), self.as_raw(), exponent.as_raw(), none),
            )
        }
    }

    /// The truth of `object OP other`.
    ///
    /// ```
    /// # use hpy::prelude::*;
    /// # fn example<'ctx>(ctx: Ctx<'ctx>, object: Ref<'ctx>) -> PyResult<'ctx> {
    /// let is_small = object.compare(10, Compare::Lt)?;
    /// # Ok(())
    /// # }
    /// ```
    pub fn compare(&self, other: impl IntoPy<'ctx>, op: Compare) -> PyResult<'ctx, bool> {
        let ctx = self.ctx();
        let other = other.into_py(ctx)?;
        // SAFETY: the handles are open.
        let holds = unsafe {
            api::HPy_RichCompareBool(ctx.as_raw(), self.as_raw(), other.as_raw(), op.as_raw())
        };
        Ok(status(ctx, holds)? != 0)
    }

    /// `object == other`
    ///
    /// ```
    /// # use hpy::prelude::*;
    /// # fn example<'ctx>(ctx: Ctx<'ctx>, object: Ref<'ctx>) -> PyResult<'ctx> {
    /// let is_one = object.equals(1)?;
    /// # Ok(())
    /// # }
    /// ```
    pub fn equals(&self, other: impl IntoPy<'ctx>) -> PyResult<'ctx, bool> {
        self.compare(other, Compare::Eq)
    }

    /// `object OP other`, which need not be a bool.
    ///
    /// ```
    /// # use hpy::prelude::*;
    /// # fn example<'ctx>(ctx: Ctx<'ctx>, object: Ref<'ctx>) -> PyResult<'ctx> {
    /// let mask = object.rich_compare(0, Compare::Gt)?;
    /// # Ok(())
    /// # }
    /// ```
    pub fn rich_compare(
        &self,
        other: impl IntoPy<'ctx>,
        op: Compare,
    ) -> PyResult<'ctx, Handle<'ctx, Any>> {
        let ctx = self.ctx();
        let other = other.into_py(ctx)?;
        // SAFETY: the handles are open.
        unsafe {
            Handle::from_new(
                ctx,
                api::HPy_RichCompare(ctx.as_raw(), self.as_raw(), other.as_raw(), op.as_raw()),
            )
        }
    }
}
