use hpy::prelude::*;

#[hpy::function(signature = (a, c))]
fn unknown(a: i64, b: i64) {}

#[hpy::function(signature = (a))]
fn forgotten(a: i64, b: i64) {}

#[hpy::function(signature = (a = 1, b))]
fn order(a: i64, b: i64) {}

#[hpy::function(signature = (**rest, a))]
fn last(rest: Handle<'_, Dict>, a: i64) {}

#[hpy::function(signature = (a, *))]
fn star(a: i64) {}

#[hpy::function(signature = (/, a))]
fn slash(a: i64) {}

#[hpy::function(signature = (a, a))]
fn twice(a: i64) {}

#[hpy::function(signature = "a, b")]
fn quoted(a: i64, b: i64) {}

#[hpy::function(nme = "x")]
fn option() {}

#[hpy::function(frozen)]
fn flag() {}

#[hpy::function(signature = (*args))]
fn bad_args(args: i64) {}

#[hpy::function(signature = (**kwargs))]
fn bad_kwargs(kwargs: Vec<i64>) {}

fn main() {}
