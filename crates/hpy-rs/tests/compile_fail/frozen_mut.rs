use hpy::prelude::*;

#[hpy::class(frozen)]
struct Point {
    x: i64,
}

fn change(point: &Handle<'_, Point>) -> PyResult<'static> {
    point.borrow_mut().map(|mut point| point.x = 1).map_err(|_| ValueError::new("x"))
}

fn main() {
    let _ = change;
}
