//! Stack traces: captured as addresses, turned into function, file and line only when they are shown.

use core::ffi::c_void;
use std::fmt::Write;

/// Native frames kept per trace: with the text of the Python frames below 4 KB.
const MOST_FRAMES: usize = 128;
/// Bytes of Python frames kept per trace.
const MOST_PYTHON: usize = 2048;

/// Where something happened.
#[derive(Clone, Default)]
pub struct Trace {
    frames: Box<[usize]>,
    /// The Python frames, innermost first, already text.
    python: Box<str>,
}

/// One native frame as a person reads it.
pub struct Frame {
    pub function: String,
    pub file: String,
    pub line: u32,
    pub object: String,
}

impl Trace {
    /// The calling thread's stack, at most `limit` native frames; `python` is the text of its Python frames.
    pub fn capture(limit: usize, python: String) -> Trace {
        let limit = limit.min(MOST_FRAMES);
        let mut frames = Vec::new();
        if limit > 0 && frames.try_reserve_exact(limit).is_ok() {
            // First come this crate's own frames, then the extension's, then the entry through which the
            // call came: the interpreter's frames behind that are told by the Python frames.
            backtrace::trace(|frame| {
                let address = frame.ip() as usize;
                if address == 0 || is_own(address) {
                    return frames.is_empty();
                }
                frames.push(address);
                frames.len() < limit
            });
        }
        let mut python = python;
        if python.len() > MOST_PYTHON {
            let mut end = MOST_PYTHON;
            while !python.is_char_boundary(end) {
                end -= 1;
            }
            python.truncate(end);
            python.push_str("...\n");
        }
        // Copies of the right size: what is shrunk leaves holes that are good for nothing else.
        Trace { frames: frames.as_slice().into(), python: python.as_str().into() }
    }

    /// # Safety
    /// `trace` is null or came from `Box::into_raw`, and nothing else frees it.
    pub unsafe fn free(trace: *mut Trace) {
        if !trace.is_null() {
            drop(Box::from_raw(trace));
        }
    }

    /// The native frames, innermost first.
    pub fn native(&self) -> Vec<Frame> {
        let mut shown = Vec::new();
        let mut late = Late::default();
        for &address in &self.frames {
            let before = shown.len();
            // An address is that of the next instruction: the call itself lies before it.
            backtrace::resolve(address.wrapping_sub(1) as *mut c_void, |symbol| {
                let Some(name) = symbol.name() else { return };
                let file = symbol.filename().map(|file| file.display().to_string());
                shown.push(Frame {
                    function: format!("{name:#}"),
                    file: file.unwrap_or_default(),
                    line: symbol.lineno().unwrap_or(0),
                    object: object_of(address),
                });
            });
            if shown.len() == before {
                shown.extend(late.frames(address));
            }
            if shown.len() == before {
                shown.push(Frame {
                    function: String::from("??"),
                    file: String::new(),
                    line: 0,
                    object: object_of(address),
                });
            }
        }
        shown
    }

    /// The Python frames as text, one per line, innermost first.
    pub fn python(&self) -> &str {
        &self.python
    }

    /// The whole trace, each line indented by `indent`.
    pub fn text(&self, indent: &str) -> String {
        let mut text = String::new();
        for frame in self.native() {
            let _ = write!(text, "{indent}{}", frame.function);
            if !frame.file.is_empty() {
                let _ = write!(text, " at {}:{}", frame.file, frame.line);
            } else if !frame.object.is_empty() {
                let _ = write!(text, " in {}", frame.object);
            }
            text.push('\n');
        }
        for line in self.python.lines() {
            let _ = writeln!(text, "{indent}{line}");
        }
        text
    }
}

/// Frames of binaries that were loaded after the first trace was shown: `backtrace` lists the binaries of the
/// process once.
#[derive(Default)]
struct Late {
    /// The binary looked at last.
    open: Option<(String, addr2line::Loader)>,
}

impl Late {
    /// What the binary's own tables say of an address, innermost function first; empty if nothing.
    fn frames(&mut self, address: usize) -> Vec<Frame> {
        let Some((path, offset)) = place_of(address) else { return Vec::new() };
        if self.open.as_ref().is_none_or(|(open, _)| *open != path) {
            self.open = addr2line::Loader::new(&path).ok().map(|loader| (path, loader));
        }
        let Some((_, loader)) = &self.open else { return Vec::new() };
        let probe = offset.wrapping_sub(1) as u64;
        let mut found = Vec::new();
        let frame = |function: String, file: &str, line| Frame {
            function,
            file: file.to_owned(),
            line,
            object: object_of(address),
        };
        if let Ok(mut frames) = loader.find_frames(probe) {
            while let Ok(Some(one)) = frames.next() {
                let name =
                    one.function.and_then(|function| Some(function.demangle().ok()?.into_owned()));
                let Some(name) = name.or_else(|| loader.find_symbol(probe).map(str::to_owned))
                else {
                    continue;
                };
                let at = one.location.as_ref();
                let file = at.and_then(|at| at.file).unwrap_or_default();
                found.push(frame(name, file, at.and_then(|at| at.line).unwrap_or(0)));
            }
        }
        if found.is_empty()
            && let Some(name) = loader.find_symbol(probe)
        {
            found.push(frame(name.to_owned(), "", 0));
        }
        found
    }
}

/// The binary an address lies in and its offset there, `name.so+0x123`.
fn object_of(address: usize) -> String {
    place_of(address).map_or(String::new(), |(name, offset)| format!("{name}+{offset:#x}"))
}

/// The path of the binary an address lies in and the offset there.
#[cfg(unix)]
fn place_of(address: usize) -> Option<(String, usize)> {
    let mut info = core::mem::MaybeUninit::<libc::Dl_info>::zeroed();
    // SAFETY: dladdr reads nothing but its own tables and fills `info` when it returns non-zero.
    unsafe {
        if libc::dladdr(address as *const c_void, info.as_mut_ptr()) == 0 {
            return None;
        }
        let info = info.assume_init();
        if info.dli_fname.is_null() {
            return None;
        }
        let name = core::ffi::CStr::from_ptr(info.dli_fname).to_string_lossy();
        Some((name.into_owned(), address.wrapping_sub(info.dli_fbase as usize)))
    }
}

#[cfg(not(unix))]
fn place_of(_address: usize) -> Option<(String, usize)> {
    None
}

/// Whether an address lies in the binary this code is part of.
#[cfg(unix)]
fn is_own(address: usize) -> bool {
    use std::sync::OnceLock;
    static OWN: OnceLock<usize> = OnceLock::new();
    let base_of = |address: usize| {
        let mut info = core::mem::MaybeUninit::<libc::Dl_info>::zeroed();
        // SAFETY: as in `object_of`.
        unsafe {
            if libc::dladdr(address as *const c_void, info.as_mut_ptr()) == 0 {
                return 0;
            }
            info.assume_init().dli_fbase as usize
        }
    };
    let own = *OWN.get_or_init(|| base_of(Trace::capture as *const c_void as usize));
    own != 0 && base_of(address) == own && !cfg!(test)
}

#[cfg(not(unix))]
fn is_own(_address: usize) -> bool {
    false
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_trace_names_this_test() {
        let trace = Trace::capture(64, String::from("  File \"a.py\", line 1, in f\n"));
        let text = trace.text("    ");
        assert!(text.contains("a_trace_names_this_test"), "{text}");
        assert!(text.contains("a.py"), "{text}");
    }
}
