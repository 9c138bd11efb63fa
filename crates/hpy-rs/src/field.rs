//! References from the struct of a class to Python objects.

use crate::class::Class;
use crate::handle::Handle;
use crate::kinds::Any;
use crate::{PyErr, PyResult};
use core::cell::UnsafeCell;
use core::ffi::{c_int, c_void};
use core::marker::PhantomData;
use core::sync::atomic::{AtomicIsize, Ordering};
use hpy_sys::{HPyField, HPyFunc_visitproc, api};

/// A reference to a Python object in the struct of a class, empty at first.
///
/// It is read and written through a handle of the object that it is in: [`Handle::load`] and
/// [`Handle::store`]. The garbage collector finds it: the class macro visits every part of the struct, and
/// refuses to compile where it cannot see whether there is a field in it (see [`Traverse`]).
///
/// ```
/// use hpy::prelude::*;
///
/// #[hpy::class]
/// struct Node {
///     next: Field<Node>,
/// }
///
/// #[hpy::methods]
/// impl Node {
///     #[new]
///     fn new() -> Self {
///         Node { next: Field::empty() }
///     }
///
///     #[getter]
///     fn next<'ctx>(slf: Ref<'ctx, Self>) -> PyResult<'ctx, Option<Handle<'ctx, Node>>> {
///         slf.load(|node| &node.next)
///     }
///
///     #[setter]
///     fn set_next<'ctx>(slf: Ref<'ctx, Self>, next: Option<Ref<'ctx, Node>>) -> PyResult<'ctx> {
///         slf.store(|node| &node.next, next.as_deref())
///     }
/// }
/// ```
pub struct Field<T = Any> {
    raw: UnsafeCell<HPyField>,
    kind: PhantomData<fn() -> T>,
    /// Neither `UnwindSafe` nor `RefUnwindSafe`: by that the class macro knows what may hold a field.
    _marker: PhantomData<(UnsafeCell<()>, &'static mut ())>,
}

// SAFETY: the field can be reached only with a handle of its object, by threads that may use Python; runtimes
// may store and load fields from several threads, and the word is read atomically.
unsafe impl<T> Send for Field<T> {}
// SAFETY: as for Send.
unsafe impl<T> Sync for Field<T> {}

impl<T> Default for Field<T> {
    fn default() -> Self {
        Self::empty()
    }
}

impl<T> Field<T> {
    /// A field that refers to nothing.
    ///
    /// ```
    /// use hpy::prelude::*;
    ///
    /// let nothing: Field<List> = Field::empty();
    /// ```
    pub const fn empty() -> Self {
        Field { raw: UnsafeCell::new(HPyField::NULL), kind: PhantomData, _marker: PhantomData }
    }
}

impl<'ctx, C: Class> Handle<'ctx, C> {
    /// What a field of this object refers to. RuntimeError where the object is borrowed mutably.
    ///
    /// ```
    /// use hpy::prelude::*;
    ///
    /// #[hpy::class]
    /// struct Button {
    ///     callback: Field<Any>,
    /// }
    ///
    /// #[hpy::methods]
    /// impl Button {
    ///     fn click<'ctx>(slf: Ref<'ctx, Self>) -> PyResult<'ctx> {
    ///         if let Some(callback) = slf.load(|button| &button.callback)? {
    ///             callback.call0()?;
    ///         }
    ///         Ok(())
    ///     }
    /// }
    /// ```
    pub fn load<T>(
        &self,
        field: impl for<'x> FnOnce(&'x C) -> &'x Field<T>,
    ) -> PyResult<'ctx, Option<Handle<'ctx, T>>> {
        let ctx = self.ctx();
        let guard = self.borrow()?;
        let field = field(&guard);
        // SAFETY: the word is as large and aligned as the atomic; the field lives while it is borrowed.
        let word = unsafe { AtomicIsize::from_ptr(field.raw.get().cast()) }.load(Ordering::Acquire);
        if word == 0 {
            return Ok(None);
        }
        // SAFETY: the field is in the struct of this object, says its lifetime in the closure.
        let raw = unsafe { api::HPyField_Load(ctx.as_raw(), self.as_raw(), HPyField { _i: word }) };
        if raw.is_null() {
            // Without a GIL another thread may have emptied the field since the word was read: then it is no error.
            // SAFETY: the context is live.
            let failed = unsafe { api::HPyErr_Occurred(ctx.as_raw()) != 0 };
            return if failed { Err(PyErr::pending(ctx)) } else { Ok(None) };
        }
        // SAFETY: a new handle; only objects of kind T are stored.
        Ok(Some(unsafe { Handle::from_raw(ctx, raw) }))
    }

    /// Makes a field of this object refer to `value`, or to nothing. RuntimeError where the object is
    /// borrowed mutably.
    ///
    /// ```
    /// use hpy::prelude::*;
    ///
    /// #[hpy::class]
    /// struct Button {
    ///     callback: Field<Any>,
    /// }
    ///
    /// #[hpy::methods]
    /// impl Button {
    ///     #[hpy(signature = (callback = None))]
    ///     fn on_click<'ctx>(slf: Ref<'ctx, Self>, callback: Option<Ref<'ctx>>) -> PyResult<'ctx> {
    ///         slf.store(|button| &button.callback, callback.as_deref())
    ///     }
    /// }
    /// ```
    pub fn store<T>(
        &self,
        field: impl for<'x> FnOnce(&'x C) -> &'x Field<T>,
        value: Option<&Handle<'_, T>>,
    ) -> PyResult<'ctx> {
        let guard = self.borrow()?;
        let field = field(&guard);
        let value = value.map_or(hpy_sys::HPy::NULL, Handle::as_raw);
        // SAFETY: the field is in the struct of this object; the handles are open.
        unsafe {
            api::HPyField_Store(self.ctx().as_raw(), self.as_raw(), field.raw.get(), value);
        }
        Ok(())
    }
}

/// What is stored by a property of a field: None empties it. The closure only says which field it is for.
#[doc(hidden)]
pub fn field_value<'ctx, C: Class, T: crate::kinds::Kind>(
    _object: &Handle<'ctx, C>,
    _field: impl for<'x> FnOnce(&'x C) -> &'x Field<T>,
    value: crate::Ref<'ctx, Any>,
) -> PyResult<'ctx, Option<crate::Ref<'ctx, T>>> {
    crate::FromPy::from_py(value)
}

/// Visits the fields of a value, for the garbage collector.
///
/// ```
/// use hpy::prelude::*;
///
/// /// A cell that the class macro cannot see into.
/// struct Slot(std::cell::UnsafeCell<Field<Any>>);
///
/// // SAFETY: the field is only read.
/// unsafe impl Sync for Slot {}
///
/// impl Traverse for Slot {
///     fn traverse(&self, visitor: &mut Visitor) {
///         // SAFETY: nobody has a mutable reference.
///         unsafe { &*self.0.get() }.traverse(visitor);
///     }
/// }
///
/// #[hpy::class]
/// struct Holder {
///     slot: Slot,
/// }
/// ```
pub struct Visitor {
    visit: HPyFunc_visitproc,
    arg: *mut c_void,
    result: c_int,
}

impl Visitor {
    /// # Safety
    /// `visit` and `arg` are those that `tp_traverse` got.
    pub(crate) unsafe fn new(visit: HPyFunc_visitproc, arg: *mut c_void) -> Self {
        Visitor { visit, arg, result: 0 }
    }

    pub(crate) fn result(&self) -> c_int {
        self.result
    }
}

/// A type that knows the [`Field`]s in it.
///
/// The class macro needs it of each part of a class that is not `UnwindSafe`, the sign by which parts that
/// may hold a field are known. Implement it for a struct of your own by visiting its parts.
///
/// ```
/// use hpy::prelude::*;
///
/// struct Edge {
///     to: Field<Any>,
///     weight: f64,
/// }
///
/// impl Traverse for Edge {
///     fn traverse(&self, visitor: &mut Visitor) {
///         self.to.traverse(visitor);
///     }
/// }
///
/// #[hpy::class]
/// struct Graph {
///     edges: Vec<Edge>,
/// }
/// ```
#[diagnostic::on_unimplemented(
    message = "`{Self}` may hold a `Field`, and the garbage collector cannot find it",
    note = "implement `Traverse` for `{Self}`, or mark the part with #[hpy(no_fields)] if it holds none"
)]
pub trait Traverse {
    /// Calls `traverse` of each part that may hold a field.
    fn traverse(&self, visitor: &mut Visitor);
}

impl<T> Traverse for Field<T> {
    #[inline]
    fn traverse(&self, visitor: &mut Visitor) {
        // SAFETY: the collector reads the field while nothing else runs.
        unsafe {
            if visitor.result == 0 && !(*self.raw.get()).is_null() {
                visitor.result = (visitor.visit)(self.raw.get(), visitor.arg);
            }
        }
    }
}

macro_rules! traverse_items {
    ($(($param:ident) $container:ty: $self:ident => $items:expr;)*) => {$(
        impl<$param: Traverse> Traverse for $container {
            fn traverse(&$self, visitor: &mut Visitor) {
                for item in $items {
                    item.traverse(visitor);
                }
            }
        }
    )*};
}

traverse_items! {
    (T) Vec<T>: self => self;
    (T) Option<T>: self => self.as_slice();
    (T) [T]: self => self;
    (T) Box<[T]>: self => self.iter();
    (T) std::collections::VecDeque<T>: self => self;
}

impl<T: Traverse, const N: usize> Traverse for [T; N] {
    fn traverse(&self, visitor: &mut Visitor) {
        self.as_slice().traverse(visitor);
    }
}

impl<T: Traverse> Traverse for Box<T> {
    fn traverse(&self, visitor: &mut Visitor) {
        (**self).traverse(visitor);
    }
}

impl<A: Traverse, B: Traverse> Traverse for (A, B) {
    fn traverse(&self, visitor: &mut Visitor) {
        self.0.traverse(visitor);
        self.1.traverse(visitor);
    }
}

impl<K, V: Traverse, S> Traverse for std::collections::HashMap<K, V, S> {
    fn traverse(&self, visitor: &mut Visitor) {
        for value in self.values() {
            value.traverse(visitor);
        }
    }
}

impl<K, V: Traverse> Traverse for std::collections::BTreeMap<K, V> {
    fn traverse(&self, visitor: &mut Visitor) {
        for value in self.values() {
            value.traverse(visitor);
        }
    }
}
