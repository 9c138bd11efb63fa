use hpy::prelude::*;

#[hpy::class(frozen)]
struct Wrong {
    values: Vec<f64>,
}

#[hpy::methods]
impl Wrong {
    fn __buffer__(&self) -> Vec<f64> {
        self.values.clone()
    }
}

#[hpy::class(frozen)]
struct Flags {}

#[hpy::methods]
impl Flags {
    fn __buffer__(&self, flags: i32) -> hpy::Export {
        hpy::Export::constant(&[1u8])
    }
}

fn main() {}
