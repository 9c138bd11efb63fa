// Signatures that Python would refuse too.

#[hpy::function(signature = (a, /, b, /))]
fn two_slashes(a: i64, b: i64) {}

#[hpy::function(signature = (a, *, b, /))]
fn slash_behind_star(a: i64, b: i64) {}

#[hpy::function(signature = (*, a, *, b))]
fn two_stars(a: i64, b: i64) {}

#[hpy::function(signature = (*args, a, *more))]
fn two_args(args: Vec<i64>, a: i64, more: Vec<i64>) {}

#[hpy::function(signature = (**kwargs, /))]
fn slash_behind_kwargs(kwargs: hpy::Handle<'_, hpy::kinds::Dict>) {}

#[hpy::function]
extern "C" fn as_in_c(a: i64, _: ...) {}

#[hpy::function(returns = int)]
fn no_text() {}

fn main() {}
