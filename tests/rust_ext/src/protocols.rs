//! Every special method that is a slot of the ABI, and those that are none.

use hpy::exc::StopAsyncIteration;
use hpy::prelude::*;

macro_rules! operators {
    (
        $class:ident
        unary: $($unary:ident)*;
        binary: $($binary:ident)*;
        in_place: $($in_place:ident)*;
    ) => {
        #[hpy::methods]
        impl $class {
            #[new]
            fn new(value: i64) -> Self {
                $class { value, last: String::new() }
            }

            $(fn $unary(&self) -> (&'static str, i64) {
                (stringify!($unary), self.value)
            })*

            $(fn $binary(&self, other: i64) -> (&'static str, i64, i64) {
                (stringify!($binary), self.value, other)
            })*

            $(fn $in_place(&mut self, other: i64) {
                self.last = format!("{} {other}", stringify!($in_place));
            })*

            fn __pow__(&self, other: i64, modulo: Option<i64>) -> (&'static str, i64, i64, Option<i64>) {
                ("__pow__", self.value, other, modulo)
            }

            fn __rpow__(&self, other: i64) -> (&'static str, i64, i64) {
                ("__rpow__", self.value, other)
            }

            fn __ipow__(&mut self, other: i64) {
                self.last = format!("__ipow__ {other}");
            }

            fn __bool__(&self) -> Result<bool, std::num::TryFromIntError> {
                u8::try_from(self.value).map(|value| value != 0)
            }

            fn __int__(&self) -> i64 {
                self.value
            }

            fn __float__(&self) -> f64 {
                self.value as f64 / 2.0
            }

            fn __index__(&self) -> i64 {
                self.value + 1
            }

            fn __hash__(&self) -> i64 {
                self.value
            }
        }
    };
}

/// Says which method was called with what.
#[hpy::class]
pub struct Every {
    value: i64,
    /// The last operation in place.
    #[hpy(get)]
    last: String,
}

operators! {
    Every
    unary: __neg__ __pos__ __abs__ __invert__ __trunc__ __floor__ __ceil__;
    binary: __add__ __radd__ __sub__ __rsub__ __mul__ __rmul__ __matmul__ __rmatmul__ __truediv__ __rtruediv__
        __floordiv__ __rfloordiv__ __mod__ __rmod__ __divmod__ __rdivmod__ __lshift__ __rlshift__ __rshift__ __rrshift__
        __and__ __rand__ __or__ __ror__ __xor__ __rxor__ __eq__ __ne__ __lt__ __le__ __gt__ __ge__;
    in_place: __iadd__ __isub__ __imul__ __imatmul__ __itruediv__ __ifloordiv__ __imod__ __ilshift__ __irshift__
        __iand__ __ior__ __ixor__;
}

/// A descriptor: keeps one value for all.
#[hpy::class]
pub struct Descriptor {
    value: Option<i64>,
    #[hpy(get)]
    name: Option<String>,
}

#[hpy::methods]
impl Descriptor {
    #[new]
    fn new() -> Self {
        Descriptor { value: None, name: None }
    }

    fn __set_name__(&mut self, _owner: Ref<'_, Type>, name: String) {
        self.name = Some(name);
    }

    fn __get__<'ctx>(
        slf: Ref<'ctx, Self>,
        instance: Option<Ref<'ctx>>,
        owner: Option<Ref<'ctx>>,
    ) -> PyResult<'ctx, Handle<'ctx>> {
        if instance.is_none() {
            return slf.to_owned().into_py(slf.ctx());
        }
        let found = (slf.borrow()?.value, owner.is_some());
        found.into_py(slf.ctx())
    }

    fn __set__(&mut self, _instance: Ref<'_>, value: i64) {
        self.value = Some(value);
    }

    fn __delete__(&mut self, _instance: Ref<'_>) -> PyResult<'static> {
        match self.value.take() {
            Some(_) => Ok(()),
            None => Err(AttributeError::new("there is no value")),
        }
    }
}

/// With both parts of construction.
#[hpy::class(subclass)]
pub struct Late {
    #[hpy(get)]
    first: i64,
    #[hpy(get)]
    second: Option<i64>,
}

#[hpy::methods]
impl Late {
    #[new]
    #[hpy(signature = (first, second = None))]
    fn new(first: i64, #[allow(unused)] second: Option<i64>) -> Self {
        Late { first, second: None }
    }

    #[hpy(signature = (first, second = None))]
    fn __init__(&mut self, first: i64, second: Option<i64>) -> PyResult<'static> {
        if second == Some(first) {
            return Err(ValueError::new("the two are the same"));
        }
        self.second = second;
        Ok(())
    }

    /// Subclasses are numbered.
    #[classmethod]
    #[hpy(signature = (number = 0))]
    fn __init_subclass__<'ctx>(cls: Ref<'ctx, Type>, number: i64) -> PyResult<'ctx> {
        cls.setattr(c"number", number)
    }

    #[classmethod]
    fn __class_getitem__<'ctx>(
        cls: Ref<'ctx, Type>,
        item: Ref<'ctx>,
    ) -> (Ref<'ctx, Type>, Ref<'ctx>) {
        (cls, item)
    }
}

/// Calls a function when it ends.
#[hpy::class]
pub struct Dying {
    last_words: Field<Any>,
}

#[hpy::methods]
impl Dying {
    #[new]
    fn new<'ctx>(
        cls: Ref<'ctx, Type>,
        last_words: Ref<'ctx>,
    ) -> PyResult<'ctx, Handle<'ctx, Dying>> {
        let made = Handle::instance_of(&cls, Dying { last_words: Field::empty() })?;
        made.store(|dying| &dying.last_words, Some(&*last_words))?;
        Ok(made)
    }

    fn __del__<'ctx>(slf: Ref<'ctx, Self>) -> PyResult<'ctx> {
        if let Some(call) = slf.load(|dying| &dying.last_words)? {
            call.call0()?;
        }
        Ok(())
    }
}

/// All attributes are their names.
#[hpy::class]
pub struct Echo {}

#[hpy::methods]
impl Echo {
    #[new]
    fn new() -> Self {
        Echo {}
    }

    fn __getattribute__(&self, name: String) -> String {
        name
    }

    fn __dir__(&self) -> Vec<&'static str> {
        vec!["one", "two"]
    }

    fn __fspath__(&self) -> &'static str {
        "a/path"
    }

    fn __bytes__(&self) -> &'static [u8] {
        b"bytes"
    }

    fn __complex__(&self) -> num_complex::Complex<f64> {
        num_complex::Complex::new(1.0, 2.0)
    }

    fn __sizeof__(&self) -> usize {
        1000
    }

    fn __copy__(&self) -> &'static str {
        "a copy"
    }

    fn __deepcopy__(&self, memo: Ref<'_, Dict>) -> PyResult<'static, (&'static str, usize)> {
        Ok(("a deep copy", memo.len().unwrap_or(99)))
    }

    fn __reduce__<'ctx>(&self, ctx: Ctx<'ctx>) -> PyResult<'ctx, (Handle<'ctx>, (i64,))> {
        Ok((ctx.builtin(c"abs")?, (-3,)))
    }
}

/// An asynchronous iterator and context manager.
#[hpy::class]
pub struct Stream {
    #[hpy(get)]
    left: i64,
    #[hpy(get)]
    open: bool,
}

#[hpy::methods]
impl Stream {
    #[new]
    fn new(count: i64) -> Self {
        Stream { left: count, open: false }
    }

    fn __aiter__(slf: Ref<'_, Self>) -> Ref<'_, Self> {
        slf
    }

    fn __anext__<'ctx>(&mut self, ctx: Ctx<'ctx>) -> PyResult<'ctx, Handle<'ctx, Ready>> {
        if self.left == 0 {
            return Err(StopAsyncIteration::new("no more"));
        }
        self.left -= 1;
        Handle::instance(ctx, Ready { value: self.left })
    }

    fn __aenter__<'ctx>(&mut self, ctx: Ctx<'ctx>) -> PyResult<'ctx, Handle<'ctx, Ready>> {
        self.open = true;
        Handle::instance(ctx, Ready { value: self.left })
    }

    fn __aexit__<'ctx>(
        &mut self,
        ctx: Ctx<'ctx>,
        _kind: Ref<'ctx>,
        _value: Ref<'ctx>,
        _traceback: Ref<'ctx>,
    ) -> PyResult<'ctx, Handle<'ctx, Ready>> {
        self.open = false;
        Handle::instance(ctx, Ready { value: 0 })
    }
}

/// An awaitable that is done.
#[hpy::class(frozen)]
pub struct Ready {
    value: i64,
}

#[hpy::methods]
impl Ready {
    fn __await__(slf: Ref<'_, Self>) -> Ref<'_, Self> {
        slf
    }

    fn __iter__(slf: Ref<'_, Self>) -> Ref<'_, Self> {
        slf
    }

    fn __next__<'ctx>(&self, ctx: Ctx<'ctx>) -> PyResult<'ctx, Option<i64>> {
        Err(StopIteration::with_args(ctx, (self.value,)))
    }
}

/// An error that knows nothing of Python but what it becomes there.
pub enum Refused {
    Small(i64),
    Odd,
}

impl From<Refused> for PyErr<'_> {
    fn from(refused: Refused) -> Self {
        match refused {
            Refused::Small(value) => ValueError::new(format!("{value} is too small")),
            Refused::Odd => TypeError::new("it is odd"),
        }
    }
}

fn checked(value: i64) -> Result<i64, Refused> {
    match value {
        ..0 => Err(Refused::Small(value)),
        _ if value % 2 == 1 => Err(Refused::Odd),
        _ => Ok(value / 2),
    }
}

/// Any error that becomes a PyErr may be a result's.
#[hpy::function]
pub fn half(value: i64) -> Result<i64, Refused> {
    checked(value)
}

/// `?` makes one of the other.
#[hpy::function]
pub fn quarter(value: i64) -> PyResult<'static, i64> {
    Ok(checked(checked(value)?)?)
}

/// No value, or an error.
#[hpy::function]
pub fn check(value: i64) -> Result<(), Refused> {
    checked(value).map(drop)
}

/// What the attributes make of tokens that a macro of the crate has made is as of any others.
macro_rules! family {
    ($class:ident $error:ident $kept:ty, $field:ident $function:ident $constructor:ident) => {
        #[hpy::class(frozen, repr, eq, hash, match_args)]
        #[derive(PartialEq, Eq, Hash)]
        pub struct $class {
            #[hpy(get)]
            $field: $kept,
        }

        #[hpy::methods]
        impl $class {
            #[new]
            fn $constructor($field: $kept) -> PyResult<'static, Self> {
                Ok($class { $field })
            }

            #[getter]
            fn twice(&self) -> $kept {
                self.$field * 2
            }

            #[staticmethod]
            #[hpy(signature = ($field = 1))]
            fn of($field: $kept) -> $kept {
                $field
            }
        }

        #[hpy::exception(extends = ValueError, message = "bad")]
        pub struct $error {
            $field: $kept,
        }

        /// Fails with a number above ten.
        #[hpy::function(signature = ($field, *, limit = 10))]
        pub fn $function($field: $kept, limit: $kept) -> Result<$kept, $error> {
            if $field > limit { Err($error { $field }) } else { Ok($field) }
        }
    };
}

family!(Member MemberError i64, number limited new);

macro_rules! holder {
    ($class:ident, $field:ident: $kept:ty) => {
        #[hpy::class]
        pub struct $class {
            #[hpy(get, set)]
            $field: $kept,
        }

        #[hpy::methods]
        impl $class {
            #[new]
            fn new() -> Self {
                $class { $field: Field::empty() }
            }

            fn set_twice<'ctx>(slf: Ref<'ctx, Self>, $field: Ref<'ctx>) -> PyResult<'ctx> {
                slf.store(|this| &this.$field, Some(&*$field))
            }
        }
    };
}

holder!(Holder, held: Field<Any>);
