//! `dumps`.

use crate::number::write_float;
use crate::text::write_quoted;
use hpy::exc::{RecursionError, UnicodeEncodeError};
use hpy::prelude::*;
use hpy::{Content, Contents, TreeBuilder};
use std::cell::RefCell;

/// How deep objects may be nested.
const MAX_DEPTH: usize = 1000;
/// From this depth on containers are looked for in those around them: an object that contains itself gets
/// that deep soon, others hardly ever.
const SUSPICIOUS: usize = 8;
/// Memory that is kept for the next text.
const KEPT: usize = 4 << 20;

/// What is between items and how lines are broken.
pub struct Separators {
    indent: Option<Vec<u8>>,
    item: Vec<u8>,
    key: Vec<u8>,
    /// Whether any of them has lone surrogates.
    is_wtf8: bool,
}

impl Separators {
    /// From the arguments of `dumps`.
    pub fn new<'ctx>(
        indent: Option<Ref<'ctx>>,
        separators: Option<Ref<'ctx>>,
    ) -> PyResult<'ctx, Self> {
        let mut is_wtf8 = false;
        let indent = match indent {
            None => None,
            Some(indent) if indent.is_kind::<Str>() => {
                Some(text_of(&indent.to_owned().cast()?, &mut is_wtf8)?)
            }
            Some(indent) => Some(vec![b' '; indent.extract::<i64>()?.max(0) as usize]),
        };
        let (item, key) = match separators {
            None if indent.is_some() => (b",".to_vec(), b": ".to_vec()),
            None => (b", ".to_vec(), b": ".to_vec()),
            Some(separators) => {
                let [item, key] = separators.extract::<[Text; 2]>()?;
                is_wtf8 |= item.is_wtf8 | key.is_wtf8;
                (item.bytes, key.bytes)
            }
        };
        Ok(Separators { indent, item, key, is_wtf8 })
    }

    /// Without spaces, unless there is an indent.
    pub fn compact<'ctx>(indent: Option<Ref<'ctx>>) -> PyResult<'ctx, Self> {
        let mut separators = Separators::new(indent, None)?;
        if separators.indent.is_none() {
            separators.item = b",".to_vec();
            separators.key = b":".to_vec();
        }
        Ok(separators)
    }
}

/// A str as UTF-8, lone surrogates encoded too.
struct Text {
    bytes: Vec<u8>,
    is_wtf8: bool,
}

impl<'a> FromPy<'a> for Text {
    fn from_py(object: Ref<'a, Any>) -> PyResult<'a, Self> {
        if !object.is_kind::<Str>() {
            return Err(PyErr::wrong_type("str", &*object));
        }
        let mut is_wtf8 = false;
        let bytes = text_of(&object.to_owned().cast()?, &mut is_wtf8)?;
        Ok(Text { bytes, is_wtf8 })
    }
}

fn text_of<'a>(text: &Handle<'a, Str>, is_wtf8: &mut bool) -> PyResult<'a, Vec<u8>> {
    match text.to_str() {
        Ok(text) => Ok(text.as_bytes().to_vec()),
        Err(error) if error.is::<UnicodeEncodeError>(text.ctx()) => {
            drop(error);
            *is_wtf8 = true;
            let bytes = text.call_method(c"encode", (c"utf-8", c"surrogatepass"))?;
            Ok(bytes.cast::<Bytes>()?.as_bytes().to_vec())
        }
        Err(error) => Err(error),
    }
}

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
    static MEMORY: RefCell<Vec<u8>> = const { RefCell::new(Vec::new()) };
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
    let mut out = MEMORY.take();
    out.clear();
    let is_wtf8 = options.separators.is_wtf8;
    let mut writer = Writer { ctx, out, options, spare: Vec::new(), is_wtf8 };
    let text = writer.object(object, None).and_then(|()| writer.text(given));
    if writer.out.capacity() <= KEPT {
        MEMORY.set(core::mem::take(&mut writer.out));
    }
    text
}

/// The containers around an object.
struct Around<'p> {
    container: Ref<'p>,
    outer: Option<&'p Around<'p>>,
    depth: usize,
}

struct Writer<'ctx> {
    ctx: Ctx<'ctx>,
    out: Vec<u8>,
    options: Options<'ctx>,
    /// What containers were read with, to be used again.
    spare: Vec<Contents<'ctx>>,
    is_wtf8: bool,
}

impl<'ctx> Writer<'ctx> {
    /// What was written, as an object. UnicodeEncodeError for bytes of lone surrogates.
    fn text(&self, given: Given) -> PyResult<'ctx, Handle<'ctx>> {
        if given == Given::Bytes && !self.is_wtf8 {
            return Bytes::new(self.ctx, &self.out).map(Handle::into_any);
        }
        let mut tree = TreeBuilder::new(self.ctx)?;
        if self.is_wtf8 {
            tree.wtf8_copied(&self.out)?;
        } else {
            // SAFETY: only whole texts that are UTF-8, and ASCII, are written while `is_wtf8` is false.
            tree.str(unsafe { core::str::from_utf8_unchecked(&self.out) })?;
        }
        match given {
            Given::Str => tree.pop(),
            Given::Bytes => tree.pop()?.call_method(c"encode", (c"utf-8",)),
        }
    }

    #[inline]
    fn value(&mut self, value: Content<'_>, around: Option<&Around<'_>>) -> PyResult<'ctx> {
        match value {
            Content::Ascii(text) => {
                write_quoted(&mut self.out, text.as_bytes(), self.options.ascii);
                Ok(())
            }
            Content::Int(value) => {
                self.out.extend_from_slice(itoa::Buffer::new().format(value).as_bytes());
                Ok(())
            }
            Content::Float(value) => self.float(value),
            Content::None => {
                self.out.extend_from_slice(b"null");
                Ok(())
            }
            Content::Bool(value) => {
                self.out.extend_from_slice(if value { b"true" } else { b"false" });
                Ok(())
            }
            Content::List(list) => self.sequence(list.as_any(), around),
            Content::Tuple(tuple) => self.sequence(tuple.as_any(), around),
            Content::Dict(dict) => self.exact_dict(dict.as_any(), around),
            Content::Str(text) => self.string(text),
            Content::LargeInt(int) => self.large_int(int.as_any()),
            Content::Other(object) => self.object(object, around),
        }
    }

    /// An object whose kind is not known: the one that `dumps` got, and instances of subclasses.
    fn object(&mut self, object: Ref<'_>, around: Option<&Around<'_>>) -> PyResult<'ctx> {
        let ctx = self.ctx;
        if object.is_none() {
            self.out.extend_from_slice(b"null");
        } else if object.is(&ctx.bool(true)) {
            self.out.extend_from_slice(b"true");
        } else if object.is(&ctx.bool(false)) {
            self.out.extend_from_slice(b"false");
        } else if let Some(text) = as_kind::<Str>(object) {
            self.string(text)?;
        } else if object.is_kind::<Int>() {
            self.int(object)?;
        } else if object.is_kind::<Float>() {
            self.float(object.extract::<f64>().map_err(|error| error.rebind(ctx))?)?;
        } else if object.is_kind::<List>() || object.is_kind::<Tuple>() {
            self.sequence(object, around)?;
        } else if object.is_kind::<Dict>() {
            self.dict(object, around)?;
        } else {
            self.unknown(object, around)?;
        }
        Ok(())
    }

    /// What `default` makes of an object.
    fn unknown(&mut self, object: Ref<'_>, around: Option<&Around<'_>>) -> PyResult<'ctx> {
        let Some(default) = self.options.default else {
            return Err(TypeError::new(format!(
                "Object of type {} is not JSON serializable",
                object.type_name()
            )));
        };
        let around = self.enter(object, around)?;
        let made = default.call((object.to_owned(),)).map_err(|error| error.rebind(self.ctx))?;
        self.object(made.as_ref(), Some(&around))
    }

    fn enter<'p>(
        &self,
        container: Ref<'p>,
        outer: Option<&'p Around<'p>>,
    ) -> PyResult<'ctx, Around<'p>> {
        let depth = outer.map_or(0, |outer| outer.depth + 1);
        if depth >= SUSPICIOUS && self.options.check_circular {
            let mut next = outer;
            while let Some(above) = next {
                if above.container.is(&*container) {
                    return Err(ValueError::new("Circular reference detected"));
                }
                next = above.outer;
            }
        }
        if depth >= MAX_DEPTH {
            return Err(RecursionError::new(
                "maximum recursion depth exceeded while encoding a JSON object",
            ));
        }
        Ok(Around { container, outer, depth })
    }

    fn read(&mut self, container: Ref<'_>) -> PyResult<'ctx, Contents<'ctx>> {
        let mut contents = self.spare.pop().unwrap_or_else(|| Contents::new(self.ctx));
        contents.read(&*container)?;
        Ok(contents)
    }

    fn put_back(&mut self, mut contents: Contents<'ctx>) {
        contents.clear();
        self.spare.push(contents);
    }

    /// A line break, where there is an indent.
    #[inline(always)]
    fn new_line(&mut self, level: usize) {
        if self.options.separators.indent.is_some() {
            self.indent(level);
        }
    }

    #[inline(never)]
    fn indent(&mut self, level: usize) {
        if let Some(indent) = &self.options.separators.indent {
            self.out.push(b'\n');
            for _ in 0..level {
                self.out.extend_from_slice(indent);
            }
        }
    }

    fn sequence(&mut self, sequence: Ref<'_>, around: Option<&Around<'_>>) -> PyResult<'ctx> {
        let around = self.enter(sequence, around)?;
        let contents = self.read(sequence)?;
        self.out.push(b'[');
        for (index, item) in contents.iter().enumerate() {
            if index > 0 {
                put(&mut self.out, &self.options.separators.item);
            }
            self.new_line(around.depth + 1);
            self.value(item, Some(&around))?;
        }
        if !contents.is_empty() {
            self.new_line(around.depth);
        }
        self.out.push(b']');
        self.put_back(contents);
        Ok(())
    }

    fn dict(&mut self, dict: Ref<'_>, around: Option<&Around<'_>>) -> PyResult<'ctx> {
        if is_exact_dict(dict) {
            return self.exact_dict(dict, around);
        }
        // A subclass may give its items in an order of its own.
        let around = self.enter(dict, around)?;
        let items = dict
            .call_method(c"items", ())
            .and_then(|items| if self.options.sort_keys { sorted(&items) } else { listed(&items) });
        let items = items.map_err(|error| error.rebind(self.ctx))?;
        self.items(items.as_ref(), &around)
    }

    fn exact_dict(&mut self, dict: Ref<'_>, around: Option<&Around<'_>>) -> PyResult<'ctx> {
        let around = self.enter(dict, around)?;
        let contents = self.read(dict)?;
        let mut is_first = true;
        if self.options.sort_keys {
            let Some(order) = order_of_keys(&contents) else {
                self.put_back(contents);
                let items = dict.call_method(c"items", ()).and_then(|items| sorted(&items));
                let items = items.map_err(|error| error.rebind(self.ctx))?;
                return self.items(items.as_ref(), &around);
            };
            for index in order {
                let (Some(key), Some(value)) = (contents.get(index), contents.get(index + 1))
                else {
                    continue;
                };
                self.pair(key, value, &around, &mut is_first)?;
            }
        } else {
            let mut contents = contents.iter();
            while let (Some(key), Some(value)) = (contents.next(), contents.next()) {
                self.pair(key, value, &around, &mut is_first)?;
            }
        }
        self.end_of_dict(is_first, &around);
        self.put_back(contents);
        Ok(())
    }

    /// A dict by a list of its items, which are tuples.
    fn items(&mut self, items: Ref<'_>, around: &Around<'_>) -> PyResult<'ctx> {
        let all = self.read(items)?;
        let mut is_first = true;
        for item in all.iter() {
            let Content::Tuple(item) = item else {
                return Err(ValueError::new("items must return 2-tuples"));
            };
            let pair = self.read(item.as_any())?;
            let (Some(key), Some(value), 2) = (pair.get(0), pair.get(1), pair.len()) else {
                return Err(ValueError::new("items must return 2-tuples"));
            };
            self.pair(key, value, around, &mut is_first)?;
            self.put_back(pair);
        }
        self.end_of_dict(is_first, around);
        Ok(())
    }

    #[inline]
    fn pair(
        &mut self,
        key: Content<'_>,
        value: Content<'_>,
        around: &Around<'_>,
        is_first: &mut bool,
    ) -> PyResult<'ctx> {
        let start = self.out.len();
        if *is_first {
            self.out.push(b'{');
        } else {
            put(&mut self.out, &self.options.separators.item);
        }
        self.new_line(around.depth + 1);
        if !self.key(key)? {
            self.out.truncate(start);
            return Ok(());
        }
        *is_first = false;
        put(&mut self.out, &self.options.separators.key);
        self.value(value, Some(around))
    }

    fn end_of_dict(&mut self, is_empty: bool, around: &Around<'_>) {
        if is_empty {
            self.out.push(b'{');
        } else {
            self.new_line(around.depth);
        }
        self.out.push(b'}');
    }

    /// A key, as a string; false where it is one to be skipped.
    #[inline]
    fn key(&mut self, key: Content<'_>) -> PyResult<'ctx, bool> {
        match key {
            Content::Ascii(text) => {
                write_quoted(&mut self.out, text.as_bytes(), self.options.ascii);
                return Ok(true);
            }
            Content::Str(text) => {
                self.string(text)?;
                return Ok(true);
            }
            Content::Other(object) => {
                if let Some(text) = as_kind::<Str>(object) {
                    self.string(text)?;
                    return Ok(true);
                }
                if !object.is_kind::<Int>() && !object.is_kind::<Float>() {
                    return self.no_key(&object.type_name());
                }
            }
            Content::List(_) => return self.no_key("list"),
            Content::Tuple(_) => return self.no_key("tuple"),
            Content::Dict(_) => return self.no_key("dict"),
            _ => {}
        }
        self.out.push(b'"');
        self.value(key, None)?;
        self.out.push(b'"');
        Ok(true)
    }

    #[cold]
    fn no_key(&self, kind: &str) -> PyResult<'ctx, bool> {
        if self.options.skip_keys {
            return Ok(false);
        }
        Err(TypeError::new(format!("keys must be str, int, float, bool or None, not {kind}")))
    }

    fn string(&mut self, text: Ref<'_, Str>) -> PyResult<'ctx> {
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
        Ok(())
    }

    fn float(&mut self, value: f64) -> PyResult<'ctx> {
        if value.is_finite() {
            write_float(&mut self.out, value);
            return Ok(());
        }
        let (text, repr) = match value {
            f64::INFINITY => ("Infinity", "inf"),
            f64::NEG_INFINITY => ("-Infinity", "-inf"),
            _ => ("NaN", "nan"),
        };
        if !self.options.allow_nan {
            return Err(ValueError::new(format!(
                "Out of range float values are not JSON compliant: {repr}"
            )));
        }
        self.out.extend_from_slice(text.as_bytes());
        Ok(())
    }

    fn int(&mut self, int: Ref<'_>) -> PyResult<'ctx> {
        match int.extract::<i64>() {
            Ok(value) => {
                self.out.extend_from_slice(itoa::Buffer::new().format(value).as_bytes());
                Ok(())
            }
            Err(error) => {
                drop(error);
                self.large_int(int)
            }
        }
    }

    /// `int.__repr__(int)`, which knows of limits.
    #[cold]
    fn large_int(&mut self, int: Ref<'_>) -> PyResult<'ctx> {
        let repr = self.ctx.type_named(c"int")?.getattr(c"__repr__")?;
        let text = repr.call((int.to_owned(),)).map_err(|error| error.rebind(self.ctx))?;
        let text: String = text.extract().map_err(|error| error.rebind(self.ctx))?;
        self.out.extend_from_slice(text.as_bytes());
        Ok(())
    }
}

/// Adds a separator, which has one or two bytes.
#[inline(always)]
fn put(out: &mut Vec<u8>, separator: &[u8]) {
    match *separator {
        [one] => out.push(one),
        [one, two] => out.extend_from_slice(&[one, two]),
        _ => out.extend_from_slice(separator),
    }
}

/// The object as one of a kind, if it is.
fn as_kind<K: Kind>(object: Ref<'_>) -> Option<Ref<'_, K>> {
    // SAFETY: just checked.
    object.is_kind::<K>().then(|| unsafe { object.assume() })
}

fn is_exact_dict(object: Ref<'_>) -> bool {
    object.is_kind::<Dict>()
        && object.ctx().type_named(c"dict").is_ok_and(|dict| object.type_().is(&dict))
}

fn sorted<'a>(items: &Handle<'a>) -> PyResult<'a, Handle<'a>> {
    items.ctx().builtin(c"sorted")?.call((items,))
}

fn listed<'a>(items: &Handle<'a>) -> PyResult<'a, Handle<'a>> {
    items.ctx().type_named(c"list")?.call((items,))
}

/// Where the pairs of a dict are, in order of the keys; None where not all are text.
fn order_of_keys(contents: &Contents<'_>) -> Option<Vec<usize>> {
    let mut keys = Vec::with_capacity(contents.len() / 2);
    for (index, content) in contents.iter().enumerate().step_by(2) {
        keys.push(match content {
            Content::Ascii(text) => (text, index),
            _ => return None,
        });
    }
    keys.sort_unstable();
    Some(keys.into_iter().map(|(_, index)| index).collect())
}
