//! Properties on PyPy, whose HPy loses the exception that a setter raises, calls no setter for `del`, and ends the process
//! where a property without a setter is assigned to. There a `property` of Python's own takes the place of each: it reads through
//! the runtime's descriptor and calls the setter as a function, whose exceptions arrive.

use super::types::MethodHolder;
use crate::class::Definition;
use crate::exc::{AttributeError, TypeError};
use crate::handle::{Handle, Ref};
use crate::kinds::{Any, Type};
use crate::{Ctx, PyErr, PyResult};
use core::ffi::{CStr, c_int, c_void};
use hpy_sys::*;
use std::sync::{Mutex, OnceLock, PoisonError};

/// A property of a class, known by its place in [`PROPERTIES`].
#[derive(Clone, Copy)]
struct Property {
    definition: &'static Definition,
    getset: HPyGetSet,
}

// SAFETY: what the pointers of a definition reach is never changed or freed.
unsafe impl Send for Property {}

/// All properties of classes that were made. A number is what Python code gets to see of one.
static PROPERTIES: Mutex<Vec<Property>> = Mutex::new(Vec::new());

type Setter = unsafe extern "C" fn(*mut HPyContext, HPy, HPy, *mut c_void) -> c_int;

/// Notes the properties of a class; their numbers.
pub(super) fn note(definition: &'static Definition, of_class: &[HPyGetSet]) -> Vec<usize> {
    let mut all = PROPERTIES.lock().unwrap_or_else(PoisonError::into_inner);
    let first = all.len();
    all.extend(of_class.iter().map(|&getset| Property { definition, getset }));
    (first..all.len()).collect()
}

fn at(number: usize) -> Option<Property> {
    PROPERTIES.lock().unwrap_or_else(PoisonError::into_inner).get(number).copied()
}

impl Property {
    fn name(&self) -> &'static CStr {
        // SAFETY: names are NUL-terminated literals.
        unsafe { CStr::from_ptr(self.getset.name) }
    }

    /// Calls the setter; a null handle as the value means `del`.
    ///
    /// # Safety
    /// The value is null or an open handle of the call.
    unsafe fn assign<'ctx>(self, receiver: Ref<'ctx, Any>, value: HPy) -> PyResult<'ctx> {
        let ctx = receiver.ctx();
        let (class, name) = (self.definition.name, self.name().to_string_lossy());
        let is_ours = self.definition.global.load::<Type>(ctx);
        if !is_ours.is_some_and(|kind| receiver.is_instance(&kind)) {
            return Err(TypeError::new(format!(
                "descriptor '{name}' for '{class}' objects doesn't apply to a '{}' object",
                receiver.type_name()
            )));
        }
        if self.getset.setter_imp.is_null() {
            return Err(AttributeError::new(format!(
                "attribute '{name}' of '{class}' objects is not writable"
            )));
        }
        // SAFETY: setters have this signature; the receiver is an instance of the class, the value as the caller says.
        let status = unsafe {
            let setter = core::mem::transmute::<*mut c_void, Setter>(self.getset.setter_imp);
            setter(ctx.as_raw(), receiver.as_raw(), value, self.getset.closure)
        };
        if status == 0 { Ok(()) } else { Err(PyErr::pending(ctx)) }
    }
}

/// `assign(number, object, value)`, and without a value for `del`.
unsafe extern "C" fn assign(
    raw: *mut HPyContext,
    _slf: HPy,
    args: *const HPy,
    count: usize,
) -> HPy {
    // SAFETY: the runtime calls with the context of the call and as many open handles as it says.
    unsafe {
        crate::impl_::object(raw, |ctx| {
            let given = if count == 0 { &[] } else { core::slice::from_raw_parts(args, count) };
            let (number, receiver, value) = match *given {
                [number, receiver] => (number, receiver, HPy::NULL),
                [number, receiver, value] => (number, receiver, value),
                _ => return Err(TypeError::new("a property's number, an object and a value")),
            };
            let property = at(Ref::<Any>::from_raw(ctx, number).extract()?)
                .ok_or_else(|| TypeError::new("no property has this number"))?;
            property.assign(Ref::from_raw(ctx, receiver), value)?;
            Ok(ctx.none().to_owned())
        })
    }
}

/// Sets the properties with these numbers on their new type, over the runtime's.
pub(super) fn install<'ctx>(
    ctx: Ctx<'ctx>,
    kind: &Handle<'ctx, Type>,
    numbers: &[usize],
) -> PyResult<'ctx> {
    if numbers.is_empty() {
        return Ok(());
    }
    static HOLDER: OnceLock<MethodHolder> = OnceLock::new();
    // PyPy calls implementations; it has no use for trampolines.
    let code = assign as *mut c_void;
    let make = || super::method(c"assign", HPyFunc_VARARGS, code, code, c"");
    let holder = HOLDER.get_or_init(|| MethodHolder::new(c"hpy.property", vec![make()]));
    let assign = holder.instance(ctx)?.getattr(c"assign")?;
    let partial = ctx.import(c"functools")?.getattr(c"partial")?;
    let python = ctx.builtin(c"property")?;
    for (number, property) in numbers.iter().filter_map(|&number| Some((number, at(number)?))) {
        let name = property.name();
        let read = match property.getset.getter_imp.is_null() {
            true => ctx.none().to_owned(),
            false => kind.getattr(name)?.getattr(c"__get__")?,
        };
        let doc = match property.getset.doc.is_null() {
            true => None,
            // SAFETY: docs are NUL-terminated literals.
            false => Some(unsafe { CStr::from_ptr(property.getset.doc) }.to_string_lossy()),
        };
        let write = partial.call((&assign, number))?;
        kind.setattr(name, python.call((&read, &write, &write, doc.as_deref()))?)?;
    }
    Ok(())
}
