//! The exact way: everything that the standard library's decoder takes, with its hooks and its errors.
//!
//! Without recursion: a document may be nested as deep as [`MAX_DEPTH`].

use crate::fastjson::DECODE_ERROR;
use crate::text::{Unescaped, push_wtf8};
use hpy::exc::RecursionError;
use hpy::prelude::*;
use hpy::{PyErr, TreeBuilder};
use std::sync::atomic::{AtomicBool, Ordering};

/// How deep documents may be nested.
pub const MAX_DEPTH: usize = 1000;

/// Whether this Python's json tells trailing commas from other errors.
static KNOWS_TRAILING_COMMAS: AtomicBool = AtomicBool::new(false);

/// Asks which Python this is.
pub fn learn_version(ctx: Ctx<'_>) -> PyResult<'_> {
    let version: i64 = ctx.import(c"sys")?.getattr(c"hexversion")?.extract()?;
    KNOWS_TRAILING_COMMAS.store(version >= 0x030d_0000, Ordering::Relaxed);
    Ok(())
}

/// What the caller wants to be asked.
pub struct Hooks<'ctx> {
    pub object: Option<Ref<'ctx>>,
    pub pairs: Option<Ref<'ctx>>,
    pub float: Option<Ref<'ctx>>,
    pub int: Option<Ref<'ctx>>,
    pub constant: Option<Ref<'ctx>>,
    /// Whether control characters in strings are errors.
    pub strict: bool,
}

impl Hooks<'_> {
    /// Whether anything is other than by default.
    pub fn any(&self) -> bool {
        let hooks = [&self.object, &self.pairs, &self.float, &self.int, &self.constant];
        !self.strict || hooks.iter().any(|hook| hook.is_some())
    }
}

/// A document as UTF-8, lone surrogates encoded too, and as the str that it is.
pub struct Document<'d, 'ctx> {
    pub bytes: &'d [u8],
    /// Whether there are no lone surrogates.
    pub is_utf8: bool,
    pub object: &'d Handle<'ctx, Str>,
}

/// The objects of a document.
pub fn loads<'ctx>(
    ctx: Ctx<'ctx>,
    document: &Document<'_, 'ctx>,
    hooks: &Hooks<'ctx>,
) -> PyResult<'ctx, Handle<'ctx>> {
    let tree = TreeBuilder::new(ctx)?;
    let mut parser =
        Parser { ctx, document, hooks, at: 0, tree, buffer: Vec::new(), is_wtf8: false };
    if document.bytes.starts_with("\u{feff}".as_bytes()) {
        return Err(parser.error("Unexpected UTF-8 BOM (decode using utf-8-sig)", 0));
    }
    parser.skip_space();
    parser.value()?;
    parser.skip_space();
    if parser.at < document.bytes.len() {
        return Err(parser.error("Extra data", parser.at));
    }
    parser.tree.pop()
}

/// A container whose end has not been reached: how many items it has until now.
enum Open {
    List(usize),
    Dict(usize),
}

struct Parser<'d, 'ctx> {
    ctx: Ctx<'ctx>,
    document: &'d Document<'d, 'ctx>,
    hooks: &'d Hooks<'ctx>,
    at: usize,
    tree: TreeBuilder<'ctx, 'd>,
    /// A string without its escapes, and whether there are surrogates in it.
    buffer: Vec<u8>,
    is_wtf8: bool,
}

impl<'d, 'ctx> Parser<'d, 'ctx> {
    /// JSONDecodeError at a place in the bytes; Python counts code points.
    #[cold]
    fn error(&self, message: &str, at: usize) -> PyErr<'ctx> {
        let before = &self.document.bytes[..at.min(self.document.bytes.len())];
        let position = before.iter().filter(|byte| **byte & 0xc0 != 0x80).count();
        let Some(kind) = DECODE_ERROR.get(self.ctx) else {
            return ValueError::new(message.to_owned());
        };
        match kind.call((message, self.document.object, position)) {
            Ok(error) => PyErr::from_value(&error),
            Err(error) => error,
        }
    }

    fn peek(&self) -> u8 {
        self.document.bytes.get(self.at).copied().unwrap_or(0)
    }

    fn skip_space(&mut self) {
        while matches!(self.peek(), b' ' | b'\t' | b'\n' | b'\r') {
            self.at += 1;
        }
    }

    /// A value with all that is in it.
    fn value(&mut self) -> PyResult<'ctx> {
        let mut above: Vec<Open> = Vec::new();
        loop {
            match self.peek() {
                b'{' | b'[' => {
                    if above.len() == MAX_DEPTH {
                        return Err(self.too_deep());
                    }
                    let is_list = self.peek() == b'[';
                    self.at += 1;
                    self.skip_space();
                    if is_list && self.peek() != b']' {
                        above.push(Open::List(0));
                        continue;
                    }
                    if !is_list && self.peek() != b'}' {
                        self.key()?;
                        above.push(Open::Dict(0));
                        continue;
                    }
                    self.at += 1;
                    if is_list { self.tree.list(0)? } else { self.dict(0)? }
                }
                _ => self.scalar()?,
            }
            // The value belongs to the innermost container, which may end with it, and so on.
            loop {
                let Some(open) = above.last_mut() else { return Ok(()) };
                let (count, end, what) = match open {
                    Open::List(count) => (count, b']', "array"),
                    Open::Dict(count) => (count, b'}', "object"),
                };
                *count += 1;
                let count = *count;
                let is_dict = end == b'}';
                if is_dict && self.hooks.pairs.is_some() {
                    self.tree.tuple(2)?;
                }
                self.skip_space();
                if self.peek() == end {
                    self.at += 1;
                    if is_dict {
                        self.dict(count)?
                    } else {
                        self.tree.list(count)?
                    }
                    above.pop();
                    continue;
                }
                if self.peek() != b',' {
                    return Err(self.error("Expecting ',' delimiter", self.at));
                }
                let comma = self.at;
                self.at += 1;
                self.skip_space();
                if self.peek() == end && KNOWS_TRAILING_COMMAS.load(Ordering::Relaxed) {
                    let message = format!("Illegal trailing comma before end of {what}");
                    return Err(self.error(&message, comma));
                }
                if is_dict {
                    self.key()?;
                }
                break;
            }
        }
    }

    #[cold]
    fn too_deep(&self) -> PyErr<'ctx> {
        let what = if self.peek() == b'[' { "array" } else { "object" };
        RecursionError::new(format!(
            "maximum recursion depth exceeded while decoding a JSON {what} from a unicode string"
        ))
    }

    /// The dict of the topmost pairs, or what the hooks make of it.
    fn dict(&mut self, count: usize) -> PyResult<'ctx> {
        let hook = match (self.hooks.pairs, self.hooks.object) {
            (Some(hook), _) => {
                self.tree.list(count)?;
                hook
            }
            (None, Some(hook)) => {
                self.tree.dict(count)?;
                hook
            }
            (None, None) => return self.tree.dict(count),
        };
        let made = self.tree.pop()?;
        self.tree.push(hook.call((made,))?)
    }

    /// A key, the colon, and the space around it.
    fn key(&mut self) -> PyResult<'ctx> {
        if self.peek() != b'"' {
            let message = "Expecting property name enclosed in double quotes";
            return Err(self.error(message, self.at));
        }
        self.string(true)?;
        self.skip_space();
        if self.peek() != b':' {
            return Err(self.error("Expecting ':' delimiter", self.at));
        }
        self.at += 1;
        self.skip_space();
        Ok(())
    }

    /// Anything but a list or dict.
    fn scalar(&mut self) -> PyResult<'ctx> {
        match self.peek() {
            b'"' => return self.string(false),
            b'-' | b'0'..=b'9' => {
                if self.number()? {
                    return Ok(());
                }
            }
            _ => {}
        }
        let rest = &self.document.bytes[self.at..];
        for (word, value) in [("null", None), ("true", Some(true)), ("false", Some(false))] {
            if rest.starts_with(word.as_bytes()) {
                self.at += word.len();
                return match value {
                    None => self.tree.none(),
                    Some(value) => self.tree.bool(value),
                };
            }
        }
        let constants =
            [("NaN", f64::NAN), ("Infinity", f64::INFINITY), ("-Infinity", f64::NEG_INFINITY)];
        for (word, value) in constants {
            if rest.starts_with(word.as_bytes()) {
                self.at += word.len();
                return match self.hooks.constant {
                    None => self.tree.float(value),
                    Some(hook) => self.tree.push(hook.call((word,))?),
                };
            }
        }
        Err(self.error("Expecting value", self.at))
    }

    /// A number; false, and nothing is read, where there is none.
    fn number(&mut self) -> PyResult<'ctx, bool> {
        let rest = &self.document.bytes[self.at..];
        let digits = |from: usize| {
            rest[from.min(rest.len())..].iter().take_while(|byte| byte.is_ascii_digit()).count()
        };
        let sign = usize::from(rest[0] == b'-');
        let mut end = match rest.get(sign) {
            Some(b'0') => sign + 1,
            Some(b'1'..=b'9') => sign + digits(sign),
            _ => return Ok(false),
        };
        let mut is_float = false;
        if rest.get(end) == Some(&b'.') && digits(end + 1) > 0 {
            end += 1 + digits(end + 1);
            is_float = true;
        }
        if matches!(rest.get(end), Some(b'e' | b'E')) {
            let exponent = end + 1 + usize::from(matches!(rest.get(end + 1), Some(b'+' | b'-')));
            if digits(exponent) > 0 {
                end = exponent + digits(exponent);
                is_float = true;
            }
        }
        // Only ASCII was taken.
        let text = core::str::from_utf8(&rest[..end])?;
        self.at += end;
        match (is_float, self.hooks.float, self.hooks.int) {
            (true, Some(hook), _) | (false, _, Some(hook)) => {
                self.tree.push(hook.call((text,))?)?;
            }
            (true, None, _) => self.tree.float(text.parse()?)?,
            (false, _, None) => match text.parse() {
                Ok(value) => self.tree.int(value)?,
                Err(_) => {
                    let int = self.ctx.type_named(c"int")?;
                    self.tree.push(int.call((text,))?)?;
                }
            },
        }
        Ok(true)
    }

    /// A string, from its first quote to behind its last.
    fn string(&mut self, is_key: bool) -> PyResult<'ctx> {
        let bytes: &'d [u8] = self.document.bytes;
        let begin = self.at;
        let start = begin + 1;
        let mut at = start;
        loop {
            match bytes.get(at) {
                None => return Err(self.error("Unterminated string starting at", begin)),
                Some(b'"') => break,
                Some(b'\\') => return self.string_with_escapes(begin, at),
                Some(0..0x20) if self.hooks.strict => {
                    return Err(self.error("Invalid control character at", at));
                }
                Some(_) => at += 1,
            }
        }
        self.at = at + 1;
        let text = &bytes[start..at];
        match core::str::from_utf8(text) {
            Ok(text) if is_key => self.tree.key(text),
            Ok(text) => self.tree.str(text),
            Err(_) => self.tree.wtf8_copied(text),
        }
    }

    /// The same where the first backslash is at `at`.
    fn string_with_escapes(&mut self, begin: usize, mut at: usize) -> PyResult<'ctx> {
        let bytes: &'d [u8] = self.document.bytes;
        self.buffer.clear();
        self.buffer.extend_from_slice(&bytes[begin + 1..at]);
        self.is_wtf8 = !self.document.is_utf8;
        loop {
            match bytes.get(at) {
                None => return Err(self.error("Unterminated string starting at", begin)),
                Some(b'"') => break,
                Some(b'\\') => {
                    at += 1;
                    let Some(escape) = bytes.get(at) else {
                        return Err(self.error("Unterminated string starting at", begin));
                    };
                    at = match escape {
                        b'u' => self.unicode_escape(at)?,
                        b'"' | b'\\' | b'/' => self.add(*escape, at),
                        b'b' => self.add(8, at),
                        b'f' => self.add(12, at),
                        b'n' => self.add(b'\n', at),
                        b'r' => self.add(b'\r', at),
                        b't' => self.add(b'\t', at),
                        _ => return Err(self.error("Invalid \\escape", at - 1)),
                    };
                }
                Some(0..0x20) if self.hooks.strict => {
                    return Err(self.error("Invalid control character at", at));
                }
                Some(byte) => at = self.add(*byte, at),
            }
        }
        self.at = at + 1;
        let buffer = core::mem::take(&mut self.buffer);
        let done = match core::str::from_utf8(&buffer) {
            Ok(text) if !self.is_wtf8 => self.tree.str_copied(text),
            _ => self.tree.wtf8_copied(&buffer),
        };
        self.buffer = buffer;
        done
    }

    fn add(&mut self, byte: u8, at: usize) -> usize {
        self.buffer.push(byte);
        at + 1
    }

    /// `\uXXXX`, two of them where they are a pair of surrogates; `at` is that of the first `u`.
    fn unicode_escape(&mut self, at: usize) -> PyResult<'ctx, usize> {
        let bytes = self.document.bytes;
        let Some(first) = bytes.get(at + 1..at + 5).and_then(hex) else {
            return Err(self.error("Invalid \\uXXXX escape", at));
        };
        let mut point = first;
        let mut next = at + 5;
        if (0xd800..0xdc00).contains(&first) && bytes[next..].starts_with(b"\\u") {
            let Some(second) = bytes.get(next + 2..next + 6).and_then(hex) else {
                return Err(self.error("Invalid \\uXXXX escape", next + 1));
            };
            if (0xdc00..0xe000).contains(&second) {
                point = 0x1_0000 + ((first - 0xd800) << 10 | (second - 0xdc00));
                next += 6;
            }
        }
        match push_wtf8(&mut self.buffer, point) {
            Unescaped::Character => {}
            Unescaped::Surrogate => self.is_wtf8 = true,
        }
        Ok(next)
    }
}

fn hex(digits: &[u8]) -> Option<u32> {
    digits
        .iter()
        .try_fold(0, |value, digit| char::from(*digit).to_digit(16).map(|digit| value << 4 | digit))
}
