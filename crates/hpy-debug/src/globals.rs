//! The globals of the extensions in debug mode, and the modules that declare them.
//!
//! Their values are this mode's own: a binary may be loaded in two modes at once. A global whose modules are all gone
//! and that still holds an object was never released: nobody can reach it any more.

use crate::state::{Shared, lock};
use crate::workshop;
use core::ptr;
use hpy_sys::{HPy, HPyGlobal, HPyModuleDef, api};
use std::collections::HashMap;

/// See the module's text. Handles are of the context below, and owned.
#[derive(Default)]
pub struct Globals {
    /// The addresses of those that modules have declared.
    declared: Vec<usize>,
    /// By the index in the global.
    pub values: HashMap<isize, HPy>,
    modules: Vec<Module>,
}

/// A module that was made.
struct Module {
    /// A weak reference to it.
    weak: HPy,
    name: String,
    globals: Vec<usize>,
}

/// An object in a global that nobody can reach.
pub struct Unreleased {
    pub module: String,
    /// Owned, of the context below.
    pub value: HPy,
}

impl Globals {
    pub fn is_declared(&self, global: *const HPyGlobal) -> bool {
        self.declared.contains(&(global as usize))
    }

    /// Everything that is held, for the interpreter's end.
    pub fn take(&mut self) -> Vec<HPy> {
        let all = core::mem::take(self);
        let weak = all.modules.into_iter().map(|module| module.weak);
        all.values.into_values().chain(weak).collect()
    }
}

unsafe fn listed(def: *const HPyModuleDef) -> Vec<usize> {
    let mut found = Vec::new();
    let Some(def) = def.as_ref() else { return found };
    let mut global = def.globals;
    while !global.is_null() && !(*global).is_null() {
        found.push(*global as usize);
        global = global.add(1);
    }
    found
}

/// Tells of a module that an extension declares: its globals are known from here on.
///
/// # Safety
/// `def` is null or a live definition.
pub unsafe fn announce(state: &Shared, def: *const HPyModuleDef) {
    let known = &mut lock(&state.globals).declared;
    for global in listed(def) {
        if !known.contains(&global) {
            known.push(global);
        }
    }
}

/// Tells of the module that was made from `def`.
///
/// # Safety
/// As [`announce`]; `module` is a handle of the context below; the calling thread is attached.
pub unsafe fn made(state: &Shared, def: *const HPyModuleDef, module: HPy) {
    let globals = listed(def);
    if globals.is_empty() || module.is_null() {
        return;
    }
    workshop::aside(state, || {
        let name = workshop::text_attribute(state, module, c"__name__");
        let weakref = api::HPyImport_ImportModule(state.base, c"weakref".as_ptr());
        let mut weak = HPy::NULL;
        if !weakref.is_null() {
            let function = api::HPy_GetAttr_s(state.base, weakref, c"ref".as_ptr());
            if !function.is_null() {
                weak = api::HPy_Call(state.base, function, &module, 1, HPy::NULL);
            }
            api::HPy_Close(state.base, function);
        }
        api::HPy_Close(state.base, weakref);
        api::HPyErr_Clear(state.base);
        // HPy_mod_create may give anything: what takes no weak reference is not watched.
        if !weak.is_null() {
            lock(&state.globals).modules.push(Module { weak, name, globals });
        }
    });
}

unsafe fn is_alive(state: &Shared, weak: HPy) -> bool {
    let module = api::HPy_Call(state.base, weak, ptr::null(), 0, HPy::NULL);
    let alive = !module.is_null() && api::HPy_Is(state.base, module, (*state.base).h_None) == 0;
    api::HPy_Close(state.base, module);
    alive
}

/// The objects, but for types, in globals whose modules are all gone.
///
/// # Safety
/// The calling thread is attached and no exception is pending.
pub unsafe fn unreleased(state: &Shared) -> Vec<Unreleased> {
    let modules: Vec<(HPy, String, Vec<usize>)> = lock(&state.globals)
        .modules
        .iter()
        .map(|module| {
            let weak = api::HPy_Dup(state.base, module.weak);
            (weak, module.name.clone(), module.globals.clone())
        })
        .collect();
    let (mut alive, mut gone) = (Vec::new(), Vec::new());
    for (weak, name, globals) in modules {
        if is_alive(state, weak) {
            alive.extend(globals);
        } else {
            gone.extend(globals.into_iter().map(|global| (global, name.clone())));
        }
        api::HPy_Close(state.base, weak);
    }
    api::HPyErr_Clear(state.base);
    gone.retain(|(global, _)| !alive.contains(global));
    gone.sort_unstable();
    gone.dedup_by_key(|(global, _)| *global);
    let values = &lock(&state.globals).values;
    gone.into_iter()
        .filter_map(|(global, module)| {
            // Binaries stay loaded: the global is there.
            let index = (*(global as *const HPyGlobal))._i;
            let value = values.get(&index).filter(|_| index != 0)?;
            // Types are kept for good by many modules, the Rust SDK's among them.
            let is_type = api::HPy_TypeCheck(state.base, *value, (*state.base).h_TypeType) != 0;
            (!is_type).then(|| Unreleased { module, value: api::HPy_Dup(state.base, *value) })
        })
        .collect()
}
