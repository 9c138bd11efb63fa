// What Python 2 and the C API called it.

#[hpy::class]
struct Thing {
    x: i64,
}

#[hpy::methods]
impl Thing {
    fn __getbuffer__(&self) {}

    fn __releasebuffer__(&self) {}

    fn __div__(&self, other: i64) -> i64 {
        self.x / other
    }

    fn __rdiv__(&self, other: i64) -> i64 {
        other / self.x
    }

    fn __idiv__(&mut self, other: i64) {
        self.x /= other;
    }

    fn __cmp__(&self, other: i64) -> i64 {
        self.x - other
    }

    fn __unicode__(&self) -> String {
        self.x.to_string()
    }

    fn __long__(&self) -> i64 {
        self.x
    }

    fn __getslice__(&self, start: usize, end: usize) -> usize {
        end - start
    }

    fn __setslice__(&mut self, _start: usize, _end: usize, _items: Vec<i64>) {}

    fn __delslice__(&mut self, _start: usize, _end: usize) {}

    fn __clear__(&mut self) {}
}

fn main() {}
