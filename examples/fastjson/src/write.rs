//! `dumps`.

use crate::number::{self, write_float, write_int};
use crate::plain;
use crate::separators::{MOST, Separators, Short, text_of};
use crate::text::{copy_plain, write_quoted};
use crate::wide::{Unit, write_wide};
use hpy::exc::RecursionError;
use hpy::prelude::*;
use hpy::{Step, TreeBuilder, Walk, WalkOptions};
use std::cell::RefCell;

/// How deep objects may be nested.
pub const MAX_DEPTH: usize = 1000;
/// Memory that is kept for the next text.
pub const KEPT: usize = 4 << 20;

/// The other arguments of `dumps`.
pub struct Options<'ctx> {
    pub skip_keys: bool,
    pub ascii: bool,
    pub check_circular: bool,
    pub allow_nan: bool,
    pub sort_keys: bool,
    pub default: Option<Ref<'ctx>>,
    pub separators: Separators,
}

thread_local! {
    pub static MEMORY: RefCell<Vec<u8>> = const { RefCell::new(Vec::new()) };
}

/// What a text is given as.
#[derive(Clone, Copy, PartialEq)]
pub enum Given {
    Str,
    Bytes,
}

/// The text of an object.
pub fn dumps<'ctx>(
    object: Ref<'ctx>,
    options: Options<'ctx>,
    given: Given,
) -> PyResult<'ctx, Handle<'ctx>> {
    let ctx = object.ctx();
    if let Some(made) = plain::dumps(object, &options, given)? {
        return Ok(made);
    }
    let walking =
        WalkOptions { check_circular: options.check_circular, sort_keys: options.sort_keys };
    // SAFETY: texts are written before anything is done with Python again.
    let mut walk = unsafe { Walk::new_borrowing(ctx, walking)? };
    walk.start(object)?;
    let mut out = MEMORY.take();
    out.clear();
    let is_wtf8 = options.separators.is_wtf8;
    let short = options.separators.short();
    let is_short = short.is_some();
    let [item, key] = short.unwrap_or([Short::NONE; 2]);
    let (place, above) = (Place::Alone, Vec::new());
    let mut writer = Writer { ctx, out, options, item, key, place, above, is_wtf8 };
    let written =
        if is_short { writer.write::<true>(&mut walk) } else { writer.write::<false>(&mut walk) };
    let text = written.and_then(|()| object_of(ctx, &writer.out, given, writer.is_wtf8));
    if writer.out.capacity() <= KEPT {
        MEMORY.set(core::mem::take(&mut writer.out));
    }
    text
}

/// What was written, as an object. It is UTF-8, unless `is_wtf8`: UnicodeEncodeError for bytes of lone surrogates.
pub fn object_of<'ctx>(
    ctx: Ctx<'ctx>,
    out: &[u8],
    given: Given,
    is_wtf8: bool,
) -> PyResult<'ctx, Handle<'ctx>> {
    if given == Given::Bytes && !is_wtf8 {
        return Bytes::new(ctx, out).map(Handle::into_any);
    }
    let mut tree = TreeBuilder::new(ctx)?;
    if is_wtf8 {
        tree.wtf8_copied(out)?;
    } else {
        // SAFETY: only whole texts that are UTF-8, and ASCII, are written while `is_wtf8` is false.
        tree.str(unsafe { core::str::from_utf8_unchecked(out) })?;
    }
    match given {
        Given::Str => tree.pop(),
        Given::Bytes => tree.pop()?.call_method(c"encode", (c"utf-8",)),
    }
}

/// What the next step of the walk is.
#[derive(Clone, Copy, PartialEq)]
enum Place {
    /// The only value of what the walk has entered.
    Alone,
    Value,
    FirstItem,
    Item,
    FirstKey,
    Key,
}

impl Place {
    /// Whether something is before it that it is to be separated from.
    #[inline(always)]
    fn is_later(self) -> bool {
        matches!(self, Place::Item | Place::Key)
    }

    #[inline(always)]
    fn is_key(self) -> bool {
        matches!(self, Place::FirstKey | Place::Key)
    }

    /// The place behind it.
    #[inline(always)]
    fn next(self) -> Place {
        const NEXT: [Place; 6] =
            [Place::Alone, Place::Key, Place::Item, Place::Item, Place::Value, Place::Value];
        NEXT[self as usize]
    }
}

struct Writer<'ctx> {
    ctx: Ctx<'ctx>,
    out: Vec<u8>,
    options: Options<'ctx>,
    /// What is between items and behind keys. Where that is not short, and where there are line breaks, `SHORT` of
    /// the methods is false.
    item: Short,
    key: Short,
    place: Place,
    /// The same for the containers around that of `place`.
    above: Vec<Place>,
    is_wtf8: bool,
}

impl<'ctx> Writer<'ctx> {
    fn write<const SHORT: bool>(&mut self, walk: &mut Walk<'ctx>) -> PyResult<'ctx> {
        while let Some(step) = walk.next()? {
            match step {
                Step::Ascii(text) => self.ascii::<SHORT>(text.as_bytes()),
                // SAFETY: `number` sees to the room.
                Step::Int(value) => self.number::<SHORT>(|to| unsafe { write_int(to, value) }),
                Step::Float(value) => {
                    if !value.is_finite() {
                        self.not_finite::<SHORT>(value)?;
                        continue;
                    }
                    // SAFETY: as above.
                    self.number::<SHORT>(|to| unsafe { write_float(to, value) });
                }
                Step::None => self.word::<SHORT, _>(b"null"),
                Step::Bool(true) => self.word::<SHORT, _>(b"true"),
                Step::Bool(false) => self.word::<SHORT, _>(b"false"),
                Step::End => self.end::<SHORT>()?,
                Step::List(_) | Step::Tuple(_) => self.start::<SHORT>(b'[', Place::FirstItem)?,
                Step::Dict(_) => self.start::<SHORT>(b'{', Place::FirstKey)?,
                Step::Latin1(text) => self.wide::<SHORT, _>(text),
                Step::Ucs2(text) => self.wide::<SHORT, _>(text),
                Step::Ucs4(text) => self.wide::<SHORT, _>(text),
                Step::Str(text) => self.string::<SHORT>(text)?,
                Step::LargeInt(int) => self.large_int::<SHORT>(int.as_any())?,
                Step::Circular => return Err(ValueError::new("Circular reference detected")),
                Step::Other(object) => self.other::<SHORT>(object, walk)?,
            }
        }
        Ok(())
    }

    /// Writes what is to be before a value or a key, and sees to room for `room` bytes more, and for what is
    /// to be behind. Returns where to go on.
    #[inline(always)]
    fn before<const SHORT: bool>(&mut self, room: usize) -> *mut u8 {
        if !SHORT {
            return self.long_before(room);
        }
        self.out.reserve(room + 2 * MOST);
        // SAFETY: there is that much room.
        unsafe {
            let to = self.out.as_mut_ptr().add(self.out.len());
            self.item.write(to);
            to.add(if self.place.is_later() { self.item.length } else { 0 })
        }
    }

    /// Writes what is to be behind a value or a key.
    ///
    /// # Safety
    /// `to` is behind what was written where [`before`](Writer::before) said.
    #[inline(always)]
    unsafe fn behind<const SHORT: bool>(&mut self, to: *mut u8) {
        // SAFETY: there is room; all bytes up to there were written.
        unsafe {
            let mut length = to.offset_from_unsigned(self.out.as_ptr());
            if SHORT {
                self.key.write(to);
                length += if self.place.is_key() { self.key.length } else { 0 };
            }
            self.out.set_len(length);
        }
        if !SHORT && self.place.is_key() {
            self.out.extend_from_slice(&self.options.separators.key);
        }
        self.place = self.place.next();
    }

    #[inline(never)]
    fn long_before(&mut self, room: usize) -> *mut u8 {
        if self.place.is_later() {
            self.out.extend_from_slice(&self.options.separators.item);
        }
        if !matches!(self.place, Place::Alone | Place::Value) {
            self.new_line(1);
        }
        self.out.reserve(room + 2 * MOST);
        // SAFETY: the end of the memory that is in use.
        unsafe { self.out.as_mut_ptr().add(self.out.len()) }
    }

    /// A str that is ASCII.
    #[inline(always)]
    fn ascii<const SHORT: bool>(&mut self, text: &[u8]) {
        let to = self.before::<SHORT>(text.len() + 2);
        // SAFETY: there is that much room.
        unsafe {
            to.write(b'"');
            if copy_plain(text, to.add(1)) {
                to.add(text.len() + 1).write(b'"');
                self.behind::<SHORT>(to.add(text.len() + 2));
                return;
            }
        }
        self.escaped::<SHORT>(text, to);
    }

    /// A str of which something needs an escape; what is before it was written.
    #[inline(never)]
    fn escaped<const SHORT: bool>(&mut self, text: &[u8], to: *mut u8) {
        // SAFETY: all before that was written.
        unsafe { self.out.set_len(to.offset_from_unsigned(self.out.as_ptr())) };
        write_quoted(&mut self.out, text, self.options.ascii);
        self.written::<SHORT>();
    }

    /// Sees to what is behind what was added to `out`.
    fn written<const SHORT: bool>(&mut self) {
        self.out.reserve(MOST);
        // SAFETY: the end of the memory that is in use, with that much room behind it.
        unsafe {
            let end = self.out.as_mut_ptr().add(self.out.len());
            self.behind::<SHORT>(end);
        }
    }

    /// Sees to what is before something that is going to be added to `out`.
    fn prepare<const SHORT: bool>(&mut self) {
        let to = self.before::<SHORT>(0);
        // SAFETY: all before that was written.
        unsafe { self.out.set_len(to.offset_from_unsigned(self.out.as_ptr())) };
    }

    /// A number; in quotes where it is a key. `write` gets room for [`number::LONGEST`] bytes and returns how
    /// many it wrote.
    #[inline(always)]
    fn number<const SHORT: bool>(&mut self, write: impl FnOnce(*mut u8) -> usize) {
        let to = self.before::<SHORT>(number::LONGEST + 2);
        // SAFETY: there is that much room.
        unsafe {
            if self.place.is_key() {
                to.write(b'"');
                let end = to.add(1 + write(to.add(1)));
                end.write(b'"');
                self.behind::<SHORT>(end.add(1));
            } else {
                let end = to.add(write(to));
                self.behind::<SHORT>(end);
            }
        }
    }

    /// The same of a text that needs no escape.
    #[inline(always)]
    fn word<const SHORT: bool, const N: usize>(&mut self, word: &[u8; N]) {
        self.number::<SHORT>(|to| {
            // SAFETY: words are shorter than numbers may be.
            unsafe { to.cast::<[u8; N]>().write_unaligned(*word) };
            N
        });
    }

    /// A line break, where there is an indent: one of the containers around, and `more`.
    fn new_line(&mut self, more: usize) {
        let Some(indent) = &self.options.separators.indent else { return };
        self.out.push(b'\n');
        let level = self.above.iter().filter(|place| **place != Place::Alone).count();
        for _ in 0..level + more {
            self.out.extend_from_slice(indent);
        }
    }

    #[inline(always)]
    fn start<const SHORT: bool>(&mut self, bracket: u8, place: Place) -> PyResult<'ctx> {
        let to = self.before::<SHORT>(1);
        // SAFETY: there is room.
        unsafe {
            to.write(bracket);
            self.out.set_len(to.offset_from_unsigned(self.out.as_ptr()) + 1);
        }
        self.deeper(place)
    }

    #[inline(always)]
    fn deeper(&mut self, place: Place) -> PyResult<'ctx> {
        if self.above.len() >= MAX_DEPTH {
            return Err(RecursionError::new(
                "maximum recursion depth exceeded while encoding a JSON object",
            ));
        }
        self.above.push(self.place.next());
        self.place = place;
        Ok(())
    }

    /// The end of a container, or of something alone.
    #[inline(always)]
    fn end<const SHORT: bool>(&mut self) -> PyResult<'ctx> {
        let bracket = match self.place {
            Place::FirstItem | Place::Item => b']',
            Place::FirstKey | Place::Key => b'}',
            Place::Alone => {
                self.place = self.above.pop().unwrap_or(Place::Alone);
                return Ok(());
            }
            Place::Value => return Err(ValueError::new("a key without a value")),
        };
        if !SHORT && self.place.is_later() {
            self.new_line(0);
        }
        self.place = self.above.pop().unwrap_or(Place::Alone);
        self.out.push(bracket);
        Ok(())
    }

    /// A key that is neither a str nor a number; skips it and its value.
    #[cold]
    fn skip(&mut self, kind: &str, walk: &mut Walk<'ctx>) -> PyResult<'ctx> {
        if !self.options.skip_keys {
            return Err(TypeError::new(format!(
                "keys must be str, int, float, bool or None, not {kind}"
            )));
        }
        let mut depth = 0;
        while let Some(step) = walk.next()? {
            match step {
                Step::List(_) | Step::Tuple(_) | Step::Dict(_) => depth += 1,
                Step::End => depth -= 1,
                _ => {}
            }
            if depth == 0 {
                break;
            }
        }
        Ok(())
    }

    /// An instance of a subclass, or what `default` has to say something of.
    #[inline(never)]
    fn other<const SHORT: bool>(
        &mut self,
        object: Handle<'ctx>,
        walk: &mut Walk<'ctx>,
    ) -> PyResult<'ctx> {
        if let Some(text) = as_kind::<Str>(object.as_ref()) {
            self.string::<SHORT>(text)
        } else if object.is_kind::<Float>() {
            let value = object.extract::<f64>()?;
            if !value.is_finite() {
                return self.not_finite::<SHORT>(value);
            }
            // SAFETY: `number` sees to the room.
            self.number::<SHORT>(|to| unsafe { write_float(to, value) });
            Ok(())
        } else if object.is_kind::<Int>() {
            self.large_int::<SHORT>(object.as_ref())
        } else if self.place.is_key() {
            self.skip(&object.type_name(), walk)
        } else if object.is_kind::<List>() || object.is_kind::<Tuple>() {
            self.start::<SHORT>(b'[', Place::FirstItem)?;
            walk.enter(&object, &object)
        } else if object.is_kind::<Dict>() {
            let pairs = self.pairs(&object)?;
            self.start::<SHORT>(b'{', Place::FirstKey)?;
            walk.enter_pairs(&object, &pairs)
        } else {
            let Some(default) = self.options.default else {
                return Err(TypeError::new(format!(
                    "Object of type {} is not JSON serializable",
                    object.type_name()
                )));
            };
            let made = default.call((&object,)).map_err(|error| error.rebind(self.ctx))?;
            self.prepare::<SHORT>();
            self.deeper(Place::Alone)?;
            walk.enter_value(&object, &made)
        }
    }

    /// The keys and values of a dict by its method `items`: a subclass may give them in an order of its own.
    fn pairs(&self, dict: &Handle<'ctx>) -> PyResult<'ctx, Handle<'ctx, List>> {
        let items = dict.call_method(c"items", ())?;
        let items = if self.options.sort_keys {
            self.ctx.builtin(c"sorted")?.call((&items,))?
        } else {
            self.ctx.type_named(c"list")?.call((&items,))?
        };
        let pairs = List::new(self.ctx)?;
        for item in items.cast::<List>()?.items() {
            let item = item?;
            if !item.is_kind::<Tuple>() || item.len()? != 2 {
                return Err(ValueError::new("items must return 2-tuples"));
            }
            pairs.append(item.get_index(0)?)?;
            pairs.append(item.get_index(1)?)?;
        }
        Ok(pairs)
    }

    fn wide<const SHORT: bool, U: Unit>(&mut self, text: &[U]) {
        self.prepare::<SHORT>();
        self.is_wtf8 |= write_wide(&mut self.out, text, self.options.ascii);
        self.written::<SHORT>();
    }

    fn string<const SHORT: bool>(&mut self, text: Ref<'_, Str>) -> PyResult<'ctx> {
        self.prepare::<SHORT>();
        let mut is_wtf8 = false;
        match text.to_str() {
            Ok(text) => write_quoted(&mut self.out, text.as_bytes(), self.options.ascii),
            Err(error) => {
                drop(error);
                let bytes = text_of(&text, &mut is_wtf8).map_err(|error| error.rebind(self.ctx))?;
                write_quoted(&mut self.out, &bytes, self.options.ascii);
                self.is_wtf8 |= !self.options.ascii;
            }
        }
        self.written::<SHORT>();
        Ok(())
    }

    #[cold]
    fn not_finite<const SHORT: bool>(&mut self, value: f64) -> PyResult<'ctx> {
        if !self.options.allow_nan {
            let repr = match value {
                f64::INFINITY => "inf",
                f64::NEG_INFINITY => "-inf",
                _ => "nan",
            };
            return Err(ValueError::new(format!(
                "Out of range float values are not JSON compliant: {repr}"
            )));
        }
        match value {
            f64::INFINITY => self.word::<SHORT, _>(b"Infinity"),
            f64::NEG_INFINITY => self.word::<SHORT, _>(b"-Infinity"),
            _ => self.word::<SHORT, _>(b"NaN"),
        }
        Ok(())
    }

    /// `int.__repr__(int)`, which knows of limits.
    #[cold]
    fn large_int<const SHORT: bool>(&mut self, int: Ref<'_>) -> PyResult<'ctx> {
        let repr = self.ctx.type_named(c"int")?.getattr(c"__repr__")?;
        let text = repr.call((int.to_owned(),)).map_err(|error| error.rebind(self.ctx))?;
        let text: String = text.extract().map_err(|error| error.rebind(self.ctx))?;
        let quote: &[u8] = if self.place.is_key() { b"\"" } else { b"" };
        self.prepare::<SHORT>();
        self.out.extend_from_slice(quote);
        self.out.extend_from_slice(text.as_bytes());
        self.out.extend_from_slice(quote);
        self.written::<SHORT>();
        Ok(())
    }
}

/// The object as one of a kind, if it is.
fn as_kind<K: Kind>(object: Ref<'_>) -> Option<Ref<'_, K>> {
    // SAFETY: just checked.
    object.is_kind::<K>().then(|| unsafe { object.assume() })
}
