use hpy::prelude::*;

#[hpy::function]
fn spawn(x: Ref<'_>) {
    std::thread::scope(|scope| {
        scope.spawn(|| drop(x.to_owned()));
    });
}

fn main() {}
