//! The Python module `hpy.universal._trace`, made of the ABI's own definitions.
//!
//! It runs in the context below the trace context and finds its [`State`] through a capsule among its own
//! attributes. Names, arguments and results are those of HPy 0.9.0's module, and the recording.

use crate::recording::NAMES;
use crate::state::{Hooks, State, Wrapped};
use crate::trampoline::{self, Object, keywords, one, trampoline, two};
use core::ffi::{CStr, c_void};
use core::ptr;
use core::sync::atomic::Ordering::Relaxed;
use hpy_sys::abi::{MEMBERS, MemberKind};
use hpy_sys::backend::{Backend, CallTarget};
use hpy_sys::*;
use std::ffi::CString;

const STATE_ATTRIBUTE: &CStr = c"_state";
const STATE_CAPSULE: &CStr = c"hpy.universal._trace._state";

/// Times are nanoseconds.
const FREQUENCY: i64 = 1_000_000_000;

#[repr(transparent)]
struct Def(HPyDef);
// SAFETY: nothing writes to a definition.
unsafe impl Sync for Def {}

#[repr(transparent)]
struct Defs<const N: usize>([*const Def; N]);
// SAFETY: as above.
unsafe impl<const N: usize> Sync for Defs<N> {}

struct Module(HPyModuleDef);
// SAFETY: as above.
unsafe impl Sync for Module {}

const fn meth(
    name: &'static CStr,
    signature: HPyFunc_Signature,
    imp: *const c_void,
    trampoline: *const c_void,
    doc: &'static CStr,
) -> Def {
    Def(HPyDef {
        kind: HPyDef_Kind_Meth,
        u: HPyDef_Union {
            meth: HPyMeth {
                name: name.as_ptr(),
                imp: imp.cast_mut(),
                cpy_trampoline: trampoline.cast_mut(),
                signature,
                doc: doc.as_ptr(),
            },
        },
    })
}

type NoArgs = unsafe extern "C" fn(*mut HPyContext, HPy) -> HPy;
type OneArg = unsafe extern "C" fn(*mut HPyContext, HPy, HPy) -> HPy;
type Keywords = unsafe extern "C" fn(*mut HPyContext, HPy, *const HPy, usize, HPy) -> HPy;

static COUNTS: Def = meth(
    c"get_call_counts",
    HPyFunc_NOARGS,
    get_call_counts as NoArgs as *const c_void,
    trampoline!(HPyFunc_NOARGS, NoArgs, get_call_counts),
    c"The number of calls of each context function, a dict by its name in the context.",
);
static DURATIONS: Def = meth(
    c"get_durations",
    HPyFunc_NOARGS,
    get_durations as NoArgs as *const c_void,
    trampoline!(HPyFunc_NOARGS, NoArgs, get_durations),
    c"The nanoseconds spent in each context function, a dict by its name in the context.",
);
static SET_FUNCTIONS: Def = meth(
    c"set_trace_functions",
    HPyFunc_KEYWORDS,
    set_trace_functions as Keywords as *const c_void,
    trampoline!(HPyFunc_KEYWORDS, Keywords, set_trace_functions),
    c"set_trace_functions(on_enter=..., on_exit=...)\n\nSet what is called with the name of a context \
      function before and after each call of it. None: nothing. An argument not given changes nothing.",
);
static GET_FREQUENCY: Def = meth(
    c"get_frequency",
    HPyFunc_NOARGS,
    get_frequency as NoArgs as *const c_void,
    trampoline!(HPyFunc_NOARGS, NoArgs, get_frequency),
    c"The resolution of the clock in hertz.",
);
static START: Def = meth(
    c"start_recording",
    HPyFunc_O,
    start_recording as OneArg as *const c_void,
    trampoline!(HPyFunc_O, OneArg, start_recording),
    c"Record single calls from here on, at most so many.",
);
static STOP: Def = meth(
    c"stop_recording",
    HPyFunc_NOARGS,
    stop_recording as NoArgs as *const c_void,
    trampoline!(HPyFunc_NOARGS, NoArgs, stop_recording),
    c"End the recording: a list of tuples (name, is an extension function, thread, start, duration), \
      times in nanoseconds, in the order in which the calls ended.",
);
static DROPPED: Def = meth(
    c"get_dropped",
    HPyFunc_NOARGS,
    get_dropped as NoArgs as *const c_void,
    trampoline!(HPyFunc_NOARGS, NoArgs, get_dropped),
    c"How many calls the last recording had no room for.",
);
static DEFINES: Defs<8> = Defs([
    &raw const COUNTS,
    &raw const DURATIONS,
    &raw const SET_FUNCTIONS,
    &raw const GET_FREQUENCY,
    &raw const START,
    &raw const STOP,
    &raw const DROPPED,
    ptr::null(),
]);
static MODULE: Module = Module(HPyModuleDef {
    doc: c"Counts, times and records what HPy's trace mode sees.".as_ptr(),
    size: 0,
    legacy_methods: ptr::null_mut(),
    defines: (&raw const DEFINES).cast_mut().cast(),
    globals: ptr::null_mut(),
});

/// The definition of `hpy.universal._trace`, for the context below the trace context.
pub fn module_def() -> *mut HPyModuleDef {
    (&raw const MODULE.0).cast_mut()
}

/// Makes the module for `wrapped`, in the context `base` below it, from an `importlib` module spec.
/// Null with an exception on failure.
///
/// # Safety
/// `base` and `backend` are those `wrapped` was made of; `direct` is the target that calls implementations
/// with `base` directly and lives as long as the interpreter; `thunks` says whether calls can come through
/// thunks; the calling thread is attached.
pub unsafe fn make_module(
    base: *mut HPyContext,
    backend: *const Backend,
    direct: *const CallTarget,
    wrapped: &Wrapped,
    spec: HPy,
    thunks: bool,
) -> HPy {
    let module = ((*backend).module_create)(base, direct, module_def(), spec);
    if module.is_null() {
        return module;
    }
    if !trampoline::claim(base) && !thunks {
        api::HPy_Close(base, module);
        return api::HPyErr_SetString(
            base,
            (*base).h_RuntimeError,
            c"without thunks hpy.universal._trace serves one interpreter, and another has it"
                .as_ptr(),
        );
    }
    let state: *const State = wrapped.state();
    let capsule =
        api::HPyCapsule_New(base, state.cast_mut().cast(), STATE_CAPSULE.as_ptr(), ptr::null_mut());
    let done = !capsule.is_null()
        && api::HPy_SetAttr_s(base, module, STATE_ATTRIBUTE.as_ptr(), capsule) == 0
        && ((*backend).module_exec)(base, direct, module_def(), module) == 0;
    api::HPy_Close(base, capsule);
    if !done {
        api::HPy_Close(base, module);
        return HPy::NULL;
    }
    module
}

/// The state that a module controls; `None` with an exception if its capsule is gone.
unsafe fn state(ctx: *mut HPyContext, module: HPy) -> Option<&'static State> {
    let capsule = api::HPy_GetAttr_s(ctx, module, STATE_ATTRIBUTE.as_ptr());
    if capsule.is_null() {
        return None;
    }
    let state = api::HPyCapsule_Get(ctx, capsule, HPyCapsule_key_Pointer, STATE_CAPSULE.as_ptr());
    api::HPy_Close(ctx, capsule);
    state.cast::<State>().as_ref()
}

/// A dict with a number per context function.
unsafe fn per_function(ctx: *mut HPyContext, module: HPy, of: fn(&State, usize) -> u64) -> HPy {
    let Some(state) = state(ctx, module) else { return HPy::NULL };
    let dict = api::HPyDict_New(ctx);
    if dict.is_null() {
        return dict;
    }
    for (index, member) in MEMBERS.iter().enumerate() {
        if member.kind == MemberKind::Constant {
            continue;
        }
        let name = CString::new(member.field).unwrap_or_default();
        let value = api::HPyLong_FromUInt64_t(ctx, of(state, index));
        let done = !value.is_null() && api::HPy_SetItem_s(ctx, dict, name.as_ptr(), value) == 0;
        api::HPy_Close(ctx, value);
        if !done {
            api::HPy_Close(ctx, dict);
            return HPy::NULL;
        }
    }
    dict
}

unsafe extern "C" fn get_call_counts(ctx: *mut HPyContext, module: HPy) -> HPy {
    per_function(ctx, module, |state, index| {
        state.counters.get(index).map_or(0, |counter| counter.calls.load(Relaxed))
    })
}

unsafe extern "C" fn get_durations(ctx: *mut HPyContext, module: HPy) -> HPy {
    per_function(ctx, module, |state, index| {
        state.counters.get(index).map_or(0, |counter| counter.nanoseconds.load(Relaxed))
    })
}

unsafe extern "C" fn get_frequency(ctx: *mut HPyContext, _module: HPy) -> HPy {
    api::HPyLong_FromInt64_t(ctx, FREQUENCY)
}

unsafe fn type_error(ctx: *mut HPyContext, message: &CStr) -> HPy {
    api::HPyErr_SetString(ctx, (*ctx).h_TypeError, message.as_ptr())
}

/// Whether a str is this ASCII name.
unsafe fn is_named(ctx: *mut HPyContext, h: HPy, name: &CStr) -> bool {
    let text = api::HPyUnicode_FromString(ctx, name.as_ptr());
    if text.is_null() {
        return false;
    }
    let same = api::HPy_RichCompareBool(ctx, h, text, cmp::HPy_EQ);
    api::HPy_Close(ctx, text);
    same == 1
}

unsafe extern "C" fn set_trace_functions(
    ctx: *mut HPyContext,
    module: HPy,
    args: *const HPy,
    nargs: usize,
    kwnames: HPy,
) -> HPy {
    let Some(state) = state(ctx, module) else { return HPy::NULL };
    if nargs > 2 {
        return type_error(ctx, c"set_trace_functions() takes at most 2 arguments");
    }
    let mut given = [HPy::NULL; 2];
    for (index, slot) in given.iter_mut().enumerate().take(nargs) {
        *slot = args.add(index).read();
    }
    let keywords =
        if kwnames.is_null() { 0 } else { api::HPy_Length(ctx, kwnames).max(0) as usize };
    for index in 0..keywords {
        let name = api::HPy_GetItem_i(ctx, kwnames, index as isize);
        if name.is_null() {
            return HPy::NULL;
        }
        let which = if is_named(ctx, name, c"on_enter") {
            given.first_mut()
        } else if is_named(ctx, name, c"on_exit") {
            given.last_mut()
        } else {
            None
        };
        api::HPy_Close(ctx, name);
        match which {
            Some(slot) if slot.is_null() => *slot = args.add(nargs + index).read(),
            _ => {
                return type_error(
                    ctx,
                    c"set_trace_functions() takes on_enter and on_exit, each once",
                );
            }
        }
    }
    for h in given {
        let fine = h.is_null()
            || api::HPy_Is(ctx, h, (*ctx).h_None) != 0
            || api::HPyCallable_Check(ctx, h) != 0;
        if !fine {
            return type_error(ctx, c"expected a callable object or None");
        }
    }
    let which: [fn(&mut Hooks) -> &mut HPy; 2] =
        [|hooks| &mut hooks.on_enter, |hooks| &mut hooks.on_exit];
    for (h, which) in given.into_iter().zip(which) {
        if h.is_null() {
            continue;
        }
        let none = api::HPy_Is(ctx, h, (*ctx).h_None) != 0;
        state.set_hook(which, if none { HPy::NULL } else { api::HPy_Dup(ctx, h) });
    }
    api::HPy_Dup(ctx, (*ctx).h_None)
}

unsafe extern "C" fn start_recording(ctx: *mut HPyContext, module: HPy, most: HPy) -> HPy {
    let Some(state) = state(ctx, module) else { return HPy::NULL };
    let most = api::HPyLong_AsUInt64_t(ctx, most);
    if most == u64::MAX && api::HPyErr_Occurred(ctx) != 0 {
        return HPy::NULL;
    }
    state.recording.start(most);
    api::HPy_Dup(ctx, (*ctx).h_None)
}

unsafe extern "C" fn get_dropped(ctx: *mut HPyContext, module: HPy) -> HPy {
    let Some(state) = state(ctx, module) else { return HPy::NULL };
    api::HPyLong_FromUInt64_t(ctx, state.recording.dropped.load(Relaxed))
}

unsafe extern "C" fn stop_recording(ctx: *mut HPyContext, module: HPy) -> HPy {
    let Some(state) = state(ctx, module) else { return HPy::NULL };
    let data = state.recording.stop();
    let list = api::HPyList_New(ctx, 0);
    let mut done = !list.is_null();
    for event in &data.events {
        if !done {
            break;
        }
        let named = event.what >= NAMES;
        let name = if named {
            data.names.get((event.what - NAMES) as usize).map_or("?", String::as_str)
        } else {
            MEMBERS.get(event.what as usize).map_or("?", |member| member.field)
        };
        let name = CString::new(name).unwrap_or_default();
        let items = [
            api::HPyUnicode_FromString(ctx, name.as_ptr()),
            api::HPyBool_FromBool(ctx, named),
            api::HPyLong_FromUInt32_t(ctx, event.thread),
            api::HPyLong_FromUInt64_t(ctx, event.start),
            api::HPyLong_FromUInt64_t(ctx, event.duration),
        ];
        done = items.iter().all(|item| !item.is_null());
        if done {
            let tuple = api::HPyTuple_FromArray(ctx, items.as_ptr(), items.len() as isize);
            done = !tuple.is_null() && api::HPyList_Append(ctx, list, tuple) == 0;
            api::HPy_Close(ctx, tuple);
        }
        for item in items {
            api::HPy_Close(ctx, item);
        }
    }
    if done {
        return list;
    }
    api::HPy_Close(ctx, list);
    HPy::NULL
}
