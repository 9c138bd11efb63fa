//! The contexts a module can be loaded with, per interpreter.

use crate::raise::{Raised, raise};
use hpy_cpython::state::InterpreterState;
use hpy_sys::backend::CallTarget;
use pyo3_ffi::PyExc_NotImplementedError;

/// How a module is loaded. The numbers are Python's `hpy.universal.MODE_*`.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Mode {
    Universal = 0,
    Debug = 1,
    Trace = 2,
}

impl Mode {
    pub const ALL: [Mode; 3] = [Mode::Universal, Mode::Debug, Mode::Trace];

    pub fn name(self) -> &'static str {
        match self {
            Mode::Universal => "universal",
            Mode::Debug => "debug",
            Mode::Trace => "trace",
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

/// Raises if the mode is not there.
pub unsafe fn check(mode: Mode) -> Result<(), Raised> {
    if mode == Mode::Universal {
        return Ok(());
    }
    Err(raise(
        PyExc_NotImplementedError,
        &format!("this version of hpy-rs has no {} mode yet: use the universal mode", mode.name()),
    ))
}

/// Where calls of a module loaded in `mode` go, in the interpreter of `state`.
pub unsafe fn target(
    state: *mut InterpreterState,
    mode: Mode,
) -> Result<*const CallTarget, Raised> {
    check(mode)?;
    Ok(&raw const (*state).direct)
}
