//! Python objects as arrays.

use crate::array::Array;
use crate::view::{MAX_DIMENSIONS, View};
use hpy::prelude::*;
use hpy::{Content, Contents, Element, Hint};

/// What an array is computed with: an array, a number, nested lists, or anything with a buffer of numbers.
pub struct Operand<'a> {
    pub view: View,
    /// What keeps foreign memory as long as the operand lives.
    _buffer: Option<Buffer<'a, f64>>,
}

impl<'a> FromPy<'a> for Operand<'a> {
    fn from_py(object: Ref<'a, Any>) -> PyResult<'a, Self> {
        if let Some(view) = view_of_array(object)? {
            return Ok(Operand { view, _buffer: None });
        }
        if object.is_kind::<Float>() || object.is_kind::<Int>() {
            let view = View::new(vec![object.extract()?], Vec::new());
            return Ok(Operand { view, _buffer: None });
        }
        if object.is_kind::<List>() || object.is_kind::<Tuple>() {
            return Ok(Operand { view: copied(object)?, _buffer: None });
        }
        match Buffer::<f64>::new(&*object) {
            Ok(buffer) if buffer.is_view() => {
                // SAFETY: the buffer is kept beside the view.
                let view = unsafe {
                    View::foreign(buffer.as_ptr(), buffer.shape(), buffer.strides(), true)
                };
                Ok(Operand { view, _buffer: Some(buffer) })
            }
            Ok(buffer) => Ok(Operand {
                view: View::new(buffer.to_vec(), buffer.shape().to_vec()),
                _buffer: None,
            }),
            Err(error) => {
                drop(error);
                match converted(object)? {
                    Some(view) => Ok(Operand { view, _buffer: None }),
                    None => Err(PyErr::wrong_type("a number or an array", &*object)),
                }
            }
        }
    }
}

/// The view of an `Array`, if the object is one.
pub fn view_of_array<'a>(object: Ref<'a>) -> PyResult<'a, Option<View>> {
    if !object.is_kind::<Array>() {
        return Ok(None);
    }
    // SAFETY: just checked.
    let array: Ref<'a, Array> = unsafe { object.assume() };
    let view = array.borrow()?.view.clone();
    Ok(Some(view))
}

/// A copy of a buffer of numbers, whatever their type; None where the object has none.
pub fn converted<'a>(object: Ref<'a>) -> PyResult<'a, Option<View>> {
    fn of<'a, T: Element>(object: Ref<'a>, as_float: impl Fn(T) -> f64) -> Option<View> {
        let buffer = match Buffer::<T>::new(&*object) {
            Ok(buffer) => buffer,
            Err(error) => {
                drop(error);
                return None;
            }
        };
        let values = buffer.to_vec().into_iter().map(as_float).collect();
        Some(View::new(values, buffer.shape().to_vec()))
    }
    if object.is_kind::<Bytes>() {
        return Ok(None);
    }
    Ok(of::<f64>(object, |value| value)
        .or_else(|| of::<f32>(object, f64::from))
        .or_else(|| of::<i64>(object, |value| value as f64))
        .or_else(|| of::<i32>(object, f64::from))
        .or_else(|| of::<u8>(object, f64::from))
        .or_else(|| of::<u64>(object, |value| value as f64))
        .or_else(|| of::<u32>(object, f64::from))
        .or_else(|| of::<i16>(object, f64::from))
        .or_else(|| of::<u16>(object, f64::from))
        .or_else(|| of::<i8>(object, f64::from)))
}

/// New memory with the numbers of nested lists and tuples, of arrays in them, or of a buffer.
pub fn copied<'a>(object: Ref<'a>) -> PyResult<'a, View> {
    let mut values = Vec::new();
    let shape = gather(object, 0, &mut values)?;
    crate::view::count(&shape)?;
    Ok(View::new(values, shape))
}

/// Adds the numbers of an object; returns its shape.
fn gather<'a>(object: Ref<'a>, depth: usize, values: &mut Vec<f64>) -> PyResult<'a, Vec<usize>> {
    if depth > MAX_DIMENSIONS {
        return Err(ValueError::new(format!(
            "maximum supported dimension for an array is {MAX_DIMENSIONS}"
        )));
    }
    if object.is_kind::<List>() || object.is_kind::<Tuple>() {
        return gather_items(object, depth, values);
    }
    if let Some(view) = view_of_array(object)? {
        values.extend(view.to_vec());
        return Ok(view.shape);
    }
    if object.is_kind::<Float>() || object.is_kind::<Int>() {
        values.push(object.extract()?);
        return Ok(Vec::new());
    }
    if let Some(view) = converted(object)? {
        values.extend(view.to_vec());
        return Ok(view.shape);
    }
    // Numbers of other types have __float__ or __index__.
    match object.extract::<f64>() {
        Ok(value) => {
            values.push(value);
            Ok(Vec::new())
        }
        Err(error) if error.is::<TypeError>(object.ctx()) => {
            drop(error);
            Err(TypeError::new(format!(
                "an array is made of numbers and nested lists of them, not of {}",
                object.type_name()
            )))
        }
        Err(error) => Err(error),
    }
}

fn gather_items<'a>(
    sequence: Ref<'a>,
    depth: usize,
    values: &mut Vec<f64>,
) -> PyResult<'a, Vec<usize>> {
    let ctx = sequence.ctx();
    let mut contents = Contents::new(ctx);
    contents.read(&*sequence)?;
    let mut common: Option<Vec<usize>> = None;
    for content in contents.iter() {
        let shape = match content {
            Content::Float(value) => {
                values.push(value);
                Vec::new()
            }
            Content::Int(value) => {
                values.push(value as f64);
                Vec::new()
            }
            Content::Bool(value) => {
                values.push(f64::from(u8::from(value)));
                Vec::new()
            }
            Content::None => {
                return Err(TypeError::new("an array is made of numbers, not of None"));
            }
            Content::Ascii(_) | Content::Str(_) => {
                return Err(TypeError::new("an array is made of numbers, not of str"));
            }
            Content::LargeInt(object) => gathered(ctx, object.as_any(), depth, values)?,
            Content::List(object) => gathered(ctx, object.as_any(), depth, values)?,
            Content::Tuple(object) => gathered(ctx, object.as_any(), depth, values)?,
            Content::Dict(object) => gathered(ctx, object.as_any(), depth, values)?,
            Content::Other(object) => gathered(ctx, object, depth, values)?,
        };
        match &common {
            None => common = Some(shape),
            Some(common) if *common == shape => {}
            Some(_) => {
                return Err(ValueError::new(format!(
                    "setting an array element with a sequence. The requested array has an inhomogeneous shape after {} dimensions",
                    depth + 1
                )));
            }
        }
    }
    let mut shape = vec![contents.len()];
    shape.extend(common.unwrap_or_default());
    Ok(shape)
}

fn gathered<'ctx>(
    ctx: Ctx<'ctx>,
    object: Ref<'_>,
    depth: usize,
    values: &mut Vec<f64>,
) -> PyResult<'ctx, Vec<usize>> {
    gather(object, depth + 1, values).map_err(|error| error.rebind(ctx))
}

/// A shape: an int or a tuple of ints.
pub struct Shape(pub Vec<usize>);

impl<'a> FromPy<'a> for Shape {
    const HINT: Hint = Sizes::HINT;

    fn from_py(object: Ref<'a, Any>) -> PyResult<'a, Self> {
        let sizes = Sizes::from_py(object)?.0;
        if sizes.iter().any(|size| *size < 0) {
            return Err(ValueError::new("negative dimensions are not allowed"));
        }
        let shape: Vec<usize> = sizes.into_iter().map(|size| size as usize).collect();
        crate::view::count(&shape)?;
        Ok(Shape(shape))
    }
}

/// An int or several.
pub struct Sizes(pub Vec<isize>);

impl<'a> FromPy<'a> for Sizes {
    const HINT: Hint = Hint::Text("int | tuple[int, ...] | list[int]");

    fn from_py(object: Ref<'a, Any>) -> PyResult<'a, Self> {
        if object.is_kind::<Tuple>() || object.is_kind::<List>() {
            return object.extract().map(Sizes);
        }
        match object.extract() {
            Ok(size) => Ok(Sizes(vec![size])),
            Err(error) if error.is::<TypeError>(object.ctx()) => {
                drop(error);
                Err(PyErr::wrong_type("int or a tuple of ints", &*object))
            }
            Err(error) => Err(error),
        }
    }
}

impl Sizes {
    /// `(2, 3)` and `((2, 3),)` are the same.
    pub fn joined(all: Vec<Sizes>) -> Vec<isize> {
        all.into_iter().flat_map(|sizes| sizes.0).collect()
    }
}
