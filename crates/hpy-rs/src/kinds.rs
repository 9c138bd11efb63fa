//! What a handle promises of its object.

use crate::handle::Handle;
use crate::{Ctx, Hint, PyErr, PyResult, shortcuts};
use hpy_sys::api;

/// A kind of object that handles can be typed with: one of this module's markers or a class.
///
/// ```
/// # use hpy::prelude::*;
/// # fn example<'ctx>(ctx: Ctx<'ctx>, object: Ref<'ctx>) -> PyResult<'ctx> {
/// fn both<K: Kind>(a: Ref<'_>, b: Ref<'_>) -> bool {
///     a.is_kind::<K>() && b.is_kind::<K>()
/// }
/// let are_texts = both::<Str>(object, object);
/// # Ok(())
/// # }
/// ```
pub trait Kind: 'static {
    /// The name that error messages use.
    const NAME: &'static str;

    /// The type hint in `.pyi` files.
    const HINT: Hint = Hint::Text(Self::NAME);

    /// Whether the object is of this kind, as `isinstance` says.
    fn check(object: &Handle<'_, Any>) -> bool;
}

macro_rules! kinds {
    ($($(#[$doc:meta])* $kind:ident $name:literal $($hint:literal)? $(: $exactly:ident)? = |$ctx:ident, $h:ident| $check:expr;)*) => {$(
        $(#[$doc])*
        #[doc = concat!(
            "\n```\n# use hpy::prelude::*;\n# fn example<'ctx>(object: Ref<'ctx>) -> PyResult<'ctx> {\nlet checked: Handle<'_, ",
            stringify!($kind),
            "> = object.to_owned().cast()?;\n# Ok(())\n# }\n```"
        )]
        #[derive(Clone, Copy, Debug)]
        pub enum $kind {}

        impl Kind for $kind {
            const NAME: &'static str = $name;
            $(const HINT: Hint = Hint::Text($hint);)?
            #[inline(always)]
            fn check(object: &Handle<'_, Any>) -> bool {
                let $ctx = object.ctx().as_raw();
                let $h = object.as_raw();
                // SAFETY: the handle is open, the constants of the context are.
                #[allow(unused_unsafe)]
                unsafe {
                    $(if shortcuts::is_exactly(object.ctx(), $h, (*$ctx).$exactly) {
                        return true;
                    })?
                    $check
                }
            }
        }
    )*};
}

kinds! {
    /// Any object.
    Any "object" "typing.Any" = |_ctx, _h| true;
    /// `str`
    Str "str": h_UnicodeType = |ctx, h| api::HPyUnicode_Check(ctx, h) != 0;
    /// `int` (`bool` is one)
    Int "int": h_LongType = |ctx, h| api::HPy_TypeCheck(ctx, h, (*ctx).h_LongType) != 0;
    /// `float`
    Float "float": h_FloatType = |ctx, h| api::HPy_TypeCheck(ctx, h, (*ctx).h_FloatType) != 0;
    /// `bool`
    Bool "bool": h_BoolType = |ctx, h| api::HPy_TypeCheck(ctx, h, (*ctx).h_BoolType) != 0;
    /// `complex`
    Complex "complex": h_ComplexType = |ctx, h| api::HPy_TypeCheck(ctx, h, (*ctx).h_ComplexType) != 0;
    /// `bytes`
    Bytes "bytes": h_BytesType = |ctx, h| api::HPyBytes_Check(ctx, h) != 0;
    /// `list`
    List "list" "list[typing.Any]": h_ListType = |ctx, h| api::HPyList_Check(ctx, h) != 0;
    /// `tuple`
    Tuple "tuple" "tuple[typing.Any, ...]": h_TupleType = |ctx, h| api::HPyTuple_Check(ctx, h) != 0;
    /// `dict`
    Dict "dict" "dict[typing.Any, typing.Any]": h_DictType = |ctx, h| api::HPyDict_Check(ctx, h) != 0;
    /// `slice`
    Slice "slice": h_SliceType = |ctx, h| api::HPy_TypeCheck(ctx, h, (*ctx).h_SliceType) != 0;
    /// `type`: a class
    Type "type": h_TypeType = |ctx, h| api::HPy_TypeCheck(ctx, h, (*ctx).h_TypeType) != 0;
}

/// A module. Only made by this crate, which knows that it is one; `isinstance` is not asked.
///
/// ```
/// #[hpy::module]
/// mod numbers {
///     use hpy::prelude::*;
///
///     #[init]
///     fn init<'ctx>(ctx: Ctx<'ctx>, module: Ref<'ctx, Module>) -> PyResult<'ctx> {
///         module.setattr(c"SQUARES", List::from_iter(ctx, [1, 4, 9])?)
///     }
/// }
/// ```
#[derive(Clone, Copy, Debug)]
pub enum Module {}

impl<'ctx, T> Handle<'ctx, T> {
    /// The same object as one of kind `U`, TypeError where it is none.
    ///
    /// ```
    /// # use hpy::prelude::*;
    /// # fn example<'ctx>(ctx: Ctx<'ctx>, object: Ref<'ctx>) -> PyResult<'ctx> {
    /// let list: Handle<'_, List> = object.to_owned().cast()?;
    /// # Ok(())
    /// # }
    /// ```
    pub fn cast<U: Kind>(self) -> PyResult<'ctx, Handle<'ctx, U>> {
        let any = self.into_any();
        if U::check(&any) {
            // SAFETY: just checked.
            return Ok(unsafe { any.assume() });
        }
        Err(PyErr::wrong_type(U::NAME, &any))
    }

    /// Whether the object is of kind `U`.
    ///
    /// ```
    /// # use hpy::prelude::*;
    /// # fn example<'ctx>(ctx: Ctx<'ctx>, object: Ref<'ctx>) -> PyResult<'ctx> {
    /// let is_text = object.is_kind::<Str>() || object.is_kind::<Bytes>();
    /// # Ok(())
    /// # }
    /// ```
    pub fn is_kind<U: Kind>(&self) -> bool {
        U::check(&self.as_ref().as_any())
    }
}

/// The type objects of the built-in kinds.
impl<'ctx> Ctx<'ctx> {
    /// `str`, `int`, ...: the type that `name` is in `builtins`.
    ///
    /// ```
    /// # use hpy::prelude::*;
    /// # fn example<'ctx>(ctx: Ctx<'ctx>, object: Ref<'ctx>) -> PyResult<'ctx> {
    /// let is_set = object.is_instance(&ctx.type_named(c"set")?);
    /// # Ok(())
    /// # }
    /// ```
    pub fn type_named(self, name: &core::ffi::CStr) -> PyResult<'ctx, Handle<'ctx, Type>> {
        self.builtin(name)?.cast()
    }
}
