use hpy::prelude::*;

#[hpy::function]
async fn later() {}

#[hpy::function]
fn generic<T>(x: T) {}

#[hpy::function]
fn implicit(x: impl Into<i64>) {}

#[hpy::function]
unsafe fn danger() {}

#[hpy::function]
fn pattern((a, b): (i64, i64)) {}

#[hpy::function]
fn method(&self) {}

fn main() {}
