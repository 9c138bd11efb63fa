//! Fields: what the garbage collector was promised about the structs that hold them.
//!
//! A store into a field is remembered until its call returns. Then the object's fields are visited by a visitor that
//! only takes notes, and a field that is not visited is reported. Not earlier: an extension may well fill an
//! array first and set its length last. What was found to be right once is right for all objects whose struct is
//! visited by the same function.

use crate::call::Call;
use crate::report::{self, Finding};
use crate::state::{Shared, State, lock};
use core::ffi::{CStr, c_int, c_void};
use core::mem::MaybeUninit;
use core::ptr;
use core::sync::atomic::{AtomicU64, Ordering::Relaxed};
use hpy_sys::backend::StructFacts;
use hpy_sys::*;

/// A field that a call has stored to.
struct Store {
    call: usize,
    /// A handle of the context below, owned.
    target: HPy,
    field: *mut HPyField,
}

/// A field of all structs of one kind: the function that visits it (or the type's name), its offset, and whether
/// the garbage collector looks at such objects.
#[derive(Clone, Copy, PartialEq, Eq)]
struct Place {
    of: usize,
    offset: usize,
    collected: bool,
}

/// Places that are right, each where its number says; they are forgotten where two meet.
pub struct Known([AtomicU64; KNOWN]);

const KNOWN: usize = 64;

impl Default for Known {
    fn default() -> Self {
        Known([const { AtomicU64::new(0) }; KNOWN])
    }
}

impl Known {
    fn at(&self, mixed: u64) -> Option<&AtomicU64> {
        self.0.get((mixed >> 32) as usize % KNOWN)
    }

    #[inline]
    fn has(&self, place: &Place) -> bool {
        let mixed = place.mixed();
        self.at(mixed).is_some_and(|known| known.load(Relaxed) == mixed)
    }

    fn add(&self, place: &Place) {
        let mixed = place.mixed();
        if let Some(known) = self.at(mixed) {
            known.store(mixed, Relaxed);
        }
    }
}

/// What waits to be checked, and what was reported.
#[derive(Default)]
pub struct Types {
    stores: Vec<Store>,
    /// Places that were reported.
    reported: Vec<Place>,
}

// SAFETY: handles and addresses are used by attached threads only.
unsafe impl Send for Types {}

impl Place {
    unsafe fn new(facts: &StructFacts, field: *mut HPyField) -> Place {
        let of = match facts.traverse {
            Some(traverse) => traverse as usize,
            None => facts.name as usize,
        };
        let offset = (field as usize).wrapping_sub(facts.start as usize);
        Place { of, offset, collected: facts.collected != 0 }
    }

    /// All of it in one number, which no two places that occur share.
    fn mixed(&self) -> u64 {
        let of = (self.of as u64).wrapping_mul(0x9E37_79B9_7F4A_7C15);
        (of.rotate_left(23) ^ ((self.offset as u64) << 1 | u64::from(self.collected))) | 1 << 63
    }
}

/// What is known of the struct of an object; `None` where it has none of a spec.
unsafe fn facts_of(state: &State, target: HPy) -> Option<StructFacts> {
    let mut facts = MaybeUninit::uninit();
    (((*state.backend).struct_facts)(state.base, target, facts.as_mut_ptr()) != 0)
        // SAFETY: filled in, as the result says.
        .then(|| facts.assume_init())
}

/// Remembers a store until the call returns.
///
/// # Safety
/// `target` is a handle of the context below.
#[inline]
pub unsafe fn stored(call: &Call, target: HPy, field: *mut HPyField) {
    let Some(facts) = facts_of(call.state(), target) else { return };
    let place = Place::new(&facts, field);
    // A field elsewhere, in memory of its own, may be gone when the call returns.
    if place.offset >= facts.size {
        return;
    }
    if call.shared().known_places.has(&place) {
        return;
    }
    let mut types = lock(&call.shared().types);
    let known = |store: &Store| store.call == call.frame.call.get() && store.field == field;
    if types.stores.iter().any(known) || types.stores.try_reserve(1).is_err() {
        return;
    }
    // By a context that calls nobody's hooks, which might want the lock.
    let target = api::HPy_Dup(call.shared().base, target);
    types.stores.push(Store { call: call.frame.call.get(), target, field });
    call.frame.marks.stores.set(true);
}

/// Checks what a call has stored to; it has returned.
///
/// # Safety
/// The calling thread is attached.
pub unsafe fn check(state: &State, call: usize) {
    let mut stores = Vec::new();
    {
        let mut types = lock(&state.types);
        let mut index = 0;
        while index < types.stores.len() {
            if types.stores.get(index).is_some_and(|store| store.call == call) {
                stores.push(types.stores.swap_remove(index));
            } else {
                index += 1;
            }
        }
    }
    for store in &stores {
        check_store(state, store);
        api::HPy_Close(state.base, store.target);
    }
}

/// What the visitor notes.
struct Notes {
    wanted: *mut HPyField,
    visited: bool,
    fields: Vec<*mut HPyField>,
}

unsafe extern "C" fn note(field: *mut HPyField, arg: *mut c_void) -> c_int {
    let notes = &mut *arg.cast::<Notes>();
    notes.visited |= field == notes.wanted;
    if notes.fields.try_reserve(1).is_ok() {
        notes.fields.push(field);
    }
    0
}

unsafe fn check_store(state: &State, store: &Store) {
    let Some(facts) = facts_of(state, store.target) else { return };
    if (*store.field).is_null() {
        return;
    }
    let place = Place::new(&facts, store.field);
    let mut notes = Notes { wanted: store.field, visited: false, fields: Vec::new() };
    let arg: *mut c_void = (&raw mut notes).cast();
    ((*state.backend).visit_fields)(state.base, store.target, note, arg);
    for field in notes.fields {
        check_visited(state, store.target, field, facts.start);
    }
    if place.collected && notes.visited {
        state.known_places.add(&place);
        return;
    }
    {
        let reported = &mut lock(&state.types).reported;
        if reported.contains(&place) || reported.try_reserve(1).is_err() {
            return;
        }
        reported.push(place);
    }
    let name = CStr::from_ptr(facts.name).to_string_lossy().into_owned();
    let offset = place.offset;
    let what = format!("type {name} keeps an object in the HPyField at offset {offset}");
    let (kind, message) = if place.collected {
        let rest = "which its HPy_tp_traverse does not visit: cycles through it are never freed";
        ("gc-not-visited", format!("{what}, {rest}"))
    } else {
        let rest = "but has no HPy_TPFLAGS_HAVE_GC: cycles through the field are never freed";
        ("gc-missing-flag", format!("{what} {rest}"))
    };
    crate::workshop::aside(state, || report::found(state, Finding::new(kind, message, name)));
}

/// Reports a field that holds a handle, and makes it hold the object instead: the next garbage collection
/// would take the handle for one.
unsafe fn check_visited(state: &State, target: HPy, field: *mut HPyField, start: *mut c_void) {
    let shared: &Shared = state;
    let Some((_, record)) = crate::assigned::handle_in(shared, *field) else { return };
    let offset = (field as usize).wrapping_sub(start as usize);
    let message = format!(
        "the HPyField at offset {offset} holds a handle: fields are set with HPyField_Store only"
    );
    let open = record.filter(|record| record.is_open()).map(|record| record.inner());
    let mut finding = Finding::new("assigned-field", message, String::new());
    if let Some(record) = record {
        finding = finding.about(shared, record);
    }
    crate::workshop::aside(state, || report::found(shared, finding));
    ptr::write(field, HPyField::NULL);
    if let Some(inner) = open {
        api::HPyField_Store(state.base, target, field, inner);
    }
}
