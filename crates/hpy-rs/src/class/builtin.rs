//! Classes that derive from a built-in type.
//!
//! The built-in's own part of an instance is made by the built-in's `__new__`, which CPython lets run for a subclass
//! only if no `tp_new` of another kind is between them. So such a class has no `tp_new`: its constructor is a static
//! method `__new__`, as in a class of Python, and the runtime does what it does for those.

use super::{Base, BasePart, Class, Definition, type_of};
use crate::def::{Item, method};
use crate::exc::TypeError;
use crate::handle::{Handle, Ref};
use crate::kinds::{Any, Dict, Float, Int, Kind, List, Str, Tuple, Type};
use crate::trampoline::packed::{P, pass};
use crate::{CallArgs, Ctx, PyResult};
use core::ffi::c_void;
use core::mem::transmute;
use core::sync::atomic::Ordering;
use hpy_sys::*;

/// A built-in type that a class can derive from: `#[hpy::class(extends = List)]`.
///
/// ```
/// use hpy::prelude::*;
///
/// /// A length: a float that knows its unit.
/// #[hpy::class(extends = Float)]
/// struct Length {
///     #[hpy(get)]
///     unit: String,
/// }
///
/// #[hpy::methods]
/// impl Length {
///     #[new]
///     #[hpy(signature = (value, unit = "m"))]
///     fn new(value: f64, unit: String) -> (Self, (f64,)) {
///         // The second part of the pair is what `float.__new__` gets.
///         (Length { unit }, (value,))
///     }
///
///     fn __str__<'ctx>(slf: Ref<'ctx, Self>) -> PyResult<'ctx, String> {
///         let value: f64 = slf.as_builtin().extract()?;
///         Ok(format!("{value} {}", slf.borrow()?.unit))
///     }
/// }
/// ```
///
/// Python calls `__init__` after `__new__`: the inherited one of `list` and `dict` takes what the constructor was
/// called with, unless the class has its own.
pub trait Builtin: Base + Kind {}

macro_rules! builtins {
    ($($kind:ident $shape:ident;)*) => {$(
        // SAFETY: the struct of an instance begins behind what is the built-in's.
        unsafe impl Base for $kind {
            type Layout = ();
            const COLLECTED: bool = false;
            const SHAPE: HPyType_BuiltinShape = $shape;
            fn base_definition() -> Option<&'static Definition> {
                None
            }
            unsafe fn drop_layout(_layout: *mut ()) {}
        }

        impl Builtin for $kind {}

        impl<'ctx, P: CallArgs<'ctx>> BasePart<'ctx, P> for $kind {
            type Args = P;
            type Rest = ();
            fn split_part(part: P) -> (P, ()) {
                (part, ())
            }
            unsafe fn fill_part(_rest: (), _layout: *mut ()) {}
        }
    )*};
}

builtins! {
    Int HPyType_BuiltinShape_Long;
    Float HPyType_BuiltinShape_Float;
    Str HPyType_BuiltinShape_Unicode;
    Tuple HPyType_BuiltinShape_Tuple;
    List HPyType_BuiltinShape_List;
    Dict HPyType_BuiltinShape_Dict;
}

impl<'a, T: Class<Base: Builtin>> Ref<'a, T> {
    /// The same object as one of the built-in type that its class derives from.
    ///
    /// ```
    /// use hpy::prelude::*;
    ///
    /// #[hpy::class(extends = List)]
    /// struct Log {
    ///     limit: usize,
    /// }
    ///
    /// #[hpy::methods]
    /// impl Log {
    ///     fn is_full<'ctx>(slf: Ref<'ctx, Self>) -> PyResult<'ctx, bool> {
    ///         let items: Ref<'_, List> = slf.as_builtin();
    ///         Ok(items.len()? >= slf.borrow()?.limit)
    ///     }
    /// }
    /// ```
    #[inline]
    pub fn as_builtin(self) -> Ref<'a, T::Base> {
        // SAFETY: an instance of a class is one of its base.
        unsafe { self.assume() }
    }
}

/// The built-in type of a shape that the runtime does not refuse.
#[allow(non_upper_case_globals)]
pub(crate) fn type_of_shape(ctx: Ctx<'_>, shape: HPyType_BuiltinShape) -> Option<Ref<'_, Type>> {
    let table = ctx.table();
    let raw = match shape {
        HPyType_BuiltinShape_Long => table.h_LongType,
        HPyType_BuiltinShape_Float => table.h_FloatType,
        HPyType_BuiltinShape_Unicode => table.h_UnicodeType,
        HPyType_BuiltinShape_Tuple => table.h_TupleType,
        HPyType_BuiltinShape_List => table.h_ListType,
        // SAFETY: the context is of the kind that the binary was initialised with, and has the constant.
        HPyType_BuiltinShape_Dict => unsafe { hpy_sys::places::dict_type(ctx.as_raw()) },
        _ => return None,
    };
    // SAFETY: the constants of the context are open types.
    Some(unsafe { Ref::from_raw(ctx, raw) })
}

/// A new instance of a type that derives from a built-in: what the built-in's `__new__` makes of it.
pub(super) fn new_instance<'ctx>(
    kind: &Handle<'ctx, Type>,
    shape: HPyType_BuiltinShape,
    args: impl CallArgs<'ctx>,
) -> PyResult<'ctx, Handle<'ctx, Any>> {
    let ctx = kind.ctx();
    let Some(builtin) = type_of_shape(ctx, shape) else {
        return Err(TypeError::new("no built-in type has this shape"));
    };
    let new = builtin.getattr(c"__new__")?;
    let object = args.with_handles(ctx, |handles| {
        // The first place is free for a receiver: here, the class.
        handles[0] = kind.as_raw();
        // SAFETY: the handles are open for the call.
        unsafe {
            Handle::<Any>::from_new(
                ctx,
                api::HPy_Call(
                    ctx.as_raw(),
                    new.as_raw(),
                    handles.as_ptr(),
                    handles.len(),
                    HPy::NULL,
                ),
            )
        }
    })?;
    if object.type_().is_subtype(kind) {
        return Ok(object);
    }
    Err(TypeError::new(format!(
        "{}.__new__ gave a {} for a {}",
        builtin.name(),
        object.type_name(),
        kind.name()
    )))
}

/// Puts the static method `__new__` in place of the `tp_new` of a class.
pub(super) fn make_new_a_method<T: Class>(items: &mut Vec<Item>) {
    items.retain(|item| {
        let Item::Def(def) = item else { return true };
        // SAFETY: the union is what its kind says.
        let slot = unsafe { if def.kind == HPyDef_Kind_Slot { def.u.slot } else { return true } };
        if slot.slot == HPy_tp_new {
            T::definition().new.store(slot.imp, Ordering::Release);
        }
        slot.slot != HPy_tp_new
    });
    let imp = new::<T> as *mut c_void;
    items.push(Item::StaticMethod(method(
        c"__new__",
        HPyFunc_KEYWORDS,
        imp,
        new_trampoline::<T>(),
        c"",
    )));
}

/// `__new__(cls, *args, **kwargs)`
unsafe extern "C" fn new<T: Class>(
    ctx: *mut HPyContext,
    _receiver: HPy,
    args: *const HPy,
    count: usize,
    names: HPy,
) -> HPy {
    // SAFETY: the arguments are those of a call with the context.
    unsafe {
        crate::entry::object(ctx, |ctx| {
            // The offset bit of a vector call is no part of the count.
            let count = (count & isize::MAX as usize).checked_sub(1).ok_or_else(|| {
                TypeError::new(format!("{}.__new__(): not enough arguments", T::NAME))
            })?;
            let class = crate::entry::class_argument(ctx, *args)?;
            let args = args.add(1);
            if !class.is_subtype(&type_of::<T>(ctx)?) {
                return Err(TypeError::new(format!(
                    "{}.__new__({}): {} is not a subtype of {}",
                    T::NAME,
                    class.name(),
                    class.name(),
                    T::NAME
                )));
            }
            let kwargs = keywords(ctx, args, count, names)?;
            let imp = T::definition().new.load(Ordering::Acquire);
            // The address is that of the class's tp_new, which the macro has written.
            let imp = transmute::<*mut c_void, signature::NEWFUNC>(imp);
            let raw_kwargs = kwargs.as_ref().map_or(HPy::NULL, Handle::as_raw);
            let made = imp(ctx.as_raw(), class.as_raw(), args, count as isize, raw_kwargs);
            Handle::from_new(ctx, made)
        })
    }
}

/// The keyword arguments of a call as a dict; None where there are none.
///
/// # Safety
/// The arguments are those of a call with the context; the values of the names follow them.
unsafe fn keywords<'ctx>(
    ctx: Ctx<'ctx>,
    args: *const HPy,
    count: usize,
    names: HPy,
) -> PyResult<'ctx, Option<Handle<'ctx, Dict>>> {
    if names.is_null() {
        return Ok(None);
    }
    let kwargs = Dict::new(ctx)?;
    // SAFETY: as the caller says.
    unsafe {
        let names = Ref::<Tuple>::from_raw(ctx, names);
        for index in 0..names.len()? {
            let value = Ref::<Any>::from_raw(ctx, *args.add(count + index));
            kwargs.set_item(names.get_index(index as isize)?, value)?;
        }
    }
    Ok(Some(kwargs))
}

fn new_trampoline<T: Class>() -> *mut c_void {
    #[repr(C)]
    struct Packed {
        receiver: P,
        args: P,
        count: isize,
        names: P,
        result: P,
    }
    unsafe extern "C" fn trampoline<T: Class>(receiver: P, args: P, count: isize, names: P) -> P {
        if let Some(ctx) = crate::runtime::straight_context() {
            let count = count as usize & (usize::MAX >> 1);
            // SAFETY: the runtime's context, and the arguments of the signature.
            return unsafe { pass(new::<T>(ctx, pass(receiver), pass(args), count, pass(names))) };
        }
        let mut packed = Packed { receiver, args, count, names, result: 0 };
        let imp = new::<T> as *mut c_void;
        // SAFETY: the struct is the one of the signature.
        unsafe { crate::runtime::call_from_trampoline(HPyFunc_KEYWORDS, imp, &mut packed) };
        packed.result
    }
    trampoline::<T> as *mut c_void
}
