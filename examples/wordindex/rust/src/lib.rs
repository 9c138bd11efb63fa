//! `wordindex_rust`: see ../README.md for what the module does; this file is how, in Rust.

use hpy::Hint;
use hpy::prelude::*;
use std::collections::HashMap;
use std::hash::{BuildHasherDefault, Hasher};

/// Counts the words of texts. A word is a run of ASCII letters, digits and underscores that does not start
/// with a digit.
#[hpy::module(gil_used = false)]
mod wordindex_rust {
    use super::{Counts, Text, count_into};
    use hpy::prelude::*;
    use std::path::PathBuf;

    /// How often each word is in a text.
    #[hpy::function(returns = "dict[str, int]")]
    fn count_words<'ctx>(ctx: Ctx<'ctx>, text: Text<'_>) -> PyResult<'ctx, Handle<'ctx, Dict>> {
        let mut counts = Counts::default();
        count_into(&mut counts, text.as_bytes(), 1);
        let dict = Dict::new(ctx)?;
        for (word, count) in &counts {
            dict.set_item(&**word, *count)?;
        }
        Ok(dict)
    }

    /// A word-frequency index over any number of texts.
    #[hpy::class(subclass)]
    struct WordIndex {
        counts: Counts,
        /// How many texts were added.
        #[hpy(get)]
        texts: u64,
        /// How many words were counted.
        #[hpy(get)]
        words: u64,
        min_length: usize,
    }

    #[hpy::methods]
    impl WordIndex {
        #[new]
        #[hpy(signature = (*, min_length = 1))]
        fn new(min_length: usize) -> Self {
            WordIndex { counts: Counts::default(), texts: 0, words: 0, min_length }
        }

        /// Counts the words of a text and returns how many there were.
        fn add_text(&mut self, text: Text) -> u64 {
            self.add(text.as_bytes())
        }

        /// Counts the words of a file and returns how many there were.
        fn add_file(&mut self, path: PathBuf) -> Result<u64, std::io::Error> {
            Ok(self.add(&std::fs::read(path)?))
        }

        /// The `n` most frequent words with their counts (all without `n`); equal counts in order of the
        /// words.
        #[hpy(signature = (n = None))]
        fn most_common(&self, n: Option<usize>) -> Vec<(String, u64)> {
            let mut all: Vec<_> = self.counts.iter().collect();
            all.sort_unstable_by(|a, b| b.1.cmp(a.1).then_with(|| a.0.cmp(b.0)));
            all.truncate(n.unwrap_or(usize::MAX));
            all.into_iter().map(|(word, count)| (word.to_string(), *count)).collect()
        }

        /// Words shorter than this are not counted.
        #[getter]
        fn min_length(&self) -> usize {
            self.min_length
        }

        #[setter]
        fn set_min_length(&mut self, value: usize) -> PyResult<'static> {
            if value == 0 {
                return Err(ValueError::new("min_length must be at least 1"));
            }
            self.min_length = value;
            Ok(())
        }

        fn __len__(&self) -> usize {
            self.counts.len()
        }

        fn __contains__(&self, word: Ref<'_, Any>) -> bool {
            word.view::<&str>().is_ok_and(|word| self.counts.contains_key(word))
        }

        fn __getitem__<'ctx>(&self, word: Ref<'ctx, Str>) -> PyResult<'ctx, u64> {
            match self.counts.get(word.to_str()?) {
                Some(count) => Ok(*count),
                None => Err(KeyError::with_key(&word)),
            }
        }

        /// The words in order, as they are now.
        fn __iter__<'ctx>(&self, ctx: Ctx<'ctx>) -> PyResult<'ctx, Handle<'ctx, WordIterator>> {
            let mut words: Vec<_> = self.counts.keys().cloned().collect();
            words.sort_unstable();
            Handle::instance(ctx, WordIterator { words: words.into_iter() })
        }

        fn __repr__(&self) -> String {
            format!(
                "<WordIndex: {} texts, {} words, {} distinct>",
                self.texts,
                self.words,
                self.counts.len()
            )
        }
    }

    impl WordIndex {
        fn add(&mut self, text: &[u8]) -> u64 {
            let found = count_into(&mut self.counts, text, self.min_length);
            self.texts += 1;
            self.words += found;
            found
        }
    }

    /// Iterates over the words of a WordIndex.
    #[hpy::class]
    struct WordIterator {
        words: std::vec::IntoIter<Box<str>>,
    }

    #[hpy::methods]
    impl WordIterator {
        fn __iter__(slf: Ref<'_, Self>) -> Ref<'_, Self> {
            slf
        }

        fn __next__(&mut self) -> Option<Box<str>> {
            self.words.next()
        }
    }
}

type Counts = HashMap<Box<str>, u64, BuildHasherDefault<WordHasher>>;

/// A hash for short keys that come from the user's own files: eight bytes at a time.
#[derive(Default)]
struct WordHasher(u64);

impl Hasher for WordHasher {
    fn write(&mut self, bytes: &[u8]) {
        for chunk in bytes.chunks(8) {
            let mut word = [0; 8];
            word[..chunk.len()].copy_from_slice(chunk);
            self.0 = (self.0.rotate_left(5) ^ u64::from_le_bytes(word))
                .wrapping_mul(0x9E37_79B9_7F4A_7C15);
        }
    }

    fn finish(&self) -> u64 {
        self.0 ^ (self.0 >> 32)
    }
}

/// Adds the words of `text` that are at least `min_length` long; returns how many there were.
fn count_into(counts: &mut Counts, text: &[u8], min_length: usize) -> u64 {
    let starts = |byte: &u8| byte.is_ascii_alphabetic() || *byte == b'_';
    let goes_on = |byte: &u8| byte.is_ascii_alphanumeric() || *byte == b'_';
    let mut found = 0;
    let mut rest = text;
    while let Some(start) = rest.iter().position(starts) {
        rest = &rest[start..];
        let end = rest.iter().position(|byte| !goes_on(byte)).unwrap_or(rest.len());
        let (word, after) = rest.split_at(end);
        rest = after;
        if word.len() < min_length {
            continue;
        }
        found += 1;
        // Only ASCII gets here.
        let Ok(word) = std::str::from_utf8(word) else { continue };
        match counts.get_mut(word) {
            Some(count) => *count += 1,
            None => {
                counts.insert(word.into(), 1);
            }
        }
    }
    found
}

/// The bytes of a text: a `bytes`, or a `str` as UTF-8 with lone surrogates let through.
enum Text<'a> {
    Borrowed(&'a [u8]),
    Owned(Vec<u8>),
}

impl Text<'_> {
    fn as_bytes(&self) -> &[u8] {
        match self {
            Text::Borrowed(bytes) => bytes,
            Text::Owned(bytes) => bytes,
        }
    }
}

impl<'a> FromPy<'a> for Text<'a> {
    const HINT: Hint = Hint::Text("str | bytes");

    fn from_py(object: Ref<'a, Any>) -> PyResult<'a, Self> {
        if object.is_kind::<Bytes>() {
            return <&[u8]>::from_py(object).map(Text::Borrowed);
        }
        if !object.is_kind::<Str>() {
            return Err(PyErr::wrong_type("str or bytes", &object));
        }
        match <&str>::from_py(object) {
            Ok(text) => Ok(Text::Borrowed(text.as_bytes())),
            Err(error) if error.is::<hpy::exc::UnicodeEncodeError>(object.ctx()) => {
                drop(error);
                let bytes = object.call_method(c"encode", (c"utf-8", c"surrogatepass"))?;
                bytes.extract::<Vec<u8>>().map(Text::Owned)
            }
            Err(error) => Err(error),
        }
    }
}
