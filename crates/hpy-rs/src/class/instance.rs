//! New instances, and instances by their handles.

use super::{Base, Cell, Class, ClassMut, ClassRef, Object, type_of};
use crate::exc::TypeError;
use crate::handle::{Handle, Ref};
use crate::kinds::{Any, Type};
use crate::{CallArgs, Ctx, PyErr, PyResult, shortcuts};
use core::ffi::c_void;
use hpy_sys::*;

/// The value of a new instance: of a class that derives from another, a pair of its own value and the base's; of
/// one that derives from a built-in, a pair of its value and the arguments of the built-in's `__new__`.
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not the value of a new `{T}`",
    note = "the value of a class with `extends = Base` is a pair: (Self, Base)"
)]
pub trait Initial<'ctx, T: Class> {
    #[doc(hidden)]
    type Args: CallArgs<'ctx>;
    #[doc(hidden)]
    type Rest;
    /// What the built-in is made with, and what is put into the struct.
    #[doc(hidden)]
    fn split(self) -> (Self::Args, Self::Rest);
    #[doc(hidden)]
    unsafe fn fill(rest: Self::Rest, cell: *mut Cell<T>);
}

/// The base of a class whose value is all that an instance is made of.
#[doc(hidden)]
#[doc(hidden)]
#[diagnostic::on_unimplemented(
    message = "`Self` alone does not make an instance of a class that derives from `{Self}`",
    label = "a class with `extends = Base` is made of a pair: (Self, Base)",
    note = "give the base's value too, (Self, Base); for a built-in base (Self, arguments), where the arguments are a tuple for the built-in's `__new__`, as in (value, (1.5,))"
)]
pub trait NoBase: Base {}
impl NoBase for Object {}

impl<'ctx, T: Class<Base: NoBase>> Initial<'ctx, T> for T {
    type Args = ();
    type Rest = T;
    #[inline(always)]
    fn split(self) -> ((), T) {
        ((), self)
    }
    #[inline(always)]
    unsafe fn fill(rest: T, cell: *mut Cell<T>) {
        // SAFETY: the caller's contract is the same.
        unsafe { Cell::fill(cell, rest) }
    }
}

impl<'ctx, T, P> Initial<'ctx, T> for (T, P)
where
    T: Class<Base: BasePart<'ctx, P>>,
{
    type Args = <T::Base as BasePart<'ctx, P>>::Args;
    type Rest = (T, <T::Base as BasePart<'ctx, P>>::Rest);
    fn split(self) -> (Self::Args, Self::Rest) {
        let (args, rest) = T::Base::split_part(self.1);
        (args, (self.0, rest))
    }
    unsafe fn fill(rest: Self::Rest, cell: *mut Cell<T>) {
        // SAFETY: the struct of a derived class begins with that of its base.
        unsafe {
            T::Base::fill_part(rest.1, Cell::base_part(cell));
            Cell::fill(cell, rest.0);
        }
    }
}

/// What the second part of a pair can be for a class with this base.
#[diagnostic::on_unimplemented(
    message = "`{P}` is not what a `{Self}` is made of",
    note = "the value of a class with `extends = Base` is a pair: (Self, Base), or for a built-in base (Self, arguments)"
)]
pub trait BasePart<'ctx, P>: Base {
    #[doc(hidden)]
    type Args: CallArgs<'ctx>;
    #[doc(hidden)]
    type Rest;
    #[doc(hidden)]
    fn split_part(part: P) -> (Self::Args, Self::Rest);
    #[doc(hidden)]
    unsafe fn fill_part(rest: Self::Rest, layout: *mut Self::Layout);
}

impl<'ctx, B: Class, P: Initial<'ctx, B>> BasePart<'ctx, P> for B {
    type Args = P::Args;
    type Rest = P::Rest;
    fn split_part(part: P) -> (P::Args, P::Rest) {
        part.split()
    }
    unsafe fn fill_part(rest: P::Rest, layout: *mut Cell<B>) {
        // SAFETY: the caller's contract is the same.
        unsafe { P::fill(rest, layout) }
    }
}

/// A class whose instances Rust never changes through `&mut`: `#[hpy::class(frozen)]`.
///
/// ```
/// use hpy::prelude::*;
/// use std::sync::atomic::{AtomicU64, Ordering};
///
/// /// What changes in it is safe to change from several threads.
/// #[hpy::class(frozen)]
/// struct Hits {
///     count: AtomicU64,
/// }
///
/// #[hpy::methods]
/// impl Hits {
///     #[new]
///     fn new() -> Self {
///         Hits { count: AtomicU64::new(0) }
///     }
///
///     fn hit(&self) -> u64 {
///         self.count.fetch_add(1, Ordering::Relaxed) + 1
///     }
/// }
/// ```
pub trait Frozen: Class {}

/// A class whose instances can be borrowed mutably: one without `frozen`.
#[diagnostic::on_unimplemented(
    message = "`{Self}` is a frozen class: it cannot be borrowed mutably",
    note = "remove `frozen` from #[hpy::class], or use a Mutex or an atomic inside the class"
)]
pub trait Mutable: Class {}

impl<'ctx, T: Class> Handle<'ctx, T> {
    #[inline(always)]
    pub(super) fn cell(&self) -> &Cell<T> {
        // SAFETY: an instance of the class holds a Cell of it, alive while the handle is open.
        unsafe { &*struct_of::<T>(self.ctx(), self.as_raw()) }
    }

    /// A new instance of the class itself.
    ///
    /// ```
    /// use hpy::prelude::*;
    ///
    /// #[hpy::class]
    /// struct Point { x: f64 }
    ///
    /// #[hpy::function]
    /// fn origin(ctx: Ctx<'_>) -> PyResult<'_, Handle<'_, Point>> {
    ///     Handle::instance(ctx, Point { x: 0.0 })
    /// }
    /// ```
    pub fn instance(ctx: Ctx<'ctx>, value: impl Initial<'ctx, T>) -> PyResult<'ctx, Self> {
        let kind = type_of::<T>(ctx)?;
        allocate(&kind, value)
    }

    /// A new instance of `kind`: the class or a subclass, as a constructor gets it (`cls: Ref<'_, Type>`).
    /// TypeError for another type.
    ///
    /// ```
    /// use hpy::prelude::*;
    ///
    /// #[hpy::class(subclass)]
    /// struct Point {
    ///     x: f64,
    /// }
    ///
    /// #[hpy::methods]
    /// impl Point {
    ///     /// Of the class that it is called on, which may be one of Python's.
    ///     #[classmethod]
    ///     fn origin<'ctx>(cls: Ref<'ctx, Type>) -> PyResult<'ctx, Handle<'ctx, Self>> {
    ///         Handle::instance_of(&cls, Point { x: 0.0 })
    ///     }
    /// }
    /// ```
    pub fn instance_of(
        kind: &Handle<'ctx, Type>,
        value: impl Initial<'ctx, T>,
    ) -> PyResult<'ctx, Self> {
        if !kind.is_subtype(&type_of::<T>(kind.ctx())?) {
            return Err(TypeError::new(format!(
                "{} is not a subclass of {}",
                kind.name(),
                T::NAME
            )));
        }
        allocate(kind, value)
    }

    /// The same object as an instance of the class that this one derives from.
    ///
    /// ```
    /// use hpy::prelude::*;
    ///
    /// #[hpy::class(subclass)]
    /// struct Animal {
    ///     name: String,
    /// }
    ///
    /// #[hpy::class(extends = Animal)]
    /// struct Dog {}
    ///
    /// fn bark(dog: &Handle<'_, Dog>) -> String {
    ///     match dog.as_base().borrow() {
    ///         Ok(animal) => format!("{} barks", animal.name),
    ///         Err(_) => "a dog in use barks".to_owned(),
    ///     }
    /// }
    /// ```
    #[inline]
    pub fn as_base(&self) -> Ref<'_, T::Base>
    where
        T::Base: Class,
    {
        // SAFETY: an instance of a class is one of its base.
        unsafe { self.as_ref().assume() }
    }

    /// Borrows the value. RuntimeError where it is borrowed mutably now.
    ///
    /// ```
    /// use hpy::prelude::*;
    ///
    /// #[hpy::class]
    /// struct Point {
    ///     x: f64,
    /// }
    ///
    /// #[hpy::function]
    /// fn x_of<'ctx>(point: Ref<'ctx, Point>) -> PyResult<'ctx, f64> {
    ///     Ok(point.borrow()?.x)
    /// }
    /// ```
    #[inline]
    pub fn borrow(&self) -> PyResult<'ctx, ClassRef<'_, T>> {
        let cell = self.cell();
        cell.share()?;
        Ok(ClassRef(cell))
    }

    /// Borrows the value mutably. RuntimeError where it is borrowed now.
    ///
    /// ```
    /// use hpy::prelude::*;
    ///
    /// #[hpy::class]
    /// struct Point {
    ///     x: f64,
    /// }
    ///
    /// #[hpy::function]
    /// fn reset<'ctx>(point: Ref<'ctx, Point>) -> PyResult<'ctx> {
    ///     point.borrow_mut()?.x = 0.0;
    ///     Ok(())
    /// }
    /// ```
    #[inline]
    pub fn borrow_mut(&self) -> PyResult<'ctx, ClassMut<'_, T>>
    where
        T: Mutable,
    {
        let cell = self.cell();
        cell.take()?;
        Ok(ClassMut(cell))
    }
}

impl<'a, T: Class<Base: Class>> Ref<'a, T> {
    /// The same object as an instance of the class that this one derives from.
    ///
    /// ```
    /// use hpy::prelude::*;
    ///
    /// #[hpy::class(subclass)]
    /// struct Animal {
    ///     name: String,
    /// }
    ///
    /// #[hpy::class(extends = Animal)]
    /// struct Dog {}
    ///
    /// #[hpy::methods]
    /// impl Dog {
    ///     fn bark<'ctx>(slf: Ref<'ctx, Self>) -> PyResult<'ctx, String> {
    ///         Ok(format!("{} barks", slf.as_base().borrow()?.name))
    ///     }
    /// }
    /// ```
    #[inline]
    pub fn as_base(self) -> Ref<'a, T::Base> {
        // SAFETY: an instance of a class is one of its base.
        unsafe { self.assume() }
    }
}

/// Where the struct of an instance is.
///
/// # Safety
/// The handle is open and one of an instance of the class.
#[inline(always)]
#[allow(non_upper_case_globals)]
unsafe fn struct_of<T: Class>(ctx: Ctx<'_>, object: HPy) -> *mut Cell<T> {
    // SAFETY: as the caller says.
    if let Some(data) = unsafe { shortcuts::struct_of(ctx, object, <T::Base as Base>::SHAPE) } {
        return data.cast();
    }
    let get = match <T::Base as Base>::SHAPE {
        HPyType_BuiltinShape_Long => api::_HPy_AsStruct_Long,
        HPyType_BuiltinShape_Float => api::_HPy_AsStruct_Float,
        HPyType_BuiltinShape_Unicode => api::_HPy_AsStruct_Unicode,
        HPyType_BuiltinShape_Tuple => api::_HPy_AsStruct_Tuple,
        HPyType_BuiltinShape_List => api::_HPy_AsStruct_List,
        HPyType_BuiltinShape_Dict => api::_HPy_AsStruct_Dict,
        _ => api::_HPy_AsStruct_Object,
    };
    // SAFETY: as the caller says; the shape is that of the class.
    unsafe { get(ctx.as_raw(), object).cast() }
}

/// A new instance of `kind`, the type of the class or a subclass of it, as `tp_new` makes them.
#[doc(hidden)]
pub fn allocate<'ctx, T: Class, I: Initial<'ctx, T>>(
    kind: &Handle<'ctx, Type>,
    value: I,
) -> PyResult<'ctx, Handle<'ctx, T>> {
    let ctx = kind.ctx();
    let (args, rest) = value.split();
    if <T::Base as Base>::SHAPE != HPyType_BuiltinShape_Object {
        let object = super::builtin::new_instance(kind, <T::Base as Base>::SHAPE, args)?;
        // SAFETY: the object is a new instance of the type, which is the class or derives from it.
        unsafe {
            I::fill(rest, struct_of::<T>(ctx, object.as_raw()));
            return Ok(object.assume());
        }
    }
    if !crate::runtime::has_newer_functions() {
        refuse_subclass::<T>(kind)?;
    }
    let mut data: *mut c_void = core::ptr::null_mut();
    // SAFETY: the handle is an open type; the struct of the new object is ours until we return it.
    unsafe {
        let raw = api::_HPy_New(ctx.as_raw(), kind.as_raw(), &raw mut data);
        let object = Handle::from_new(ctx, raw)?;
        I::fill(rest, data.cast::<Cell<T>>());
        Ok(object)
    }
}

/// PyPI's hpy 0.9.0 takes the header of an instance of a Python subclass for its struct.
#[cold]
fn refuse_subclass<'ctx, T: Class>(kind: &Handle<'ctx, Type>) -> PyResult<'ctx> {
    if kind.is(&type_of::<T>(kind.ctx())?) {
        return Ok(());
    }
    Err(TypeError::new(format!(
        "the HPy runtime of this interpreter cannot make instances of a subclass of {}: use hpy-rs",
        T::NAME
    )))
}

/// `tp_new` of a class without a constructor.
#[doc(hidden)]
#[doc(hidden)]
#[cold]
pub fn no_constructor<T: Class>() -> PyErr<'static> {
    TypeError::new(format!("cannot create '{}' instances", T::NAME))
}

/// What a constructor may return: the value, or a handle of an instance that it made itself.
#[diagnostic::on_unimplemented(
    message = "a constructor cannot return `{Self}`",
    note = "return `Self`, `Handle<'_, Self>` or a `Result` of one of them"
)]
pub trait Constructed<'ctx, T: Class> {
    fn constructed(self, kind: Ref<'ctx, Type>) -> PyResult<'ctx, Handle<'ctx, Any>>;
}

impl<'ctx, T: Class<Base: NoBase>> Constructed<'ctx, T> for T {
    #[inline(always)]
    fn constructed(self, kind: Ref<'ctx, Type>) -> PyResult<'ctx, Handle<'ctx, Any>> {
        allocate(&kind, self).map(Handle::into_any)
    }
}

impl<'ctx, T, P> Constructed<'ctx, T> for (T, P)
where
    T: Class<Base: BasePart<'ctx, P>>,
{
    #[inline(always)]
    fn constructed(self, kind: Ref<'ctx, Type>) -> PyResult<'ctx, Handle<'ctx, Any>> {
        allocate(&kind, self).map(Handle::into_any)
    }
}

impl<'ctx, T: Class> Constructed<'ctx, T> for Handle<'ctx, T> {
    #[inline(always)]
    fn constructed(self, _kind: Ref<'ctx, Type>) -> PyResult<'ctx, Handle<'ctx, Any>> {
        Ok(self.into_any())
    }
}

impl<'ctx, T, R, E> Constructed<'ctx, T> for Result<R, E>
where
    T: Class,
    R: Constructed<'ctx, T>,
    E: Into<PyErr<'ctx>>,
{
    #[inline(always)]
    fn constructed(self, kind: Ref<'ctx, Type>) -> PyResult<'ctx, Handle<'ctx, Any>> {
        self.map_err(Into::into)?.constructed(kind)
    }
}
