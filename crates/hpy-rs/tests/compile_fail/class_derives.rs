#[hpy::class(hash, eq)]
#[derive(PartialEq, Hash)]
struct Mutable {
    x: i64,
}

#[hpy::class(frozen, hash)]
#[derive(Hash)]
struct NoEq {
    x: i64,
}

#[hpy::class(eq)]
struct NotEq {
    x: i64,
}

#[hpy::class(frozen, ord, hash)]
#[derive(PartialEq)]
struct NotOrd {
    x: f64,
}

#[hpy::class(dataclass)]
struct Unknown {
    x: i64,
}

fn main() {}
