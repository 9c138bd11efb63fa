//! What `dumps` writes between items.

use hpy::exc::UnicodeEncodeError;
use hpy::prelude::*;

/// The bytes of the longest separator that is [`Short`].
pub const MOST: usize = 8;

/// A separator that is written in one go, all of the bytes, of which some count.
#[derive(Clone, Copy)]
pub struct Short {
    bytes: [u8; MOST],
    pub length: usize,
}

impl Short {
    pub const NONE: Short = Short { bytes: [0; MOST], length: 0 };

    pub fn of(text: &[u8]) -> Option<Self> {
        let mut bytes = [0; MOST];
        bytes.get_mut(..text.len())?.copy_from_slice(text);
        Some(Short { bytes, length: text.len() })
    }

    /// With a quote before it, where that is still short.
    pub fn quoted(&self) -> Option<Self> {
        let mut text = vec![b'"'];
        text.extend_from_slice(self.bytes.get(..self.length)?);
        Short::of(&text)
    }

    /// # Safety
    /// There is room for [`MOST`] bytes.
    #[inline(always)]
    pub unsafe fn write(&self, to: *mut u8) {
        // SAFETY: as the caller says.
        unsafe { to.cast::<[u8; MOST]>().write_unaligned(self.bytes) }
    }
}

/// What is between items and how lines are broken.
pub struct Separators {
    pub indent: Option<Vec<u8>>,
    pub item: Vec<u8>,
    pub key: Vec<u8>,
    /// Whether any of them has lone surrogates.
    pub is_wtf8: bool,
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

    /// Those between items and behind keys, where both are short and there are no line breaks.
    pub fn short(&self) -> Option<[Short; 2]> {
        match self.indent {
            None => Some([Short::of(&self.item)?, Short::of(&self.key)?]),
            Some(_) => None,
        }
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

pub fn text_of<'a>(text: &Handle<'a, Str>, is_wtf8: &mut bool) -> PyResult<'a, Vec<u8>> {
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
