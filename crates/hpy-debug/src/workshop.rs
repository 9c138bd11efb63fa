//! What debug mode keeps for itself or does in Python on its own account: builders, trackers, hooks, the
//! Python side of stack traces.
//!
//! Whatever runs Python here puts a pending exception aside first and back afterwards.

use crate::report::Finding;
use crate::state::{Hook, Hooks, Shared, lock};
use core::ffi::CStr;
use core::ptr;
use hpy_sys::{HPy, HPyListBuilder, HPyTupleBuilder, api};
use std::fmt::Write;

/// A builder or a tracker of an extension.
pub enum Tool {
    List(HPyListBuilder),
    Tuple(HPyTupleBuilder),
    /// Debug handles, to be closed together.
    Tracker(Vec<HPy>),
}

/// The builders and trackers that are open; a closed one is recognised by its serial, as handles are.
#[derive(Default)]
pub struct Tools {
    slots: Vec<(u32, Option<(Tool, usize)>)>,
    free: Vec<usize>,
}

/// Bits of a word that are the index of a tool; the others are its serial.
const INDEX_BITS: u32 = usize::BITS / 2;

fn word_of(index: usize, serial: u32) -> isize {
    (((serial as usize) << INDEX_BITS) | index) as isize
}

fn parts_of(word: isize) -> (usize, u32) {
    let word = word as usize;
    (word & ((1 << INDEX_BITS) - 1), (word >> INDEX_BITS) as u32)
}

/// What a word that should be a builder or a tracker is.
#[derive(PartialEq, Eq, Debug)]
pub enum ToolState {
    Open,
    Closed,
    Foreign,
}

impl Tools {
    /// Keeps a tool that `call` made; its word. `None` if there is no memory.
    pub fn add(&mut self, tool: Tool, call: usize) -> Option<isize> {
        let index = match self.free.pop() {
            Some(index) => index,
            None => {
                self.slots.try_reserve(1).ok()?;
                self.slots.push((0, None));
                self.slots.len() - 1
            }
        };
        let slot = self.slots.get_mut(index)?;
        slot.0 = slot.0.wrapping_add(1);
        slot.1 = Some((tool, call));
        Some(word_of(index, slot.0))
    }

    fn slot(&mut self, word: isize) -> Option<&mut (u32, Option<(Tool, usize)>)> {
        let (index, serial) = parts_of(word);
        self.slots.get_mut(index).filter(|slot| slot.0 == serial)
    }

    /// The open tool of a word.
    pub fn get(&mut self, word: isize) -> Option<&mut Tool> {
        self.slot(word)?.1.as_mut().map(|(tool, _)| tool)
    }

    /// Closes a tool and hands it out.
    pub fn take(&mut self, word: isize) -> Option<Tool> {
        let slot = self.slot(word)?;
        let (tool, _) = slot.1.take()?;
        let (index, _) = parts_of(word);
        if self.free.try_reserve(1).is_ok() {
            self.free.push(index);
        }
        Some(tool)
    }

    /// What a word is.
    pub fn classify(&mut self, word: isize) -> ToolState {
        let (index, serial) = parts_of(word);
        match self.slots.get(index) {
            Some((now, Some(_))) if *now == serial => ToolState::Open,
            Some((now, _)) if *now >= serial && serial > 0 => ToolState::Closed,
            _ => ToolState::Foreign,
        }
    }

    /// Takes out what `call` made and has not finished.
    pub fn take_of(&mut self, call: usize) -> Vec<Tool> {
        let mut left = Vec::new();
        for (index, slot) in self.slots.iter_mut().enumerate() {
            if slot.1.as_ref().is_some_and(|(_, maker)| *maker == call)
                && let Some((tool, _)) = slot.1.take()
            {
                left.push(tool);
                self.free.push(index);
            }
        }
        left
    }
}

/// Runs `f` with no exception pending and puts a pending one back.
///
/// # Safety
/// The calling thread is attached.
pub unsafe fn aside<R>(state: &Shared, f: impl FnOnce() -> R) -> R {
    let pending = ((*state.backend).error_take)(state.base);
    let result = f();
    if !pending.is_null() {
        ((*state.backend).error_give)(state.base, pending);
    }
    result
}

/// A reference of our own to a hook, which may be replaced while it runs or before; `None` if there is none. Whoever
/// calls it gives it up.
///
/// # Safety
/// The calling thread is attached.
pub unsafe fn hook(state: &Shared, which: fn(&Hooks) -> &Hook) -> Option<Hook> {
    let hooks = lock(&state.hooks);
    let hook = which(&hooks).0;
    // Inside the lock: another thread may replace it.
    (!hook.is_null()).then(|| Hook(api::HPy_Dup(state.base, hook)))
}

/// Calls a hook of [`hook`] without arguments; what it raises is printed as unraisable.
///
/// # Safety
/// The calling thread is attached.
pub unsafe fn call_hook(state: &Shared, hook: Hook) {
    aside(state, || call_with(state, hook, &[]));
}

/// Calls the finding hook, one of [`hook`], with a finding.
///
/// # Safety
/// As [`call_hook`].
pub unsafe fn call_finding_hook(state: &Shared, hook: Hook, finding: Finding) {
    aside(state, || {
        let finding = crate::module::finding_object(state.base, finding);
        if finding.is_null() {
            api::HPyErr_WriteUnraisable(state.base, HPy::NULL);
            api::HPy_Close(state.base, hook.0);
            return;
        }
        call_with(state, hook, &[finding]);
        api::HPy_Close(state.base, finding);
    });
}

unsafe fn call_with(state: &Shared, hook: Hook, args: &[HPy]) {
    let callable = hook.0;
    let result = api::HPy_Call(state.base, callable, args.as_ptr(), args.len(), HPy::NULL);
    if result.is_null() {
        api::HPyErr_WriteUnraisable(state.base, callable);
    }
    api::HPy_Close(state.base, result);
    api::HPy_Close(state.base, callable);
}

/// The text of a Python str; empty if it is none.
///
/// # Safety
/// `h` is a handle of the context below, no exception is pending.
pub unsafe fn text_of(state: &Shared, h: HPy) -> String {
    if h.is_null() || api::HPyUnicode_Check(state.base, h) == 0 {
        return String::new();
    }
    let mut size = 0;
    let start = api::HPyUnicode_AsUTF8AndSize(state.base, h, &mut size);
    if start.is_null() {
        api::HPyErr_Clear(state.base);
        return String::new();
    }
    let bytes = core::slice::from_raw_parts(start.cast::<u8>(), size as usize);
    String::from_utf8_lossy(bytes).into_owned()
}

/// An attribute as text.
///
/// # Safety
/// As [`text_of`].
pub unsafe fn text_attribute(state: &Shared, h: HPy, name: &CStr) -> String {
    let value = api::HPy_GetAttr_s(state.base, h, name.as_ptr());
    if value.is_null() {
        api::HPyErr_Clear(state.base);
        return String::new();
    }
    let text = text_of(state, value);
    api::HPy_Close(state.base, value);
    text
}

/// What `repr` says, shortened.
///
/// # Safety
/// As [`text_of`].
pub unsafe fn repr_of(state: &Shared, h: HPy) -> String {
    aside(state, || {
        let repr = api::HPy_Repr(state.base, h);
        if repr.is_null() {
            api::HPyErr_Clear(state.base);
            return String::from("<no repr>");
        }
        let mut text = text_of(state, repr);
        api::HPy_Close(state.base, repr);
        if text.chars().count() > 80 {
            text = text.chars().take(77).collect();
            text.push_str("...");
        }
        text
    })
}

/// The calling thread's Python frames, innermost first, at most `limit`, as a traceback shows them.
///
/// # Safety
/// The calling thread is attached.
pub unsafe fn python_stack(state: &Shared, limit: usize) -> String {
    if limit == 0 {
        return String::new();
    }
    aside(state, || {
        let mut text = String::new();
        let mut frame = innermost_frame(state);
        for _ in 0..limit {
            if frame.is_null() || api::HPy_Is(state.base, frame, (*state.base).h_None) != 0 {
                break;
            }
            let code = api::HPy_GetAttr_s(state.base, frame, c"f_code".as_ptr());
            if !code.is_null() {
                let file = text_attribute(state, code, c"co_filename");
                let name = text_attribute(state, code, c"co_name");
                let line = line_of(state, frame);
                let _ = writeln!(text, "File \"{file}\", line {line}, in {name}");
                api::HPy_Close(state.base, code);
            }
            let back = api::HPy_GetAttr_s(state.base, frame, c"f_back".as_ptr());
            api::HPy_Close(state.base, frame);
            frame = back;
        }
        api::HPy_Close(state.base, frame);
        api::HPyErr_Clear(state.base);
        text
    })
}

unsafe fn line_of(state: &Shared, frame: HPy) -> i64 {
    let line = api::HPy_GetAttr_s(state.base, frame, c"f_lineno".as_ptr());
    if line.is_null() || api::HPyNumber_Check(state.base, line) == 0 {
        api::HPyErr_Clear(state.base);
        api::HPy_Close(state.base, line);
        return 0;
    }
    let number = api::HPyLong_AsInt64_t(state.base, line);
    api::HPyErr_Clear(state.base);
    api::HPy_Close(state.base, line);
    number
}

/// `sys._getframe()`, null without an exception where there is none.
unsafe fn innermost_frame(state: &Shared) -> HPy {
    let sys = api::HPyImport_ImportModule(state.base, c"sys".as_ptr());
    if sys.is_null() {
        api::HPyErr_Clear(state.base);
        return HPy::NULL;
    }
    let function = api::HPy_GetAttr_s(state.base, sys, c"_getframe".as_ptr());
    api::HPy_Close(state.base, sys);
    if function.is_null() {
        api::HPyErr_Clear(state.base);
        return HPy::NULL;
    }
    let frame = api::HPy_Call(state.base, function, ptr::null(), 0, HPy::NULL);
    api::HPy_Close(state.base, function);
    if frame.is_null() {
        api::HPyErr_Clear(state.base);
    }
    frame
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_tool_is_open_then_closed() {
        let mut tools = Tools::default();
        let word = tools.add(Tool::Tracker(vec![]), 1).unwrap();
        assert_eq!(tools.classify(word), ToolState::Open);
        assert!(tools.take(word).is_some());
        assert_eq!(tools.classify(word), ToolState::Closed);
        assert!(tools.take(word).is_none());
        let next = tools.add(Tool::Tracker(vec![]), 2).unwrap();
        assert_ne!(next, word);
        assert_eq!(tools.classify(word), ToolState::Closed);
        assert_eq!(tools.classify(0x7f12_3456_7890), ToolState::Foreign);
        assert_eq!(tools.take_of(2).len(), 1);
    }
}
