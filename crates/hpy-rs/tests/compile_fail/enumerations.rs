#[hpy::enumeration]
enum WithFields {
    Circle(f64),
    Empty,
}

#[hpy::enumeration]
enum Generic<T> {
    One = 1,
}

#[hpy::enumeration(string)]
enum Options {
    One,
}

#[hpy::enumeration]
enum Twice {
    #[hpy(name = "ONE")]
    One,
    #[hpy(name = "ONE")]
    Two,
}

#[hpy::enumeration]
enum Nothing {}

#[hpy::enumeration]
enum Variant {
    #[hpy(value = 3)]
    One,
}

fn main() {}
