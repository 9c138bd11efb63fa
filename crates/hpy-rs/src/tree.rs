//! Building trees of objects, as parsers do.

mod keys;

use crate::exc::SystemError;
use crate::handle::Handle;
use crate::kinds::{Any, Dict, List, Tuple};
use crate::{Ctx, IntoPy, PyErr, PyResult, runtime, text};
use core::ffi::c_void;
use core::marker::PhantomData;
use hpy_sys::ext::*;
use hpy_sys::{HPy, api};
use keys::{Found, Keys};

/// How many nodes go to the runtime at once: they stay in the processor's first cache.
const BATCH: usize = 256;

/// Builds Python objects on a stack: values are pushed, containers are made of the topmost values.
///
/// This is the fast way from a parser to Python. Where the runtime has the extension table, a few hundred
/// steps go to it in one call, and dict keys that occur again are made once; elsewhere each step is a call.
/// Steps are only noted at first: an error (no memory) is told by the next [`pop`](TreeBuilder::pop).
///
/// Texts are borrowed for `'t` until they have reached Python.
///
/// ```
/// use hpy::prelude::*;
/// use hpy::TreeBuilder;
///
/// /// "a=1;b=2" to {"a": 1.0, "b": 2.0}
/// #[hpy::function]
/// fn settings<'ctx>(ctx: Ctx<'ctx>, text: &str) -> PyResult<'ctx, Handle<'ctx>> {
///     let mut tree = TreeBuilder::new(ctx)?;
///     let mut pairs = 0;
///     for setting in text.split(';') {
///         let (name, value) = setting.split_once('=').ok_or_else(|| ValueError::new("no ="))?;
///         tree.key(name)?;
///         tree.float(value.parse()?)?;
///         pairs += 1;
///     }
///     tree.dict(pairs)?;
///     tree.pop()
/// }
/// ```
pub struct TreeBuilder<'ctx, 't> {
    ctx: Ctx<'ctx>,
    place: Place<'ctx>,
    nodes: Vec<HPyTreeNode>,
    keys: Keys<'t>,
    texts: PhantomData<&'t str>,
}

/// Where the objects are.
enum Place<'ctx> {
    Runtime(&'ctx HPyExtensions, *mut c_void),
    Here(Vec<Handle<'ctx, Any>>),
}

impl<'ctx, 't> TreeBuilder<'ctx, 't> {
    /// An empty stack.
    ///
    /// ```
    /// # use hpy::prelude::*;
    /// # fn example<'ctx>(ctx: Ctx<'ctx>) -> PyResult<'ctx> {
    /// let mut tree = hpy::TreeBuilder::new(ctx)?;
    /// tree.none()?;
    /// # Ok(())
    /// # }
    /// ```
    pub fn new(ctx: Ctx<'ctx>) -> PyResult<'ctx, Self> {
        let place = match runtime::bulk_extensions(ctx) {
            Some(table) => {
                // SAFETY: the table is that of the context.
                let tree = unsafe { (table.tree_new)(ctx.as_raw()) };
                if tree.is_null() {
                    return Err(PyErr::pending(ctx));
                }
                Place::Runtime(table, tree)
            }
            None => Place::Here(Vec::new()),
        };
        let nodes = Vec::with_capacity(BATCH);
        Ok(TreeBuilder { ctx, place, nodes, keys: Keys::default(), texts: PhantomData })
    }

    #[inline(always)]
    fn note(&mut self, tag: u64, value: u64) -> PyResult<'ctx> {
        let count = self.nodes.len();
        // SAFETY: there is room for a batch, which `flush` takes out when it is full.
        unsafe {
            self.nodes.as_mut_ptr().add(count).write(HPyTreeNode { tag, value });
            self.nodes.set_len(count + 1);
        }
        if count + 1 == BATCH { self.flush() } else { Ok(()) }
    }

    #[inline(always)]
    fn note_text(&mut self, kind: u64, text: &[u8]) -> PyResult<'ctx> {
        self.note(kind | (text.len() as u64) << 8, text.as_ptr().addr() as u64)
    }

    /// Hands the noted steps to where the objects are.
    #[inline(never)]
    fn flush(&mut self) -> PyResult<'ctx> {
        match &mut self.place {
            Place::Runtime(table, tree) => {
                // SAFETY: the tree is live; the texts of the nodes are borrowed for 't, or live in the caller
                // of the function that noted them and flushes before it returns.
                let status = unsafe {
                    (table.tree_feed)(
                        self.ctx.as_raw(),
                        *tree,
                        self.nodes.as_ptr(),
                        self.nodes.len(),
                    )
                };
                self.nodes.clear();
                if status < 0 { Err(PyErr::pending(self.ctx)) } else { Ok(()) }
            }
            Place::Here(stack) => {
                // SAFETY: as above.
                let status = self.nodes.iter().try_for_each(|node| unsafe {
                    carry_out(self.ctx, stack, &mut self.keys.made, node)
                });
                self.nodes.clear();
                status
            }
        }
    }

    /// Pushes `None`.
    ///
    /// ```
    /// # use hpy::prelude::*;
    /// # fn example<'ctx>(ctx: Ctx<'ctx>) -> PyResult<'ctx> {
    /// let mut tree = hpy::TreeBuilder::new(ctx)?;
    /// tree.none()?;
    /// # Ok(())
    /// # }
    /// ```
    #[inline]
    pub fn none(&mut self) -> PyResult<'ctx> {
        self.note(HPY_TREE_NONE, 0)
    }

    /// Pushes `True` or `False`.
    ///
    /// ```
    /// # use hpy::prelude::*;
    /// # fn example<'ctx>(ctx: Ctx<'ctx>) -> PyResult<'ctx> {
    /// let mut tree = hpy::TreeBuilder::new(ctx)?;
    /// tree.bool(true)?;
    /// # Ok(())
    /// # }
    /// ```
    #[inline]
    pub fn bool(&mut self, value: bool) -> PyResult<'ctx> {
        self.note(if value { HPY_TREE_TRUE } else { HPY_TREE_FALSE }, 0)
    }

    /// Pushes an int.
    ///
    /// ```
    /// # use hpy::prelude::*;
    /// # fn example<'ctx>(ctx: Ctx<'ctx>) -> PyResult<'ctx> {
    /// let mut tree = hpy::TreeBuilder::new(ctx)?;
    /// tree.int(-5)?;
    /// # Ok(())
    /// # }
    /// ```
    #[inline]
    pub fn int(&mut self, value: i64) -> PyResult<'ctx> {
        self.note(HPY_TREE_INT, value as u64)
    }

    /// Pushes an int.
    ///
    /// ```
    /// # use hpy::prelude::*;
    /// # fn example<'ctx>(ctx: Ctx<'ctx>) -> PyResult<'ctx> {
    /// let mut tree = hpy::TreeBuilder::new(ctx)?;
    /// tree.uint(u64::MAX)?;
    /// # Ok(())
    /// # }
    /// ```
    #[inline]
    pub fn uint(&mut self, value: u64) -> PyResult<'ctx> {
        self.note(HPY_TREE_UINT, value)
    }

    /// Pushes a float.
    ///
    /// ```
    /// # use hpy::prelude::*;
    /// # fn example<'ctx>(ctx: Ctx<'ctx>) -> PyResult<'ctx> {
    /// let mut tree = hpy::TreeBuilder::new(ctx)?;
    /// tree.float(0.5)?;
    /// # Ok(())
    /// # }
    /// ```
    #[inline]
    pub fn float(&mut self, value: f64) -> PyResult<'ctx> {
        self.note(HPY_TREE_FLOAT, value.to_bits())
    }

    /// Pushes a str.
    ///
    /// ```
    /// # use hpy::prelude::*;
    /// # fn example<'ctx>(ctx: Ctx<'ctx>) -> PyResult<'ctx> {
    /// let mut tree = hpy::TreeBuilder::new(ctx)?;
    /// tree.str("text")?;
    /// # Ok(())
    /// # }
    /// ```
    #[inline]
    pub fn str(&mut self, text: &'t str) -> PyResult<'ctx> {
        let kind = if text.is_ascii() { HPY_TREE_ASCII } else { HPY_TREE_UTF8 };
        self.note_text(kind, text.as_bytes())
    }

    /// Pushes a str of which the caller has seen that it is ASCII: without another look at it.
    ///
    /// # Safety
    /// All bytes of the text are ASCII.
    ///
    /// ```
    /// # use hpy::prelude::*;
    /// # fn example<'ctx>(ctx: Ctx<'ctx>) -> PyResult<'ctx> {
    /// let mut tree = hpy::TreeBuilder::new(ctx)?;
    /// // SAFETY: five letters.
    /// unsafe { tree.ascii("ASCII")? };
    /// # Ok(())
    /// # }
    /// ```
    #[inline(always)]
    pub unsafe fn ascii(&mut self, text: &'t str) -> PyResult<'ctx> {
        debug_assert!(text.is_ascii(), "not ASCII: {text}");
        self.note_text(HPY_TREE_ASCII, text.as_bytes())
    }

    /// Pushes a str that is most likely not all ASCII: what [`str`](TreeBuilder::str) does without a look at it.
    ///
    /// ```
    /// # use hpy::prelude::*;
    /// # fn example<'ctx>(ctx: Ctx<'ctx>) -> PyResult<'ctx> {
    /// let mut tree = hpy::TreeBuilder::new(ctx)?;
    /// tree.utf8("Tōkyō")?;
    /// # Ok(())
    /// # }
    /// ```
    #[inline(always)]
    pub fn utf8(&mut self, text: &'t str) -> PyResult<'ctx> {
        self.note_text(HPY_TREE_UTF8, text.as_bytes())
    }

    /// Pushes a str whose text need not live longer than this call.
    ///
    /// ```
    /// # use hpy::prelude::*;
    /// # fn example<'ctx>(ctx: Ctx<'ctx>) -> PyResult<'ctx> {
    /// let mut tree = hpy::TreeBuilder::new(ctx)?;
    /// tree.str_copied(&format!("{}", 1 + 1))?;
    /// # Ok(())
    /// # }
    /// ```
    pub fn str_copied(&mut self, text: &str) -> PyResult<'ctx> {
        self.note_text(HPY_TREE_UTF8, text.as_bytes())?;
        self.flush()
    }

    /// Pushes a str of UTF-8 in which lone surrogates are encoded as if they were characters (WTF-8).
    /// UnicodeDecodeError where it is something else. The text need not live longer than this call.
    ///
    /// ```
    /// # use hpy::prelude::*;
    /// # fn example<'ctx>(ctx: Ctx<'ctx>) -> PyResult<'ctx> {
    /// let mut tree = hpy::TreeBuilder::new(ctx)?;
    /// tree.wtf8_copied(b"\xed\xa0\x80")?; // "\ud800"
    /// # Ok(())
    /// # }
    /// ```
    pub fn wtf8_copied(&mut self, text: &[u8]) -> PyResult<'ctx> {
        self.note_text(HPY_TREE_WTF8, text)?;
        self.flush()
    }

    /// Pushes a str that is likely to be the key of many dicts.
    ///
    /// ```
    /// # use hpy::prelude::*;
    /// # fn example<'ctx>(ctx: Ctx<'ctx>) -> PyResult<'ctx> {
    /// let mut tree = hpy::TreeBuilder::new(ctx)?;
    /// tree.key("name")?;
    /// tree.str("value")?;
    /// tree.dict(1)?;
    /// # Ok(())
    /// # }
    /// ```
    #[inline]
    pub fn key(&mut self, text: &'t str) -> PyResult<'ctx> {
        match self.keys.find(text) {
            Found::Known(index) => self.note(HPY_TREE_KEY_AGAIN, u64::from(index)),
            Found::New => self.note_text(HPY_TREE_KEY, text.as_bytes()),
            Found::NoRoom => self.str(text),
        }
    }

    /// Makes a list of the topmost `count` values.
    ///
    /// ```
    /// # use hpy::prelude::*;
    /// # fn example<'ctx>(ctx: Ctx<'ctx>) -> PyResult<'ctx> {
    /// let mut tree = hpy::TreeBuilder::new(ctx)?;
    /// tree.int(1)?;
    /// tree.int(2)?;
    /// tree.list(2)?; // [1, 2]
    /// # Ok(())
    /// # }
    /// ```
    #[inline]
    pub fn list(&mut self, count: usize) -> PyResult<'ctx> {
        self.note(HPY_TREE_LIST | (count as u64) << 8, 0)
    }

    /// Makes a tuple of the topmost `count` values.
    ///
    /// ```
    /// # use hpy::prelude::*;
    /// # fn example<'ctx>(ctx: Ctx<'ctx>) -> PyResult<'ctx> {
    /// let mut tree = hpy::TreeBuilder::new(ctx)?;
    /// tree.int(1)?;
    /// tree.int(2)?;
    /// tree.tuple(2)?; // (1, 2)
    /// # Ok(())
    /// # }
    /// ```
    #[inline]
    pub fn tuple(&mut self, count: usize) -> PyResult<'ctx> {
        self.note(HPY_TREE_TUPLE | (count as u64) << 8, 0)
    }

    /// Makes a dict of the topmost `pairs` pairs: key, value, key, value. The last of equal keys wins.
    ///
    /// ```
    /// # use hpy::prelude::*;
    /// # fn example<'ctx>(ctx: Ctx<'ctx>) -> PyResult<'ctx> {
    /// let mut tree = hpy::TreeBuilder::new(ctx)?;
    /// tree.key("one")?;
    /// tree.int(1)?;
    /// tree.dict(1)?; // {"one": 1}
    /// # Ok(())
    /// # }
    /// ```
    #[inline]
    pub fn dict(&mut self, pairs: usize) -> PyResult<'ctx> {
        self.note(HPY_TREE_DICT | (pairs as u64) << 8, 0)
    }

    /// Pushes any object.
    ///
    /// ```
    /// # use hpy::prelude::*;
    /// # fn example<'ctx>(ctx: Ctx<'ctx>) -> PyResult<'ctx> {
    /// let mut tree = hpy::TreeBuilder::new(ctx)?;
    /// tree.push(ctx.ellipsis())?;
    /// # Ok(())
    /// # }
    /// ```
    pub fn push(&mut self, object: impl IntoPy<'ctx>) -> PyResult<'ctx> {
        let object = object.into_py(self.ctx)?;
        self.flush()?;
        match &mut self.place {
            Place::Runtime(table, tree) => {
                // SAFETY: the tree is live, the handle open.
                let status =
                    unsafe { (table.tree_push)(self.ctx.as_raw(), *tree, object.as_raw()) };
                if status < 0 { Err(PyErr::pending(self.ctx)) } else { Ok(()) }
            }
            Place::Here(stack) => {
                stack.push(object);
                Ok(())
            }
        }
    }

    /// Takes the topmost value off. SystemError where there is none.
    ///
    /// ```
    /// # use hpy::prelude::*;
    /// # fn example<'ctx>(ctx: Ctx<'ctx>) -> PyResult<'ctx> {
    /// let mut tree = hpy::TreeBuilder::new(ctx)?;
    /// tree.float(0.5)?;
    /// let half: f64 = tree.pop()?.extract()?;
    /// # Ok(())
    /// # }
    /// ```
    pub fn pop(&mut self) -> PyResult<'ctx, Handle<'ctx, Any>> {
        self.flush()?;
        match &mut self.place {
            // SAFETY: the tree is live.
            Place::Runtime(table, tree) => unsafe {
                Handle::from_new(self.ctx, (table.tree_pop)(self.ctx.as_raw(), *tree))
            },
            Place::Here(stack) => stack.pop().ok_or_else(too_few),
        }
    }
}

impl Drop for TreeBuilder<'_, '_> {
    fn drop(&mut self) {
        for key in self.keys.made.drain(..) {
            // SAFETY: the handle is open and owned by the builder.
            drop(unsafe { Handle::<Any>::from_raw(self.ctx, key) });
        }
        if let Place::Runtime(table, tree) = &self.place {
            // SAFETY: the tree is live and freed once.
            unsafe { (table.tree_free)(self.ctx.as_raw(), *tree) }
        }
    }
}

#[cold]
fn too_few() -> PyErr<'static> {
    SystemError::new("tree: more values wanted than there are")
}

/// A node by the base ABI.
///
/// # Safety
/// The node's text is valid.
unsafe fn carry_out<'ctx>(
    ctx: Ctx<'ctx>,
    stack: &mut Vec<Handle<'ctx, Any>>,
    keys: &mut Vec<HPy>,
    node: &HPyTreeNode,
) -> PyResult<'ctx> {
    let count = (node.tag >> 8) as usize;
    let bytes = || {
        // SAFETY: of a text node the value is an address, valid for the length.
        unsafe { core::slice::from_raw_parts(node.value as usize as *const u8, count) }
    };
    // SAFETY: only texts that are `str`s get these tags.
    let text = || unsafe { core::str::from_utf8_unchecked(bytes()) };
    let made = match node.tag & 0xff {
        HPY_TREE_NONE => ctx.none().to_owned(),
        HPY_TREE_FALSE => false.into_py(ctx)?,
        HPY_TREE_TRUE => true.into_py(ctx)?,
        HPY_TREE_INT => (node.value as i64).into_py(ctx)?,
        HPY_TREE_UINT => node.value.into_py(ctx)?,
        HPY_TREE_FLOAT => f64::from_bits(node.value).into_py(ctx)?,
        HPY_TREE_ASCII | HPY_TREE_UTF8 => text::new_str(ctx, text())?.into_any(),
        HPY_TREE_KEY => {
            let key = text::new_str(ctx, text())?;
            // Closed with the builder's keys.
            keys.push(key.clone().into_raw());
            key.into_any()
        }
        HPY_TREE_KEY_AGAIN => {
            let key = keys.get(node.value as usize).ok_or_else(too_few)?;
            // SAFETY: the handle is open until the builder is dropped.
            unsafe { Handle::from_raw(ctx, api::HPy_Dup(ctx.as_raw(), *key)) }
        }
        HPY_TREE_WTF8 => {
            let bytes = text::new_bytes(ctx, bytes())?;
            bytes.call_method(c"decode", (c"utf-8", c"surrogatepass"))?
        }
        HPY_TREE_LIST | HPY_TREE_TUPLE => {
            let items = stack.split_off(stack.len().checked_sub(count).ok_or_else(too_few)?);
            if node.tag & 0xff == HPY_TREE_LIST {
                List::from_iter(ctx, items)?.into_any()
            } else {
                Tuple::from_iter(ctx, items)?.into_any()
            }
        }
        _ => {
            let start = stack.len().checked_sub(2 * count).ok_or_else(too_few)?;
            let items = stack.split_off(start);
            let dict = Dict::new(ctx)?;
            for pair in items.chunks_exact(2) {
                dict.set_item(&pair[0], &pair[1])?;
            }
            dict.into_any()
        }
    };
    stack.push(made);
    Ok(())
}
