//! Modules: what they export, and how it is made.

use super::types::leak_defines;
use super::{MakeValue, MethodHolder, TypeBuilder, slot};
use crate::class::Definition;
use crate::enumeration::EnumDefinition;
use crate::exc::{ExcType, RuntimeError};
use crate::global::GlobalCell;
use crate::handle::{Handle, Ref};
use crate::kinds::{Dict, Module, Tuple, Type};
use crate::name::Name;
use crate::state::StateDefinition;
use crate::{Ctx, PyResult};
use core::ffi::{CStr, c_int, c_void};
use core::ptr;
use hpy_sys::*;

/// Something that a module has.
pub enum Exported {
    Function(HPyDef),
    Class(&'static Definition),
    Exception(&'static ExceptionDefinition),
    Submodule(&'static Submodule),
    State(StateDefinition),
    Enumeration(&'static EnumDefinition),
}

/// What the macros know of an exception type.
pub struct ExceptionDefinition {
    pub name: &'static str,
    pub doc: &'static CStr,
    pub base: ExcType,
    pub base_name: &'static str,
    /// The names of its fields and of those of its base, in order.
    pub names: fn(&mut Vec<&'static CStr>),
    /// Fields that are None where nobody set them.
    pub optional: &'static [&'static CStr],
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
        Exported::Enumeration(definition) => {
            module.setattr(definition.name, &definition.make(ctx, module)?)
        }
        Exported::State(state) => {
            make_class(ctx, module, state.class)?;
            (state.make)(ctx)
        }
    })
}

/// The globals that a module's parts use.
fn globals_of(exports: &[Exported], globals: &mut Vec<*mut HPyGlobal>) {
    for export in exports {
        match export {
            Exported::Function(_) => {}
            Exported::Class(class) => globals.push(class.global.as_raw()),
            Exported::Exception(exception) => globals.push(exception.global.as_raw()),
            Exported::Enumeration(one) => globals.push(one.global.as_raw()),
            Exported::State(state) => {
                globals.extend([state.class.global.as_raw(), state.cell.as_raw()]);
            }
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
    if let Some(kind) = definition.global.load::<Type>(ctx) {
        return module.setattr(definition.name, &kind);
    }
    if !definition.base.is_made(ctx) {
        let base = definition.base_name;
        return Err(RuntimeError::new(format!(
            "exception {} derives from {base}, which was not made yet: put {base} first",
            definition.name
        )));
    }
    let module_name: String = module.getattr(c"__name__")?.extract()?;
    let name = format!("{module_name}.{}", definition.name);
    let mut names = Vec::new();
    (definition.names)(&mut names);
    let attributes = Dict::new(ctx)?;
    if !names.is_empty() {
        let names = names.iter().map(|name| name.to_str()).collect::<Result<Vec<_>, _>>()?;
        attributes.set_item("__match_args__", Tuple::from_iter(ctx, names)?)?;
    }
    for name in definition.optional {
        attributes.set_item(name.to_str()?, ctx.none())?;
    }
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
                        attributes.as_raw(),
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

/// Makes a class in this interpreter and puts it into the module.
fn add_class<'ctx>(
    ctx: Ctx<'ctx>,
    module: Ref<'ctx, Module>,
    definition: &'static Definition,
) -> PyResult<'ctx> {
    let kind = make_class(ctx, module, definition)?;
    module.setattr(definition.name, &kind)
}

/// Makes a class in this interpreter.
fn make_class<'ctx>(
    ctx: Ctx<'ctx>,
    module: Ref<'ctx, Module>,
    definition: &'static Definition,
) -> PyResult<'ctx, Handle<'ctx, Type>> {
    // The file was loaded before: instances of the class are those of both modules.
    if let Some(kind) = definition.global.load::<Type>(ctx) {
        return Ok(kind);
    }
    let module_name = module.getattr(c"__name__")?;
    let text: String = module_name.extract()?;
    let builder = definition
        .built
        .get_or_init(|| TypeBuilder::new(definition, &text, crate::runtime::reads_signatures()));
    let kind = builder.create(ctx, definition)?;
    kind.setattr(c"__module__", &module_name)?;
    definition.global.store(&kind);
    // After the class is known: an attribute may be an instance of it.
    for (name, make) in &builder.attributes {
        kind.setattr(*name, make(ctx)?)?;
    }
    Ok(kind)
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
            globals.push(crate::raised::CATCHER.as_raw());
            globals.push(crate::entry::PANIC.as_raw());
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
            crate::raised::prepare(ctx)?;
            body(ctx, Ref::from_raw(ctx, module))
        })
    }
}
