//! Lists, tuples, dicts.

use super::status;
use crate::handle::Handle;
use crate::kinds::{Any, Dict, List, Tuple};
use crate::name::Name;
use crate::{Ctx, FromItem, IntoPy, PyErr, PyResult, shortcuts};
use core::marker::PhantomData;
use hpy_sys::{HPy, HPyListBuilder, HPyTupleBuilder, api};

impl List {
    /// `[]`
    ///
    /// ```
    /// # use hpy::prelude::*;
    /// # fn example<'ctx>(ctx: Ctx<'ctx>, object: Ref<'ctx>) -> PyResult<'ctx> {
    /// let names = List::new(ctx)?;
    /// names.append("one")?;
    /// # Ok(())
    /// # }
    /// ```
    #[allow(clippy::new_ret_no_self)]
    pub fn new(ctx: Ctx<'_>) -> PyResult<'_, Handle<'_, List>> {
        // SAFETY: the token is a live context.
        unsafe { Handle::from_new(ctx, api::HPyList_New(ctx.as_raw(), 0)) }
    }

    /// A list of the converted items.
    ///
    /// ```
    /// # use hpy::prelude::*;
    /// # fn example<'ctx>(ctx: Ctx<'ctx>) -> PyResult<'ctx> {
    /// let squares = List::from_iter(ctx, [1, 4, 9])?;
    /// let same = Tuple::from_iter(ctx, vec![1, 4, 9])?;
    /// # Ok(())
    /// # }
    /// ```
    pub fn from_iter<'ctx, I>(ctx: Ctx<'ctx>, items: I) -> PyResult<'ctx, Handle<'ctx, List>>
    where
        I: IntoIterator<Item: IntoPy<'ctx>, IntoIter: ExactSizeIterator>,
    {
        <I::Item as IntoPy<'ctx>>::list_from_iter(items.into_iter(), ctx)
    }

    /// The same item by item, after those of `first`.
    pub(crate) fn from_items<'ctx>(
        ctx: Ctx<'ctx>,
        len: usize,
        first: impl IntoIterator<Item: IntoPy<'ctx>>,
        items: impl IntoIterator<Item: IntoPy<'ctx>>,
    ) -> PyResult<'ctx, Handle<'ctx, List>> {
        let mut builder = ListBuilder::new(ctx, len);
        for item in first {
            builder.push(item.into_py(ctx)?);
        }
        for item in items {
            builder.push(item.into_py(ctx)?);
        }
        builder.build()
    }
}

impl Tuple {
    /// A tuple of these objects. `HPyTuple_FromArray`.
    ///
    /// ```
    /// # use hpy::prelude::*;
    /// # fn example<'ctx>(ctx: Ctx<'ctx>) -> PyResult<'ctx> {
    /// let pair = Tuple::from_handles(ctx, &[1.into_py(ctx)?, "one".into_py(ctx)?])?;
    /// # Ok(())
    /// # }
    /// ```
    pub fn from_handles<'ctx>(
        ctx: Ctx<'ctx>,
        items: &[Handle<'ctx, Any>],
    ) -> PyResult<'ctx, Handle<'ctx, Tuple>> {
        let raw: Vec<HPy> = items.iter().map(Handle::as_raw).collect();
        Tuple::from_raw_handles(ctx, &raw)
    }

    pub(crate) fn from_raw_handles<'ctx>(
        ctx: Ctx<'ctx>,
        items: &[HPy],
    ) -> PyResult<'ctx, Handle<'ctx, Tuple>> {
        // SAFETY: the handles are open, the array is as long as said.
        unsafe {
            Handle::from_new(
                ctx,
                api::HPyTuple_FromArray(ctx.as_raw(), items.as_ptr(), items.len() as isize),
            )
        }
    }

    /// A tuple of the converted items.
    ///
    /// ```
    /// # use hpy::prelude::*;
    /// # fn example<'ctx>(ctx: Ctx<'ctx>) -> PyResult<'ctx> {
    /// let squares = List::from_iter(ctx, [1, 4, 9])?;
    /// let same = Tuple::from_iter(ctx, vec![1, 4, 9])?;
    /// # Ok(())
    /// # }
    /// ```
    pub fn from_iter<'ctx, I>(ctx: Ctx<'ctx>, items: I) -> PyResult<'ctx, Handle<'ctx, Tuple>>
    where
        I: IntoIterator<Item: IntoPy<'ctx>, IntoIter: ExactSizeIterator>,
    {
        let items = items.into_iter();
        let mut builder = TupleBuilder::new(ctx, items.len());
        for item in items {
            builder.push(item.into_py(ctx)?);
        }
        builder.build()
    }
}

macro_rules! builder {
    ($name:ident $raw:ident $kind:ident $new:ident $set:ident $build:ident $cancel:ident) => {
        /// Builds a sequence of known length; cancelled when dropped before it is built.
        struct $name<'ctx> {
            raw: $raw,
            len: usize,
            filled: usize,
            ctx: Ctx<'ctx>,
            _call: PhantomData<&'ctx ()>,
        }

        impl<'ctx> $name<'ctx> {
            fn new(ctx: Ctx<'ctx>, len: usize) -> Self {
                // SAFETY: the token is a live context; failure is told by the building.
                let raw = unsafe { api::$new(ctx.as_raw(), len as isize) };
                $name { raw, len, filled: 0, ctx, _call: PhantomData }
            }

            /// Adds the next item. An iterator may be wrong about its length: nothing is written past the end.
            #[inline(always)]
            fn push(&mut self, item: Handle<'ctx, Any>) {
                assert!(self.filled < self.len, "an iterator gave more items than its len()");
                // SAFETY: the index is inside; the builder takes a reference of its own.
                unsafe {
                    api::$set(self.ctx.as_raw(), self.raw, self.filled as isize, item.as_raw())
                }
                self.filled += 1;
            }

            /// The sequence; all its places must have been filled.
            fn build(self) -> PyResult<'ctx, Handle<'ctx, $kind>> {
                assert!(self.filled == self.len, "an iterator gave fewer items than its len()");
                let this = core::mem::ManuallyDrop::new(self);
                // SAFETY: the builder is live and given up here.
                unsafe { Handle::from_new(this.ctx, api::$build(this.ctx.as_raw(), this.raw)) }
            }
        }

        impl Drop for $name<'_> {
            fn drop(&mut self) {
                // SAFETY: the builder is live and given up here.
                unsafe { api::$cancel(self.ctx.as_raw(), self.raw) }
            }
        }
    };
}

builder!(ListBuilder HPyListBuilder List HPyListBuilder_New HPyListBuilder_Set HPyListBuilder_Build HPyListBuilder_Cancel);
builder!(TupleBuilder HPyTupleBuilder Tuple HPyTupleBuilder_New HPyTupleBuilder_Set HPyTupleBuilder_Build HPyTupleBuilder_Cancel);

impl<'ctx> Handle<'ctx, List> {
    /// `list.append(item)`
    ///
    /// ```
    /// # use hpy::prelude::*;
    /// # fn example<'ctx>(ctx: Ctx<'ctx>) -> PyResult<'ctx> {
    /// let list = List::new(ctx)?;
    /// list.append("one more")?;
    /// # Ok(())
    /// # }
    /// ```
    pub fn append(&self, item: impl IntoPy<'ctx>) -> PyResult<'ctx> {
        let ctx = self.ctx();
        let item = item.into_py(ctx)?;
        // SAFETY: the handles are open, `self` is a list.
        let done = unsafe { api::HPyList_Append(ctx.as_raw(), self.as_raw(), item.as_raw()) };
        status(ctx, done).map(drop)
    }

    /// The items, one by one, as a `for` loop sees a list that changes meanwhile.
    ///
    /// ```
    /// # use hpy::prelude::*;
    /// # fn example<'ctx>(ctx: Ctx<'ctx>) -> PyResult<'ctx> {
    /// let squares = List::from_iter(ctx, [1, 4, 9])?;
    /// for item in squares.items() {
    ///     let square: i64 = item?.extract()?;
    /// }
    /// # Ok(())
    /// # }
    /// ```
    #[inline]
    pub fn items(&self) -> ListItems<'_, 'ctx> {
        ListItems { list: self.as_raw(), ctx: self.ctx(), next: 0, len: 0, _list: PhantomData }
    }
}

/// The items of a list. See [`Handle::items`](Handle).
// The handle is held as its bits: all of the iterator can then stay in registers.
pub struct ListItems<'a, 'ctx> {
    list: HPy,
    ctx: Ctx<'ctx>,
    next: isize,
    /// The length when it was asked last: asked again only at the end.
    len: isize,
    _list: PhantomData<&'a Handle<'ctx, List>>,
}

impl<'ctx> Iterator for ListItems<'_, 'ctx> {
    type Item = PyResult<'ctx, Handle<'ctx, Any>>;

    #[inline(always)]
    fn next(&mut self) -> Option<Self::Item> {
        if self.next >= self.len {
            self.len = length_now(self.ctx, self.list);
            if self.next >= self.len {
                return None;
            }
        }
        // SAFETY: the list is open for 'a.
        let raw = unsafe { shortcuts::item(self.ctx, self.list, self.next) };
        self.next += 1;
        if raw.is_null() {
            self.len = 0;
            return item_failed(self.ctx).map(Err);
        }
        // SAFETY: the item is open and ours.
        Some(Ok(unsafe { Handle::from_raw(self.ctx, raw) }))
    }
}

/// The length of a list: asked for at the start, and at the end for a list that was appended to.
#[inline(never)]
fn length_now(ctx: Ctx<'_>, list: HPy) -> isize {
    // SAFETY: the list is open.
    let len = unsafe { api::HPy_Length(ctx.as_raw(), list) };
    if len < 0 {
        drop(PyErr::pending(ctx));
    }
    len
}

/// An item that is not there any more ends the iteration: the list has become shorter.
#[cold]
#[inline(never)]
fn item_failed(ctx: Ctx<'_>) -> Option<PyErr<'_>> {
    let error = PyErr::pending(ctx);
    if error.is::<crate::exc::IndexError>(ctx) { None } else { Some(error) }
}

impl<'ctx> Handle<'ctx, Tuple> {
    /// The items, one by one.
    ///
    /// ```
    /// # use hpy::prelude::*;
    /// # fn example<'ctx>(ctx: Ctx<'ctx>) -> PyResult<'ctx> {
    /// let squares = List::from_iter(ctx, [1, 4, 9])?;
    /// for item in squares.items() {
    ///     let square: i64 = item?.extract()?;
    /// }
    /// # Ok(())
    /// # }
    /// ```
    #[inline]
    pub fn items(&self) -> PyResult<'ctx, TupleItems<'_, 'ctx>> {
        let len = self.len()? as isize;
        Ok(TupleItems { tuple: self.as_raw(), ctx: self.ctx(), next: 0, len, _tuple: PhantomData })
    }
}

/// The items of a tuple. See [`Handle::items`](Handle).
///
/// ```
/// # use hpy::prelude::*;
/// # fn example<'ctx>(ctx: Ctx<'ctx>, pair: Ref<'ctx, Tuple>) -> PyResult<'ctx> {
/// for item in pair.items()? {
///     println!("{:?}", item?);
/// }
/// # Ok(())
/// # }
/// ```
pub struct TupleItems<'a, 'ctx> {
    tuple: HPy,
    ctx: Ctx<'ctx>,
    next: isize,
    len: isize,
    _tuple: PhantomData<&'a Handle<'ctx, Tuple>>,
}

impl<'ctx> Iterator for TupleItems<'_, 'ctx> {
    type Item = PyResult<'ctx, Handle<'ctx, Any>>;

    #[inline(always)]
    fn next(&mut self) -> Option<Self::Item> {
        if self.next >= self.len {
            return None;
        }
        self.next += 1;
        // SAFETY: the tuple is open for 'a.
        Some(unsafe {
            let raw = shortcuts::tuple_item(self.ctx, self.tuple, self.next - 1);
            Handle::from_new(self.ctx, raw)
        })
    }
}

impl Dict {
    /// `{}`
    ///
    /// ```
    /// # use hpy::prelude::*;
    /// # fn example<'ctx>(ctx: Ctx<'ctx>, object: Ref<'ctx>) -> PyResult<'ctx> {
    /// let ages = Dict::new(ctx)?;
    /// ages.set_item("Ada", 36)?;
    /// # Ok(())
    /// # }
    /// ```
    #[allow(clippy::new_ret_no_self)]
    pub fn new(ctx: Ctx<'_>) -> PyResult<'_, Handle<'_, Dict>> {
        // SAFETY: the token is a live context.
        unsafe { Handle::from_new(ctx, api::HPyDict_New(ctx.as_raw())) }
    }
}

impl<'ctx> Handle<'ctx, Dict> {
    /// `dict["key"] = value`
    ///
    /// ```
    /// # use hpy::prelude::*;
    /// # fn example<'ctx>(ctx: Ctx<'ctx>) -> PyResult<'ctx> {
    /// let dict = Dict::new(ctx)?;
    /// dict.set_item_str(c"size", 3)?;
    /// # Ok(())
    /// # }
    /// ```
    pub fn set_item_str(&self, key: impl Name, value: impl IntoPy<'ctx>) -> PyResult<'ctx> {
        let ctx = self.ctx();
        let value = value.into_py(ctx)?;
        key.with_c_str(ctx, |key| {
            // SAFETY: the handles are open, the key ends with a NUL.
            let done = unsafe {
                api::HPy_SetItem_s(ctx.as_raw(), self.as_raw(), key.as_ptr(), value.as_raw())
            };
            status(ctx, done).map(drop)
        })
    }

    /// `list(dict)`. `PyDict_Keys`.
    ///
    /// ```
    /// # use hpy::prelude::*;
    /// # fn example<'ctx>(ctx: Ctx<'ctx>) -> PyResult<'ctx> {
    /// let dict = Dict::new(ctx)?;
    /// for key in dict.keys()?.items() {
    ///     println!("{:?}", key?);
    /// }
    /// # Ok(())
    /// # }
    /// ```
    pub fn keys(&self) -> PyResult<'ctx, Handle<'ctx, List>> {
        // SAFETY: the handle is open and a dict.
        unsafe {
            Handle::from_new(self.ctx(), api::HPyDict_Keys(self.ctx().as_raw(), self.as_raw()))
        }
    }

    /// `dict.copy()`
    ///
    /// ```
    /// # use hpy::prelude::*;
    /// # fn example<'ctx>(ctx: Ctx<'ctx>) -> PyResult<'ctx> {
    /// let dict = Dict::new(ctx)?;
    /// let another = dict.copy()?;
    /// # Ok(())
    /// # }
    /// ```
    pub fn copy(&self) -> PyResult<'ctx, Handle<'ctx, Dict>> {
        // SAFETY: the handle is open and a dict.
        unsafe {
            Handle::from_new(self.ctx(), api::HPyDict_Copy(self.ctx().as_raw(), self.as_raw()))
        }
    }

    /// The value of a key, None where the dict has none.
    ///
    /// ```
    /// # use hpy::prelude::*;
    /// # fn example<'ctx>(ctx: Ctx<'ctx>) -> PyResult<'ctx> {
    /// let dict = Dict::new(ctx)?;
    /// if let Some(value) = dict.get("key")? {
    ///     println!("{value:?}");
    /// }
    /// # Ok(())
    /// # }
    /// ```
    pub fn get(&self, key: impl IntoPy<'ctx>) -> PyResult<'ctx, Option<Handle<'ctx, Any>>> {
        let key = key.into_py(self.ctx())?;
        match self.get_item(&key) {
            Ok(value) => Ok(Some(value)),
            Err(error) if error.is::<crate::exc::KeyError>(self.ctx()) => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// The converted pairs.
    pub(crate) fn pairs<K, V>(&self) -> PyResult<'ctx, Vec<(K, V)>>
    where
        K: FromItem<'ctx>,
        V: FromItem<'ctx>,
    {
        let keys = self.keys()?;
        let mut pairs = Vec::with_capacity(keys.len()?);
        for key in keys.items() {
            let key = key?;
            let value = self.get_item(&key)?;
            pairs.push((
                K::from_item(&key).map_err(|error| error.within(&"dict key"))?,
                V::from_item(&value)
                    .map_err(|error| error.within(&format_args!("dict value {key:?}")))?,
            ));
        }
        Ok(pairs)
    }
}
