use hpy::prelude::*;

#[hpy::class]
struct Thing {
    x: i64,
}

#[hpy::methods]
impl Thing {
    fn no_self(x: i64) -> i64 {
        x
    }

    fn by_value(self) -> i64 {
        self.x
    }

    #[new]
    fn new(&self) -> Self {
        Thing { x: 1 }
    }

    #[classmethod]
    fn class_method(x: i64) -> i64 {
        x
    }

    #[staticmethod]
    #[getter]
    fn both() -> i64 {
        1
    }

    #[getter]
    fn value(&self, index: i64) -> i64 {
        index
    }

    #[setter]
    fn set_value(&mut self) {}

    fn __len__(&self, x: i64) -> usize {
        x as usize
    }

    #[classattr]
    fn CONSTANT(x: i64) -> i64 {
        x
    }
}

#[hpy::methods]
impl Clone for Thing {
    fn clone(&self) -> Self {
        Thing { x: self.x }
    }
}

fn main() {}
