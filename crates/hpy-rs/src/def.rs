//! Definitions: from what the macros write to what the ABI takes.

use crate::class::Definition;
use crate::exc::RuntimeError;
use crate::handle::{Handle, Ref};
use crate::kinds::{Any, Module, Type};
use crate::{Ctx, PyResult};
use core::ffi::{CStr, c_char, c_int, c_void};
use core::ptr;
use hpy_sys::*;
use std::ffi::CString;

/// Makes the value of a class attribute or a constant.
pub type MakeValue = for<'ctx> fn(Ctx<'ctx>) -> PyResult<'ctx, Handle<'ctx, Any>>;

/// One thing that a class has.
#[derive(Clone, Copy)]
pub enum Item {
    /// A slot or a method.
    Def(HPyDef),
    /// A method that CPython reaches through a slot that the ABI has not: see [`TypeBuilder::create`].
    SlotMethod(HPyDef),
    /// One half of a property or both; halves of one name are joined.
    Property(HPyGetSet),
    /// A static method: its implementation ignores the receiver.
    StaticMethod(HPyDef),
    /// A class method: its implementation gets the class as first argument.
    ClassMethod(HPyDef),
    /// A class attribute.
    Attribute(&'static CStr, MakeValue),
}

/// A slot's definition.
pub const fn slot(slot: HPySlot_Slot, imp: *mut c_void, cpy_trampoline: *mut c_void) -> HPyDef {
    HPyDef {
        kind: HPyDef_Kind_Slot,
        u: HPyDef_Union { slot: HPySlot { slot, imp, cpy_trampoline } },
    }
}

/// A method's definition.
pub const fn method(
    name: &'static CStr,
    signature: HPyFunc_Signature,
    imp: *mut c_void,
    cpy_trampoline: *mut c_void,
    doc: &'static CStr,
) -> HPyDef {
    HPyDef {
        kind: HPyDef_Kind_Meth,
        u: HPyDef_Union {
            meth: HPyMeth {
                name: name.as_ptr(),
                imp,
                cpy_trampoline,
                signature,
                doc: doc.as_ptr(),
            },
        },
    }
}

/// Half a property: the getter.
pub const fn getter(
    name: &'static CStr,
    imp: *mut c_void,
    trampoline: *mut c_void,
    doc: &'static CStr,
) -> HPyGetSet {
    HPyGetSet {
        name: name.as_ptr(),
        getter_imp: imp,
        setter_imp: ptr::null_mut(),
        getter_cpy_trampoline: trampoline,
        setter_cpy_trampoline: ptr::null_mut(),
        doc: if doc.is_empty() { ptr::null() } else { doc.as_ptr() },
        closure: ptr::null_mut(),
    }
}

/// Half a property: the setter.
pub const fn setter(name: &'static CStr, imp: *mut c_void, trampoline: *mut c_void) -> HPyGetSet {
    HPyGetSet {
        name: name.as_ptr(),
        getter_imp: ptr::null_mut(),
        setter_imp: imp,
        getter_cpy_trampoline: ptr::null_mut(),
        setter_cpy_trampoline: trampoline,
        doc: ptr::null(),
        closure: ptr::null_mut(),
    }
}

/// The ABI's description of a class, made once per process and never freed: runtimes keep pointers to it.
pub struct TypeBuilder {
    spec: *mut HPyType_Spec,
    /// The type whose one instance the static and class methods are bound to.
    statics: Option<*mut HPyType_Spec>,
    static_names: Vec<(CString, bool)>,
    slot_methods: Vec<CString>,
    attributes: Vec<(&'static CStr, MakeValue)>,
}

// SAFETY: what the pointers reach is written once, before the builder is shared.
unsafe impl Send for TypeBuilder {}
// SAFETY: as for Send.
unsafe impl Sync for TypeBuilder {}

/// A list of pointers to definitions that lives for ever, NULL-terminated.
fn leak_defines(definitions: Vec<HPyDef>) -> *mut *mut HPyDef {
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
    fn new(definition: &'static Definition, module: &str) -> Self {
        let mut definitions = Vec::new();
        let mut properties: Vec<HPyGetSet> = Vec::new();
        let mut statics = Vec::new();
        let mut static_names = Vec::new();
        let mut slot_methods = Vec::new();
        let mut attributes = Vec::new();
        for item in (definition.items)() {
            match item {
                Item::Def(def) => definitions.push(def),
                Item::SlotMethod(def) => {
                    slot_methods.push(meth_name(&def));
                    definitions.push(def);
                }
                Item::Property(half) => join(&mut properties, half),
                Item::StaticMethod(def) => {
                    static_names.push((meth_name(&def), false));
                    statics.push(def);
                }
                Item::ClassMethod(def) => {
                    static_names.push((meth_name(&def), true));
                    statics.push(def);
                }
                Item::Attribute(name, make) => attributes.push((name, make)),
            }
        }
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
            basicsize: definition.size as c_int,
            itemsize: 0,
            flags,
            builtin_shape: HPyType_BuiltinShape_Object,
            legacy_slots: ptr::null_mut(),
            defines: leak_defines(definitions),
            doc: if definition.doc.is_empty() { ptr::null() } else { definition.doc.as_ptr() },
        };
        let statics = (!statics.is_empty()).then(|| {
            let spec = HPyType_Spec {
                name: name.as_ptr(),
                basicsize: 0,
                itemsize: 0,
                flags: HPy_TPFLAGS_DEFAULT,
                builtin_shape: HPyType_BuiltinShape_Object,
                legacy_slots: ptr::null_mut(),
                defines: leak_defines(statics),
                doc: ptr::null(),
            };
            Box::into_raw(Box::new(spec))
        });
        TypeBuilder {
            spec: Box::into_raw(Box::new(spec)),
            statics,
            static_names,
            slot_methods,
            attributes,
        }
    }

    /// Makes the type object in this interpreter.
    ///
    /// What the ABI has no definition for is set on the type afterwards, through `type.__setattr__`, which
    /// every runtime has: static and class methods, class attributes, and the methods (`__iter__`,
    /// `__next__`, `__getattr__`, ...) whose slots CPython fills from names only when they are *set*, not
    /// when a type is made from a spec.
    fn create<'ctx>(
        &self,
        ctx: Ctx<'ctx>,
        definition: &'static Definition,
    ) -> PyResult<'ctx, Handle<'ctx, Type>> {
        let base = match (definition.base)() {
            Some(base) => Some(base.global.load::<Type>(ctx).ok_or_else(|| {
                RuntimeError::new(format!(
                    "class {} derives from {}, which was not made yet: put {} first",
                    definition.name, base.name, base.name
                ))
            })?),
            None => None,
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
        for name in &self.slot_methods {
            let method = kind.getattr(name.as_c_str())?;
            kind.setattr(name.as_c_str(), &method)?;
        }
        if let Some(statics) = self.statics {
            // SAFETY: as above.
            let holder: Handle<'_, Type> = unsafe {
                Handle::from_new(
                    ctx,
                    api::HPyType_FromSpec(ctx.as_raw(), statics, ptr::null_mut()),
                )?
            };
            let holder = holder.call0()?;
            let static_method = ctx.builtin(c"staticmethod")?;
            let class_method = ctx.builtin(c"classmethod")?;
            for (name, of_class) in &self.static_names {
                let bound = holder.getattr(name.as_c_str())?;
                let wrap = if *of_class { &class_method } else { &static_method };
                kind.setattr(name.as_c_str(), wrap.call((&bound,))?)?;
            }
        }
        Ok(kind)
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

/// Something that a module has.
pub enum Exported {
    Function(HPyDef),
    Class(&'static Definition),
}

/// Makes the classes of a module; its functions the runtime has made.
pub fn add_exports<'ctx>(
    ctx: Ctx<'ctx>,
    module: Ref<'ctx, Module>,
    exports: Vec<Exported>,
) -> PyResult<'ctx> {
    exports.into_iter().try_for_each(|export| match export {
        Exported::Function(_) => Ok(()),
        Exported::Class(definition) => add_class(ctx, module, definition),
    })
}

/// Makes a class in this interpreter and puts it into the module.
fn add_class<'ctx>(
    ctx: Ctx<'ctx>,
    module: Ref<'ctx, Module>,
    definition: &'static Definition,
) -> PyResult<'ctx> {
    let module_name = module.getattr(c"__name__")?;
    let text: String = module_name.extract()?;
    let builder = definition.built.get_or_init(|| TypeBuilder::new(definition, &text));
    let kind = builder.create(ctx, definition)?;
    kind.setattr(c"__module__", &module_name)?;
    definition.global.store(&kind);
    // After the class is known: an attribute may be an instance of it.
    for (name, make) in &builder.attributes {
        kind.setattr(*name, make(ctx)?)?;
    }
    module.setattr(definition.name, &kind)
}

/// Puts a constant into the module.
pub fn add_value<'ctx>(
    ctx: Ctx<'ctx>,
    module: Ref<'ctx, Module>,
    name: &'static CStr,
    make: MakeValue,
) -> PyResult<'ctx> {
    module.setattr(name, make(ctx)?)
}

/// A module as the macros describe it.
pub struct ModuleInfo {
    pub doc: &'static CStr,
    pub exports: Vec<Exported>,
    /// Globals of the user; those of classes are added.
    pub globals: Vec<*mut HPyGlobal>,
    pub exec: signature::INQUIRY,
    pub exec_trampoline: *mut c_void,
}

/// The ABI's description of a module, made once per process: what `HPyInit_NAME` returns.
pub struct ModuleCell(std::sync::OnceLock<usize>);

impl ModuleCell {
    pub const fn new() -> Self {
        ModuleCell(std::sync::OnceLock::new())
    }

    pub fn get(&self, info: impl FnOnce() -> ModuleInfo) -> *mut HPyModuleDef {
        let address = self.0.get_or_init(|| {
            crate::entry::install_panic_hook();
            let info = info();
            let mut definitions = Vec::new();
            let mut globals = info.globals;
            for export in info.exports {
                match export {
                    Exported::Function(def) => definitions.push(def),
                    Exported::Class(class) => globals.push(class.global.as_raw()),
                }
            }
            definitions.push(slot(HPy_mod_exec, info.exec as *mut c_void, info.exec_trampoline));
            globals.push(ptr::null_mut());
            let def = HPyModuleDef {
                doc: if info.doc.is_empty() { ptr::null() } else { info.doc.as_ptr() },
                size: 0,
                legacy_methods: ptr::null_mut(),
                defines: leak_defines(definitions),
                globals: Vec::leak(globals).as_mut_ptr(),
            };
            ptr::from_mut(Box::leak(Box::new(def))).expose_provenance()
        });
        ptr::with_exposed_provenance_mut(*address)
    }
}

/// The body of `HPy_mod_exec`.
///
/// # Safety
/// The arguments are those of the call.
pub unsafe fn exec(
    ctx: *mut HPyContext,
    module: HPy,
    body: impl for<'ctx> FnOnce(Ctx<'ctx>, Ref<'ctx, Module>) -> PyResult<'ctx>,
) -> c_int {
    // SAFETY: as the caller says.
    unsafe { crate::entry::status(ctx, |ctx| body(ctx, Ref::from_raw(ctx, module))) }
}
