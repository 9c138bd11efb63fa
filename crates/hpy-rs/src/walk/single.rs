//! Walks by the base ABI, one value per step.

use crate::contents::classified;
use crate::handle::{Handle, Ref};
use crate::kinds::{Any, Dict, List, Tuple};
use crate::{Ctx, PyErr, PyResult, exc};
use hpy_sys::ext::*;
use hpy_sys::{HPy, api};

/// The containers that a walk is in.
pub(super) struct Single<'ctx> {
    frames: Vec<Frame<'ctx>>,
}

struct Frame<'ctx> {
    /// What the items are from.
    container: Option<Handle<'ctx, Any>>,
    items: Items<'ctx>,
    next: usize,
    /// Whether the items are keys and values in turn.
    is_pairs: bool,
}

enum Items<'ctx> {
    /// A list, or a tuple, and its length when it was asked last.
    Sequence(Handle<'ctx, Any>, usize),
    /// What was in a dict.
    Read(Vec<Handle<'ctx, Any>>),
}

impl<'ctx> Frame<'ctx> {
    /// The next item.
    fn item(&mut self, ctx: Ctx<'ctx>) -> PyResult<'ctx, Option<Handle<'ctx, Any>>> {
        let index = self.next;
        self.next += 1;
        match &mut self.items {
            Items::Read(items) => Ok(items.get(index).cloned()),
            Items::Sequence(sequence, len) => {
                if index >= *len {
                    *len = sequence.len()?;
                    if index >= *len {
                        return Ok(None);
                    }
                }
                // SAFETY: the handle is open.
                let raw =
                    unsafe { api::HPy_GetItem_i(ctx.as_raw(), sequence.as_raw(), index as isize) };
                if raw.is_null() {
                    let error = PyErr::pending(ctx);
                    // The list has become shorter.
                    return if error.is::<exc::IndexError>(ctx) { Ok(None) } else { Err(error) };
                }
                // SAFETY: the item is open and ours.
                Ok(Some(unsafe { Handle::from_raw(ctx, raw) }))
            }
        }
    }
}

impl<'ctx> Single<'ctx> {
    pub(super) fn new() -> Self {
        Single { frames: Vec::new() }
    }

    /// See [`Walk::enter`](super::Walk::enter).
    ///
    /// # Safety
    /// The handles are open; `stands_for` may be null.
    pub(super) unsafe fn enter(
        &mut self,
        ctx: Ctx<'ctx>,
        stands_for: HPy,
        items: HPy,
        is_pairs: bool,
    ) -> PyResult<'ctx> {
        // SAFETY: open, says the caller; each gets its own reference.
        let owned = |raw| unsafe { Ref::<Any>::from_raw(ctx, raw).to_owned() };
        let items = owned(items);
        if !items.is_kind::<List>() && !items.is_kind::<Tuple>() {
            return Err(PyErr::wrong_type("a list or a tuple", &items));
        }
        let container = (!stands_for.is_null()).then(|| owned(stands_for));
        let items = Items::Sequence(items, 0);
        self.frames.push(Frame { container, items, next: 0, is_pairs });
        Ok(())
    }

    /// The next node, of which the caller closes the handle; None at the end.
    pub(super) fn read(
        &mut self,
        ctx: Ctx<'ctx>,
        flags: u64,
    ) -> PyResult<'ctx, Option<HPyContent>> {
        let Some(frame) = self.frames.last_mut() else { return Ok(None) };
        let Some(item) = frame.item(ctx)? else {
            self.frames.pop();
            return Ok(Some(mark(HPY_CONTENT_END, 0)));
        };
        let is_key = frame.is_pairs && frame.next % 2 == 1;
        let kind = classified(ctx, &item);
        match kind.tag {
            HPY_CONTENT_NONE | HPY_CONTENT_FALSE | HPY_CONTENT_TRUE | HPY_CONTENT_INT
            | HPY_CONTENT_FLOAT => Ok(Some(kind)),
            HPY_CONTENT_LIST | HPY_CONTENT_TUPLE | HPY_CONTENT_DICT if !is_key => {
                self.start(item, kind.tag, flags).map(Some)
            }
            HPY_CONTENT_LIST | HPY_CONTENT_TUPLE | HPY_CONTENT_DICT => {
                Ok(Some(HPyContent { handle: item.into_raw(), ..mark(HPY_CONTENT_OTHER, 0) }))
            }
            HPY_CONTENT_OTHER if !is_key && self.is_circular(&item, flags) => {
                Ok(Some(mark(HPY_CONTENT_CIRCULAR, 0)))
            }
            _ => Ok(Some(HPyContent { handle: item.into_raw(), ..kind })),
        }
    }

    /// Whether an object that is looked for is one that the walk is in.
    fn is_circular(&self, object: &Handle<'ctx, Any>, flags: u64) -> bool {
        let is_inside =
            |frame: &Frame<'ctx>| frame.container.as_ref().is_some_and(|above| above.is(object));
        flags & HPY_WALK_CHECKED != 0 && self.frames.iter().any(is_inside)
    }

    /// Starts with a container.
    fn start(
        &mut self,
        container: Handle<'ctx, Any>,
        tag: u64,
        flags: u64,
    ) -> PyResult<'ctx, HPyContent> {
        if self.is_circular(&container, flags) {
            return Ok(mark(HPY_CONTENT_CIRCULAR, 0));
        }
        let is_pairs = tag == HPY_CONTENT_DICT;
        let (items, count) = if is_pairs {
            let dict: Handle<'ctx, Dict> = container.clone().cast()?;
            let keys = dict.keys()?;
            let all_str = |keys: &Handle<'ctx, List>| -> PyResult<'ctx, bool> {
                for key in keys.items() {
                    let key = key?;
                    if classified(dict.ctx(), &key).tag != HPY_CONTENT_STR {
                        return Ok(false);
                    }
                }
                Ok(true)
            };
            if flags & HPY_WALK_SORTED != 0 {
                if !all_str(&keys)? {
                    let handle = container.into_raw();
                    return Ok(HPyContent { handle, ..mark(HPY_CONTENT_OTHER, 0) });
                }
                keys.call_method(c"sort", ())?;
            }
            let mut items = Vec::new();
            for key in keys.items() {
                let key = key?;
                let value = dict.get_item(&key)?;
                items.extend([key, value]);
            }
            let count = items.len() / 2;
            (Items::Read(items), count)
        } else {
            let count = container.len()?;
            (Items::Sequence(container.clone(), count), count)
        };
        self.frames.push(Frame { container: Some(container), items, next: 0, is_pairs });
        Ok(mark(tag, count))
    }
}

fn mark(tag: u64, count: usize) -> HPyContent {
    HPyContent { tag: tag | (count as u64) << 8, value: 0, handle: HPy::NULL }
}
