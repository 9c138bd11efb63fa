//! The quick way: one pass over the text, which says what it finds to a tree builder.
//!
//! It takes what RFC 8259 allows. The standard library takes more (NaN, lone surrogates, integers of any size), has
//! hooks, and words its errors in its own way: for all of that [`loads`] says None, and the exact parser reads the
//! document from its start.

use crate::decimal::{Number, number};
use crate::exact::{Hooks, MAX_DEPTH};
use crate::scan::{Arena, Text, string};
use hpy::prelude::*;
use hpy::{PyResult, TreeBuilder};

/// The objects of a document, None where it is not one for the quick way.
pub fn loads<'ctx>(
    ctx: Ctx<'ctx>,
    text: &str,
    hooks: &Hooks<'ctx>,
) -> PyResult<'ctx, Option<Handle<'ctx>>> {
    if hooks.any() {
        return Ok(None);
    }
    let arena = Arena::new(text.len());
    let mut reader = Reader { text, arena: &arena, at: 0, tree: TreeBuilder::new(ctx)? };
    if reader.document()? { reader.tree.pop().map(Some) } else { Ok(None) }
}

/// A container whose end has not been reached: how many values, or pairs, it has until now.
#[derive(Clone, Copy)]
struct Open {
    count: usize,
    kind: Kind,
}

#[derive(Clone, Copy, PartialEq)]
enum Kind {
    Document,
    List,
    Dict,
}

struct Reader<'ctx, 't> {
    text: &'t str,
    /// Where strings are that have escapes.
    arena: &'t Arena,
    at: usize,
    tree: TreeBuilder<'ctx, 't>,
}

impl<'ctx> Reader<'ctx, '_> {
    /// The next byte, 0 at the end.
    #[inline(always)]
    fn peek(&self) -> u8 {
        self.text.as_bytes().get(self.at).copied().unwrap_or(0)
    }

    /// The next byte that is no space.
    #[inline(always)]
    fn next(&mut self) -> u8 {
        let mut byte = self.peek();
        while byte <= b' ' {
            if !matches!(byte, b' ' | b'\t' | b'\n' | b'\r') {
                return 0;
            }
            self.at += 1;
            byte = self.peek();
        }
        byte
    }

    /// Reads all of it; false where that is not possible.
    #[inline(never)]
    fn document(&mut self) -> PyResult<'ctx, bool> {
        let mut above: Vec<Open> = Vec::new();
        let mut open = Open { count: 0, kind: Kind::Document };
        loop {
            let byte = self.next();
            match byte {
                b'"' => match string(self.text, &mut self.at, self.arena) {
                    // SAFETY: it is ASCII.
                    Some(Text::Ascii(text)) => unsafe { self.tree.ascii(text)? },
                    Some(Text::Wide(text)) => self.tree.utf8(text)?,
                    None => return Ok(false),
                },
                b'-' | b'0'..=b'9' => match number(self.text.as_bytes(), &mut self.at) {
                    Some(Number::Int(value)) => self.tree.int(value)?,
                    Some(Number::Float(value)) => self.tree.float(value)?,
                    Some(Number::Uint(value)) => self.tree.uint(value)?,
                    None => return Ok(false),
                },
                b'{' | b'[' => {
                    if above.len() == MAX_DEPTH {
                        return Ok(false);
                    }
                    self.at += 1;
                    let first = self.next();
                    // Each bracket's end is two behind it.
                    if first == byte + 2 {
                        self.at += 1;
                        if byte == b'[' { self.tree.list(0)? } else { self.tree.dict(0)? }
                    } else {
                        above.push(open);
                        let kind = if byte == b'[' { Kind::List } else { Kind::Dict };
                        open = Open { count: 0, kind };
                        if kind == Kind::Dict && !self.key(first)? {
                            return Ok(false);
                        }
                        continue;
                    }
                }
                b't' if self.word("true") => self.tree.bool(true)?,
                b'f' if self.word("false") => self.tree.bool(false)?,
                b'n' if self.word("null") => self.tree.none()?,
                _ => return Ok(false),
            }
            // The value belongs to the innermost container, which may end with it, and so on.
            loop {
                open.count += 1;
                let byte = self.next();
                let end = match open.kind {
                    Kind::List => b']',
                    Kind::Dict => b'}',
                    // `next` also stops at bytes that are no space.
                    Kind::Document => return Ok(self.at == self.text.len()),
                };
                if byte == b',' {
                    self.at += 1;
                    if open.kind == Kind::Dict {
                        let byte = self.next();
                        if !self.key(byte)? {
                            return Ok(false);
                        }
                    }
                    break;
                }
                if byte != end {
                    return Ok(false);
                }
                self.at += 1;
                if open.kind == Kind::Dict {
                    self.tree.dict(open.count)?;
                } else {
                    self.tree.list(open.count)?;
                }
                let Some(outer) = above.pop() else { return Ok(false) };
                open = outer;
            }
        }
    }

    /// A key and the colon behind it, where `byte` is what comes next.
    #[inline(always)]
    fn key(&mut self, byte: u8) -> PyResult<'ctx, bool> {
        if byte != b'"' {
            return Ok(false);
        }
        match string(self.text, &mut self.at, self.arena) {
            Some(Text::Ascii(text) | Text::Wide(text)) => self.tree.key(text)?,
            None => return Ok(false),
        }
        if self.next() != b':' {
            return Ok(false);
        }
        self.at += 1;
        Ok(true)
    }

    #[inline(always)]
    fn word(&mut self, word: &str) -> bool {
        let there = self.text.as_bytes()[self.at..].starts_with(word.as_bytes());
        self.at += word.len();
        there
    }
}
