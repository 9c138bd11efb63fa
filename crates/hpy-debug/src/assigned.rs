//! Fields that were assigned a handle where `HPyField_Store` should have been called.
//!
//! Such a field holds no object, and the garbage collector or the end of its object would take the handle for one. They
//! ask first ([`holds_object`]), and pass it over. They may run no Python then, so it is noted, and told when a
//! handle is opened next, or when findings are asked for.

use crate::backend::Target;
use crate::raw;
use crate::records::{Handle, Record, Records};
use crate::report::{self, Finding};
use crate::shelf::NOTED;
use crate::state::{Shared, lock};
use core::ffi::{CStr, c_char, c_int};
use hpy_sys::backend::CallTarget;
use hpy_sys::{HPy, HPyField};

/// A field that was met and is to be told of.
pub struct Note {
    of: String,
    offset: usize,
    h: HPy,
}

/// Notes kept at most.
const MOST: usize = 64;

/// The handle that a field holds instead of an object, and its record while that tells of it; `None` if it holds none.
pub fn handle_in(shared: &Shared, field: HPyField) -> Option<(HPy, Option<&Record>)> {
    if field.is_null() {
        return None;
    }
    let h = HPy { _i: field._i };
    match shared.records.classify(h) {
        Handle::Open(record) | Handle::Closed(record) => Some((h, Some(record))),
        // Closed long ago, or an object whose address looks like that: that one is there.
        Handle::Gone if !Records::GONE_MAY_BE_ADDRESS || !raw::is_mapped(h._i as usize) => {
            Some((h, None))
        }
        Handle::Gone | Handle::Foreign => None,
    }
}

/// See `EntryTable::holds_object`: whether a field of the type `name` holds an object.
pub unsafe extern "C" fn holds_object(
    target: *const CallTarget,
    field: *const HPyField,
    name: *const c_char,
    offset: usize,
) -> c_int {
    let shared: &Shared = &*(*target.cast::<Target>()).state;
    let Some((h, _)) = handle_in(shared, *field) else { return 1 };
    let of = CStr::from_ptr(name).to_string_lossy().into_owned();
    {
        let mut notes = lock(&shared.assigned);
        let known = notes.iter().any(|note| note.offset == offset && note.of == of);
        if !known && notes.len() < MOST {
            notes.push(Note { of, offset, h });
        }
    }
    shared.set_slow(NOTED, true);
    0
}

/// Tells of the fields that were met.
///
/// # Safety
/// The calling thread is attached.
pub unsafe fn tell(shared: &Shared) {
    if !shared.slow.has(NOTED) {
        return;
    }
    shared.set_slow(NOTED, false);
    let notes = core::mem::take(&mut *lock(&shared.assigned));
    for Note { of, offset, h } in notes {
        let message = format!(
            "type {of} holds a handle in the HPyField at offset {offset}: fields are set with HPyField_Store only"
        );
        let mut finding = Finding::new("assigned-field", message, of);
        if let Handle::Open(record) | Handle::Closed(record) = shared.records.classify(h) {
            finding = finding.about(shared, record);
        }
        crate::workshop::aside(shared, || report::found(shared, finding));
    }
}
