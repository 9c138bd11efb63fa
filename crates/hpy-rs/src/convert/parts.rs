//! The named parts of derived conversions.

use super::FromItem;
use crate::PyResult;
use crate::exc::{AttributeError, KeyError, TypeError};
use crate::handle::{Handle, Ref};
use crate::kinds::{Any, Dict, Kind, Tuple};
use core::ffi::CStr;

/// Where the named parts of a struct are.
#[doc(hidden)]
#[derive(Clone, Copy, PartialEq)]
pub enum Parts {
    /// Items of a dict, attributes of anything else.
    Both,
    /// Items of a dict only.
    Dict,
    /// Attributes only.
    Attributes,
}

/// An object whose attributes are the items of a dict: `types.SimpleNamespace`.
#[doc(hidden)]
pub fn namespace<'ctx>(items: Handle<'ctx, Dict>) -> PyResult<'ctx, Handle<'ctx, Any>> {
    let ctx = items.ctx();
    let kind = ctx.import(c"types")?.getattr(c"SimpleNamespace")?;
    kind.call_tuple_dict(&Tuple::from_handles(ctx, &[])?, Some(&items))
}

/// A part of a struct. One that is not there is as None, which some types other than `Option` are made from too.
#[doc(hidden)]
pub fn named_part<'a, T: FromItem<'a>>(
    object: Ref<'a, Any>,
    name: &'static CStr,
    parts: Parts,
    place: &'static str,
) -> PyResult<'a, T> {
    match find(object, name, parts)? {
        Some(value) => T::from_item(&value).map_err(|error| error.within(&place)),
        None => T::from_nothing(object.ctx().none()).map_err(|error| {
            drop(error);
            TypeError::new(format!("{place} is missing"))
        }),
    }
}

/// A part of type `Option`, whose value may be a handle.
#[doc(hidden)]
pub fn optional_part<'a, T: FromItem<'a>>(
    object: Ref<'a, Any>,
    name: &'static CStr,
    parts: Parts,
    place: &'static str,
) -> PyResult<'a, Option<T>> {
    match find(object, name, parts)? {
        Some(value) if !value.is_none() => {
            T::from_item(&value).map(Some).map_err(|error| error.within(&place))
        }
        _ => Ok(None),
    }
}

fn find<'a>(
    object: Ref<'a, Any>,
    name: &'static CStr,
    parts: Parts,
) -> PyResult<'a, Option<Handle<'a, Any>>> {
    let ctx = object.ctx();
    let found = if parts != Parts::Attributes && Dict::check(&object) {
        object.get_item_str(name)
    } else if parts == Parts::Dict {
        return Err(crate::PyErr::wrong_type("dict", &*object));
    } else {
        object.getattr(name)
    };
    match found {
        Ok(value) => Ok(Some(value)),
        Err(error) if error.is::<KeyError>(ctx) || error.is::<AttributeError>(ctx) => Ok(None),
        Err(error) => Err(error),
    }
}
