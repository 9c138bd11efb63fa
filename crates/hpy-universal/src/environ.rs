//! What the environment variables `HPY` and `HPY_LOG` say.
//!
//! `HPY` is a mode for every module, or `module:mode,module:mode`; a module that such a list does not name
//! gets the universal mode. Modes are read in any case of letters.

use crate::binary::Place;
use crate::modes::Mode;
use crate::raise::{Raised, raise, text_of};
use pyo3_ffi::*;

/// `env[key]`, or None if there is no such key. `env` is any mapping; the object is a new reference.
unsafe fn lookup(
    env: *mut PyObject,
    key: &std::ffi::CStr,
) -> Result<Option<*mut PyObject>, Raised> {
    let found = PyMapping_GetItemString(env, key.as_ptr());
    if !found.is_null() {
        return Ok(Some(found));
    }
    if PyErr_ExceptionMatches(PyExc_KeyError) == 0 {
        return Err(Raised);
    }
    PyErr_Clear();
    Ok(None)
}

/// The mode for the module that is known by these names: its full name and its last part.
pub unsafe fn mode_for(names: &[&str], env: *mut PyObject) -> Result<Mode, Raised> {
    let Some(value) = lookup(env, c"HPY")? else { return Ok(Mode::Universal) };
    let text = text_of(value, "the value of HPY");
    Py_DECREF(value);
    let text = text?;
    parse(&text, names).map_err(|wrong| {
        raise(
            PyExc_ValueError,
            &format!(
                "invalid HPy mode: {wrong}. The environment variable HPY is {text:?}; it must be one of \
                 universal, debug, trace, debug+trace, trace+debug, or a list such as module_a:debug,module_b:trace"
            ),
        )
    })
}

/// Err is the part that is no mode.
fn parse<'a>(text: &'a str, names: &[&str]) -> Result<Mode, &'a str> {
    if !text.contains(':') {
        return Mode::from_name(text.trim()).ok_or(text);
    }
    let mut found = Mode::Universal;
    for part in text.split(',').filter(|part| !part.trim().is_empty()) {
        let (module, mode) = part.split_once(':').ok_or(part)?;
        let mode = Mode::from_name(mode.trim()).ok_or(part)?;
        if names.contains(&module.trim()) {
            found = mode;
        }
    }
    Ok(found)
}

/// If `HPY_LOG` is set, says on `sys.stdout` that the module is being loaded.
pub unsafe fn log(name: &str, mode: Mode, env: *mut PyObject) -> Result<(), Raised> {
    let Some(value) = lookup(env, c"HPY_LOG")? else { return Ok(()) };
    Py_DECREF(value);
    let context = match mode {
        Mode::Universal => "",
        Mode::Debug => " with a debug context",
        Mode::Trace => " with a trace context",
        Mode::DebugOnTrace => " with a debug context over a trace context",
        Mode::TraceOnDebug => " with a trace context over a debug context",
    };
    let out = PySys_GetObject(c"stdout".as_ptr());
    if out.is_null() || out == Py_None() {
        return Ok(());
    }
    let line = crate::raise::string(&format!("Loading '{name}' in HPy universal mode{context}\n"));
    if line.is_null() {
        return Err(Raised);
    }
    let done = PyFile_WriteObject(line, out, Py_PRINT_RAW);
    Py_DECREF(line);
    if done < 0 { Err(Raised) } else { Ok(()) }
}

/// The mode for a module by `os.environ`, which is told if it wants to know.
pub unsafe fn mode_in_process(place: &Place) -> Result<Mode, Raised> {
    if is_silent() {
        return Ok(Mode::Universal);
    }
    let env = of_process()?;
    let mode = mode_for(&[&place.full_name, &place.name], env)
        .and_then(|mode| log(&place.name, mode, env).map(|()| mode));
    Py_DECREF(env);
    mode
}

/// Whether neither variable is set, as the C library sees it, to which `os.environ` writes through. Asking
/// Python costs a tenth of an import.
fn is_silent() -> bool {
    #[cfg(unix)]
    // SAFETY: getenv is given a string; the GIL keeps Python code from changing the environment meanwhile.
    unsafe {
        libc::getenv(c"HPY".as_ptr()).is_null() && libc::getenv(c"HPY_LOG".as_ptr()).is_null()
    }
    #[cfg(not(unix))]
    false
}

/// `os.environ`, a new reference.
unsafe fn of_process() -> Result<*mut PyObject, Raised> {
    let os = PyImport_ImportModule(c"os".as_ptr());
    if os.is_null() {
        return Err(Raised);
    }
    let environ = PyObject_GetAttrString(os, c"environ".as_ptr());
    Py_DECREF(os);
    if environ.is_null() { Err(Raised) } else { Ok(environ) }
}
