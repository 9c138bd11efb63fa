//! The quick way: simd-json makes a tape of the document, a tree builder objects of the tape.
//!
//! simd-json takes what RFC 8259 allows. The standard library takes more (NaN, lone surrogates, integers of any
//! size), has hooks, and words its errors in its own way: for all of that [`loads`] says None, and the exact
//! parser reads the document from its start.

use crate::exact::{Hooks, MAX_DEPTH};
use hpy::prelude::*;
use hpy::{PyResult, TreeBuilder};
use simd_json::{Buffers, INPUT_PADDING, Node, StaticNode, Tape};
use std::cell::RefCell;

/// Memory for documents that is kept for the next one, up to this much text.
const KEPT: usize = 4 << 20;

/// What parsing a document needs beside it.
struct Memory {
    text: Vec<u8>,
    buffers: Buffers,
    tape: Tape<'static>,
}

thread_local! {
    /// Taken while a document is parsed: destructors of Python's may parse another one meanwhile.
    static MEMORY: RefCell<Option<Memory>> = const { RefCell::new(None) };
}

/// The objects of a document, None where it is not one for the quick way.
pub fn loads<'ctx>(
    ctx: Ctx<'ctx>,
    text: &str,
    hooks: &Hooks<'ctx>,
) -> PyResult<'ctx, Option<Handle<'ctx>>> {
    if hooks.any() || text.is_empty() {
        return Ok(None);
    }
    let Memory { text: mut copy, mut buffers, tape } =
        MEMORY.with_borrow_mut(Option::take).unwrap_or_else(|| Memory {
            text: Vec::new(),
            buffers: Buffers::with_max_depth(text.len(), MAX_DEPTH),
            tape: Tape::null(),
        });
    // simd-json unescapes in place and reads past the end.
    copy.clear();
    copy.reserve(text.len() + INPUT_PADDING);
    copy.extend_from_slice(text.as_bytes());
    copy.resize(text.len() + INPUT_PADDING, b' ');
    let mut tape = tape.reset();
    let parsed = simd_json::fill_tape_padded(&mut copy, text.len(), &mut buffers, &mut tape);
    let made = match parsed {
        Ok(()) => build(ctx, &tape.0).map(Some),
        Err(_) => Ok(None),
    };
    let tape = tape.reset();
    if copy.capacity() <= KEPT {
        MEMORY.set(Some(Memory { text: copy, buffers, tape }));
    }
    made
}

/// A container whose end has not been reached.
#[derive(Clone, Copy)]
struct Open {
    /// How many nodes of its own are to come; even where the next is a key.
    left: usize,
    len: usize,
    is_dict: bool,
}

fn build<'ctx>(ctx: Ctx<'ctx>, tape: &[Node<'_>]) -> PyResult<'ctx, Handle<'ctx>> {
    let mut tree = TreeBuilder::new(ctx)?;
    let mut above: Vec<Open> = Vec::new();
    let mut open = Open { left: usize::MAX, len: 0, is_dict: false };
    for node in tape {
        match node {
            Node::String(text) if open.is_dict && open.left.is_multiple_of(2) => tree.key(text)?,
            Node::String(text) => tree.str(text)?,
            Node::Static(StaticNode::I64(value)) => tree.int(*value)?,
            Node::Static(StaticNode::U64(value)) => match i64::try_from(*value) {
                Ok(value) => tree.int(value)?,
                Err(_) => tree.uint(*value)?,
            },
            Node::Static(StaticNode::F64(value)) => tree.float(*value)?,
            Node::Static(StaticNode::Bool(value)) => tree.bool(*value)?,
            Node::Static(StaticNode::Null) => tree.none()?,
            Node::Object { len: 0, .. } => tree.dict(0)?,
            Node::Array { len: 0, .. } => tree.list(0)?,
            Node::Object { len, .. } => {
                above.push(open);
                open = Open { left: 2 * len, len: *len, is_dict: true };
                continue;
            }
            Node::Array { len, .. } => {
                above.push(open);
                open = Open { left: *len, len: *len, is_dict: false };
                continue;
            }
        }
        open.left -= 1;
        while open.left == 0 {
            if open.is_dict {
                tree.dict(open.len)?
            } else {
                tree.list(open.len)?
            };
            let Some(outer) = above.pop() else { break };
            open = outer;
            open.left -= 1;
        }
    }
    tree.pop()
}
