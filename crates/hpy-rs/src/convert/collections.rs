//! Vectors, arrays, maps, sets.

use super::{FromItem, FromPy, IntoPy};
use crate::exc::ValueError;
use crate::handle::{Handle, Ref};
use crate::kinds::{Any, Dict, Kind, List, Str, Tuple};
use crate::{Ctx, Hint, PyErr, PyResult};
use core::hash::{BuildHasher, Hash};
use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};

/// The items of any iterable but a str, converted one by one.
pub(super) fn vec_from_iterable<'a, T>(object: Ref<'a, Any>) -> PyResult<'a, Vec<T>>
where
    T: FromItem<'a>,
{
    let mut values = Vec::new();
    each_item(object, "a sequence", |item| {
        let value = T::from_item(&item).map_err(|error| {
            error.within(&format_args!("item {} of the sequence", values.len()))
        })?;
        values.push(value);
        Ok(())
    })?;
    Ok(values)
}

/// Calls `f` with each item of an iterable; a str is not taken for one.
fn each_item<'a>(
    object: Ref<'a, Any>,
    expected: &'static str,
    mut f: impl FnMut(Handle<'a, Any>) -> PyResult<'a>,
) -> PyResult<'a> {
    if List::check(&object) {
        // SAFETY: just checked.
        let list = unsafe { object.assume::<List>() };
        return list.items().try_for_each(|item| f(item?));
    }
    if Tuple::check(&object) {
        // SAFETY: just checked.
        let tuple = unsafe { object.assume::<Tuple>() };
        return tuple.items()?.try_for_each(|item| f(item?));
    }
    if Str::check(&object) || !object.hasattr(c"__iter__")? {
        return Err(PyErr::wrong_type(expected, &*object));
    }
    object.iter()?.try_for_each(|item| f(item?))
}

/// Any iterable but a str; of `u8` also bytes.
impl<'a, T> FromPy<'a> for Vec<T>
where
    T: FromItem<'a>,
{
    const HINT: Hint = <T as FromPy<'a>>::VEC_HINT;

    fn from_py(object: Ref<'a, Any>) -> PyResult<'a, Self> {
        match T::vec_from_py(object)? {
            Some(values) => Ok(values),
            None => vec_from_iterable(object),
        }
    }
}

/// A list; of `u8` bytes.
impl<'ctx, T: IntoPy<'ctx>> IntoPy<'ctx> for Vec<T> {
    const HINT: Hint = T::VEC_HINT;

    fn into_py(self, ctx: Ctx<'ctx>) -> PyResult<'ctx, Handle<'ctx, Any>> {
        T::vec_into_py(self, ctx)
    }
}

/// Any iterable of exactly that many items.
impl<'a, T, const N: usize> FromPy<'a> for [T; N]
where
    T: FromItem<'a>,
{
    const HINT: Hint = <T as FromPy<'a>>::VEC_HINT;

    fn from_py(object: Ref<'a, Any>) -> PyResult<'a, Self> {
        let values = Vec::<T>::from_py(object)?;
        let count = values.len();
        values.try_into().map_err(|_| {
            ValueError::new(format!("expected a sequence of length {N}, got one of length {count}"))
        })
    }
}

impl<'ctx, T: IntoPy<'ctx>, const N: usize> IntoPy<'ctx> for [T; N] {
    const HINT: Hint = T::VEC_HINT;

    fn into_py(self, ctx: Ctx<'ctx>) -> PyResult<'ctx, Handle<'ctx, Any>> {
        T::vec_into_py(Vec::from(self), ctx)
    }
}

macro_rules! sets {
    ($($set:ident: $($bound:path),*;)*) => {$(
        /// Any iterable but a str.
        impl<'a, T> FromPy<'a> for $set<T>
        where
            T: FromItem<'a> $(+ $bound)*,
        {
            const HINT: Hint = Hint::Join(&[
                Hint::Text("collections.abc.Iterable["),
                <T as FromPy<'a>>::HINT,
                Hint::Text("]"),
            ]);

            fn from_py(object: Ref<'a, Any>) -> PyResult<'a, Self> {
                let mut values = $set::new();
                each_item(object, "a set", |item| {
                    values.insert(T::from_item(&item).map_err(|error| error.within(&"set item"))?);
                    Ok(())
                })?;
                Ok(values)
            }
        }
    )*};
}

sets! {
    HashSet: Eq, Hash;
    BTreeSet: Ord;
}

fn new_set<'ctx>(ctx: Ctx<'ctx>, items: Handle<'ctx, List>) -> PyResult<'ctx, Handle<'ctx, Any>> {
    ctx.builtin(c"set")?.call((items,))
}

/// A set.
impl<'ctx, T: IntoPy<'ctx>, S> IntoPy<'ctx> for HashSet<T, S> {
    const HINT: Hint = Hint::Join(&[Hint::Text("set["), T::HINT, Hint::Text("]")]);

    fn into_py(self, ctx: Ctx<'ctx>) -> PyResult<'ctx, Handle<'ctx, Any>> {
        new_set(ctx, List::from_iter(ctx, self)?)
    }
}

/// A set.
impl<'ctx, T: IntoPy<'ctx>> IntoPy<'ctx> for BTreeSet<T> {
    const HINT: Hint = Hint::Join(&[Hint::Text("set["), T::HINT, Hint::Text("]")]);

    fn into_py(self, ctx: Ctx<'ctx>) -> PyResult<'ctx, Handle<'ctx, Any>> {
        new_set(ctx, List::from_iter(ctx, self)?)
    }
}

macro_rules! dict_hint {
    ($key:expr, $value:expr) => {
        Hint::Join(&[Hint::Text("dict["), $key, Hint::Text(", "), $value, Hint::Text("]")])
    };
}

impl<'a, K, V, S> FromPy<'a> for HashMap<K, V, S>
where
    K: FromItem<'a> + Eq + Hash,
    V: FromItem<'a>,
    S: BuildHasher + Default,
{
    const HINT: Hint = dict_hint!(<K as FromPy<'a>>::HINT, <V as FromPy<'a>>::HINT);

    fn from_py(object: Ref<'a, Any>) -> PyResult<'a, Self> {
        Ok(Ref::<'a, Dict>::from_py(object)?.pairs()?.into_iter().collect())
    }
}

impl<'a, K, V> FromPy<'a> for BTreeMap<K, V>
where
    K: FromItem<'a> + Ord,
    V: FromItem<'a>,
{
    const HINT: Hint = dict_hint!(<K as FromPy<'a>>::HINT, <V as FromPy<'a>>::HINT);

    fn from_py(object: Ref<'a, Any>) -> PyResult<'a, Self> {
        Ok(Ref::<'a, Dict>::from_py(object)?.pairs()?.into_iter().collect())
    }
}

fn new_dict<'ctx, K: IntoPy<'ctx>, V: IntoPy<'ctx>>(
    ctx: Ctx<'ctx>,
    pairs: impl IntoIterator<Item = (K, V)>,
) -> PyResult<'ctx, Handle<'ctx, Any>> {
    let dict = Dict::new(ctx)?;
    for (key, value) in pairs {
        dict.set_item(key, value)?;
    }
    Ok(dict.into_any())
}

/// A dict.
impl<'ctx, K: IntoPy<'ctx>, V: IntoPy<'ctx>, S> IntoPy<'ctx> for HashMap<K, V, S> {
    const HINT: Hint = dict_hint!(K::HINT, V::HINT);

    fn into_py(self, ctx: Ctx<'ctx>) -> PyResult<'ctx, Handle<'ctx, Any>> {
        new_dict(ctx, self)
    }
}

/// A dict in the order of the keys.
impl<'ctx, K: IntoPy<'ctx>, V: IntoPy<'ctx>> IntoPy<'ctx> for BTreeMap<K, V> {
    const HINT: Hint = dict_hint!(K::HINT, V::HINT);

    fn into_py(self, ctx: Ctx<'ctx>) -> PyResult<'ctx, Handle<'ctx, Any>> {
        new_dict(ctx, self)
    }
}
