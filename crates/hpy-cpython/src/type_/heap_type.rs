//! Heap types with a metaclass of their own, before CPython 3.12 could make them.
//!
//! What `PyType_FromSpecWithBases` does, but for a type object that the metaclass allocates: so it is one
//! of the metaclass, with room for the metaclass's own struct.

use super::text;
use crate::raise::raise;
use core::ffi::{CStr, c_char, c_void};
use core::{mem, ptr};
use pyo3_ffi::*;

/// As `PyType_FromSpecWithBases`, for types of `metaclass`.
///
/// # Safety
/// As `super::create::make`.
pub unsafe fn make(
    metaclass: *mut PyTypeObject,
    spec: *mut PyType_Spec,
    bases: *mut PyObject,
) -> *mut PyObject {
    let spec = &*spec;
    let Some(alloc) = (*metaclass).tp_alloc else { return ptr::null_mut() };
    let bases = if bases.is_null() {
        PyTuple_Pack(1, (&raw mut PyBaseObject_Type).cast::<PyObject>())
    } else {
        Py_INCREF(bases);
        bases
    };
    if bases.is_null() {
        return ptr::null_mut();
    }
    // The members are kept behind the type object, as its items.
    let members = slot(spec, Py_tp_members).cast::<PyMemberDef>();
    let mut count = 0;
    while !members.is_null() && !(*members.offset(count)).name.is_null() {
        count += 1;
    }
    let base = match base_of(metaclass, spec, bases) {
        Some(base) => base,
        None => {
            Py_DECREF(bases);
            return ptr::null_mut();
        }
    };
    let made = alloc(metaclass, count);
    if made.is_null() {
        Py_DECREF(bases);
        return ptr::null_mut();
    }
    let heap = made.cast::<PyHeapTypeObject>();
    let tp = &raw mut (*heap).ht_type;
    // From here on the type object owns what it is given, and gives it up if it dies.
    (*tp).tp_flags = spec.flags as _;
    (*tp).tp_flags |= Py_TPFLAGS_HEAPTYPE;
    (*tp).tp_bases = bases;
    Py_INCREF(base.cast());
    (*tp).tp_base = base;
    if fill(heap, spec, members, count).is_none() {
        Py_DECREF(made);
        return ptr::null_mut();
    }
    made
}

/// `tp_base` for these bases.
unsafe fn base_of(
    metaclass: *mut PyTypeObject,
    spec: &PyType_Spec,
    bases: *mut PyObject,
) -> Option<*mut PyTypeObject> {
    if PyTuple_GET_SIZE(bases) == 1 {
        return Some(PyTuple_GET_ITEM(bases, 0).cast());
    }
    // `type` as metaclass: the layout of instances does not depend on it. CPython does not compare it with
    // those of the bases.
    let _ = metaclass;
    let base = super::create::best_base(&raw mut PyType_Type, bases, spec.name);
    (!base.is_null()).then_some(base)
}

unsafe fn fill(
    heap: *mut PyHeapTypeObject,
    spec: &PyType_Spec,
    members: *const PyMemberDef,
    count: isize,
) -> Option<()> {
    let tp = &raw mut (*heap).ht_type;
    let name = CStr::from_ptr(spec.name);
    (*heap).ht_name = PyUnicode_FromString(text::bare(name).as_ptr());
    if (*heap).ht_name.is_null() {
        return None;
    }
    Py_INCREF((*heap).ht_name);
    (*heap).ht_qualname = (*heap).ht_name;
    (*tp).tp_name = type_name(heap, name)?;
    (*tp).tp_as_async = &raw mut (*heap).as_async;
    (*tp).tp_as_number = &raw mut (*heap).as_number;
    (*tp).tp_as_sequence = &raw mut (*heap).as_sequence;
    (*tp).tp_as_mapping = &raw mut (*heap).as_mapping;
    (*tp).tp_as_buffer = &raw mut (*heap).as_buffer;
    (*tp).tp_basicsize = spec.basicsize as Py_ssize_t;
    (*tp).tp_itemsize = spec.itemsize as Py_ssize_t;
    for index in 0.. {
        let slot = &*spec.slots.offset(index);
        match slot.slot {
            0 => break,
            Py_tp_members => {}
            Py_tp_doc if slot.pfunc.is_null() => (*tp).tp_doc = ptr::null(),
            Py_tp_doc => (*tp).tp_doc = copied_doc(slot.pfunc.cast())?,
            number => {
                let Some(place) = place(heap, number) else {
                    raise!(
                        PyExc_RuntimeError,
                        c"type '%.200s': invalid slot number %d",
                        spec.name,
                        number
                    );
                    return None;
                };
                place.write(slot.pfunc);
            }
        }
    }
    if count != 0 {
        let kept = tp.byte_offset((*Py_TYPE(tp.cast())).tp_basicsize).cast::<PyMemberDef>();
        ptr::copy_nonoverlapping(members, kept, count as usize);
        (*tp).tp_members = kept;
        for index in 0..count {
            let member = &*kept.offset(index);
            match CStr::from_ptr(member.name).to_bytes() {
                b"__vectorcalloffset__" => (*tp).tp_vectorcall_offset = member.offset,
                b"__weaklistoffset__" => (*tp).tp_weaklistoffset = member.offset,
                b"__dictoffset__" => (*tp).tp_dictoffset = member.offset,
                _ => {}
            }
        }
    }
    if (*tp).tp_dealloc.is_none() {
        // What a type without its own has: a class's, which any class of ours can lend.
        (*tp).tp_dealloc = super::python::subtype_dealloc();
    }
    // PyType_Ready inherits the sizes only after it has asked a metaclass for the order of the bases, for which
    // it compares them.
    let base = (*tp).tp_base;
    if !base.is_null() && (*tp).tp_basicsize == 0 {
        (*tp).tp_basicsize = (*base).tp_basicsize;
    }
    if !base.is_null() && (*tp).tp_itemsize == 0 {
        (*tp).tp_itemsize = (*base).tp_itemsize;
    }
    if PyType_Ready(tp) < 0 {
        return None;
    }
    set_module(tp, name)
}

/// `__module__`: the part of the name before its last dot, if there is one.
unsafe fn set_module(tp: *mut PyTypeObject, name: &CStr) -> Option<()> {
    let length = name.count_bytes() - text::bare(name).count_bytes();
    if length == 0 {
        return Some(());
    }
    let module = PyUnicode_FromStringAndSize(name.as_ptr(), length as Py_ssize_t - 1);
    if module.is_null() {
        return None;
    }
    let result = PyDict_SetItemString((*tp).tp_dict, c"__module__".as_ptr(), module);
    Py_DECREF(module);
    (result == 0).then_some(())
}

/// `tp_name`. From 3.11 a heap type owns it, in a field behind `ht_module`; before, the spec's string has
/// to live as long as the type.
#[cfg(Py_3_11)]
unsafe fn type_name(heap: *mut PyHeapTypeObject, name: &CStr) -> Option<*const c_char> {
    let size = name.to_bytes_with_nul().len();
    let copy = PyMem_Malloc(size).cast::<c_char>();
    if copy.is_null() {
        PyErr_NoMemory();
        return None;
    }
    ptr::copy_nonoverlapping(name.as_ptr(), copy, size);
    (&raw mut (*heap).ht_module).add(1).cast::<*mut c_char>().write(copy);
    Some(copy)
}

#[cfg(not(Py_3_11))]
unsafe fn type_name(_heap: *mut PyHeapTypeObject, name: &CStr) -> Option<*const c_char> {
    Some(name.as_ptr())
}

/// A copy that type_dealloc frees.
unsafe fn copied_doc(doc: *const c_char) -> Option<*const c_char> {
    let size = CStr::from_ptr(doc).to_bytes_with_nul().len();
    let copy = PyObject_Malloc(size).cast::<c_char>();
    if copy.is_null() {
        PyErr_NoMemory();
        return None;
    }
    ptr::copy_nonoverlapping(doc, copy, size);
    Some(copy)
}

/// 3.9 cuts the signature off a type's doc and loses it; later versions cut it off `__doc__` and keep it for
/// `__text_signature__`. False with an exception set on failure.
///
/// # Safety
/// `tp` is fresh from `PyType_FromSpecWithBases`.
#[cfg(not(Py_3_10))]
pub unsafe fn keep_signature(tp: *mut PyTypeObject, spec: &PyType_Spec) -> bool {
    let doc = slot(spec, Py_tp_doc).cast::<c_char>().cast_const();
    if doc.is_null() || (*tp).tp_doc.is_null() {
        return true;
    }
    let Some(copy) = copied_doc(doc) else { return false };
    PyObject_Free((*tp).tp_doc.cast_mut().cast());
    (*tp).tp_doc = copy;
    true
}

unsafe fn slot(spec: &PyType_Spec, number: core::ffi::c_int) -> *mut c_void {
    let mut next = spec.slots;
    while (*next).slot != 0 {
        if (*next).slot == number {
            return (*next).pfunc;
        }
        next = next.add(1);
    }
    ptr::null_mut()
}

/// Where a heap type has the slot with this number.
unsafe fn place(heap: *mut PyHeapTypeObject, number: core::ffi::c_int) -> Option<*mut *mut c_void> {
    let tp = &raw mut (*heap).ht_type;
    macro_rules! places {
        ($($number:pat => $($place:ident).+;)*) => {
            match number {
                $($number => (&raw mut (*heap).$($place).+).cast(),)*
                _ => return None,
            }
        };
    }
    let _ = tp;
    Some(places! {
        Py_bf_getbuffer => as_buffer.bf_getbuffer;
        Py_bf_releasebuffer => as_buffer.bf_releasebuffer;
        Py_mp_ass_subscript => as_mapping.mp_ass_subscript;
        Py_mp_length => as_mapping.mp_length;
        Py_mp_subscript => as_mapping.mp_subscript;
        Py_nb_absolute => as_number.nb_absolute;
        Py_nb_add => as_number.nb_add;
        Py_nb_and => as_number.nb_and;
        Py_nb_bool => as_number.nb_bool;
        Py_nb_divmod => as_number.nb_divmod;
        Py_nb_float => as_number.nb_float;
        Py_nb_floor_divide => as_number.nb_floor_divide;
        Py_nb_index => as_number.nb_index;
        Py_nb_inplace_add => as_number.nb_inplace_add;
        Py_nb_inplace_and => as_number.nb_inplace_and;
        Py_nb_inplace_floor_divide => as_number.nb_inplace_floor_divide;
        Py_nb_inplace_lshift => as_number.nb_inplace_lshift;
        Py_nb_inplace_multiply => as_number.nb_inplace_multiply;
        Py_nb_inplace_or => as_number.nb_inplace_or;
        Py_nb_inplace_power => as_number.nb_inplace_power;
        Py_nb_inplace_remainder => as_number.nb_inplace_remainder;
        Py_nb_inplace_rshift => as_number.nb_inplace_rshift;
        Py_nb_inplace_subtract => as_number.nb_inplace_subtract;
        Py_nb_inplace_true_divide => as_number.nb_inplace_true_divide;
        Py_nb_inplace_xor => as_number.nb_inplace_xor;
        Py_nb_int => as_number.nb_int;
        Py_nb_invert => as_number.nb_invert;
        Py_nb_lshift => as_number.nb_lshift;
        Py_nb_multiply => as_number.nb_multiply;
        Py_nb_negative => as_number.nb_negative;
        Py_nb_or => as_number.nb_or;
        Py_nb_positive => as_number.nb_positive;
        Py_nb_power => as_number.nb_power;
        Py_nb_remainder => as_number.nb_remainder;
        Py_nb_rshift => as_number.nb_rshift;
        Py_nb_subtract => as_number.nb_subtract;
        Py_nb_true_divide => as_number.nb_true_divide;
        Py_nb_xor => as_number.nb_xor;
        Py_nb_matrix_multiply => as_number.nb_matrix_multiply;
        Py_nb_inplace_matrix_multiply => as_number.nb_inplace_matrix_multiply;
        Py_sq_ass_item => as_sequence.sq_ass_item;
        Py_sq_concat => as_sequence.sq_concat;
        Py_sq_contains => as_sequence.sq_contains;
        Py_sq_inplace_concat => as_sequence.sq_inplace_concat;
        Py_sq_inplace_repeat => as_sequence.sq_inplace_repeat;
        Py_sq_item => as_sequence.sq_item;
        Py_sq_length => as_sequence.sq_length;
        Py_sq_repeat => as_sequence.sq_repeat;
        Py_am_await => as_async.am_await;
        Py_am_aiter => as_async.am_aiter;
        Py_am_anext => as_async.am_anext;
        Py_tp_alloc => ht_type.tp_alloc;
        Py_tp_call => ht_type.tp_call;
        Py_tp_clear => ht_type.tp_clear;
        Py_tp_dealloc => ht_type.tp_dealloc;
        Py_tp_del => ht_type.tp_del;
        Py_tp_descr_get => ht_type.tp_descr_get;
        Py_tp_descr_set => ht_type.tp_descr_set;
        Py_tp_getattr => ht_type.tp_getattr;
        Py_tp_getattro => ht_type.tp_getattro;
        Py_tp_hash => ht_type.tp_hash;
        Py_tp_init => ht_type.tp_init;
        Py_tp_is_gc => ht_type.tp_is_gc;
        Py_tp_iter => ht_type.tp_iter;
        Py_tp_iternext => ht_type.tp_iternext;
        Py_tp_methods => ht_type.tp_methods;
        Py_tp_new => ht_type.tp_new;
        Py_tp_repr => ht_type.tp_repr;
        Py_tp_richcompare => ht_type.tp_richcompare;
        Py_tp_setattr => ht_type.tp_setattr;
        Py_tp_setattro => ht_type.tp_setattro;
        Py_tp_str => ht_type.tp_str;
        Py_tp_traverse => ht_type.tp_traverse;
        Py_tp_getset => ht_type.tp_getset;
        Py_tp_free => ht_type.tp_free;
        Py_tp_finalize => ht_type.tp_finalize;
    })
}

/// Slots are words.
const _: () = assert!(size_of::<Option<destructor>>() == size_of::<*mut c_void>());
const _: () = assert!(mem::align_of::<Option<destructor>>() == mem::align_of::<*mut c_void>());
