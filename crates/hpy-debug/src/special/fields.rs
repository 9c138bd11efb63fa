//! Fields: references held in an object's struct.

use crate::backend::index;
use crate::call::Call;
use crate::report::{self, Finding};
use crate::state::lock;
use hpy_sys::*;

const STORE: u16 = index("HPyField_Store");
const GLOBAL_STORE: u16 = index("HPyGlobal_Store");
const GLOBAL_LOAD: u16 = index("HPyGlobal_Load");
const LOAD: u16 = index("HPyField_Load");

pub unsafe extern "C" fn HPyField_Store(
    ctx: *mut HPyContext,
    target_object: HPy,
    target_field: *mut HPyField,
    h: HPy,
) {
    let call = Call::begin(ctx, STORE);
    let Some(target) = call.handle(target_object, "target_object") else { return };
    let Some(inner) = call.handle_or_null(h, "h") else { return };
    if let Some(field) = target_field.as_mut()
        && is_assigned(&call, *field)
    {
        *field = HPyField::NULL;
    }
    ((*call.base).ctx_Field_Store)(call.base, target, target_field, inner);
    if !inner.is_null() {
        crate::types::stored(&call, target, target_field);
    }
}

pub unsafe extern "C" fn HPyField_Load(
    ctx: *mut HPyContext,
    source_object: HPy,
    source_field: HPyField,
) -> HPy {
    let call = Call::begin(ctx, LOAD);
    let Some(source) = call.handle(source_object, "source_object") else { return HPy::NULL };
    if is_assigned(&call, source_field) {
        return match call.shared().records.open(HPy { _i: source_field._i }) {
            Some(record) => call.new_handle(api::HPy_Dup(call.base, record.inner())),
            // What it was may be gone.
            None => call.new_handle(api::HPy_Dup(call.base, (*call.base).h_None)),
        };
    }
    call.new_handle(((*call.base).ctx_Field_Load)(call.base, source, source_field))
}

pub unsafe extern "C" fn HPyGlobal_Store(ctx: *mut HPyContext, global: *mut HPyGlobal, h: HPy) {
    let call = Call::begin(ctx, GLOBAL_STORE);
    let Some(h) = call.handle_or_null(h, "h") else { return };
    if !lock(&call.shared().globals).is_declared(global) {
        let function = call.frame.name();
        let message = format!(
            "{function}: HPyGlobal_Store to a global that no HPyModuleDef lists in its globals"
        );
        report::found(call.shared(), Finding::new("undeclared-global", message, function));
    }
    if (*global).is_null() {
        // The context below gives it its index.
        ((*call.base).ctx_Global_Store)(call.base, global, HPy::NULL);
    }
    let new = if h.is_null() { HPy::NULL } else { api::HPy_Dup(call.base, h) };
    let old = {
        let values = &mut lock(&call.shared().globals).values;
        let key = (*global)._i;
        if new.is_null() { values.remove(&key) } else { values.insert(key, new) }
    };
    if let Some(old) = old {
        api::HPy_Close(call.base, old);
    }
}

pub unsafe extern "C" fn HPyGlobal_Load(ctx: *mut HPyContext, global: HPyGlobal) -> HPy {
    let call = Call::begin(ctx, GLOBAL_LOAD);
    let value = {
        let shared = call.shared();
        let globals = lock(&shared.globals);
        // Inside the lock: another thread may store meanwhile. By a context that calls nobody's hooks.
        globals.values.get(&global._i).map(|&value| api::HPy_Dup(shared.base, value))
    };
    match value {
        Some(value) => call.new_handle(value),
        None => HPy::NULL,
    }
}

/// Whether a field holds a handle of the extension: then it was assigned, not stored.
#[inline(always)]
unsafe fn is_assigned(call: &Call, field: HPyField) -> bool {
    call.shared().records.may_be(HPy { _i: field._i }) && holds_handle(call, field)
}

#[cold]
#[inline(never)]
unsafe fn holds_handle(call: &Call, field: HPyField) -> bool {
    let Some((_, record)) = crate::assigned::handle_in(call.shared(), field) else { return false };
    let function = call.frame.name();
    let message = format!(
        "{function}: {} of an HPyField that holds a handle: fields are set with HPyField_Store only",
        call.name()
    );
    let mut finding = Finding::new("assigned-field", message, function);
    if let Some(record) = record {
        finding = finding.about(call.shared(), record);
    }
    report::found(call.shared(), finding);
    true
}
