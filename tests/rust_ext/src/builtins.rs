//! Classes that derive from built-in types.

use hpy::prelude::*;

/// A float with a unit.
#[hpy::class(extends = Float, subclass)]
pub struct Length {
    #[hpy(get, set)]
    unit: String,
}

#[hpy::methods]
impl Length {
    #[new]
    #[hpy(signature = (value = 0.0, *, unit = "m"))]
    fn new(value: f64, unit: String) -> PyResult<'static, (Self, (f64,))> {
        if unit.is_empty() {
            return Err(ValueError::new("no unit"));
        }
        Ok((Length { unit }, (value,)))
    }

    fn text<'ctx>(slf: Ref<'ctx, Self>) -> PyResult<'ctx, String> {
        let value: f64 = slf.as_builtin().extract()?;
        Ok(format!("{value} {}", slf.borrow()?.unit))
    }

    fn __repr__<'ctx>(slf: Ref<'ctx, Self>) -> PyResult<'ctx, String> {
        Self::text(slf)
    }

    #[staticmethod]
    fn meters<'ctx>(ctx: Ctx<'ctx>, value: f64) -> PyResult<'ctx, Handle<'ctx, Length>> {
        Handle::instance(ctx, (Length { unit: "m".to_owned() }, (value,)))
    }
}

/// An int of any size with a name.
#[hpy::class(extends = Int, subclass)]
pub struct Named {
    #[hpy(get)]
    name: String,
}

#[hpy::methods]
impl Named {
    #[new]
    fn new<'ctx>(value: Ref<'ctx>, name: String) -> (Self, (Ref<'ctx>,)) {
        (Named { name }, (value,))
    }
}

/// A str that remembers how it was written.
#[hpy::class(extends = Str, subclass)]
pub struct Folded {
    #[hpy(get)]
    original: String,
}

#[hpy::methods]
impl Folded {
    #[new]
    fn new(text: String) -> (Self, (String,)) {
        let folded = text.to_lowercase();
        (Folded { original: text }, (folded,))
    }
}

/// A tuple with a label.
#[hpy::class(extends = Tuple, subclass)]
pub struct Row {
    #[hpy(get, set)]
    label: Field<Any>,
}

#[hpy::methods]
impl Row {
    #[new]
    #[hpy(signature = (*items))]
    fn new(items: Vec<i64>) -> (Self, (Vec<i64>,)) {
        (Row { label: Field::empty() }, (items,))
    }
}

/// A list that counts how often it grew.
#[hpy::class(extends = List, subclass)]
pub struct Log {
    #[hpy(get)]
    appended: usize,
    #[hpy(get, set)]
    owner: Field<Any>,
}

#[hpy::methods]
impl Log {
    #[new]
    #[hpy(signature = (*_items))]
    fn new(_items: Args<'_>) -> (Self, ()) {
        (Log { appended: 0, owner: Field::empty() }, ())
    }

    fn add<'ctx>(slf: Ref<'ctx, Self>, item: Ref<'ctx>) -> PyResult<'ctx, usize> {
        slf.as_builtin().append(item)?;
        let mut log = slf.borrow_mut()?;
        log.appended += 1;
        Ok(log.appended)
    }
}

/// A dict whose keys have a default.
#[hpy::class(extends = Dict, subclass)]
pub struct Counts {
    missing: u64,
}

#[hpy::methods]
impl Counts {
    #[new]
    #[hpy(signature = (*_args, **_kwargs))]
    fn new<'ctx>(_args: Args<'ctx>, _kwargs: Handle<'ctx, Dict>) -> (Self, ()) {
        (Counts { missing: 0 }, ())
    }

    fn __missing__(&mut self, _key: Ref<'_>) -> i64 {
        self.missing += 1;
        0
    }

    #[getter]
    fn missed(&self) -> u64 {
        self.missing
    }
}

/// On top of a class that derives from a built-in.
#[hpy::class(extends = Length, subclass)]
pub struct Distance {
    #[hpy(get)]
    to: String,
}

#[hpy::methods]
impl Distance {
    #[new]
    #[allow(clippy::type_complexity)]
    fn new(value: f64, to: String) -> (Self, (Length, (f64,))) {
        (Distance { to }, (Length { unit: "km".to_owned() }, (value,)))
    }

    fn both<'ctx>(slf: Ref<'ctx, Self>) -> PyResult<'ctx, String> {
        let text = Length::text(slf.as_base())?;
        Ok(format!("{text} to {}", slf.borrow()?.to))
    }
}

/// A list that only Rust makes.
#[hpy::class(extends = List)]
pub struct Sealed {
    #[hpy(get)]
    seal: u32,
}

#[hpy::function]
pub fn seal<'ctx>(ctx: Ctx<'ctx>, seal: u32) -> PyResult<'ctx, Handle<'ctx, Sealed>> {
    Handle::instance(ctx, (Sealed { seal }, ()))
}

#[hpy::function]
pub fn unit_of(length: &Length) -> String {
    length.unit.clone()
}
