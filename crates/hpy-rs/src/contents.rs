//! Reading what is in containers, as serializers do.

use crate::handle::{Handle, Ref};
use crate::kinds::{Any, Dict, Float, Int, List, Str, Tuple};
use crate::{Ctx, FromPy, PyErr, PyResult, runtime};
use core::marker::PhantomData;
use hpy_sys::HPy;
use hpy_sys::ext::*;

/// What is in a list, a tuple or a dict (key, value, key, value), as it was when it was read.
///
/// This is the fast way from Python to a serializer: where the runtime has the extension table, the kinds and
/// values of all items are read in one call. A `Contents` can be filled again, which saves its allocation.
///
/// ```
/// use hpy::prelude::*;
/// use hpy::{Content, Contents};
///
/// /// The sum of the floats in a list; other items are left out.
/// #[hpy::function]
/// fn total<'ctx>(ctx: Ctx<'ctx>, items: Ref<'ctx, List>) -> PyResult<'ctx, f64> {
///     let mut contents = Contents::new(ctx);
///     contents.read(&items)?;
///     Ok(contents
///         .iter()
///         .map(|content| match content {
///             Content::Float(value) => value,
///             _ => 0.0,
///         })
///         .sum())
/// }
/// ```
pub struct Contents<'ctx> {
    ctx: Ctx<'ctx>,
    items: Vec<HPyContent>,
    _owns: PhantomData<Handle<'ctx, Any>>,
}

/// An item of a container. Instances of subclasses are [`Other`](Content::Other).
///
/// ```
/// # use hpy::prelude::*;
/// # fn example<'ctx>(ctx: Ctx<'ctx>, list: Ref<'ctx, List>) -> PyResult<'ctx> {
/// let mut contents = hpy::Contents::new(ctx);
/// contents.read(&list)?;
/// let numbers = contents.iter().filter(|item| {
///     matches!(item, hpy::Content::Int(_) | hpy::Content::Float(_))
/// });
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Copy)]
pub enum Content<'a> {
    /// `None`
    None,
    /// `True` or `False`
    Bool(bool),
    /// An int that fits.
    Int(i64),
    /// An int that does not.
    LargeInt(Ref<'a, Int>),
    /// A float.
    Float(f64),
    /// A str that is all ASCII.
    Ascii(&'a str),
    /// Any other str.
    Str(Ref<'a, Str>),
    /// A list.
    List(Ref<'a, List>),
    /// A tuple.
    Tuple(Ref<'a, Tuple>),
    /// A dict.
    Dict(Ref<'a, Dict>),
    /// Anything else.
    Other(Ref<'a, Any>),
}

impl<'ctx> Contents<'ctx> {
    /// Nothing yet.
    ///
    /// ```
    /// # use hpy::prelude::*;
    /// # fn example<'ctx>(ctx: Ctx<'ctx>) -> PyResult<'ctx> {
    /// let contents = hpy::Contents::new(ctx);
    /// assert!(contents.is_empty());
    /// # Ok(())
    /// # }
    /// ```
    pub fn new(ctx: Ctx<'ctx>) -> Self {
        Contents { ctx, items: Vec::new(), _owns: PhantomData }
    }

    /// Reads what is in `container`: a list, a tuple or a dict, or an instance of a subclass, whose own
    /// methods are not asked. TypeError for other objects.
    ///
    /// ```
    /// # use hpy::prelude::*;
    /// # fn example<'ctx>(ctx: Ctx<'ctx>, list: Ref<'ctx, List>) -> PyResult<'ctx> {
    /// let mut contents = hpy::Contents::new(ctx);
    /// contents.read(&list)?;
    /// # Ok(())
    /// # }
    /// ```
    pub fn read<T>(&mut self, container: &Handle<'_, T>) -> PyResult<'ctx> {
        self.clear();
        let Some(table) = runtime::bulk_extensions(self.ctx) else {
            return self.read_singly(container.as_ref().as_any());
        };
        loop {
            // SAFETY: the handle is open, the vector has room for its capacity.
            let count = unsafe {
                (table.contents_read)(
                    self.ctx.as_raw(),
                    container.as_raw(),
                    self.items.as_mut_ptr(),
                    self.items.capacity() as isize,
                )
            };
            let Ok(count) = usize::try_from(count) else { return Err(PyErr::pending(self.ctx)) };
            if count <= self.items.capacity() {
                // SAFETY: so many were written.
                unsafe { self.items.set_len(count) };
                return Ok(());
            }
            self.items.reserve(count);
        }
    }

    /// By the base ABI.
    fn read_singly(&mut self, container: Ref<'_, Any>) -> PyResult<'ctx> {
        // SAFETY: the container stays open while this function runs; nothing keeps it longer.
        let container: Ref<'ctx, Any> = unsafe { Ref::from_raw(self.ctx, container.as_raw()) };
        if let Ok(list) = container.to_owned().cast::<List>() {
            for item in list.items() {
                self.push(item?);
            }
        } else if let Ok(tuple) = container.to_owned().cast::<Tuple>() {
            for item in tuple.items()? {
                self.push(item?);
            }
        } else if let Ok(dict) = container.to_owned().cast::<Dict>() {
            for key in dict.keys()?.items() {
                let key = key?;
                let value = dict.get_item(&key)?;
                self.push(key);
                self.push(value);
            }
        } else {
            return Err(PyErr::wrong_type("a list, a tuple or a dict", &*container));
        }
        Ok(())
    }

    fn push(&mut self, item: Handle<'ctx, Any>) {
        let content = classified(self.ctx, &item);
        let handle = match content.tag {
            HPY_CONTENT_NONE | HPY_CONTENT_FALSE | HPY_CONTENT_TRUE | HPY_CONTENT_INT
            | HPY_CONTENT_FLOAT => HPy::NULL,
            _ => item.into_raw(),
        };
        self.items.push(HPyContent { handle, ..content });
    }

    /// Forgets what was read.
    ///
    /// ```
    /// # use hpy::prelude::*;
    /// # fn example<'ctx>(ctx: Ctx<'ctx>, list: Ref<'ctx, List>) -> PyResult<'ctx> {
    /// let mut contents = hpy::Contents::new(ctx);
    /// contents.read(&list)?;
    /// contents.clear();
    /// assert!(contents.is_empty());
    /// # Ok(())
    /// # }
    /// ```
    pub fn clear(&mut self) {
        if self.items.is_empty() {
            return;
        }
        match runtime::bulk_extensions(self.ctx) {
            // SAFETY: the handles are open and owned by this value.
            Some(table) => unsafe {
                (table.contents_close)(self.ctx.as_raw(), self.items.as_ptr(), self.items.len());
            },
            None => {
                for item in self.items.iter().filter(|item| !item.handle.is_null()) {
                    // SAFETY: as above.
                    drop(unsafe { Handle::<Any>::from_raw(self.ctx, item.handle) });
                }
            }
        }
        self.items.clear();
    }

    /// How many items there are; of a dict twice as many as pairs.
    ///
    /// ```
    /// # use hpy::prelude::*;
    /// # fn example<'ctx>(ctx: Ctx<'ctx>, list: Ref<'ctx, List>) -> PyResult<'ctx> {
    /// let mut contents = hpy::Contents::new(ctx);
    /// contents.read(&list)?;
    /// assert_eq!(contents.len(), list.len()?);
    /// # Ok(())
    /// # }
    /// ```
    pub fn len(&self) -> usize {
        self.items.len()
    }

    /// Whether there are none.
    ///
    /// ```
    /// # use hpy::prelude::*;
    /// # fn example<'ctx>(ctx: Ctx<'ctx>, list: Ref<'ctx, List>) -> PyResult<'ctx> {
    /// let contents = hpy::Contents::new(ctx);
    /// assert!(contents.is_empty());
    /// # Ok(())
    /// # }
    /// ```
    pub fn is_empty(&self) -> bool {
        self.items.is_empty()
    }

    /// The item at `index`.
    ///
    /// ```
    /// # use hpy::prelude::*;
    /// # fn example<'ctx>(ctx: Ctx<'ctx>, list: Ref<'ctx, List>) -> PyResult<'ctx> {
    /// let mut contents = hpy::Contents::new(ctx);
    /// contents.read(&list)?;
    /// if let Some(hpy::Content::Float(first)) = contents.get(0) {
    ///     println!("{first}");
    /// }
    /// # Ok(())
    /// # }
    /// ```
    #[inline]
    pub fn get(&self, index: usize) -> Option<Content<'_>> {
        // SAFETY: the item was read in this call and is open as long as `self` is borrowed.
        self.items.get(index).map(|item| unsafe { content(self.ctx, item) })
    }

    /// The items, one by one.
    ///
    /// ```
    /// # use hpy::prelude::*;
    /// # fn example<'ctx>(ctx: Ctx<'ctx>, list: Ref<'ctx, List>) -> PyResult<'ctx> {
    /// let mut contents = hpy::Contents::new(ctx);
    /// contents.read(&list)?;
    /// let lists = contents.iter().filter(|item| matches!(item, hpy::Content::List(_))).count();
    /// # Ok(())
    /// # }
    /// ```
    #[inline]
    pub fn iter(&self) -> impl ExactSizeIterator<Item = Content<'_>> {
        // SAFETY: as in `get`.
        self.items.iter().map(|item| unsafe { content(self.ctx, item) })
    }
}

/// What an object is, by the base ABI; without its handle.
pub(crate) fn classified<'ctx>(ctx: Ctx<'ctx>, item: &Handle<'ctx, Any>) -> HPyContent {
    let plain = |tag, value| HPyContent { tag, value, handle: HPy::NULL };
    let is = |name: &core::ffi::CStr| match ctx.type_named(name) {
        Ok(kind) => item.type_().is(&kind),
        Err(_) => false,
    };
    if item.is_none() {
        plain(HPY_CONTENT_NONE, 0)
    } else if item.is(&ctx.bool(true)) {
        plain(HPY_CONTENT_TRUE, 0)
    } else if item.is(&ctx.bool(false)) {
        plain(HPY_CONTENT_FALSE, 0)
    } else if item.is_kind::<Float>() && is(c"float") {
        plain(HPY_CONTENT_FLOAT, item.extract::<f64>().unwrap_or_default().to_bits())
    } else if item.is_kind::<Int>() && is(c"int") {
        match item.extract::<i64>() {
            Ok(value) => plain(HPY_CONTENT_INT, value as u64),
            Err(error) => {
                drop(error);
                plain(HPY_CONTENT_LARGE_INT, 0)
            }
        }
    } else if item.is_kind::<Str>() && is(c"str") {
        plain(HPY_CONTENT_STR, 0)
    } else if item.is_kind::<List>() && is(c"list") {
        plain(HPY_CONTENT_LIST, 0)
    } else if item.is_kind::<Tuple>() && is(c"tuple") {
        plain(HPY_CONTENT_TUPLE, 0)
    } else if item.is_kind::<Dict>() && is(c"dict") {
        plain(HPY_CONTENT_DICT, 0)
    } else {
        plain(HPY_CONTENT_OTHER, 0)
    }
}

/// # Safety
/// The item came from `contents_read` (or was made alike) and is open for `'a`.
#[inline(always)]
unsafe fn content<'a>(ctx: Ctx<'a>, item: &HPyContent) -> Content<'a> {
    // SAFETY: of each kind the handle is an object of that kind, and the value what the tag says.
    unsafe {
        match item.tag & 0xff {
            HPY_CONTENT_ASCII => {
                let start = item.value as usize as *const u8;
                let text = core::slice::from_raw_parts(start, (item.tag >> 8) as usize);
                Content::Ascii(core::str::from_utf8_unchecked(text))
            }
            HPY_CONTENT_INT => Content::Int(item.value as i64),
            HPY_CONTENT_FLOAT => Content::Float(f64::from_bits(item.value)),
            HPY_CONTENT_NONE => Content::None,
            HPY_CONTENT_FALSE => Content::Bool(false),
            HPY_CONTENT_TRUE => Content::Bool(true),
            HPY_CONTENT_STR => Content::Str(Ref::from_raw(ctx, item.handle)),
            HPY_CONTENT_LARGE_INT => Content::LargeInt(Ref::from_raw(ctx, item.handle)),
            HPY_CONTENT_LIST => Content::List(Ref::from_raw(ctx, item.handle)),
            HPY_CONTENT_TUPLE => Content::Tuple(Ref::from_raw(ctx, item.handle)),
            HPY_CONTENT_DICT => Content::Dict(Ref::from_raw(ctx, item.handle)),
            _ => Content::Other(Ref::from_raw(ctx, item.handle)),
        }
    }
}

impl Drop for Contents<'_> {
    fn drop(&mut self) {
        self.clear();
    }
}

impl<'a> FromPy<'a> for Contents<'a> {
    /// Of a list, a tuple or a dict.
    fn from_py(object: Ref<'a, Any>) -> PyResult<'a, Self> {
        let mut contents = Contents::new(object.ctx());
        contents.read(&*object)?;
        Ok(contents)
    }
}
