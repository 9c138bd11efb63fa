#[hpy::exception(message = "{colum}")]
struct Misspelled {
    column: usize,
}

fn main() {}
