use hpy::prelude::*;
use std::sync::Mutex;

static KEPT: Mutex<Option<Handle<'static>>> = Mutex::new(None);

fn main() {
    let _ = &KEPT;
}
