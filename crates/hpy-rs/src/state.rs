//! The state of a module: one Rust value per interpreter.

use crate::class::{Class, Object};
use crate::exc::RuntimeError;
use crate::global::GlobalCell;
use crate::handle::Handle;
use crate::{Ctx, PyResult};
use core::fmt;
use core::ops::Deref;

/// A struct that is the state of its module: `#[hpy::state]` implements it.
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not the state of a module",
    note = "a struct inside #[hpy::module] becomes that by #[hpy::state]"
)]
pub trait ModuleState: Class {
    #[doc(hidden)]
    fn cell() -> &'static GlobalCell;
}

/// The state of the module in the interpreter that calls, as a parameter that is not one of Python's.
///
/// It is a handle of an object that holds the struct: `state.borrow()?`, `state.borrow_mut()?`, and for a
/// [`Field`](crate::Field) in it `state.load(...)` and `state.store(...)`. Each interpreter has its own, made by
/// `Default` when the module is imported.
///
/// ```
/// use hpy::prelude::*;
///
/// #[hpy::module]
/// mod preferences {
///     use hpy::prelude::*;
///
///     #[hpy::state]
///     #[derive(Default)]
///     struct Settings {
///         verbose: bool,
///         last: Field<Any>,
///     }
///
///     #[hpy::function]
///     fn set_verbose(state: State<'_, Settings>, on: bool) -> PyResult<'_> {
///         state.borrow_mut()?.verbose = on;
///         Ok(())
///     }
///
///     #[hpy::function]
///     fn remember<'ctx>(state: State<'ctx, Settings>, object: Ref<'ctx>) -> PyResult<'ctx> {
///         state.store(|settings| &settings.last, Some(&*object))
///     }
/// }
/// ```
pub struct State<'ctx, T>(Handle<'ctx, T>);

impl<'ctx, T> Deref for State<'ctx, T> {
    type Target = Handle<'ctx, T>;
    fn deref(&self) -> &Handle<'ctx, T> {
        &self.0
    }
}

impl<T> fmt::Debug for State<'_, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(&self.0, f)
    }
}

/// For a parameter of type `State`.
#[doc(hidden)]
pub fn state_of<'ctx, T: ModuleState>(ctx: Ctx<'ctx>) -> PyResult<'ctx, State<'ctx, T>> {
    ctx.state()
}

impl<'ctx> Ctx<'ctx> {
    /// The state of a module in this interpreter. RuntimeError where the module was not imported here.
    ///
    /// ```
    /// #[hpy::module]
    /// mod tallies {
    ///     use hpy::prelude::*;
    ///
    ///     #[hpy::state]
    ///     #[derive(Default)]
    ///     struct Counts {
    ///         calls: u64,
    ///     }
    ///
    ///     fn count(ctx: Ctx<'_>) -> PyResult<'_, u64> {
    ///         let state: State<'_, Counts> = ctx.state()?;
    ///         let mut counts = state.borrow_mut()?;
    ///         counts.calls += 1;
    ///         Ok(counts.calls)
    ///     }
    /// }
    /// ```
    pub fn state<T: ModuleState>(self) -> PyResult<'ctx, State<'ctx, T>> {
        T::cell().load(self).map(State).ok_or_else(|| {
            RuntimeError::new(format!(
                "{} is not there: the module that has it was not imported in this interpreter",
                T::NAME
            ))
        })
    }
}

/// What the macros know of a state.
#[doc(hidden)]
pub struct StateDefinition {
    pub class: &'static crate::class::Definition,
    pub cell: &'static GlobalCell,
    pub make: for<'ctx> fn(Ctx<'ctx>) -> PyResult<'ctx>,
}

/// Makes the state of this interpreter.
#[doc(hidden)]
pub fn make<'ctx, T: ModuleState + Class<Base = Object> + Default>(
    ctx: Ctx<'ctx>,
) -> PyResult<'ctx> {
    T::cell().store(&Handle::<T>::instance(ctx, T::default())?);
    Ok(())
}
