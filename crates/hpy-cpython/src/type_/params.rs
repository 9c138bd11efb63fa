//! The params of `HPyType_FromSpec`: bases and a metaclass.

use super::spec::{Spec, table};
use crate::handle::object;
use crate::layout::{borrowed_tuple_item, set_tuple_item};
use crate::raise::raise;
use core::ptr;
use hpy_sys::*;
use pyo3_ffi::*;

/// What the params of `HPyType_FromSpec` say.
pub struct Params {
    /// A new tuple of the bases, null if none is given.
    pub bases: *mut PyObject,
    /// The metaclass, borrowed; null if none is given.
    pub metaclass: *mut PyTypeObject,
}

impl Params {
    /// Reads the params. None with an exception set where they break a rule.
    ///
    /// # Safety
    /// `params` is null or a list that ends with kind 0; `spec` has been read.
    pub unsafe fn read(params: *const HPyType_SpecParam, spec: &Spec) -> Option<Self> {
        let name = spec.raw.name;
        let all = || table(params, |param: &HPyType_SpecParam| param.kind == 0);
        let mut tuple = ptr::null_mut::<PyObject>();
        let mut metaclass = ptr::null_mut::<PyTypeObject>();
        let mut bases = 0;
        for param in all() {
            let given = object(param.object);
            if given.is_null() {
                raise!(
                    PyExc_TypeError,
                    c"type '%.200s': HPyType_SpecParam of kind %d has HPy_NULL as object",
                    name,
                    param.kind
                );
                return None;
            }
            match param.kind {
                HPyType_SpecParam_Base => bases += 1,
                HPyType_SpecParam_BasesTuple if !tuple.is_null() => {
                    raise!(
                        PyExc_TypeError,
                        c"multiple specifications of HPyType_SpecParam_BasesTuple (type '%.200s')",
                        name
                    );
                    return None;
                }
                HPyType_SpecParam_BasesTuple => tuple = given,
                HPyType_SpecParam_Metaclass if !metaclass.is_null() => {
                    raise!(
                        PyExc_ValueError,
                        c"metaclass was specified multiple times (type '%.200s')",
                        name
                    );
                    return None;
                }
                HPyType_SpecParam_Metaclass
                    if PyType_Check(given) == 0
                        || PyType_IsSubtype(given.cast(), &raw mut PyType_Type) == 0 =>
                {
                    raise!(
                        PyExc_TypeError,
                        c"Metaclass '%R' is not a subclass of 'type' (type '%.200s')",
                        given,
                        name
                    );
                    return None;
                }
                HPyType_SpecParam_Metaclass => metaclass = given.cast(),
                kind => {
                    raise!(
                        PyExc_TypeError,
                        c"unknown HPyType_SpecParam specification for '%.200s': kind %d",
                        name,
                        kind
                    );
                    return None;
                }
            }
        }
        if bases != 0 && !tuple.is_null() {
            raise!(
                PyExc_TypeError,
                c"cannot specify both HPyType_SpecParam_Base and HPyType_SpecParam_BasesTuple (type '%.200s')",
                name
            );
            return None;
        }
        if tuple.is_null() && bases == 0 {
            // Legacy slots may name bases too; the params go first.
            let (single, many) =
                (spec.legacy.get(Py_tp_base), spec.legacy.get(Py_tp_bases).cast::<PyObject>());
            if !many.is_null() {
                tuple = many;
            } else if !single.is_null() {
                let bases = PyTuple_Pack(1, single);
                return checked(bases, name).then(|| Params { bases, metaclass });
            }
        }
        if !tuple.is_null() {
            if PyTuple_Check(tuple) == 0 {
                raise!(
                    PyExc_TypeError,
                    c"type '%.200s': HPyType_SpecParam_BasesTuple must be a tuple, got an object of type '%.200s'",
                    name,
                    (*Py_TYPE(tuple)).tp_name
                );
                return None;
            }
            if PyTuple_GET_SIZE(tuple) == 0 {
                // As none: object.
                return Some(Params { bases: ptr::null_mut(), metaclass });
            }
            Py_INCREF(tuple);
        } else if bases != 0 {
            tuple = PyTuple_New(bases);
            if tuple.is_null() {
                return None;
            }
            for (index, param) in
                all().filter(|param| param.kind == HPyType_SpecParam_Base).enumerate()
            {
                Py_INCREF(object(param.object));
                set_tuple_item(tuple, index as Py_ssize_t, object(param.object));
            }
        }
        // Lazily: `checked` has given up bases that are none, and dropping `Params` would do so again.
        checked(tuple, name).then(|| Params { bases: tuple, metaclass })
    }
}

impl Drop for Params {
    fn drop(&mut self) {
        // SAFETY: `bases` is null or a reference of ours.
        unsafe { Py_XDECREF(self.bases) };
    }
}

/// Whether a tuple of bases (or null) holds types that can be extended; else it is given up, an exception
/// is set.
unsafe fn checked(bases: *mut PyObject, name: *const core::ffi::c_char) -> bool {
    if bases.is_null() {
        return PyErr_Occurred().is_null();
    }
    for index in 0..PyTuple_GET_SIZE(bases) {
        let base = borrowed_tuple_item(bases, index);
        if PyType_Check(base) == 0 {
            raise!(
                PyExc_TypeError,
                c"type '%.200s': base %zd must be a type, got an object of type '%.200s'",
                name,
                index,
                (*Py_TYPE(base)).tp_name
            );
        } else if PyType_HasFeature(base.cast(), Py_TPFLAGS_BASETYPE) == 0 {
            raise!(
                PyExc_TypeError,
                c"type '%.200s': type '%.200s' is not an acceptable base type",
                name,
                (*base.cast::<PyTypeObject>()).tp_name
            );
        } else {
            continue;
        }
        Py_DECREF(bases);
        return false;
    }
    true
}
