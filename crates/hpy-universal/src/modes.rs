//! The contexts a module can be loaded with, per interpreter.

use crate::raise::{Raised, string};
use hpy_cpython::backend::BACKEND;
use hpy_cpython::handle::{handle, object};
use hpy_cpython::state::{self, Companion, InterpreterState};
use hpy_sys::backend::CallTarget;
use hpy_sys::{HPyContext, HPyModuleDef};
use pyo3_ffi::*;

/// How a module is loaded. The numbers are Python's `hpy.universal.MODE_*`.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Mode {
    Universal = 0,
    Debug = 1,
    Trace = 2,
    /// Debug mode whose calls are traced: the extension gets a debug context over a trace context.
    DebugOnTrace = 3,
    /// Trace mode whose calls are checked: the extension gets a trace context over a debug context.
    TraceOnDebug = 4,
}

impl Mode {
    pub const ALL: [Mode; 5] =
        [Mode::Universal, Mode::Debug, Mode::Trace, Mode::DebugOnTrace, Mode::TraceOnDebug];

    pub fn name(self) -> &'static str {
        match self {
            Mode::Universal => "universal",
            Mode::Debug => "debug",
            Mode::Trace => "trace",
            Mode::DebugOnTrace => "debug+trace",
            Mode::TraceOnDebug => "trace+debug",
        }
    }

    /// The mode of that name, in any case of letters.
    pub fn from_name(name: &str) -> Option<Mode> {
        Mode::ALL.into_iter().find(|mode| mode.name().eq_ignore_ascii_case(name))
    }

    pub fn from_number(number: std::ffi::c_int) -> Option<Mode> {
        Mode::ALL.into_iter().find(|mode| *mode as std::ffi::c_int == number)
    }
}

/// Where a module's calls go, and the context its binary gets.
#[derive(Clone, Copy)]
pub struct Destination {
    pub ctx: *mut HPyContext,
    pub target: *const CallTarget,
}

/// The destination of a module loaded in `mode`, in the interpreter of `state`.
pub unsafe fn destination(state: *mut InterpreterState, mode: Mode) -> Destination {
    match mode {
        Mode::Universal => {
            Destination { ctx: (*state).direct.ctx, target: &raw const (*state).direct }
        }
        Mode::Debug => {
            let debug = debug(state);
            Destination { ctx: debug.ctx, target: debug.target() }
        }
        Mode::Trace => {
            let trace = trace(state);
            Destination { ctx: trace.ctx, target: trace.target() }
        }
        Mode::DebugOnTrace => {
            let (below, with) = (trace(state), debug(state));
            let key = (&raw const DEBUG_ON_TRACE) as usize;
            let data = state::companion(state, key).unwrap_or_else(|| {
                let made = hpy_debug::wrap_with(below.ctx, below.backend, &with);
                let (clear, free) = (None, hpy_debug::free as _);
                state::attach(state, Companion { key, data: made.data(), clear, free })
            });
            let top = hpy_debug::Wrapped::from_data(data);
            Destination { ctx: top.ctx, target: below.target_for(top.target()) }
        }
        Mode::TraceOnDebug => {
            let (below, with) = (debug(state), trace(state));
            let key = (&raw const TRACE_ON_DEBUG) as usize;
            let data = state::companion(state, key).unwrap_or_else(|| {
                let made = hpy_trace::wrap_with(below.ctx, below.backend, &with);
                let (clear, free) = (None, hpy_trace::free as _);
                state::attach(state, Companion { key, data: made.data(), clear, free })
            });
            let top = hpy_trace::Wrapped::from_data(data);
            Destination { ctx: top.ctx, target: below.target_for(top.target()) }
        }
    }
}

/// Tells the contexts of `mode` what a module declares.
pub unsafe fn announce(state: *mut InterpreterState, mode: Mode, def: *const HPyModuleDef) {
    if matches!(mode, Mode::Debug | Mode::DebugOnTrace | Mode::TraceOnDebug) {
        debug(state).announce(def);
    }
}

/// Tells them of the module that was made.
pub unsafe fn made(
    state: *mut InterpreterState,
    mode: Mode,
    def: *const HPyModuleDef,
    module: *mut PyObject,
) {
    if mode == Mode::Debug {
        debug(state).made(def, handle(module));
    }
}

static DEBUG: u8 = 0;
static TRACE: u8 = 0;
static DEBUG_ON_TRACE: u8 = 0;
static TRACE_ON_DEBUG: u8 = 0;

/// The interpreter's debug context, made at first use.
unsafe fn debug(state: *mut InterpreterState) -> hpy_debug::Wrapped {
    let key = (&raw const DEBUG) as usize;
    if let Some(data) = state::companion(state, key) {
        return hpy_debug::Wrapped::from_data(data);
    }
    let made = hpy_debug::wrap((*state).direct.ctx, &raw const BACKEND);
    let (clear, free) = (Some(hpy_debug::clear as _), hpy_debug::free as _);
    let data = state::attach(state, Companion { key, data: made.data(), clear, free });
    // Another thread may have been first: it is the attached one that lives on.
    let debug = hpy_debug::Wrapped::from_data(data);
    debug.watch_destructors();
    debug
}

/// The interpreter's trace context, made at first use.
unsafe fn trace(state: *mut InterpreterState) -> hpy_trace::Wrapped {
    let key = (&raw const TRACE) as usize;
    let data = state::companion(state, key).unwrap_or_else(|| {
        let made = hpy_trace::wrap((*state).direct.ctx, &raw const BACKEND);
        let (clear, free) = (Some(hpy_trace::clear as _), hpy_trace::free as _);
        state::attach(state, Companion { key, data: made.data(), clear, free })
    });
    hpy_trace::Wrapped::from_data(data)
}

/// `hpy.universal._debug` or `_trace`: a new module for the attribute `name`, or None if it is neither.
pub unsafe fn control_module(name: &str) -> Result<Option<*mut PyObject>, Raised> {
    if name != "_debug" && name != "_trace" {
        return Ok(None);
    }
    let state = state::current();
    if state.is_null() {
        return Err(Raised);
    }
    let spec = module_spec(name)?;
    let base = (*state).direct.ctx;
    let direct = &raw const (*state).direct;
    let thunks = (*state).thunks.available();
    let made = if name == "_debug" {
        let debug = debug(state);
        hpy_debug::make_module(base, &raw const BACKEND, direct, &debug, handle(spec), thunks)
    } else {
        let trace = trace(state);
        hpy_trace::make_module(base, &raw const BACKEND, direct, &trace, handle(spec), thunks)
    };
    Py_DECREF(spec);
    if made.is_null() { Err(Raised) } else { Ok(Some(object(made))) }
}

/// `importlib.machinery.ModuleSpec("hpy.universal." + name, None)`.
unsafe fn module_spec(name: &str) -> Result<*mut PyObject, Raised> {
    let machinery = PyImport_ImportModule(c"importlib.machinery".as_ptr());
    if machinery.is_null() {
        return Err(Raised);
    }
    let full = string(&format!("hpy.universal.{name}"));
    let spec = if full.is_null() {
        full
    } else {
        PyObject_CallMethod(machinery, c"ModuleSpec".as_ptr(), c"OO".as_ptr(), full, Py_None())
    };
    Py_XDECREF(full);
    Py_DECREF(machinery);
    if spec.is_null() { Err(Raised) } else { Ok(spec) }
}
