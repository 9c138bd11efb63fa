use hpy::prelude::*;

#[hpy::class]
struct Thing {
    x: i64,
}

#[hpy::methods]
impl Thing {
    #[new]
    fn new() -> Self {
        Thing { x: 1 }
    }

    #[new]
    fn other() -> Self {
        Thing { x: 2 }
    }

    #[staticmethod(named)]
    fn with_words() {}

    #[getter("width")]
    fn quoted(&self) -> i64 {
        self.x
    }

    #[getter = "width"]
    fn equals(&self) -> i64 {
        self.x
    }

    #[getter]
    fn x(&self) -> i64 {
        self.x
    }

    #[getter(x)]
    fn x_again(&self) -> i64 {
        self.x
    }

    #[setter]
    fn set_x(&mut self, x: i64) {
        self.x = x;
    }

    #[setter(x)]
    fn change(&mut self, x: i64) {
        self.x = x;
    }

    fn size(&self) -> i64 {
        self.x
    }

    #[hpy(name = "size")]
    fn len(&self) -> i64 {
        self.x
    }

    #[hpy::function]
    fn inside() {}

    #[getter]
    const HEIGHT: i64 = 1;

    fn __new__(x: i64) -> Self {
        Thing { x }
    }

    fn __nonzero__(&self) -> bool {
        true
    }

    fn __traverse__(&self) {}

    #[hpy(get)]
    fn option(&self) {}

    async fn later(&self) {}

    fn boxed(self: Box<Self>) {}

    fn borrowed(slf: &Handle<'_, Self>) {}
}

fn main() {}
