//! Classes: what they are made of, their types.

mod builtin;
mod cell;
pub mod derived;
mod instance;
pub mod told;

pub use builtin::Builtin;
pub(crate) use builtin::type_of_shape;
pub use cell::{Cell, ClassMut, ClassRef, borrow_for, borrow_mut_for, destroy, traverse};
pub use instance::{BasePart, Constructed, Frozen, Initial, Mutable, allocate, no_constructor};

use crate::def::{Item, TypeBuilder};
use crate::exc::RuntimeError;
use crate::field::Visitor;
use crate::global::GlobalCell;
use crate::handle::{Handle, Ref};
use crate::kinds::{Any, Kind, Type};
use crate::{Ctx, PyResult};
use core::ffi::{CStr, c_int, c_void};
use core::sync::atomic::AtomicPtr;
use hpy_sys::{HPy, HPyType_BuiltinShape, HPyType_BuiltinShape_Object};

/// Where a class keeps its type object: one per interpreter.
#[doc(hidden)]
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

    /// Other classes may derive from it.
    #[doc(hidden)]
    const SUBCLASS: bool;

    /// The properties that the struct's parts are.
    #[doc(hidden)]
    const PROPERTIES: &'static [told::Half];

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
#[diagnostic::on_unimplemented(
    message = "a class cannot derive from `{Self}`",
    label = "neither a class nor a built-in type that can be derived from",
    note = "extend a struct with #[hpy::class(subclass)], or Int, Float, Str, Tuple, List or Dict"
)]
pub unsafe trait Base: 'static {
    #[doc(hidden)]
    type Layout;
    #[doc(hidden)]
    const COLLECTED: bool;
    #[doc(hidden)]
    const EXTENSIBLE: bool = true;
    /// Whether there is something to drop in the layout.
    #[doc(hidden)]
    const DROPS: bool = false;
    /// Which built-in type instances are.
    #[doc(hidden)]
    const SHAPE: HPyType_BuiltinShape;
    #[doc(hidden)]
    fn base_definition() -> Option<&'static Definition>;
    #[doc(hidden)]
    unsafe fn drop_layout(layout: *mut Self::Layout);
}

/// `object`, what every class derives from.
///
/// ```
/// use hpy::Class;
/// use hpy::prelude::*;
///
/// #[hpy::class]
/// struct Point {}
///
/// fn derives_from_nothing<T: Class<Base = hpy::Object>>() {}
///
/// derives_from_nothing::<Point>();
/// ```
#[derive(Debug)]
pub enum Object {}

// SAFETY: nothing is at the beginning.
unsafe impl Base for Object {
    type Layout = ();
    const COLLECTED: bool = false;
    const SHAPE: HPyType_BuiltinShape = HPyType_BuiltinShape_Object;
    fn base_definition() -> Option<&'static Definition> {
        None
    }
    unsafe fn drop_layout(_layout: *mut ()) {}
}

// SAFETY: the type's instances hold a Cell of the class.
unsafe impl<T: Class> Base for T {
    type Layout = Cell<T>;
    const COLLECTED: bool = <T as Class>::COLLECTED;
    const EXTENSIBLE: bool = T::SUBCLASS;
    const DROPS: bool = core::mem::needs_drop::<T>() || <T::Base as Base>::DROPS;
    const SHAPE: HPyType_BuiltinShape = <T::Base as Base>::SHAPE;
    fn base_definition() -> Option<&'static Definition> {
        Some(T::definition())
    }
    unsafe fn drop_layout(layout: *mut Cell<T>) {
        // SAFETY: the caller's contract is the same.
        unsafe { cell::drop_cell(layout) }
    }
}

/// What the macros know of a class.
#[doc(hidden)]
pub struct Definition {
    pub name: &'static str,
    pub doc: &'static CStr,
    /// The parameters of the constructor as Python shows them, None without a constructor.
    pub signature: Option<&'static str>,
    pub size: usize,
    pub subclass: bool,
    pub collected: bool,
    pub base: fn() -> Option<&'static Definition>,
    pub shape: HPyType_BuiltinShape,
    /// The fields with a getter, in order.
    pub shown: &'static [&'static CStr],
    /// The implementation of `tp_new` where the class has it as a method: see `builtin`.
    pub new: AtomicPtr<c_void>,
    pub items: fn() -> Vec<Item>,
    pub global: TypeGlobal,
    pub built: std::sync::OnceLock<TypeBuilder>,
}

/// The type object of a class. RuntimeError where its module was not imported in this interpreter.
#[doc(hidden)]
pub fn type_of<T: Class>(ctx: Ctx<'_>) -> PyResult<'_, Handle<'_, Type>> {
    T::definition().global.load(ctx).ok_or_else(|| {
        RuntimeError::new(format!(
            "class {} is not there: the module that has it was not imported in this interpreter",
            T::NAME
        ))
    })
}

/// Whether an object is an instance of the class.
#[doc(hidden)]
#[doc(hidden)]
#[inline]
pub fn is_instance<T: Class>(object: &Handle<'_, Any>) -> bool {
    match T::definition().global.load::<Type>(object.ctx()) {
        Some(kind) => object.is_instance(&kind),
        None => false,
    }
}

/// Adds the definitions that every class has: `tp_destroy`, `tp_traverse` where there are fields, and
/// `tp_new` where the class has none: an inherited one would make instances without a value.
#[doc(hidden)]
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
    // PyPy's process ends when it collects an instance of a Python class that derives from one with this slot.
    if <T as Base>::DROPS || !crate::runtime::is_pypy() {
        let code = destroy::<T> as *mut c_void;
        items.push(Item::Def(slot(HPy_tp_destroy, code, code)));
    }
    if <T as Class>::COLLECTED {
        let code = traverse::<T> as *mut c_void;
        items.push(Item::Def(slot(HPy_tp_traverse, code, traverse_trampoline::<T>())));
    }
    if !has_new {
        let code = refuse::<T> as *mut c_void;
        items.push(Item::Def(slot(HPy_tp_new, code, refuse_trampoline::<T>())));
    }
    if <T::Base as Base>::SHAPE != HPyType_BuiltinShape_Object {
        builtin::make_new_a_method::<T>(items);
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
#[doc(hidden)]
#[doc(hidden)]
#[inline(always)]
pub unsafe fn receiver<'ctx, T: Class>(ctx: Ctx<'ctx>, raw: HPy) -> Ref<'ctx, T> {
    // SAFETY: as the caller says.
    unsafe { Ref::from_raw(ctx, raw) }
}
