//! Instances made without a tuple of arguments: `tp_vectorcall` of types that have a constructor or an `HPy_tp_new`.
//!
//! `type.__call__` hands `tp_new` a tuple and a dict, which are made for it. A constructor (an implementation of
//! KEYWORDS, beside the `HPy_tp_new` that does the same) gets the arguments where the caller has them, and so does
//! `HPy_tp_new` itself, but for those by keyword: they are a dict in the ABI. Calls take this way only where the outcome is
//! the same: for the type itself (CPython does not inherit the field), and as long as no Python code has replaced the
//! type's `__new__` or `__init__`. Contexts that wrap another see each call of `tp_new`.

use super::info;
use super::spec::{Spec, defines};
use crate::bind::of_type;
use crate::handle::{handle, object};
use crate::layout::{borrowed_tuple_item, set_tuple_item};
use crate::raise::raise;
use core::ffi::{c_int, c_void};
use core::{mem, ptr};
use hpy_sys::*;
use pyo3_ffi::*;

/// The constructor of a type.
pub struct Constructor {
    code: Code,
    /// The type's `tp_new` when the constructor was given.
    new: *const c_void,
}

#[derive(Clone, Copy)]
enum Code {
    /// Bound: CPython calls it as a `vectorcallfunc`.
    Vectorcall(vectorcallfunc),
    /// An implementation of `HPy_tp_new`, called with this context.
    New(signature::NEWFUNC, *mut HPyContext),
}

unsafe fn new_of(tp: *mut PyTypeObject) -> *const c_void {
    (*tp).tp_new.map_or(ptr::null(), |function| function as *const c_void)
}

/// Whether `__init__` is that of `object`, which does nothing after a `__new__` of the type's own.
unsafe fn inits_nothing(tp: *mut PyTypeObject) -> bool {
    let address = |tp: *const PyTypeObject| (*tp).tp_init.map(|function| function as *const c_void);
    address(tp) == address(&raw const PyBaseObject_Type)
}

/// See `hpy_sys::ext::HPyExtensions::type_set_constructor`.
pub unsafe extern "C" fn type_set_constructor(
    _ctx: *mut HPyContext,
    h_type: HPy,
    imp: *mut c_void,
) -> c_int {
    let tp = crate::handle::object(h_type).cast::<PyTypeObject>();
    let info = if h_type.is_null() || PyType_Check(tp.cast()) == 0 {
        ptr::null_mut()
    } else {
        info::own(tp)
    };
    let Some(info) = info.as_mut() else {
        PyErr_SetString(
            PyExc_TypeError,
            c"type_set_constructor: expected a type that HPyType_FromSpec has made".as_ptr(),
        );
        return -1;
    };
    if imp.is_null() {
        PyErr_SetString(
            PyExc_ValueError,
            c"type_set_constructor: the implementation is NULL".as_ptr(),
        );
        return -1;
    }
    if !inits_nothing(tp) || new_of(tp).is_null() || !(*info.state).thunks.available() {
        return 0;
    }
    let name = of_type(&info.tables.name, c"(constructor)".as_ptr());
    let code = info
        .bindings
        .with(|bindings| bindings.bind(HPyFunc_VECTORCALLFUNC, imp, ptr::null(), name));
    if code.is_null() {
        return 0;
    }
    // SAFETY: the address is that of a thunk for a `vectorcallfunc`.
    let code = mem::transmute::<*const c_void, vectorcallfunc>(code);
    info.constructor = Some(Constructor { code: Code::Vectorcall(code), new: new_of(tp) });
    (*tp).tp_vectorcall = Some(construct);
    0
}

/// Has calls of a new type run its own `HPy_tp_new`, where it has one.
///
/// # Safety
/// `tp` is made from `spec`, which has been read, for the context, which lives as long as the type's bindings, and calls
/// of its definitions go to implementations with it.
pub unsafe fn call_new(tp: *mut PyTypeObject, spec: &Spec, ctx: *mut HPyContext) {
    let is_new = |def: &&HPyDef| def.kind == HPyDef_Kind_Slot && def.u.slot.slot == HPy_tp_new;
    let (Some(def), Some(info)) = (defines(spec.raw).find(is_new), info::own(tp).as_mut()) else {
        return;
    };
    if !inits_nothing(tp) || (*tp).tp_vectorcall.is_some() {
        return;
    }
    // SAFETY: the definition says that it is an HPy_tp_new.
    let imp = mem::transmute::<*mut c_void, signature::NEWFUNC>(def.u.slot.imp);
    info.constructor = Some(Constructor { code: Code::New(imp, ctx), new: new_of(tp) });
    (*tp).tp_vectorcall = Some(construct);
}

/// `tp_vectorcall` of types with a constructor.
unsafe extern "C" fn construct(
    callable: *mut PyObject,
    args: *const *mut PyObject,
    nargsf: usize,
    names: *mut PyObject,
) -> *mut PyObject {
    let tp = callable.cast::<PyTypeObject>();
    if let Some(info) = info::own(tp).as_ref()
        && let Some(constructor) = &info.constructor
        && ptr::eq(new_of(tp), constructor.new)
        && inits_nothing(tp)
    {
        return match constructor.code {
            Code::Vectorcall(code) => code(callable, args, nargsf, names),
            Code::New(imp, ctx) => new(imp, ctx, callable, args, nargsf, names),
        };
    }
    call_type(callable, args, nargsf, names)
}

/// Calls an `HPy_tp_new`.
#[inline(always)]
unsafe fn new(
    imp: signature::NEWFUNC,
    ctx: *mut HPyContext,
    callable: *mut PyObject,
    args: *const *mut PyObject,
    nargsf: usize,
    names: *mut PyObject,
) -> *mut PyObject {
    let count = PyVectorcall_NARGS(nargsf);
    if names.is_null() || PyTuple_GET_SIZE(names) == 0 {
        return object(imp(ctx, handle(callable), args.cast(), count, HPy::NULL));
    }
    let Some(dict) = dict_of(names, args.offset(count)) else { return ptr::null_mut() };
    let made = imp(ctx, handle(callable), args.cast(), count, handle(dict));
    Py_DECREF(dict);
    object(made)
}

/// `type.__call__`, with a tuple and a dict.
#[cold]
#[inline(never)]
unsafe fn call_type(
    callable: *mut PyObject,
    args: *const *mut PyObject,
    nargsf: usize,
    names: *mut PyObject,
) -> *mut PyObject {
    let Some(call) = (*Py_TYPE(callable)).tp_call else {
        raise!(PyExc_TypeError, c"'%.200s' object is not callable", (*Py_TYPE(callable)).tp_name);
        return ptr::null_mut();
    };
    let count = PyVectorcall_NARGS(nargsf);
    let tuple = PyTuple_New(count);
    if tuple.is_null() {
        return ptr::null_mut();
    }
    for index in 0..count {
        let item = *args.offset(index);
        Py_INCREF(item);
        set_tuple_item(tuple, index, item);
    }
    let keywords =
        if names.is_null() { Some(ptr::null_mut()) } else { dict_of(names, args.offset(count)) };
    let result = match keywords {
        Some(keywords) => {
            let result = call(callable, tuple, keywords);
            Py_XDECREF(keywords);
            result
        }
        None => ptr::null_mut(),
    };
    Py_DECREF(tuple);
    result
}

/// A dict of these names and values; None with an exception set on failure.
unsafe fn dict_of(names: *mut PyObject, values: *const *mut PyObject) -> Option<*mut PyObject> {
    let dict = PyDict_New();
    if dict.is_null() {
        return None;
    }
    for index in 0..PyTuple_GET_SIZE(names) {
        if PyDict_SetItem(dict, borrowed_tuple_item(names, index), *values.offset(index)) < 0 {
            Py_DECREF(dict);
            return None;
        }
    }
    Some(dict)
}
