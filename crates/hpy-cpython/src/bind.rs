//! Binding definitions: from (implementation, target) to an address that CPython can call.
//!
//! A [`Bindings`] owns what it makes and belongs to the type or module whose definitions it binds.

use crate::ready_made::{self, ReadyMade};
use crate::state::{self, InterpreterState};
use crate::straight;
use crate::thunk::{Kind, Thunk};
use alloc::boxed::Box;
use alloc::vec::Vec;
use core::ffi::{CStr, c_char, c_void};
use core::ptr;
use hpy_sys::backend::{CallTarget, Entry, Name};
use hpy_sys::{
    HPyFunc_INITPROC, HPyFunc_KEYWORDS, HPyFunc_NEWFUNC, HPyFunc_NOARGS, HPyFunc_O,
    HPyFunc_Signature, HPyFunc_VECTORCALLFUNC,
};

/// The name of a definition of a module.
pub fn of_module(module: &CStr, part: *const c_char) -> Name {
    Name { owner: module.as_ptr(), part }
}

/// The name of a definition of the type whose full name is `name`.
pub fn of_type(name: &CStr, part: *const c_char) -> Name {
    Name { owner: crate::type_::text::bare(name).as_ptr(), part }
}

/// The bound definitions of one type or module.
pub struct Bindings {
    state: *mut InterpreterState,
    target: *const CallTarget,
    thunks: Vec<(Kind, Thunk)>,
    /// Each type and module has bindings, and most have nothing of this.
    rare: Option<Box<Rare>>,
}

#[derive(Default)]
struct Rare {
    ready_made: Vec<&'static ReadyMade>,
    entries: Entries,
}

impl Bindings {
    /// No definitions yet. The bindings keep the state.
    ///
    /// # Safety
    /// `state` is live and the calling thread is attached to its interpreter; `target` outlives the bindings.
    pub unsafe fn new(state: *mut InterpreterState, target: *const CallTarget) -> Self {
        state::retain(state);
        Bindings { state, target, thunks: Vec::new(), rare: None }
    }

    /// The target that bound definitions call.
    pub fn target(&self) -> *const CallTarget {
        self.target
    }

    /// An address that CPython calls with the signature's arguments, as the C API has them, less the
    /// context; null only where there are no thunks, no `trampoline` and no ready-made thunk is left. NEWFUNC and INITPROC take
    /// `(self, args tuple, kw)`. VECTORCALLFUNC is what CPython calls a `vectorcallfunc`: the implementation
    /// is one of KEYWORDS and does not see the offset bit. The signatures DESTROYFUNC, TRAVERSEPROC and CAPSULE_DESTRUCTOR have no
    /// context and are not bound.
    ///
    /// `name` is what a person calls the definition, `Type.method`; both parts outlive the bindings.
    ///
    /// # Safety
    /// The calling thread is attached; `imp` has the signature `sig`.
    pub unsafe fn bind(
        &mut self,
        sig: HPyFunc_Signature,
        imp: *const c_void,
        trampoline: *const c_void,
        name: Name,
    ) -> *const c_void {
        self.bind_for(self.target, sig, imp, trampoline, name)
    }

    /// As [`Bindings::bind`], for one definition whose calls go to another target.
    ///
    /// # Safety
    /// As [`Bindings::bind`]; `target` outlives the bindings.
    pub unsafe fn bind_for(
        &mut self,
        target: *const CallTarget,
        sig: HPyFunc_Signature,
        imp: *const c_void,
        trampoline: *const c_void,
        name: Name,
    ) -> *const c_void {
        if imp.is_null() {
            return ptr::null();
        }
        let (kind, sig) = match sig {
            HPyFunc_NEWFUNC | HPyFunc_INITPROC => (Kind::Unpack, sig),
            HPyFunc_VECTORCALLFUNC => (Kind::Vectorcall, HPyFunc_KEYWORDS),
            HPyFunc_NOARGS => (Kind::Shift1, sig),
            HPyFunc_O => (Kind::Shift2, sig),
            _ => (Kind::Shift, sig),
        };
        if !trampoline.is_null()
            && (self.goes_straight(target, kind, trampoline) || !(*self.state).thunks.available())
        {
            return trampoline;
        }
        let (first, destination) = self.destination_for(target, sig, imp, name);
        match (*self.state).thunks.make(kind, first, destination) {
            Some(thunk) => {
                if self.thunks.is_empty() {
                    // Many types have one, for `tp_new`.
                    self.thunks.reserve_exact(1);
                }
                self.thunks.push((kind, thunk));
                thunk.code()
            }
            None if !trampoline.is_null() => trampoline,
            None => match ready_made::take(kind, first, destination) {
                Some((entry, code)) => {
                    self.rare.get_or_insert_default().ready_made.push(entry);
                    code
                }
                None => ptr::null(),
            },
        }
    }

    /// Whether the trampoline does what a thunk would do.
    unsafe fn goes_straight(
        &self,
        target: *const CallTarget,
        kind: Kind,
        trampoline: *const c_void,
    ) -> bool {
        matches!(kind, Kind::Shift | Kind::Shift1 | Kind::Shift2)
            && (*target).entries.is_null()
            && (*target).ctx == (*self.state).direct.ctx
            && straight::serves(self.state, trampoline)
    }

    /// The function to call for a definition and its first argument: the implementation and the target's
    /// context, or the target's entry function and an [`Entry`].
    ///
    /// # Safety
    /// As [`Bindings::bind`].
    pub unsafe fn destination(
        &mut self,
        sig: HPyFunc_Signature,
        imp: *const c_void,
        name: Name,
    ) -> (*const c_void, *const c_void) {
        self.destination_for(self.target, sig, imp, name)
    }

    unsafe fn destination_for(
        &mut self,
        target: *const CallTarget,
        sig: HPyFunc_Signature,
        imp: *const c_void,
        name: Name,
    ) -> (*const c_void, *const c_void) {
        let entry_function = match (*target).entries.as_ref() {
            Some(table) => table.by_signature.get(sig as usize).copied().unwrap_or(ptr::null()),
            None => ptr::null(),
        };
        if entry_function.is_null() {
            return ((*target).ctx.cast(), imp);
        }
        let entry = Entry { target, imp, sig, name, data: ptr::null_mut() };
        (self.rare.get_or_insert_default().entries.keep(entry).cast(), entry_function)
    }
}

/// Entries that stay where they are: thunks hold their addresses.
#[derive(Default)]
struct Entries {
    /// A piece of memory that does not grow.
    piece: Vec<Entry>,
    full: Vec<Vec<Entry>>,
}

/// Entries in one piece of memory.
const PIECE: usize = 8;

impl Entries {
    fn keep(&mut self, entry: Entry) -> *const Entry {
        if self.piece.len() == self.piece.capacity() {
            let full = core::mem::replace(&mut self.piece, Vec::with_capacity(PIECE));
            if !full.is_empty() {
                self.full.push(full);
            }
        }
        // There is room: nothing moves.
        self.piece.push(entry);
        self.piece.last().map_or(ptr::null(), ptr::from_ref)
    }
}

impl Drop for Bindings {
    fn drop(&mut self) {
        for entry in self.rare.iter().flat_map(|rare| &rare.ready_made) {
            ready_made::give_back(entry);
        }
        for &(kind, thunk) in &self.thunks {
            // SAFETY: bindings are dropped by a thread attached to their interpreter, when the type or
            // module whose definitions they are is gone.
            unsafe { (*self.state).thunks.free(kind, thunk) };
        }
        // SAFETY: `new` retained the state; the thread is attached, as above.
        unsafe { state::release(self.state) };
    }
}
