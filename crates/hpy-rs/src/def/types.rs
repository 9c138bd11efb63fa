//! Type objects: classes, and the types that hold functions.

use super::{Item, MakeValue};
use crate::class::Definition;
use crate::exc::{NotImplementedError, RuntimeError};
use crate::handle::{Handle, Ref};
use crate::kinds::{Any, Type};
use crate::{Ctx, PyResult};
use core::ffi::{CStr, c_char, c_int, c_void};
use core::ptr;
use hpy_sys::*;
use std::ffi::CString;

/// The ABI's description of a class, made once per process and never freed: runtimes keep pointers to it.
pub struct TypeBuilder {
    spec: *mut HPyType_Spec,
    /// The type whose one instance the static and class methods are bound to.
    statics: Option<MethodHolder>,
    /// Which of them are class methods.
    of_class: Vec<bool>,
    slot_methods: Vec<CString>,
    constructor: *mut c_void,
    /// Whether this is only the name of a class that the runtime has no room for.
    refused: bool,
    /// Properties that are set on the type once it is made: see `properties.rs`.
    replaced: Vec<usize>,
    pub(super) attributes: Vec<(&'static CStr, MakeValue)>,
}

// SAFETY: what the pointers reach is written once, before the builder is shared.
unsafe impl Send for TypeBuilder {}
// SAFETY: as for Send.
unsafe impl Sync for TypeBuilder {}

/// A list of pointers to definitions that lives for ever, NULL-terminated.
pub(super) fn leak_defines(definitions: Vec<HPyDef>) -> *mut *mut HPyDef {
    let definitions = Vec::leak(definitions);
    let mut pointers: Vec<*mut HPyDef> = definitions.iter_mut().map(ptr::from_mut).collect();
    pointers.push(ptr::null_mut());
    Vec::leak(pointers).as_mut_ptr()
}

/// # Safety
/// `name` is a NUL-terminated string.
unsafe fn owned_name(name: *const c_char) -> CString {
    // SAFETY: as the caller says.
    unsafe { CStr::from_ptr(name).to_owned() }
}

fn meth_name(def: &HPyDef) -> CString {
    // SAFETY: the items of these kinds are methods, whose names are literals.
    unsafe { owned_name(def.u.meth.name) }
}

impl TypeBuilder {
    /// `signed`: the runtime reads a signature in the class's docstring, as CPython does.
    pub(super) fn new(definition: &'static Definition, module: &str, signed: bool) -> Self {
        let refused = crate::runtime::refuses_shape(definition.shape);
        let mut definitions = Vec::new();
        let mut properties: Vec<HPyGetSet> = Vec::new();
        let mut statics = Vec::new();
        let mut of_class = Vec::new();
        let mut slot_methods = Vec::new();
        let mut constructor = ptr::null_mut();
        let mut attributes = Vec::new();
        if refused {
            definitions.push(super::slot(
                HPy_tp_new,
                refuse_construction as *mut c_void,
                crate::__trampoline!(NEWFUNC refuse_construction),
            ));
        }
        let items = if refused { Vec::new() } else { (definition.items)() };
        for item in items {
            match item {
                Item::Def(def) => definitions.push(def),
                Item::SlotMethod(def) => {
                    slot_methods.push(meth_name(&def));
                    definitions.push(def);
                }
                Item::Reflected(def) => {
                    if crate::runtime::is_pypy() {
                        definitions.push(def);
                    }
                }
                Item::Property(half) => join(&mut properties, half),
                Item::StaticMethod(def) => {
                    of_class.push(false);
                    statics.push(def);
                }
                Item::ClassMethod(def) => {
                    of_class.push(true);
                    statics.push(def);
                }
                Item::Constructor(imp) => constructor = imp,
                Item::Attribute(name, make) => attributes.push((name, make)),
            }
        }
        let replaced = match crate::runtime::is_pypy() {
            true => super::properties::note(definition, &properties),
            false => Vec::new(),
        };
        definitions.extend(
            properties
                .into_iter()
                .map(|getset| HPyDef { kind: HPyDef_Kind_GetSet, u: HPyDef_Union { getset } }),
        );
        let name: &'static CStr = CString::leak_name(format!("{module}.{}", definition.name));
        let mut flags = HPy_TPFLAGS_DEFAULT;
        if definition.subclass {
            flags |= HPy_TPFLAGS_BASETYPE;
        }
        if definition.collected {
            flags |= HPy_TPFLAGS_HAVE_GC;
        }
        let spec = HPyType_Spec {
            name: name.as_ptr(),
            basicsize: if refused { 0 } else { definition.size as c_int },
            itemsize: 0,
            flags: if refused { HPy_TPFLAGS_DEFAULT } else { flags },
            builtin_shape: if refused { HPyType_BuiltinShape_Object } else { definition.shape },
            legacy_slots: ptr::null_mut(),
            defines: leak_defines(definitions),
            doc: doc_of(definition, signed),
        };
        let statics = (!statics.is_empty()).then(|| MethodHolder::new(name, statics));
        TypeBuilder {
            spec: Box::into_raw(Box::new(spec)),
            statics,
            of_class,
            slot_methods,
            constructor,
            refused,
            replaced,
            attributes,
        }
    }

    /// Makes the type object in this interpreter.
    ///
    /// What the ABI has no definition for is set on the type afterwards, through `type.__setattr__`, which
    /// every runtime has: static and class methods, class attributes, and the methods (`__iter__`,
    /// `__next__`, `__getattr__`, ...) whose slots CPython fills from names only when they are *set*, not
    /// when a type is made from a spec.
    pub(super) fn create<'ctx>(
        &self,
        ctx: Ctx<'ctx>,
        definition: &'static Definition,
    ) -> PyResult<'ctx, Handle<'ctx, Type>> {
        let base = match (definition.base)() {
            _ if self.refused => None,
            Some(base) => Some(base.global.load::<Type>(ctx).ok_or_else(|| {
                RuntimeError::new(format!(
                    "class {} derives from {}, which was not made yet: put {} first",
                    definition.name, base.name, base.name
                ))
            })?),
            None => crate::class::type_of_shape(ctx, definition.shape).map(Ref::to_owned),
        };
        let mut params = [
            HPyType_SpecParam {
                kind: HPyType_SpecParam_Base,
                object: base.as_ref().map_or(HPy::NULL, Handle::as_raw),
            },
            HPyType_SpecParam { kind: 0, object: HPy::NULL },
        ];
        let params = if base.is_some() { params.as_mut_ptr() } else { ptr::null_mut() };
        // SAFETY: the spec and all it points to live for ever; the parameters end with kind 0.
        let kind: Handle<'_, Type> = unsafe {
            Handle::from_new(ctx, api::HPyType_FromSpec(ctx.as_raw(), self.spec, params))?
        };
        crate::runtime::set_constructor(&kind, self.constructor)?;
        super::properties::install(ctx, &kind, &self.replaced)?;
        for name in &self.slot_methods {
            let method = kind.getattr(name.as_c_str())?;
            kind.setattr(name.as_c_str(), &method)?;
        }
        if let Some(statics) = &self.statics {
            let holder = statics.instance(ctx)?;
            let static_method = ctx.builtin(c"staticmethod")?;
            let class_method = ctx.builtin(c"classmethod")?;
            for (name, of_class) in statics.names.iter().zip(&self.of_class) {
                let bound = holder.getattr(name.as_c_str())?;
                let wrap = if *of_class { &class_method } else { &static_method };
                kind.setattr(name.as_c_str(), wrap.call((&bound,))?)?;
            }
        }
        Ok(kind)
    }
}

/// The docstring; before it the constructor's signature, which CPython makes `__text_signature__` of.
fn doc_of(definition: &'static Definition, signed: bool) -> *const c_char {
    let doc = definition.doc;
    match definition.signature {
        Some(signature) if signed => {
            let text = doc.to_string_lossy();
            let name = definition.name;
            CString::leak_name(format!("{name}({signature})\n--\n\n{text}")).as_ptr()
        }
        _ if doc.is_empty() => ptr::null(),
        _ => doc.as_ptr(),
    }
}

fn join(properties: &mut Vec<HPyGetSet>, half: HPyGetSet) {
    let same = properties.iter_mut().find(|known| {
        // SAFETY: names are NUL-terminated literals.
        unsafe { CStr::from_ptr(known.name) == CStr::from_ptr(half.name) }
    });
    match same {
        Some(known) => {
            if !half.getter_imp.is_null() {
                known.getter_imp = half.getter_imp;
                known.getter_cpy_trampoline = half.getter_cpy_trampoline;
            }
            if !half.setter_imp.is_null() {
                known.setter_imp = half.setter_imp;
                known.setter_cpy_trampoline = half.setter_cpy_trampoline;
            }
            if !half.doc.is_null() {
                known.doc = half.doc;
            }
        }
        None => properties.push(half),
    }
}

/// The `HPy_tp_new` of a class that derives from a built-in type where the runtime refuses its shape. The module has the
/// class, so that the rest of it can be used.
unsafe extern "C" fn refuse_construction(
    raw: *mut HPyContext,
    class: HPy,
    _args: *const HPy,
    _nargs: HPy_ssize_t,
    _kwargs: HPy,
) -> HPy {
    // SAFETY: the runtime calls with the context of the call and an open handle.
    unsafe {
        crate::impl_::object(raw, |ctx| {
            let name = Ref::<Type>::from_raw(ctx, class).getattr(c"__name__")?;
            Err(NotImplementedError::new(format!(
                "class {} derives from a built-in type, and the HPy of this interpreter has no room there for what is its own",
                name.extract::<String>()?
            )))
        })
    }
}

trait LeakName {
    fn leak_name(name: String) -> &'static CStr;
}

impl LeakName for CString {
    fn leak_name(name: String) -> &'static CStr {
        match CString::new(name) {
            Ok(name) => Box::leak(name.into_boxed_c_str()),
            Err(_) => c"?",
        }
    }
}

/// A type without a name of its own whose one instance has functions as bound methods: how functions that
/// are neither the binary's module's nor a class's methods come to be.
pub struct MethodHolder {
    spec: *mut HPyType_Spec,
    pub(super) names: Vec<CString>,
}

// SAFETY: what the pointer reaches is written once, before the holder is shared.
unsafe impl Send for MethodHolder {}
// SAFETY: as for Send.
unsafe impl Sync for MethodHolder {}

impl MethodHolder {
    pub(crate) fn new(name: &'static CStr, functions: Vec<HPyDef>) -> Self {
        let names = functions.iter().map(meth_name).collect();
        let spec = HPyType_Spec {
            name: name.as_ptr(),
            basicsize: 0,
            itemsize: 0,
            flags: HPy_TPFLAGS_DEFAULT,
            builtin_shape: HPyType_BuiltinShape_Object,
            legacy_slots: ptr::null_mut(),
            defines: leak_defines(functions),
            doc: ptr::null(),
        };
        MethodHolder { spec: Box::into_raw(Box::new(spec)), names }
    }

    pub(crate) fn instance<'ctx>(&self, ctx: Ctx<'ctx>) -> PyResult<'ctx, Handle<'ctx, Any>> {
        // SAFETY: the spec and all it points to live for ever.
        let kind: Handle<'_, Type> = unsafe {
            Handle::from_new(ctx, api::HPyType_FromSpec(ctx.as_raw(), self.spec, ptr::null_mut()))?
        };
        kind.call0()
    }
}
