//! From a spec and the type it extends to the layout of instances, and the rules that tie the two.

use super::shape::{self, align};
use super::spec::Spec;
use super::{info, lifecycle, python};
use crate::raise::raise;
use core::ffi::{c_int, c_ulong, c_void};
use core::ptr;
use hpy_sys::*;
use pyo3_ffi::*;

/// The layout of a type's instances.
pub struct Plan {
    /// The shape and size of the struct, inherited ones included.
    pub shape: HPyType_BuiltinShape,
    pub struct_size: usize,
    /// `tp_basicsize` and `tp_itemsize` for CPython; 0 inherits.
    pub basicsize: usize,
    pub itemsize: c_int,
    pub flags: c_ulong,
    /// Where instances have a call function that we add behind the struct.
    pub call_offset: Option<usize>,
    /// Whether they have one where instances of the base have it.
    pub keeps_call_offset: bool,
    /// The call function of the type extended, as instances start with it.
    pub inherited_call: *const c_void,
    pub gc: bool,
    /// Whether a class written in Python lies between the type and the next one below that was made from a
    /// spec (or the built-in type). CPython's functions then serve the type, and call ours further down.
    pub over_class: bool,
    /// Whether it is so, and there is one further down that ends instances.
    pub inherits_dealloc: bool,
    /// Whether the end of an instance is no more than giving back its memory, as far as the base and the
    /// spec's flags and special slots go.
    pub ends_plainly: bool,
}

impl Plan {
    /// Lays out the instances of a type that extends `base`. None with an exception set where the spec and
    /// the base do not fit.
    ///
    /// # Safety
    /// `base` is a type.
    pub unsafe fn new(spec: &Spec, base: *mut PyTypeObject) -> Option<Self> {
        let (relative, inherited) = info::nearest(base);
        let inherited = inherited.as_ref();
        if spec.is_legacy() && inherited.is_some_and(|info| info.shape != spec.raw.builtin_shape) {
            PyErr_SetString(
                PyExc_TypeError,
                c"A legacy type should not inherit its memory layout from a pure type".as_ptr(),
            );
            return None;
        }
        let mut plan = Plan {
            shape: spec.raw.builtin_shape,
            struct_size: spec.raw.basicsize as usize,
            basicsize: 0,
            itemsize: spec.raw.itemsize,
            flags: spec.raw.flags | Py_TPFLAGS_HEAPTYPE,
            call_offset: None,
            keeps_call_offset: false,
            inherited_call: inherited.map_or(ptr::null(), |info| info.call),
            over_class: is_over_class(base),
            inherits_dealloc: is_over_class(base) && lifecycle::ends_below(base),
            ends_plainly: !spec.is_legacy()
                && !spec.finalizes
                && !spec.places_pointers
                && !spec.is_gc()
                && lifecycle::ends_plainly(base),
            gc: spec.is_gc() || PyType_IS_GC(base) != 0,
        };
        if plan.over_class
            && (plan.struct_size != 0)
            && (!spec.is_legacy() || spec.traverse.is_some() || spec.destroy.is_some())
        {
            raise!(
                PyExc_TypeError,
                c"type '%.200s' has a struct, but its base '%.200s' is a class written in Python, which keeps data \
                  of its own where the struct would be",
                spec.raw.name,
                (*base).tp_name
            );
            return None;
        }
        if spec.is_legacy()
            && plan.struct_size != 0
            && (*base).tp_basicsize > plan.struct_size as Py_ssize_t
        {
            raise!(
                PyExc_TypeError,
                c"type '%.200s': HPyType_Spec.basicsize is %d, but instances of its base '%.200s' have %zd bytes, and \
                  a legacy struct begins with that of the base",
                spec.raw.name,
                spec.raw.basicsize,
                (*base).tp_name,
                (*base).tp_basicsize
            );
            return None;
        }
        if spec.is_legacy() {
            plan.basicsize = plan.struct_size;
        } else {
            plan.fit(spec, base, relative, inherited)?;
        }
        plan.place_call(spec, base, inherited)?;
        if spec.explicit_call {
            plan.flags |= HPy_TPFLAGS_HAVE_VECTORCALL;
        } else if plan.flags & HPy_TPFLAGS_HAVE_VECTORCALL != 0
            && plan.call_offset.is_none()
            && (*base).tp_vectorcall_offset <= 0
        {
            raise!(
                PyExc_ValueError,
                c"type '%.200s' has HPy_TPFLAGS_HAVE_VECTORCALL, but neither the slot HPy_tp_call nor a member \
                  __vectorcalloffset__",
                spec.raw.name
            );
            return None;
        }
        Some(plan)
    }

    /// Lays out a pure type.
    unsafe fn fit(
        &mut self,
        spec: &Spec,
        base: *mut PyTypeObject,
        relative: *mut PyTypeObject,
        inherited: Option<&info::TypeInfo>,
    ) -> Option<()> {
        let name = spec.raw.name;
        let built_in = shape::builtin(self.shape);
        let with_struct = inherited.filter(|info| info.struct_size != 0);
        if PyType_IsSubtype(base, built_in) == 0 {
            raise!(
                PyExc_TypeError,
                c"type '%.200s' has %s, so it must have '%.200s' or a subtype of it as base, not '%.200s'",
                name,
                shape::name(self.shape).as_ptr(),
                (*built_in).tp_name,
                (*base).tp_name
            );
            return None;
        }
        if let Some(info) = with_struct
            && info.shape != self.shape
            && (self.struct_size != 0 || self.shape != HPyType_BuiltinShape_Object)
        {
            raise!(
                PyExc_TypeError,
                c"type '%.200s' has %s, but its base '%.200s' has %s: a struct extends that of the base",
                name,
                shape::name(self.shape).as_ptr(),
                (*base).tp_name,
                shape::name(info.shape).as_ptr()
            );
            return None;
        }
        // CPython has no use for items of a pure type, and would keep their number where its struct is.
        let items = (*built_in).tp_itemsize as c_int;
        if self.shape != HPyType_BuiltinShape_Object && self.itemsize != 0 && self.itemsize != items
        {
            raise!(
                PyExc_ValueError,
                c"type '%.200s': HPyType_Spec.itemsize is %d, but %s has items of %d bytes",
                name,
                self.itemsize,
                shape::name(self.shape).as_ptr(),
                items
            );
            return None;
        }
        self.itemsize = 0;
        if self.struct_size == 0 {
            if let Some(info) = inherited {
                self.shape = info.shape;
                self.struct_size = info.struct_size;
            }
            return Some(());
        }
        // What the base's instances hold before our struct: the built-in type's part and, of a base with a
        // struct, that struct, which ours begins with.
        let (free, what) = match with_struct {
            Some(info) if info.struct_size > self.struct_size => {
                raise!(
                    PyExc_TypeError,
                    c"type '%.200s': HPyType_Spec.basicsize is %d, but the struct of its base '%.200s' has %zd \
                      bytes, and a struct begins with that of the base",
                    name,
                    spec.raw.basicsize,
                    (*base).tp_name,
                    info.struct_size as Py_ssize_t
                );
                return None;
            }
            Some(_) => ((*relative).tp_basicsize, (*relative).tp_name),
            None => ((*built_in).tp_basicsize, (*built_in).tp_name),
        };
        if (*base).tp_basicsize > free {
            raise!(
                PyExc_TypeError,
                c"type '%.200s' has a struct of %s, but its base '%.200s' keeps data of its own where the \
                  struct would be: instances of '%.200s' have %zd bytes, those of '%.200s' %zd",
                name,
                shape::name(self.shape).as_ptr(),
                (*base).tp_name,
                (*base).tp_name,
                (*base).tp_basicsize,
                what,
                free
            );
            return None;
        }
        self.basicsize = shape::basicsize(self.shape, self.struct_size);
        if shape::is_variable(self.shape) {
            // At least that of the base, which may have been rounded up.
            self.basicsize = self.basicsize.max((*base).tp_basicsize as usize);
        }
        Some(())
    }

    /// Finds the place of the call function that instances have.
    unsafe fn place_call(
        &mut self,
        spec: &Spec,
        base: *mut PyTypeObject,
        inherited: Option<&info::TypeInfo>,
    ) -> Option<()> {
        // Instances of the base may have a call function behind the base's struct, where ours goes on.
        let base_has_one =
            inherited.is_some_and(|info| !info.call.is_null()) && (*base).tp_vectorcall_offset > 0;
        if spec.call.is_none() && (!base_has_one || spec.explicit_call) {
            return Some(());
        }
        if base_has_one && self.basicsize == 0 {
            self.keeps_call_offset = true;
            self.flags |= HPy_TPFLAGS_HAVE_VECTORCALL;
            return Some(());
        }
        if spec.is_legacy() && self.basicsize == 0 {
            raise!(
                PyExc_TypeError,
                c"type '%.200s': cannot use HPy_tp_call in a legacy type that inherits its struct \
                  (HPyType_Spec.basicsize is 0): set basicsize or use the legacy slot Py_tp_call",
                spec.raw.name
            );
            return None;
        }
        if (*base).tp_itemsize != 0 && self.shape != HPyType_BuiltinShape_Type {
            // The type's function is called directly: there is no fixed place behind the items.
            return Some(());
        }
        let own = self.basicsize.max((*base).tp_basicsize as usize);
        let offset = align(own);
        self.call_offset = Some(offset);
        self.basicsize = offset + size_of::<*const c_void>();
        self.flags |= HPy_TPFLAGS_HAVE_VECTORCALL;
        Some(())
    }
}

/// See [`Plan::over_class`].
unsafe fn is_over_class(mut base: *mut PyTypeObject) -> bool {
    while !base.is_null() && info::own(base).is_null() {
        // A class that adds nothing (`__slots__ = ()`) is no concern.
        let below = (*base).tp_base;
        if python::is_class(base)
            && !below.is_null()
            && ((*base).tp_basicsize != (*below).tp_basicsize
                || (*base).tp_dictoffset != (*below).tp_dictoffset
                || (*base).tp_weaklistoffset != (*below).tp_weaklistoffset)
        {
            return true;
        }
        base = below;
    }
    false
}
