//! Tuples of one to twelve.

use super::{FromItem, FromPy, IntoPy};
use crate::exc::ValueError;
use crate::handle::{Handle, Ref};
use crate::kinds::{Any, Kind, List, Tuple};
use crate::{Ctx, Hint, PyErr, PyResult};

/// Whether it is a tuple or list of `count` items.
#[doc(hidden)]
pub fn expect_items<'a>(object: Ref<'a, Any>, count: usize) -> PyResult<'a> {
    if !Tuple::check(&object) && !List::check(&object) {
        return Err(PyErr::wrong_type("tuple", &*object));
    }
    let len = object.len()?;
    if len != count {
        return Err(ValueError::new(format!(
            "expected a tuple of length {count}, got one of length {len}"
        )));
    }
    Ok(())
}

/// One converted item.
#[doc(hidden)]
pub fn item<'a, T>(object: Ref<'a, Any>, index: isize) -> PyResult<'a, T>
where
    T: FromItem<'a>,
{
    T::from_item(&object.get_index(index)?)
        .map_err(|error| error.within(&format_args!("item {index} of the tuple")))
}

macro_rules! tuple_hint {
    ($first:expr $(, $rest:expr)*) => {
        Hint::Join(&[
            Hint::Text("tuple["),
            $first,
            $(Hint::Text(", "), $rest,)*
            Hint::Text("]"),
        ])
    };
}

macro_rules! tuples {
    ($($count:literal: $($name:ident $index:tt),*;)*) => {$(
        impl<'a, $($name),*> FromPy<'a> for ($($name,)*)
        where
            $($name: FromItem<'a>),*
        {
            const HINT: Hint = tuple_hint!($(<$name as FromPy<'a>>::HINT),*);

            fn from_py(object: Ref<'a, Any>) -> PyResult<'a, Self> {
                expect_items(object, $count)?;
                Ok(($(item::<$name>(object, $index)?,)*))
            }
        }

        impl<'ctx, $($name: IntoPy<'ctx>),*> IntoPy<'ctx> for ($($name,)*) {
            const HINT: Hint = tuple_hint!($($name::HINT),*);

            fn into_py(self, ctx: Ctx<'ctx>) -> PyResult<'ctx, Handle<'ctx, Any>> {
                let items = [$(self.$index.into_py(ctx)?),*];
                Tuple::from_handles(ctx, &items).map(Handle::into_any)
            }
        }
    )*};
}

tuples! {
    1: A 0;
    2: A 0, B 1;
    3: A 0, B 1, C 2;
    4: A 0, B 1, C 2, D 3;
    5: A 0, B 1, C 2, D 3, E 4;
    6: A 0, B 1, C 2, D 3, E 4, F 5;
    7: A 0, B 1, C 2, D 3, E 4, F 5, G 6;
    8: A 0, B 1, C 2, D 3, E 4, F 5, G 6, H 7;
    9: A 0, B 1, C 2, D 3, E 4, F 5, G 6, H 7, I 8;
    10: A 0, B 1, C 2, D 3, E 4, F 5, G 6, H 7, I 8, J 9;
    11: A 0, B 1, C 2, D 3, E 4, F 5, G 6, H 7, I 8, J 9, K 10;
    12: A 0, B 1, C 2, D 3, E 4, F 5, G 6, H 7, I 8, J 9, K 10, L 11;
}
