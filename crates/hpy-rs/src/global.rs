//! References that outlive calls: one value per interpreter.

use crate::handle::Handle;
use crate::kinds::{Any, Kind};
use crate::{Ctx, PyResult};
use core::cell::UnsafeCell;
use core::marker::PhantomData;
use core::sync::atomic::{AtomicIsize, Ordering};
use hpy_sys::{HPyGlobal, api};

/// A place for an `HPyGlobal`, which the runtime writes.
#[doc(hidden)]
#[doc(hidden)]
#[repr(transparent)]
pub struct GlobalCell(UnsafeCell<HPyGlobal>);

// SAFETY: runtimes may store and load globals from several threads; the word is read atomically.
unsafe impl Sync for GlobalCell {}
// SAFETY: as for Sync.
unsafe impl Send for GlobalCell {}

impl GlobalCell {
    pub const fn new() -> Self {
        GlobalCell(UnsafeCell::new(HPyGlobal::NULL))
    }

    pub fn as_raw(&self) -> *mut HPyGlobal {
        self.0.get()
    }

    /// The value of this interpreter.
    #[doc(hidden)]
    pub fn load<'ctx, T>(&self, ctx: Ctx<'ctx>) -> Option<Handle<'ctx, T>> {
        // SAFETY: the cell is as large and aligned as the atomic and lives as long as `self`.
        let word = unsafe { AtomicIsize::from_ptr(self.0.get().cast()) }.load(Ordering::Acquire);
        if word == 0 {
            return None;
        }
        // SAFETY: the word is a global that the runtime made; null means that this interpreter has none.
        unsafe {
            let raw = api::HPyGlobal_Load(ctx.as_raw(), HPyGlobal { _i: word });
            if raw.is_null() {
                if api::HPyErr_Occurred(ctx.as_raw()) != 0 {
                    api::HPyErr_Clear(ctx.as_raw());
                }
                return None;
            }
            Some(Handle::from_raw(ctx, raw))
        }
    }

    pub fn store<T>(&self, value: &Handle<'_, T>) {
        // SAFETY: the cell is a static of the binary, the handle is open.
        unsafe {
            api::HPyGlobal_Store(value.ctx().as_raw(), self.0.get(), value.as_raw());
        }
    }
}

/// A reference to a Python object that lives as long as the interpreter: a static of a module.
///
/// Each interpreter has its own value, empty at first. A static of this type inside `#[hpy::module]` is
/// made known to the runtime by the macro.
///
/// ```
/// use hpy::prelude::*;
///
/// #[hpy::module]
/// mod cached {
///     use hpy::prelude::*;
///
///     static DECIMAL: Global<Type> = Global::new();
///
///     #[hpy::function]
///     fn decimal<'ctx>(ctx: Ctx<'ctx>, text: Ref<'ctx, Str>) -> PyResult<'ctx, Handle<'ctx>> {
///         let kind = DECIMAL.get_or_init(ctx, || ctx.import(c"decimal")?.getattr(c"Decimal")?.cast())?;
///         kind.call((text,))
///     }
/// }
/// ```
pub struct Global<T = Any> {
    cell: GlobalCell,
    kind: PhantomData<fn() -> T>,
}

impl<T> Default for Global<T> {
    fn default() -> Self {
        Self::new()
    }
}

impl<T> Global<T> {
    /// An empty place.
    ///
    /// ```
    /// use hpy::prelude::*;
    ///
    /// static CACHE: Global<Dict> = Global::new();
    /// ```
    pub const fn new() -> Self {
        Global { cell: GlobalCell::new(), kind: PhantomData }
    }

    /// The object of this interpreter, None where none was stored.
    ///
    /// ```
    /// use hpy::prelude::*;
    ///
    /// static LAST: Global<Any> = Global::new();
    ///
    /// #[hpy::function]
    /// fn last(ctx: Ctx<'_>) -> Option<Handle<'_>> {
    ///     LAST.get(ctx)
    /// }
    /// ```
    pub fn get<'ctx>(&'static self, ctx: Ctx<'ctx>) -> Option<Handle<'ctx, T>> {
        self.cell.load(ctx)
    }

    /// Stores an object in place of the one before.
    ///
    /// ```
    /// use hpy::prelude::*;
    ///
    /// static LAST: Global<Any> = Global::new();
    ///
    /// #[hpy::function]
    /// fn remember(object: Ref<'_>) {
    ///     LAST.set(&object);
    /// }
    /// ```
    pub fn set(&'static self, value: &Handle<'_, T>) {
        self.cell.store(value);
    }

    #[doc(hidden)]
    pub const fn cell(&self) -> &GlobalCell {
        &self.cell
    }
}

impl<T: Kind> Global<T> {
    /// The object of this interpreter, made by `init` at the first use.
    ///
    /// ```
    /// use hpy::prelude::*;
    ///
    /// static LOADS: Global<Any> = Global::new();
    ///
    /// #[hpy::function]
    /// fn parse<'ctx>(ctx: Ctx<'ctx>, text: &str) -> PyResult<'ctx, Handle<'ctx>> {
    ///     let loads = LOADS.get_or_init(ctx, || ctx.import(c"json")?.getattr(c"loads"))?;
    ///     loads.call((text,))
    /// }
    /// ```
    pub fn get_or_init<'ctx>(
        &'static self,
        ctx: Ctx<'ctx>,
        init: impl FnOnce() -> PyResult<'ctx, Handle<'ctx, T>>,
    ) -> PyResult<'ctx, Handle<'ctx, T>> {
        if let Some(value) = self.get(ctx) {
            return Ok(value);
        }
        let value = init()?;
        self.set(&value);
        Ok(value)
    }
}
