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

/// A part of a struct. One that is not there is as
/// None, so that optional parts can be left out.
#[doc(hidden)]
pub fn named_part<'a, T>(
    object: Ref<'a, Any>,
    name: &'static CStr,
    parts: Parts,
    place: &'static str,
) -> PyResult<'a, T>
where
    T: FromItem<'a>,
{
    let ctx = object.ctx();
    let found = if parts != Parts::Attributes && Dict::check(&object) {
        object.get_item_str(name)
    } else if parts == Parts::Dict {
        return Err(crate::PyErr::wrong_type("dict", &*object));
    } else {
        object.getattr(name)
    };
    match found {
        Ok(value) => T::from_item(&value).map_err(|error| error.within(&place)),
        Err(error) if error.is::<KeyError>(ctx) || error.is::<AttributeError>(ctx) => {
            drop(error);
            T::from_py(ctx.none()).map_err(|error| {
                drop(error);
                TypeError::new(format!("{place} is missing"))
            })
        }
        Err(error) => Err(error),
    }
}
