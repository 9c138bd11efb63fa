//! The quick way to write: one pass over objects of plain types, while nothing else happens in Python.
//!
//! Behind each key and each value there is a separator at once; the last one of a container is taken back. What this way
//! does not know, and all errors, are for the general writer, which then writes the object from its start.

use crate::number::{LONGEST, write_float, write_int};
use crate::separators::{MOST, Short};
use crate::text::{copy_plain, write_quoted};
use crate::wide::{Unit, write_wide};
use crate::write::{Given, KEPT, MAX_DEPTH, MEMORY, Options, object_of};
use hpy::prelude::*;
use hpy::{Container, Leaf, Visit};

/// The text of an object; None where the general writer is to write it.
pub fn dumps<'ctx>(
    object: Ref<'ctx>,
    options: &Options<'ctx>,
    given: Given,
) -> PyResult<'ctx, Option<Handle<'ctx>>> {
    let separators = &options.separators;
    let Some([item, key]) = separators.short() else { return Ok(None) };
    let (Some(quoted_item), Some(quoted_key)) = (item.quoted(), key.quoted()) else {
        return Ok(None);
    };
    if options.sort_keys || separators.is_wtf8 {
        return Ok(None);
    }
    let mut out = MEMORY.take();
    out.clear();
    let (ascii, allow_nan) = (options.ascii, options.allow_nan);
    let item = Behind { plain: item, quoted: quoted_item };
    let key = Behind { plain: key, quoted: quoted_key };
    let mut plain = Plain { out, item, key, ascii, allow_nan, depth: 0 };
    // SAFETY: it writes to memory of its own.
    let is_written = unsafe { hpy::visit(object, &mut plain) };
    let mut out = plain.out;
    let made = if is_written {
        out.truncate(out.len() - item.plain.length);
        object_of(object.ctx(), &out, given, false).map(Some)
    } else {
        Ok(None)
    };
    if out.capacity() <= KEPT {
        MEMORY.set(out);
    }
    made
}

/// What is behind a key or a value, and what is behind its quotes if it has some: these and that.
#[derive(Clone, Copy)]
struct Behind {
    plain: Short,
    quoted: Short,
}

struct Plain {
    out: Vec<u8>,
    item: Behind,
    key: Behind,
    ascii: bool,
    allow_nan: bool,
    depth: usize,
}

impl Visit for Plain {
    #[inline(always)]
    fn value(&mut self, value: Leaf<'_>) -> bool {
        match value {
            Leaf::Ascii(text) => self.text(text.as_bytes(), self.item),
            Leaf::Int(value) => {
                // SAFETY: there is the room that `add` is asked for.
                self.add(LONGEST, self.item.plain, |to| unsafe { to.add(write_int(to, value)) });
            }
            Leaf::Float(value) => {
                if !value.is_finite() {
                    return self.not_finite(value, self.item.plain);
                }
                // SAFETY: as above.
                self.add(LONGEST, self.item.plain, |to| unsafe { to.add(write_float(to, value)) });
            }
            Leaf::None => self.word(b"null", self.item.plain),
            Leaf::Bool(true) => self.word(b"true", self.item.plain),
            Leaf::Bool(false) => self.word(b"false", self.item.plain),
            Leaf::Latin1(text) => return self.wide(text, self.item.plain),
            Leaf::Ucs2(text) => return self.wide(text, self.item.plain),
            Leaf::Ucs4(text) => return self.wide(text, self.item.plain),
        }
        true
    }

    #[inline(always)]
    fn key(&mut self, key: Leaf<'_>) -> bool {
        match key {
            Leaf::Ascii(text) => {
                self.text(text.as_bytes(), self.key);
                true
            }
            other => self.other_key(other),
        }
    }

    #[inline(always)]
    fn start(&mut self, container: Container) -> bool {
        self.depth += 1;
        let bracket = if container == Container::Dict { b'{' } else { b'[' };
        self.out.push(bracket);
        self.depth <= MAX_DEPTH
    }

    #[inline(always)]
    fn end(&mut self, container: Container) -> bool {
        self.depth -= 1;
        let bracket = if container == Container::Dict { b'}' } else { b']' };
        let length = self.out.len() - self.item.plain.length;
        self.out.truncate(length);
        self.add(1, self.item.plain, |to| {
            // SAFETY: there is room.
            unsafe {
                to.write(bracket);
                to.add(1)
            }
        });
        true
    }

    #[inline(always)]
    fn empty(&mut self, container: Container) -> bool {
        let brackets = if container == Container::Dict { b"{}" } else { b"[]" };
        self.word(brackets, self.item.plain);
        // As if it were entered.
        self.depth < MAX_DEPTH
    }
}

impl Plain {
    /// Adds up to `room` bytes and what is behind them. `write` gets room for so many and returns their end.
    #[inline(always)]
    fn add(&mut self, room: usize, behind: Short, write: impl FnOnce(*mut u8) -> *mut u8) {
        self.out.reserve(room + MOST);
        // SAFETY: there is room; all up to the end was written.
        unsafe {
            let end = write(self.out.as_mut_ptr().add(self.out.len()));
            behind.write(end);
            let length = end.offset_from_unsigned(self.out.as_ptr()) + behind.length;
            self.out.set_len(length);
        }
    }

    #[inline(always)]
    fn word<const N: usize>(&mut self, word: &[u8; N], behind: Short) {
        self.add(N, behind, |to| {
            // SAFETY: there is room.
            unsafe {
                to.cast::<[u8; N]>().write_unaligned(*word);
                to.add(N)
            }
        });
    }

    /// A str that is ASCII.
    #[inline(always)]
    fn text(&mut self, text: &[u8], behind: Behind) {
        self.out.reserve(text.len() + 1 + MOST);
        // SAFETY: there is room for a quote, the text, and what is behind it with the other quote.
        unsafe {
            let start = self.out.as_mut_ptr().add(self.out.len());
            start.write(b'"');
            if copy_plain(text, start.add(1)) {
                behind.quoted.write(start.add(1 + text.len()));
                self.out.set_len(self.out.len() + 1 + text.len() + behind.quoted.length);
                return;
            }
        }
        self.escaped(text, behind.plain);
    }

    #[inline(never)]
    fn escaped(&mut self, text: &[u8], behind: Short) {
        write_quoted(&mut self.out, text, self.ascii);
        self.add(0, behind, |to| to);
    }

    /// Any other str; false where lone surrogates are written.
    #[inline(never)]
    fn wide<U: Unit>(&mut self, text: &[U], behind: Short) -> bool {
        let is_wtf8 = write_wide(&mut self.out, text, self.ascii);
        self.add(0, behind, |to| to);
        !is_wtf8
    }

    #[inline(never)]
    fn not_finite(&mut self, value: f64, behind: Short) -> bool {
        match value {
            f64::INFINITY => self.word(b"Infinity", behind),
            f64::NEG_INFINITY => self.word(b"-Infinity", behind),
            _ => self.word(b"NaN", behind),
        }
        self.allow_nan
    }

    /// A key that is no ASCII: text, or what is in quotes.
    #[inline(never)]
    fn other_key(&mut self, key: Leaf<'_>) -> bool {
        match key {
            Leaf::Latin1(text) => self.wide(text, self.key.plain),
            Leaf::Ucs2(text) => self.wide(text, self.key.plain),
            Leaf::Ucs4(text) => self.wide(text, self.key.plain),
            other => {
                self.out.push(b'"');
                let item = core::mem::replace(
                    &mut self.item,
                    Behind { plain: self.key.quoted, quoted: self.key.quoted },
                );
                let goes_on = self.value(other);
                self.item = item;
                goes_on
            }
        }
    }
}
