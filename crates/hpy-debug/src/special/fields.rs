//! Fields: references held in an object's struct.

use crate::backend::index;
use crate::call::Call;
use crate::records::Handle;
use crate::report::{self, Finding};
use hpy_sys::*;

const STORE: u16 = index("HPyField_Store");
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
}

pub unsafe extern "C" fn HPyField_Load(
    ctx: *mut HPyContext,
    source_object: HPy,
    source_field: HPyField,
) -> HPy {
    let call = Call::begin(ctx, LOAD);
    let Some(source) = call.handle(source_object, "source_object") else { return HPy::NULL };
    if is_assigned(&call, source_field)
        && let Some(record) = call.state.records.open(HPy { _i: source_field._i })
    {
        return call.new_handle(api::HPy_Dup(call.base, record.inner()));
    }
    call.new_handle(((*call.base).ctx_Field_Load)(call.base, source, source_field))
}

/// Whether a field holds a handle of the extension: then it was assigned, not stored.
unsafe fn is_assigned(call: &Call, field: HPyField) -> bool {
    if field.is_null() {
        return false;
    }
    let record = match call.state.records.classify(HPy { _i: field._i }) {
        Handle::Open(record) | Handle::Closed(record) => record,
        Handle::Gone | Handle::Foreign => return false,
    };
    let function = call.frame.name();
    let message = format!(
        "{function}: {} of an HPyField that holds a handle: fields are set with HPyField_Store only",
        call.name()
    );
    let finding = Finding::new("assigned-field", message, function).about(record);
    report::found(call.state, finding);
    true
}
