//! The quick way: hifijson takes a document apart, a tree builder makes objects of the parts.
//!
//! hifijson looks at each byte by itself: the plain parts of strings are found here, eight bytes at a time, and ints
//! read here; floats are fast-float2's.
//!
//! It takes what RFC 8259 allows. The standard library takes more (NaN, lone surrogates, integers of any size),
//! has hooks, and words its errors in its own way: for all of that [`loads`] says None, and the exact parser
//! reads the document from its start.
//!
//! Without recursion: a document may be nested as deep as [`MAX_DEPTH`].

use crate::exact::{Hooks, MAX_DEPTH};
use crate::text::ends_plain;
use core::mem::replace;
use hifijson::escape::Lex as _;
use hifijson::token::Lex as _;
use hifijson::{Read, SliceLexer, Write};
use hpy::prelude::*;
use hpy::{PyErr, PyResult, TreeBuilder};

/// Why the quick way ends before the document does.
enum Stop<'ctx> {
    /// It is not a document for it.
    Unfit,
    Failed(PyErr<'ctx>),
}

impl<'ctx> From<PyErr<'ctx>> for Stop<'ctx> {
    fn from(error: PyErr<'ctx>) -> Self {
        Stop::Failed(error)
    }
}

type Step<'ctx, T = ()> = Result<T, Stop<'ctx>>;

/// The objects of a document, None where it is not one for the quick way.
pub fn loads<'ctx>(
    ctx: Ctx<'ctx>,
    text: &str,
    hooks: &Hooks<'ctx>,
) -> PyResult<'ctx, Option<Handle<'ctx>>> {
    if hooks.any() {
        return Ok(None);
    }
    let mut tree = TreeBuilder::new(ctx)?;
    match document(text, &mut tree) {
        Ok(()) => tree.pop().map(Some),
        Err(Stop::Unfit) => Ok(None),
        Err(Stop::Failed(error)) => Err(error),
    }
}

/// What the next value belongs to, and how many values that has until now.
enum Open {
    Document,
    List(usize),
    Dict(usize),
}

fn document<'ctx, 't>(text: &'t str, tree: &mut TreeBuilder<'ctx, 't>) -> Step<'ctx> {
    let mut lexer = SliceLexer::new(text.as_bytes());
    let mut buffer = String::new();
    let mut above: Vec<Open> = Vec::new();
    let mut open = Open::Document;
    let mut next = lexer.ws_peek();
    loop {
        match next {
            Some(b'{' | b'[') if above.len() == MAX_DEPTH => return Err(Stop::Unfit),
            Some(b'"') => string(&mut lexer, &mut buffer, tree, TreeBuilder::str)?,
            Some(b'-' | b'0'..=b'9') => number(&mut lexer, tree)?,
            Some(b'{') => {
                next = lexer.discarded().ws_peek();
                if next == Some(b'}') {
                    lexer.take_next();
                    tree.dict(0)?;
                } else {
                    above.push(replace(&mut open, Open::Dict(0)));
                    next = key(next, &mut lexer, &mut buffer, tree)?;
                    continue;
                }
            }
            Some(b'[') => {
                next = lexer.discarded().ws_peek();
                if next == Some(b']') {
                    lexer.take_next();
                    tree.list(0)?;
                } else {
                    above.push(replace(&mut open, Open::List(0)));
                    continue;
                }
            }
            _ => match lexer.null_or_bool() {
                Some(Some(value)) => tree.bool(value)?,
                Some(None) => tree.none()?,
                None => return Err(Stop::Unfit),
            },
        }
        // The value belongs to the innermost container, which may end with it, and so on.
        loop {
            let behind = lexer.ws_peek();
            lexer.take_next();
            match (&mut open, behind) {
                (Open::Document, None) => return Ok(()),
                (Open::List(count), Some(b',')) => {
                    *count += 1;
                    next = lexer.ws_peek();
                    break;
                }
                (Open::Dict(count), Some(b',')) => {
                    *count += 1;
                    next = lexer.ws_peek();
                    next = key(next, &mut lexer, &mut buffer, tree)?;
                    break;
                }
                (Open::List(count), Some(b']')) => tree.list(*count + 1)?,
                (Open::Dict(count), Some(b'}')) => tree.dict(*count + 1)?,
                _ => return Err(Stop::Unfit),
            }
            open = above.pop().unwrap_or(Open::Document);
        }
    }
}

/// A key and its colon, if `next` begins one; gives what is next.
#[inline(always)]
fn key<'ctx, 't>(
    next: Option<u8>,
    lexer: &mut SliceLexer<'t>,
    buffer: &mut String,
    tree: &mut TreeBuilder<'ctx, 't>,
) -> Step<'ctx, Option<u8>> {
    if next != Some(b'"') {
        return Err(Stop::Unfit);
    }
    string(lexer, buffer, tree, TreeBuilder::key)?;
    lexer.expect(SliceLexer::ws_peek, b':').ok_or(Stop::Unfit)?;
    Ok(lexer.ws_peek())
}

/// What comes before a quote, a backslash or a control character.
#[inline(always)]
fn plain<'t>(lexer: &mut SliceLexer<'t>) -> &'t str {
    let bytes = lexer.as_slice();
    let mut length = 0;
    // The lexer looks at each byte by itself: what is left to it here is the end of the document.
    while let Some(eight) = bytes[length..].first_chunk() {
        let ends = ends_plain(u64::from_le_bytes(*eight));
        if ends != 0 {
            length += ends.trailing_zeros() as usize / 8;
            break;
        }
        length += 8;
    }
    *lexer = SliceLexer::new(&bytes[length..]);
    let mut more: &[u8] = &[];
    lexer.write_until(&mut more, |byte| matches!(byte, b'"' | b'\\' | 0..0x20));
    // SAFETY: the lexer reads a str, and was behind an ASCII character of it; what was found ends before another
    // one, or with the str.
    unsafe { core::str::from_utf8_unchecked(&bytes[..length + more.len()]) }
}

/// A string, which goes to `push` if it is a part of the document as it is.
#[inline(always)]
fn string<'ctx, 't>(
    lexer: &mut SliceLexer<'t>,
    buffer: &mut String,
    tree: &mut TreeBuilder<'ctx, 't>,
    push: impl FnOnce(&mut TreeBuilder<'ctx, 't>, &'t str) -> PyResult<'ctx>,
) -> Step<'ctx> {
    let text = plain(lexer.discarded());
    match lexer.take_next() {
        Some(b'"') => push(tree, text)?,
        Some(b'\\') => {
            buffer.clear();
            buffer.push_str(text);
            let rest = unescape(lexer.as_slice(), buffer).ok_or(Stop::Unfit)?;
            *lexer = SliceLexer::new(rest);
            tree.str_copied(buffer)?;
        }
        _ => return Err(Stop::Unfit),
    }
    Ok(())
}

/// Adds to the buffer a string that is in `bytes` from behind its first backslash on; gives what follows it.
#[inline(never)]
fn unescape<'t>(bytes: &'t [u8], buffer: &mut String) -> Option<&'t [u8]> {
    let mut lexer = SliceLexer::new(bytes);
    loop {
        let kind = lexer.take_next()?;
        buffer.push(lexer.escape(kind).ok()?);
        buffer.push_str(plain(&mut lexer));
        match lexer.take_next()? {
            b'"' => return Some(lexer.as_slice()),
            b'\\' => {}
            _ => return None,
        }
    }
}

/// So many digits are always a u64.
const MOST_DIGITS: usize = 19;

/// A number. Ints of more than 64 bits are not for the quick way.
#[inline(always)]
fn number<'ctx>(lexer: &mut SliceLexer<'_>, tree: &mut TreeBuilder<'ctx, '_>) -> Step<'ctx> {
    let bytes = lexer.as_slice();
    let (is_negative, digits) = match bytes.strip_prefix(b"-") {
        Some(digits) => (true, digits),
        None => (false, bytes),
    };
    let mut value: u64 = 0;
    let mut count = 0;
    while let Some(digit @ b'0'..=b'9') = digits.get(count) {
        value = value.wrapping_mul(10).wrapping_add(u64::from(digit - b'0'));
        count += 1;
    }
    if count == 0 || (count > 1 && digits[0] == b'0') {
        return Err(Stop::Unfit);
    }
    let rest = &digits[count..];
    if let Some(b'.' | b'e' | b'E') = rest.first() {
        // The parser of floats takes more: a point without digits. An exponent without digits it leaves where it
        // is, which then is an error.
        if rest[0] == b'.' && !rest.get(1).is_some_and(u8::is_ascii_digit) {
            return Err(Stop::Unfit);
        }
        let (value, length) = fast_float2::parse_partial(bytes).map_err(|_| Stop::Unfit)?;
        *lexer = SliceLexer::new(&bytes[length..]);
        return Ok(tree.float(value)?);
    }
    if count > MOST_DIGITS {
        return Err(Stop::Unfit);
    }
    *lexer = SliceLexer::new(rest);
    match i64::try_from(value) {
        Ok(value) => tree.int(if is_negative { -value } else { value })?,
        Err(_) if is_negative => return Err(Stop::Unfit),
        Err(_) => tree.uint(value)?,
    }
    Ok(())
}
