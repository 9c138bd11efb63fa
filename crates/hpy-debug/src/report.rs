//! What debug mode has found, and how it is told.
//!
//! A finding is remembered once per message. Where HPy 0.9.0 stops the program (closed handles and builders
//! used, a wrong struct, a wrong context) so do we, unless the hook that 0.9.0 has for it is set. Everything
//! else is told (to the finding hook, else on stderr) and the program goes on.

use crate::records::Record;
use crate::stack::Trace;
use crate::state::{Hook, Shared, State, lock};
use crate::{frame, workshop};
use core::ffi::{c_char, c_void};
use core::sync::atomic::Ordering::Relaxed;
use hpy_sys::{HPyContext, api};
use std::io::Write;

/// Findings remembered at most.
const MOST_FINDINGS: usize = 1000;
/// Native frames of a finding's own trace.
const FINDING_FRAMES: usize = 32;

/// One mistake.
#[derive(Clone)]
pub struct Finding {
    /// A short name of the kind of mistake.
    pub kind: &'static str,
    /// The mistake in a sentence.
    pub message: String,
    /// The function of the extension that made it.
    pub function: String,
    /// How often it was made.
    pub count: u64,
    /// Where.
    pub here: Trace,
    /// Where the handle it is about was opened and closed, if traces were on.
    pub opened: Option<Trace>,
    pub closed: Option<Trace>,
}

/// What was found so far.
#[derive(Default)]
pub struct Findings {
    pub list: Vec<Finding>,
}

impl Finding {
    pub fn new(kind: &'static str, message: String, function: String) -> Finding {
        Finding {
            kind,
            message,
            function,
            count: 1,
            here: Trace::default(),
            opened: None,
            closed: None,
        }
    }

    /// Adds the history of a handle.
    pub fn about(mut self, state: &Shared, record: &Record) -> Finding {
        // SAFETY: findings are made by attached threads; nobody drops the history meanwhile.
        (self.opened, self.closed) = unsafe { state.while_kept(|| record.traces()) };
        self
    }

    /// The finding as text for a terminal.
    pub fn text(&self) -> String {
        let mut text = format!("hpy.debug: {}\n", self.message);
        let mut add = |title: &str, trace: &Trace| {
            let trace = trace.text("    ");
            if !trace.is_empty() {
                text.push_str(title);
                text.push_str(&trace);
            }
        };
        add("  here:\n", &self.here);
        if let Some(opened) = &self.opened {
            add("  the handle was opened here:\n", opened);
        }
        if let Some(closed) = &self.closed {
            add("  and closed here:\n", closed);
        }
        text
    }
}

/// Writes to stderr; there is nowhere to tell that it failed.
pub fn print(text: &str) {
    let mut stderr = std::io::stderr();
    let _ = stderr.write_all(text.as_bytes());
    let _ = stderr.flush();
}

/// Remembers a finding and tells it: to the finding hook, else on stderr the first time.
///
/// # Safety
/// The calling thread is attached.
pub unsafe fn found(state: &Shared, finding: Finding) {
    let hook = workshop::hook(state, |hooks| &hooks.finding);
    let remembered = remember(state, finding);
    if let Some(hook) = hook {
        workshop::call_finding_hook(state, hook, remembered);
    } else if remembered.count == 1 && state.settings.print.load(Relaxed) {
        print(&remembered.text());
    }
}

impl Findings {
    /// Counts a finding that is the same as an earlier one; that one as it is now.
    fn count_again(&mut self, finding: &Finding) -> Option<Finding> {
        let same =
            |each: &&mut Finding| each.kind == finding.kind && each.message == finding.message;
        let known = self.list.iter_mut().find(same)?;
        known.count += 1;
        Some(known.clone())
    }
}

/// Adds a finding to the list or counts it again; as it is in the list now.
unsafe fn remember(state: &Shared, mut finding: Finding) -> Finding {
    let known = lock(&state.findings).count_again(&finding);
    if let Some(known) = known {
        return known;
    }
    finding.here = Trace::capture(FINDING_FRAMES, workshop::python_stack(state, FINDING_FRAMES));
    let mut findings = lock(&state.findings);
    // Another thread may have found the same meanwhile.
    if let Some(known) = findings.count_again(&finding) {
        return known;
    }
    if findings.list.len() < MOST_FINDINGS {
        findings.list.push(finding.clone());
    }
    finding
}

/// A handle that is not open was used. Returns if the hook for that is set.
///
/// # Safety
/// The calling thread is attached.
pub unsafe fn invalid_handle(state: &Shared, finding: Finding) {
    let hook = workshop::hook(state, |hooks| &hooks.invalid_handle);
    stop_or_call(state, finding, hook, c"Invalid usage of already closed handle");
}

/// The same for a builder.
///
/// # Safety
/// The calling thread is attached.
pub unsafe fn invalid_builder(state: &Shared, finding: Finding) {
    let hook = workshop::hook(state, |hooks| &hooks.invalid_builder);
    stop_or_call(state, finding, hook, c"Invalid usage of already closed builder");
}

unsafe fn stop_or_call(
    state: &Shared,
    finding: Finding,
    hook: Option<Hook>,
    message: &core::ffi::CStr,
) {
    let remembered = remember(state, finding);
    match hook {
        Some(hook) => workshop::call_hook(state, hook),
        None => stop(state, &remembered, message),
    }
}

/// Tells a finding and ends the process with `message`.
///
/// # Safety
/// The calling thread is attached.
pub unsafe fn fatal(state: &Shared, finding: Finding, message: &core::ffi::CStr) {
    let remembered = remember(state, finding);
    stop(state, &remembered, message);
}

unsafe fn stop(state: &Shared, finding: &Finding, message: &core::ffi::CStr) {
    if finding.count == 1 {
        print(&finding.text());
    }
    api::HPy_FatalError(state.base, message.as_ptr());
}

/// A capsule destructor has left an exception set.
///
/// # Safety
/// See [`hpy_sys::backend::DestructorWatcher`]; `data` is a [`Shared`].
pub unsafe extern "C" fn destructor_raised(data: *mut c_void, name: *const c_char) {
    let state = &*data.cast::<Shared>();
    let name = if name.is_null() {
        String::from("without a name")
    } else {
        format!("'{}'", core::ffi::CStr::from_ptr(name).to_string_lossy())
    };
    let message = format!(
        "the destructor of the capsule {name} left an exception set, which nobody can handle"
    );
    workshop::aside(state, || {
        found(state, Finding::new("destructor-raised", message, String::new()));
    });
}

/// A context was used that the calling thread may not use now. Python cannot be asked anything: whatever
/// thread this is, it may not be attached.
pub fn wrong_context(state: &State, ctx: *mut HPyContext, function: u16) -> ! {
    let name = State::function_name(function);
    let top = frame::top();
    // SAFETY: frames in this thread's stack are live.
    let top = unsafe { top.as_ref() };
    let why = match top {
        Some(frame) if frame.ctx.get() == ctx && frame.marks.left.get() => {
            format!(
                "{}: {name} was called between HPy_LeavePythonExecution and \
                 HPy_ReenterPythonExecution, without the GIL",
                frame.name()
            )
        }
        Some(frame) if !core::ptr::eq(frame.state, state) => format!(
            "{}: {name} was called with a context of another interpreter or another mode",
            frame.name()
        ),
        Some(frame) => format!(
            "{}: {name} was called with a context that is not that of this call: a context is valid \
             until the call that got it returns, and not in the calls made from there",
            frame.name()
        ),
        None => format!(
            "{name} was called on a thread that runs no call of an extension: threads of your own call \
             thread_attach first"
        ),
    };
    let trace = Trace::capture(FINDING_FRAMES, String::new());
    print(&format!("Error: Wrong HPy Context!\nhpy.debug: {why}\n{}", trace.text("    ")));
    std::process::abort()
}
