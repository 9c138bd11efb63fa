//! Classes: the struct in the object, its borrowing, its type.

use crate::def::{Item, TypeBuilder};
use crate::exc::{RuntimeError, TypeError};
use crate::field::Visitor;
use crate::global::GlobalCell;
use crate::handle::{Handle, Ref};
use crate::kinds::{Any, Kind, Type};
use crate::{Ctx, FromPy, PyErr, PyResult};
use core::cell::UnsafeCell;
use core::ffi::{CStr, c_int, c_void};
use core::mem::MaybeUninit;
use core::ops::{Deref, DerefMut};
use core::sync::atomic::{AtomicUsize, Ordering};
use hpy_sys::{HPy, HPyFunc_visitproc, api};

/// Where a class keeps its type object: one per interpreter.
pub type TypeGlobal = GlobalCell;

/// A Rust struct that is a Python class. `#[hpy::class]` implements it.
///
/// # Safety
/// The type object in [`Class::definition`] is made from this class alone: instances of it hold a
/// [`Cell<Self>`].
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not a Python class",
    note = "a struct becomes one by #[hpy::class]",
    note = "arguments that are no instances of a class are taken by value"
)]
pub unsafe trait Class: Kind + Sized + Send + Sync + 'static {
    /// No `&mut` is ever given out: borrowing costs nothing.
    const FROZEN: bool;

    /// The class this one derives from, [`Object`] for none.
    type Base: Base;

    #[doc(hidden)]
    const COLLECTED: bool;

    #[doc(hidden)]
    fn definition() -> &'static Definition;

    #[doc(hidden)]
    fn visit_fields(&self, visitor: &mut Visitor);
}

/// What a class can derive from.
///
/// # Safety
/// Instances of the type begin with a `Layout`.
pub unsafe trait Base: 'static {
    #[doc(hidden)]
    type Layout;
    #[doc(hidden)]
    const COLLECTED: bool;
    #[doc(hidden)]
    fn base_definition() -> Option<&'static Definition>;
    #[doc(hidden)]
    unsafe fn drop_layout(layout: *mut Self::Layout);
}

/// `object`, what every class derives from.
#[derive(Debug)]
pub enum Object {}

// SAFETY: nothing is at the beginning.
unsafe impl Base for Object {
    type Layout = ();
    const COLLECTED: bool = false;
    fn base_definition() -> Option<&'static Definition> {
        None
    }
    unsafe fn drop_layout(_layout: *mut ()) {}
}

// SAFETY: the type's instances hold a Cell of the class.
unsafe impl<T: Class> Base for T {
    type Layout = Cell<T>;
    const COLLECTED: bool = <T as Class>::COLLECTED;
    fn base_definition() -> Option<&'static Definition> {
        Some(T::definition())
    }
    unsafe fn drop_layout(layout: *mut Cell<T>) {
        // SAFETY: the caller's contract is the same.
        unsafe { drop_cell(layout) }
    }
}

/// What the macros know of a class.
pub struct Definition {
    pub name: &'static str,
    pub doc: &'static CStr,
    pub size: usize,
    pub subclass: bool,
    pub collected: bool,
    pub base: fn() -> Option<&'static Definition>,
    pub items: fn() -> Vec<Item>,
    pub global: TypeGlobal,
    pub built: std::sync::OnceLock<TypeBuilder>,
}

/// The struct of an instance: the base's part, the borrow state, the value.
#[repr(C)]
pub struct Cell<T: Class> {
    base: <T::Base as Base>::Layout,
    state: AtomicUsize,
    value: UnsafeCell<MaybeUninit<T>>,
}

/// Memory of a new object is zeroed: the value is not there yet.
const ABSENT: usize = 0;
/// Nobody borrows; each shared borrow adds one.
const FREE: usize = 1;
const EXCLUSIVE: usize = usize::MAX;

impl<T: Class> Cell<T> {
    /// The greatest alignment that all runtimes give to an object's struct.
    pub const ALIGNMENT_FITS: () = assert!(
        align_of::<T>() <= 16,
        "a class cannot be aligned to more than 16 bytes: Python's objects are not"
    );

    #[inline]
    fn share<'ctx>(&self) -> PyResult<'ctx> {
        if T::FROZEN {
            if self.state.load(Ordering::Acquire) == ABSENT {
                return Err(no_value::<T>());
            }
            return Ok(());
        }
        let mut state = self.state.load(Ordering::Relaxed);
        loop {
            if state == ABSENT || state >= EXCLUSIVE - 1 {
                return Err(if state == ABSENT { no_value::<T>() } else { borrowed::<T>(true) });
            }
            match self.state.compare_exchange_weak(
                state,
                state + 1,
                Ordering::Acquire,
                Ordering::Relaxed,
            ) {
                Ok(_) => return Ok(()),
                Err(seen) => state = seen,
            }
        }
    }

    #[inline]
    fn unshare(&self) {
        if !T::FROZEN {
            self.state.fetch_sub(1, Ordering::Release);
        }
    }

    #[inline]
    fn take<'ctx>(&self) -> PyResult<'ctx> {
        match self.state.compare_exchange(FREE, EXCLUSIVE, Ordering::Acquire, Ordering::Relaxed) {
            Ok(_) => Ok(()),
            Err(ABSENT) => Err(no_value::<T>()),
            Err(state) => Err(borrowed::<T>(state == EXCLUSIVE)),
        }
    }

    /// Puts the value into the memory of a new object.
    ///
    /// # Safety
    /// `this` is the zeroed struct of a new object that nobody else has seen.
    unsafe fn fill(this: *mut Self, value: T) {
        // SAFETY: as the caller says.
        unsafe {
            (*(*this).value.get()).write(value);
            (*this).state.store(FREE, Ordering::Release);
        }
    }

    /// Where the base's part is.
    ///
    /// # Safety
    /// As [`Cell::fill`].
    unsafe fn base_part(this: *mut Self) -> *mut <T::Base as Base>::Layout {
        // SAFETY: as the caller says.
        unsafe { &raw mut (*this).base }
    }
}

/// # Safety
/// `cell` is the struct of an object that is going away.
unsafe fn drop_cell<T: Class>(cell: *mut Cell<T>) {
    // SAFETY: nothing else reaches the object; the value is there unless the state says absent.
    unsafe {
        if core::mem::replace((*cell).state.get_mut(), ABSENT) != ABSENT {
            crate::entry::dropping(|| (*(*cell).value.get()).assume_init_drop());
        }
        <T::Base as Base>::drop_layout(&raw mut (*cell).base);
    }
}

/// # Safety
/// `cell` is the struct of a live object, while the collector runs. The parts of bases are visited by their own
/// types: runtimes call `tp_traverse` of each.
unsafe fn visit_cell<T: Class>(cell: *const Cell<T>, visitor: &mut Visitor) {
    // SAFETY: an exclusive borrow may be changing the value: then the collector sees nothing of it, which
    // keeps what it refers to alive.
    unsafe {
        let state = (*cell).state.load(Ordering::Acquire);
        if state != ABSENT && state != EXCLUSIVE {
            (*(*cell).value.get()).assume_init_ref().visit_fields(visitor);
        }
    }
}

/// `tp_destroy` of a class.
///
/// # Safety
/// `data` is the struct of an instance that is going away.
pub unsafe extern "C" fn destroy<T: Class>(data: *mut c_void) {
    // SAFETY: as the caller says.
    unsafe { drop_cell::<T>(data.cast()) }
}

/// `tp_traverse` of a class.
///
/// # Safety
/// `data` is the struct of an instance; the collector runs.
pub unsafe extern "C" fn traverse<T: Class>(
    data: *mut c_void,
    visit: HPyFunc_visitproc,
    arg: *mut c_void,
) -> c_int {
    // SAFETY: as the caller says.
    unsafe {
        let mut visitor = Visitor::new(visit, arg);
        visit_cell::<T>(data.cast(), &mut visitor);
        visitor.result()
    }
}

#[cold]
fn no_value<T: Class>() -> PyErr<'static> {
    RuntimeError::new(format!("this {} was never initialised", T::NAME))
}

#[cold]
fn borrowed<T: Class>(exclusively: bool) -> PyErr<'static> {
    RuntimeError::new(format!(
        "this {} is in use: already {}borrowed by a call that has not returned",
        T::NAME,
        if exclusively { "mutably " } else { "" }
    ))
}

/// A shared borrow of an instance's value.
pub struct ClassRef<'a, T: Class>(&'a Cell<T>);

impl<T: Class> Deref for ClassRef<'_, T> {
    type Target = T;
    #[inline(always)]
    fn deref(&self) -> &T {
        // SAFETY: the state says that the value is there and not borrowed exclusively.
        unsafe { (*self.0.value.get()).assume_init_ref() }
    }
}

impl<T: Class> Drop for ClassRef<'_, T> {
    #[inline(always)]
    fn drop(&mut self) {
        self.0.unshare();
    }
}

/// An exclusive borrow of an instance's value.
pub struct ClassMut<'a, T: Class>(&'a Cell<T>);

impl<T: Class> Deref for ClassMut<'_, T> {
    type Target = T;
    #[inline(always)]
    fn deref(&self) -> &T {
        // SAFETY: the state says that the value is there and borrowed by `self` alone.
        unsafe { (*self.0.value.get()).assume_init_ref() }
    }
}

impl<T: Class> DerefMut for ClassMut<'_, T> {
    #[inline(always)]
    fn deref_mut(&mut self) -> &mut T {
        // SAFETY: the state says that the value is there and borrowed by `self` alone.
        unsafe { (*self.0.value.get()).assume_init_mut() }
    }
}

impl<T: Class> Drop for ClassMut<'_, T> {
    #[inline(always)]
    fn drop(&mut self) {
        self.0.state.store(FREE, Ordering::Release);
    }
}

/// The value of a new instance: of a class that derives from another, a pair of its own value and the base's.
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not the value of a new `{T}`",
    note = "the value of a class with `extends = Base` is a pair: (Self, Base)"
)]
pub trait Initial<T: Class> {
    #[doc(hidden)]
    unsafe fn fill(self, cell: *mut Cell<T>);
}

impl<T: Class<Base = Object>> Initial<T> for T {
    unsafe fn fill(self, cell: *mut Cell<T>) {
        // SAFETY: the caller's contract is the same.
        unsafe { Cell::fill(cell, self) }
    }
}

impl<T, I> Initial<T> for (T, I)
where
    T: Class<Base: Class>,
    I: Initial<T::Base>,
{
    unsafe fn fill(self, cell: *mut Cell<T>) {
        // SAFETY: the struct of a derived class begins with that of its base.
        unsafe {
            self.1.fill(Cell::base_part(cell).cast());
            Cell::fill(cell, self.0);
        }
    }
}

/// A class whose instances Rust never changes through `&mut`: `#[hpy::class(frozen)]`.
pub trait Frozen: Class {}

/// A class whose instances can be borrowed mutably: one without `frozen`.
#[diagnostic::on_unimplemented(
    message = "`{Self}` is a frozen class: it cannot be borrowed mutably",
    note = "remove `frozen` from #[hpy::class], or use a Mutex or an atomic inside the class"
)]
pub trait Mutable: Class {}

impl<'ctx, T: Class> Handle<'ctx, T> {
    #[inline(always)]
    fn cell(&self) -> &Cell<T> {
        // SAFETY: an instance of the class holds a Cell of it, alive while the handle is open.
        unsafe { &*api::_HPy_AsStruct_Object(self.ctx().as_raw(), self.as_raw()).cast() }
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
    pub fn instance(ctx: Ctx<'ctx>, value: impl Initial<T>) -> PyResult<'ctx, Self> {
        let kind = type_of::<T>(ctx)?;
        allocate(&kind, value)
    }

    /// A new instance of `kind`: the class or a subclass, as a constructor gets it (`cls: Ref<'_, Type>`).
    /// TypeError for another type.
    pub fn instance_of(kind: &Handle<'ctx, Type>, value: impl Initial<T>) -> PyResult<'ctx, Self> {
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
    #[inline]
    pub fn as_base(&self) -> Ref<'_, T::Base>
    where
        T::Base: Class,
    {
        // SAFETY: an instance of a class is one of its base.
        unsafe { self.as_ref().assume() }
    }

    /// Borrows the value. RuntimeError where it is borrowed mutably now.
    #[inline]
    pub fn borrow(&self) -> PyResult<'ctx, ClassRef<'_, T>> {
        let cell = self.cell();
        cell.share()?;
        Ok(ClassRef(cell))
    }

    /// Borrows the value mutably. RuntimeError where it is borrowed now.
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
    #[inline]
    pub fn as_base(self) -> Ref<'a, T::Base> {
        // SAFETY: an instance of a class is one of its base.
        unsafe { self.assume() }
    }
}

/// A new instance of `kind`, the type of the class or a subclass of it, as `tp_new` makes them.
pub fn allocate<'ctx, T: Class>(
    kind: &Handle<'ctx, Type>,
    value: impl Initial<T>,
) -> PyResult<'ctx, Handle<'ctx, T>> {
    let ctx = kind.ctx();
    if !crate::runtime::has_newer_functions(ctx) {
        refuse_subclass::<T>(kind)?;
    }
    let mut data: *mut c_void = core::ptr::null_mut();
    // SAFETY: the handle is an open type; the struct of the new object is ours until we return it.
    unsafe {
        let raw = api::_HPy_New(ctx.as_raw(), kind.as_raw(), &raw mut data);
        let object = Handle::from_new(ctx, raw)?;
        value.fill(data.cast::<Cell<T>>());
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

/// The type object of a class. RuntimeError where its module was not imported in this interpreter.
pub fn type_of<T: Class>(ctx: Ctx<'_>) -> PyResult<'_, Handle<'_, Type>> {
    T::definition().global.load(ctx).ok_or_else(|| {
        RuntimeError::new(format!(
            "class {} is not there: the module that has it was not imported in this interpreter",
            T::NAME
        ))
    })
}

/// Whether an object is an instance of the class.
#[inline]
pub fn is_instance<T: Class>(object: &Handle<'_, Any>) -> bool {
    match T::definition().global.load::<Type>(object.ctx()) {
        Some(kind) => object.is_instance(&kind),
        None => false,
    }
}

/// `tp_new` of a class without a constructor.
#[cold]
pub fn no_constructor<T: Class>() -> PyErr<'static> {
    TypeError::new(format!("cannot create '{}' instances", T::NAME))
}

/// Adds the definitions that every class has: `tp_destroy`, `tp_traverse` where there are fields, and
/// `tp_new` where the class has none: an inherited one would make instances without a value.
pub fn push_own_items<T: Class>(items: &mut Vec<Item>, has_new: bool) {
    use crate::def::slot;
    use hpy_sys::{HPy_tp_destroy, HPy_tp_new, HPy_tp_traverse, HPyContext};
    unsafe extern "C" fn refuse<T: Class>(
        ctx: *mut HPyContext,
        _kind: HPy,
        _args: *const HPy,
        _count: isize,
        _kwargs: HPy,
    ) -> HPy {
        // SAFETY: the runtime calls with the context of the call.
        unsafe { crate::entry::object(ctx, |_ctx| Err(no_constructor::<T>())) }
    }
    let code = destroy::<T> as *mut c_void;
    items.push(Item::Def(slot(HPy_tp_destroy, code, code)));
    if <T as Class>::COLLECTED {
        let code = traverse::<T> as *mut c_void;
        items.push(Item::Def(slot(HPy_tp_traverse, code, traverse_trampoline::<T>())));
    }
    if !has_new {
        let code = refuse::<T> as *mut c_void;
        items.push(Item::Def(slot(HPy_tp_new, code, refuse_trampoline::<T>())));
    }
}

/// Generic implementations cannot use the macro, whose inner functions are not generic.
fn traverse_trampoline<T: Class>() -> *mut c_void {
    #[repr(C)]
    struct Packed {
        object: *mut c_void,
        visit: *mut c_void,
        arg: *mut c_void,
        result: c_int,
    }
    unsafe extern "C" fn trampoline<T: Class>(
        object: *mut c_void,
        visit: *mut c_void,
        arg: *mut c_void,
    ) -> c_int {
        let mut packed = Packed { object, visit, arg, result: 0 };
        let imp = traverse::<T> as *mut c_void;
        // SAFETY: the struct is the one of the signature.
        unsafe {
            crate::runtime::call_from_trampoline(hpy_sys::HPyFunc_TRAVERSEPROC, imp, &mut packed)
        };
        packed.result
    }
    trampoline::<T> as *mut c_void
}

fn refuse_trampoline<T: Class>() -> *mut c_void {
    unsafe extern "C" fn trampoline<T: Class>(
        _kind: *mut c_void,
        _args: *mut c_void,
        _kwargs: *mut c_void,
    ) -> *mut c_void {
        // SAFETY: a runtime that calls trampolines has given its context, and calls from Python.
        let ctx = unsafe { Ctx::from_raw(crate::runtime::trampoline_context()) };
        no_constructor::<T>().raise(ctx);
        core::ptr::null_mut()
    }
    trampoline::<T> as *mut c_void
}

/// The receiver of a method: the runtime has checked its type.
///
/// # Safety
/// `raw` is an open handle of an instance of the class.
#[inline(always)]
pub unsafe fn receiver<'ctx, T: Class>(ctx: Ctx<'ctx>, raw: HPy) -> Ref<'ctx, T> {
    // SAFETY: as the caller says.
    unsafe { Ref::from_raw(ctx, raw) }
}

impl<'a, T: Class> crate::args::BorrowArg<'a> for T {
    const HINT: crate::Hint = <T as Kind>::HINT;
    type Guard = ClassRef<'a, T>;
    #[inline]
    fn borrow_arg(object: Ref<'a, Any>) -> PyResult<'a, ClassRef<'a, T>> {
        borrow_for(Ref::<'a, T>::from_py(object)?)
    }
}

impl<'a, T: Mutable> crate::args::BorrowMutArg<'a> for T {
    const HINT: crate::Hint = <T as Kind>::HINT;
    type Guard = ClassMut<'a, T>;
    #[inline]
    fn borrow_mut_arg(object: Ref<'a, Any>) -> PyResult<'a, ClassMut<'a, T>> {
        borrow_mut_for(Ref::<'a, T>::from_py(object)?)
    }
}

/// A shared borrow for as long as the object is open.
#[inline(always)]
pub fn borrow_for<'a, T: Class>(object: Ref<'a, T>) -> PyResult<'a, ClassRef<'a, T>> {
    // SAFETY: the object is open for 'a, and so long its struct lives.
    let cell: &'a Cell<T> = unsafe { &*core::ptr::from_ref(object.cell()) };
    cell.share()?;
    Ok(ClassRef(cell))
}

/// An exclusive borrow for as long as the object is open.
#[inline(always)]
pub fn borrow_mut_for<'a, T: Mutable>(object: Ref<'a, T>) -> PyResult<'a, ClassMut<'a, T>> {
    // SAFETY: the object is open for 'a, and so long its struct lives.
    let cell: &'a Cell<T> = unsafe { &*core::ptr::from_ref(object.cell()) };
    cell.take()?;
    Ok(ClassMut(cell))
}

/// What a constructor may return: the value, or a handle of an instance that it made itself.
#[diagnostic::on_unimplemented(
    message = "a constructor cannot return `{Self}`",
    note = "return `Self`, `Handle<'_, Self>` or a `Result` of one of them"
)]
pub trait Constructed<'ctx, T: Class> {
    fn constructed(self, kind: Ref<'ctx, Type>) -> PyResult<'ctx, Handle<'ctx, Any>>;
}

impl<'ctx, T: Class<Base = Object>> Constructed<'ctx, T> for T {
    #[inline(always)]
    fn constructed(self, kind: Ref<'ctx, Type>) -> PyResult<'ctx, Handle<'ctx, Any>> {
        allocate(&kind, self).map(Handle::into_any)
    }
}

impl<'ctx, T, I> Constructed<'ctx, T> for (T, I)
where
    T: Class<Base: Class>,
    I: Initial<T::Base>,
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
