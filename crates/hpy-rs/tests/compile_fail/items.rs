use hpy::prelude::*;
use std::collections::HashMap;

#[hpy::class(subclass)]
struct Account {
    balance: i64,
}

#[hpy::class(extends = Account)]
struct Savings {}

#[hpy::function]
fn refs(accounts: Vec<Ref<'_, Account>>) -> usize {
    accounts.len()
}

#[hpy::function]
fn borrowed(accounts: Option<Vec<&Account>>) -> usize {
    accounts.map_or(0, |accounts| accounts.len())
}

#[hpy::function]
fn texts(texts: HashMap<String, (&str, i64)>) -> usize {
    texts.len()
}

#[hpy::function]
fn bytes(pair: (i64, &[u8])) -> usize {
    pair.1.len()
}

#[hpy::function]
fn slices(slices: &[Ref<'_>]) -> usize {
    slices.len()
}

#[hpy::function]
fn nested(rows: Vec<Vec<Handle<'_>>>) -> usize {
    rows.len()
}

#[derive(hpy::FromPy)]
struct Job<'ctx> {
    name: Option<&'ctx str>,
}

#[derive(hpy::FromPy)]
struct Pair<A, B> {
    a: A,
    b: B,
}

#[hpy::function]
fn by_value(accounts: Vec<Account>) -> usize {
    accounts.len()
}

#[hpy::function]
fn derived() -> Savings {
    Savings {}
}

fn main() {}
