//! The named parts of derived conversions.

use super::FromPy;
use crate::PyResult;
use crate::exc::{AttributeError, KeyError, TypeError};
use crate::handle::Ref;
use crate::kinds::{Any, Dict, Kind};
use core::ffi::CStr;

/// A part of a struct: an item of a dict or, unless `only_dict`, an attribute. One that is not there is as
/// None, so that optional parts can be left out.
pub fn named_part<'a, T>(
    object: Ref<'a, Any>,
    name: &'static CStr,
    only_dict: bool,
    place: &'static str,
) -> PyResult<'a, T>
where
    T: for<'b> FromPy<'b>,
{
    let ctx = object.ctx();
    let found = if Dict::check(&object) {
        object.get_item_str(name)
    } else if only_dict {
        return Err(crate::PyErr::wrong_type("dict", &*object));
    } else {
        object.getattr(name)
    };
    match found {
        Ok(value) => value.extract().map_err(|error| error.within(&place)),
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
