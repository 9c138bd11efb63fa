//! Definitions: from what the macros write to what the ABI takes.

use crate::class::Definition;
use crate::exc::{ExcType, RuntimeError};
use crate::global::GlobalCell;
use crate::handle::{Handle, Ref};
use crate::kinds::{Any, Module, Type};
use crate::name::Name;
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
    statics: Option<MethodHolder>,
    /// Which of them are class methods.
    of_class: Vec<bool>,
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
        let mut of_class = Vec::new();
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
                    of_class.push(false);
                    statics.push(def);
                }
                Item::ClassMethod(def) => {
                    of_class.push(true);
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
        let statics = (!statics.is_empty()).then(|| MethodHolder::new(name, statics));
        TypeBuilder {
            spec: Box::into_raw(Box::new(spec)),
            statics,
            of_class,
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
    Exception(&'static ExceptionDefinition),
    Submodule(&'static Submodule),
}

/// What the macros know of an exception type.
pub struct ExceptionDefinition {
    pub name: &'static str,
    pub doc: &'static CStr,
    pub base: ExcType,
    pub global: GlobalCell,
}

/// What the macros know of a module inside another.
pub struct Submodule {
    pub name: &'static str,
    pub doc: &'static CStr,
    pub exports: fn() -> Vec<Exported>,
    pub globals: fn() -> Vec<*mut HPyGlobal>,
    pub fill: for<'ctx> fn(Ctx<'ctx>, Ref<'ctx, Module>) -> PyResult<'ctx>,
    /// The type whose one instance the functions are bound to: the ABI makes functions for the module of
    /// the binary only.
    pub functions: std::sync::OnceLock<MethodHolder>,
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
        Exported::Exception(definition) => add_exception(ctx, module, definition),
        Exported::Submodule(submodule) => add_submodule(ctx, module, submodule),
    })
}

/// The globals that a module's parts use.
fn globals_of(exports: &[Exported], globals: &mut Vec<*mut HPyGlobal>) {
    for export in exports {
        match export {
            Exported::Function(_) => {}
            Exported::Class(class) => globals.push(class.global.as_raw()),
            Exported::Exception(exception) => globals.push(exception.global.as_raw()),
            Exported::Submodule(submodule) => {
                globals.extend((submodule.globals)());
                globals_of(&(submodule.exports)(), globals);
            }
        }
    }
}

/// Makes an exception type in this interpreter and puts it into the module.
fn add_exception<'ctx>(
    ctx: Ctx<'ctx>,
    module: Ref<'ctx, Module>,
    definition: &'static ExceptionDefinition,
) -> PyResult<'ctx> {
    let module_name: String = module.getattr(c"__name__")?.extract()?;
    let name = format!("{module_name}.{}", definition.name);
    let kind: Handle<'_, Type> = (&*name).with_c_str(ctx, |name| {
        let doc = definition.doc;
        let doc = if doc.is_empty() { ptr::null() } else { doc.as_ptr() };
        definition.base.with(ctx, |base| {
            // SAFETY: the strings end with a NUL, the handle is open; the new exception is a type.
            unsafe {
                Handle::from_new(
                    ctx,
                    api::HPyErr_NewExceptionWithDoc(
                        ctx.as_raw(),
                        name.as_ptr(),
                        doc,
                        base,
                        HPy::NULL,
                    ),
                )
            }
        })
    })?;
    definition.global.store(&kind);
    module.setattr(definition.name, &kind)
}

/// Makes a module inside another, importable by its full name.
fn add_submodule<'ctx>(
    ctx: Ctx<'ctx>,
    parent: Ref<'ctx, Module>,
    submodule: &'static Submodule,
) -> PyResult<'ctx> {
    let parent_name: String = parent.getattr(c"__name__")?.extract()?;
    let name = format!("{parent_name}.{}", submodule.name);
    let doc = if submodule.doc.is_empty() { None } else { Some(submodule.doc) };
    let module = ctx.import(c"types")?.getattr(c"ModuleType")?.call((name.as_str(), doc))?;
    // SAFETY: ModuleType makes modules.
    let module: Handle<'_, Module> = unsafe { module.assume() };
    let holder = submodule.functions.get_or_init(|| {
        let functions = (submodule.exports)()
            .into_iter()
            .filter_map(|export| match export {
                Exported::Function(def) => Some(def),
                _ => None,
            })
            .collect();
        MethodHolder::new(c"builtins.module", functions)
    });
    let functions = holder.instance(ctx)?;
    for name in &holder.names {
        let function = functions.getattr(name.as_c_str())?;
        module.setattr(name.as_c_str(), &function)?;
    }
    // The functions above are borrowed from the handle for the length of the call.
    let borrowed = module.as_ref();
    // SAFETY: the module outlives the filling, which keeps no reference to it.
    let borrowed: Ref<'ctx, Module> = unsafe { Ref::from_raw(ctx, borrowed.as_raw()) };
    add_exports(ctx, borrowed, (submodule.exports)())?;
    (submodule.fill)(ctx, borrowed)?;
    ctx.import(c"sys")?.getattr(c"modules")?.set_item(name.as_str(), &module)?;
    parent.setattr(submodule.name, &module)
}

/// A type without a name of its own whose one instance has functions as bound methods: how functions that
/// are neither the binary's module's nor a class's methods come to be.
pub struct MethodHolder {
    spec: *mut HPyType_Spec,
    names: Vec<CString>,
}

// SAFETY: what the pointer reaches is written once, before the holder is shared.
unsafe impl Send for MethodHolder {}
// SAFETY: as for Send.
unsafe impl Sync for MethodHolder {}

impl MethodHolder {
    fn new(name: &'static CStr, functions: Vec<HPyDef>) -> Self {
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

    fn instance<'ctx>(&self, ctx: Ctx<'ctx>) -> PyResult<'ctx, Handle<'ctx, Any>> {
        // SAFETY: the spec and all it points to live for ever.
        let kind: Handle<'_, Type> = unsafe {
            Handle::from_new(ctx, api::HPyType_FromSpec(ctx.as_raw(), self.spec, ptr::null_mut()))?
        };
        kind.call0()
    }
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
    #[allow(clippy::new_without_default)]
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
                globals_of(core::slice::from_ref(&export), &mut globals);
                if let Exported::Function(def) = export {
                    definitions.push(def);
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
    unsafe {
        crate::entry::status(ctx, |ctx| {
            crate::runtime::learn_version(ctx)?;
            body(ctx, Ref::from_raw(ctx, module))
        })
    }
}
