struct Plain {}

#[hpy::methods]
impl Plain {
    #[staticmethod]
    fn f() {}
}

#[hpy::class]
struct Twice {}

#[hpy::methods]
impl Twice {}

#[hpy::methods]
impl Twice {}

fn main() {}
