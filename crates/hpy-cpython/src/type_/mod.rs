//! Types: `HPyType_FromSpec` and what a type can be asked.
//!
//! In reading order: [`spec`] and [`params`] (what they say), [`plan`] (the layout of instances), [`slots`] and
//! [`members`] (the definitions, bound, as CPython reads them), [`create`] (the type object), [`info`] (what
//! we keep about it). Instances: [`shape`] (where their struct is), [`alloc`], [`construct`], [`call`],
//! [`lifecycle`].

pub mod alloc;
pub mod call;
pub mod construct;
pub mod create;
#[cfg(not(Py_3_12))]
mod heap_type;
pub mod info;
pub mod lifecycle;
pub mod members;
pub mod params;
pub mod plan;
pub mod python;
pub mod referents;
pub mod shape;
pub mod slots;
pub mod spec;
pub mod text;
pub mod trash;

pub use lifecycle::traverse_struct;

use crate::bind::Bindings;
use crate::handle::{handle, object};
use crate::lock::Locked;
use crate::raise::{noticed, raise};
use crate::state;
use ::alloc::boxed::Box;
use core::ffi::{c_char, c_int, c_uint};
use core::ptr;
use hpy_sys::backend::{CallTarget, StructFacts};
use hpy_sys::*;
use info::TypeInfo;
use params::Params;
use plan::Plan;
use pyo3_ffi::*;
use spec::Spec;

/// A new type from its spec; `params` is null or an array that ends with kind 0. Null with a TypeError or
/// ValueError that names the type and what is wrong with its spec.
///
/// The type owns copies of what it needs of the spec but the definitions' names and docs, which live as long
/// as the binary. CPython: `PyType_FromMetaclass`.
pub unsafe extern "C" fn HPyType_FromSpec(
    ctx: *mut HPyContext,
    spec: *mut HPyType_Spec,
    params: *mut HPyType_SpecParam,
) -> HPy {
    from_spec(ctx, &raw const (*state::of(ctx)).direct, spec, params)
}

/// As [`HPyType_FromSpec`], for definitions whose calls go to `target`.
pub unsafe extern "C" fn from_spec(
    ctx: *mut HPyContext,
    target: *const CallTarget,
    spec: *mut HPyType_Spec,
    params: *mut HPyType_SpecParam,
) -> HPy {
    handle(make(ctx, target, spec, params).unwrap_or(ptr::null_mut()))
}

unsafe fn make(
    ctx: *mut HPyContext,
    target: *const CallTarget,
    spec: *const HPyType_Spec,
    params: *const HPyType_SpecParam,
) -> Option<*mut PyObject> {
    let spec = Spec::read(spec)?;
    let params = Params::read(params, &spec)?;
    let metaclass = create::metaclass_of(params.metaclass, params.bases, spec.raw.name);
    if metaclass.is_null() {
        return None;
    }
    let base = create::best_base(metaclass, params.bases, spec.raw.name);
    if base.is_null() || !python::look_up() || !referents::look_up() {
        return None;
    }
    let plan = Plan::new(&spec, base)?;
    let Ok(basicsize) = c_int::try_from(plan.basicsize) else {
        raise!(
            PyExc_ValueError,
            c"type '%.200s': HPyType_Spec.basicsize %d is too large",
            spec.raw.name,
            spec.raw.basicsize
        );
        return None;
    };
    let state = state::of(ctx);
    let mut bindings = Bindings::new(state, target);
    let mut built = slots::build(&spec, &plan, &mut bindings)?;
    let mut info = Box::new(TypeInfo {
        state,
        bindings: Locked::new(bindings),
        shape: plan.shape,
        struct_size: plan.struct_size,
        target,
        question: info::question_of(target),
        traverse: spec.traverse,
        destroy: spec.destroy,
        fields: built.fields,
        call: built.call,
        calls: call::CallCache::default(),
        maker: alloc::maker_of(base),
        constructor: None,
        tables: built.tables,
    });
    let mut flags = plan.flags as c_uint;
    if plan.over_class {
        // Comes with the base, as do the functions that the flag asks for.
        flags &= !(Py_TPFLAGS_HAVE_GC as c_uint);
    } else if plan.gc && spec.traverse.is_some() {
        flags |= Py_TPFLAGS_HAVE_GC as c_uint;
    }
    // CPython asks types that say so for a place of their own; the base's is inherited only then.
    let inherits_vectorcall =
        plan.keeps_call_offset && flags & HPy_TPFLAGS_HAVE_VECTORCALL as c_uint != 0;
    if inherits_vectorcall {
        flags &= !(HPy_TPFLAGS_HAVE_VECTORCALL as c_uint);
    }
    let mut made_of = PyType_Spec {
        name: info.tables.name.as_ptr(),
        basicsize,
        itemsize: plan.itemsize,
        flags,
        slots: built.slots.as_mut_ptr(),
    };
    let made = noticed(create::make(metaclass, &mut made_of, params.bases));
    if made.is_null() {
        return None;
    }
    let fresh = made.cast::<PyTypeObject>();
    if !ptr::eq((*fresh).tp_base, base) {
        // Not the base that instances were laid out for: then nothing of the info holds.
        info.maker = alloc::maker_of((*fresh).tp_base);
        raise!(
            PyExc_SystemError,
            c"type '%.200s': expected the base '%.200s', got '%.200s'",
            spec.raw.name,
            (*base).tp_name,
            (*(*fresh).tp_base).tp_name
        );
        Py_DECREF(made);
        return None;
    }
    // From 3.12 on the flag comes with the call.
    #[cfg(not(Py_3_12))]
    if inherits_vectorcall {
        (*fresh).tp_flags |= HPy_TPFLAGS_HAVE_VECTORCALL;
    }
    if !spec.places_dict {
        // CPython copies this from any base that has it, but the place is where only instances of `tp_base`
        // and its subtypes have a dict.
        (*fresh).tp_dictoffset = (*base).tp_dictoffset;
    }
    if !info::attach(fresh, info) {
        Py_DECREF(made);
        return None;
    }
    if (*target).entries.is_null() {
        construct::call_new(fresh, &spec, (*target).ctx);
    }
    Some(made)
}

/// A new instance without arguments, as `object.__new__` makes it, whatever arguments are given. Null with a
/// TypeError if `type` is no type. CPython: `PyType_GenericNew`.
pub unsafe extern "C" fn HPyType_GenericNew(
    _ctx: *mut HPyContext,
    r#type: HPy,
    _args: *const HPy,
    _nargs: HPy_ssize_t,
    _kw: HPy,
) -> HPy {
    handle(alloc::generic_new(object(r#type)))
}

/// The shape of a type made from a spec, or that of the one it extends; Legacy for all others.
pub unsafe extern "C" fn _HPyType_GetBuiltinShape(
    _ctx: *mut HPyContext,
    h_type: HPy,
) -> HPyType_BuiltinShape {
    if PyType_Check(object(h_type)) == 0 {
        return HPyType_BuiltinShape_Legacy;
    }
    let (_, info) = info::nearest(object(h_type).cast());
    info.as_ref().map_or(HPyType_BuiltinShape_Legacy, |info| info.shape)
}

/// The shape of the type of `h`: see `hpy_sys::backend`.
pub unsafe extern "C" fn shape_of(_ctx: *mut HPyContext, h: HPy) -> HPyType_BuiltinShape {
    let (_, info) = info::nearest(Py_TYPE(object(h)));
    info.as_ref().map_or(HPyType_BuiltinShape_Legacy, |info| info.shape)
}

/// What is known of the struct of `h`: see `hpy_sys::backend`.
pub unsafe extern "C" fn struct_facts(
    _ctx: *mut HPyContext,
    h: HPy,
    facts: *mut StructFacts,
) -> c_int {
    let tp = Py_TYPE(object(h));
    let (_, info) = info::nearest(tp);
    let Some(info) = info.as_ref() else { return 0 };
    facts.write(StructFacts {
        name: info.tables.name.as_ptr(),
        start: shape::struct_of(info.shape, object(h)),
        size: info.struct_size,
        collected: PyType_IS_GC(tp),
        traverse: info.traverse,
    });
    1
}

/// The name of a type without its module, UTF-8, alive as long as the type and its name. Null with a
/// TypeError if `type` is no type.
pub unsafe extern "C" fn HPyType_GetName(_ctx: *mut HPyContext, r#type: HPy) -> *const c_char {
    if !check_type(object(r#type), c"HPyType_GetName") {
        return ptr::null();
    }
    let name = (*object(r#type).cast::<PyTypeObject>()).tp_name;
    text::bare(core::ffi::CStr::from_ptr(name)).as_ptr()
}

/// 1 if `sub` is `type` or has it among its bases, without asking `__subclasscheck__`; else 0. -1 with a
/// TypeError if one of them is no type. CPython: `PyType_IsSubtype`.
pub unsafe extern "C" fn HPyType_IsSubtype(_ctx: *mut HPyContext, sub: HPy, r#type: HPy) -> c_int {
    if !check_type(object(sub), c"HPyType_IsSubtype")
        || !check_type(object(r#type), c"HPyType_IsSubtype")
    {
        return -1;
    }
    PyType_IsSubtype(object(sub).cast(), object(r#type).cast())
}

unsafe fn check_type(given: *mut PyObject, function: &core::ffi::CStr) -> bool {
    if PyType_Check(given) == 0 {
        raise!(
            PyExc_TypeError,
            c"%s: expected a type, got an object of type '%.200s'",
            function.as_ptr(),
            (*Py_TYPE(given)).tp_name
        );
        return false;
    }
    true
}
